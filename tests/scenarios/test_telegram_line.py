"""A phone on the line: pairing, choosing, asking, answering by tap and by reply, and the platform's bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.emulators.telegram import Fault, Message, Person, TelegramEmulator
from tests.scenarios.house import ADA, PATIENCE_S, FakeAgent, House, Json, called, telegram_of


@pytest.fixture
async def worker(hosted: House) -> AsyncIterator[FakeAgent]:
    async with hosted.agent("worker") as worker:
        yield worker


def code_of(text: str) -> str:
    """What a person reads off the screen."""
    return next(line for line in text.splitlines() if "send this to" in line).split()[-1]


def answer_of(text: str) -> str:
    return f"answer to: {text}"


async def test_whoever_sends_the_code_of_the_machine_is_the_owner_and_strangers_get_silence(
    house: House, telegram: TelegramEmulator
) -> None:
    await house.start(**telegram_of(telegram, ""))
    ada, eve = telegram.person(7, "Ada"), telegram.person(66, "Eve")
    async with house.terminal("telegram", "pair") as screen:
        await screen.shows("waiting for it")
        code = code_of(screen.text)
        eve.says("let me in")
        eve.says("AAAAAAAA")
        ada.says(f"/start {code}")
        assert "Paired. Hello ada" in (await ada.sees("Paired", within=PATIENCE_S)).text
        await screen.shows("paired: ada (7), the owner")
        assert await screen.ended() == 0
    people = (await house.cli("telegram", "people", "--json")).json["people"]
    assert [(who["id"], who["owner"], who["source"]) for who in people] == [("7", True, "paired")]
    eve.says(code)
    ada.says("/help")
    await ada.sees("/peers", within=PATIENCE_S)
    assert eve.heard() == ()


async def test_the_chosen_peer_gets_plain_words_and_answers_as_new_messages(
    hosted: House, worker: FakeAgent, ada: Person
) -> None:
    ada.says("/to worker")
    await ada.sees("your words go to worker", within=PATIENCE_S)
    ada.says("how far are you?")
    answer = await ada.sees(answer_of("how far are you?"), within=PATIENCE_S)
    assert "worker@dev answers" in answer.text
    assert worker.times_heard("how far are you?") == 1


async def test_words_without_a_chosen_peer_are_kept_and_go_where_the_button_says(
    hosted: House, worker: FakeAgent, ada: Person
) -> None:
    ada.says("anybody there?")
    asked = await ada.sees("To whom?", within=PATIENCE_S)
    await ada.taps(asked, "dev/worker").answered(within=PATIENCE_S)
    await ada.sees(answer_of("anybody there?"), within=PATIENCE_S)
    assert worker.times_heard("anybody there?") == 1


async def test_a_question_with_buttons_is_answered_by_a_tap_and_its_card_says_who_decided(
    hosted: House, worker: FakeAgent, ada: Person
) -> None:
    async with hosted.mcp("front") as front, asyncio.TaskGroup() as tasks:
        question = called(front, "ask_peer", peer="telegram", question="Ship it?", options=["yes", "no"])
        asking = tasks.create_task(question)
        card = await ada.sees("Ship it?", within=PATIENCE_S)
        assert card.labels == ("yes", "no")
        await ada.taps(card, "no").answered(within=PATIENCE_S)
        told = await asking
    assert told["answers"][0]["option"] == "no"
    await ada.sees_screen(lambda screen: any(_decided(each, card) for each in screen), within=PATIENCE_S)


async def test_a_reply_goes_to_the_author_of_what_it_replies_to_also_after_a_restart(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    told = await hosted.cli("notify", "telegram", "the build is red", "--json")
    assert told.code == 0
    async with hosted.mcp("front") as front:
        sent = await called(front, "notify_peer", peer="telegram", message="front is done")
        note = await ada.sees("front is done", within=PATIENCE_S)
        await hosted.until("stored as shown", _is_shown, sent["message_id"])
        await hosted.daemon.kill9()
        await hosted.start(**telegram_of(telegram, ADA))
        ada.says("and the tests?", reply_to=note)
        await ada.sees("to front", within=PATIENCE_S)
        waiting = await called(front, "check_messages")
    assert [(x["kind"], x["text"]) for x in waiting["messages"]] == [("ask", "and the tests?")]


async def test_the_chosen_peer_stays_chosen_through_a_crash(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    ada.says("@worker one")
    await ada.sees(answer_of("one"), within=PATIENCE_S)
    await hosted.daemon.kill9()
    await hosted.start(**telegram_of(telegram, ADA))
    ada.says("two")
    await ada.sees(answer_of("two"), within=PATIENCE_S)


@pytest.mark.thorough
async def test_a_reply_after_three_weeks_is_the_answer_and_one_to_a_notice_reaches_its_author(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    async with hosted.mcp("front") as front:
        await called(front, "notify_peer", peer="telegram", message="the report is ready")
        asked = await called(front, "ask", to="telegram", question="Which colour?")
        note = await ada.sees("the report", within=PATIENCE_S)
        question = await ada.sees("Which colour?", within=PATIENCE_S)
        await hosted.until(
            "shown", lambda story: story["deliveries"][0]["level"] == "handed", asked["ask_id"]
        )
        await hosted.daemon.stop()
        hosted.grow_older(timedelta(days=21))
        await hosted.start(**telegram_of(telegram, ADA))
        ada.says("green", reply_to=question)
        told = await called(front, "wait_for", ask_id=asked["ask_id"])
        ada.says("thanks, where is it?", reply_to=note)
        await ada.sees("to front", within=PATIENCE_S)
        waiting = await called(front, "check_messages")
    assert (told["state"], told["answers"][0]["text"]) == ("answered", "green")
    assert [(x["kind"], x["text"]) for x in waiting["messages"]] == [("ask", "thanks, where is it?")]


@pytest.mark.parametrize(
    "step", ["bridge.heard", pytest.param("store.committed:1", marks=pytest.mark.thorough)]
)
async def test_a_tap_that_was_stored_but_not_confirmed_counts_once(
    house: House, telegram: TelegramEmulator, step: str
) -> None:
    ada, settings = telegram.person(7, "Ada"), telegram_of(telegram, ADA)
    await house.start(crash_at=step, **settings)
    async with house.mcp("front") as front:
        asked = await called(front, "ask", to="telegram", question="Ship it?", options=["yes", "no"])
        card = await ada.sees("Ship it?", within=PATIENCE_S)
        await house.until("stored as shown", _is_shown, asked["ask_id"])
        house.arm()
        tap = ada.taps(card, "yes")
        await house.crashed(**settings)
        told = await called(front, "wait_for", ask_id=asked["ask_id"])
        if (
            step != "bridge.heard"
        ):  # else it may be confirmed already, and nobody knows of its spinner any more
            await tap.answered(within=PATIENCE_S)
        await ada.sees_screen(
            lambda screen: any("yes (ada)" in each.text for each in screen), within=PATIENCE_S
        )
    assert [(x["option"], x["late"]) for x in told["answers"]] == [("yes", False)]
    assert not [each for each in ada.heard() if "already" in each.text]


async def test_an_update_that_comes_again_has_one_effect(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    telegram.faults.add(Fault("redeliver", "getUpdates"))
    ada.says("@worker once please")
    await ada.sees(answer_of("once please"), within=PATIENCE_S)
    ada.says("@worker and then")
    await ada.sees(answer_of("and then"), within=PATIENCE_S)
    assert (worker.times_heard("once please"), worker.times_heard("and then")) == (1, 1)


@pytest.mark.thorough
async def test_telegram_may_be_away_when_the_daemon_starts_and_heals_by_itself(
    house: House, telegram: TelegramEmulator
) -> None:
    ada = telegram.person(7, "Ada")
    await telegram.unplug()
    await house.start(**telegram_of(telegram, ADA))
    async with house.agent("worker"):
        assert (await house.cli("ask", "worker", "hello", "--wait", "20")).code == 0
        await telegram.plug()
        ada.says("@worker are you back?")
        await ada.sees(answer_of("are you back?"), within=PATIENCE_S)


async def test_no_request_is_sent_to_a_chat_before_its_flood_wait_is_over(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    telegram.faults.add(Fault("flood", "sendMessage", times=1, retry_after=2))
    ada.says("@worker patience")
    await ada.sees(answer_of("patience"), within=PATIENCE_S)
    assert not telegram.journal.impatient()


async def test_a_send_that_may_have_arrived_is_uncertain_and_comes_again_marked_and_in_its_place(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    telegram.faults.add(Fault("drop", "sendMessage", times=1))
    sent = (await hosted.cli("notify", "telegram", "only once", "--json")).json
    await hosted.until("it is in doubt", _is_uncertain, sent["message_id"])
    await hosted.cli("notify", "telegram", "after it")
    await ada.sees("after it", within=PATIENCE_S)
    first, again = [each.text for each in ada.heard() if "only once" in each.text]
    assert again == f"↻ may have come before\n\n{first}"
    assert "after it" in ada.heard()[-1].text


def _decided(shown: Message, card: Message) -> bool:
    return shown.message_id == card.message_id and not shown.buttons and "no (ada)" in shown.text


def _is_uncertain(story: Json) -> bool:
    return bool(story["deliveries"][0]["level"] == "uncertain")


def _is_shown(story: Json) -> bool:
    return bool(story["deliveries"][0]["level"] == "handed")
