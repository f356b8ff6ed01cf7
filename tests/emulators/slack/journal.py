"""Every request that reached us, with its time and what became of it: the tests ask here."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass, field
from typing import Any

from tests.emulators.slack.calls import Call
from tests.emulators.telegram.pulse import Pulse


@dataclass(slots=True)
class Record:
    """`at` and `ended_at` are seconds of the loop's clock; `status` is None while unanswered, 0 when cut."""

    number: int
    method: str
    arguments: dict[str, Any]
    channel: str
    at: float
    token_in_query: bool = False
    fault: str = ""
    handled: bool = False
    status: int | None = None
    retry_after: int = 0
    refusal: str = ""  #: the word, if we refused by ourselves and not by a fault
    ended_at: float | None = None

    def shape(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Journal:
    pulse: Pulse
    records: list[Record] = field(default_factory=list)

    def note(self, call: Call) -> Record:
        now = asyncio.get_running_loop().time()
        arguments = dict(call.arguments)
        record = Record(len(self.records), call.method, arguments, call.channel, now, call.token_in_query)
        self.records.append(record)
        self.pulse.beat()
        return record

    def end(self, record: Record, status: int) -> None:
        record.status = status
        record.ended_at = asyncio.get_running_loop().time()
        self.pulse.beat()

    def of(self, method: str, *, channel: str = "") -> list[Record]:
        return [
            record
            for record in self.records
            if record.method.lower() == method.lower() and channel in {"", record.channel}
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
        """Return the requests that came before the `Retry-After` their method was told had passed."""
        waits = [told for told in self.records if told.retry_after and told.ended_at is not None]
        return [record for record in self.records if any(_ignores(record, told) for told in waits)]


def _ignores(record: Record, told: Record) -> bool:
    if told.method != record.method or (told.channel and told.channel != record.channel):
        return False
    assert told.ended_at is not None
    return told.ended_at < record.at < told.ended_at + told.retry_after
