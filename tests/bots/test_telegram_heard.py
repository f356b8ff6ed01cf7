"""What people do on Telegram reaches the daemon, through faults; and what is told of the connection."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bots.telegram.surface import Patience
from tests.emulators.telegram import Fault, Kind
from tests.fakes.phone_line import Phone, PhoneLine, carried, parcel, plugged


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    async with asyncio.timeout(15), plugged() as made:
        yield made


@pytest.fixture
def line() -> PhoneLine:
    return PhoneLine()


def keys(phone: Phone, *numbers: int) -> list[str]:
    """Under which the daemon is told: the bot's number, and the update's."""
    bot = phone.telegram.token.partition(":")[0]
    return [f"telegram:{bot}/{number}" for number in numbers]


async def test_words_and_taps_reach_the_daemon_under_the_updates_own_id(phone, line) -> None:
    async with carried(line, phone.surface):
        line.post(parcel("go on?", "yes", "no"))
        card = await phone.ada.sees("go on?")
        phone.ada.says("hello")
        tap = phone.ada.taps(card, "no")
        await tap.answered()

        await line.until(lambda: len(line.heard) == 2)

    said, tapped = (line.heard[key] for key in keys(phone, 500001, 500002))
    assert sorted(line.heard) == sorted(keys(phone, 500001, 500002))
    assert (said.surface, said.address, said.account, said.author, said.text) == (
        "telegram", "7", "7", "Ada", "hello",
    )  # fmt: skip
    assert tapped == ("telegram", "7", "7", "m-1", 1)


async def test_a_reply_carries_the_receipt_under_which_the_card_was_acknowledged(phone, line) -> None:
    async with carried(line, phone.surface):
        line.post(parcel("done"))
        card = await phone.ada.sees("done")
        phone.ada.says("thanks", reply_to=card)
        (said,) = await line.until(lambda: list(line.heard.values()))

    assert line.settled == [("ack", "m-1", said.reply_to)]


async def test_a_tap_is_answered_once_and_only_after_the_daemon_has_it(phone, line) -> None:
    async with carried(line, phone.surface):
        line.post(parcel("go on?", "yes"))
        card = await phone.ada.sees("go on?")
        line.open.clear()
        tap = phone.ada.taps(card, "yes")
        await line.until(lambda: line.asked == 1)
        assert phone.telegram.journal.of("answerCallbackQuery") == []

        line.open.set()
        await tap.answered()
        phone.ada.says("next")
        await line.until(lambda: len(line.heard) == 2)

    assert len(phone.telegram.journal.of("answerCallbackQuery")) == 1


async def test_a_tap_that_telegram_has_forgotten_stops_nothing(phone, line) -> None:
    async with carried(line, phone.surface):
        line.post(parcel("go on?", "yes"))
        phone.ada.taps(await phone.ada.sees("go on?"), "yes").grows_old()
        await phone.telegram.journal.reaches("answerCallbackQuery")
        phone.ada.says("next")
        await line.until(lambda: len(line.heard) == 2)


async def test_nothing_is_confirmed_before_the_daemon_has_it(phone, line) -> None:
    phone.ada.says("one")
    line.open.clear()
    async with carried(line, phone.surface):
        await line.until(lambda: line.asked == 1)
        line.post(parcel("meanwhile"))
        await phone.ada.sees("meanwhile")  # so there was time for another poll
        assert len(phone.telegram.journal.of("getUpdates")) == 1
    assert line.heard == {}

    line.open.set()
    async with carried(line, phone.surface):
        await line.until(lambda: line.heard)
        await phone.telegram.journal.reaches("getUpdates", 3)

    assert list(line.heard) == keys(phone, 500001)
    assert list(phone.telegram.world.updates.confirmed) == [500001]


async def test_an_update_that_telegram_repeats_keeps_its_id(phone, line) -> None:
    async with carried(line, phone.surface):
        phone.ada.says("one")
        await phone.telegram.journal.reaches("getUpdates", 2)
        phone.telegram.world.updates.redeliver()
        await line.until(lambda: line.repeats)
        phone.ada.says("two")
        await line.until(lambda: len(line.heard) == 2)

    assert [said.text for said in line.heard.values()] == ["one", "two"]


async def test_what_is_not_for_us_is_passed_over_and_confirmed(phone, line) -> None:
    other = phone.telegram.person(8, "Ben")
    other.user = replace(other.user, is_bot=True)
    other.says("a bot's words")
    phone.ada.says("for us")
    async with carried(line, phone.surface):
        await line.until(lambda: line.heard)
        await phone.telegram.world.pulse.until(lambda: not phone.telegram.world.updates.pending, 5)

    assert [said.text for said in line.heard.values()] == ["for us"]


async def test_an_update_numbered_anew_from_below_is_heard(phone, line) -> None:
    updates = phone.telegram.world.updates
    async with carried(line, phone.surface):
        phone.ada.says("before the silence")
        await phone.telegram.world.pulse.until(lambda: updates.confirmed, 5)
        # That poll ends empty, and nothing is left to be confirmed.
        await phone.telegram.journal.reaches("getUpdates", 3)
        updates._next_id = 17
        phone.ada.says("after it")
        await line.until(lambda: len(line.heard) == 2)

    assert list(line.heard) == keys(phone, 500001, 17)
    assert [poll.arguments["offset"] for poll in phone.telegram.journal.of("getUpdates")][:3] == [
        "0", "500002", "0",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.SERVER_ERROR, "getUpdates", times=3),
        Fault(Kind.SERVER_ERROR, "getUpdates", status=500, times=3),
        Fault(Kind.RESET, "getUpdates", times=3),
        Fault(Kind.DROP, "getUpdates", times=3, polite=True),
        Fault(Kind.GARBAGE, "getUpdates", times=3),
        Fault(Kind.HANG, "getUpdates", seconds=0.1, times=2),
        Fault(Kind.UNAUTHORIZED, "getUpdates", times=3),
        Fault(Kind.CONFLICT, "getUpdates", times=3),
        Fault(Kind.FLOOD, "getUpdates", retry_after=1),
        Fault(Kind.SLOW, "getUpdates", seconds=0.1),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
async def test_hearing_heals_by_itself(phone, line, fault) -> None:
    phone.telegram.faults.add(fault)
    phone.ada.says("hello")

    async with carried(line, phone.surface):
        await line.until(lambda: line.heard)

    assert phone.telegram.journal.impatient() == []


async def test_a_connection_that_went_silent_is_noticed_and_replaced_at_once(line) -> None:
    patience = Patience(poll=1, grace=0.2, least=1, most=1)
    async with plugged(patience, clock=time.monotonic) as phone:
        phone.telegram.faults.add(Fault(Kind.FREEZE, "getUpdates"))
        async with carried(line, phone.surface):
            await phone.telegram.journal.reaches("getUpdates")
            phone.ada.says("hello")
            await line.until(lambda: line.heard)

        dead, next_one = phone.telegram.journal.of("getUpdates")[:2]
        assert dead.status is None
        assert 1.1 < next_one.at - dead.at < 2.1


async def test_telegram_may_be_away_and_come_back(phone, line) -> None:
    async with carried(line, phone.surface):
        phone.ada.says("hello")
        await line.until(lambda: line.beats == [""])
        await phone.telegram.unplug()
        await line.until(lambda: len(line.beats) == 2)
        await phone.telegram.plug()
        phone.ada.says("back?")
        await line.until(lambda: len(line.heard) == 2 and len(line.beats) == 3)

    assert line.beats == ["", "Telegram cannot be reached (ConnectError)", ""]


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (Kind.UNAUTHORIZED, "Telegram refuses the token (401)"),
        (Kind.CONFLICT, "another program polls with this token (409)"),
        (Kind.SERVER_ERROR, "Telegram answers 502"),
    ],
)
async def test_trouble_is_told_in_words_and_its_end_too(phone, line, kind, trouble) -> None:
    phone.telegram.faults.add(Fault(kind, "getUpdates", times=None))
    async with carried(line, phone.surface):
        await line.until(lambda: line.beats)
        phone.telegram.faults.lift()
        phone.ada.says("back?")
        await line.until(lambda: len(line.beats) == 2)

    assert line.beats == [trouble, ""]


async def test_one_poll_lost_on_the_way_is_no_trouble(phone, line) -> None:
    phone.telegram.faults.add(Fault(Kind.RESET, "getUpdates"))
    phone.ada.says("hello")
    async with carried(line, phone.surface):
        await line.until(lambda: line.beats)

    assert line.beats == [""]


async def test_round_trips_are_told_again_only_after_a_while(phone, line) -> None:
    phone.ada.says("one round trip")
    async with carried(line, phone.surface):
        await line.until(lambda: line.beats)
        phone.ada.says("one more round trip")
        await phone.telegram.journal.reaches("getUpdates", 3)
        assert line.beats == [""]

        phone.clock.now += 20
        phone.ada.says("and one")
        await line.until(lambda: line.beats == ["", ""])


async def test_during_a_fault_polls_keep_their_distance(phone, line) -> None:
    phone.telegram.faults.add(Fault(Kind.SERVER_ERROR, "getUpdates", times=None))
    async with carried(line, phone.surface):
        polls = await phone.telegram.journal.reaches("getUpdates", 5)

    assert polls[4].at - polls[0].at > (0.05 + 0.1 + 0.2 + 0.2) * 0.9


def test_unless_told_otherwise_polls_are_a_second_apart_and_back_within_fifteen() -> None:
    patience = Patience()

    pauses = [patience.pause(failures, None) for failures in (1, 2, 3, 4, 5, 1000)]

    assert pauses == [1, 2, 4, 8, 8, 8]
    assert patience.poll + patience.grace + patience.least <= 15
    assert patience.pause(1, 6775) == 6775


async def test_the_token_is_in_no_log_and_no_error(phone, line, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, "httpx")
    kinds = (Kind.RESET, Kind.UNAUTHORIZED, Kind.SERVER_ERROR, Kind.GARBAGE)
    phone.telegram.faults.add(*(Fault(kind, "getUpdates") for kind in kinds))
    phone.telegram.faults.add(*(Fault(kind, "sendMessage") for kind in kinds))
    async with carried(line, phone.surface):
        for kind in kinds:
            line.post(parcel("hello", envelope_id=kind))
        await line.until(lambda: len(line.settled) == len(kinds))
        phone.ada.says("hello")
        await line.until(lambda: line.heard)

    assert "/bot<token>/getUpdates" in caplog.text
    assert phone.telegram.token.partition(":")[2] not in f"{caplog.text}{line.settled}{line.beats}"


async def test_requests_are_not_logged_unless_somebody_insists(phone, line, caplog) -> None:
    caplog.set_level(logging.DEBUG)
    phone.ada.says("hello")
    async with carried(line, phone.surface):
        await line.until(lambda: line.heard)

    assert [record for record in caplog.records if record.name.startswith("http")] == []


async def test_asking_for_the_next_batch_is_what_confirms_the_last(phone) -> None:
    phone.ada.says("one")
    phone.ada.says("two")
    arrivals = phone.surface.arrivals()

    raws = await anext(arrivals)

    assert [(await phone.surface.understood([raw])).text for raw in raws] == ["one", "two"]
    assert sorted(phone.telegram.world.updates.pending) == [500001, 500002]
