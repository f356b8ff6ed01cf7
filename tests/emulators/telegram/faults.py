"""What may go wrong with Telegram."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.emulators import faults
from tests.emulators.telegram.calls import Call


class Kind(StrEnum):
    SERVER_ERROR = (
        "server_error"  # `status` (500, 502, 504) and a page of HTML, as the proxies in front send it
    )
    FLOOD = "flood"  # 429 with `retry_after`; `lasting`: the chat stays closed until that has passed
    RESET = "reset"  # connection cut before the request had any effect
    DROP = "drop"  # request took effect, connection cut before the answer: nobody can tell the two apart
    HANG = "hang"  # no answer, until lifted or for `seconds`; then the connection is cut
    SLOW = "slow"  # a right answer after `seconds`
    GARBAGE = "garbage"  # 200 and half an answer
    UNAUTHORIZED = "unauthorized"  # 401
    CONFLICT = "conflict"  # 409: somebody else polls with this token
    REDELIVER = "redeliver"  # the update confirmed last comes once more
    REORDER = "reorder"  # what waits comes last first
    FREEZE = (
        "freeze"  # nothing happens until lifted (or for `seconds`), then everything as if nothing had been
    )


@dataclass(frozen=True, slots=True)
class Fault(faults.Fault):
    kinds = Kind
    kind: Kind
    status: int = 502
    chat_id: int | None = None

    def fits(self, call: Call) -> bool:
        return faults.Fault.fits(self, call) and self.chat_id in {None, call.chat_id}

    def closes(self, met: Call, call: Call) -> bool:
        """A chat, for whatever is asked there."""
        return call.chat_id == met.chat_id
