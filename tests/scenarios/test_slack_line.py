"""A channel on the line: asked and answered by taps, in threads, aside, and through Slack's bad days."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.emulators.slack import Channel, Fault, Kind, Message, Person, SlackEmulator
from tests.scenarios.house import CHANNELS, PATIENCE_S, SLACK_ADA, WORK, FakeAgent, House, called, slack_of


@pytest.fixture
def ada(slack: SlackEmulator) -> Person:
    return slack.person("U0000ADA", "Ada")


@pytest.fixture
def ben(slack: SlackEmulator) -> Person:
    """Nobody listed him."""
    return slack.person("U0000BEN", "Ben")


@pytest.fixture
def work(slack: SlackEmulator, ada: Person, ben: Person) -> Channel:
    return slack.channel(WORK, "work", ada, ben)


@pytest.fixture
async def hosted(slack: SlackEmulator, work: Channel) -> AsyncIterator[House]:
    async with House() as house:
        await house.start(**slack_of(slack, SLACK_ADA, channels=CHANNELS))
        await slack.sockets.there(within=PATIENCE_S)
        yield house


@pytest.fixture
async def worker(hosted: House) -> AsyncIterator[FakeAgent]:
    async with hosted.agent("worker") as worker:
        yield worker


def is_decided(message: Message, card: Message) -> bool:
    return message.ts == card.ts and "✓" in message.text and message.labels == ()


async def test_a_question_in_a_channel_is_answered_by_a_listed_persons_tap_alone(
    hosted: House, slack: SlackEmulator, ada: Person, ben: Person, work: Channel
) -> None:
    async with hosted.mcp("front") as front, asyncio.TaskGroup() as tasks:
        question = called(front, "ask_peer", peer="slack", question="Ship **it**?", options=["yes", "no"])
        asking = tasks.create_task(question)
        card = await ada.sees("Ship it?", channel=work, within=PATIENCE_S)
        assert card.labels == ("yes", "no", "reply…")
        ben.taps(card, "yes")
        ada.taps(card, "no")
        told = await asking
    assert told["answers"][0]["option"] == "no"
    await ada.sees(lambda each: is_decided(each, card), channel=work, within=PATIENCE_S)
    assert "no (ada)" in work.messages[card.ts].text


async def test_words_of_ones_own_are_given_in_a_modal(hosted: House, ada: Person, work: Channel) -> None:
    async with hosted.mcp("front") as front, asyncio.TaskGroup() as tasks:
        asking = tasks.create_task(called(front, "ask_peer", peer="slack", question="Which colour?"))
        card = await ada.sees("Which colour?", channel=work, within=PATIENCE_S)
        ada.taps(card, "reply…")
        view = await ada.sees_modal(within=PATIENCE_S)
        (block,) = view.inputs
        ada.submits(view, **{block["element"]["action_id"]: "green"})
        told = await asking
    assert told["answers"][0]["text"] == "green"


async def test_an_ask_and_all_that_belongs_to_it_live_in_its_thread(
    hosted: House, worker: FakeAgent, ada: Person, work: Channel
) -> None:
    words = ada.mentions("@worker how far?", channel=work)
    answer = await ada.sees("answer to: how far?", channel=work, within=PATIENCE_S)
    assert {message.thread_ts for message in ada.heard(work)} == {words.ts}
    ada.says("and now?", channel=work, thread=words)
    await ada.sees("answer to: and now?", channel=work, thread=words, within=PATIENCE_S)
    assert "worker@dev answers" in answer.text


async def test_what_a_slash_command_is_told_its_asker_sees_alone_and_the_answer_everybody(
    hosted: House, worker: FakeAgent, ada: Person, ben: Person, work: Channel
) -> None:
    ada.slash("/peerline", "peers", channel=work)
    listed = await ada.sees("dev/worker", channel=work, within=PATIENCE_S)
    assert listed.only_for == "U0000ADA"
    ada.taps(listed, "dev/worker")
    chosen = await ada.sees("your words go to worker", channel=work, within=PATIENCE_S)
    assert chosen.only_for == "U0000ADA"
    ada.slash("/peerline", "@worker how far?", channel=work)
    await ben.sees("answer to: how far?", channel=work, within=PATIENCE_S)
    asked, answer = ben.heard(work)
    assert asked.text == "ada asks worker:\nhow far?"
    assert (answer.text, answer.thread_ts) == ("worker@dev answers\nanswer to: how far?", asked.ts)
    ben.says("and now?", channel=work, thread=asked)  # nobody listed him
    ada.says("and then?", channel=work, thread=asked)
    await ben.sees("answer to: and then?", channel=work, thread=asked, within=PATIENCE_S)
    assert "answer to: and now?" not in " ".join(each.text for each in ada.heard(work))


async def test_while_the_line_is_locked_neither_home_nor_modal_shows_anything(
    hosted: House, slack: SlackEmulator, ada: Person
) -> None:
    ada.opens_home()
    await ada.sees_home("How to begin", within=PATIENCE_S)
    slack.world.homes.clear()
    ada.slash("/peerline", "lock")
    await ada.sees("the line is locked", within=PATIENCE_S)
    ada.opens_home()
    ada.shortcut("peerline_ask")
    await slack.deliveries.settled()
    assert (await hosted.cli("notify", "slack-ada", "later")).code == 0
    await ada.sees("later", within=PATIENCE_S)
    assert (ada.home, ada.modal) == (None, None)


async def test_files_are_taken_of_whoever_is_heard_and_of_nobody_else(
    hosted: House, worker: FakeAgent, ada: Person, ben: Person, work: Channel
) -> None:
    ben.sends_file("bens.txt", b"a secret", channel=work, caption="@Peerline look")
    ada.sends_file("private.txt", b"not for us", channel=work)
    ada.sends_file("adas.txt", b"for you", channel=work, caption="@Peerline @worker look")
    await ada.sees("answer to: look", channel=work, within=PATIENCE_S)
    assert [each.read_bytes() for each in hosted.home.rglob("*.txt")] == [b"for you"]


@pytest.mark.parametrize("kind", [Kind.DROP, pytest.param(Kind.RESET, marks=pytest.mark.thorough)])
async def test_a_post_that_was_cut_off_is_seen_once(
    hosted: House, slack: SlackEmulator, ada: Person, work: Channel, kind: Kind
) -> None:
    slack.faults.add(Fault(kind, "chat.postMessage"))
    told = await hosted.cli("notify", "slack", "the build is red", "--json")
    await hosted.until(
        "shown", lambda story: story["deliveries"][0]["level"] == "handed", told.json["message_id"]
    )
    assert [message.text.partition("\n")[2] for message in ada.heard(work)] == ["the build is red"]


@pytest.mark.parametrize("step", ["bridge.shown", pytest.param("bridge.begun", marks=pytest.mark.thorough)])
async def test_a_crash_in_the_midst_of_a_post_shows_it_once(
    slack: SlackEmulator, ada: Person, work: Channel, step: str
) -> None:
    async with House() as house:
        hosting = slack_of(slack, SLACK_ADA, channels=CHANNELS)
        await house.start(crash_at=f"{step}:1", **hosting)
        house.arm()
        told = await house.cli("notify", "slack", "the build is red", "--json")
        await house.crashed(**hosting)
        slack.client_ended()
        await house.until(
            "shown", lambda story: story["deliveries"][0]["level"] == "handed", told.json["message_id"]
        )
    assert [message.text.partition("\n")[2] for message in ada.heard(work)] == ["the build is red"]


async def test_many_at_once_come_in_order_at_the_channels_pace_and_each_once(
    hosted: House, slack: SlackEmulator, ada: Person, work: Channel
) -> None:
    slack.faults.add(Fault(Kind.FLOOD, "chat.postMessage", after=7, retry_after=1, lasting=True))
    slack.faults.add(Fault(Kind.DROP, "chat.postMessage", after=12))
    async with hosted.mcp("front") as front:
        for n in range(25):
            await called(front, "notify_peer", peer="slack", message=f"note {n}.")
        await ada.sees("note 24.", channel=work, within=PATIENCE_S)
    seen = [message.text.partition("\n")[2] for message in ada.heard(work)]
    assert seen == [f"note {n}." for n in range(25)]
