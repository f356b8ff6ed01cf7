"""What the real agent waits for is decided where its person is, once; and the agent does exactly that."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from tests.agents.claude_code import PROMPT, ClaudeCode, claude_binary
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.emulators.telegram import Message, Person, TelegramEmulator
from tests.scenarios.house import ADA, PATIENCE_S, House, telegram_of


@pytest.fixture
async def agent(phone: House, model: ModelApi) -> AsyncIterator[ClaudeCode]:
    folder = phone.place / "backend"
    folder.mkdir()
    async with ClaudeCode(phone.user, folder, model.url, f"scene-{os.getpid()}", "dev") as agent:
        await phone.joined("backend")
        yield agent


def touches(name: str) -> Calls:
    return Calls("Bash", {"command": f"touch {name}", "description": "make a file"})


def making(name: str, more: str = "all done") -> Script:
    return Script((Rule("make it", touches(name), times=1), Rule(".", Says(more))))


async def decided(ada: Person, card: Message, how: str) -> None:
    """The card itself says how it ended."""
    await ada.sees_screen(
        lambda screen: any(m.message_id == card.message_id and how in m.text for m in screen),
        within=PATIENCE_S,
    )


async def pressed(agent: ClaudeCode, key: str) -> None:
    """A person presses until it has an effect: a dialog that has just opened takes no key for a moment."""
    await agent.until_shown("1. Yes")
    async with asyncio.timeout(PATIENCE_S):
        while "1. Yes" in await agent.capture():
            await agent.press(key)
            await asyncio.sleep(0.3)


def asked_of(agent: ClaudeCode) -> str:
    return str(agent.registry().get("waitingFor", ""))


async def test_a_permission_is_given_from_the_phone(agent: ClaudeCode, ada: Person, model: ModelApi) -> None:
    model.script = making("made")
    await agent.type("make it")
    card = await ada.sees("touch made", within=PATIENCE_S)
    assert card.labels[0] == "Allow"
    assert card.labels[-2:] == ("Deny", "diff")
    await ada.taps(card, "Allow").answered(within=PATIENCE_S)
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert (agent.cwd / "made").exists()
    await decided(ada, card, "Allow (ada)")


@pytest.mark.thorough
async def test_a_reply_in_words_denies_with_the_words_as_the_reason(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = making("never")
    await agent.type("make it")
    card = await ada.sees("touch never", within=PATIENCE_S)
    ada.says("use the other folder", reply_to=card)
    await model.hears("use the other folder")
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert not (agent.cwd / "never").exists()
    await decided(ada, card, "Deny (ada)")


async def test_what_is_allowed_at_the_agent_itself_is_shown_on_the_phone_and_a_later_tap_changes_nothing(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = making("here")
    await agent.type("make it")
    card = await ada.sees("touch here", within=PATIENCE_S)
    await pressed(agent, "1")
    await decided(ada, card, "allowed at the agent itself")
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert (agent.cwd / "here").exists()


@pytest.mark.thorough
async def test_a_no_at_the_agent_itself_is_shown_on_the_phone(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = making("never")
    await agent.type("make it")
    card = await ada.sees("touch never", within=PATIENCE_S)
    await pressed(agent, "Escape")
    await decided(ada, card, "decided at the agent itself")
    assert not (agent.cwd / "never").exists()


async def test_two_taps_at_once_are_one_decision(agent: ClaudeCode, ada: Person, model: ModelApi) -> None:
    model.script = making("made")
    await agent.type("make it")
    card = await ada.sees("touch made", within=PATIENCE_S)
    taps = [ada.taps(card, "Deny"), ada.taps(card, "Allow")]
    await asyncio.gather(*(tap.answered(within=PATIENCE_S) for tap in taps))
    await decided(ada, card, "Deny (ada)")
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert not (agent.cwd / "made").exists()


async def test_the_daemon_dies_while_the_hook_waits_and_the_tap_still_counts(
    phone: House, agent: ClaudeCode, ada: Person, telegram: TelegramEmulator, model: ModelApi
) -> None:
    model.script = making("made")
    await agent.type("make it")
    card = await ada.sees("touch made", within=PATIENCE_S)
    await phone.daemon.kill9()
    await phone.start(**telegram_of(telegram, ADA))
    await ada.taps(card, "Allow").answered(within=PATIENCE_S)
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert (agent.cwd / "made").exists()
    await decided(ada, card, "Allow (ada)")


@pytest.mark.thorough
async def test_after_eleven_minutes_the_card_is_shown_again_and_the_second_tap_answers_the_dialog(
    phone: House, agent: ClaudeCode, ada: Person, telegram: TelegramEmulator, model: ModelApi
) -> None:
    model.script = making("made")
    await agent.type("make it")
    card = await ada.sees("touch made", within=PATIENCE_S)
    await hook_gone(agent)
    await phone.daemon.stop()
    phone.grow_older(timedelta(minutes=11))
    await phone.start(**telegram_of(telegram, ADA))
    await ada.taps(card, "Allow").answered(within=PATIENCE_S)
    again = await ada.sees(
        lambda m: "touch made" in m.text and m.message_id > card.message_id, within=PATIENCE_S
    )
    assert asked_of(agent)
    await ada.taps(again, "Allow").answered(within=PATIENCE_S)
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert (agent.cwd / "made").exists()
    await decided(ada, card, "Allow (ada)")
    await decided(ada, again, "Allow (ada)")


async def hook_gone(agent: ClaudeCode) -> None:
    """The waiting hook's time is up: it ends as if it had waited its ten minutes."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            words = path.read_bytes().split(b"\0")
            parent = int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
            if b"PermissionRequest" in words and agent.pid in {parent, _parent(parent)}:
                found.append(int(path.parent.name))
    assert found
    for pid in found:
        os.kill(pid, signal.SIGTERM)


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


async def test_a_question_of_the_agent_is_answered_by_a_button(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    question = {
        "question": "Which colour?",
        "header": "Colour",
        "multiSelect": False,
        "options": [
            {"label": "Red", "description": "like fire"},
            {"label": "Blue", "description": "like sky"},
        ],
    }
    asking = Calls("AskUserQuestion", {"questions": [question, question | {"question": "And then?"}]})
    model.script = Script((Rule("make it", asking, times=1), Rule(".", Says("all done"))))
    await agent.type("make it")
    card = await ada.sees("Which colour?", within=PATIENCE_S)
    assert card.labels == ("Red", "Blue")
    await ada.taps(card, "Blue").answered(within=PATIENCE_S)
    ada.says("green, my own", reply_to=await ada.sees("And then?", within=PATIENCE_S))
    await model.hears('"Which colour?"="Blue"')
    assert model.times_heard("green, my own") == 1
    await agent.until_status("idle", seconds=PATIENCE_S)


@pytest.mark.thorough
async def test_at_night_what_is_asked_is_denied_and_the_agent_told_why(
    house: House, telegram: TelegramEmulator, ada: Person, model: ModelApi
) -> None:
    claude_binary()
    (house.user / ".claude").mkdir()
    nights = "[{circle: dev, window: '00:00-00:00', reason: everybody sleeps}]"
    await house.start(**telegram_of(telegram, ADA), PEERLINE_UNATTENDED=nights)
    assert (await house.cli("hooks", "install", "--agent", "claude-code")).code == 0
    (house.place / "backend").mkdir()
    model.script = making("never")
    async with ClaudeCode(
        house.user, house.place / "backend", model.url, f"scene-{os.getpid()}", "dev"
    ) as agent:
        await agent.type("make it")
        await model.hears("everybody sleeps")
        await agent.until_status("idle", seconds=PATIENCE_S)
    assert not (agent.cwd / "never").exists()


# --- at the terminal --------------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_a_permission_is_given_at_a_trusted_terminal_and_the_phone_shows_it(
    house: House, telegram: TelegramEmulator, ada: Person, model: ModelApi
) -> None:
    claude_binary()
    (house.user / ".claude").mkdir()
    await house.start(**telegram_of(telegram, ADA), PEERLINE_OWNER__TRUST_TERMINAL="true")
    assert (await house.cli("hooks", "install", "--agent", "claude-code")).code == 0
    (house.place / "backend").mkdir()
    model.script = making("made")
    name = f"scene-{os.getpid()}"
    async with (
        ClaudeCode(house.user, house.place / "backend", model.url, name, "dev") as agent,
        house.terminal("chat") as screen,
    ):
        await house.joined("console")
        await agent.type("make it")
        card = await ada.sees("touch made", within=PATIENCE_S)
        await screen.shows("[1] Allow")
        screen.type("1")
        await decided(ada, card, "Allow")
        await agent.until_status("idle", seconds=PATIENCE_S)
        assert (agent.cwd / "made").exists()


@pytest.mark.thorough
async def test_a_terminal_that_is_not_trusted_shows_the_request_and_takes_no_decision(
    phone: House, agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    model.script = making("made")
    async with phone.terminal("chat") as screen:
        await phone.joined("console")
        await agent.type("make it")
        card = await ada.sees("touch made", within=PATIENCE_S)
        await screen.shows("[1] Allow")
        screen.type("1")
        await screen.shows("approvals are not taken from a terminal")
        ack = await phone.at_terminal("ack", await asked_id(phone), "--option", "Allow")
        assert ack.code != 0
        assert "approvals are not taken from a terminal" in ack.out
        assert not (agent.cwd / "made").exists()
        await ada.taps(card, "Deny").answered(within=PATIENCE_S)
        await agent.until_status("idle", seconds=PATIENCE_S)
        await screen.shows("Deny (ada)")


@pytest.mark.thorough
async def test_the_doctor_tries_every_road_without_calling_the_model(
    phone: House, agent: ClaudeCode, model: ModelApi
) -> None:
    told = await phone.cli("doctor", "--json")
    tried = {each["road"]: each for each in told.json["roads"]}
    assert {road for road, each in tried.items() if each["works"]} == {"inbox", "terminal", "hook"}
    assert tried["terminal"]["taken_for"] == ["owner"]
    assert tried["inbox"]["taken_for"] == ["agents"]
    await agent.press("x")
    await agent.until_shown(f"{PROMPT}x")
    drafted = {each["road"]: each for each in (await phone.cli("doctor", "--json")).json["roads"]}
    assert "a draft lies in it" in drafted["terminal"]["evidence"]
    assert not drafted["terminal"]["works"]
    assert model.heard == []
    assert agent.registry()["status"] == "idle"


async def asked_id(house: House) -> str:
    asks = (await house.daemon.client().asks("all"))["asks"]
    return str(asks[-1]["ask_id"])


# --- plans and subagents ----------------------------------------------------------------------------------------------


@pytest.mark.thorough
async def test_a_plan_is_sent_back_with_words_and_then_approved(
    phone: House, ada: Person, model: ModelApi
) -> None:
    planned = Calls("ExitPlanMode", {})
    model.script = Script(
        (
            Rule("plan it", planned, times=1),
            Rule("shorter please", planned, times=1),
            Rule("approved", touches("made"), times=1),
            Rule(".", Says("all done")),
        )
    )
    (phone.place / "backend").mkdir()
    name, mode = f"scene-{os.getpid()}", ("--permission-mode", "plan")
    async with ClaudeCode(phone.user, phone.place / "backend", model.url, name, "dev", args=mode) as agent:
        await agent.type("plan it")
        card = await ada.sees("made a plan", within=PATIENCE_S)
        assert card.labels == ("Approve", "Approve, and accept edits", "Keep planning", "diff")
        ada.says("shorter please", reply_to=card)
        await model.hears("shorter please")
        again = await ada.sees(
            lambda m: "made a plan" in m.text and m.message_id > card.message_id, within=PATIENCE_S
        )
        await ada.taps(again, "Approve, and accept edits").answered(within=PATIENCE_S)
        # Accepting edits lets a file be made without another question.
        await agent.until_status("idle", seconds=PATIENCE_S)
        assert (agent.cwd / "made").exists()
    await decided(ada, card, "Keep planning")


@pytest.mark.thorough
async def test_what_a_subagent_asks_is_answered_in_its_own_dialog(
    agent: ClaudeCode, ada: Person, model: ModelApi
) -> None:
    inner = {"description": "job", "prompt": "inner job please", "subagent_type": "general-purpose"}
    model.script = Script(
        (
            Rule("use a helper", Calls("Agent", inner), times=1),
            Rule("inner job please", touches("inner"), times=1),
            Rule(".", Says("all done")),
        )
    )
    await agent.type("use a helper")
    card = await ada.sees("touch inner", within=PATIENCE_S)
    assert "a subagent (general-purpose)" in card.text
    await agent.until_shown("from the general-purpose agent")
    await ada.taps(card, "Allow").answered(within=PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        while not (agent.cwd / "inner").exists():
            await asyncio.sleep(0.05)
    await decided(ada, card, "Allow (ada)")
