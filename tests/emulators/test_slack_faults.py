"""What goes wrong with sockets, deliveries and requests, seen by the real clients of Slack."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from tests.emulators.slack import (
    LINK_DISABLED,
    REFRESH,
    TOO_MANY,
    WARNING,
    Fault,
    Kind,
    Patience,
    SlackEmulator,
)
from tests.emulators.slack.library import QUIET, app_at, client_at, keeps, listening, refusal_of, refused

HASTY = Patience(ack_s=2, again_s=(0.05, 0.1, 0.15), warned_s=0.2, ping_s=5)
STRICT = replace(HASTY, ack_s=0.3)  #: for the tests of being late


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(patience=HASTY) as emulator:
        yield emulator


@asynccontextmanager
async def socket_at(slack: SlackEmulator) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """A connection that acknowledges nothing by itself; its hello is taken."""
    url = (await client_at(slack).apps_connections_open(app_token=slack.tokens.app))["url"]
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as stream:
        assert (await stream.receive_json())["type"] == "hello"
        yield stream


def texts(heard: list[dict[str, Any]]) -> list[str]:
    return [body["event"]["text"] for body in heard if body["event"]["type"] == "message"]


async def test_what_is_not_acknowledged_comes_four_times_and_then_no_more(slack, sara, work) -> None:
    slack.deliveries.patience = STRICT
    async with socket_at(slack) as stream:
        sara.says("hello?", channel=work)
        envelopes = [await stream.receive_json() for _ in range(4)]
        await slack.deliveries.settled()

    assert len({each["payload"]["event_id"] for each in envelopes}) == 1
    assert len({each["envelope_id"] for each in envelopes}) == 4
    assert [(each["retry_attempt"], each["retry_reason"]) for each in envelopes] == [
        (0, ""),
        (1, "timeout"),
        (2, "timeout"),
        (3, "timeout"),
    ]
    assert slack.deliveries.all[0].outcome == "given up"
    assert slack.checks()[0].startswith("an event was never acknowledged: message #1 (given up")


async def test_an_acknowledged_event_comes_once(slack, sara, work) -> None:
    async with socket_at(slack) as stream:
        sara.says("hello", channel=work)
        envelope = await stream.receive_json()
        await stream.send_json({"envelope_id": envelope["envelope_id"]})
        await slack.deliveries.settled()
        with pytest.raises(TimeoutError):
            await stream.receive_json(timeout=0.5)

    assert slack.checks() == []
    assert 0 < slack.deliveries.latencies()[0] < HASTY.ack_s


async def test_an_acknowledgement_after_the_deadline_does_not_count_and_is_told(slack, sara, work) -> None:
    slack.deliveries.patience = STRICT
    async with socket_at(slack) as stream:
        sara.says("hello", channel=work)
        first, second = await stream.receive_json(), await stream.receive_json()
        for each in (first, second, second):
            await stream.send_json({"envelope_id": each["envelope_id"]})
        await stream.send_json({"envelope_id": "env-nothing"})
        await slack.deliveries.settled()
        await slack.world.pulse.until(lambda: slack.deliveries.strays, 2)

    wrong = slack.checks()
    assert wrong[0].startswith("an acknowledgement of an envelope never sent here")
    assert any(each.endswith("was acknowledged after the deadline") for each in wrong)
    assert any(each.endswith("was acknowledged 2 times") for each in wrong)


async def test_a_tap_is_told_once_and_fails_before_its_person(slack, web, sara, work) -> None:
    button = {"type": "button", "text": {"type": "plain_text", "text": "yes"}, "action_id": "a", "value": "v"}
    blocks = [{"type": "actions", "elements": [button]}]
    await web.chat_postMessage(channel=work.channel_id, text="t", blocks=blocks, **QUIET)

    tap = sara.taps(sara.screen(work)[0], "yes")
    assert await tap.ended() is False
    with pytest.raises(AssertionError, match="Slack shows a warning: block_actions"):
        await tap.answered()

    assert [each.reason for each in tap.delivery.attempts] == ["no connection"]


async def test_a_ticket_opens_one_socket(slack) -> None:
    url = (await client_at(slack).apps_connections_open(app_token=slack.tokens.app))["url"]
    async with aiohttp.ClientSession() as session:
        async with session.ws_connect(url):
            pass
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await session.ws_connect(url)

    assert "socket was refused: ticket used twice" in slack.checks()


async def test_events_are_spread_over_the_sockets_and_the_eleventh_is_told_to_go(slack, sara, work) -> None:
    async with socket_at(slack) as one, socket_at(slack) as two:
        for n in range(4):
            sara.says(f"no {n}", channel=work)
        heard = [
            (await stream.receive_json())["payload"]["event"]["text"] for stream in (one, two) for _ in "ab"
        ]
        assert sorted(heard) == ["no 0", "no 1", "no 2", "no 3"]

        async with asyncio.timeout(5), _ten_sockets(slack, 8):
            url = (await client_at(slack).apps_connections_open(app_token=slack.tokens.app))["url"]
            async with aiohttp.ClientSession() as session, session.ws_connect(url) as extra:
                assert (await extra.receive_json())["reason"] == TOO_MANY
                assert (await extra.receive()).type == aiohttp.WSMsgType.CLOSE
    assert "11 sockets were open at once" in slack.checks(settled=False)


@asynccontextmanager
async def _ten_sockets(slack: SlackEmulator, number: int) -> AsyncIterator[None]:
    if number == 0:
        yield
        return
    async with socket_at(slack), _ten_sockets(slack, number - 1):
        yield


@pytest.mark.parametrize("reason", [WARNING, REFRESH, TOO_MANY])
async def test_the_real_client_comes_back_after_being_told_to_go(slack, sara, work, reason) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with listening(slack, app, ping_s=0.3):
        (first,) = slack.sockets.open
        await slack.sockets.disconnect(reason)
        await slack.sockets.there()
        assert [socket.number for socket in slack.sockets.open if not socket.leaving] != [first.number]
        sara.says("there again?", channel=work)
        await slack.deliveries.settled()

    assert texts(heard) == ["there again?"]


async def test_a_link_that_is_disabled_opens_nothing_until_it_is_enabled(slack) -> None:
    async with socket_at(slack) as stream:
        await slack.sockets.disconnect(LINK_DISABLED)
        assert (await stream.receive_json())["reason"] == LINK_DISABLED
    with refused("link_disabled"):
        await client_at(slack).apps_connections_open(app_token=slack.tokens.app)

    slack.sockets.enabled = True
    async with socket_at(slack):
        pass


async def test_dead_air_answers_nothing_and_the_real_client_leaves_it(slack, sara, work) -> None:
    slack.deliveries.patience = STRICT
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with listening(slack, app, ping_s=0.2):
        slack.sockets.freeze()
        sara.says("into nothing", channel=work)
        (socket,) = await slack.sockets.there(within=10)
        await slack.deliveries.settled()

    assert socket.number == 2
    assert texts(heard) == ["into nothing"]
    assert slack.deliveries.all[0].attempts[0].reason == "timeout"


async def test_a_cut_socket_is_noticed_and_what_was_on_it_comes_again(slack, sara, work) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    slack.faults.add(Fault(Kind.RESET, "envelope"))
    async with listening(slack, app, ping_s=0.2):
        sara.says("cut off", channel=work)
        await slack.sockets.there()
        await slack.world.pulse.until(lambda: slack.deliveries.all[0].outcome, 5)

    assert slack.deliveries.all[0].attempts[0].reason == "connection closed"
    assert len(slack.sockets.every) > 1


async def test_an_event_may_come_four_times_at_once_or_after_the_next_one(slack, sara, work) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    slack.faults.add(Fault(Kind.REDELIVER, "envelope", event="message"), Fault(Kind.REORDER, "envelope"))
    async with listening(slack, app):
        sara.says("often", channel=work)
        await slack.deliveries.settled()
        sara.says("second", channel=work)
        sara.says("first", channel=work)
        await slack.deliveries.settled()

    assert texts(heard) == ["often", "often", "often", "often", "first", "second"]
    assert slack.checks() == []


async def test_after_a_long_absence_only_the_history_knows(slack, web, sara, work) -> None:
    sara.says("while you slept", channel=work)
    assert slack.away() == 1
    await slack.deliveries.settled()

    async with socket_at(slack) as stream:
        with pytest.raises(TimeoutError):
            await stream.receive_json(timeout=0.3)
    history = await web.conversations_history(channel=work.channel_id)
    assert [each["text"] for each in history["messages"]] == ["while you slept"]


async def test_an_event_can_be_lost_at_once(slack, sara, work) -> None:
    slack.faults.add(Fault(Kind.LOSE, "envelope", times=None, channel=work.channel_id))
    async with socket_at(slack) as stream:
        sara.says("lost", channel=work)
        sara.says("not lost")
        assert (await stream.receive_json())["payload"]["event"]["text"] == "not lost"


async def test_a_socket_may_be_refused_cut_told_to_go_or_silent_from_the_start(slack) -> None:
    # Whose GET is cut, aiohttp tries once more by itself.
    slack.faults.add(Fault(Kind.SERVER_ERROR, "socket"), Fault(Kind.RESET, "socket", times=2))
    for _ in range(2):
        with pytest.raises(aiohttp.ClientError):
            async with socket_at(slack):
                pass
    slack.faults.add(Fault(Kind.DISCONNECT, "socket", reason=WARNING))
    async with socket_at(slack) as stream:
        assert (await stream.receive_json())["reason"] == WARNING
    slack.faults.add(Fault(Kind.FREEZE, "socket"))
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3), socket_at(slack):
            pass


@pytest.mark.parametrize(
    "fault",
    [
        Fault(Kind.GARBAGE, "envelope"),
        Fault(Kind.SLOW, "envelope", seconds=0.05),
        Fault(Kind.DROP, "envelope"),
        Fault(Kind.FREEZE, "envelope"),
        Fault(Kind.DISCONNECT, "envelope", reason=REFRESH),
        Fault(Kind.DISCONNECT, "envelope", reason=WARNING),
    ],
    ids=lambda fault: f"{fault.kind} {fault.reason}",
)
async def test_whatever_befalls_an_envelope_the_event_is_heard(sara, fault) -> None:
    patience = Patience(ack_s=0.3, again_s=(0.2, 0.4, 0.8), warned_s=0.2)
    async with SlackEmulator(patience=patience) as slack:
        app, heard = app_at(slack), []
        keeps(app, heard)
        slack.faults.add(fault)
        async with listening(slack, app, ping_s=0.1):
            slack.person("U0000SARA", "Sara").says("heard?")
            await slack.deliveries.settled()

        assert set(texts(heard)) == {"heard?"}
        assert slack.journal.of("socket")[0].status == 101


async def test_the_real_client_comes_back_once_somebody_listens_again(slack, sara, work) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with listening(slack, app, ping_s=0.2):
        await slack.unplug()
        await slack.world.pulse.until(lambda: not slack.sockets.open, 2)
        await slack.plug()
        await slack.sockets.there()
        sara.says("back?", channel=work)
        await slack.deliveries.settled()

    assert texts(heard) == ["back?"]


async def test_nothing_listens_while_it_is_unplugged(slack, web) -> None:
    await slack.unplug()
    with pytest.raises(aiohttp.ClientConnectorError):
        await web.auth_test()
    await slack.plug()
    assert (await web.auth_test())["ok"]


async def test_a_request_may_take_effect_without_an_answer(slack, web, sara, work) -> None:
    slack.faults.add(Fault(Kind.DROP, "chat.postMessage"), Fault(Kind.RESET, "chat.postMessage"))
    for text in ("shown", "not shown"):
        with pytest.raises(aiohttp.ClientError):
            await web.chat_postMessage(channel=work.channel_id, text=text, **QUIET)

    assert [message.text for message in sara.screen(work)] == ["shown"]


async def test_answers_may_be_errors_pages_floods_halves_or_late(slack, web, work) -> None:
    slack.faults.add(
        Fault(Kind.SERVER_ERROR, status=503),
        Fault(Kind.ERROR, error="fatal_error"),
        Fault(Kind.FLOOD, retry_after=30),
        Fault(Kind.GARBAGE),
        Fault(Kind.SLOW, seconds=0.05),
    )
    page, error, flood = [await refusal_of(web.auth_test()) for _ in range(3)]
    with pytest.raises((SlackApiError, json.JSONDecodeError)):
        await web.auth_test()

    assert page.response.status_code == 503
    assert error.response["error"] == "fatal_error"
    assert (flood.response.status_code, flood.response.headers["Retry-After"]) == (429, "30")
    assert (await web.auth_test())["ok"]
    assert "auth.test came before its Retry-After was over" in slack.checks()


async def test_a_lasting_flood_closes_its_method_in_its_channel(slack, web, sara, work) -> None:
    slack.faults.add(
        Fault(Kind.FLOOD, "chat.postMessage", channel=work.channel_id, retry_after=600, lasting=True)
    )
    for _ in range(2):
        with refused("ratelimited"):
            await web.chat_postMessage(channel=work.channel_id, text="no", **QUIET)
    await web.chat_postMessage(channel=sara.chat.channel_id, text="yes", **QUIET)

    slack.faults.lift()
    await web.chat_postMessage(channel=work.channel_id, text="now", **QUIET)


async def test_a_hanging_request_ends_when_the_fault_is_lifted(slack, web) -> None:
    slack.faults.add(Fault(Kind.HANG, "auth.test"))
    async with asyncio.timeout(5), asyncio.TaskGroup() as both:
        call = both.create_task(_failure(web.auth_test()))
        await slack.journal.reaches("auth.test")
        slack.faults.lift()

    assert isinstance(call.result(), aiohttp.ClientError)


async def _failure(call: Any) -> Exception:
    with pytest.raises(aiohttp.ClientError) as caught:
        await call
    return caught.value
