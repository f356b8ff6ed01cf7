"""Taking over an agent that runs in a pane, and whose own hooks have not named that.

Rule: only what was seen there in that moment counts. A process that is a peer's already stays that peer's; of any other
its session must be known, or nobody could tell what it says from what another one does.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import addressing, registering
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed
from daemon.core.model import Event, Peer, Session
from daemon.core.view import Plan, live_sessions


def adopt(plan: Plan, command: c.Adopt) -> Peer:
    """The peer whose agent it is, with its pane.

    Raises:
        NotAllowed: which session it has is not known, or several live in that process.
        Malformed: by the name or circle.

    """
    peer = _linked(plan, command) or _made(plan, command)
    if command.circle and peer.circle != command.circle:
        peer = registering.move(plan, c.MovePeer(peer_id=peer.peer_id, circle=command.circle))
    if command.name and peer.name != command.name:
        peer = registering.rename(plan, c.RenamePeer(peer_id=peer.peer_id, name=command.name))
    plan.tell(
        Event("adopted", peer.peer_id, peer.peer_id, f"{peer.circle}/{peer.name}", command.pane.pane_id)
    )
    return peer


def _linked(plan: Plan, command: c.Adopt) -> Peer | None:
    """The peer that lives in that process already; its pane is this one."""
    here = [
        (peer, session)
        for peer, session in live_sessions(plan.view)
        if (session.pid, session.started) == (command.pid, command.started)
    ]
    if len(here) > 1:
        names = " and ".join(peer.name for peer, _ in here)
        raise NotAllowed(f"{names} live in the same process", "a pane is one peer's alone")
    if not here:
        return None
    peer, session = here[0]
    if session.shared:
        raise NotAllowed(f'"{peer.name}" shares its process with others', "a pane is one peer's alone")
    _known_as(session, command)
    plan.put(replace(session, pane=command.pane))
    return peer


def _known_as(session: Session, command: c.Adopt) -> None:
    if command.session_id and command.session_id != session.session_id:
        raise NotAllowed(
            f"it is in session {command.session_id[:40]} by now, of which no hook has told",
            "type a prompt there: that tells it",
        )


def _made(plan: Plan, command: c.Adopt) -> Peer:
    if not command.session_id:
        raise NotAllowed(
            f"{command.backend} runs in pane {command.pane.pane_id}, but which session it has cannot be seen",
            "type a prompt there: its hooks tell; if they do not, `peerline hooks install` and restart it",
        )
    known = plan.live(command.session_id)
    if known and (known.pid, known.started) != (command.pid, command.started):
        raise NotAllowed("another process has that session", "`peerline peer list` shows whose it is")
    if command.name:
        addressing.checked_name(command.name)
    wish = command.name or command.path.rstrip("/").rpartition("/")[2] or command.backend
    if not command.path:
        raise Malformed("its folder cannot be seen", "type a prompt there: its hooks tell")
    return registering.register_session(
        plan,
        c.RegisterSession(
            session_id=command.session_id,
            backend=command.backend,
            pid=command.pid,
            started=command.started,
            wish=wish,
            circle=command.circle or command.pane.tmux_session,
            path=command.path,
            repo=command.repo,
            branch=command.branch,
            machine=command.machine,
            config_dir=command.config_dir,
            transcript=command.transcript,
            pane=command.pane,
            inbox=command.inbox,
            turn=command.turn,
            turn_source="registry" if command.turn else "",
        ),
    )
