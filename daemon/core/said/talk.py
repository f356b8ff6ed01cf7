"""What a person's words mean: commands, answers, and to whom plain words go.

The same for every surface. Whatever the person is to see of it goes out as an envelope like any other, in the same
commit as the effect, so a crash between the two cannot be.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from daemon.core import closing, deciding, groups, locking, settling, slips, threads
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, PeerlineError, for_people
from daemon.core.model import Answer, Ask, Envelope, Heard, Kind, Role
from daemon.core.posting import LINE, change_card, stamp
from daemon.core.rules import asking, given, presence
from daemon.core.rules.cleaning import body, clean
from daemon.core.rules.words import BY_NAME, called, help_text, parsed
from daemon.core.said import deeds, gate, looking, many, moving, reviewdeeds, verbs
from daemon.core.said.deeds import Talk
from daemon.core.view import Plan


def say(plan: Plan, command: c.Say) -> Heard:
    """Do what the words mean. What is refused is told to the person, not raised."""
    command = gate.arrived(plan, command)
    if not gate.is_for_us(plan, command):
        return gate.ASIDE
    if lock := locking.against(plan, command):
        locking.unheard(plan, command, lock)
        return gate.NOTHING
    talk = gate.entered(plan, command)
    return _meant(talk) if talk else gate.stranger(plan, command)


def tap(plan: Plan, command: c.Tap) -> Heard:
    """An option of a card was chosen; a card that is over says so by being changed already."""
    talk = gate.allowed(plan, command)
    if talk is None:
        return gate.NOTHING
    ask = plan.ask(command.ask_id)
    card = plan.envelope(command.ask_id)
    label = _label(card, command) if ask and talk.here.peer_id in ask.to else ""
    if ask is None or not label:
        raise NotAllowed(
            f'ask "{command.ask_id}" was not asked here', "only what was asked here can be answered"
        )
    settling.met(plan, ask, talk.here, command.receipt)
    if card and card.alone:
        talk = replace(talk, said=replace(talk.said, aside=True))
    heard = _tapped(talk, ask, label)
    _tidy(talk, ask.ask_id, command.receipt)
    return heard


def _tidy(talk: Talk, ask_id: str, receipt: str) -> None:
    """A card that was shown when nobody could note it, in a crash, is changed by whoever taps on it."""
    ask, cards = talk.plan.ask(ask_id), map(talk.plan.fresh, talk.plan.view.deliveries_of(ask_id))
    if receipt and ask and asking.is_over(ask) and receipt not in {each.receipt for each in cards}:
        change_card(talk.plan, ask, talk.here.peer_id, receipt)


def _tapped(talk: Talk, ask: Ask, label: str) -> Heard:
    if asking.is_over(ask):
        talk.tell(f"that is {ask.state} already", passing=True)
        return Heard("nothing")
    if slips.is_slip(ask):
        return moving.chosen(talk, ask, label)
    return _answer(talk, ask, label, label)


def _label(card: Envelope | None, tap: c.Tap) -> str:
    """What stands on that key of the card; "" where there is none, or for another person alone."""
    seen = card is not None and card.alone in {"", tap.account}
    return card.options[tap.option] if card and seen and 0 <= tap.option < len(card.options) else ""


def refused(plan: Plan, command: c.Say | c.Tap | c.Edit | c.Unsay, error: PeerlineError) -> Heard:
    """Tell the person why not."""
    talk = gate.entered(plan, command)
    card = plan.envelope(command.ask_id) if isinstance(command, c.Tap) else None
    if talk and card and card.alone:
        talk = replace(talk, said=replace(talk.said, aside=True))
    if talk:
        talk.tell(for_people(error))
    return Heard("nothing")


def _meant(talk: Talk) -> Heard:
    text = clean(talk.said.text).strip()
    if talk.said.forwarded:  # another's words: no command, no answer, nobody's choice
        return _routed(talk, text)
    if command := parsed(text):
        return _command(talk, *command)
    if talk.conversation.thread:
        return _in_thread(talk, text)
    if talk.said.to and talk.here.backend not in presence.OWN_SCREENS:  # chosen for these very words
        return _routed(talk, text)
    if talk.said.reply_to and (heard := _replied(talk, talk, text)):
        return heard
    if choice := _choice(talk, text):
        return _answer(talk, choice[0], choice[1], choice[1])
    if named := called(text):
        return _called(talk, *named)
    return _routed(talk, text)


def _in_thread(talk: Talk, text: str) -> Heard:
    """Whoever is named is meant; else it answers what waits there, or what the thread is about."""
    whole = deeds.whole_of(talk)
    if talk.said.to:
        return _routed(talk, text)
    if choice := _choice(talk, text):
        return _answer(talk, choice[0], choice[1], choice[1])
    if named := called(text):
        return _called(talk, *named)
    if talk.plan.view.shown(talk.here.peer_id, talk.said.reply_to) and (heard := _replied(talk, talk, text)):
        return heard
    if asked := threads.question(talk.plan, talk.conversation):
        return _answer(talk, asked, text, asking.option_meant(asked, text))
    if whole and threads.begins(talk.said) and (choice := _choice(whole, text)):
        return _answer(whole, choice[0], choice[1], choice[1])
    if whole and talk.said.reply_to and (heard := _replied(talk, whole, text)):
        return heard
    return _routed(talk, text)


def _called(talk: Talk, name: str, rest: str) -> Heard:
    if heard := many.asked(talk, name, rest):
        return heard
    peer = deeds.peer_called(talk, name)
    deeds.stick(talk, peer)
    if rest:
        return deeds.ask(talk, peer, rest)
    deeds.tell_chosen(talk, peer)
    return Heard("command")


def _command(talk: Talk, name: str, rest: str) -> Heard:
    word = BY_NAME.get(name)
    if word is None:
        talk.tell(f"there is no /{name}\n{help_text()}")
        return Heard("nothing")
    if word.right not in talk.person.rights:
        raise NotAllowed(f"/{name} needs the right to {word.right}", "the owner can grant it")
    return verbs.DEEDS[name](talk, rest)


def _replied(talk: Talk, there: Talk, text: str) -> Heard | None:
    """A reply goes to the author of what it replies to, as the answer if that was an ask. ``there`` it was shown."""
    delivery = talk.plan.view.shown(there.here.peer_id, talk.said.reply_to)
    envelope = talk.plan.envelope(delivery.envelope_id) if delivery else None
    if delivery is None or envelope is None:
        return None
    settling.see(talk.plan, delivery, f"replied to by {talk.person.name}")
    ask = talk.plan.ask(envelope.envelope_id if envelope.kind is Kind.ASK else None)
    if ask and ask.asker != LINE.peer_id and not _has_been_answered(there, ask):
        return _answer(there, ask, text, asking.option_meant(ask, text))
    author = talk.plan.peer(envelope.sender.peer_id)
    if author is None or author.forgotten_at or author.peer_id == there.here.peer_id:
        return None
    if there != talk and talk.plan.sticky(talk.here.peer_id, talk.person.account):
        return None  # since then they chose for themselves who is meant in that thread
    return deeds.ask(talk, author, text, about=envelope.envelope_id)


def _has_been_answered(talk: Talk, ask: Ask) -> bool:
    """From here, and for good: what is said now is about something else."""
    return asking.is_over(ask) and any(x.sender.peer_id == talk.here.peer_id for x in ask.answers)


def _choice(talk: Talk, text: str) -> tuple[Ask, str] | None:
    """A bare number or label chooses an option of the newest question that has options."""
    asked = talk.plan.view.open_asks_to(talk.here.peer_id)
    offered = [ask for ask in asked if ask.options and not slips.is_slip(ask) and _is_seen(talk, ask)]
    label = asking.option_meant(offered[-1], text) if offered else None
    if label and offered[-1].subject == deciding.SUBJECT:
        _check_plain(talk, offered)
    return (offered[-1], label) if label else None


def _is_seen(talk: Talk, ask: Ask) -> bool:
    """Whether it is not for another person alone."""
    card = talk.plan.envelope(ask.ask_id)
    return card is not None and card.alone in {"", talk.said.account}


def _check_plain(talk: Talk, offered: Sequence[Ask]) -> None:
    """Only one thing can be meant: a bare word must not approve what its speaker has not seen."""
    if len(offered) > 1:
        raise NotAllowed("several questions wait here", "tap, or reply to the one you mean")
    shown = [x for x in talk.plan.view.deliveries_of(offered[-1].ask_id) if x.peer_id == talk.here.peer_id]
    if not any(x.receipt for x in shown):
        raise NotAllowed("a question is just on its way to you", "read it first, then say it again")


def _answer(talk: Talk, ask: Ask, text: str, option: str | None) -> Heard:
    if ask.subject == deciding.SUBJECT and asking.is_over(ask):
        talk.tell(f"that is decided already: {_ended_how(ask)}")
        return Heard("nothing")
    approval = talk.plan.approval_of(ask.ask_id)
    if approval is None:
        return _answered(talk, ask, text, option)
    if text.strip().casefold() == deciding.LOOK and text not in ask.options:
        return looking.changes(talk, ask)
    deciding.check(talk.conversation, talk.person.rights)
    if deciding.show_again(talk.plan, approval, talk.here):
        talk.tell("that was shown some time ago: here it is again. Decide once more.", passing=True)
        return Heard("nothing")
    label, words = deciding.meaning(approval, ask, text)
    return _answered(talk, ask, words or label, label or None)


def _ended_how(ask: Ask) -> str:
    last = ask.answers[-1] if ask.answers else None
    return f"{last.option or last.text}" if last else ask.state


def _answered(talk: Talk, ask: Ask, text: str, option: str | None) -> Heard:
    reviewdeeds.check(talk, ask, text, option)
    sender = stamp(talk.plan, talk.here, talk.person.name)
    words = body(given.told(talk.said, text) or option or "")
    answer = Answer(sender=sender, text=words, how=asking.State.ANSWERED, at=talk.plan.now, option=option)
    if asking.is_over(ask):
        talk.tell(f"that is {ask.state} already; your answer is passed on as late")
    closing.answered(talk.plan, ask, answer)
    if ask.asker == LINE.peer_id and option:
        return _resolved(talk, ask, option)
    return Heard("answer", ask.ask_id)


def _resolved(talk: Talk, ask: Ask, choice: str) -> Heard:
    """The line's own question is answered; the first word of its subject says what it was about."""
    return _RESOLVED[ask.subject.partition("\n")[0]](talk, ask, choice)


def _chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """To whom words go from now on, and the words kept so far."""
    peer = deeds.peer_called(talk, choice)
    deeds.stick(talk, peer, ask.said_as)
    _, _, kept = ask.subject.partition("\n")
    if kept:
        return deeds.ask(talk, peer, kept, said_as=ask.said_as)
    deeds.tell_chosen(talk, peer)
    return Heard("command")


def _let_in(talk: Talk, ask: Ask, choice: str) -> Heard:
    talk.tell(groups.let_in(talk.plan, talk.person, ask.subject, choice))
    return Heard("command")


def _routed(talk: Talk, text: str) -> Heard:
    if talk.said.to:
        return deeds.ask(talk, deeds.peer_called(talk, talk.said.to), text)
    own = None if talk.conversation.thread else talk.plan.peer(talk.conversation.topic_of)
    owner = own if own and not own.forgotten_at else None
    peer = owner or deeds.chosen(talk) or deeds.orchestrator(talk)
    if peer:
        return deeds.ask(talk, peer, text)
    choices = [peer for peer in deeds.listed(talk) if peer.role is not Role.HUMAN]
    if not choices:
        talk.tell("nobody is on the line yet; your words were not sent. Start an agent, then say it again.")
        return Heard("nothing")
    deeds.offer(talk, "To whom?", choices, f"{slips.ROUTE}\n{deeds.words_of(talk, text)}")
    return Heard("kept")


_RESOLVED: Final[Mapping[str, Callable[[Talk, Ask, str], Heard]]] = {
    "choose": _chosen,
    slips.ROUTE: _chosen,
    groups.ADMIT: _let_in,
    **verbs.RESOLVED,
}
