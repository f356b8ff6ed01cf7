"""The Web API as we use it: what an answer means, how often it is asked, and to whom a token goes."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientConnectorError, ConnectionTimeoutError, ServerDisconnectedError

from bots.interface import NotEver, NotNow, Unsure
from bots.slack.api import Api
from bots.slack.ids import Tokens
from bots.slack.tiers import TIERS
from bots.slack.verdicts import Lacking, Refused, judged, unanswered
from tests.emulators.slack import TEAM, Allowance, Fault, Kind, Person, SlackEmulator
from tests.emulators.slack.meter import TIER
from tests.fakes.phone_line import Clock


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with asyncio.timeout(20), SlackEmulator(allowance=Allowance(ban_s=60)) as slack:
        yield slack


@pytest.fixture
def ada(slack: SlackEmulator) -> Person:
    return slack.person("U0000ADA", "Ada")


@pytest.fixture
async def api(slack: SlackEmulator) -> AsyncIterator[Api]:
    tokens = Tokens(bot=slack.tokens.bot, app=slack.tokens.app)
    made = Api(tokens, slack.root.rstrip("/"), clock=Clock(), haste=1)
    yield made
    await made.close()


def answer(**told: object) -> bytes:
    return json.dumps(told).encode()


@pytest.mark.parametrize(
    ("code", "payload", "verdict"),
    [
        (429, b"", NotNow),
        (200, answer(ok=False, error="ratelimited"), NotNow),
        (200, answer(ok=False, error="rate_limited"), NotNow),
        (200, answer(ok=False, error="invalid_auth"), NotNow),
        (200, answer(ok=False, error="missing_scope", needed="chat:write"), Lacking),
        (200, answer(ok=False, error="is_archived"), Refused),
        (200, answer(ok=False, error="fatal_error"), Unsure),
        (500, answer(ok=False, error="internal_error"), Unsure),
        (200, answer(ok=False), Unsure),
        (200, b"<html>hotel</html>", Unsure),
        (302, b"", Unsure),
        (404, b"no", Unsure),
        (503, b"", Unsure),
        (200, b"[]", Unsure),
        (200, b'{"ok": tr', Unsure),
    ],
)
def test_what_an_answer_means(code, payload, verdict) -> None:
    assert type(judged(code, {}, payload)) is verdict


@pytest.mark.parametrize(("wish", "seconds"), [("30", 30.0), ("6775", 6775.0), ("soon", None), ("", None)])
def test_a_wish_to_be_left_alone_is_taken_in_full(wish, seconds) -> None:
    verdict = judged(429, {"Retry-After": wish}, b"")
    assert isinstance(verdict, NotNow)
    assert (verdict.after_s, verdict.quiet) == (seconds, seconds is not None)


def test_what_never_left_had_no_effect_and_what_was_cut_may_have() -> None:
    assert type(unanswered(ConnectionTimeoutError())) is NotNow
    assert type(unanswered(ServerDisconnectedError())) is Unsure
    assert type(unanswered(TimeoutError())) is Unsure
    assert issubclass(ClientConnectorError, OSError)


def test_what_is_lacking_is_said() -> None:
    assert "files:read" in str(judged(200, {}, answer(ok=False, error="missing_scope", needed="files:read")))


def test_our_tiers_are_not_looser_than_slacks() -> None:
    allowed = Allowance()
    assert {
        name: most for name, most in TIERS.items() if name in TIER and most > allowed.tiers[TIER[name] - 1]
    } == {}


async def test_a_method_is_asked_no_oftener_than_its_tier_allows(slack, ada, api) -> None:
    for _ in range(50):
        await api.call("conversations.history", channel=ada.chat.channel_id)
    with pytest.raises(NotNow) as later:
        await api.call("conversations.history", channel=ada.chat.channel_id)

    assert 0 < (later.value.after_s or 0) <= 60
    assert not later.value.quiet
    assert slack.checks() == []
    assert len(slack.journal.of("conversations.history")) == 50


async def test_a_cut_request_is_not_repeated_by_the_library(slack, ada, api) -> None:
    slack.faults.add(Fault(Kind.DROP, "chat.postMessage"))
    with pytest.raises(Unsure):
        await api.call(
            "chat.postMessage",
            channel=ada.chat.channel_id,
            text="once",
            unfurl_links=False,
            unfurl_media=False,
        )

    assert [message.text for message in ada.heard()] == ["once"]


async def test_a_direct_message_is_opened_once_and_by_nobody_who_is_not_there(slack, ada, api) -> None:
    channels = [await api.channel_of(f"{TEAM}:U0000ADA") for _ in range(2)]
    assert channels == [ada.chat.channel_id] * 2
    assert len(slack.journal.of("conversations.open")) == 1
    assert await api.channel_of("C0000WORK") == "C0000WORK"
    with pytest.raises(NotEver):
        await api.channel_of(f"{TEAM}:U0000NOBODY")


async def test_a_file_is_fetched_as_long_as_it_is_no_larger_and_lies_at_slack(slack, ada, api) -> None:
    sent = ada.sends_file("notes.txt", b"x" * 1000)
    url = sent.files[0].whole(slack.world.root)["url_private_download"]

    assert await api.fetch(url, 1000) == b"x" * 1000
    with pytest.raises(NotEver, match="larger"):
        await api.fetch(url, 999)
    for elsewhere in ("http://127.0.0.1:9/x", "https://slack.com.evil.example/x", "http://files.slack.com/x"):
        with pytest.raises(NotEver, match="not at Slack"):
            await api.fetch(elsewhere, 1000)


async def test_a_page_to_log_in_is_no_file(slack, ada, api) -> None:
    slack.world.scopes = slack.world.scopes - {"files:read"}
    sent = ada.sends_file("notes.txt", b"x")
    with pytest.raises(NotEver, match="files:read"):
        await api.fetch(sent.files[0].whole(slack.world.root)["url_private_download"], 1000)


async def test_what_could_not_be_uploaded_is_not_in_doubt(slack, api) -> None:
    told = await api.call("files.getUploadURLExternal", filename="a.txt", length=3)
    slack.faults.add(Fault(Kind.DROP, "upload"))
    with pytest.raises(NotNow):
        await api.upload(told["upload_url"], b"abc")


async def test_a_socket_is_asked_for_with_the_apps_own_token(slack, api) -> None:
    assert (await api.open_socket()).startswith("ws")
    assert slack.checks() == []


async def test_where_nobody_listens_nothing_left() -> None:
    lost = Api(Tokens(bot="xoxb-1"), "http://127.0.0.1:9/api/", clock=Clock(), haste=None)
    with pytest.raises(NotNow, match="cannot be reached"):
        await lost.call("auth.test")
    await lost.close()


async def test_no_log_names_a_token(slack, ada, api, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        await api.call("auth.test")
        await api.open_socket()
        slack.faults.add(Fault(Kind.SERVER_ERROR, "auth.test"))
        with pytest.raises(Unsure) as raised:
            await api.call("auth.test")

    for token in (slack.tokens.bot, slack.tokens.app):
        assert token not in caplog.text
        assert token not in str(raised.value)


def test_the_library_is_loaded_by_whoever_has_slack_only() -> None:
    code = "import sys, bots.bridge, bots.cards, cli.chats; sys.exit('slack_sdk' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
