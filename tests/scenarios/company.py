"""One house with two of each real agent, at one daemon, one tmux server and one model: one asks, the other answers.

Rule: each is started once. Four pairs are at work at a time, and no agent is in two of them, so nobody waits for a
ring, and the sixteen ordered pairs of kinds are four rounds.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.agents.codex import Codex, codex_binary
from tests.agents.gemini import GeminiCli, gemini_binary
from tests.agents.opencode import OpenCode, opencode_binary
from tests.agents.real_agent import RealAgent
from tests.daemon_process import free_port
from tests.emulators.model_api import Answer, ModelApi, Rule, Says, Script
from tests.scenarios.askers import peer
from tests.scenarios.house import LOOK_S, House

PATIENCE_S = 180.0
KINDS: Mapping[str, Callable[..., RealAgent]] = MappingProxyType(
    {"claude": ClaudeCode, "codex": Codex, "gemini": GeminiCli, "opencode": OpenCode}
)
# As its users have it: what needs no person's leave runs in its sandbox, and no rule of ours opens that.
ARGS: Mapping[str, Sequence[str]] = MappingProxyType(
    {"codex": ("--sandbox", "workspace-write", "--ask-for-approval", "on-request")}
)
BINARIES = (claude_binary, codex_binary, gemini_binary, opencode_binary)
BACKENDS = ("claude-code", "codex", "gemini", "opencode")


@dataclass(frozen=True, slots=True)
class Pair:
    """Kinds: who asks, and who answers."""

    asks: str
    answers: str

    @property
    def asker(self) -> str:
        return f"{self.asks}-asks"

    @property
    def answerer(self) -> str:
        return f"{self.answers}-answers"

    def __str__(self) -> str:
        return f"{self.asks}-to-{self.answers}"


def rounds(kinds: Sequence[str] = tuple(KINDS)) -> list[list[Pair]]:
    """All ordered pairs; of those of one round none has an agent in common with another."""
    size = len(kinds)
    return [[Pair(kinds[n], kinds[(n + shift) % size]) for n in range(size)] for shift in range(size)]


@dataclass(frozen=True, slots=True)
class Company:
    line: House
    model: ModelApi
    agents: Mapping[str, RealAgent]  # by the name of the peer

    async def until_idle(self, *names: str) -> None:
        """Until the daemon takes all of them for idle."""
        async with asyncio.TaskGroup() as all_of_them:
            for name in names:
                all_of_them.create_task(self.until(name, turn_state="idle"))

    async def until(self, name: str, **wanted: str) -> None:
        found: Mapping[str, object] = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted.items() <= (found := await peer(self.line, name)).items():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            shown = await self.agents[name].capture()
            raise AssertionError(
                f"{name} is not {wanted}: {found}\n{shown}\n{self.line.daemon.log}"
            ) from None

    async def until_said(self, answer: Answer, wanted: str) -> None:
        """Until the model has said that."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not any(turn.answer == answer for turn in self.model.heard):
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            rows = {name: await peer(self.line, name) for name in self.agents}
            states = "\n".join(f"{name}: {row}" for name, row in rows.items())
            raise AssertionError(f"waited in vain for {wanted}\n{states}\n{self.line.daemon.log}") from None

    async def prompt(self, name: str, text: str) -> None:
        """A person at its terminal says it."""
        await self.agents[name].type(text)


@asynccontextmanager
async def company(
    kinds: Sequence[str] = tuple(KINDS), *, http: bool = False, one_folder: bool = False
) -> AsyncIterator[Company]:
    """Two of each kind. `http`: by the daemon's TCP port; `one_folder`: the two of a kind share theirs."""
    for binary in BINARIES:
        binary()
    path = f"{codex_binary().parent}:{os.environ['PATH']}"
    port = {"PEERLINE_DAEMON__PORT": str(free_port() if http else 0)}
    async with (
        House(PATH=path, STUB_KEY="sk-dummy", **port) as line,
        ModelApi() as model,
        AsyncExitStack() as stack,
    ):
        await line.start()
        for folder in (".claude", ".codex"):
            (line.user / folder).mkdir()
        which = [word for name in BACKENDS for word in ("--agent", name)]
        installed = await line.cli(
            "hooks", "install", *which, "--trust", "--mcp", "http" if http else "stdio"
        )
        assert installed.code == 0, installed
        made = Company(line, model, made_ready(line, model, kinds, one_folder=one_folder))
        await entered(stack, made)
        yield made


def made_ready(
    line: House, model: ModelApi, kinds: Sequence[str], *, one_folder: bool
) -> dict[str, RealAgent]:
    agents: dict[str, RealAgent] = {}
    for kind in kinds:
        for name in (f"{kind}-asks", f"{kind}-answers"):
            folder = line.place / (kind if one_folder else name)
            folder.mkdir(exist_ok=True)
            places = (line.user, folder, model.url, f"pairs-{os.getpid()}", "dev")
            agents[name] = KINDS[kind](*places, args=ARGS.get(kind, ()), env={"PEERLINE_NAME": name})
            agents[name].write_settings()  # all of them before any that runs writes into the same files
    return agents


async def entered(stack: AsyncExitStack, made: Company) -> None:
    """The very first alone, for it begins the tmux session; of one kind one after the other: they share a home."""
    await stack.enter_async_context(next(iter(made.agents.values())))

    async def one_by_one(names: Sequence[str]) -> None:
        for name in names:
            if not made.agents[name].pane:
                await stack.enter_async_context(made.agents[name])
            await greeted(made, name)

    made.model.script = Script((Rule("^hello ", Says("hello yourself")),))
    names = list(made.agents)
    async with asyncio.TaskGroup() as starting:
        for two in zip(names[::2], names[1::2], strict=True):
            starting.create_task(one_by_one(two))


async def greeted(made: Company, name: str) -> None:
    """With a first prompt Codex becomes a peer, and the others have paid for their first turn."""
    await made.prompt(name, f"hello {name}")
    await made.model.until(lambda: made.model.times_heard(f"hello {name}") > 0, PATIENCE_S)
    await made.until(name, turn_state="idle", status="online")
