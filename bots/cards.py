"""Parcels as cards: who says it, what is shown, what can be chosen, how it was decided. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bots.interface import Card, Choice
from daemon.core.asking import is_over
from daemon.core.model import Ask, Authority, Kind, Parcel, Sender, Urgency
from daemon.core.posting import LINE

_SIGNS: Final = {
    Kind.ASK: "asks",
    Kind.ANSWER: "answers",
    Kind.NOTICE: "says",
    Kind.BROADCAST: "tells everybody",
}
_STEERING: Final = frozenset({"choose", "route", "move"})


def card_of(parcel: Parcel) -> Card:
    """What a person is to see of this parcel."""
    envelope, ask = parcel.envelope, parcel.ask
    if envelope.kind is Kind.CHANGE and ask:
        return _changed(ask, parcel)
    return Card(
        who=envelope.sender.name,
        headline=_headline(envelope.sender, envelope.kind),
        markdown=envelope.body,
        choices=_choices(ask, envelope.options) if envelope.kind is Kind.ASK and ask else (),
        outcome=_outcome(ask) if envelope.kind is Kind.ASK and ask else "",
        silent=envelope.silent or envelope.urgency is Urgency.FYI,
        passing=envelope.sender.peer_id == LINE.peer_id and envelope.urgency is Urgency.FYI,
        reply_to=envelope.reply_to or "",
        attachment=envelope.attachment,
        pinned=envelope.kind is Kind.BOARD,
        keyboard=envelope.options if envelope.kind is Kind.REPLY else (),
        steers=ask is not None and ask.subject.partition("\n")[0] in _STEERING,
    )


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
