"""A day with a phone, a channel and a terminal: check-ins tell what changed, and mornings begin with one report."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from mcp.client.client import Client as McpClient

from daemon.engine.clock import SystemClock
from tests.emulators.slack import SlackEmulator
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import ADA, PATIENCE_S, SLACK_ADA, House, called, slack_of, telegram_of

NIGHT = timedelta(hours=3)
pytestmark = pytest.mark.thorough


async def answers(house: House, worker: McpClient, words: str) -> str:
    """A round begins, and the only one who is asked says that; the id of its ask."""
    ran = (await house.at_terminal("checkin", "run", "standup", "--json")).json
    await called(worker, "ack", ask_id=ran["message_id"], message=words)
    asked: str = ran["message_id"]
    return asked


async def test_a_check_in_tells_the_phone_what_changed_and_edits_the_pinned_status_when_nothing_did(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    async with hosted.mcp("worker") as worker:
        await called(worker, "whoami")
        words = ("--ask", "how far?", "--of", "circle:dev", "--every", "1 day", "--report-to", "telegram")
        added = await hosted.at_terminal("checkin", "add", "standup", *words)
        assert added.code == 0, added
        ada.says("/status")
        board = await ada.sees(lambda each: "worker" in each.text, within=PATIENCE_S)

        await answers(hosted, worker, "blocked: no key")
        told = await ada.sees("blocked · worker: blocked: no key", within=PATIENCE_S)
        assert told.text.splitlines()[-2:] == [
            "check-in standup: 1 changed, 1 of 1 answered",
            "blocked · worker: blocked: no key",
        ]
        assert not told.silent

        await answers(hosted, worker, "no change")
        await ada.sees(
            lambda each: each.message_id == board.message_id and "nothing new" in each.text, within=PATIENCE_S
        )
        assert ada.heard()[-1].message_id == told.message_id

        await answers(hosted, worker, "it works")
        news = await ada.sees("new · worker: it works", within=PATIENCE_S)
        assert news.silent


def window() -> dict[str, str]:
    """A night that began an hour ago and has two more."""
    now = SystemClock().now()
    begins, ends = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 2))
    return {"PEERLINE_NIGHTS": f"[{{circle: '*', window: '{begins}-{ends}'}}]", "TZ": "UTC"}


async def a_night(house: House, **given: str) -> None:
    """The night is over while nobody was awake."""
    await house.daemon.stop()
    house.grow_older(NIGHT)
    await house.start(**given)


async def works(house: House, worker: McpClient, to: str) -> dict[str, Any]:
    """One job is done, one failed, one question is open; what is asked."""
    for title, state, note in (
        ("Tidy the tests", "done", "41 moved"),
        ("Bump the linter", "failed", "no network"),
    ):
        made = (await house.at_terminal("job", "add", title, "--to", "worker", "--json")).json
        await called(worker, "job_update", job_id=made["job_id"], state=state, note=note)
    return await called(worker, "ask", to=to, question="ship **it**?", options=["yes", "no"])


SAID = (
    "decisions waiting: 1",
    "jobs: 1 done, 1 failed",
    "question · worker: ship it?",
    "done · Tidy the tests: 41 moved",
    "failed · Bump the linter: no network",
)


async def test_the_report_comes_to_the_phone_once_and_what_waits_is_decided_by_a_tap_below_it(
    house: House, telegram: TelegramEmulator, ada: Person
) -> None:
    given = telegram_of(telegram, ADA) | window()
    await house.start(**given)
    async with house.mcp("worker") as worker:
        await called(worker, "whoami")
        asked = await works(house, worker, "telegram")
        first = await ada.sees(lambda each: each.labels == ("yes", "no"), within=PATIENCE_S)
        await a_night(house, **given)
        report = await ada.sees("Morning report", within=PATIENCE_S)
        assert [each for each in SAID if each not in report.text] == [], report.text
        assert report.silent
        card = await ada.sees(
            lambda x: x.message_id > report.message_id and x.labels == ("yes", "no"), within=PATIENCE_S
        )
        assert card.silent
        await house.daemon.stop()
        await house.start(**given)
        await ada.taps(card, "yes").answered(within=PATIENCE_S)
        await house.until("answered", lambda x: x["state"] == "answered", asked["ask_id"])
        for each in (first, card):
            await ada.sees(
                lambda x, seen=each: x.message_id == seen.message_id and not x.labels, within=PATIENCE_S
            )
        assert len([x for x in ada.screen() if "Morning report" in x.text]) == 1


async def test_in_slack_it_reads_the_same_and_the_tap_decides(house: House, slack: SlackEmulator) -> None:
    ada = slack.person("U0000ADA", "Ada")
    given = slack_of(slack, SLACK_ADA) | window()
    await house.start(**given)
    await slack.sockets.there(within=PATIENCE_S)
    async with house.mcp("worker") as worker:
        await called(worker, "whoami")
        asked = await works(house, worker, "slack-ada")
        first = await ada.sees("ship it?", within=PATIENCE_S)
        await a_night(house, **given)
        await slack.sockets.there(within=PATIENCE_S)
        report = await ada.sees("Morning report", within=PATIENCE_S)
        assert [each for each in SAID if each not in report.text] == [], report.text
        card = await ada.sees(lambda x: x.ts > report.ts and "yes" in x.labels, within=PATIENCE_S)
        ada.taps(card, "no")
        told = await house.until("answered", lambda x: x["state"] == "answered", asked["ask_id"])
        assert told["ended"]["how"] == "answered"
        for each in (first, card):
            await ada.sees(lambda x, seen=each: x.ts == seen.ts and "yes" not in x.labels, within=PATIENCE_S)


async def test_at_a_terminal_it_waits_until_somebody_opens_one_and_a_number_decides(house: House) -> None:
    given = window()
    await house.start(**given)
    async with house.mcp("worker") as worker, house.terminal("chat", "--to", "worker") as screen:
        await called(worker, "whoami")
        await house.joined("console")
        asked = await works(house, worker, "console")
        await screen.shows("ship it?")
        screen.hang_up()
        await screen.ended()
        await a_night(house, **given)
        async with house.terminal("chat") as morning:
            await morning.shows("Morning report")
            await morning.shows("[1] yes")
            assert [each for each in SAID if each not in morning.text] == [], morning.text
            morning.type("1")
            await house.until("answered", lambda x: x["state"] == "answered", asked["ask_id"])
