"""Whether Claude Code loads our MCP server as a channel: its own command line says so, and nothing else is asked.

Its handshake is the same with and without a channel, and what is told to one that is not loaded is dropped without a
word. Documented (2.1.80 and newer): ``--channels`` takes entries of an allow list, and
``--dangerously-load-development-channels`` those that are on none; an MCP server of the user's is ``server:NAME``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import Final

from daemon.callers import processes
from daemon.callers.processes import Process

OPTIONS: Final = ("--channels", "--dangerously-load-development-channels")
ENTRY: Final = "server:peerline"


def loading(line: Iterable[Process]) -> tuple[Process, ...]:
    """Those of the line whose command loads it."""
    return tuple(each for each in line if loads(processes.words_of(each.pid)))


def loads(words: tuple[str, ...]) -> bool:
    """Whether one of the options names our server; each takes all words up to the next option."""
    for at, word in enumerate(words):
        option, equals, value = word.partition("=")
        if option not in OPTIONS:
            continue
        named = [value] if equals else takewhile(lambda each: not each.startswith("-"), words[at + 1 :])
        if any(ENTRY in each.split(",") for each in named):
            return True
    return False
