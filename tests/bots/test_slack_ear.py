"""What people do on Slack reaches the house once, through every fault that a socket can have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from bots.interface import Deleted, Edited, NotNow, Reacted, Said, Tapped
from bots.slack.ids import tap_value
from bots.slack.pushing import Hook
from bots.slack.sockets import Rhythm, Sockets
from tests.emulators.slack import Channel, Fault, Kind, Person, SlackEmulator
from tests.emulators.slack.library import client_at
from tests.fakes.slack_line import SARA, TEAM, WORK, House, Shelf

ADA = f"{TEAM}:{SARA}"


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with asyncio.timeout(30), SlackEmulator() as emulator:
        yield emulator


@pytest.fixture
def sara(slack) -> Person:
    return slack.person(SARA, "Sara")


@pytest.fixture
def work(slack, sara) -> Channel:
    return slack.channel(WORK, "work", sara)


@pytest.fixture
def house(slack, work, tmp_path: Path) -> House:
    return House(slack, Shelf(WORK, ADA), tmp_path)


def only(house: House, kind: type) -> list:
    return [each for each in house.heard.values() if isinstance(each, kind)]


# --- what it is -------------------------------------------------------------------------------------------------------


async def test_a_mention_comes_twice_and_is_heard_once(house, sara, work) -> None:
    async with house.hearing():
        message = sara.mentions("how far?", channel=work)
        await house.slack.deliveries.settled()
        await house.until(lambda: house.said)

    [said] = only(house, Said)
    assert house.again == 1
    assert (said.update_id, said.address, said.account) == (f"{WORK}/{message.ts}", WORK, ADA)
    assert (said.text, said.called, said.private) == ("how far?", True, False)
    assert said.thread == said.receipt == f"{WORK}/{message.ts}"
    assert said.author == "sara"


async def test_a_direct_message_has_its_person_as_address(house, sara) -> None:
    async with house.hearing():
        message = sara.says("hello")
        await house.until(lambda: house.said)

    [said] = only(house, Said)
    assert (said.address, said.account, said.private, said.thread) == (ADA, ADA, True, "")
    assert said.receipt == f"{ADA}/{message.ts}"


async def test_a_first_mention_in_a_thread_brings_what_was_said_there(house, sara, work) -> None:
    ben = house.slack.person("U0000BENB", "Ben")
    root = sara.says("shall we?", channel=work)
    ben.says("I would & I will", channel=work, thread=root)
    async with house.hearing():
        sara.mentions("what do you think?", channel=work, thread=root)
        await house.until(lambda: "what do you think?" in house.said)
        house.shelf.begun.add(f"{WORK}/{root.ts}")
        sara.mentions("well?", channel=work, thread=root)
        await house.until(lambda: "well?" in house.said)

    first, second = (each for each in only(house, Said) if each.called)
    assert first.around == "sara: shall we?\nben: I would & I will"
    assert (second.around, second.address, second.reply_to) == ("", f"{WORK}/{root.ts}", f"{WORK}/{root.ts}")


async def test_what_others_and_commands_say_first_takes_nothing_from_the_first_ask(house, sara, work) -> None:
    ben = house.slack.person("U0000BENB", "Ben")
    root = sara.says("shall we?", channel=work)
    async with house.hearing():
        for person, words in ((ben, "me first"), (sara, "peers"), (sara, "what do you think?")):
            person.mentions(words, channel=work, thread=root)
        await house.until(lambda: "what do you think?" in house.said)

    strangers, _, ask = (each for each in only(house, Said) if each.called)
    assert strangers.around == ""
    assert "sara: shall we?" in ask.around


async def test_what_a_stranger_sends_stays_where_it_is(house, work) -> None:
    ben = house.slack.person("U0000BENB", "Ben")
    async with house.hearing():
        ben.sends_file("plan.txt", b"all of it", channel=work, caption="@Peerline look")
        ben.sends_file("mine.txt", b"all of it")
        await house.until(lambda: len(house.said) == 2)
    assert [each.files[0].name for each in only(house, Said)] == ["plan.txt", "mine.txt"]
    assert list(house.files.iterdir()) == []


async def test_edits_and_deletions_are_the_authors(house, sara, work) -> None:
    async with house.hearing():
        message = sara.mentions("delete it", channel=work)
        edited = sara.edits(message, "keep it")
        sara.deletes(edited)
        await house.slack.deliveries.settled()
        await house.until(lambda: only(house, Deleted) and only(house, Edited))

    [edit], [gone] = only(house, Edited), only(house, Deleted)
    assert (edit.account, edit.receipt, edit.text) == (ADA, f"{WORK}/{message.ts}", "keep it")
    assert (gone.account, gone.receipt) == (ADA, f"{WORK}/{message.ts}")


async def test_a_tap_is_bound_to_its_card_and_its_finger(house, sara, work) -> None:
    root = sara.says("go", channel=work)
    async with house.hearing():
        blocks = [
            {"type": "markdown", "text": "go on?"},
            {"type": "actions", "elements": [_button("yes", tap_value("a-1", 0))]},
        ]
        posted = await client_at(house.slack).chat_postMessage(
            channel=WORK, text="go on?", blocks=blocks, thread_ts=root.ts
        )
        card = await sara.sees("go on?", channel=work)
        sara.taps(card, "yes")
        await house.until(lambda: only(house, Tapped))

    [tapped] = only(house, Tapped)
    assert (tapped.address, tapped.account) == (f"{WORK}/{root.ts}", ADA)
    assert (tapped.ask_id, tapped.option) == ("a-1", 0)
    assert tapped.receipt == f"{WORK}/{root.ts}/{posted['ts']}"
    assert house.kept[tapped.update_id].hurried


async def test_a_sign_on_a_card_in_a_thread_finds_the_thread(house, sara, work) -> None:
    root = sara.says("go", channel=work)
    async with house.hearing():
        await client_at(house.slack).chat_postMessage(channel=WORK, text="done", thread_ts=root.ts)
        card = await sara.sees("done", channel=work)
        sara.reacts(card, "eyes")
        await house.until(lambda: only(house, Reacted))

    [reacted] = only(house, Reacted)
    assert (reacted.address, reacted.receipt) == (f"{WORK}/{root.ts}", f"{WORK}/{root.ts}/{card.ts}")


async def test_a_slash_command_is_aside_and_its_words_need_no_slash(house, sara, work) -> None:
    async with house.hearing():
        sara.slash("/peerline", "peers", channel=work)
        await house.until(lambda: house.said)

    [said] = only(house, Said)
    assert (said.text, said.aside, said.address, said.thread) == ("/peers", True, WORK, "")


async def test_files_come_with_the_words(house, sara, work) -> None:
    async with house.hearing():
        sara.sends_file("notes.txt", b"one two", caption="look")
        await house.until(lambda: house.said)

    [said] = only(house, Said)
    [file] = said.files
    assert (said.text, file.name, file.size) == ("look", "notes.txt", 7)
    assert Path(file.path).read_bytes() == b"one two"


async def test_a_shortcut_opens_a_modal_whose_words_go_to_whom_it_says(house, sara, work) -> None:
    async with house.hearing():
        message = sara.says("the build is red", channel=work)
        sara.shortcut("peerline_ask_about", message)
        view = await sara.sees_modal("Ask an agent")
        await house.slack.world.pulse.until(lambda: "To" in str(view.content), 3)
        sara.submits(view, to="dev/backend", words="why?")
        await house.until(lambda: any(each.to for each in only(house, Said)))

    said = only(house, Said)[-1]
    assert (said.to, said.text, said.address) == ("dev/backend", "why?", f"{WORK}/{message.ts}")
    assert said.around.endswith("the build is red")


async def test_a_stranger_sees_no_modal_and_no_home(house, work) -> None:
    eve = house.slack.person("U0000EVE0", "Eve")
    work.members[eve.user.user_id] = eve.user
    async with house.hearing():
        eve.shortcut("peerline_ask")
        eve.opens_home()
        eve.says("hello", channel=work)
        await house.until(lambda: house.said == ["hello"])
        await house.slack.deliveries.settled()

    assert (eve.modal, eve.home) == (None, None)


async def test_the_home_shows_everything_at_a_glance(house, sara) -> None:
    async with house.hearing():
        sara.opens_home()
        await sara.sees_home("*backend* is working")


# --- what may go wrong ------------------------------------------------------------------------------------------------


async def test_who_opens_the_chat_is_offered_what_to_say_first_and_a_stranger_nothing(
    house, sara, work
) -> None:
    ben = house.slack.person("U0000BENB", "Ben")
    async with house.hearing():
        ben.opens_home("messages")
        sara.opens_home("messages")
        await house.slack.journal.reaches("assistant.threads.setSuggestedPrompts", within=5)
    [(place, prompts)] = house.slack.world.prompts.items()
    assert sara.chat.channel_id in place
    assert [each["message"] for each in prompts] == ["/peers", "/status"]


async def test_nothing_is_acknowledged_before_it_is_kept(house, sara, work) -> None:
    async with house.hearing():
        house.open.clear()
        sara.says("hello")
        await asyncio.sleep(0.3)
        assert [each.acked for each in house.slack.deliveries.of("message")] == [False]
        house.open.set()
        await house.slack.deliveries.settled()
    assert house.said == ["hello"]


async def test_what_is_nothing_to_us_is_acknowledged_too(house, sara, work) -> None:
    async with house.hearing():
        house.slack.world.tell({"type": "something_new", "event_ts": "1.1"})
        await house.slack.deliveries.settled()
    assert house.kept == {}


async def test_four_deliveries_are_one(house, sara, work) -> None:
    house.slack.faults.add(Fault(Kind.REDELIVER, "envelope"))
    async with house.hearing():
        sara.says("hello")
        await house.slack.deliveries.settled()
    assert house.said == ["hello"]
    assert house.again == 3


@pytest.mark.parametrize("reason", ["warning", "refresh_requested", "too_many_websockets", "link_disabled"])
async def test_after_a_disconnect_there_is_another_socket_and_nothing_is_lost(house, sara, reason) -> None:
    async with house.hearing():
        sara.says("one")
        await house.until(lambda: house.said == ["one"])
        await house.slack.sockets.disconnect(reason)
        sara.says("two")
        if reason == "link_disabled":
            await asyncio.sleep(0.5)
            house.slack.sockets.enabled = True
        await house.slack.sockets.there()
        sara.says("three")
        await house.until(lambda: sorted(house.said) == ["one", "three", "two"])
        if reason == "link_disabled":
            house.slack.away()  # what failed twice comes a minute later, and is here already
        await house.slack.deliveries.settled()


async def test_a_polite_disconnect_leaves_no_gap(house, sara) -> None:
    async with house.hearing():
        await house.slack.sockets.disconnect("refresh_requested")
        await house.slack.sockets.until(lambda: [s for s in house.slack.sockets.every if s.number == 2], 1, 2)
        assert house.slack.sockets.every[0].closed_at is None
    assert house.told == [""]


@pytest.mark.parametrize("fault", ["freeze", "cut"])
async def test_dead_air_and_cuts_are_noticed_by_pongs_alone(house, sara, fault) -> None:
    async with house.hearing():
        await asyncio.sleep(1)  # quiet, and well
        assert len(house.slack.sockets.every) == 1
        sara.says("zero")
        await house.until(lambda: house.said == ["zero"])
        getattr(house.slack.sockets, fault)()
        message = sara.says("one")
        house.slack.away()
        await house.slack.sockets.there(within=3)
        await house.until(lambda: house.said == ["zero", "one"])
    assert [each for each in house.kept if not each.startswith("silence")][-1].endswith(message.ts)


async def test_refused_connections_are_tried_at_most_so_often(house, sara) -> None:
    async with house.hearing():
        sara.says("zero")
        await house.until(lambda: house.said == ["zero"])
        await house.slack.unplug()
        await asyncio.sleep(1.2)
        await house.slack.plug()
        await house.until(lambda: house.told[-1] == "")
    assert "cannot be reached" in house.told[-2]


async def test_what_is_looked_up_before_an_attempt_does_not_bring_the_next_one_nearer() -> None:
    tried: list[float] = []
    enough = asyncio.Event()

    async def where() -> str:
        tried.append(time.monotonic())
        if len(tried) == 2:
            enough.set()
        raise NotNow("Slack cannot be reached")

    async def opened() -> Callable[[], None]:
        await asyncio.sleep(0 if tried else 0.25)  # the disk is busy
        return lambda: None

    async def takes(payload: object) -> None: ...

    rhythm = Rhythm(least=0.3, most=0.3)
    sockets = Sockets(where, takes, lambda trouble: None, opened, time.monotonic, rhythm)
    async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
        running = tasks.create_task(sockets.run())
        await enough.wait()
        running.cancel()
    assert tried[1] - tried[0] >= 0.29


async def test_what_was_said_while_nobody_heard_is_read_once(house, sara, work) -> None:
    async with house.hearing():
        root = sara.says("before", channel=work)
        await house.until(lambda: house.said == ["before"])
    for n in range(3):
        sara.says(f"away {n}", channel=work)
        sara.says(f"private {n}")
        sara.says(f"in the thread {n}", channel=work, thread=root)
    fresh = sara.says("a root", channel=work)
    sara.says("its reply", channel=work, thread=fresh)
    house.slack.away()
    async with house.hearing():
        await house.until(lambda: len(house.said) == 12)
        sara.says("after", channel=work)
        await house.until(lambda: len(house.said) == 13)
        await house.until(lambda: all(each in house.heard for each in house.kept))
    assert len(set(house.said)) == 13
    assert [each for each in house.said if each.startswith("away")] == ["away 0", "away 1", "away 2"]


async def test_nothing_is_opened_before_it_is_on_disk_where_hearing_ended(house, sara, work) -> None:
    async with house.hearing():
        sara.says("before", channel=work)
        await house.until(lambda: house.said == ["before"])
    sara.says("away", channel=work)
    house.slack.away()
    async with house.hearing(there=False):
        house.open.clear()
        with pytest.raises(AssertionError):
            await house.slack.sockets.there(within=0.3)
        house.open.set()
        await house.until(lambda: house.said == ["before", "away"])


async def test_what_was_said_below_an_old_message_while_nobody_heard_is_read(house, sara, work) -> None:
    await client_at(house.slack).chat_postMessage(channel=WORK, text="Ship it?")
    card = await sara.sees("Ship it?", channel=work)
    house.slack.world.passes(3600)
    async with house.hearing():
        sara.says("before", channel=work)
        await house.until(lambda: house.said == ["before"])
    sara.says("yes", channel=work, thread=card)
    house.slack.away()
    async with house.hearing():
        await house.until(lambda: house.said == ["before", "yes"])


async def test_the_first_start_reads_nothing_back(house, sara, work) -> None:
    sara.says("long ago", channel=work)
    house.slack.away()
    async with house.hearing():
        sara.says("now")
        await house.until(lambda: house.said == ["now"])


# --- by HTTP ----------------------------------------------------------------------------------------------------------


async def test_by_http_only_what_is_signed_is_taken_and_only_once_it_is_kept(
    house, sara, work, served
) -> None:
    house.hook = Hook(house.slack.tokens.signing_secret)
    pushes = house.slack.pushes_to(await served(house.hook))
    async with house.hearing():
        await house.until(lambda: house.told)
        sara.mentions("how far?", channel=work)
        sara.slash("/peerline", "peers", channel=work)
        await house.slack.deliveries.settled()
        await house.until(lambda: len(house.said) == 2)
        status, _ = await pushes.post('{"type": "event_callback"}', secret="another")
        assert status == 401
    assert sorted(house.said) == ["/peers", "how far?"]


@pytest.fixture
async def served() -> AsyncIterator[Callable[[Hook], Awaitable[str]]]:
    runners = []

    async def serve(hook: Hook) -> str:
        async def take(request: web.Request) -> web.Response:
            told = await hook.take(request.headers, (await request.read()).decode())
            return web.Response(status=told.status, text=told.body, content_type=told.content_type)

        app = web.Application()
        app.router.add_post("/slack", take)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        runners.append(runner)
        return f"http://127.0.0.1:{runner.addresses[0][1]}/slack"

    yield serve
    for runner in runners:
        await runner.cleanup()


def _button(label: str, value: str) -> dict:
    return {
        "type": "button",
        "action_id": f"x{value[-1]}",
        "text": {"type": "plain_text", "text": label},
        "value": value,
    }
