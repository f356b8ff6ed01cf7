"""The terminal: the owner's words as the agent's own prompt, pasted into its pane.

Only into an idle agent without a dialog, into an empty prompt of the right pane, which is looked at in the moment of
the act, and again before Enter: that is pressed only when the paste, and nothing else, lies in the prompt, since a
person may type, or a dialog open, in between. The delivery's mark in the prompt hook that follows is the evidence.
What an interrupted attempt left in the prompt is sent off with Enter alone, so nothing is pasted twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from daemon.callers import processes, registry
from daemon.callers.registry import ClaudeSession
from daemon.core.frame import framed
from daemon.core.model import Pane, Parcel, Session
from daemon.tmux import PaneNotReady, PaneNow, Tmux, TmuxFailed, TmuxSilent
from daemon.transports.interface import Blocked, Carried, Failed, Outcome, Proof
from daemon.transports.prompt import Prompt, read

PROOF_WITHIN: Final = timedelta(seconds=5)
LOOK_AGAIN: Final = timedelta(seconds=2)
BETWEEN_LOOKS_S: Final = 0.05
TAKEN_S: Final = 0.3  #: how long an Enter takes to empty the prompt, at most
LOOKS: Final = 40  #: for the paste to show, so two seconds and what the looks take
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "ksh", "tmux"})


class Terminal:
    """A ``Transport``."""

    def __init__(self, *, passed: Callable[[str], None] = lambda _: None) -> None:
        self._passed = passed

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        pane = session.pane
        if pane is None:
            return Failed("the session has no pane")
        tmux, text = Tmux(pane.tmux), framed(parcel)
        try:
            prompt = await self._gate(tmux, pane, session)
            if isinstance(prompt, Blocked):
                return prompt
            if prompt.text and not (again and prompt.is_paste_of(text)):
                return Blocked("there is a draft in the prompt", LOOK_AGAIN)
            if not prompt.text and (trouble := await self._paste(tmux, pane, session, text)):
                return trouble
            return await self._enter(tmux, pane, session, text)
        except (TmuxFailed, ValueError, OSError) as error:
            return Failed(f"tmux: {error}")

    async def prove(self, session: Session) -> Proof:
        """The gate as it stands now; nothing is typed."""
        pane = session.pane
        if pane is None:
            return Proof("it runs in no tmux pane", works=False)
        try:
            found = await self._gate(Tmux(pane.tmux), pane, session)
        except (TmuxFailed, ValueError, OSError) as error:
            return Proof(f"tmux: {error}", works=False)
        if isinstance(found, Blocked):
            return Proof(found.reason, works=False)
        draft = ", and a draft lies in it" if found.text else ", and it is empty"
        return Proof(f"its prompt is to be seen in pane {pane.pane_id}{draft}", works=not found.text)

    async def _paste(self, tmux: Tmux, pane: Pane, session: Session, text: str) -> Blocked | Failed | None:
        """Paste, and see it lie in the prompt; else say why Enter must not be pressed."""
        try:
            await tmux.paste(pane.pane_id, text, ref=pane)
        except PaneNotReady as error:
            return Blocked(str(error), LOOK_AGAIN)
        self._passed("terminal.pasted")
        why = ""
        for _ in range(LOOKS):
            found = await self._gate(tmux, pane, session)
            if isinstance(found, Prompt) and found.is_paste_of(text):
                return None
            why = found.reason if isinstance(found, Blocked) else "something else lies in the prompt, too"
            await asyncio.sleep(BETWEEN_LOOKS_S)
        return Failed(f"pasted, but not sent: {why}")

    async def _enter(self, tmux: Tmux, pane: Pane, session: Session, text: str) -> Carried | Failed:
        """Press Enter, and once more if the agent, at the very end of a turn, let the first one pass."""
        try:
            await tmux.enter(pane.pane_id, ref=pane)
            self._passed("terminal.entered")
            await asyncio.sleep(TAKEN_S)
            found = await self._gate(tmux, pane, session)
            if isinstance(found, Prompt) and found.is_paste_of(text):
                await tmux.enter(pane.pane_id, ref=pane)
        except PaneNotReady as error:
            # It costs an attempt, so that the next one knows whose text lies in the prompt.
            return Failed(f"pasted, but not sent: {error}")
        except TmuxSilent:
            return Carried(PROOF_WITHIN)  # it may have happened: the evidence decides
        return Carried(PROOF_WITHIN)

    async def _gate(self, tmux: Tmux, pane: Pane, session: Session) -> Prompt | Blocked:
        """The prompt, if everything is as it must be."""
        if why := await tmux.verify(pane, processes.started):
            return Blocked(why, LOOK_AGAIN)
        found = await asyncio.to_thread(registry.read_session, Path(session.config_dir), session.pid)
        now = await tmux.describe(pane.pane_id)
        if why := _not_the_agent(now, session) or _not_idle(found, session):
            return Blocked(why, LOOK_AGAIN)
        prompt = read(await tmux.screen(pane.pane_id), now.cursor_y)
        return prompt or Blocked("no prompt is to be seen", LOOK_AGAIN)


def _not_the_agent(now: PaneNow, session: Session) -> str:
    """Why keys typed into this pane would not be the agent's; "" if they are."""
    agent = processes.process(session.pid)
    if agent is None or agent.started != session.started:
        return "the agent is gone from its pane"
    # It may have been started elsewhere with a pane's variables, or put to sleep behind another program.
    if agent.terminal != now.tty or not agent.foreground or now.command in SHELLS:
        return f"the pane listens with {now.command or 'nothing'}, not with the agent"
    return ""


def _not_idle(found: ClaudeSession | None, session: Session) -> str:
    if found is None or found.status != "idle":
        return f"the agent is {found.status if found else 'gone'}"
    return "" if found.session_id == session.session_id else "the agent is in another session by now"
