"""What the weather at Slack may bring to each request, socket and envelope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.emulators import faults
from tests.emulators.slack.faults import LINK_DISABLED, REFRESH, TOO_MANY, WARNING, Fault, Kind

_ANY = (
    Fault(Kind.SERVER_ERROR, status=500),
    Fault(Kind.SERVER_ERROR, status=503),
    Fault(Kind.SERVER_ERROR, status=504, handled=True),
    Fault(Kind.ERROR, error="internal_error"),
    Fault(Kind.RESET),
    Fault(Kind.RESET, polite=True),
    Fault(Kind.DROP),
    Fault(Kind.DROP, polite=True),
    Fault(Kind.HANG, seconds=0.3),
    Fault(Kind.SLOW, seconds=0.2),
    Fault(Kind.GARBAGE),
)
_SENDS = (
    Fault(Kind.FLOOD, "chat.postMessage", retry_after=2, lasting=True),
    Fault(Kind.FLOOD, "chat.update", retry_after=1, lasting=True),
    Fault(Kind.HANG, "chat.postMessage", seconds=0.3, handled=True),
)
_SOCKETS = (
    Fault(Kind.SERVER_ERROR, "socket"),
    Fault(Kind.RESET, "socket"),
    Fault(Kind.DISCONNECT, "socket", reason=TOO_MANY),
    Fault(Kind.FREEZE, "socket"),
)
_ENVELOPES = (
    Fault(Kind.REDELIVER, "envelope"),
    Fault(Kind.REORDER, "envelope"),
    Fault(Kind.RESET, "envelope"),
    Fault(Kind.DROP, "envelope"),
    Fault(Kind.SLOW, "envelope", seconds=0.2),
    Fault(Kind.GARBAGE, "envelope"),
    Fault(Kind.DISCONNECT, "envelope", reason=WARNING),
    Fault(Kind.DISCONNECT, "envelope", reason=REFRESH),
)
MENU = (*_ANY, *_SENDS, *_SOCKETS, *_ENVELOPES)
HARSH = (*MENU, Fault(Kind.FREEZE, "envelope"), Fault(Kind.LOSE, "envelope"))
SWITCHED_OFF = Fault(Kind.DISCONNECT, "envelope", reason=LINK_DISABLED)


@dataclass(slots=True)
class Storm(faults.Storm[Fault]):
    menu: Sequence[Fault] = MENU
