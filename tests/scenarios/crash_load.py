"""Everybody who is on the line while the daemon dies again and again, and the truth about what they said and saw.

A text is ``<sender>-<recipient>-<number>;``, an answer ``answered=<text>``. The ``Ledger`` knows what was accepted
(an answer of success was seen) and what each recipient saw, from the recipients' own mouths; nothing in it comes from
the daemon's store. Nobody here has more than a few messages on the way to one recipient, so that a drain has an end.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bots.cards import AGAIN
from cli.actors import messages_in
from daemon.client.interface import Question
from daemon.client.peer import Client
from daemon.core.errors import DuplicateId, Refused, Unavailable
from tests.daemon_process import COMMAND
from tests.emulators.telegram import Fault, Person, TelegramEmulator
from tests.scenarios.house import House, Json, _ended_with
from tests.transports import screen_agent

CIRCLE = "dev"
AGENT = Path(__file__).with_name("crash_agent.py")
PROGRAM = Path(screen_agent.__file__)
TEXT = re.compile(r"(?<![=\w-])([a-z]+)-([a-z]+)-(\d+);")
ANSWER = re.compile(r"answered=([a-z]+-[a-z]+-\d+;)")
AGENTS = ("hooked", "boxed")
POLLERS = ("pa", "pb")
AWAY_S = 0.02
#: how many of one sender may be on the way to one recipient
MOST = {"hooked": 3, "boxed": 3, "pa": 12, "pb": 12, "telegram": 5, "cli": 10, "pane": 1}


@dataclass(slots=True)
class Ledger:
    """``accepted`` is in the order in which successes were seen; ``shown`` and ``told`` in that of the recipient."""

    accepted: dict[str, str] = field(default_factory=dict)  #: ids, by text
    asks: dict[str, str] = field(default_factory=dict)  #: who learns their ends, by text
    tried: set[str] = field(default_factory=set)  #: also what a client gave up on: it may have been accepted
    urgent: set[str] = field(default_factory=set)
    shown: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    told: dict[str, list[str]] = field(
        default_factory=lambda: defaultdict(list)
    )  #: answers, by who read them
    wrong: list[str] = field(default_factory=list)
    under_way: Counter[tuple[str, str]] = field(default_factory=Counter)  #: by sender and recipient
    repeated: int = 0  #: sent once more under their key after success, and given the first id
    given_up: list[str] = field(default_factory=list)

    def accept(self, text: str, message_id: str) -> None:
        if self.accepted.setdefault(text, message_id) != message_id:
            self.wrong.append(f"{text} has two ids: {self.accepted[text]} and {message_id}")

    def tries(self, text: str) -> None:
        self.tried.add(text)
        self.under_way[_ends(text)] += 1

    def show(self, recipient: str, read: str) -> None:
        """Note all that somebody read; what says that it may have come before is new only if it had not."""
        marked = read.startswith(AGAIN)
        for found in TEXT.finditer(read):
            if found[2] == recipient and not (marked and found[0] in self.shown[recipient]):
                self.shown[recipient].append(found[0])
                self.under_way[found[1], found[2]] -= 1
        told = ANSWER.findall(read)
        self.told[recipient] += [text for text in told if not (marked and text in self.told[recipient])]


class Party:
    """Whoever sends: numbers texts, and waits while too much is on its way."""

    def __init__(self, ledger: Ledger, name: str, chance: random.Random) -> None:
        self.ledger, self.name, self.chance = ledger, name, chance
        self._numbers: dict[str, int] = defaultdict(int)
        self.stopping = asyncio.Event()

    def text(self, recipients: tuple[str, ...]) -> tuple[str, str]:
        """Somebody who has room, and a new text for them; "" if nobody has."""
        free = [each for each in recipients if self.ledger.under_way[self.name, each] < MOST[each]]
        if not free:
            return "", ""
        recipient = self.chance.choice(free)
        self._numbers[recipient] += 1
        text = f"{self.name}-{recipient}-{self._numbers[recipient]};"
        self.ledger.tries(text)
        return recipient, text

    async def pause(self, most: float) -> None:
        """A person or a program does something else meanwhile."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.chance.uniform(0, most)):
                await self.stopping.wait()


class Sender(Party):
    """Over the Unix socket, with a key, until it is answered; at times once more although it was."""

    def __init__(
        self,
        ledger: Ledger,
        name: str,
        chance: random.Random,
        client: Callable[[], Client],
        recipients: tuple[str, ...],
    ) -> None:
        super().__init__(ledger, name, chance)
        self._client = client
        self._recipients = recipients
        self._done: list[tuple[str, str, bool]] = []

    async def run(self) -> None:
        while not self.stopping.is_set():
            recipient, text = self.text(self._recipients)
            if text:
                ask = recipient not in {"telegram", "pane"} and self.chance.random() < 0.3
                urgent = recipient in AGENTS and self.chance.random() < 0.1
                await self._send(recipient, text, ask=ask, urgent=urgent)
                self._done.append((recipient, text, ask))
            if self._done and self.chance.random() < 0.2:
                recipient, text, ask = self.chance.choice(self._done)
                await self._send(recipient, text, ask=ask, urgent=text in self.ledger.urgent)
                self.ledger.repeated += 1
            if self._done and self.chance.random() < 0.03:
                await self._another_body()
            await self.pause(0.1)

    async def _send(self, recipient: str, text: str, *, ask: bool, urgent: bool) -> None:
        try:
            await self._accepted(recipient, text, ask=ask, urgent=urgent)
        except Refused as error:
            self.ledger.wrong.append(f"{text} was refused: {error}")

    async def _accepted(self, recipient: str, text: str, *, ask: bool, urgent: bool) -> None:
        urgency = "urgent" if urgent else "normal"
        if urgent:
            self.ledger.urgent.add(text)
        if ask:
            question = Question(to=[recipient], text=text, circle=_circle(recipient), urgency=urgency)
            told = await self._surely(lambda: self._client().ask(question, key=f"key of {text}"))
            self.ledger.asks[text] = "cli"
            self.ledger.accept(text, told["ask_id"])
        else:
            told = await self._surely(
                lambda: self._client().notify(
                    recipient, text, circle=_circle(recipient), urgency=urgency, key=f"key of {text}"
                )
            )
            self.ledger.accept(text, told["message_id"])

    async def _another_body(self) -> None:
        _, text, _ = self.chance.choice(self._done)
        try:
            await self._surely(lambda: self._client().notify("pa", "another", key=f"key of {text}"))
        except DuplicateId:
            return
        self.ledger.wrong.append(f"the key of {text} was taken for another body")

    async def _surely(self, deed: Callable[[], Awaitable[Json]]) -> Json:
        while True:
            try:
                return await deed()
            except Unavailable:
                await asyncio.sleep(AWAY_S)


class Poller(Party):
    """A client behind a real shim: it sends, reads what waits, and answers what it is asked."""

    def __init__(self, ledger: Ledger, name: str, chance: random.Random, socket: Path) -> None:
        super().__init__(ledger, name, chance)
        self._socket = socket
        self._calls = 0
        self._unanswered: dict[str, str] = {}  #: answers by ask

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        argv = (*COMMAND, "mcp", "--name", self.name, "--circle", CIRCLE)
        home = str(self._socket.parents[1])
        self._child = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**22,
            env={"PATH": os.defpath, "PEERLINE_HOME": home, "HOME": home},
        )
        us = {"name": self.name, "version": "1"}
        await self._ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": us})
        self._write({"method": "notifications/initialized"})
        await self._call("whoami")
        try:
            yield
        finally:
            assert self._child.stdin
            self._child.stdin.close()
            await self._child.wait()

    async def run(self) -> None:
        """Until it is told to stop; then only what it is told is read."""
        while True:
            if not self.stopping.is_set():
                await self._tell()
            await self._read()
            await self.pause(0.1)
            if self.stopping.is_set():
                await asyncio.sleep(0.05)

    async def _tell(self) -> None:
        other = POLLERS[1 - POLLERS.index(self.name)]
        recipient, text = self.text((other, *AGENTS, "telegram", "cli"))
        if not text:
            return
        if recipient not in {"telegram", "cli"} and self.chance.random() < 0.4:
            told = await self._call("ask", to=recipient, question=text, **_where(recipient))
            if told:
                self.ledger.asks[text] = self.name
        else:
            told = await self._call("notify_peer", peer=recipient, message=text, **_where(recipient))
        if told:
            self.ledger.accept(text, told.get("ask_id") or told["message_id"])
        else:
            self.ledger.given_up.append(text)

    async def _read(self) -> None:
        for message in (await self._call("check_messages", limit=10)).get("messages", ()):
            self.ledger.show(self.name, message["text"])
            if message["kind"] == "ask":
                self._unanswered[message["ask_id"]] = f"answered={message['text']}"
        for ask_id, words in list(self._unanswered.items()):
            if await self._call("ack", ask_id=ask_id, message=words):
                del self._unanswered[ask_id]
            else:  # asked once more, since nobody told us that it went well
                self.ledger.given_up.append(words)

    async def _call(self, tool: str, **arguments: Any) -> Json:
        """The structured result; nothing where the shim gave up."""
        told = await self._ask("tools/call", {"name": tool, "arguments": arguments})
        if "error" in told:
            return {}
        if told["result"].get("isError"):
            self.ledger.wrong.append(f"{self.name} {tool} {arguments}: {told['result']['content']}")
            return {}
        structured: Json = told["result"]["structuredContent"]
        return structured

    async def _ask(self, method: str, params: Json) -> Json:
        self._calls += 1
        self._write({"id": self._calls, "method": method, "params": params})
        assert self._child.stdout
        while line := await self._child.stdout.readline():
            told: Json = json.loads(line)
            if told.get("id") == self._calls:
                return told
        raise AssertionError(f"the shim of {self.name} has ended")

    def _write(self, message: Json) -> None:
        assert self._child.stdin
        self._child.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")


class Chat(Party):
    """``peerline chat`` with pipes around it, which stays through it all."""

    def __init__(self, ledger: Ledger, chance: random.Random, house: House) -> None:
        super().__init__(ledger, "chat", chance)
        self._house = house

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        words = ("chat", "--to", "hooked", "--circle", CIRCLE, "--linger", "60")
        self._child = await asyncio.create_subprocess_exec(
            *(*COMMAND, *words),
            env=self._house.env,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        async with _ended_with(self._child):
            await self._house.joined("cli")
            yield

    async def run(self) -> None:
        assert self._child.stdin
        while not self.stopping.is_set():
            _, text = self.text(("hooked",))
            if text:
                self._child.stdin.write(f"{text}\n".encode())
                self.ledger.asks[text] = "cli"
                self.ledger.accepted[text] = ""
            await self.pause(0.8)

    async def read(self) -> None:
        assert self._child.stdout
        while line := await self._child.stdout.readline():
            self.ledger.show("cli", line.decode())
        assert self._child.stderr
        self.ledger.wrong.append(f"the chat has ended: {(await self._child.stderr.read()).decode()[-2000:]}")


class Phone(Party):
    """Ada, in Telegram: her words come once, however often the platform brings them."""

    def __init__(
        self, ledger: Ledger, chance: random.Random, telegram: TelegramEmulator, ada: Person
    ) -> None:
        super().__init__(ledger, "ada", chance)
        self._telegram, self._ada = telegram, ada
        self._looked = 0

    async def run(self) -> None:
        while not self.stopping.is_set():
            recipient, text = self.text((*AGENTS, *POLLERS))
            if text:
                self._ada.says(f"@{recipient} {text}")
                self.ledger.asks[text] = "telegram"
                self.ledger.accepted[text] = ""
            if self.chance.random() < 0.3:
                self._telegram.faults.add(Fault("redeliver", "getUpdates"))
            if self.chance.random() < 0.2:
                self._ada.says("/peek hooked")
            await self.pause(0.5)

    def look(self) -> None:
        """What is new on her screen."""
        heard = self._ada.heard()
        for message in heard[self._looked :]:
            self.ledger.show("telegram", message.text)
        self._looked = len(heard)


@dataclass(slots=True)
class Reader:
    """Follows a file of JSON lines."""

    path: Path
    at: int = 0

    def more(self) -> list[Any]:
        if not self.path.exists():
            return []
        with self.path.open("rb") as file:
            file.seek(self.at)
            told = file.read()
        whole = told[: told.rfind(b"\n") + 1]
        self.at += len(whole)
        return [json.loads(line) for line in whole.splitlines()]


class AgentProcess:
    """One run of ``crash_agent.py``, and what it noted."""

    def __init__(self, ledger: Ledger, name: str, house: House, seed: str, *, quiet: bool = False) -> None:
        self.ledger, self.name, self._house, self._seed = ledger, name, house, seed
        self.home = house.place / name
        self._gone = False
        self.stopping = asyncio.Event()
        if quiet:
            self.stopping.set()
        self._heard, self._said = Reader(self.home / "heard"), Reader(self.home / "said")

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        self.home.mkdir()
        if self.stopping.is_set():
            (self.home / "hush").touch()
        inbox = "1" if self.name == "boxed" else "0"
        words = (str(self._house.socket), str(self.home), self.name, CIRCLE, inbox, self._seed)
        self._child = await asyncio.create_subprocess_exec(
            sys.executable, "-I", str(AGENT), *words, stdout=asyncio.subprocess.PIPE
        )
        async with _ended_with(self._child):
            assert self._child.stdout
            assert await self._child.stdout.readline() == b"ready\n"
            yield

    @property
    def pid(self) -> int:
        return self._child.pid

    def look(self) -> None:
        if self.stopping.is_set():
            (self.home / "hush").touch()
        for _, text in self._heard.more():
            for message in messages_in(text):
                if message.name != "peerline":  # a reminder may quote what it reminds of
                    self.ledger.show(self.name, message.body)
        for what, text, message_id in self._said.more():
            self._note(what, text, message_id)
        if self._child.returncode is not None and not self._gone:
            self._gone = True
            self.ledger.wrong.append(f"{self.name} has ended with {self._child.returncode}")

    def _note(self, what: str, text: str, message_id: str) -> None:
        match what:
            case "tries":
                self.ledger.tries(text)
            case "sent":
                self.ledger.accept(text, message_id)
            case "given up":
                self.ledger.given_up.append(text)
            case _:
                self.ledger.wrong.append(f"{self.name}: {what} {message_id}: {text}")


class Pane:
    """An agent in a pane of a tmux server of its own, whose mail is typed."""

    def __init__(self, ledger: Ledger, house: House) -> None:
        self.ledger, self._house = ledger, house
        self.folder = house.place / "pane"
        self._log = Reader(self.folder / "log")
        self.pid = 0
        self.finished = 0

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[None]:
        (self.folder / "sessions").mkdir(parents=True)
        wishes = json.dumps({"line": [str(self._house.socket), "pane", CIRCLE], "session": "pane-1"})
        self.pid = int(
            await self._tmux(
                *("-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-P", "-F", "#{pane_pid}"),
                *(sys.executable, "-I", str(PROGRAM), str(self.folder), wishes),
            )
        )
        try:
            yield
        finally:
            await self._tmux("kill-server")

    async def finish(self) -> None:
        """As a person would who finds a text lying in the prompt that nobody sends."""
        told = self.folder / f"{self.pid}.json"
        if json.loads(told.read_text())["draft"]:
            self.finished += 1
            await self._tmux("send-keys", "Enter")

    def look(self) -> None:
        for note in self._log.more():
            if note["what"] in {"prompt", "handed"}:
                self.ledger.show("pane", note["text"])

    async def _tmux(self, *words: str) -> str:
        child = await asyncio.create_subprocess_exec(
            *("tmux", "-u", "-S", str(self.folder / "tmux"), *words),
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        assert child.returncode == 0, (words, err)
        return out.decode().strip()


def _ends(text: str) -> tuple[str, str]:
    sender, recipient, _ = text.split("-")
    return sender, recipient


def _circle(recipient: str) -> str | None:
    return CIRCLE if recipient in {*AGENTS, *POLLERS, "pane"} else None


def _where(recipient: str) -> dict[str, str]:
    circle = _circle(recipient)
    return {"circle": circle} if circle else {}
