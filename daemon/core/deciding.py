"""What becomes of an approval when its ask ends: a decision, the next of several questions, or nothing.

Rule: how the ask ended *is* the decision. Nothing else decides, so it is decided at most once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import ladder
from daemon.core.errors import Conflict, Malformed, NotAllowed
from daemon.core.model import (
    Answer,
    Approval,
    Ask,
    Authority,
    Conversation,
    Event,
    Kind,
    Peer,
    Role,
    Sender,
    Status,
    Urgency,
)
from daemon.core.posting import LIFE_WITH_PEOPLE, Letter, addressed, post, stamp
from daemon.core.rules import approval as a
from daemon.core.rules import asking, presence
from daemon.core.view import Plan

ALLOW: Final = "Allow"
ALWAYS: Final = "Allow, and don't ask again"
DENY: Final = "Deny"
APPROVE: Final = "Approve"
ACCEPT_EDITS: Final = "Approve, and accept edits"
KEEP_PLANNING: Final = "Keep planning"
YES: Final = frozenset({"y", "yes", "ok", "okay", "allow", "approve", "go"})
NO: Final = frozenset({"n", "no", "deny", "reject"})
BRIEF: Final = 80  #: characters of a question in one line
LOOK: Final = "diff"  #: stands beside what can be decided, and decides nothing
SUBJECT: Final = "approval"  #: marks every ask of an approval, also of questions that were answered before


def concluded(plan: Plan, ask: Ask) -> None:
    """The ask is over: if it is an approval's, decide by it, or go on with the next question."""
    approval = plan.approval_of(ask.ask_id)
    if approval is None or approval.state != a.State.ASKED:
        return
    if ask.state == asking.State.CANCELLED:
        _put(plan, approval, a.Close("withdrawn"), "withdrawn")
    elif not ask.answers:
        _unanswered(plan, approval)
    elif len(approval.answers) + 1 < len(approval.questions) and ask.answers[-1].how != asking.State.DECLINED:
        _go_on(plan, approval, ask)
    else:
        _decided(plan, approval, ask.answers[-1])


def ask_people(
    plan: Plan, peer: Peer, text: str, options: tuple[str, ...], life: timedelta, *, looks: bool = False
) -> Ask:
    """One question to everybody who may decide for this peer; the first answer counts.

    Nobody may be there: whoever comes is asked then. ``looks``: the card offers to look at the work tree first.
    """
    to = deciders(plan, peer.circle)
    ask = Ask(
        ask_id=plan.new_id("a"),
        asker=peer.peer_id,
        to=tuple(each.peer_id for each in to),
        state=asking.State.OPEN,
        need=1,
        created_at=plan.now,
        deadline_at=plan.now + life,
        question=text,
        options=options,
        subject=SUBJECT,
    )
    ladder.begin(plan, ask)
    # What is denied at once rings nobody: nobody is there.
    letter = Letter(
        kind=Kind.ASK,
        text=text,
        urgency=Urgency.URGENT,
        options=(*options, LOOK) if looks else options,
        life=LIFE_WITH_PEOPLE,
        silent=not life,
    )
    post(plan, stamp(plan, peer), to, letter, envelope_id=ask.ask_id)
    return ask


def deciders(plan: Plan, circle: str) -> list[Peer]:
    """The private conversations of everybody who may decide about that circle."""
    return [peer for peer in plan.view.peers() if peer.role is Role.HUMAN and _decides(plan, peer, circle)]


def join(plan: Plan, here: Peer) -> None:
    """A conversation is there anew: what still waits for a decision is put before it, too."""
    for stale in plan.view.approvals():
        approval = plan.approval(stale.approval_id) or stale
        ask, envelope = plan.ask(approval.ask_id), plan.envelope(approval.ask_id)
        peer = plan.peer(approval.peer_id)
        if not (ask and envelope and peer) or approval.state != a.State.ASKED or asking.is_over(ask):
            continue
        if here.peer_id not in ask.to and _decides(plan, here, peer.circle):
            plan.put(replace(ask, to=(*ask.to, here.peer_id)))
            _show(plan, approval, here)


def show_again(plan: Plan, approval: Approval, here: Peer) -> bool:
    """Put it before people in that conversation once more, if it was last shown there too long ago."""
    if not a.is_stale(approval, here.peer_id, plan.now):
        return False
    _show(plan, approval, here)
    return True


def check(conversation: Conversation | None, rights: tuple[str, ...]) -> None:
    """Whether approvals are taken from there.

    Raises:
        NotAllowed: they are not.

    """
    check_trust(trusted=conversation is None or conversation.trusted)
    if "approve" not in rights:
        raise NotAllowed("to decide that needs the right to approve", "the owner can grant it")


def check_trust(*, trusted: bool) -> None:
    if not trusted:
        raise NotAllowed(
            "approvals are not taken from a terminal",
            "set owner.trust_terminal, or decide on another surface",
        )


def decided_by(plan: Plan, ask: Ask, command: c.CloseAsk, text: str) -> tuple[str | None, str]:
    """What a caller without a conversation decides, as (option, text).

    Raises:
        NotAllowed: that caller may not.
        Conflict: it is decided already.
        Malformed: nothing is said.

    """
    check_trust(trusted=command.trusted)
    approval = plan.approval_of(ask.ask_id)
    if approval is None or asking.is_over(ask):
        raise Conflict(f'ask "{ask.ask_id}" is {ask.state} already', "nothing is left to decide")
    if command.decline:
        return None, text
    if not text:
        raise Malformed(
            "a decision says what is decided", f"its options: {', '.join(ask.options) or 'words'}"
        )
    if command.option is not None:
        return asking.option_meant(ask, command.option), text
    label, words = meaning(approval, ask, text)
    return label or None, words or label


def settled(ask: Ask, now: datetime) -> Ask:
    """The ask after the first answer: a no ends it, too, however many more were asked."""
    for peer_id in ask.to:
        if not asking.is_over(ask) and ask.answers[-1].how == asking.State.DECLINED:
            ask = asking.advance(ask, asking.Lose(peer_id), now=now)
    return ask


def meaning(approval: Approval, ask: Ask, text: str) -> tuple[str, str]:
    """A person's words as (option, words): a label, a yes, a no, or else words that say what to do instead."""
    if label := asking.option_meant(ask, text):
        return label, ""
    word = text.strip().strip(".!").casefold()
    if approval.what != a.What.QUESTION and word in YES:
        return ask.options[0], ""
    if approval.what == a.What.QUESTION:
        return _several(approval, ask, text)
    return ask.options[-1], "" if word in NO else text


def _several(approval: Approval, ask: Ask, text: str) -> tuple[str, str]:
    """Where several may be chosen, ``1 3`` and ``1, 3`` are two of them."""
    question = approval.questions[len(approval.answers)]
    parts = text.replace(",", " ").split()
    numbers = [int(part) for part in parts if part.isascii() and part.isdecimal()]
    if question.many and parts and len(numbers) == len(parts):
        chosen = [ask.options[n - 1] for n in dict.fromkeys(numbers) if 1 <= n <= len(ask.options)]
        if len(chosen) == len(set(numbers)):
            return "", ", ".join(chosen)
    return "", text


def _show(plan: Plan, approval: Approval, here: Peer) -> None:
    envelope = plan.envelope(approval.ask_id)
    if envelope:
        addressed(plan, envelope, here)
    plan.put(a.advance(approval, a.Show(here.peer_id), now=plan.now))


def _decides(plan: Plan, peer: Peer, circle: str) -> bool:
    here = plan.conversation(peer.peer_id)
    if (
        here is None
        or here.thread
        or here.surface == "cli"
        or not ("*" in here.circles or circle in here.circles)
    ):
        return False
    if here.surface in presence.OWN_SCREENS and presence.status(peer, None, here, plan.now) is Status.OFFLINE:
        return False
    person = plan.person(here.surface, here.address)
    return peer.authority is Authority.OWNER or (person is not None and "approve" in person.rights)


def _unanswered(plan: Plan, approval: Approval) -> None:
    if not approval.reason:
        _put(plan, approval, a.Close("nobody decided"), "nobody decided")
        return
    decide = a.Decide(choice=DENY, words=approval.reason, by="nobody was there", refused=True)
    _put(plan, approval, decide, f"denied: {approval.reason}")


def _go_on(plan: Plan, approval: Approval, ask: Ask) -> None:
    answer, peer = ask.answers[-1], plan.peer(approval.peer_id)
    if peer is None:
        return
    question = approval.questions[len(approval.answers) + 1]
    following = ask_people(plan, peer, question.shown, question.options, ask.deadline_at - plan.now)
    plan.put(a.advance(approval, a.Next(_said(answer), following.ask_id), now=plan.now))


def _decided(plan: Plan, approval: Approval, answer: Answer) -> None:
    choice, words = answer.option or "", answer.text if answer.text != answer.option else ""
    refused = answer.how == asking.State.DECLINED
    choice = DENY if refused else choice
    by = _named(answer.sender)
    _put(plan, approval, a.Decide(choice, words, by, refused), f"{choice or words} by {by}")


def _said(answer: Answer) -> str:
    return answer.text or answer.option or ""


def _named(sender: Sender) -> str:
    return sender.person or sender.name


def _put(plan: Plan, approval: Approval, event: a.Happening, evidence: str) -> None:
    after = a.advance(approval, event, now=plan.now)
    plan.put(after)
    plan.tell(event_of(f"approval_{after.state}", after, evidence[:BRIEF]))


def event_of(kind: str, approval: Approval, evidence: str) -> Event:
    return Event(kind, approval.ask_id, approval.peer_id, approval.state, evidence, _subject(approval))


def _subject(approval: Approval) -> tuple[tuple[str, str], ...]:
    """What was decided about, by whom, and, where the choices are ours, how: for the audit log."""
    choice = approval.choice if approval.what != a.What.QUESTION else ""
    told = (("subject", approval.digest), ("by", approval.by), ("choice", choice))
    return tuple((name, value) for name, value in told if value)
