"""Who wants to see how a peer gets on: one message that is kept up to date, or a word when it ends, stalls or asks.

Rule: progress is shown by changing a message and never rings; an end does ring, unless it was an answer to the very
conversation that would be told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import glance, topics, watchers
from daemon.core.model import Ask, Follow, Kind, Peer, Session, Turn, Urgency
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import fitted
from daemon.core.rules.measures import counted, lasting
from daemon.core.rules.presence import IN_TURN
from daemon.core.view import Plan
from daemon.core.watchers import WATCH

FOLLOW: Final = "follow"
STOP: Final = "stop"  #: told once, when the turn that was stopped has ended
EVERY: Final = timedelta(seconds=3)  #: between two changes of one message
NO_SIGN_FOR: Final = timedelta(minutes=10)
BRIEF: Final = 120
DONE: Final = "is done"


def begin(plan: Plan, here: Peer, peer: Peer, what: str) -> Follow:
    """From now on the conversation sees how the peer gets on."""
    session = plan.session_of(peer)
    due = plan.now + NO_SIGN_FOR if what == WATCH and _works(session) else None
    follow = Follow(conversation=here.peer_id, peer_id=peer.peer_id, what=what, since=plan.now, due_at=due)
    plan.put(follow)
    if what == FOLLOW and session and _works(session):
        _open(plan, follow, session)
    return follow


def end(plan: Plan, here: Peer, peer: Peer, what: str) -> bool:
    """No more of it; returns whether there was any."""
    found = [x for x in plan.view.follows(peer.peer_id) if (x.conversation, x.what) == (here.peer_id, what)]
    for follow in found:
        plan.put(replace(follow, ended_at=plan.now, due_at=None))
    return bool(found)


def moved(plan: Plan, session: Session) -> None:
    """Something happened in the session's turn, or it waits."""
    glance.moved(plan)
    for follow in plan.view.follows(session.peer_id):
        if follow.what == WATCH:
            due = plan.now + NO_SIGN_FOR if session.turn is Turn.WORKING else None
            plan.put(replace(follow, due_at=due))
        elif follow.what == FOLLOW and not follow.envelope_id:
            _open(plan, follow, session)
        elif follow.what == FOLLOW and follow.due_at is None:
            plan.put(replace(follow, due_at=max(plan.now, (follow.shown_at or plan.now) + EVERY)))


def waits(plan: Plan, session: Session, what_for: str, asked: Collection[str] = ()) -> None:
    """The agent waits for a person: who watches is told, unless it is this conversation that is asked."""
    moved(plan, session)
    watchers.tell(plan, session.peer_id, f"waits: {what_for}", asked)


def over(plan: Plan, session: Session, ask: Ask | None, text: str, how: str) -> None:
    """The turn is over. ``session`` as it was in the turn; ``ask``: what it was about."""
    glance.moved(plan)
    for follow in plan.view.follows(session.peer_id):
        if follow.what == topics.TOPIC:
            continue
        told = ask is not None and ask.asker == follow.conversation and bool(text.strip())
        if follow.what == FOLLOW:
            _close(plan, follow, session, how)
        elif not told:
            words = f"\n\n{fitted(text)}" if text.strip() else ""
            matter = Matter.DONE if how == DONE else Matter.FAILURE
            watchers.say(plan, follow, f"{how}, after {_span(plan, session)}{words}", matter)
        if follow.what == STOP:
            plan.put(replace(follow, ended_at=plan.now))
        elif follow.what == WATCH:
            plan.put(replace(follow, due_at=None))


def due(plan: Plan) -> None:
    """What is to be shown by now is shown."""
    for follow in plan.view.follows_due(plan.now):
        if follow.what == topics.TOPIC:
            topics.due(plan, follow)
            continue
        if follow.what == glance.STATUS:
            _update(plan, follow)
            continue
        peer = plan.peer(follow.peer_id)
        session = plan.session_of(peer) if peer else None
        if follow.what == FOLLOW and session and _works(session):
            _change(plan, follow, _progress(plan, session))
        else:
            plan.put(replace(follow, due_at=None))
            if follow.what == WATCH and session and session.turn is Turn.WORKING:
                watchers.say(plan, follow, f"stalls: no sign of it for {lasting(plan.now - session.turn_at)}")


def _update(plan: Plan, board: Follow) -> None:
    """Change a board that is no longer true."""
    here = plan.peer(board.conversation)
    text = glance.text(plan, here) if here and not here.forgotten_at else board.shown
    if text == board.shown:
        plan.put(replace(board, due_at=None))
    else:
        _change(plan, replace(board, shown=text), text)


def _works(session: Session | None) -> bool:
    return session is not None and session.turn in IN_TURN


def _open(plan: Plan, follow: Follow, session: Session) -> None:
    here = plan.peer(follow.conversation)
    if here is None:
        return
    letter = Letter(kind=Kind.REPLY, text=_progress(plan, session), silent=True)
    envelope, _ = post(plan, LINE, [here], letter)
    plan.put(replace(follow, envelope_id=envelope.envelope_id, shown_at=plan.now, due_at=None))


def _close(plan: Plan, follow: Follow, session: Session, how: str) -> None:
    if follow.envelope_id:
        _change(plan, follow, f"{_name(plan, session)} {how} · {_span(plan, session)}", last=True)


def _change(plan: Plan, follow: Follow, text: str, *, last: bool = False) -> None:
    """Show the message anew; a change that still waits is overtaken by this one."""
    here = plan.peer(follow.conversation)
    receipt = next((x.receipt for x in plan.view.deliveries_of(follow.envelope_id) if x.receipt), "")
    after = replace(follow, shown_at=plan.now, due_at=None)
    if here and (receipt or last):
        letter = Letter(
            kind=Kind.CHANGE,
            text=text,
            urgency=Urgency.NORMAL if last else Urgency.FYI,
            correlation_id=follow.envelope_id,
            reply_to=receipt or None,
            silent=True,
        )
        post(plan, LINE, [here], letter)
    elif not last:  # the message itself is still on its way
        after = replace(after, due_at=plan.now + EVERY)
    plan.put(replace(after, envelope_id="") if last else after)


def _progress(plan: Plan, session: Session) -> str:
    state = "waits for a decision" if session.turn is Turn.AWAITING_INPUT else "works"
    ask = plan.ask(session.turn_ask)
    about = f"\n> {_brief(ask.question)}" if ask else ""
    doing = f"\n\n{_brief(session.doing)}" if session.doing else ""
    return f"{_name(plan, session)} {state} · {_span(plan, session)}{about}{doing}"


def _span(plan: Plan, session: Session) -> str:
    calls = f" · {counted(session.calls, 'tool call')}" if session.calls else ""
    return f"{lasting(plan.now - (session.turn_began_at or session.turn_at))}{calls}"


def _name(plan: Plan, session: Session) -> str:
    peer = plan.peer(session.peer_id)
    return f"`{peer.circle}/{peer.name}`" if peer else "it"


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:BRIEF]}…" if len(words) > BRIEF else words
