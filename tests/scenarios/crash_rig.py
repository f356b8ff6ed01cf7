"""A daemon that is killed again and again under load, and what everybody on the line makes of it.

    verdict = await Rig(Plan(kills=100, seed=7)).run()
    assert verdict.violations == []

Each run of the daemon is a process of its own, ended by SIGKILL: at a random moment after it answers, at a random
moment of its start, or by itself at a named step (``PEERLINE_CRASH_AT``). The load (``crash_load``) lives through all
of it. In the end the line is drained and the driver's truth is compared with itself: what was accepted with what
was seen. The daemon's store is asked for two things alone: whether it is whole, and which sends to Telegram it calls
uncertain, since those may be missing there.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import select
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import dataclass, field
from pathlib import Path

from daemon.client.http import Address, HttpExchange
from daemon.client.peer import Client
from tests.daemon_process import REPOSITORY, environment
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.crash_load import (
    AGENTS,
    POLLERS,
    AgentProcess,
    Chat,
    Ledger,
    Pane,
    Phone,
    Poller,
    Sender,
)
from tests.scenarios.house import ADA, House, telegram_of

SOONEST_S, LATEST_S = 0.02, 0.4  #: after it answers
STARTING_S, FORKED_S = 0.5, 0.15  #: how long a start takes, roughly
NAMED_S, TYPED_S = 2.5, 8.0  #: how long it may live before it passes its step; keys are pressed slowly
STARVED_S = 20.0
PERSON_S = 5.0  #: in which a person sees that a text lies in a prompt
QUIET_S = 15.0  #: a drain in which nothing moves for so long has ended
LOOK_S = 0.005
UNLIMITED = {
    "PEERLINE_LIMITS__PEER_PER_MINUTE": "0",
    "PEERLINE_LIMITS__PAIR_PER_MINUTE": "0",
    "PEERLINE_CHAT_PACE": "1000",
}
NURSERY = Path(__file__).with_name("crash_nursery.py")
ELSEWHERE = (
    "errands",
    "restarting",
    "spawner",
    "workshop",
)  # nobody here has anything looked at, done or started
STEP = re.compile(r"passed\(\"([a-z]+\.[a-z]+)\"\)")
UNSEEN = (
    "state IN ('queued', 'leased', 'held') OR (state = 'handed' AND road != 'chat')"
    " OR (state = 'uncertain' AND doubts < 5)"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How many kills, by which luck.

    ``forked`` is the share of runs that find their imports done; ``tree`` the product's sources, if they are not ours.
    """

    kills: int
    seed: int
    forked: float = 0.0
    tree: Path = REPOSITORY
    pane: bool = True


@dataclass(slots=True)
class Verdict:
    violations: list[str]
    figures: dict[str, object]
    ready_p95_s: float  #: of runs begun anew

    def __str__(self) -> str:
        lines = [f"{name}: {value}" for name, value in self.figures.items()]
        return "\n".join([*lines, f"violations: {len(self.violations)}", *self.violations[:40]])


def steps(tree: Path) -> list[str]:
    """The names of all steps that the product can be told to die at."""
    sources = (path for top in ("daemon", "bots", "cli") for path in (tree / top).rglob("*.py"))
    return sorted({name for path in sources for name in STEP.findall(path.read_text("utf-8"))})


class Victim:
    """The daemon of a home, run after run: a process begun anew, or one forked with its imports done."""

    def __init__(self, home: Path, env: dict[str, str], tree: Path) -> None:
        self.socket = home / "run" / "peerline.sock"
        self._env = environment(home) | env
        self._told = home.parent / "said"
        self._nursery = subprocess.Popen(
            [sys.executable, "-I", str(NURSERY), str(tree)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._heard() == "ready"
        self.pid = 0
        self._end: select.poll | None = None
        self._pidfd = -1

    def begin(self, crash_at: str = "", *, forked: bool = False) -> None:
        env = self._env | ({"PEERLINE_CRASH_AT": crash_at} if crash_at else {})
        self.pid = int(self._asked(json.dumps({"env": env, "said": str(self._told), "forked": forked})))
        self._pidfd = os.pidfd_open(self.pid)
        self._end = select.poll()
        self._end.register(self._pidfd, select.POLLIN)

    @property
    def running(self) -> bool:
        return self._end is not None and not self._end.poll(0)

    @property
    def said(self) -> str:
        return self._told.read_text("utf-8", "replace")

    async def ready(self) -> bool:
        """Until ``/health`` is answered with 200; False if it ends before."""
        async with asyncio.timeout(STARVED_S):
            while self.running:
                if await self._answers():
                    return True
                await asyncio.sleep(LOOK_S)
        return False

    async def _answers(self) -> bool:
        try:
            reader, writer = await asyncio.open_unix_connection(str(self.socket))
        except OSError:
            return False
        try:
            writer.write(b"GET /health HTTP/1.0\r\nHost: peerline\r\n\r\n")
            return (await reader.readline()).split()[1:2] == [b"200"]
        except OSError:
            return False
        finally:
            writer.close()

    @property
    def busy_s(self) -> float:
        """How long it has had a processor, in seconds: what its life so far would take on a machine of its own."""
        told = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:13])) / os.sysconf("SC_CLK_TCK")

    async def ends(self, within: float) -> bool:
        """Whether it ends by itself in that time."""
        until = time.monotonic() + within
        while self.running and time.monotonic() < until:
            await asyncio.sleep(LOOK_S)
        return not self.running

    def kill(self) -> int:
        """Its exit code, whether this ended it or not."""
        if self._end is None:
            return 0
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        self._end = None
        os.close(self._pidfd)
        return int(self._asked("wait"))

    def close(self) -> None:
        self.kill()
        self._nursery.communicate()

    def _asked(self, line: str) -> str:
        assert self._nursery.stdin
        self._nursery.stdin.write(line + "\n")
        self._nursery.stdin.flush()
        return self._heard()

    def _heard(self) -> str:
        assert self._nursery.stdout
        return self._nursery.stdout.readline().strip()


@dataclass(slots=True)
class Tally:
    """What became of the kills."""

    ready_s: list[float] = field(default_factory=list)
    forked_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(
        default_factory=list
    )  #: of runs begun anew, what they worked until they were ready
    hit: Counter[str] = field(default_factory=Counter)
    plain: Counter[str] = field(default_factory=Counter)
    missed: Counter[str] = field(default_factory=Counter)


class Rig:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.chance = random.Random(plan.seed)  # noqa: S311  chance that can be had again
        self.ledger = Ledger()
        self.tally = Tally()

    async def run(self) -> Verdict:
        began = time.monotonic()
        async with House(**UNLIMITED) as house, TelegramEmulator() as telegram, AsyncExitStack() as all_of_it:
            ada = telegram.person(7, "Ada")
            self.house = house
            env = UNLIMITED | telegram_of(telegram, ADA)
            self.victim = Victim(house.home, env, self.plan.tree)
            all_of_it.callback(self.victim.close)
            self.victim.begin()
            assert await self.victim.ready(), self.victim.said
            ada.says("/help")  # so that the conversation is there
            await ada.sees("/peers", within=20)
            await self._join(all_of_it, telegram, ada)
            async with asyncio.TaskGroup() as tasks:
                running = [tasks.create_task(each.run()) for each in self.senders]
                reading = [tasks.create_task(each) for each in self._readers()]
                await self._kills()
                killed = time.monotonic()
                for each in (*self.senders, *self.agents):
                    each.stopping.set()
                await self._drained()
                for task in (*running, *reading):
                    task.cancel()
            self._look()
            figures = self._figures(killed - began, time.monotonic() - killed)
            violations = list(self._violations())
            if violations:
                violations.append(house.daemon.log[-3000:])
        return Verdict(violations, figures, _percentile(self.tally.ready_s, 0.95))

    # --- who is there ---------------------------------------------------------------------------------------------

    async def _join(self, all_of_it: AsyncExitStack, telegram: TelegramEmulator, ada: object) -> None:
        house, ledger = self.house, self.ledger
        self.agents = [AgentProcess(ledger, name, house, f"{self.plan.seed}{name}") for name in AGENTS]
        self.pane = Pane(ledger, house)
        self.pollers = [Poller(ledger, name, self._luck(), house.socket) for name in POLLERS]
        self.phone = Phone(ledger, self._luck(), telegram, ada)
        chat = Chat(ledger, self._luck(), house)
        self.chat = chat
        for each in (*self.pollers, *self.agents, *([self.pane] if self.plan.pane else []), chat):
            await all_of_it.enter_async_context(each.joined())
        to = (*AGENTS, *POLLERS, "telegram", *(["pane"] if self.plan.pane else []))
        self.senders = [Sender(ledger, name, self._luck(), self._client, to) for name in ("sa", "sb", "sc")]
        self.senders += [*self.pollers, chat, self.phone]
        self.pids = [agent.pid for agent in self.agents] + [self.pane.pid] * self.plan.pane
        for name in (*AGENTS, *(["pane"] if self.plan.pane else [])):
            await house.joined(name)

    def _luck(self) -> random.Random:
        return random.Random(self.chance.random())  # noqa: S311

    def _client(self) -> Client:
        return Client(HttpExchange(Address(socket=self.victim.socket)))

    def _readers(self) -> Iterator[object]:
        yield self.chat.read()
        yield self._looking()

    async def _looking(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(0.1)

    def _look(self) -> None:
        for each in (*self.agents, self.pane, self.phone):
            each.look()

    # --- kills ----------------------------------------------------------------------------------------------------

    async def _kills(self) -> None:
        """The first of them ends the run that everybody joined."""
        for n, how in enumerate(self._order()):
            forked = self.chance.random() < self.plan.forked
            if n:
                self.victim.begin(how if ":" in how else "", forked=forked)
            began = time.monotonic()
            if how == "starting":
                await asyncio.sleep(self.chance.uniform(0, FORKED_S if forked else STARTING_S))
                self._note(how)
            elif await self.victim.ready():
                if n:
                    times = self.tally.forked_s if forked else self.tally.ready_s
                    times.append(time.monotonic() - began)
                    if not forked:
                        self.tally.busy_s.append(self.victim.busy_s)
                await self._live(how)
            else:
                self._note(how)

    def _order(self) -> Iterator[str]:
        """Every named step first once, in any order among the others, then whatever luck wants; missed ones again."""
        named = [f"{name}:{self.chance.choice((1, 1, 2, 3))}" for name in self._named()]
        others = self.plan.kills - len(named)
        # A step that is not passed in time costs a kill of its own, which is a random one.
        plain = ["starting" if self.chance.random() < 0.12 else "random" for _ in range(max(0, others))]
        order = ["random", *self.chance.sample(named + plain[1:], len(named) + len(plain) - 1)]
        while order:
            how = order.pop(0)
            yield how
            name = how.partition(":")[0]
            if ":" in how and not self.tally.hit[name] and self.tally.missed[name] < 4:
                if "random" in order:
                    order.remove("random")
                order.append(f"{name}:1")

    def _named(self) -> list[str]:
        apart = ELSEWHERE if self.plan.pane else (*ELSEWHERE, "terminal")
        return [name for name in steps(self.plan.tree) if not name.startswith(apart)]

    async def _live(self, how: str) -> None:
        """Until it has passed its step, or luck ends it."""
        if ":" in how:
            if not await self.victim.ends(TYPED_S if how.startswith("terminal") else NAMED_S):
                self.tally.missed[how.partition(":")[0]] += 1
                how = "random"
        else:
            # Most of life is short: the moments right after a start are tried more often than those long after it.
            await asyncio.sleep(SOONEST_S + (LATEST_S - SOONEST_S) * self.chance.random() ** 2)
        self._note(how)

    def _note(self, how: str) -> None:
        """End it, if it has not ended itself as it was told to."""
        alone = not self.victim.running
        code = self.victim.kill()
        if code != -signal.SIGKILL or (alone and ":" not in how):
            self.ledger.wrong.append(
                f"{how}: the daemon ended by itself with {code}: {self.victim.said[-2000:]}"
            )
        if ":" in how:
            self.tally.hit[how.partition(":")[0]] += 1
        else:
            self.tally.plain[how] += 1

    # --- the end --------------------------------------------------------------------------------------------------

    async def _drained(self) -> None:
        """Until everything was seen and nothing is under way, or nothing moves any more."""
        self.victim.begin()
        assert await self.victim.ready(), self.victim.said
        before, since = None, time.monotonic()
        while time.monotonic() - since < QUIET_S:
            now = (self._under_way(), len(self._missing()), len(self._unlearned()))
            if not any(now):
                return
            if now != before:
                before, since = now, time.monotonic()
            elif self.plan.pane and time.monotonic() - since > PERSON_S and self._stalled():
                # Told to be stalled, with its text in the prompt: several runs ended in the middle of typing it.
                await self.pane.finish()
            await asyncio.sleep(0.1)

    def _under_way(self) -> int:
        """How much there is that somebody may yet see, or see again."""
        ((waiting,),) = self._rows(f"SELECT count(*) FROM delivery WHERE {UNSEEN}")  # noqa: S608  our own words
        ((open_asks,),) = self._rows("SELECT count(*) FROM ask WHERE ended_at IS NULL")
        return waiting + open_asks

    def _stalled(self) -> bool:
        return self._rows("SELECT count(*) FROM delivery WHERE state = 'stalled'") != [(0,)]

    def _rows(self, words: str) -> list[tuple]:
        path = self.house.home / "peerline.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=5)) as store:
            return store.execute(words).fetchall()

    def _uncertain(self) -> list[str]:
        """What texts and answers the daemon says may not have arrived in Telegram."""
        return [
            body
            for (body,) in self._rows(
                "SELECT body FROM delivery JOIN envelope USING (envelope_id) WHERE state = 'uncertain'"
            )
        ]

    def _missing(self) -> list[str]:
        said = "\n".join(self._uncertain())
        return [
            text
            for text in self.ledger.accepted
            if text not in self.ledger.shown[_recipient(text)]
            and not (_recipient(text) == "telegram" and text in said)
        ]

    def _unlearned(self) -> list[str]:
        said = self._uncertain()
        return [
            text
            for text, asker in self.ledger.asks.items()
            if text in self.ledger.accepted
            and text not in self.ledger.told[asker]
            and not (asker == "telegram" and any(f"answered={text}" in each for each in said))
        ]

    # --- the verdict ----------------------------------------------------------------------------------------------

    def _violations(self) -> Iterator[str]:
        ledger = self.ledger
        yield from ledger.wrong
        yield from (f"lost: {text} {self._story(text)}" for text in self._missing())
        yield from (
            f"its asker never learned the end: {text} {self._story(text)}" for text in self._unlearned()
        )
        for recipient, texts in ledger.shown.items():
            counts = Counter(texts)
            yield from (f"shown {n} times: {text} {self._story(text)}" for text, n in counts.items() if n > 1)
            yield from (f"never sent: {text}" for text in counts if text not in ledger.tried)
            yield from _disorder(recipient, [text for text in texts if text not in ledger.urgent])
        for reader, texts in ledger.told.items():
            counts = Counter(texts)
            # Who gave up and answered once more gave a late answer, which is shown as such.
            twice = (
                text for text, n in counts.items() if n > 1 and f"answered={text}" not in ledger.given_up
            )
            yield from (f"answered {counts[text]} times to {reader}: {text}" for text in twice)
        ended = self._rows(
            "SELECT ref, count(*) FROM event WHERE type = 'ended' GROUP BY ref HAVING count(*) > 1"
        )
        yield from (f"{ask_id} ended {n} times" for ask_id, n in ended)
        ended = self._rows(
            "SELECT ask_id, question, state FROM ask WHERE state != 'answered' AND asker != 'p-peerline'"
        )
        yield from (f"{ask_id} is {state}: {question}" for ask_id, question, state in ended)
        (whole,) = self._rows("PRAGMA integrity_check")[0]
        if whole != "ok":
            yield f"the store is broken: {whole}"
        unhit = [name for name in self._named() if not self.tally.hit[name]]
        yield from (f"the step {name} was never passed" for name in unhit if self.plan.kills >= 100)
        for pid in self.pids:
            if not Path(f"/proc/{pid}").exists():
                yield f"the agent's process {pid} is gone"

    def _story(self, text: str) -> str:
        """What the daemon says of it, to look at."""
        about = f"(SELECT envelope_id FROM envelope WHERE body = '{text}')"  # noqa: S608  our own words
        found = self._rows(f"SELECT at, type, what, evidence FROM event WHERE ref IN {about} ORDER BY seq")  # noqa: S608
        return "".join(f"\n    {' '.join(row)}" for row in found)

    def _figures(self, killing_s: float, draining_s: float) -> dict[str, object]:
        ledger, tally = self.ledger, self.tally
        settled = self._rows("SELECT state, count(*) FROM delivery GROUP BY state")
        kinds = {**tally.plain, "at a step": sum(tally.hit.values())}
        repeats = self._rows("SELECT count(*) FROM event WHERE type = 'queued'")
        return {
            "seed": self.plan.seed,
            "kills": sum(kinds.values()),
            "kinds of kills": kinds,
            "steps": dict(sorted(tally.hit.items())),
            "not passed in time": dict(tally.missed),
            "accepted": len(ledger.accepted),
            "asks": len(ledger.asks),
            "shown": {who: len(texts) for who, texts in sorted(ledger.shown.items())},
            "answers": {who: len(texts) for who, texts in sorted(ledger.told.items())},
            "sent once more, and refused": ledger.repeated,
            "given up by a client": len(ledger.given_up),
            "finished in the pane by hand": self.pane.finished,
            "deliveries": dict(settled),
            "freed, to be carried again": repeats[0][0],
            "ready": _spread(tally.ready_s),
            "of that at work": _spread(tally.busy_s),
            "ready, imports done": _spread(tally.forked_s),
            "seconds": f"{killing_s:.1f} killing, {draining_s:.1f} draining",
        }


def _percentile(seconds: Sequence[float], part: float) -> float:
    return sorted(seconds)[int(len(seconds) * part)] if seconds else 0.0


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "never"
    last = sorted(seconds)
    p95 = _percentile(last, 0.95)
    return f"p50 {statistics.median(last):.3f} s, p95 {p95:.3f} s, most {last[-1]:.3f} s, of {len(last)}"


def _recipient(text: str) -> str:
    return text.split("-")[1]


def _disorder(recipient: str, texts: Sequence[str]) -> Iterator[str]:
    latest: dict[str, int] = {}
    for text in texts:
        sender, _, number = text.rstrip(";").split("-")
        if int(number) < latest.get(sender, 0):
            yield f"{recipient} saw {text} after {latest[sender]}"
        latest[sender] = max(latest.get(sender, 0), int(number))
