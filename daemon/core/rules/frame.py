"""How a message looks to an agent, and how it is recognised when it comes back.

    [peerline ask a-7k2m9q4x1z from backend@dev · agent · #8H2KQ0TZ]
    the body
    [end #8H2KQ0TZ]

The mark is made after the body, so no body can contain it; seen in a prompt of the right session it is the
evidence of arrival. The header comes first, so no body is ever a slash command.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from daemon.core.model import Authority, Envelope, Kind, Parcel

MARK_LENGTH: Final = 8
_BETWEEN: Final = "\n\n"
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  #: Crockford base 32
_END: Final = re.compile(rf"\[end #([{ALPHABET}]{{{MARK_LENGTH}}})\]")
_NUDGE: Final = re.compile(
    r"\[peerline\] a message from [^\s]+ waits\. Call check_messages, or end your turn\."
)
_WORDS: Final = {
    Authority.OWNER: "owner",
    Authority.PERSON: "person",
    Authority.UNVERIFIED: "unverified",
}


def framed(parcel: Parcel) -> str:
    envelope, mark = parcel.envelope, parcel.delivery.mark
    return f"{_header(envelope, mark)}\n{envelope.body}{_choices(envelope)}\n[end #{mark}]"


def joined(parcels: Sequence[Parcel]) -> str:
    return _BETWEEN.join(framed(parcel) for parcel in parcels)


def nudge(name: str) -> str:
    """That something of ``name`` waits, without a word of it: no body can say this, since it begins like a frame."""
    return f"[peerline] a message from {name} waits. Call check_messages, or end your turn."


def is_nudge(text: str) -> bool:
    return _NUDGE.search(text) is not None


def space_for(parcel: Parcel) -> int:
    """Characters that the parcel takes at most among others, once it has a mark."""
    return len(framed(parcel)) + 2 * MARK_LENGTH + len(_BETWEEN)


def marks_in(text: str) -> tuple[str, ...]:
    """The marks of all whole frames in ``text``, in order, each once."""
    return tuple(dict.fromkeys(_END.findall(text)))


def _header(envelope: Envelope, mark: str) -> str:
    sender = envelope.sender
    whose = _WORDS.get(sender.authority, str(sender.role))
    who = f"{sender.person} at {sender.name}" if sender.person else sender.name
    about = envelope.correlation_id if envelope.kind is Kind.ANSWER else envelope.envelope_id
    by = f" by schedule {envelope.schedule}" if envelope.schedule else ""
    return f"[peerline {envelope.kind} {about} from {who}@{sender.circle}{by} · {whose} · #{mark}]"


def _choices(envelope: Envelope) -> str:
    if not envelope.options:
        return ""
    return "".join(f"\n  [{n}] {label}" for n, label in enumerate(envelope.options, 1))
