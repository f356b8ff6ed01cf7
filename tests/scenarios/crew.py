"""One of each real agent, in one house and at one model, while their owner has a phone: what holds for all of them.

Rule: each is started once and side by side with the others; a test lets all of them do the same at the same time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.agents.codex import Codex, codex_binary
from tests.agents.gemini import GeminiCli, gemini_binary
from tests.agents.opencode import OpenCode, opencode_binary
from tests.agents.real_agent import RealAgent
from tests.agents.settings_files import merge_json
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.emulators.telegram import Message, Person, TelegramEmulator
from tests.scenarios.askers import peer
from tests.scenarios.house import ADA, LOOK_S, House, Json, telegram_of

PATIENCE_S = 120.0  # OpenCode needs seconds of a whole core for a start, and there are several of them
HELLO = Rule("^hello ", Says("hello yourself"))


@dataclass(frozen=True, slots=True)
class Kind:
    """`freely` lets it run commands unasked, else it is given `args`; `dialog` is shown in one, `yes` a key for it."""

    name: str
    start: Callable[..., RealAgent]
    binary: Callable[[], object]
    freely: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    dialog: str = ""
    yes: str = "1"


CLAUDE = Kind(
    name="claude-code",
    start=ClaudeCode,
    binary=claude_binary,
    freely=("--settings", '{"permissions": {"allow": ["Bash"]}}'),
    dialog="1. Yes",
)
CODEX = Kind(
    name="codex",
    start=Codex,
    binary=codex_binary,
    freely=("-s", "danger-full-access", "-a", "never"),
    args=("-c", "features.default_mode_request_user_input=true"),
    dialog="Would you like to run",
)
GEMINI = Kind(
    name="gemini",
    start=GeminiCli,
    binary=gemini_binary,
    freely=("--approval-mode", "yolo"),
    dialog="Allow execution of",
)
OPENCODE = Kind(
    name="opencode", start=OpenCode, binary=opencode_binary, dialog="Permission required", yes="Enter"
)
ALL = (CLAUDE, CODEX, GEMINI, OPENCODE)
NEWCOMERS = (CODEX, GEMINI, OPENCODE)


@dataclass(frozen=True, slots=True)
class Crew:
    house: House
    model: ModelApi
    telegram: TelegramEmulator
    ada: Person
    agents: Mapping[str, RealAgent]  # by the name of the peer

    async def until(self, name: str, **wanted: str) -> Json:
        """Until the list of peers shows it like that."""
        found: Json = {}
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not wanted.items() <= (found := await peer(self.house, name)).items():
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            shown = await self.agents[name].capture() if name in self.agents else ""
            raise AssertionError(
                f"{name} is not {wanted}: {found}\n{shown}\n{self.house.daemon.log}"
            ) from None
        return found

    async def each(self, does: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        """All of them do it, side by side."""
        async with asyncio.TaskGroup() as together:
            for name in self.agents:
                together.create_task(does(name))

    async def prompted(self, name: str, text: str) -> None:
        """A person at its terminal says it."""
        await self.agents[name].type(text)

    async def card(self, *words: str, after: Message | None = None) -> Message:
        """What can be tapped, with all those words in it."""
        least = after.message_id if after else 0
        return await self.ada.sees(
            lambda m: all(word in m.text for word in words) and bool(m.labels) and m.message_id > least,
            within=PATIENCE_S,
        )

    async def ended(self, card: Message, how: str) -> None:
        """The card itself says how it was decided."""
        await self.ada.sees_screen(
            lambda screen: any(m.message_id == card.message_id and how in m.text for m in screen),
            within=PATIENCE_S,
        )


@asynccontextmanager
async def crew(
    kinds: Sequence[Kind],
    *,
    freely: bool = False,
    folder: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Crew]:
    """An idle agent of each kind, called like its kind and in a folder of that name."""
    for kind in kinds:
        kind.binary()
    path = f"{codex_binary().parent}:{os.environ['PATH']}"
    async with (
        House(PATH=path, STUB_KEY="sk-dummy") as house,
        ModelApi(Script((HELLO,))) as model,
        TelegramEmulator() as telegram,
        AsyncExitStack() as stack,
    ):
        ada = telegram.person(7, "Ada")
        await house.start(**telegram_of(telegram, ADA), **settings)
        if kinds:
            await installed(house, kinds)
        if freely:
            merge_json(house.user / ".config/opencode/opencode.json", {"permission": {"bash": "allow"}})
        agents = {kind.name: made(house, model, kind, kind.name, freely=freely) for kind in kinds}
        for agent in agents.values():
            agent.write_settings()  # all of them before any that runs writes into the same files
        together = Crew(house, model, telegram, ada, agents)
        for first in list(agents.values())[:1]:
            await stack.enter_async_context(first)  # it begins the tmux session
        async with asyncio.TaskGroup() as starting:
            for name in agents:
                starting.create_task(_joined(stack, together, name))
        yield together


def made(
    house: House, model: ModelApi, kind: Kind, folder: str, *, freely: bool = False, **more: Any
) -> RealAgent:
    place = house.place / folder
    place.mkdir(exist_ok=True)
    args = (*(kind.freely if freely else kind.args), *more.pop("args", ()))
    return kind.start(house.user, place, model.url, f"crew-{os.getpid()}", "dev", args=args, **more)


async def installed(house: House, kinds: Sequence[Kind]) -> None:
    for kept in (".claude", ".codex"):
        (house.user / kept).mkdir(exist_ok=True)
    which = [word for kind in kinds for word in ("--agent", kind.name)]
    told = await house.cli("hooks", "install", *which, "--trust")
    assert told.code == 0, told


async def greeted(together: Crew, name: str, agent: RealAgent) -> None:
    """With a first prompt Codex becomes a peer, and the others have paid for their first turn."""
    await agent.type(f"hello {name}")
    await together.model.until(lambda: together.model.times_heard(f"hello {name}") > 0, PATIENCE_S)
    await together.until(name, turn_state="idle", status="online")
    await agent.until_idle()


async def _joined(stack: AsyncExitStack, together: Crew, name: str) -> None:
    agent = together.agents[name]
    if not agent.pane:
        await stack.enter_async_context(agent)
    await greeted(together, name, agent)
