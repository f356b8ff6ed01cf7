"""What the weather at Telegram may bring to each request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.emulators import faults
from tests.emulators.telegram.faults import Fault, Kind

_ANY = (
    Fault(Kind.SERVER_ERROR, status=500),
    Fault(Kind.SERVER_ERROR, status=502),
    Fault(Kind.SERVER_ERROR, status=504, handled=True),
    Fault(Kind.RESET),
    Fault(Kind.RESET, polite=True),
    Fault(Kind.DROP),
    Fault(Kind.DROP, polite=True),
    Fault(Kind.HANG, seconds=0.3),
    Fault(Kind.SLOW, seconds=0.2),
    Fault(Kind.GARBAGE),
)
_POLLS = (
    Fault(Kind.CONFLICT, "getUpdates"),
    Fault(Kind.UNAUTHORIZED, "getUpdates"),
    Fault(Kind.REDELIVER, "getUpdates"),
    Fault(Kind.REORDER, "getUpdates"),
)
_SENDS = (
    Fault(Kind.FLOOD, "sendMessage", retry_after=2, lasting=True),
    Fault(Kind.FLOOD, "editMessageText", retry_after=1, lasting=True),
    Fault(Kind.HANG, "sendMessage", seconds=0.3, handled=True),
)
MENU = (*_ANY, *_POLLS, *_SENDS)


@dataclass(slots=True)
class Storm(faults.Storm[Fault]):
    menu: Sequence[Fault] = MENU
