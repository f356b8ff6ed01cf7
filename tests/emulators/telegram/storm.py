"""Bad weather, by seeded luck: each request may meet a fault that fits it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.emulators.telegram.calls import Call
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
class Storm:
    """`rate` of the requests meet one of `menu`; `met` counts them."""

    chance: random.Random
    rate: float = 0.1
    menu: Sequence[Fault] = MENU
    met: int = 0

    def claim(self, call: Call) -> Fault | None:
        if self.chance.random() >= self.rate:
            return None
        fitting = [fault for fault in self.menu if fault.fits(call)]
        self.met += bool(fitting)
        return self.chance.choice(fitting) if fitting else None
