"""The terminal: keys come in, cards go out. What any terminal can do, and the plain one, made of pipes.

Pipes hold no prompt: each line of standard input is a line typed, each card one line of standard output, and
what is merely a receipt goes to standard error.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from bots.console.translate import QUIT, Key, Line, one_line
from bots.interface import Card

CHUNK: Final = 65536


@dataclass(frozen=True, slots=True)
class Status:
    """What stands beside the prompt: to whom words go, and what the next line replies to."""

    towards: str = ""
    replying: str = ""


class Terminal(Protocol):
    interactive: bool  #: somebody sits there, who can see that we wait

    async def run(self) -> None:
        """Take what is typed until the person leaves."""
        ...

    def keys(self) -> AsyncIterator[Key]:
        """Yield what was typed, in order, until the person has left."""
        ...

    async def show(self, card: Card) -> None:
        """Put it before the person; when this returns, it is there.

        Raises:
            OSError: nobody reads this terminal any more.

        """
        ...

    async def change(self, card: Card) -> None:
        """Say how a card that was shown before was decided. Raises as ``show``."""
        ...

    def tell(self, status: Status) -> None: ...

    def wait(self, note: str) -> None:
        """Say what is being waited for; "" when it is over."""
        ...


class Pipes:
    """Standard input, output and error without a terminal behind them; a ``Terminal``."""

    interactive = False

    def __init__(self, stdin: int = 0, stdout: int = 1, stderr: int = 2) -> None:
        self._stdin, self._stdout, self._stderr = stdin, stdout, stderr
        self._typed: asyncio.Queue[Line | None] = asyncio.Queue()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        # A thread, because no event loop waits for every kind of standard input: files, pipes, devices.
        reading = threading.Thread(target=self._read, args=(asyncio.get_running_loop(),), daemon=True)
        reading.start()
        await self._ended.wait()

    async def keys(self) -> AsyncIterator[Key]:
        while (line := await self._typed.get()) is not None:
            yield line

    async def show(self, card: Card) -> None:
        self._write(self._stderr if card.passing else self._stdout, one_line(card))

    async def change(self, card: Card) -> None:
        """Who reads lines was told of the question, and the answer is a line of its own; what goes on is a note."""
        if not card.outcome:
            self._write(self._stderr, one_line(card))

    def tell(self, status: Status) -> None:
        """Nothing: there is no prompt."""

    def wait(self, note: str) -> None:
        if note:
            with suppress(OSError):
                _write_all(self._stderr, f"{note}\n".encode())

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits for lines any more
            for text in lines(self._stdin):
                if text.strip() == QUIT:
                    break
                loop.call_soon_threadsafe(self._typed.put_nowait, Line(text))
            loop.call_soon_threadsafe(self._end)

    def _end(self) -> None:
        self._typed.put_nowait(None)
        self._ended.set()

    def _write(self, to: int, line: str) -> None:
        try:
            _write_all(to, f"{line}\n".encode())
        except OSError:
            self._end()
            raise


def lines(source: int) -> Iterator[str]:
    """Yield the lines of a file descriptor as they come, the last one also without its newline."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    rest = ""
    while chunk := _read_some(source):
        *whole, rest = (rest + decoder.decode(chunk)).split("\n")
        yield from whole
    if rest := rest + decoder.decode(b"", final=True):
        yield rest


def _read_some(source: int) -> bytes:
    try:
        return os.read(source, CHUNK)
    except OSError:  # closed, or a terminal we may not read from: the same as its end
        return b""


def _write_all(to: int, content: bytes) -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(to, rest) :]
