"""Many deliveries into faulty terminals: real tmux servers, a real daemon, real hooks, and the truth beside them.

A ``Lane`` is one agent with a tmux server of its own and, at times, a person at it. It is given one message after the
other, each with a fault drawn from ``FAULTS``. The programs write down what was done to them; ``Truth`` compares that
with what the daemon says.
"""

from __future__ import annotations

import asyncio
import json
import os
import pty
import random
import re
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from daemon.callers import processes
from tests.scenarios.house import House

PROGRAM = Path(__file__).parents[1] / "transports" / "screen_agent.py"
PATIENCE_S = 60.0
LOOK_S = 0.03
QUIET_S = 2.0  #: nothing of ours comes sooner after a person's key; tmux knows keys to the second
FRAME = re.compile(
    r"\[peerline notice (?P<id>m-\w+) from \S+ · unverified · #(?P<mark>\w{8})\]\n(?P<body>.*)\n\[end #(?P=mark)\]",
    re.DOTALL,
)
EITHER = ("settled", "stalled")


@dataclass(frozen=True, slots=True)
class Row:
    """What the daemon says of a message."""

    state: str
    reason: str


@dataclass(slots=True)
class Told:
    """One message: what was sent, and with which fault."""

    message_id: str
    body: str
    fault: str
    sent_at: float


class Ledger:
    """The daemon's own rows, read beside it."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self.rows: dict[str, Row] = {}
        self.ended: set[int] = set()

    async def follow(self) -> None:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as store:
            while True:
                found = store.execute("SELECT envelope_id, state, reason FROM delivery WHERE kind = 'notice'")
                self.rows = {envelope_id: Row(state, reason) for envelope_id, state, reason in found}
                self.ended = {
                    pid for (pid,) in store.execute("SELECT pid FROM session WHERE ended_at IS NOT NULL")
                }
                await asyncio.sleep(LOOK_S)

    def story(self, message_id: str) -> list[tuple[float, str]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as store:
            found = store.execute("SELECT at, type FROM event WHERE ref = ? ORDER BY seq", (message_id,))
            return [(datetime.fromisoformat(at).timestamp(), what) for at, what in found]

    def sessions(self, name: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as store:
            words = "SELECT session_id, pid, started, turn, ended_at, ended_why FROM session WHERE session_id LIKE ?"
            return store.execute(words, (f"{name}-%",)).fetchall()

    def replies(self) -> list[str]:
        with closing(sqlite3.connect(f"file:{self._database}?mode=ro", uri=True)) as store:
            return [body for (body,) in store.execute("SELECT body FROM envelope WHERE kind = 'reply'")]


class Lane:
    """One agent in its pane, and who is at it."""

    def __init__(self, house: House, ledger: Ledger, name: str, chance: random.Random) -> None:
        self.house, self.ledger, self.name, self.chance = house, ledger, name, chance
        self.folder = house.place / name
        (self.folder / "sessions").mkdir(parents=True)
        os.mkfifo(self.folder / "wishes")
        self.socket = str(self.folder / "tmux")
        self.pane = ""
        self.bystanders: list[Path] = []
        self.shells: list[tuple[Told, str]] = []  #: what lay on the screens of shells that took its place
        self._runs = 0

    # --- the agent --------------------------------------------------------------------------------------------

    async def start(self) -> None:
        self._runs += 1
        seen = self.count("ready")
        line = [str(self.house.socket), self.name, "dev"]
        wishes = json.dumps({"line": line, "session": f"{self.name}-{self._runs}"})
        self.pane = await self.program(self.folder, wishes)
        await self.until(lambda: self.count("ready") > seen, "the agent starts")

    async def program(self, folder: Path, wishes: str) -> str:
        begin = ("new-session", "-d", "-x", "80", "-y", "24")
        return await self.tmux(
            *("-f", "/dev/null", "start-server", ";", "set-option", "-g", "exit-empty", "off", ";", *begin),
            *("-P", "-F", "#{pane_id}", sys.executable, "-I", str(PROGRAM), str(folder), wishes),
        )

    async def end(self) -> None:
        """Whatever is in the pane, it is gone, and the daemon knows."""
        pid = self.notes()[-1]["pid"]
        await self.tmux("kill-pane", "-t", self.pane, check=False)
        await self.until(lambda: pid in self.ledger.ended, "the daemon sees the end of it")

    async def stop(self) -> None:
        """End the tmux server, and wait until it is gone."""
        server = await self.tmux("list-sessions", "-F", "#{pid}", check=False)
        await self.tmux("kill-server", check=False)
        if server:
            pid = int(server.splitlines()[0])
            await self.until(lambda: processes.process(pid) is None, "the server is gone")

    async def wish(self, **wishes: object) -> None:
        seen = self.count("wished")
        told = json.dumps(wishes) + "\n"
        opened = os.open(self.folder / "wishes", os.O_WRONLY | os.O_NONBLOCK)
        os.write(opened, told.encode())
        os.close(opened)
        if wishes.get("do") != "shell":
            await self.until(lambda: self.count("wished") > seen, "the wish is heard")

    async def tmux(self, *words: str, check: bool = True) -> str:
        child = await asyncio.create_subprocess_exec(
            *("tmux", "-u", "-S", self.socket, *words),
            env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await child.communicate()
        assert not check or child.returncode == 0, (words, err)
        return out.decode().strip()

    # --- a person ---------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def person(self) -> AsyncIterator[Callable[[bytes], None]]:
        """Somebody looks at the pane; calling what is yielded presses keys."""
        ours, theirs = pty.openpty()
        argv = ["tmux", "-u", "-S", self.socket, "attach", "-t", self.pane]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        client = await asyncio.create_subprocess_exec(
            *argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
        )
        loop = asyncio.get_running_loop()
        loop.add_reader(ours, lambda: os.read(ours, 65536))  # else it waits for us

        def press(keys: bytes) -> None:
            os.write(ours, keys)

        try:
            async with asyncio.timeout(PATIENCE_S):
                while not await self.tmux("list-clients"):
                    await asyncio.sleep(LOOK_S)
            yield press
        finally:
            loop.remove_reader(ours)
            client.kill()
            await client.wait()
            os.close(ours)
            os.close(theirs)

    # --- what is known ----------------------------------------------------------------------------------------

    def notes(self) -> list[dict[str, Any]]:
        path = self.folder / "log"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def draft(self) -> str:
        """What lies in the prompt, as the program in the pane last said."""
        told = json.loads((self.folder / f"{self.notes()[-1]['pid']}.json").read_text())
        return str(told["draft"])

    def count(self, what: str, text: str = "") -> int:
        return sum(note["what"] == what and text in note["text"] for note in self.notes())

    async def until(self, come: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not come():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            told = json.dumps(self.notes()[-12:], indent=1)
            screen = await self.tmux("capture-pane", "-p", "-t", self.pane, check=False)
            known = self.ledger.sessions(self.name)
            raise AssertionError(
                f"{self.name}: waited in vain until {what}\n{told}\n{screen}\n{known}"
            ) from None

    def row(self, told: Told) -> Row:
        return self.ledger.rows.get(told.message_id, Row("", ""))

    async def becomes(self, told: Told, *states: str) -> None:
        await self.until(lambda: self.row(told).state in states, f"{told} is {states}, not {self.row(told)}")

    async def held(self, told: Told, reason: str) -> None:
        def so() -> bool:
            row = self.row(told)
            return row.state == "held" and reason in row.reason

        await self.until(so, f"{told.fault} is held: {reason}")

    async def send(self, fault: str, body: str) -> Told:
        at = time.time()
        sent = await self.house.daemon.client().notify(self.name, body, circle="dev")
        return Told(sent["message_id"], body, fault, at)


# --- faults -------------------------------------------------------------------------------------------------------


Send = Callable[[], Awaitable[Told]]


@dataclass(frozen=True, slots=True)
class Fault:
    """``play`` sends the message in the midst of it; None: it is sent, and its end awaited."""

    wishes: dict[str, Any] = field(default_factory=dict)
    play: Callable[[Lane, Send], Awaitable[Told]] | None = None
    ends: tuple[str, ...] = ("settled",)
    weight: int = 2


async def dialog_on_paste(lane: Lane, send: Send) -> Told:
    pasted = lane.count("pasted")
    told = await send()
    await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
    await asyncio.sleep(lane.chance.uniform(0.2, 1.5))
    await lane.wish(do="close")
    return told


async def dialog_before(lane: Lane, send: Send) -> Told:
    await lane.wish(do="dialog")
    told = await send()
    await lane.held(told, "the agent is waiting")
    await lane.wish(do="close")
    return told


async def draft(lane: Lane, send: Send) -> Told:
    async with lane.person() as press:
        press(b"half a sentence")
        typed = lane.count("typed")
        await lane.until(
            lambda: lane.count("typed", "half a sentence") > 0 and lane.count("typed") >= typed, "typed"
        )
        told = await send()
        await lane.held(told, "there is a draft in the prompt")
        press(b"\x15")
        await lane.becomes(told, *EITHER)
    return told


async def typing(lane: Lane, send: Send) -> Told:
    """Keys that leave no trace, and a message at the same time."""
    async with lane.person() as press:
        press(b"\x1b[D")
        told = await send()
        for _ in range(4):
            await asyncio.sleep(lane.chance.uniform(0.1, 0.7))
            press(b"\x1b[D")
        await lane.becomes(told, *EITHER)
    return told


async def typing_at_the_paste(lane: Lane, send: Send) -> Told:
    """Somebody begins to type in the very moment."""
    async with lane.person() as press:
        await asyncio.sleep(4.1)  # coming there counts as a key
        pasted = lane.count("pasted")
        told = await send()
        if lane.chance.random() < 0.5:
            await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
            await asyncio.sleep(lane.chance.uniform(0, 0.05))
        else:
            await asyncio.sleep(lane.chance.uniform(0, 0.15))
        press(b"x")
        await asyncio.sleep(1.0)
        press(b"\x15")
        await lane.becomes(told, *EITHER)
    return told


async def typed_into(lane: Lane, send: Send) -> Told:
    pasted = lane.count("pasted")
    told = await send()
    await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
    await lane.until(lambda: lane.row(told).state != "leased", "the road gives up")
    await lane.wish(do="clear")
    return told


async def sent_by_hand(lane: Lane, send: Send) -> Told:
    """The dialog closes, and the person there presses Enter before we do. No hook tells of it."""
    pasted = lane.count("pasted")
    told = await send()
    await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
    await lane.wish(do="close", hook="never", turn=3)
    await lane.tmux("send-keys", "-t", lane.pane, "Enter")
    return told


async def copy_mode(lane: Lane, send: Send) -> Told:
    await lane.tmux("copy-mode", "-t", lane.pane)
    told = await send()
    await lane.held(told, "copy mode")
    await lane.tmux("send-keys", "-t", lane.pane, "-X", "cancel")
    return told


async def copy_mode_on_paste(lane: Lane, send: Send) -> Told:
    pasted = lane.count("pasted")
    told = await send()
    await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
    await asyncio.sleep(lane.chance.uniform(0.1, 1.0))
    await lane.tmux("send-keys", "-t", lane.pane, "-X", "cancel", check=False)
    return told


async def dies(lane: Lane, send: Send) -> Told:
    pasted = lane.count("pasted")
    told = await send()
    await lane.until(lambda: lane.count("pasted") > pasted, "it is pasted")
    await lane.end()
    await lane.start()
    return told


async def shell(lane: Lane, send: Send) -> Told:
    """A shell takes the agent's place, at some moment."""
    shells = lane.count("shell")
    told = await send()
    if told.fault == "becomes a shell":
        await asyncio.sleep(lane.chance.uniform(0, 0.15))
        await lane.wish(do="shell")
    await lane.until(lambda: lane.count("shell") > shells, "there is a shell")
    await asyncio.sleep(lane.chance.uniform(0.5, 3))
    lane.shells.append((told, await lane.tmux("capture-pane", "-p", "-t", lane.pane)))
    await lane.end()
    await lane.start()
    return told


async def reused(lane: Lane, send: Send) -> Told:
    """The server is killed, and the pane's number is another program's."""
    first = await lane.tmux("list-panes", "-a", "-F", "#{pane_id}")
    told = await send()
    await asyncio.sleep(lane.chance.uniform(0, 0.15))
    pid = lane.notes()[-1]["pid"]
    await lane.stop()
    bystander = lane.folder / f"bystander-{len(lane.bystanders)}"
    (bystander / "sessions").mkdir(parents=True)
    lane.bystanders.append(bystander)
    for _ in range(int(first.splitlines()[-1][1:]) + 1):  # up to the number that the agent had
        await lane.program(bystander, json.dumps({}))
    await lane.until(lambda: pid in lane.ledger.ended, "the daemon sees the end of it")
    await asyncio.sleep(lane.chance.uniform(0, 2))
    await lane.start()
    return told


FAULTS: dict[str, Fault] = {
    "none": Fault(weight=16),
    "a long turn": Fault({"turn": 1.0}),
    "collapses pastes": Fault({"collapse": True}, weight=4),
    "draws late": Fault({"drawn_after": 0.6}),
    "swallows the first Enter": Fault({"swallows": 1}, weight=4),
    "swallows every Enter": Fault({"swallows": 99}, ends=("stalled",), weight=1),
    "a dialog opens on the paste": Fault({"on_paste": "dialog"}, dialog_on_paste),
    "a dialog is open": Fault({}, dialog_before),
    "a draft lies there": Fault({}, draft),
    "somebody moves the cursor": Fault({}, typing),
    "somebody begins to type": Fault({"drawn_after": 0.05}, typing_at_the_paste),
    "somebody was quicker": Fault({"on_paste": "typed"}, typed_into),
    "somebody sends it": Fault({"on_paste": "dialog"}, sent_by_hand),
    "dies on the paste": Fault({"on_paste": "dies"}, dies),
    "becomes a shell on the paste": Fault({"on_paste": "shell"}, shell),
    "becomes a shell": Fault({}, shell, ends=EITHER),  # it may have been taken just before that
    "copy mode": Fault({}, copy_mode),
    "copy mode on the paste": Fault({"on_paste": "mouse"}, copy_mode_on_paste),
    "the pane is another's by now": Fault({}, reused, ends=EITHER),
    "its hook never comes": Fault({"hook": "never", "unwritten": True}, ends=("stalled",), weight=1),
    "busy, and its hook never comes": Fault(
        {"hook": "never", "unwritten": True, "turn": 12}, ends=("stalled",), weight=1
    ),
    "only the transcript tells": Fault({"hook": "never"}, weight=1),
    "its hook comes late": Fault({"hook": 6}, weight=1),
    "its hook comes too late": Fault({"hook": 9.8, "unwritten": True}, weight=1),
    "a turn begins on the paste": Fault({"on_paste": "busy", "turn": 4}),
}


def drawn(seed: int, count: int) -> list[str]:
    """Every fault at least once, if there is room; the slow ones first, so that lanes end together."""
    chance = random.Random(seed)  # noqa: S311  chance that can be had again
    names = list(FAULTS)
    weights = [FAULTS[name].weight for name in names]
    rest = chance.choices(names, weights, k=max(0, count - len(names)))
    chosen = [*chance.sample(names, min(count, len(names))), *rest]
    chance.shuffle(chosen)
    return chosen


def body_of(number: int, chance: random.Random) -> str:
    more = (
        "",
        "",
        "\nof two lines",
        "\nof\nfour\nlines",
        ", and so on" * 30,
        " · grüße 👩‍💻",
        "\n/clear",
        " $(id) `id` ; id",
    )
    return f"message {number:04d}.{chance.choice(more)}"


class Rig:
    def __init__(self, house: House, *, lanes: int, seed: int) -> None:
        self.ledger = Ledger(house.daemon.paths.database)
        self.lanes = [
            Lane(house, self.ledger, f"agent-{n}", random.Random(f"{seed}/{n}"))  # noqa: S311
            for n in range(lanes)
        ]
        self.told: list[Told] = []
        self.left: list[Told] = []  #: what came by another road while it lay in the prompt

    async def run(self, faults: list[str]) -> None:
        """One delivery for each, over all lanes."""
        left = iter(enumerate(faults))
        try:
            async with asyncio.TaskGroup() as group:
                following = group.create_task(self.ledger.follow())
                async with asyncio.TaskGroup() as working:
                    for lane in self.lanes:
                        working.create_task(self._work(lane, left))
                following.cancel()
        finally:
            for lane in self.lanes:
                await lane.stop()

    async def _work(self, lane: Lane, left: Any) -> None:
        await lane.start()
        for number, name in left:
            fault = FAULTS[name]
            body = body_of(number, lane.chance)

            async def send(name: str = name, body: str = body) -> Told:
                told = await lane.send(name, body)
                self.told.append(told)
                return told

            await lane.wish(**fault.wishes)
            told = await (fault.play(lane, send) if fault.play else send())
            await lane.becomes(told, *fault.ends)
            if lane.row(told).state == "settled" and told.message_id in lane.draft():
                self.left.append(told)
            await lane.wish(do="clear")
            await lane.until(lambda: status_of(lane) == "idle", "it is idle again")


def status_of(lane: Lane) -> str:
    pid = lane.notes()[-1]["pid"]
    told = json.loads((lane.folder / "sessions" / f"{pid}.json").read_text())
    return str(told["status"])


# --- the truth ----------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Truth:
    """What was wrong, by kind; empty is well."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    outcomes: Counter[str] = field(default_factory=Counter)
    idle_s: list[float] = field(default_factory=list)
    stalls_s: list[float] = field(default_factory=list)

    def say(self, kind: str, what: object) -> None:
        self.wrong.setdefault(kind, []).append(str(what))


def judged(rig: Rig) -> Truth:
    truth = Truth(wrong={"left in the prompt": [str(told) for told in rig.left]} if rig.left else {})
    notes = [note for lane in rig.lanes for note in lane.notes()]
    prompts = [note for note in notes if note["what"] == "prompt"]
    by_id = {told.message_id: told for told in rig.told}
    submitted: Counter[str] = Counter()
    for note in prompts:
        _judge_prompt(truth, note["text"], by_id, submitted)
    for note in notes:
        if note["what"] == "handed":
            _judge_handed(truth, note["text"], by_id, submitted)
        if note["what"] == "into a dialog":
            truth.say("into a dialog", note["text"])
    replies = rig.ledger.replies()
    for told in rig.told:
        story = rig.ledger.story(told.message_id)
        _judge_story(truth, told, story, submitted[told.message_id])
        if any(what == "stalled" for _, what in story):
            _judge_stall(truth, told, story, notes, replies)
    for lane in rig.lanes:
        _judge_lane(truth, lane, rig.ledger)
    return truth


def _judge_prompt(truth: Truth, text: str, by_id: dict[str, Told], submitted: Counter[str]) -> None:
    if "[peerline" not in text and "message " not in text:
        return
    frame = FRAME.fullmatch(text)
    told = by_id.get(frame["id"]) if frame else None
    if frame is None or told is None or frame["body"] != told.body:
        truth.say("fused", text)
    for message_id in re.findall(r"\[peerline \w+ (m-\w+) ", text):
        submitted[message_id] += 1


def _judge_handed(truth: Truth, text: str, by_id: dict[str, Told], submitted: Counter[str]) -> None:
    """By a hook, which is another road: it counts as one time more."""
    for message_id in re.findall(r"\[peerline \w+ (m-\w+) ", text):
        if message_id in by_id:
            submitted[message_id] += 1


def _judge_story(truth: Truth, told: Told, story: list[tuple[float, str]], times: int) -> None:
    seen = next((at for at, what in story if what == "seen"), None)
    truth.outcomes[f"{told.fault}: {story[-1][1]}"] += 1
    if seen is not None and times == 0:
        truth.say("false seen", told)
    if times > 1:
        truth.say("submitted twice", told)
    if seen is not None and told.fault in {"none", "collapses pastes"}:
        truth.idle_s.append(seen - told.sent_at)


def _judge_stall(
    truth: Truth, told: Told, story: list[tuple[float, str]], notes: list[dict[str, Any]], replies: list[str]
) -> None:
    stalled = next(at for at, what in story if what == "stalled")
    handed = next(at for at, what in story if what == "handed")
    pasted = [n for n in notes if n["what"] == "pasted" and told.message_id in n["text"]]
    enters = [n["at"] for n in notes if n["what"] == "enter" and n["pid"] in {p["pid"] for p in pasted}]
    # Who died on the Enter did not write it down.
    entered = min((at for at in enters if pasted[0]["at"] < at < handed), default=handed)
    truth.stalls_s.append(stalled - entered)
    if sum(told.message_id in reply for reply in replies) != 1:
        truth.say("stall not told once", told)
    if len(pasted) > 1:
        truth.say("pasted again after Enter", told)


def _judge_lane(truth: Truth, lane: Lane, ledger: Ledger) -> None:
    for line in (line for folder in lane.bystanders for line in _lines(folder / "log")):
        if json.loads(line)["what"] != "ready":
            truth.say("into a wrong pane", line)
    for line in _lines(lane.folder / "executed"):
        truth.say("into a shell", line)
    began = [note["at"] for note in lane.notes() if note["what"] == "shell"]
    for (told, screen), at in zip(lane.shells, began, strict=True):
        # Begun while the agent was there, a paste may reach the shell that it becomes in that instant; no Enter does.
        leased = min(then for then, what in ledger.story(told.message_id) if what == "leased")
        if told.message_id in screen and leased > at:
            truth.say("into a shell", screen)
    _judge_manners(truth, lane.notes())


def _judge_manners(truth: Truth, notes: list[dict[str, Any]]) -> None:
    keyed_at = 0.0
    for note in notes:
        if note["what"] in {"typed", "cleared", "moved"}:
            keyed_at = note["at"]
        elif note["what"] == "wished":  # the next message: whoever was there has left
            keyed_at = 0.0
        elif note["what"] == "pasted" and note["at"] - keyed_at < QUIET_S:
            truth.say("while somebody typed", note)


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []
