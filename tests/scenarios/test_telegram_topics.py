"""A forum topic for every agent: it comes, is renamed and goes with its agent, and what is written in it is for it."""

from __future__ import annotations

import asyncio

from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import PATIENCE_S, House, answers, called, telegram_of, until

ADA = "{id: 7, name: ada}"
TEAM = -1_001_000_000_001


async def test_an_agent_has_a_topic_in_the_group_that_sees_it_for_as_long_as_it_is_there(
    house: House, telegram: TelegramEmulator
) -> None:
    ada = telegram.person(7, "Ada")
    team = telegram.group(TEAM, "Team", ada, forum=True)
    topics = {
        "PEERLINE_TELEGRAM__TOPICS": "true",
        "PEERLINE_TELEGRAM__CHATS": f"[{{id: {TEAM}, circles: [dev]}}]",
    }
    await house.start(**telegram_of(telegram, ADA) | topics)
    async with house.agent("ant") as ant:
        await until(lambda: list(team.topics.values()) == ["ant"], "a topic")
        [thread] = team.topics
        ada.says("how far?", chat=team, thread=thread)
        await ant.hears("how far?")
        answer = await ada.sees("answer to: how far?", chat=team, within=PATIENCE_S)
        assert answer.thread_id == thread

        await house.daemon.kill9()
        await house.start(**telegram_of(telegram, ADA) | topics)
        assert (await house.at_terminal("peer", "rename", "ant", "bee")).code == 0
        await until(lambda: team.topics == {thread: "bee"}, "to be renamed")
    await until(lambda: team.closed_topics == {thread}, "to be closed")
    (ant.home / "inbox").unlink()
    async with house.agent("ant"):
        await until(lambda: not team.closed_topics, "to be opened again")
    assert team.topics == {thread: "bee"}


async def test_in_a_private_chat_an_agents_question_stands_in_its_topic_and_is_answered_there(
    house: House, telegram: TelegramEmulator
) -> None:
    ada = telegram.person(7, "Ada")
    await house.start(**telegram_of(telegram, ADA) | {"PEERLINE_TELEGRAM__TOPICS": "true"})
    async with house.mcp("ant") as ant:
        await called(ant, "whoami")
        await until(lambda: list(ada.chat.topics.values()) == ["ant"], "a topic")
        [thread] = ada.chat.topics

        async def answer() -> None:
            card = await ada.sees("deploy?", within=PATIENCE_S)
            assert card.thread_id == thread
            await ada.taps(card, "yes").answered(within=PATIENCE_S)

        question = {"peer": "telegram", "question": "deploy?", "options": ["yes", "no"]}
        told, _ = await asyncio.gather(called(ant, "ask_peer", **question), answer())
        assert answers(told) == ["yes"]

        telegram.world.remove(ada.chat.messages[thread])
        del ada.chat.topics[thread]
        await called(ant, "notify_peer", peer="telegram", message="still here")
        assert (await ada.sees("still here", within=PATIENCE_S)).thread_id is None
