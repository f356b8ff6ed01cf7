"""What is no time, or no schedule, is refused in the same words wherever it is said, and with what would be one."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import output
from cli.app import app
from daemon.client.times import Wish
from daemon.core.errors import PeerlineError
from mcp_server.calls import Call
from mcp_server.tools import called
from tests.contracts.rig import Rig, rigged
from tests.core.line import Line
from tests.mcp_server.test_tools import silence

FIVE = "five fields: minute hour"
AHEAD = "give a time that lies ahead"
FAR = "at most ten years ahead"
LENGTHS = "at least every 60 s, at most every 366 days"


@dataclass(frozen=True)
class Row:
    """What is wrong, what is told, and what to do. ``said``: the same in a chat; "": it cannot be said there."""

    wrong: dict[str, Any]
    says: str
    hint: str
    said: str = ""
    to: str = "frontend"
    more: dict[str, Any] = field(default_factory=dict)  #: what the tool does not have


def cron(line: str, says: str, hint: str = FIVE) -> Row:
    return Row({"cron": line}, says, hint, line)


ROWS = (
    cron("0 0 30 2 *", "names a date that no year has"),
    cron("0 0 31 4,6,9,11 *", "names a date that no year has"),
    cron("61 * * * *", '"61" is no minute', "it is 0 to 59"),
    cron("* 24 * * *", '"24" is no hour', "it is 0 to 23"),
    cron("*/0 * * * *", "its step is 0"),
    cron("30-10 * * * *", "it goes backwards"),
    Row({"cron": "0 9 * *"}, "it has 4 fields", FIVE),
    Row({"cron": "0 9 * * * *"}, "it has 6 fields", FIVE),
    Row({"at": "2020-01-01 09:00"}, "2020-01-01 09:00 UTC is over", AHEAD, "2020-01-01 09:00"),
    Row({"at": "in 0m"}, "is over", AHEAD, "in 0m"),
    Row({"at": "in 999999w"}, "is farther than any calendar goes", FAR, "in 999999w"),
    Row({"at": "9999-12-31 23:59"}, "too far ahead", FAR, "9999-12-31 23:59"),
    Row({"at": "soon"}, "no time that is understood", "tomorrow 9:00", "soon"),
    Row({"every": "0s"}, "every 0 s is not possible", LENGTHS, "every 0s"),
    Row({"every": "1s"}, "every 1 s is not possible", LENGTHS, "every 1s"),
    Row({"every": "999999w"}, "is not possible", LENGTHS),
    Row({"every": "often"}, "is no length of time", "30m"),
    Row({"every": "1h", "timezone": "Mars/Base"}, 'no time zone "Mars/Base"', "Europe/London"),
    Row({"every": "1h"}, 'no peer "nobody"', "list", "every 1h", to="nobody"),
    Row({"every": "1h", "kind": "ask"}, "a peer cannot ask itself", "kind notice", to="me"),
    Row({"every": "1h", "at": "in 1h"}, "exactly one of at, every, cron and when", ""),
    Row(
        {"every": "1h"}, "there is no such time before its end", AHEAD, more={"until": "2021-01-01T00:00:00Z"}
    ),
    Row({"every": "1h"}, "most", "", more={"missed": "all", "most": 10**9}),
    Row({"every": "1h"}, "jitter_s", "", more={"jitter_s": 10**9}),
    Row({"every": "1h"}, "nobody can be started by a schedule", "start the peer first", more={"spawn": True}),
)


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:
        async with rigged(Path(folder)) as made:
            yield made


async def by_the_interface(rig: Rig, row: Row) -> str:
    with pytest.raises(PeerlineError) as refused:
        await rig.client("backend", "http").add_schedule(
            Wish(to=(row.to,), text="hello", **row.wrong, **row.more)
        )
    return told(refused.value)


async def by_the_tool(rig: Rig, row: Row) -> str:
    call = Call(rig.client("backend", "local"), f"call {ROWS.index(row)}", silence, 0.05)
    outcome = await called(call, "schedule", {"to": row.to, "text": "hello", **row.wrong})
    assert outcome.failed
    return outcome.text


async def at_the_command_line(rig: Rig, row: Row, monkeypatch: pytest.MonkeyPatch) -> str:
    names = {"jitter_s": "jitter", "timezone": "tz"}
    words = [
        f"--{names.get(name, name)}" if value is True else f"--{names.get(name, name)}={value}"
        for name, value in (row.wrong | row.more).items()
    ]
    monkeypatch.setattr(output, "client", lambda: rig.client("backend", "http"))
    ran = await asyncio.to_thread(CliRunner().invoke, app, ["schedule", "add", row.to, "hello", *words])
    assert isinstance(ran.exception, PeerlineError), (row, ran.output)
    return told(ran.exception)


def in_a_chat(row: Row) -> str:
    line = Line()
    line.agent("frontend", circle="default")
    ada = line.telegram()
    to = row.to if row.to.startswith("circle:") else f"@{row.to}"
    line.say(ada, f"/schedule {to} {row.said} hello", zone="UTC")
    assert list(line.view.schedules()) == []
    return line.told(ada)[-1]


def told(error: PeerlineError) -> str:
    return f"{error}\n{error.hint}"


async def test_what_is_no_schedule_is_refused_in_the_same_words_everywhere(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    for row in ROWS:
        said = [await by_the_interface(rig, row), await at_the_command_line(rig, row, monkeypatch)]
        said += [] if row.more else [await by_the_tool(rig, row)]
        said += [in_a_chat(row)] if row.said else []
        assert all(row.says in each and row.hint in each for each in said), (row, said)
        assert all("\n" in each.strip() for each in said), (row, said)
        assert len({each.splitlines()[0] for each in said[:2]}) == 1, said
    assert (await rig.client("owner", "http").schedules("all"))["schedules"] == []


async def test_what_is_made_is_confirmed_in_the_same_words_everywhere(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed = "Mon–Fri 09:00 Europe/London, next "  # noqa: RUF001 -- a span of days has a dash
    how = {"cron": "weekdays 9:00", "timezone": "Europe/London"}
    monkeypatch.setattr(output, "client", lambda: rig.client("backend", "http"))
    options = ["schedule", "add", "frontend", "hello", "--cron=weekdays 9:00", "--tz=Europe/London"]
    at_terminal = (await asyncio.to_thread(CliRunner().invoke, app, options)).output
    call = Call(rig.client("backend", "local"), "call", silence, 0.05)
    by_tool = (await called(call, "schedule", {"to": "frontend", "text": "hello", **how})).text
    made = await rig.client("backend", "http").add_schedule(Wish(to=("frontend",), text="hello", **how))
    words = f"{made['rule']}, next {made['next']}"
    assert words.startswith(confirmed)
    assert words in at_terminal
    assert words in by_tool
    line = Line()
    line.agent("frontend", circle="default")
    ada = line.telegram()
    line.say(ada, "/schedule @frontend weekdays 9:00 hello", zone="Europe/London")
    assert confirmed in line.told(ada)[-1]
