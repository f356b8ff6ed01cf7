"""What an agent's hooks tell, drawn through to deliveries and asks.

One ask, one turn: an ask is answered by its close, or else by the last words of the turn that it started. A turn
that says nothing or fails answers nothing: the ask stays seen and is reminded of once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core import approving, braking, budgets, closing, following, handing, limiting, settling, tracing
from daemon.core import commands as c
from daemon.core.model import Answer, Ask, Delivery, Denial, Envelope, Kind, Road, Session, Turn, Urgency
from daemon.core.posting import LINE, Letter, post, stamp
from daemon.core.rules import asking, presence
from daemon.core.rules.cleaning import fitted, line
from daemon.core.rules.delivery import OVER, State
from daemon.core.view import Plan

QUOTED: Final = 200  #: characters of a question in a reminder for a session that may never have seen it


def began(plan: Plan, command: c.TurnBegan) -> None:
    """A prompt was taken; the marks in it are evidence, the ask among them is what the turn is about."""
    session = plan.session(command.session_id)
    if session is None:
        return
    came: list[Envelope] = []
    for mark in command.marks:
        delivery = plan.view.marked(mark)
        if delivery and delivery.session_id == session.session_id:
            came += _arrived(plan, plan.fresh(delivery), f"prompt with #{mark}")
    if command.nudged and session.nudged_at:
        settling.arrived(plan, session.session_id, Road.CHANNEL)
    if session.ended_at is None:  # else a hook was heard late, which is evidence all the same
        _begin(plan, plan.session(session.session_id) or session, came, command)


def spotted(plan: Plan, command: c.SeeDelivery) -> Delivery:
    """It was found without a hook. An ask that is not at work there any more was broken off, and is reminded of."""
    delivery = settling.spotted(plan, command)
    session, ask = plan.live(delivery.session_id), plan.ask(delivery.envelope_id)
    at_work = session and ask and session.turn_ask == ask.ask_id
    if session and ask and not (at_work or asking.is_over(ask) or _answered_from(ask, session)):
        _unanswered(plan, ask, session)
    return delivery


def wakes(plan: Plan, command: c.WakeWaits) -> None:
    session = plan.live(command.session_id)
    if session and session.wakes != command.waits:
        plan.put(replace(session, wakes=command.waits))


def inbox_gone(plan: Plan, command: c.CloseInbox) -> None:
    session = plan.live(command.session_id)
    if session and session.inbox == command.inbox:
        plan.put(replace(session, inbox=""))


def went(plan: Plan, command: c.TurnWent) -> None:
    """A sign from inside the turn, which therefore has what was handed to it."""
    session = plan.live(command.session_id)
    if session is None:
        return
    session = _hand_out_arrived(plan, session, calling=not command.batch_over)
    if command.batch_over:  # whatever a call of it needed is decided
        approving.over(plan, session, "decided at the agent itself")
    sign = presence.Went(command.doing, command.batch_over)
    going = presence.fold(session, sign, command.source, plan.now)
    plan.put(going)
    following.moved(plan, going)


def calls(plan: Plan, command: c.BeginCall) -> Denial | None:
    """Why the call is not to be made, or None; then people are asked what it asks."""
    denial = braking.begin_call(plan, command)
    if denial is None and command.asks:
        approving.request(plan, command.asks)
    return denial


def waits(plan: Plan, command: c.TurnWaits) -> None:
    session = plan.live(command.session_id)
    if session:
        waiting = presence.fold(session, presence.Waited(), command.source, plan.now)
        plan.put(waiting)
        following.moved(plan, waiting)
        approving.unasked(plan, waiting, command.what)


def ended(plan: Plan, command: c.TurnEnded) -> None:
    """The turn is over: its last words answer the ask that started it."""
    session = plan.live(command.session_id)
    if session is None:
        return
    session = _hand_out_arrived(plan, session, passing=not command.continuing)
    approving.over(plan, session, "the turn ended")
    ask = _in_work(plan, session)
    rested = presence.fold(session, presence.Rested(), command.source, plan.now)
    rested = replace(rested, failed_at=plan.now if command.failed else None)
    plan.put(_having_said(rested, command.text, plan.now))
    _remind_of_urgent(plan, session, ask)
    following.over(plan, session, ask, command.text, "failed" if command.failed else following.DONE)
    if ask:
        _concluded(plan, session, ask, command)
    if command.text.strip() and not command.failed:
        limiting.went_well(plan, session)


def _concluded(plan: Plan, session: Session, ask: Ask, command: c.TurnEnded) -> None:
    """What the turn was about is answered by its last words, or not at all."""
    peer = plan.peer(session.peer_id)
    same = not session.turn_prompt or command.prompt_id in {"", session.turn_prompt}
    text = fitted(command.text)
    if peer and text.strip() and same and not command.failed:
        sender = stamp(plan, peer)
        closing.answered(plan, ask, Answer(sender=sender, text=text, how=asking.State.ANSWERED, at=plan.now))
    else:
        _unanswered(plan, ask, session)


def observed(plan: Plan, command: c.TurnObserved) -> None:
    """Seen without a hook. An agent that is idle again without having said so was interrupted."""
    session = plan.live(command.session_id)
    if session is None or session.turn is command.turn:
        return
    ask = _in_work(plan, session)
    if command.turn is not Turn.AWAITING_INPUT:
        shows = session.pane is not None  # what a subagent waits for is a dialog then, too
        approving.over(plan, session, "decided at the agent itself", subagents=shows)
    plan.put(presence.fold(session, presence.Observed(command.turn), command.source, plan.now))
    if ask and not command.turn:
        return
    after = plan.session(command.session_id)
    if command.turn is Turn.IDLE and session.turn is not Turn.UNKNOWN:
        following.over(plan, session, ask, "", "was interrupted")
    if ask and after and after.turn_ask is None:
        _unanswered(plan, ask, session)


def broken_off(plan: Plan, session: Session) -> None:
    """The session ends; what its turn was about is reminded of in the next one."""
    approving.over(plan, session, "the agent is gone", subagents=True)
    if session.turn in presence.IN_TURN:
        following.over(plan, session, None, "", "is gone in the middle of its turn")
    if ask := _in_work(plan, session):
        _unanswered(plan, ask, session, f". It says: {line(ask.question, QUOTED)}")


def _having_said(session: Session, words: str, now: datetime) -> Session:
    """What stands in a transcript is read there when it is wanted."""
    known = session.transcript or not words.strip()
    return session if known else replace(session, said=fitted(words), said_at=now)


def _arrived(plan: Plan, delivery: Delivery, evidence: str) -> list[Envelope]:
    settling.see(plan, delivery, evidence)
    envelope = plan.envelope(delivery.envelope_id)
    return [envelope] if envelope else []


def _begin(plan: Plan, session: Session, came: Sequence[Envelope], command: c.TurnBegan) -> None:
    before = _in_work(plan, session)
    ask_id = next((x for each in reversed(came) if (x := handing.carried_ask(each))), None)
    sign = presence.Began(ask_id, command.prompt_id, command.automatic, tracing.leading(came))
    begun = presence.fold(session, sign, command.source, plan.now)
    plan.put(begun)
    following.moved(plan, begun)
    budgets.used(plan, session.peer_id, woken=1)
    if before and before.ask_id != begun.turn_ask:
        _unanswered(plan, before, session)
    ask = plan.ask(ask_id)
    if ask and asking.can(ask, asking.Begin):
        plan.put(asking.advance(ask, asking.Begin(), now=plan.now))


def _hand_out_arrived(
    plan: Plan, session: Session, *, passing: bool = False, calling: bool = False
) -> Session:
    """What was handed to it is seen now; returns the session as that leaves it."""
    evidence = "the turn went on after the hand-out"
    for envelope in settling.see_handed(plan, session, evidence, passing=passing, calling=calling):
        ask = plan.ask(handing.carried_ask(envelope))
        if ask is None or not asking.can(ask, asking.Begin):
            continue
        if envelope.urgency is Urgency.NORMAL and session.turn_ask != ask.ask_id:
            _unanswered(plan, ask, session)  # the turn that it began was broken off, and this is another one
        else:
            plan.put(asking.advance(ask, asking.Begin(), now=plan.now))
    return plan.session(session.session_id) or session


def _in_work(plan: Plan, session: Session) -> Ask | None:
    """The ask this turn is about, if it is open, was seen here, and has no answer from here."""
    ask = plan.ask(session.turn_ask)
    if ask is None or asking.is_over(ask):
        return None
    if _answered_from(ask, session):
        return None
    states = {
        plan.fresh(x).state for x in plan.view.deliveries_of(ask.ask_id) if x.peer_id == session.peer_id
    }
    return ask if states & {State.SEEN, *OVER} else None


def _remind_of_urgent(plan: Plan, session: Session, worked_on: Ask | None) -> None:
    """What could not wait came in the middle of the turn; if it is not answered by now, it is reminded of."""
    for stale in plan.view.open_asks_to(session.peer_id):
        ask, asked = plan.ask(stale.ask_id) or stale, plan.envelope(stale.ask_id)
        came = ask.state in {asking.State.SEEN, asking.State.WORKING} and ask != worked_on
        if asked and asked.urgency is Urgency.URGENT and came and not _answered_from(ask, session):
            _unanswered(plan, ask, session)


def _answered_from(ask: Ask, session: Session) -> bool:
    return any(answer.sender.peer_id == session.peer_id for answer in ask.answers)


def _unanswered(plan: Plan, ask: Ask, session: Session, more: str = "") -> None:
    if asking.can(ask, asking.Pause):
        ask = asking.advance(ask, asking.Pause(), now=plan.now)
        plan.put(ask)
    peer = plan.peer(session.peer_id)
    if peer is None or peer.peer_id in ask.reminded:
        return
    plan.put(asking.advance(ask, asking.Remind(peer.peer_id), now=plan.now))
    text = f"ask {ask.ask_id} still waits for your answer; reply now, or close it with ack{more}"
    post(plan, LINE, [peer], Letter(kind=Kind.NOTICE, text=text, correlation_id=ask.ask_id))
