"""Without a terminal: lines in, lines out, and an end as soon as everything asked is answered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from bots.console.api import Pipes, lines
from bots.console.chat import Visit, converse, names
from bots.console.surface import ConsoleSurface
from daemon.client.hosting import Utterance
from daemon.core.errors import DaemonUnreachable
from daemon.core.model import Attachment, Kind
from tests.fakes.chat import FakeLine

ENDLESS = 60.0  # a linger that no test can wait for


@dataclass
class Outside:
    """The other ends of the three pipes, and the chat's exit code."""

    stdin: int
    out: asyncio.StreamReader
    err: asyncio.StreamReader
    code: asyncio.Task[int]

    def type(self, text: str) -> None:
        os.write(self.stdin, text.encode())

    def end(self) -> None:
        os.close(self.stdin)
        self.stdin = -1


async def reader_of(fd: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(fd, "rb", buffering=0)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader


@asynccontextmanager
async def chatting(
    line: FakeLine, *, linger_s: float = ENDLESS, to: str | None = None
) -> AsyncIterator[Outside]:
    (stdin, typing), (seen, stdout), (told, stderr) = os.pipe(), os.pipe(), os.pipe()
    surface_terminal = Pipes(stdin, stdout, stderr)
    surface = ConsoleSurface("cli", "run1", surface_terminal, account="owner", to=to)
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        code = group.create_task(converse(Visit(line, surface, surface_terminal, linger_s=linger_s)))
        code.add_done_callback(lambda _: [os.close(fd) for fd in (stdout, stderr)])
        outside = Outside(typing, await reader_of(seen), await reader_of(told), code)
        try:
            yield outside
        finally:
            if outside.stdin >= 0:
                outside.end()
    os.close(stdin)


def echo(line: FakeLine, said: Utterance) -> dict:
    """Like the daemon: a receipt, and after that the answer."""
    ask_id = f"a-{len(line.all('say')) + 1}"
    line.reply("to echo", passing=True)
    line.answer(ask_id, f"you said: {said.text}")
    return {"understood": "ask", "ask_id": ask_id}


def asks(line: FakeLine, said: Utterance) -> dict:
    """An ask that nobody has answered yet."""
    line.reply("to echo", passing=True)
    return {"understood": "ask", "ask_id": f"a-{len(line.all('say')) + 1}"}


# -- lines in -------------------------------------------------------------------------------------


async def test_each_line_is_said_once_under_an_id_of_its_own() -> None:
    line = FakeLine(echo)
    async with chatting(line) as outside:
        outside.type("one\n\ntwo\nthree")
        outside.end()

    said = line.all("say")
    assert [words.text for _, words in said] == ["one", "two", "three"]
    assert len({key for key, _ in said}) == 3
    assert {(words.surface, words.address, words.account) for _, words in said} == {("cli", "run1", "owner")}


async def test_who_speaks_and_where_is_what_the_daemon_says() -> None:
    line = FakeLine(echo)
    line.place = {"account": "ada", "address": "an earlier run"}
    async with chatting(line) as outside:
        outside.type("hello\n")
        outside.end()

    (_, said), *_ = line.all("say")
    assert (said.account, said.address) == ("ada", "an earlier run")


async def test_words_go_to_who_was_named_at_the_start() -> None:
    line = FakeLine(echo)
    async with chatting(line, to="practice/echo") as outside:
        outside.type("hello\n@clerk hi\nagain\n")
        outside.end()

    assert [words.to for _, words in line.all("say")] == ["practice/echo", None, None]


async def test_a_number_answers_the_question_that_was_shown() -> None:
    line = FakeLine(echo)
    async with chatting(line) as outside:
        line.ask("a-7", "Where to?", ("work", "private"))
        assert await outside.out.readline() == b"clerk: Where to?  [1] work  [2] private\n"
        await line.until("ack")
        outside.type("2\n")
        assert (await line.until("tap"))[0][:2] == ("a-7", 1)
        outside.end()

    assert line.all("say") == []


async def test_quit_ends_like_the_end_of_input() -> None:
    line = FakeLine(echo)
    async with chatting(line) as outside:
        outside.type("one\n/quit\ntwo\n")
        assert await outside.code == 0

    assert [words.text for _, words in line.all("say")] == ["one"]


def test_a_letter_that_arrives_in_two_pieces_is_one_letter() -> None:
    source, into = os.pipe()
    os.write(into, "é".encode()[:1])
    found = lines(source)
    os.write(into, "é\n".encode()[1:])
    os.close(into)

    assert list(found) == ["é"]
    os.close(source)


# -- lines out ------------------------------------------------------------------------------------


async def test_what_comes_in_is_printed_at_once_one_line_each() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        line.tell("first\nsecond \x1b[31mred")
        assert await outside.out.readline() == "echo: first⏎ second [31mred\n".encode()
        outside.end()

    assert line.all("ack")[0][1].startswith("run1:")


async def test_every_card_has_a_receipt_of_its_own() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        for word in "abc":
            line.tell(word)
        receipts = {receipt for _, receipt in await line.until("ack", 3)}
        outside.end()

    assert len(receipts) == 3


async def test_mere_receipts_go_to_standard_error() -> None:
    line = FakeLine(echo)
    async with chatting(line) as outside:
        outside.type("hello\n")
        outside.end()

    assert await outside.out.read() == b"echo: you said: hello\n"
    assert await outside.err.read() == b"peerline: to echo\n"


async def test_a_question_decided_elsewhere_is_not_printed_again() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        line.ask("a-7", "Where to?", ("work", "private"))
        (_, receipt), *_ = await line.until("ack")
        line.tell("Where to?", kind=Kind.CHANGE, about="a-7", answered="work", shown_as=receipt)
        await line.until("ack", 2)
        outside.end()

    assert (await outside.out.read()).count(b"\n") == 1


async def test_what_nobody_reads_is_given_back_and_the_chat_ends() -> None:
    line = FakeLine()
    (stdin, typing), (seen, stdout) = os.pipe(), os.pipe()
    os.close(seen)
    terminal = Pipes(stdin, stdout, stdout)
    surface = ConsoleSurface("cli", "run1", terminal, account="owner")
    line.tell("hello")
    async with asyncio.timeout(10):
        await converse(Visit(line, surface, terminal, linger_s=0.1))

    assert [body for body, _ in line.all("nak")] == ["hello"]
    assert line.all("ack") == []
    for fd in (stdin, typing, stdout):
        os.close(fd)


# -- the end --------------------------------------------------------------------------------------


async def test_it_joins_with_its_run_and_leaves_at_the_end() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        outside.end()

    assert line.all("join") == [("cli", "run1", True)]
    assert line.all("leave") == [("p-here",)]


async def test_it_ends_as_soon_as_every_answer_was_shown() -> None:
    line = FakeLine(asks)
    async with chatting(line) as outside:
        outside.type("one\ntwo\n")
        outside.end()
        await line.until("say", 2)
        line.answer("a-2", "second")
        assert await outside.out.readline() == b"echo: second\n"
        assert not outside.code.done()
        line.answer("a-1", "first")
        assert await outside.out.readline() == b"echo: first\n"
        assert await outside.code == 0


async def test_what_a_command_says_is_shown_before_the_end() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        outside.type("/peers\n")
        outside.end()
        await line.until("say")
        assert not outside.code.done()
        line.reply("nobody is on the line yet")
        assert await outside.code == 0

    assert await outside.out.read() == b"peerline: nobody is on the line yet\n"


async def test_an_ask_that_was_taken_back_is_not_waited_for() -> None:
    line = FakeLine(asks)
    async with chatting(line) as outside:
        outside.type("one\n")
        outside.end()
        await line.until("say")
        line.ended("a-1", "cancelled")
        assert await outside.code == 0


async def test_an_ask_without_an_answer_is_given_up_after_the_linger() -> None:
    line = FakeLine(asks)
    async with chatting(line, linger_s=0.1) as outside:
        outside.type("one\n")
        outside.end()
        assert await outside.code == 0

    assert line.all("leave")


async def test_words_wait_while_the_daemon_restarts() -> None:
    line = FakeLine(echo)
    async with chatting(line) as outside:
        await line.until("beat")
        line.away = 2
        outside.type("hello\n")
        outside.end()
        assert await outside.code == 0

    assert await outside.out.read() == b"echo: you said: hello\n"


async def test_without_a_daemon_it_says_so() -> None:
    line = FakeLine()
    line.away = 1
    stdin, typing = os.pipe()
    terminal = Pipes(stdin, 1, 2)
    with pytest.raises(DaemonUnreachable):
        await converse(
            Visit(line, ConsoleSurface("cli", "r", terminal, account="owner"), terminal, linger_s=1)
        )
    os.close(typing)


def test_a_peer_is_named_with_its_circle_where_its_name_is_not_enough() -> None:
    there = [
        ("echo", "practice", "agent"),
        ("api", "dev", "agent"),
        ("api", "ops", "agent"),
        ("bot", "", "service"),
    ]
    peers = [{"name": name, "circle": circle, "role": role} for name, circle, role in there]

    assert names(peers) == ["dev/api", "echo", "ops/api"]


def looks(line: FakeLine, said: Utterance) -> dict:
    """Like the daemon: a receipt, and what was found comes later."""
    line.reply("looking at backend…", passing=True)
    return {"understood": "errand", "ask_id": None, "errand_id": f"e-{len(line.all('say')) + 1}"}


async def test_the_end_waits_for_what_is_looked_up() -> None:
    line = FakeLine(looks)
    async with chatting(line) as outside:
        outside.type("/peek backend\n")
        outside.end()
        await line.until("ack")
        assert await outside.err.readline() == b"peerline: looking at backend\xe2\x80\xa6\n"
        assert not outside.code.done()
        line.tell("found", who="peerline", kind=Kind.REPLY, about="e-1")
        assert await outside.out.readline() == b"peerline: found\n"
        assert await outside.code == 0


async def test_what_is_looked_up_may_be_there_before_the_words_are_known_to_be_heard() -> None:
    def quick(line: FakeLine, said: Utterance) -> dict:
        told = looks(line, said)
        line.tell("found", who="peerline", kind=Kind.REPLY, about=told["errand_id"])
        return told

    line = FakeLine(quick)
    async with chatting(line) as outside:
        outside.type("/peek backend\n")
        outside.end()
        assert await outside.out.readline() == b"peerline: found\n"
        assert await outside.code == 0


async def test_a_file_is_told_by_its_name_its_size_and_where_our_copy_lies() -> None:
    line = FakeLine()
    async with chatting(line) as outside:
        file = Attachment(path="/home/ada/.peerline/files/ab12.png", name="logo\x1b[2J.png", size=34567)
        line.tell("`logo.png` of `backend`", who="peerline", kind=Kind.REPLY, attachment=file)
        assert await outside.out.readline() == (
            b"peerline: `logo.png` of `backend`  (logo[2J.png, 34 kB: /home/ada/.peerline/files/ab12.png)\n"
        )
