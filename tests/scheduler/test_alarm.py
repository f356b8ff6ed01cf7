"""The alarm rings on, whatever became of the ring before."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from daemon.core.errors import StoreBusy
from scheduler import service
from scheduler.service import Alarm


class Line:
    """What the alarm asks of the line; each ring meets the next of ``troubles`` first."""

    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.rung = asyncio.Event()

    async def alarms(self) -> AsyncIterator[dict[str, Any]]:
        yield {"at": None}
        await asyncio.Event().wait()

    async def fire_schedules(self) -> dict[str, Any]:
        if self.troubles:
            raise self.troubles.pop(0)
        self.rung.set()
        return {"decided": 0, "stopped": ["s-1: it broke"]}


async def test_what_goes_wrong_once_is_decided_again_and_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(service, "BROKEN_S", 0.01)
    line = Line(StoreBusy("locked", after_s=0.01), ZeroDivisionError("of something"))
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        running = group.create_task(Alarm(line).run())  # type: ignore[arg-type]
        await line.rung.wait()
        while "s-1: it broke" not in caplog.text:
            await asyncio.sleep(0)
        running.cancel()
    assert "ZeroDivisionError" in caplog.text
