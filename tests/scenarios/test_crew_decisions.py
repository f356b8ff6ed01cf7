"""What Codex, Gemini CLI and OpenCode ask is decided once, wherever that is, and all cards tell of it."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import Calls, Rule, Runs, Says, Script
from tests.emulators.telegram import Message
from tests.scenarios.crew import CODEX, HELLO, NEWCOMERS, PATIENCE_S, Crew, crew
from tests.scenarios.house import ADA, LOOK_S, Json, telegram_of

pytestmark = pytest.mark.thorough
TRUSTED = {"PEERLINE_OWNER__TRUST_TERMINAL": "true"}
NIGHTS = {"PEERLINE_UNATTENDED": "[{circle: dev, window: '00:00-00:00', reason: everybody sleeps}]"}
KINDS = {kind.name: kind for kind in NEWCOMERS}
ASKED = {
    "question": "Which colour?",
    "header": "Colour",
    "id": "colour",
    "options": [{"label": "Red", "description": "like fire"}, {"label": "Blue", "description": "like sky"}],
}


@pytest.fixture
async def together() -> AsyncIterator[Crew]:
    async with crew(NEWCOMERS, settings=TRUSTED) as together:
        together.model.script = Script((*map(makes, NEWCOMER_NAMES), HELLO))
        yield together


NEWCOMER_NAMES = tuple(KINDS)


def makes(name: str) -> Rule:
    """`make FILE, NAME` makes it run a command that nobody but a person can allow."""
    return Rule(rf"make (\w+), {name}$", Runs(f"echo {{1}} of {name} | tee {{1}}.txt", asking=True))


async def asks(together: Crew, name: str, what: str) -> Message:
    """The card of what it wants to run by now."""
    await together.prompted(name, f"make {what}, {name}")
    return await together.card(f"echo {what} of {name}")


def made(together: Crew, name: str, what: str) -> bool:
    return (together.agents[name].cwd / f"{what}.txt").exists()


async def rests(together: Crew, name: str) -> None:
    await together.until(name, turn_state="idle")
    await together.agents[name].until_idle()


async def test_it_is_decided_once_on_the_phone_at_the_terminal_or_at_the_agent(together: Crew) -> None:
    await together.each(lambda name: allowed_on_the_phone(together, name))
    await together.each(lambda name: allowed_at_the_terminal(together, name))
    await together.each(lambda name: tapped_twice(together, name))
    await together.each(lambda name: allowed_at_the_agent(together, name))
    await together.each(lambda name: refused_at_the_agent(together, name))
    await a_question_is_answered_by_a_button(together)
    await a_plan_is_gone_by(together)
    await a_decision_outlives_the_daemon(together)
    await nobody_is_there(together)


async def allowed_on_the_phone(together: Crew, name: str) -> None:
    card = await asks(together, name, "phone")
    assert not made(together, name, "phone")
    await together.ada.taps(card, "Allow").answered(within=PATIENCE_S)
    await rests(together, name)
    assert made(together, name, "phone")
    await together.ended(card, "Allow (ada)")


async def allowed_at_the_terminal(together: Crew, name: str) -> None:
    card = await asks(together, name, "terminal")
    told = await together.house.at_terminal("ack", await ask_about(together, name), "--option", "Allow")
    assert told.code == 0, told
    await rests(together, name)
    assert made(together, name, "terminal")
    await together.ended(card, "Allow")


async def tapped_twice(together: Crew, name: str) -> None:
    card = await asks(together, name, "twice")
    taps = [together.ada.taps(card, "Deny"), together.ada.taps(card, "Allow")]
    await asyncio.gather(*(tap.answered(within=PATIENCE_S) for tap in taps))
    await together.ended(card, "Deny (ada)")
    await rests(together, name)
    assert not made(together, name, "twice")


async def allowed_at_the_agent(together: Crew, name: str) -> None:
    card = await asks(together, name, "here")
    await at_its_dialog(together, name, KINDS[name].yes)
    await together.ended(card, "at the agent itself")
    await rests(together, name)
    assert made(together, name, "here")


async def refused_at_the_agent(together: Crew, name: str) -> None:
    card = await asks(together, name, "never")
    await at_its_dialog(together, name, "Escape")
    await together.ended(card, "at the agent itself")
    await rests(together, name)
    assert not made(together, name, "never")


async def at_its_dialog(together: Crew, name: str, key: str) -> None:
    """A person presses until it has an effect; Codex shows its dialog when its hook waits no more."""
    agent, kind = together.agents[name], KINDS[name]
    if kind is CODEX:
        await hook_gone(agent)
    await agent.until_shown(kind.dialog)
    async with asyncio.timeout(PATIENCE_S):
        while kind.dialog in await agent.capture():
            await agent.press(key)
            await asyncio.sleep(0.3)


async def hook_gone(agent: RealAgent) -> None:
    """As if it had waited for all of its time."""
    found = []
    async with asyncio.timeout(PATIENCE_S):
        while not found:
            for process in await agent.family():
                with suppress(OSError):
                    if b"PermissionRequest" in Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0"):
                        found.append(process.pid)
            await asyncio.sleep(LOOK_S)
    for pid in found:
        os.kill(pid, signal.SIGTERM)


async def ask_about(together: Crew, name: str) -> str:
    asks = (await together.house.daemon.client().asks("all"))["asks"]
    [found] = [each["ask_id"] for each in asks if f"of {name}" in each["question"]]
    return str(found)


async def a_question_is_answered_by_a_button(together: Crew) -> None:
    both = [ASKED, ASKED | {"question": "And which one then?", "id": "then"}]
    asking = Calls("request_user_input", {"questions": both})
    together.model.script = Script((Rule("ask me", asking, times=1), *map(makes, NEWCOMER_NAMES), HELLO))
    await together.prompted("codex", "ask me")
    card = await together.card("Which colour?")
    assert card.labels == ("Red", "Blue")
    await together.ada.taps(card, "Blue").answered(within=PATIENCE_S)
    then = await together.ada.sees("And which one then?", within=PATIENCE_S)
    together.ada.says("green, my own", reply_to=then)
    heard = await together.model.hears('"colour":{"answers":["Blue"]}')
    assert "None of the above" in heard.text
    assert "And which one then? green, my own" in (await together.model.hears("green, my own")).text
    await rests(together, "codex")


async def a_plan_is_gone_by(together: Crew) -> None:
    agent = together.agents["codex"]
    planned = Says("Here it is.\n<proposed_plan>\n# All in blue\n</proposed_plan>")
    together.model.script = Script((Rule("plan it", planned, times=1), *map(makes, NEWCOMER_NAMES), HELLO))
    async with asyncio.timeout(PATIENCE_S):
        while "Plan mode (shift" not in await agent.capture():
            await agent.press("BTab")
            await asyncio.sleep(1)
    await together.prompted("codex", "plan it")
    card = await together.card("made a plan", "All in blue")
    await together.ada.taps(card, "Approve").answered(within=PATIENCE_S)
    await together.ended(card, "Approve (ada)")
    await together.model.hears("Implement the plan.")
    await rests(together, "codex")


async def a_decision_outlives_the_daemon(together: Crew) -> None:
    """Also one that no hook takes any more: Codex's own dialog is answered by a key."""
    cards = {name: await asks(together, name, "late") for name in together.agents}
    for name in together.agents:
        await together.house.until("shown", is_shown, await ask_about(together, name))
    await together.house.daemon.kill9()
    await hook_gone(together.agents["codex"])
    await together.house.start(**telegram_of(together.telegram, ADA))
    await together.agents["codex"].until_shown(CODEX.dialog)

    async def decided(name: str) -> None:
        await together.ada.taps(cards[name], "Allow").answered(within=PATIENCE_S)
        await rests(together, name)
        assert made(together, name, "late")
        await together.ended(cards[name], "Allow (ada)")

    await together.each(decided)


def is_shown(told: Json) -> bool:
    """Else it might come again, marked, and tell of nothing."""
    return all(each["level"] in {"handed", "seen", "settled"} for each in told["deliveries"])


async def nobody_is_there(together: Crew) -> None:
    await together.house.daemon.stop()
    await together.house.start(**telegram_of(together.telegram, ADA), **NIGHTS)

    for name in together.agents:
        await together.prompted(name, f"make nights, {name}")
    await together.model.until(
        lambda: together.model.times_heard("everybody sleeps") >= len(KINDS), PATIENCE_S
    )
    for name in together.agents:
        await rests(together, name)
        assert not made(together, name, "nights")
