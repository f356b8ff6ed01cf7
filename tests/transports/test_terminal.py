"""The terminal road: into an empty prompt of the right idle agent, once; else nothing is typed, or no Enter pressed."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daemon.callers import processes
from daemon.core.model import Pane, Session
from daemon.core.rules.frame import framed
from daemon.engine.clock import SystemClock
from daemon.tmux import Tmux
from daemon.transports import dialog, terminal
from daemon.transports.dialog import DialogKeys
from daemon.transports.interface import Blocked, Carried, Failed, Outcome
from daemon.transports.terminal import Terminal
from tests.transports.parcels import parcel, session
from tests.transports.test_dialog import approval

pytestmark = [
    pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux"),
    pytest.mark.skipif(sys.platform != "linux", reason="the program reads /proc"),
]

NOW = SystemClock().now
PROGRAM = Path(__file__).parent / "screen_agent.py"


class Stopped(Exception):
    """The daemon ended here."""


class Agent:
    """A program in a pane: where it is, and what was done to it."""

    def __init__(self, folder: Path, where: Session) -> None:
        self._file = folder / f"{where.pid}.json"
        self.session = where

    @property
    def held(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._file.read_text())
        return told

    @property
    def prompts(self) -> list[str]:
        return list(self.held["prompts"])

    async def until(self, **wanted: object) -> None:
        await until(lambda: wanted.items() <= self.held.items())

    async def until_sent(self, *body: str) -> None:
        """Until it has the message, once."""
        await self.until(prompts=[framed(parcel(*body))], draft="")
        assert self.held["enters"] <= 2, "one more Enter is for an agent that was slow to take the first"


class House:
    """A tmux server and agents on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "tmux")
        (folder / "sessions").mkdir()

    def tmux(self, *words: str) -> str:
        argv = ["tmux", "-u", "-f", "/dev/null", "-S", self.socket, *words]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    async def agent(self, *, behind: bool = False, **wishes: object) -> Agent:
        """An agent at its prompt, in a pane of its own; ``behind``: a shell waits behind it."""
        before = set(self.folder.glob("*.json"))
        argv = [sys.executable, "-I", str(PROGRAM), str(self.folder), json.dumps(wishes)]
        running = self.tmux("list-sessions") if Path(self.socket).exists() else ""
        begin = ["new-window", "-d"] if running else ["new-session", "-d", "-x", "80", "-y", "24"]
        program = ["bash", "--norc", "-im", "-c", '"$@"; cat; true', "x", *argv] if behind else argv
        pane_id = self.tmux(*begin, "-P", "-F", "#{pane_id}", *program)
        await until(lambda: bool(set(self.folder.glob("[0-9]*.json")) - before))
        (new,) = set(self.folder.glob("[0-9]*.json")) - before
        pid = int(new.stem)
        where = session(
            pid,
            processes.started(pid),
            config_dir=str(self.folder),
            pane=await self.pane(pane_id),
        )
        return Agent(self.folder, where)

    @asynccontextmanager
    async def attached(self, agent: Agent) -> AsyncIterator[int]:
        """Our end of a terminal at which somebody looks at the agent's pane."""
        ours, theirs = pty.openpty()
        self.tmux("select-window", "-t", agent.session.pane.pane_id)
        argv = ["tmux", "-u", "-S", self.socket, "attach"]
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as client:
            try:
                await until(lambda: self.touched(agent) > 0)
                yield ours
            finally:
                client.kill()
                os.close(ours)
                os.close(theirs)

    def touched(self, agent: Agent) -> int:
        """When whoever looks at the agent's pane last pressed a key; 0: nobody looks."""
        told = self.tmux("list-clients", "-F", "#{client_activity} #{pane_id}").splitlines()
        pairs = (line.split(" ") for line in told)
        return max((int(at) for at, pane in pairs if pane == agent.session.pane.pane_id), default=0)

    def until(self, come: Callable[[], bool]) -> None:
        """For what happens in the midst of the road: it waits, too."""
        until_s = time.monotonic() + 10
        while not come():
            assert time.monotonic() < until_s

    async def pane(self, pane_id: str) -> Pane:
        now = await Tmux(self.socket).describe(pane_id)
        return Pane(
            tmux=self.socket,
            server_pid=now.server_pid,
            server_started=processes.started(now.server_pid) or 0,
            pane_id=pane_id,
            pane_pid=now.pane_pid,
            pane_started=processes.started(now.pane_pid) or 0,
        )


async def until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not come():
            await asyncio.sleep(0.01)


@pytest.fixture
async def house(tmp_path_factory) -> AsyncIterator[House]:
    made = House(tmp_path_factory.mktemp("t"))
    yield made
    subprocess.run(["tmux", "-S", made.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(terminal, "BETWEEN_LOOKS_S", 0.01)


async def carry(
    agent: Agent | Session,
    *,
    body: str = "how far are you?",
    again: bool = False,
    stop_at: str = "",
    now: Callable[[], datetime] = NOW,
) -> Outcome:
    where = agent.session if isinstance(agent, Agent) else agent

    def passed(step: str) -> None:
        if step == stop_at:
            raise Stopped

    return await Terminal(now, passed=passed).carry(parcel(body), where, again=again)


# --- it arrives -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        "how far are you?",
        "two\nlines",
        "/clear",
        "!rm -rf /",
        "a body that wraps, " * 20,
        "grüße · 日本語 · 👩‍💻 · e\u0301 · a\u200bb",
        "tab\tand ; $(id) #(id) `id` %1",
        "x" * 60_000,
        "long\n" * 2_000,
    ],
    ids=lambda body: repr(body[:12]),
)
async def test_an_idle_agent_with_an_empty_prompt_is_given_the_message_once(house: House, body: str) -> None:
    agent = await house.agent()

    assert await carry(agent, body=body) == terminal.SENT
    await agent.until_sent(body)


async def test_a_paste_that_was_never_sent_is_sent_by_enter_alone(house: House) -> None:
    agent = await house.agent()
    with pytest.raises(Stopped):
        await carry(agent, stop_at="terminal.pasted")
    await agent.until(draft=framed(parcel()), enters=0)

    assert isinstance(await carry(agent, again=True), Carried)
    await agent.until_sent()


async def test_an_agent_that_a_shell_started_is_given_the_message_while_it_has_the_keys(house: House) -> None:
    agent = await house.agent(behind=True)

    assert isinstance(await carry(agent), Carried)
    await agent.until(prompts=[framed(parcel())])


# --- nothing is typed -------------------------------------------------------------------------------


async def is_left_alone(agent: Agent, why: str, *, draft: str = "", again: bool = False) -> None:
    assert await carry(agent, again=again) == Blocked(why, terminal.LOOK_AGAIN)
    assert agent.held == {"draft": draft, "prompts": [], "enters": 0}


@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize("draft", ["my own words", "/", "[Pasted text #1 +9 lines]"])
async def test_a_draft_is_left_alone(house: House, draft: str, again: bool) -> None:
    agent = await house.agent(draft=draft)

    await is_left_alone(agent, "there is a draft in the prompt", draft=draft, again=again)


async def test_a_paste_of_ours_that_a_person_wrote_on_in_is_theirs(house: House) -> None:
    draft = framed(parcel()) + " and my words"
    agent = await house.agent(draft=draft)

    await is_left_alone(agent, "there is a draft in the prompt", draft=draft, again=True)


@pytest.mark.parametrize("status", ["busy", "waiting", "", "something new"])
async def test_an_agent_that_is_not_idle_is_left_alone(house: House, status: str) -> None:
    agent = await house.agent(status=status)

    await is_left_alone(agent, f"the agent is {status}")


async def test_an_agent_at_which_somebody_types_is_left_alone_until_they_pause(house: House) -> None:
    """Also when nothing of it is to be seen: they may be thinking about the next word."""
    agent = await house.agent()
    async with house.attached(agent) as keys:
        os.write(keys, b"\x1b[D")
        await until(lambda: house.touched(agent) > 0)
        touched = datetime.fromtimestamp(house.touched(agent), UTC)
        for moment in (touched, touched + timedelta(seconds=2.9), touched - timedelta(seconds=1)):
            outcome = await carry(agent, now=lambda moment=moment: moment)
            assert outcome == Blocked("somebody is typing there", terminal.LOOK_AGAIN)
        assert agent.prompts == []
        await carry(agent, now=lambda: touched + terminal.QUIET_FOR)
    await agent.until_sent()


async def test_who_types_into_another_pane_is_in_nobodys_way(house: House) -> None:
    other, agent = await house.agent(), await house.agent()
    async with house.attached(other) as keys:
        os.write(keys, b"x")
        await other.until(draft="x")

        assert await carry(agent) == terminal.SENT


async def test_an_agent_that_searches_its_history_is_left_alone(house: House) -> None:
    agent = await house.agent(search=True)

    await is_left_alone(agent, "no prompt is to be seen")


async def test_an_agent_that_went_on_to_another_session_is_left_alone(house: House) -> None:
    agent = await house.agent(session="another")

    await is_left_alone(agent, "the agent is in another session by now")


async def test_an_agent_whose_pane_is_in_copy_mode_is_left_alone(house: House) -> None:
    agent = await house.agent()
    house.tmux("copy-mode", "-t", agent.session.pane.pane_id)

    await is_left_alone(agent, "the pane is in copy mode")


async def test_an_agent_that_says_nothing_of_itself_is_left_alone(house: House) -> None:
    agent = await house.agent()
    (house.folder / "sessions" / f"{agent.session.pid}.json").unlink()

    await is_left_alone(agent, "the agent is gone")


async def test_a_shell_behind_a_sleeping_agent_gets_nothing(house: House) -> None:
    agent = await house.agent(behind=True)
    os.kill(agent.session.pid, signal.SIGSTOP)
    await until(lambda: not processes.process(agent.session.pid).foreground)
    outcome = await carry(agent)
    os.kill(agent.session.pid, signal.SIGCONT)

    assert isinstance(outcome, Blocked)
    assert outcome.reason.startswith("the pane listens with ")
    assert "[peerline" not in house.tmux("capture-pane", "-p", "-t", agent.session.pane.pane_id)


async def test_what_is_left_in_the_pane_of_a_dead_agent_gets_nothing(house: House) -> None:
    agent = await house.agent(behind=True)
    os.kill(agent.session.pid, signal.SIGKILL)
    await until(lambda: processes.process(agent.session.pid) is None)

    assert await carry(agent) == Blocked("the agent is gone from its pane", terminal.LOOK_AGAIN)
    assert "[peerline" not in house.tmux("capture-pane", "-p", "-t", agent.session.pane.pane_id)


async def test_the_pane_of_another_agent_gets_nothing(house: House) -> None:
    mine, other = await house.agent(), await house.agent()
    wrong = replace(mine.session, pane=other.session.pane)
    outcome = await carry(wrong)

    assert isinstance(outcome, Blocked)
    assert outcome.reason.startswith("the pane listens with ")
    for agent in (mine, other):
        assert agent.held == {"draft": "", "prompts": [], "enters": 0}


@pytest.mark.parametrize("field", ["server_pid", "server_started", "pane_pid", "pane_started"])
async def test_a_pane_that_is_another_one_by_now_gets_nothing(house: House, field: str) -> None:
    agent = await house.agent()
    stale = replace(agent.session.pane, **{field: 1})

    assert await carry(replace(agent.session, pane=stale)) == Blocked(
        "the pane is another one by now", terminal.LOOK_AGAIN
    )
    assert agent.held == {"draft": "", "prompts": [], "enters": 0}


async def test_another_process_with_the_agents_number_gets_nothing(house: House) -> None:
    agent = await house.agent()
    reused = replace(agent.session, started=agent.session.started - 1)

    assert await carry(reused) == Blocked("the agent is gone from its pane", terminal.LOOK_AGAIN)
    assert agent.held == {"draft": "", "prompts": [], "enters": 0}


async def test_a_dialog_of_another_process_with_the_agents_number_gets_no_key(house: House) -> None:
    agent = await house.agent(status="waiting")
    reused = replace(agent.session, started=agent.session.started - 1)
    outcome = await DialogKeys().press(approval(command="touch a1"), reused)

    assert outcome == Blocked("the agent is gone from its pane", dialog.LOOK_AGAIN)


async def test_without_a_pane_there_is_no_such_road(house: House) -> None:
    assert await carry(session()) == Failed("the session has no pane")


async def test_a_pane_that_is_gone_is_waited_for_no_longer_than_a_look(house: House) -> None:
    agent, _ = await house.agent(), await house.agent()
    house.tmux("kill-pane", "-t", agent.session.pane.pane_id)
    outcome = await carry(agent)

    assert isinstance(outcome, Blocked)


async def test_what_no_terminal_may_be_sent_is_refused_and_nothing_is_typed(house: House) -> None:
    agent = await house.agent()
    outcome = await carry(agent, body="out\x1b[201~\rof it")

    assert isinstance(outcome, Failed)
    assert agent.held == {"draft": "", "prompts": [], "enters": 0}


# --- no Enter is pressed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        ("dialog", "the agent is waiting"),
        ("typed", "something else lies in the prompt, too"),
        ("hidden", "something else lies in the prompt, too"),
        ("mouse", "the pane is in copy mode"),
    ],
)
async def test_enter_is_pressed_only_when_the_paste_alone_lies_in_the_prompt(
    house: House, happens: str, why: str
) -> None:
    """Enter would say yes to the dialog, or send a person's half sentence."""
    agent = await house.agent(on_paste=happens)

    assert await carry(agent) == Failed(f"pasted, but not sent: {why}")
    assert agent.held["enters"] == 0
    assert agent.held["draft"].endswith(framed(parcel()))


@pytest.mark.parametrize("key", [b"x", b"\x1b[D"])
async def test_enter_is_not_pressed_over_a_person_that_begins_to_type(house: House, key: bytes) -> None:
    agent = await house.agent()
    async with house.attached(agent) as keys:
        attached = house.touched(agent)
        await until(lambda: NOW().timestamp() > attached + 3.1)

        def passed(step: str) -> None:
            if step == "terminal.pasted":
                os.write(keys, key)
                house.until(lambda: house.touched(agent) > attached)

        outcome = await Terminal(NOW, passed=passed).carry(parcel(), agent.session, again=False)
    assert outcome == Failed("pasted, but not sent: somebody is typing there")
    assert agent.held["enters"] == 0


@pytest.mark.parametrize(("swallowed", "enters"), [(1, 2), (9, 2)])
async def test_an_enter_that_did_nothing_is_pressed_once_more_and_no_third_time(
    house: House, swallowed: int, enters: int
) -> None:
    agent = await house.agent(swallows=swallowed)

    assert await carry(agent) == terminal.SENT
    await agent.until(enters=enters, prompts=[framed(parcel())] if swallowed < enters else [])


async def test_what_a_look_away_left_in_the_prompt_is_sent_by_the_next_attempt(house: House) -> None:
    agent = await house.agent(on_paste="mouse")
    assert isinstance(await carry(agent), Failed)
    house.tmux("send-keys", "-t", agent.session.pane.pane_id, "-X", "cancel")

    assert isinstance(await carry(agent, again=True), Carried)
    await agent.until_sent()
