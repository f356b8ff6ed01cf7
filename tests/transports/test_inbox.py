"""The inbox road, against a real listener: whole lines, the token first, and nobody is waited for in vain."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from daemon.core.rules.frame import framed
from daemon.transports import inbox
from daemon.transports.inbox import Inbox
from daemon.transports.interface import Carried, Failed, Gone, Outcome
from tests.transports.parcels import parcel, session


@pytest.fixture
def path(tmp_path_factory) -> str:
    return str(tmp_path_factory.mktemp("i") / "sock")


@asynccontextmanager
async def listening(path: str) -> AsyncIterator[asyncio.Queue[bytes]]:
    """All that came over each connection, once it is at its end."""
    came: asyncio.Queue[bytes] = asyncio.Queue()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(take, path), asyncio.timeout(10):
        yield came


async def carry(path: str, body: str = "hello", tokens: dict[str, str] | None = None) -> Outcome:
    return await Inbox(tokens or {}).carry(parcel(body), session(inbox=path), again=False)


def lines(wire: bytes) -> list[dict[str, object]]:
    assert wire.endswith(b"\n")
    return [json.loads(line) for line in wire.split(b"\n")[:-1]]


@pytest.mark.parametrize(
    "body", ["hello", "two\nlines", 'a "quoted" \\ line', "grüße 👩‍💻 \u2028", "x" * 64_000]
)
async def test_a_message_is_one_line_of_the_recipe(path: str, body: str) -> None:
    async with listening(path) as came:
        assert await carry(path, body) == Carried(inbox.PROOF_WITHIN)
        (said,) = lines(await came.get())

    assert said == {
        "type": "user",
        "message": {"role": "user", "content": framed(parcel(body))},
        "priority": "next",
    }


async def test_the_token_of_the_session_comes_first(path: str) -> None:
    async with listening(path) as came:
        await carry(path, tokens={"s": "secret", "another": "no"})
        auth, said = lines(await came.get())

    assert auth == {"type": "auth", "token": "secret"}
    assert said["type"] == "user"


async def test_the_token_of_another_session_is_told_to_nobody(path: str) -> None:
    async with listening(path) as came:
        await carry(path, tokens={"another": "secret"})

        assert b"secret" not in await came.get()


async def test_a_token_that_becomes_known_later_is_used_from_then_on(path: str) -> None:
    tokens: dict[str, str] = {}
    road = Inbox(tokens)
    tokens["s"] = "secret"
    async with listening(path) as came:
        await road.carry(parcel(), session(inbox=path), again=False)

        assert lines(await came.get())[0] == {"type": "auth", "token": "secret"}


async def test_a_socket_that_is_not_there_is_a_road_that_is_gone(path: str) -> None:
    assert isinstance(await carry(path), Gone)


async def test_a_session_without_an_inbox_is_a_failure() -> None:
    assert isinstance(await carry(""), Failed)


@pytest.mark.parametrize("left", ["socket", "file", "folder"])
async def test_what_a_dead_agent_left_there_is_no_road(path: str, left: str) -> None:
    match left:
        case "socket":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(path)
        case "file":
            Path(path).write_text("")
        case _:
            Path(path).mkdir()

    assert isinstance(await carry(path), Gone)


async def test_a_failure_tells_no_token(path: str) -> None:
    outcome = await carry(path, tokens={"s": "secret"})

    assert isinstance(outcome, Gone)
    assert "secret" not in outcome.reason


async def test_an_agent_that_reads_nothing_is_given_up_and_gets_nothing_later(path: str, monkeypatch) -> None:
    """Else the next attempt would be the second time."""
    monkeypatch.setattr(inbox, "WRITE_S", 0.1)
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(path)
        slow.listen()
        async with asyncio.timeout(5):
            outcome = await carry(path, "x" * 5_000_000)  # more than a socket holds
        conn, _ = slow.accept()
        conn.setblocking(False)
        got = await asyncio.get_running_loop().run_in_executor(None, read_all, conn)

    assert isinstance(outcome, Failed)
    assert not got.endswith(b"\n")


async def test_an_agent_that_is_slow_but_reads_gets_all_of_it(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(path)
        slow.listen()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            carried = group.create_task(carry(path, "x" * 2_000_000))
            conn, _ = await asyncio.to_thread(slow.accept)
            while len(await asyncio.to_thread(conn.recv, 4096, socket.MSG_PEEK)) < 4096:
                pass  # until the socket is not empty
            got = await asyncio.to_thread(read_all, conn)

    assert carried.result() == Carried(inbox.PROOF_WITHIN)
    assert lines(got)[0]["type"] == "user"


async def test_an_agent_that_hangs_up_in_the_middle_is_a_failure(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(path)
        rude.listen()
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            carried = group.create_task(carry(path, "x" * 2_000_000))
            conn, _ = await asyncio.to_thread(rude.accept)
            conn.close()

    assert isinstance(carried.result(), Failed)


async def test_no_connection_is_left_open(path: str, monkeypatch) -> None:
    monkeypatch.setattr(inbox, "WRITE_S", 0.05)
    with socket.socket(socket.AF_UNIX) as slow:
        slow.bind(path)
        slow.listen()
        before = descriptors()
        for _ in range(5):
            await carry(path, "x" * 2_000_000)
        async with asyncio.timeout(5):
            while descriptors() > before:
                await asyncio.sleep(0)


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def read_all(conn: socket.socket) -> bytes:
    conn.settimeout(5)
    with conn:
        return b"".join(iter(lambda: conn.recv(1 << 20), b""))
