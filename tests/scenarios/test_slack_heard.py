"""What people say on Slack reaches agents once: through redeliveries, disconnects, dead air and long absences."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.emulators.slack import Channel, Fault, Kind, Person, SlackEmulator
from tests.scenarios.house import CHANNELS, PATIENCE_S, SLACK_ADA, WORK, FakeAgent, House, slack_of


@pytest.fixture
def ada(slack: SlackEmulator) -> Person:
    return slack.person("U0000ADA", "Ada")


@pytest.fixture
def work(slack: SlackEmulator, ada: Person) -> Channel:
    return slack.channel(WORK, "work", ada)


@pytest.fixture
async def house(slack: SlackEmulator, work: Channel) -> AsyncIterator[House]:
    async with House() as house:
        await house.start(**slack_of(slack, SLACK_ADA, channels=CHANNELS))
        await slack.sockets.there(within=PATIENCE_S)
        yield house


@pytest.fixture
async def worker(house: House) -> AsyncIterator[FakeAgent]:
    async with house.agent("worker") as worker:
        yield worker


async def answered(ada: Person, words: str, channel: Channel | None = None) -> None:
    """Once, and only once."""
    await ada.sees(f"answer to: {words}", channel=channel, within=PATIENCE_S)
    assert len([each for each in ada.heard(channel) if f"answer to: {words}" in each.text]) == 1


async def test_four_deliveries_of_a_mention_are_one_ask(
    slack: SlackEmulator, worker: FakeAgent, ada: Person, work: Channel
) -> None:
    slack.faults.add(Fault(Kind.REDELIVER, "envelope"))
    ada.mentions("@worker how far?", channel=work)
    await answered(ada, "how far?", work)
    await slack.deliveries.settled()
    ada.mentions("and now?", channel=work)
    await answered(ada, "and now?", work)


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets"])
async def test_every_disconnect_is_survived_at_once(
    slack: SlackEmulator, worker: FakeAgent, ada: Person, work: Channel, reason: str
) -> None:
    await slack.sockets.disconnect(reason)
    await slack.sockets.there(within=5)
    ada.mentions("@worker how far?", channel=work)
    await answered(ada, "how far?", work)


async def test_dead_air_is_left_within_five_seconds(
    slack: SlackEmulator, worker: FakeAgent, ada: Person
) -> None:
    ada.says("@worker one")
    await answered(ada, "one")
    slack.sockets.freeze()
    ada.says("two")
    slack.away()
    await slack.sockets.there(within=5)
    await answered(ada, "two")


async def test_what_was_said_while_the_daemon_was_away_is_answered_once(
    slack: SlackEmulator, house: House, worker: FakeAgent, ada: Person, work: Channel
) -> None:
    root = ada.mentions("@worker one", channel=work)
    await answered(ada, "one", work)
    await house.daemon.stop()
    slack.client_ended()
    ada.says("two", channel=work, thread=root)
    ada.mentions("three", channel=work)
    ada.says("@worker four")
    slack.away()
    await house.start(**slack_of(slack, SLACK_ADA, channels=CHANNELS))
    for words, channel in (("two", work), ("three", work), ("four", None)):
        await answered(ada, words, channel)


async def test_words_that_are_deleted_while_they_wait_are_asked_of_nobody(
    slack: SlackEmulator, house: House, ada: Person, work: Channel
) -> None:
    async with house.agent("worker") as worker:
        assert worker is not None
    words = ada.mentions("@worker delete it", channel=work)
    await ada.sees("which is offline", channel=work, within=PATIENCE_S)
    ada.deletes(words)
    await ada.sees("withdrawn", channel=work, within=PATIENCE_S)
