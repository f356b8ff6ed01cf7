"""A real Claude Code session asks a channel, by the tool it was given: whoever is listed answers, others are air."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

import pytest

from tests.agents.claude_code import ClaudeCode, claude_binary
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.emulators.slack import Channel, Person, SlackEmulator
from tests.scenarios.house import CHANNELS, PATIENCE_S, SLACK_ADA, WORK, House, slack_of

ASKS = Calls("mcp__peerline__ask_peer", {"peer": "slack", "question": "Ship it?", "options": ["yes", "no"]})
pytestmark = pytest.mark.thorough


@pytest.fixture
def ada(slack: SlackEmulator) -> Person:
    return slack.person("U0000ADA", "Ada")


@pytest.fixture
def eve(slack: SlackEmulator) -> Person:
    """Nobody listed her."""
    return slack.person("U0000EVE", "Eve")


@pytest.fixture
def work(slack: SlackEmulator, ada: Person, eve: Person) -> Channel:
    return slack.channel(WORK, "work", ada, eve)


@pytest.fixture
async def agent(
    house: House, slack: SlackEmulator, work: Channel, model: ModelApi
) -> AsyncIterator[ClaudeCode]:
    claude_binary()
    (house.user / ".claude").mkdir()
    await house.start(**slack_of(slack, SLACK_ADA, channels=CHANNELS))
    assert (await house.cli("hooks", "install", "--agent", "claude-code")).code == 0
    (folder := house.place / "backend").mkdir()
    await slack.sockets.there(within=PATIENCE_S)
    async with ClaudeCode(house.user, folder, model.url, f"scene-{os.getpid()}", "dev") as agent:
        await house.joined("backend")
        yield agent


async def test_a_question_of_a_real_session_is_answered_by_a_listed_persons_tap_and_by_nobody_elses(
    agent: ClaudeCode, slack: SlackEmulator, ada: Person, eve: Person, work: Channel, model: ModelApi
) -> None:
    model.script = Script((Rule("make it", ASKS, times=1), Rule(".", Says("all done"))))
    await agent.type("make it")
    card = await eve.sees("Ship it?", channel=work, within=PATIENCE_S)
    await eve.taps(card, "no").answered(within=PATIENCE_S)
    eve.says("no", channel=work)
    await slack.deliveries.settled(within=PATIENCE_S)
    assert eve.heard() == ()
    eve.says("no", channel=work, thread=card)
    eve.mentions("no", channel=work, thread=card)
    await slack.deliveries.settled(within=PATIENCE_S)
    assert {"yes", "no"} <= set(work.messages[card.ts].labels)
    assert agent.registry()["status"] != "idle"

    ada.taps(card, "yes")
    await ada.sees(
        lambda each: each.ts == card.ts and "yes (ada)" in each.text, channel=work, within=PATIENCE_S
    )
    await agent.until_status("idle", seconds=PATIENCE_S)
    assert "all done" in await agent.capture()
    assert len(eve.heard()) <= 1  # that she is not listed, once, to whoever calls us
    assert [each.text for each in eve.heard(work) if each.only_for] == []
    assert slack.checks() == []
