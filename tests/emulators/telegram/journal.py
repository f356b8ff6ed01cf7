"""Every request that reached us, with its time and what became of it: the tests ask here."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.pulse import Pulse


@dataclass(slots=True)
class Record:
    """`at` and `ended_at` are seconds of the loop's clock; `status` is None while unanswered, 0 when cut."""

    number: int
    method: str
    arguments: dict[str, Any]
    chat_id: int | None
    at: float
    fault: str = ""
    handled: bool = False
    status: int | None = None
    retry_after: int = 0
    refusal: str = ""  #: the sentence, if we refused by ourselves and not by a fault
    ended_at: float | None = None

    def shape(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Journal:
    pulse: Pulse
    records: list[Record] = field(default_factory=list)

    def note(self, call: Call) -> Record:
        now = asyncio.get_running_loop().time()
        record = Record(len(self.records), call.method, dict(call.arguments), call.chat_id, now)
        self.records.append(record)
        self.pulse.beat()
        return record

    def end(self, record: Record, status: int, retry_after: int = 0) -> None:
        record.status, record.retry_after = status, retry_after or record.retry_after
        record.ended_at = asyncio.get_running_loop().time()
        self.pulse.beat()

    def of(self, method: str, *, chat_id: int | None = None) -> list[Record]:
        return [
            record
            for record in self.records
            if record.method.lower() == method.lower() and chat_id in {None, record.chat_id}
        ]

    async def reaches(self, method: str, times: int = 1, *, within: float = 5) -> list[Record]:
        """Wait until a method was called so often.

        Raises:
            AssertionError: it was not.
        """
        try:
            await self.pulse.until(lambda: len(self.of(method)) >= times, within)
        except TimeoutError:
            raise AssertionError(
                f"{method} came {len(self.of(method))} of {times} times in {within} s"
            ) from None
        return self.of(method)

    def impatient(self) -> list[Record]:
        """Return the requests for a chat that came before the `retry_after` it was told had passed."""
        waits = [told for told in self.records if told.retry_after]
        return [record for record in self.records if any(self._ignores(record, told) for told in waits)]

    @staticmethod
    def _ignores(record: Record, told: Record) -> bool:
        if not told.retry_after or told.ended_at is None or told.chat_id != record.chat_id:
            return False
        asked_alike = record.method == told.method or told.chat_id is not None
        return asked_alike and told.ended_at < record.at < told.ended_at + told.retry_after
