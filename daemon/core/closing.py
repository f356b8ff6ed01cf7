"""How asks end, and how everybody concerned learns it: asker, cards on surfaces, recipients at work on it."""

from __future__ import annotations

from typing import Final

from daemon.core import arriving, checkins, deciding, glance, settling, shifts, signs, slips, weighing
from daemon.core import commands as c
from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound
from daemon.core.model import Answer, Ask, AskShown, Authority, Event, Kind, Role, Sender, Urgency
from daemon.core.posting import LINE, Letter, change_card, post, stamp
from daemon.core.rules import asking
from daemon.core.rules.cleaning import body, clean, fitted
from daemon.core.view import Plan

SATISFIED: Final = frozenset({asking.State.ANSWERED, asking.State.ACKNOWLEDGED, asking.State.DECLINED})


def close(plan: Plan, command: c.CloseAsk) -> AskShown:
    """A recipient answers, acknowledges or declines; the asker itself cancels.

    Raises:
        NotFound: there is no such ask.
        NotAllowed: it is somebody else's.
        Malformed, TooLarge: the option is none of its options, or the text is too long.

    """
    ask = known(plan, command.ask_id)
    if command.by == ask.asker and command.by not in ask.to:
        return cancel(plan, c.CancelAsk(ask_id=ask.ask_id, by=command.by, person=command.person))
    peer = plan.peer(command.by)
    approval = ask.subject == deciding.SUBJECT
    if peer is None or not (command.by in ask.to or (approval and peer.authority is Authority.OWNER)):
        raise NotAllowed(f'ask "{ask.ask_id}" was not asked of you', "only who was asked can answer it")
    option = _option(ask, command.option)
    text = body(command.text) if clean(command.text).strip() else option or ""
    if approval:
        option, text = deciding.decided_by(plan, ask, command, text)
    how = asking.State.DECLINED if command.decline else _how(text)
    sender = stamp(plan, peer, command.person)
    answer = Answer(sender=sender, text=text, how=how, at=plan.now, option=option)
    answered(plan, ask, answer)
    shifts.acked(plan, ask, answer)
    return shown(plan, ask.ask_id)


def answered(plan: Plan, ask: Ask, answer: Answer) -> Ask:
    """Attach the answer; when that ends the ask, tell everybody."""
    _mark_seen(plan, ask, answer.sender)
    ask = plan.ask(ask.ask_id) or ask
    over_before = asking.is_over(ask)
    after = asking.advance(ask, asking.Reply(answer), now=plan.now)
    if ask.subject == deciding.SUBJECT:  # the first to decide decides, also by a no
        after = deciding.settled(after, plan.now)
    plan.put(after)
    plan.tell(Event("answered", ask.ask_id, answer.sender.peer_id, answer.how, answer.sender.name))
    if over_before:
        _tell_late(plan, after, answer)
        checkins.gathered(plan, after)
    elif asking.is_over(after):
        _ended(plan, after, answer.sender)
    return after


def cancel(plan: Plan, command: c.CancelAsk) -> AskShown:
    """The asker takes its question back.

    Raises:
        NotFound, NotAllowed: as ever.
        Conflict: it is over already.

    """
    ask = known(plan, command.ask_id)
    if command.by != ask.asker:
        raise NotAllowed(f'ask "{ask.ask_id}" is not yours', "only its asker can cancel it")
    if asking.is_over(ask):
        raise Conflict(f'ask "{ask.ask_id}" is {ask.state} already', "nothing is left to cancel")
    over = asking.advance(ask, asking.Cancel(), now=plan.now)
    plan.put(over)
    asker = plan.peer(command.by)
    _ended(plan, over, stamp(plan, asker, command.person) if asker else LINE)
    return shown(plan, ask.ask_id)


def expire(plan: Plan, ask: Ask) -> None:
    over = asking.advance(ask, asking.Expire(), now=plan.now)
    plan.put(over)
    _ended(plan, over, LINE)


def lose(plan: Plan, ask: Ask, peer_id: str, why: str = "") -> None:
    """A recipient will never answer. ``why``: if the asker is to be told more than that."""
    after = asking.advance(ask, asking.Lose(peer_id), now=plan.now)
    plan.put(after)
    if asking.is_over(after) and not asking.is_over(ask):
        _ended(plan, after, LINE, why)


def shown(plan: Plan, ask_id: str) -> AskShown:
    ask = known(plan, ask_id)
    return AskShown(ask, tuple(peer for peer_id in ask.to if (peer := plan.peer(peer_id))))


def known(plan: Plan, ask_id: str) -> Ask:
    ask = plan.ask(ask_id)
    if ask is None:
        raise NotFound(f'no ask "{ask_id}"', "list the open asks to see their ids")
    return ask


def _how(text: str) -> str:
    return asking.State.ANSWERED if text else asking.State.ACKNOWLEDGED


def _option(ask: Ask, wanted: str | None) -> str | None:
    label = asking.option_meant(ask, wanted) if wanted is not None else None
    if label or wanted is None:
        return label
    choices = ", ".join(ask.options) or "none"
    raise Malformed(f'"{wanted}" is no option of ask "{ask.ask_id}"', f"its options: {choices}")


def _mark_seen(plan: Plan, ask: Ask, sender: Sender) -> None:
    for delivery in plan.view.deliveries_of(ask.ask_id):
        if delivery.peer_id == sender.peer_id:
            settling.see(plan, plan.fresh(delivery), f"answered by {sender.person or sender.name}")


def _ended(plan: Plan, ask: Ask, by: Sender, why: str = "") -> None:
    plan.tell(Event("ended", ask.ask_id, what=ask.state, evidence=by.person or by.name))
    _withdraw(plan, ask)
    settling.close(plan, ask)
    deciding.concluded(plan, ask)
    if ask.state != asking.State.CANCELLED and not weighing.is_review(ask):
        _tell_asker(plan, ask, by, _outcome(plan, ask, why))
    _change_cards(plan, ask)
    glance.moved(plan)
    checkins.gathered(plan, ask)
    slips.end(plan, ask, by)
    signs.ended(plan, ask)
    shifts.concluded(plan, ask)
    weighing.concluded(plan, ask)
    if ask.state == asking.State.ORPHANED and not weighing.is_review(ask):
        slips.elsewhere(plan, ask)


def _tell_late(plan: Plan, ask: Ask, answer: Answer) -> None:
    """It was woken once already if it got what it wanted; else this is news."""
    who = f"{answer.sender.name}: " if len(ask.to) > 1 else ""
    urgency = Urgency.FYI if ask.state in SATISFIED else Urgency.NORMAL
    _tell_asker(plan, ask, answer.sender, f"(late) {who}{_words(answer)}", urgency)


def _tell_asker(plan: Plan, ask: Ask, by: Sender, text: str, urgency: Urgency = Urgency.NORMAL) -> None:
    asker = plan.peer(ask.asker)
    if asker is None or asker.forgotten_at or ask.asker == LINE.peer_id or ask.subject == deciding.SUBJECT:
        return  # what an agent waits for it is told by its own dialog
    sender = by if len(ask.to) == 1 else LINE
    letter = Letter(kind=Kind.ANSWER, text=fitted(text), correlation_id=ask.ask_id, urgency=urgency)
    post(plan, sender, [asker], letter)


def _outcome(plan: Plan, ask: Ask, why: str) -> str:
    if ask.state == asking.State.EXPIRED:
        who = "not everybody" if ask.answers else "nobody"
        default = f"; its default is: {ask.default}" if ask.default else ""
        told = f"expired: {who} answered in time{default}"
        return "\n".join([told, *_round(plan, ask)]) if ask.answers else told
    if ask.state == asking.State.ORPHANED:
        gone = why or arriving.never_came(plan, ask.to[0]) or "whoever was asked is gone for good"
        told = f"orphaned: {gone}"
        if len(ask.to) == 1:
            return told
        few = f"orphaned: too few are left of the {ask.need} that are needed"
        return "\n".join([few if asking.awaited(ask) else told, *_round(plan, ask)])
    return _words(ask.answers[-1]) if len(ask.to) == 1 else "\n".join(_table(plan, ask))


def _table(plan: Plan, ask: Ask) -> list[str]:
    """Where fewer answered than were needed, that first."""
    good = sum(each.how != asking.State.DECLINED for each in ask.answers)
    few = [f"{good} of the {ask.need} that were needed"] if good < ask.need < len(ask.to) else []
    return [*few, *_round(plan, ask)]


def _round(plan: Plan, ask: Ask) -> list[str]:
    """What each said, and who did not, and who of them never will."""
    lines = [f"{a.sender.name}: {_words(a)}" for a in ask.answers]
    silent = [peer.name for x in asking.awaited(ask) if (peer := plan.peer(x))]
    heard = {a.sender.peer_id for a in ask.answers}
    gone = [peer.name for x in ask.lost if x not in heard and (peer := plan.peer(x))]
    return [
        *lines,
        *([f"no answer from {', '.join(silent)}"] if silent else []),
        *([f"gone for good: {', '.join(gone)}"] if gone else []),
    ]


def _words(answer: Answer) -> str:
    if answer.how == asking.State.DECLINED and answer.text:
        return f"(declined) {answer.text}"
    return answer.text or f"({answer.how})"


def _change_cards(plan: Plan, ask: Ask) -> None:
    """Every card of it that a person can see shows how it ended."""
    for delivery in plan.view.deliveries_of(ask.ask_id):
        card = plan.fresh(delivery)
        change_card(plan, ask, card.peer_id, card.receipt)


def _withdraw(plan: Plan, ask: Ask) -> None:
    """Who has it already, or is about to get it, is told that it is off, without being woken.

    Whoever answered knows.
    """
    carried = {"seen", "handed", "leased"}
    having = {x.peer_id for x in plan.view.deliveries_of(ask.ask_id) if x.state in carried}
    found = [plan.peer(x) for x in asking.awaited(ask) if x in having]
    peers = [p for p in found if p and not p.forgotten_at and p.role is not Role.HUMAN]
    if peers:
        text = f"ask {ask.ask_id} is {ask.state}; no answer is needed any more"
        post(plan, LINE, peers, Letter(kind=Kind.NOTICE, text=text, urgency=Urgency.FYI))
