"""Whether Claude Code loads our server as a channel stands in its own command line, to the word."""

from __future__ import annotations

import asyncio
import sys

import pytest

from daemon.callers import processes
from daemon.callers.channels import ENTRY, OPTIONS, loading, loads


@pytest.mark.parametrize("option", OPTIONS)
def test_each_option_takes_all_the_words_up_to_the_next_one(option: str) -> None:
    assert loads(("claude", option, ENTRY))
    assert loads(("claude", option, "plugin:telegram@official", ENTRY, "--resume", "x"))
    assert loads(("claude", f"{option}={ENTRY}"))
    assert not loads(("claude", option, "plugin:telegram@official", "--resume", ENTRY))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("claude",),
        ("claude", "--channels"),
        ("claude", "--channels", "server:peerline-2"),
        ("claude", f"say --channels {ENTRY}"),
        ("sh", "-c", f"claude --channels {ENTRY}"),
        ("claude", "-p", ENTRY),
    ],
)
def test_what_only_speaks_of_it_loads_nothing(words: tuple[str, ...]) -> None:
    assert not loads(words)


async def test_the_command_line_of_a_live_process_is_read_whole_however_long() -> None:
    words = ("-c", "input()", "x" * 100_000, "--channels", ENTRY)
    child = await asyncio.create_subprocess_exec(sys.executable, *words, stdin=asyncio.subprocess.PIPE)
    try:
        found = processes.process(child.pid)
        assert found
        async with asyncio.timeout(10):
            while not processes.words_of(child.pid)[1:]:  # it has not become python yet
                await asyncio.sleep(0.01)
        assert [each.pid for each in loading([found])] == [child.pid]
    finally:
        await child.communicate(b"\n")
    assert loading([found]) == ()
