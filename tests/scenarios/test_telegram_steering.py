"""Steering from a phone: what waits is withdrawn by a tap, signs say how far words came, a board stays at the top."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from tests.emulators.telegram import Message, Person, TelegramEmulator
from tests.scenarios.house import PATIENCE_S, FakeAgent, House

HELD = "hold this until the gate opens"


@pytest.fixture
async def worker(hosted: House) -> AsyncIterator[FakeAgent]:
    async with hosted.agent("worker") as worker:
        yield worker


def sign_on(text: str, *signs: str) -> Callable[[tuple[Message, ...]], bool]:
    return lambda screen: any(each.text == text and each.reactions == signs for each in screen)


async def test_what_waits_is_withdrawn_by_a_tap_and_signs_say_how_far_words_came(
    hosted: House, telegram: TelegramEmulator, ada: Person, worker: FakeAgent
) -> None:
    ada.says(f"@worker {HELD}")
    await ada.sees_screen(sign_on(f"@worker {HELD}", "👀"), within=PATIENCE_S)
    ada.says("@worker and something else")
    slip = await ada.sees(lambda each: "withdraw" in each.labels, within=PATIENCE_S)
    assert slip.labels == ("interrupt", "move to…", "withdraw")
    await ada.taps(slip, "withdraw").answered(within=PATIENCE_S)
    await ada.sees_screen(
        lambda screen: any("cancelled (ada)" in each.text for each in screen), within=PATIENCE_S
    )
    await worker.let_go()
    await ada.sees_screen(sign_on(f"@worker {HELD}", "👍"), within=PATIENCE_S)
    assert worker.times_heard("and something else") == 0


async def test_a_board_is_pinned_and_kept_up_to_date_and_the_keyboard_has_recent_peers(
    hosted: House, telegram: TelegramEmulator, ada: Person, worker: FakeAgent
) -> None:
    chat = telegram.world.chats[7]
    ada.says("/to worker")
    await ada.sees("your words go to worker", within=PATIENCE_S)
    assert [label for row in chat.keyboard for label in row] == ["@dev/worker", "/peers", "/status"]
    ada.says("/status")
    board = await ada.sees("• dev/worker idle", within=PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        await telegram.world.pulse.until(lambda: chat.pinned == [board.message_id])


async def test_the_menu_of_commands_is_the_table(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    ada.says("/help")
    await ada.sees("/peers", within=PATIENCE_S)
    async with asyncio.timeout(PATIENCE_S):
        calls = await telegram.journal.reaches("setMyCommands")
    assert len(calls) == 1
