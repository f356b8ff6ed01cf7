"""At a real terminal: what comes in never touches what is being typed, and keys do what the toolbar says."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import shlex
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.agents.claude_code import tmux

REPOSITORY = Path(__file__).parents[2]
HELLO = {"do": "tell", "text": "**hello**\nfrom `echo`"}
WHERE = {"do": "ask", "ask_id": "a-7", "text": "Where to?", "options": ["work", "private"]}

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")


class Screen:
    """A person's terminal with a chat in it, and the daemon behind that chat."""

    def __init__(self, socket: str) -> None:
        self.socket = socket
        self.happened: list[list[Any]] = []
        self.gone = asyncio.Event()
        self._writer: asyncio.StreamWriter | None = None

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        with suppress(ConnectionError):
            while line := await reader.readline():
                self.happened.append(json.loads(line))
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
        self.gone.set()

    def does(self, **what: Any) -> None:
        assert self._writer
        self._writer.write(json.dumps(what).encode() + b"\n")

    async def type(self, *keys: str) -> None:
        await tmux(self.socket, "send-keys", "-t", "chat", *keys)

    async def shows(self, *texts: str, gone: str = "") -> str:
        """Wait for all of this on the screen, and for ``gone`` to be off it."""
        return await self._until(
            lambda seen: all(text in seen for text in texts) and not (gone and gone in seen)
        )

    async def hears(self, what: str, times: int = 1) -> list[list[Any]]:
        await self._until(lambda _: len(self.all(what)) >= times)
        return self.all(what)

    def all(self, what: str) -> list[list[Any]]:
        return [each[1:] for each in self.happened if each[0] == what]

    async def _until(self, holds: Callable[[str], bool]) -> str:
        seen = ""
        try:
            async with asyncio.timeout(20):
                while not holds(seen := await tmux(self.socket, "capture-pane", "-p", "-t", "chat")):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"the screen shows\n{seen}\nand this happened: {self.happened}")
        return seen


@pytest.fixture(autouse=True)
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place for the terminal's own sockets, which tmux leaves behind."""
    with TemporaryDirectory(prefix="peerline-") as place:
        monkeypatch.setenv("TMUX_TMPDIR", place)
        yield


@asynccontextmanager
async def chatting(tmp_path: Path) -> AsyncIterator[Screen]:
    screen = Screen(f"peerline-console-{os.getpid()}-{secrets.token_hex(4)}")
    words = [sys.executable, "-m", "tests.fakes.chat", str(tmp_path / "s"), str(tmp_path / "history")]
    command = f"cd {shlex.quote(str(REPOSITORY))} && {shlex.join(words)}; echo exit $?; cat"
    server = await asyncio.start_unix_server(screen.connected, tmp_path / "s")
    try:
        await tmux(screen.socket, "new-session", "-d", "-s", "chat", "-x", "90", "-y", "24", command)
        await screen.hears("join")
        await screen.shows(">", "Tab completes")
        yield screen
    finally:
        with suppress(RuntimeError):
            await tmux(screen.socket, "kill-server")
        async with asyncio.timeout(10):
            await screen.gone.wait()
        server.close()


def lines_of(seen: str) -> list[str]:
    return [line.rstrip() for line in seen.splitlines() if line.strip()]


async def test_what_comes_in_appears_above_and_leaves_the_draft_alone(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        await screen.type("half a dra")
        await screen.shows("> half a dra")
        screen.does(**HELLO)
        await screen.hears("ack")
        await screen.type("ft")
        seen = lines_of(await screen.shows("> half a draft"))

        assert seen[:4] == ["echo@practice says", "hello", "from echo", "> half a draft"]
        assert screen.all("say") == []
        await screen.type("Enter")
        (_, said), *_ = await screen.hears("say")

    assert (said["text"], said["surface"], said["reply_to"]) == ("half a draft", "console", "")


async def test_commands_and_peers_are_offered_and_completed(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        await screen.type("/pe")
        await screen.shows("/peers", "who is there")
        await screen.type("C-u", "@")
        await screen.shows("clerk", "dev/api", "ops/api")
        await screen.type("ec")
        await screen.shows("> @ec", "echo", gone="clerk")
        await screen.type("Tab")
        await screen.shows("> @echo")
        await screen.type(" hi", "Enter")
        (_, said), *_ = await screen.hears("say")

    assert said["text"] == "@echo hi"
    assert len(screen.all("peers")) == 1


@pytest.mark.parametrize("keys", [("M-2",), ("2", "Enter"), ("private", "Enter")])
async def test_an_option_is_chosen_by_its_key_its_number_or_its_label(
    tmp_path: Path, keys: tuple[str, ...]
) -> None:
    async with chatting(tmp_path) as screen:
        screen.does(**WHERE)
        (_, receipt), *_ = await screen.hears("ack")
        await screen.shows("[1] work", "[2] private")
        await screen.type(*keys)
        assert (await screen.hears("tap"))[0][:2] == ["a-7", 1]

        decided = {"kind": "change", "about": "a-7", "answered": "private", "shown_as": receipt}
        screen.does(do="tell", text="Where to?", **decided)
        await screen.shows("Where to? private (owner)")
        await screen.type("2", "Enter")
        (_, said), *_ = await screen.hears("say")

    assert said["text"] == "2"
    assert len(screen.all("tap")) == 1


async def test_a_key_of_an_option_leaves_the_draft_alone(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        screen.does(**WHERE)
        await screen.hears("ack")
        await screen.type("draft", "M-1")
        await screen.hears("tap")
        await screen.shows("> draft")


async def test_the_next_line_replies_to_the_message_that_was_walked_to(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        screen.does(**HELLO)
        screen.does(do="tell", text="another", who="clerk")
        (_, first), _ = await screen.hears("ack", 2)
        await screen.type("M-Up")
        await screen.shows("↪ clerk: another")
        await screen.type("M-Up", "M-Up", "M-Down", "M-Up")
        await screen.shows("↪ echo: hello from echo")
        await screen.type("really?", "Enter", "well", "Enter")
        (_, reply), (_, plain) = await screen.hears("say", 2)

        await screen.type("M-Up")
        await screen.shows("Esc: no reply)\n>")
        await screen.type("Escape")
        await screen.type("no reply", "Enter")
        said = (await screen.hears("say", 3))[2][1]

    assert (reply["text"], reply["reply_to"]) == ("really?", first)
    assert plain["reply_to"] == said["reply_to"] == ""


async def test_waiting_for_the_daemon_is_shown_and_nothing_is_lost(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        await screen.hears("beat")
        screen.does(do="lose", calls=4)
        screen.does(do="tell", text="now it is away")
        await screen.shows("now it is away")
        await screen.type("hello", "Enter")
        await screen.shows("waiting for the daemon…")
        await screen.hears("say")
        await screen.shows("Tab completes", gone="waiting for the daemon")


async def test_the_toolbar_says_to_whom_words_go(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        screen.does(do="reply", text="to clerk, behind 2", passing=True)
        seen = await screen.shows("to clerk ·")

        assert "  to clerk, behind 2" in lines_of(seen)


async def test_no_message_can_paint_the_screen(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        await screen.type("draft")
        screen.does(do="tell", text="a\x1b[2J\x1b[H\x9b2Jb\x07")
        seen = lines_of(await screen.shows("a[2J[H2Jb", "> draft"))

    assert seen[0] == "echo@practice says"


@pytest.mark.parametrize("keys", [("C-d",), ("/quit", "Enter")])
async def test_leaving_leaves_the_line_too(tmp_path: Path, keys: tuple[str, ...]) -> None:
    async with chatting(tmp_path) as screen:
        await screen.type("throw away", "C-c")
        await screen.shows("> throw away\n>")  # between two prompts a key is nobody's
        await screen.type(*keys)
        await screen.shows("exit 0")

    assert screen.all("leave") == [["p-here"]]
    assert screen.all("say") == []


async def test_what_was_typed_can_be_recalled_in_the_next_chat(tmp_path: Path) -> None:
    async with chatting(tmp_path) as screen:
        await screen.type("remember me", "Enter", "C-d")
        await screen.shows("exit 0")
    (tmp_path / "s").unlink(missing_ok=True)
    async with chatting(tmp_path) as screen:
        await screen.type("Up")
        await screen.shows("> remember me")

    assert (tmp_path / "history").stat().st_mode & 0o777 == 0o600
