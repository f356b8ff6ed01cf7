"""Every request that reached us, with its time and what became of it: the tests ask here."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from typing import Any, Generic, Self, TypeVar

from tests.emulators.calls import Call
from tests.emulators.pulse import Pulse


@dataclass(slots=True)
class Record:
    """`at` and `ended_at` are seconds of the loop's clock; `status` is None while unanswered, 0 when cut."""

    number: int
    method: str
    arguments: dict[str, Any]
    at: float
    fault: str = ""
    handled: bool = False
    status: int | None = None
    retry_after: int = 0
    refusal: str = ""  #: why, if we refused by ourselves and not by a fault
    ended_at: float | None = None

    def shape(self) -> dict[str, Any]:
        return asdict(self)

    def is_held_up_by(self, told: Self) -> bool:
        """Whether the `retry_after` that `told` was answered with is meant for this one too."""
        raise NotImplementedError

    def ignores(self, told: Self) -> bool:
        ended = told.ended_at
        return ended is not None and ended < self.at < ended + told.retry_after and self.is_held_up_by(told)


Kept = TypeVar("Kept", bound=Record)


class Journal(Generic[Kept]):
    def __init__(self, pulse: Pulse, kind: type[Kept]) -> None:
        self._pulse = pulse
        self._kind = kind
        self.records: list[Kept] = []
        self.ends_of_clients: list[float] = []

    def note(self, call: Call) -> Kept:
        now = asyncio.get_running_loop().time()
        record = self._kind(len(self.records), call.method, dict(call.arguments), now, **call.marks())
        self.records.append(record)
        self._pulse.beat()
        return record

    def end(self, record: Kept, status: int) -> None:
        record.status = status
        record.ended_at = asyncio.get_running_loop().time()
        self._pulse.beat()

    def of(self, method: str, **where: Any) -> list[Kept]:
        """Return the requests of a method; `where` narrows it to those whose record has these values."""
        return [
            record
            for record in self.records
            if record.method.lower() == method.lower()
            and all(getattr(record, name) == value for name, value in where.items())
        ]

    async def reaches(self, method: str, times: int = 1, *, within: float = 5) -> list[Kept]:
        """Wait until a method was called so often.

        Raises:
            AssertionError: it was not.
        """

        def fewer() -> str:
            return f"{method} came {len(self.of(method))} of {times} times in {within} s"

        await self._pulse.expect(lambda: len(self.of(method)) >= times, within, fewer)
        return self.of(method)

    def impatient(self) -> list[Kept]:
        """Return the requests that came before the `retry_after` they had been told had passed."""
        waits = [told for told in self.records if told.retry_after]
        return [record for record in self.records if any(record.ignores(told) for told in waits)]

    def restarted_between(self, began: float, ended: float) -> bool:
        """Whether the client ended meanwhile, as its tests told us; a new one owes nothing to what the old one did."""
        return any(began <= at <= ended for at in self.ends_of_clients)
