"""What agents wait for a person to decide: asked on that person's surfaces, and told to the agent.

The agent's own dialog stays open beside it. Whatever is decided first, anywhere, counts; the others show it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from daemon.core import closing, deciding, following
from daemon.core import commands as c
from daemon.core.errors import NotFound
from daemon.core.model import Answer, Approval, Event, Kind, Session, Turn
from daemon.core.posting import LIFE_WITH_PEOPLE, LINE, Letter, post, stamp
from daemon.core.rules import approval as a
from daemon.core.rules import asking, presence
from daemon.core.rules.attention import Matter
from daemon.core.rules.cleaning import TEXT_LIMIT, clean, fitted, line
from daemon.core.view import Plan

WORDS: Final = 200
GRANTS: Final = frozenset({deciding.ALLOW, deciding.ALWAYS})
REFUSALS: Final = frozenset({deciding.DENY, deciding.KEEP_PLANNING})


def request(plan: Plan, command: c.RequestApproval) -> str:
    """Ask everybody who may decide; the approval's id, or "" when nobody can be asked."""
    session = plan.live(command.session_id)
    peer = plan.peer(session.peer_id) if session else None
    if session is None or peer is None:
        return ""
    if not command.rests and (session.pane or not command.hidden):  # a dialog waits; else the agent goes on
        plan.put(presence.fold(session, presence.Waited(), "hook", plan.now))
    first = command.questions[0] if command.questions else None
    shown, options = (first.shown, first.options) if first else (command.shown, command.options)
    if len(clean(shown).encode()) > TEXT_LIMIT:  # nobody decides about what cannot be shown whole
        unasked(
            plan, plan.session(session.session_id) or session, f"{command.tool}, too long to be shown here"
        )
        return ""
    looks = command.what != a.What.QUESTION
    ask = deciding.ask_people(plan, peer, clean(shown), options, _life(plan, command.deny_at), looks=looks)
    approval = Approval(
        approval_id=ask.ask_id,
        ask_id=ask.ask_id,
        peer_id=peer.peer_id,
        session_id=session.session_id,
        what=command.what,
        tool=command.tool,
        digest=command.digest,
        request=command.request,
        grants=command.grants,
        questions=command.questions,
        state=a.State.ASKED,
        asked_at=plan.now,
        shown_at=plan.now,
        reason=command.reason if command.deny_at else "",
        subagent=command.subagent,
    )
    plan.put(approval)
    waiting = plan.session(session.session_id) or session
    following.waits(plan, waiting, f"{command.what}, {command.tool}", ask.to)
    subject = (("subject", command.digest),)
    brief = f"#{command.digest[:12]}"
    plan.tell(Event("approval_asked", ask.ask_id, peer.peer_id, command.tool, brief, subject))
    return approval.approval_id


def close(plan: Plan, command: c.CloseApprovals) -> int:
    """It was decided at the agent itself; returns how many that were."""
    session = plan.session(command.session_id)
    if session is None:
        return 0
    meant = [
        each
        for each in plan.approvals(session.session_id)
        if command.tool in {"", each.tool}
        and command.request in {"", each.request}
        and command.subagent in {"", each.subagent}
    ]
    for approval in meant:
        _closed(
            plan,
            approval,
            command.outcome or "decided at the agent itself",
            as_decided=_is_so(approval, command),
        )
    return len(meant)


def over(plan: Plan, session: Session, outcome: str, *, subagents: bool = False) -> None:
    """The session does not wait for anything any more; its subagents may."""
    for approval in plan.approvals(session.session_id):
        if subagents or not approval.subagent:
            _closed(plan, approval, outcome, as_decided=approval.choice in REFUSALS)


def unasked(plan: Plan, session: Session, what: str) -> None:
    """It waits at a dialog that it tells nobody about but by this: whoever may decide is told where."""
    peer = plan.peer(session.peer_id)
    to = deciding.deciders(plan, peer.circle) if peer else []
    if peer and to and not plan.approvals(session.session_id):
        text = (
            f"{peer.circle}/{peer.name} waits at its own dialog: {line(what, WORDS) or 'it needs somebody'}"
        )
        letter = Letter(
            kind=Kind.NOTICE, text=f"{text}. It can be answered there only.", matter=Matter.APPROVAL
        )
        post(plan, LINE, to, letter)
        following.waits(plan, session, what, [each.peer_id for each in to])


def tell(plan: Plan, command: c.TellApproval) -> Approval:
    """The agent took the decision, and goes on."""
    after = _told(
        plan, _known(plan, command.approval_id), command.evidence, without_words=command.without_words
    )
    session = plan.session(after.session_id)
    if session and session.turn is Turn.AWAITING_INPUT and not plan.approvals(session.session_id):
        plan.put(presence.fold(session, presence.Went(), "hook", plan.now))
    return after


def fail(plan: Plan, command: c.FailApproval) -> Approval:
    """There is no way to tell the agent; whoever decided learns it."""
    approval = _known(plan, command.approval_id)
    after = a.advance(approval, a.Fail(command.reason), now=plan.now)
    plan.put(after)
    plan.tell(deciding.event_of("approval_lost", after, command.reason))
    _tell_deciders(
        plan, after, f"could not be told your decision: {command.reason}; decide at the agent itself"
    )
    return after


def _told(plan: Plan, approval: Approval, evidence: str, *, without_words: bool) -> Approval:
    after = a.advance(approval, a.Tell(), now=plan.now)
    plan.put(after)
    plan.tell(deciding.event_of("approval_told", after, evidence))
    peer = plan.peer(after.peer_id)
    if peer and without_words and (said := _words(after)):
        post(plan, LINE, [peer], Letter(kind=Kind.NOTICE, text=fitted(said)))
    return after


def _words(approval: Approval) -> str:
    """What was decided, where a key into a dialog could not say it; "" where it could."""
    if approval.what != a.What.QUESTION:
        what = f"your {approval.tool} call ({approval.choice or 'no'})"
        return f"{approval.by} decided about {what} and says: {approval.words}" if approval.words else ""
    pairs = list(zip(approval.questions, approval.answers, strict=False))
    if approval.choice == deciding.DENY and approval.words:  # it is not to be answered
        return f"{approval.by} did not choose from what you asked, and says: {approval.words}"
    if all(answer in question.options for question, answer in pairs):
        return ""
    answers = "\n".join(f"{question.text} {answer}" for question, answer in pairs)
    return f"{approval.by} answered what you asked:\n{answers}"


def _is_so(approval: Approval, command: c.CloseApprovals) -> bool:
    """Whether what happened at the agent is what was decided: a key was pressed, and the agent was quicker to tell."""
    if approval.what == a.What.QUESTION:
        return bool(command.answers) and command.answers == approval.answers
    return command.allowed and approval.choice in GRANTS


def _closed(plan: Plan, approval: Approval, outcome: str, *, as_decided: bool) -> None:
    decided = approval.state == a.State.DECIDED
    if decided and as_decided:
        _told(plan, approval, outcome, without_words=True)
        return
    after = a.advance(approval, a.Close(outcome), now=plan.now)
    plan.put(after)
    plan.tell(deciding.event_of("approval_closed", after, outcome))
    if decided:
        _tell_deciders(plan, approval, f"did not wait for your decision: {outcome}")
    ask, peer = plan.ask(approval.ask_id), plan.peer(approval.peer_id)
    if ask and peer and not asking.is_over(ask):
        told = Answer(sender=stamp(plan, peer), text=outcome, how=asking.State.ANSWERED, at=plan.now)
        closing.answered(plan, ask, told)


def _tell_deciders(plan: Plan, approval: Approval, what: str) -> None:
    peer, ask = plan.peer(approval.peer_id), plan.ask(approval.ask_id)
    to = [each for x in (ask.to if ask else ()) if (each := plan.peer(x))]
    if peer and to:
        post(plan, LINE, to, Letter(kind=Kind.NOTICE, text=f"{peer.circle}/{peer.name} {what}"))


def _life(plan: Plan, deny_at: datetime | None) -> timedelta:
    if deny_at is None:
        return LIFE_WITH_PEOPLE
    return min(max(deny_at - plan.now, timedelta()), LIFE_WITH_PEOPLE)


def _known(plan: Plan, approval_id: str) -> Approval:
    approval = plan.approval(approval_id)
    if approval is None:
        raise NotFound(f'no approval "{approval_id}"')
    return approval
