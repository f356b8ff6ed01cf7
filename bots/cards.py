"""Parcels as cards: who says it, what is shown, what can be chosen, how it was decided. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from bots.interface import Card, Choice
from daemon.core.model import Ask, Authority, Envelope, Kind, Parcel, Sender, Urgency
from daemon.core.posting import LINE
from daemon.core.rules.asking import is_over
from daemon.core.rules.measures import counted
from daemon.core.rules.secrets import masked

_SIGNS: Final = {
    Kind.ASK: "asks",
    Kind.ANSWER: "answers",
    Kind.NOTICE: "says",
    Kind.BROADCAST: "tells everybody",
}
AGAIN: Final = "↻ may have come before"
_STEERING: Final = frozenset({"choose", "route", "move"})


def card_of(parcel: Parcel) -> Card:
    """What a person is to see of this parcel."""
    envelope, ask = parcel.envelope, parcel.ask
    if envelope.kind is Kind.CHANGE and ask:
        return _discreet(_changed(ask, parcel))
    card = Card(
        who=envelope.sender.name,
        headline=_headline(envelope.sender, envelope.kind),
        markdown=envelope.body,
        choices=_choices(ask, envelope.options) if envelope.kind is Kind.ASK and ask else (),
        outcome=_outcome(ask) if envelope.kind is Kind.ASK and ask else "",
        silent=envelope.silent or parcel.delivery.hushed or envelope.urgency is Urgency.FYI,
        passing=envelope.sender.peer_id == LINE.peer_id and envelope.urgency is Urgency.FYI,
        reply_to=envelope.reply_to or "",
        asked_as=ask.said_as if ask and envelope.kind is Kind.ANSWER else "",
        attachment=envelope.attachment,
        pinned=envelope.kind is Kind.BOARD,
        keyboard=envelope.options if envelope.kind is Kind.REPLY else (),
        steers=ask is not None and ask.subject.partition("\n")[0] in _STEERING,
        doubts=parcel.delivery.doubts,
        key=parcel.delivery.delivery_id,
        made_at=envelope.created_at,
        alone=envelope.alone,
        words_for=ask.ask_id if ask and _takes_words(envelope, ask) else "",
    )
    return _discreet(card)


def doubt_of(card: Card) -> str:
    """What marks a card that may be there already; "" if it needs no mark."""
    return AGAIN if card.doubts == 1 else f"{AGAIN}, up to {card.doubts} times" if card.doubts else ""


def marked(card: Card) -> Card:
    """The card with its mark in its text, for where nothing else is made of it."""
    return replace(card, markdown=f"{doubt_of(card)}\n\n{card.markdown}", doubts=0) if card.doubts else card


def _discreet(card: Card) -> Card:
    """Tokens, keys and passwords are for no chat, whoever wrote them; that they were there is said."""
    text, found = masked(card.markdown)
    outcome, there = masked(card.outcome)
    choices = tuple(replace(choice, label=masked(choice.label)[0]) for choice in card.choices)
    note = f"\n\n⚠ {counted(found, 'secret')} masked here" if found else ""
    if not found + there and choices == card.choices:
        return card
    return replace(card, markdown=f"{text}{note}", outcome=outcome, choices=choices)


def _changed(ask: Ask, parcel: Parcel) -> Card:
    return Card(
        who=parcel.envelope.sender.name,
        headline=_headline(parcel.envelope.sender, Kind.ASK),
        markdown=ask.question,
        outcome=_outcome(ask),
        silent=True,
    )


def _headline(sender: Sender, kind: Kind) -> str:
    if kind not in _SIGNS or sender.peer_id == LINE.peer_id:
        return ""
    unverified = " (unverified)" if sender.authority is Authority.UNVERIFIED else ""
    who = f"{sender.person} at {sender.name}" if sender.person else sender.name
    return f"{who}@{sender.circle}{unverified} {_SIGNS[kind]}"


def _takes_words(envelope: Envelope, ask: Ask) -> bool:
    """Whether somebody may answer as they like; what the line itself asks wants one of its keys."""
    return envelope.kind is Kind.ASK and envelope.sender.peer_id != LINE.peer_id and not is_over(ask)


def _choices(ask: Ask, labels: Sequence[str]) -> tuple[Choice, ...]:
    if is_over(ask):
        return ()
    return tuple(Choice(label=label, ask_id=ask.ask_id, option=n) for n, label in enumerate(labels))


def _outcome(ask: Ask) -> str:
    if not is_over(ask):
        return ""
    if not ask.answers:
        return ask.state
    last = ask.answers[-1]
    by = last.sender.person or last.sender.name
    return f"{last.option or last.text or last.how} ({by})"
