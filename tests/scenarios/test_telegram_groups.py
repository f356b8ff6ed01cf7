"""Several people in several chats and topics, with files, edits, strangers, slow downloads: words find their way."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from itertools import count, product
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.telegram import Fault, Person, TelegramEmulator
from tests.emulators.telegram.chat import Chat
from tests.scenarios.house import PATIENCE_S, FakeAgent, House, telegram_of, until

LATER = ("bridge.kept", "store.committed:1", "store.committed:2")
PEOPLE = ("{id: 7, name: ada}", "{id: 8, name: ben}", "{id: 9, name: cyd}")
TEAM, LAB = -1_001_000_000_001, -1_001_000_000_002
AGENTS = ("ant", "bee", "cat", "dog", "eel")
BOT = {"id": 8888, "is_bot": True, "first_name": "Other"}


@pytest.fixture
def crowd(telegram: TelegramEmulator) -> list[Person]:
    return [telegram.person(7, "Ada"), telegram.person(8, "Ben"), telegram.person(9, "Cyd")]


@pytest.fixture
async def worker(hosted: House) -> AsyncIterator[FakeAgent]:
    async with hosted.agent("worker", "default") as worker:
        yield worker


def comes(telegram: TelegramEmulator, sender: dict[str, Any], chat: Chat, **content: Any) -> None:
    """A message of a shape that a person of the emulator does not send."""
    shape = {"message_id": 9000 + telegram.world.serial(), "date": 1, "chat": chat.shape(), "from": sender}
    telegram.world.updates.add("message", shape | content)


@pytest.mark.thorough
async def test_many_people_in_many_topics_reach_whom_they_mean_across_a_crash(
    house: House, telegram: TelegramEmulator, crowd: list[Person]
) -> None:
    settings = telegram_of(telegram, *PEOPLE) | {
        "PEERLINE_TELEGRAM__CHATS": f"[{TEAM}, {{id: {LAB}, name: lab}}]"
    }
    rooms = [telegram.group(each, f"Room {each}", *crowd, forum=True) for each in (TEAM, LAB)]
    places = [(room, thread) for room in rooms for thread in (None, *topics(telegram, room, crowd[0]))]
    await house.start(**settings)
    numbers, wanted = count(1), dict[str, str]()

    def speak(person: Person, room: Chat, thread: int | None, agent: str, *, named: bool) -> None:
        words = f"word {next(numbers)}."
        wanted[words] = agent
        text = f"@{agent} {words}" if named else f"@peerline_bot {words}"
        person.says(text, chat=room, thread=thread)

    async with AsyncExitStack() as stack:
        agents = {name: await stack.enter_async_context(house.agent(name, "default")) for name in AGENTS}
        meant = {
            (person.user.user_id, place): AGENTS[n % len(AGENTS)]
            for n, (person, place) in enumerate(product(crowd, range(len(places))))
        }
        for named in (True, False):
            for person, (at, (room, thread)) in product(crowd, enumerate(places)):
                speak(person, room, thread, meant[person.user.user_id, at], named=named)
            if named:
                await until(
                    lambda: sum(agent.times_heard("word") for agent in agents.values()) > 5, "to begin"
                )
                await house.daemon.kill9()
                await house.start(**settings)
        for words, name in wanted.items():
            await agents[name].hears(words)
        heard = {words: [n for n, agent in agents.items() if agent.times_heard(words)] for words in wanted}
        assert heard == {words: [name] for words, name in wanted.items()}
        assert {agents[name].times_heard(words) for words, name in wanted.items()} == {1}


def topics(telegram: TelegramEmulator, room: Chat, creator: Person) -> list[int]:
    return [telegram.topic(room, creator, name) for name in ("api", "web", "docs")]


async def test_a_reply_in_a_group_finds_the_author_of_what_was_said_before_a_crash(
    house: House, telegram: TelegramEmulator, crowd: list[Person]
) -> None:
    settings = telegram_of(telegram, *PEOPLE) | {"PEERLINE_TELEGRAM__CHATS": f"[{TEAM}]"}
    room, (ada, ben, _) = telegram.group(TEAM, "Team", *crowd), crowd
    await house.start(**settings)
    async with house.agent("ant", "default") as ant, house.agent("bee", "default") as bee:
        ada.says("@ant old question", chat=room)
        old = await ben.sees("answer to: old question", chat=room, within=PATIENCE_S)
        ben.says("@bee other question", chat=room)
        await ben.sees("answer to: other question", chat=room, within=PATIENCE_S)
        await house.daemon.kill9()
        await house.start(**settings)
        ben.says("and since then?", chat=room, reply_to=old)
        await ant.hears("and since then?")
        assert bee.times_heard("and since then?") == 0


async def test_nothing_of_strangers_bots_forwarders_and_guessers_reaches_a_peer(
    house: House, telegram: TelegramEmulator
) -> None:
    ada, eve = telegram.person(7, "Ada"), telegram.person(66, "Eve")
    team = telegram.group(TEAM, "Team", ada, eve)
    other = telegram.group(LAB, "Other", eve)
    await house.start(**telegram_of(telegram, PEOPLE[0]) | {"PEERLINE_TELEGRAM__CHATS": f"[{TEAM}]"})
    async with house.agent("ant", "default") as ant:
        await house.at_terminal("telegram", "pair", "--json")
        origin = {"type": "user", "sender_user": eve.user.shape(), "date": 1}
        for text in (
            "@ant evil",
            "/stop ant",
            "/to ant",
            "@peerline_bot evil",
            *(f"AAAA{n}AAA" for n in range(9)),
        ):
            for chat in (None, team, other):
                eve.says(text, chat=chat)
        mention = [{"type": "mention", "offset": 0, "length": 13}]
        for chat in (ada.chat, team):
            comes(telegram, BOT, chat, text="@ant evil")
            comes(telegram, ada.user.shape(), chat, text="@ant evil", via_bot=BOT)
        comes(telegram, BOT | {"id": 1087968824}, team, text="@ant evil", sender_chat=team.shape())
        comes(
            telegram,
            ada.user.shape(),
            team,
            text="@peerline_bot evil",
            entities=mention,
            forward_origin=origin,
        )
        comes(telegram, ada.user.shape(), ada.chat, text="/stop ant", forward_origin=origin)
        await ada.sees("To whom?", within=PATIENCE_S)
        ada.says("@ant good", chat=team)
        await ant.hears("good")
        assert [told for _, told in ant.heard if "evil" in told] == []
        card = await ada.sees("let eve talk?", within=PATIENCE_S)
        line = await eve.sees("not on the list", within=PATIENCE_S)
        assert eve.heard() == (line,)
        await ada.taps(card, "talk").answered(within=PATIENCE_S)
        await ada.sees("eve may talk", within=PATIENCE_S)
        eve.says("@ant may I?", chat=team)
        await ant.hears("may I?")


async def test_an_album_a_document_and_a_voice_note_come_as_files_in_one_ask_each(
    house: House, telegram: TelegramEmulator
) -> None:
    ada, transcribing = telegram.person(7, "Ada"), {"PEERLINE_VOICE__COMMAND": "[cat, '{file}']"}
    await house.start(**telegram_of(telegram, PEOPLE[0]) | transcribing)
    async with house.agent("ant", "default") as ant:
        ada.says("/to ant")
        for n in (1, 2, 3):
            photo = telegram.world.keep(f"{n}.jpg", f"picture {n}".encode(), "photo")
            words = {"caption": "look at these"} if n == 2 else {}
            comes(telegram, ada.user.shape(), ada.chat, photo=photo.shape(), media_group_id="5", **words)
        ada.sends_file("the report.pdf", b"pages", caption="read this")
        ada.sends_file("note.ogg", b"go home", kind="voice")
        ada.sends_file("film.mp4", b"", kind="video", size=21 * 1024 * 1024, caption="too long")
        await ant.hears("too long")

    asks = [text for how, text in ant.heard if "· human" in text or "peerline ask" in text]
    album, document, voice, video = asks
    assert album.count("[photo ") == 3
    assert "look at these" in album
    assert [path.read_text() for path in files_in(album)] == ["picture 1", "picture 2", "picture 3"]
    assert "(the report.pdf), 5 bytes]" in document
    assert [path.read_text() for path in files_in(document)] == ["pages"]
    assert "go home" in voice
    assert "larger than 20 MB" in video
    for path in (*files_in(album), *files_in(document)):
        assert path.parent == house.home / "files/in"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def files_in(text: str) -> list[Path]:
    lines = [line for line in text.splitlines() if line.startswith(("[photo /", "[document /"))]
    return [Path(line.split(" ", 1)[1].partition(",")[0].partition(" (")[0]) for line in lines]


async def test_a_waiting_ask_is_edited_and_one_that_is_at_work_is_not(
    hosted: House, worker: FakeAgent, ada: Person
) -> None:
    first = ada.says("@worker hold this")
    await worker.hears("hold this")
    second = ada.says("@worker delete it")
    await ada.sees_screen(
        lambda screen: len([x for x in screen if x.text == "to worker"]) == 2, within=PATIENCE_S
    )
    ada.edits(second, "@worker keep it")
    await ada.sees("changed", within=PATIENCE_S)
    ada.edits(first, "@worker hold that")
    await ada.sees("too late", within=PATIENCE_S)
    await worker.let_go()
    await worker.hears("keep it")
    assert (worker.times_heard("delete it"), worker.times_heard("hold that")) == (0, 0)


async def test_a_slow_download_holds_up_its_own_lane_only_and_a_stop_overtakes(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    group = telegram.group(LAB, "Lab", ada)
    ada.says("@worker hold on")
    await worker.hears("hold on")
    telegram.faults.add(Fault("slow", "getFile", seconds=60))
    ada.sends_file("big.bin", b"bytes", caption="@worker the file")
    ada.says("@worker after the file")
    await telegram.journal.reaches("getFile", within=PATIENCE_S)
    ada.says("@worker from elsewhere", chat=group)
    await ada.sees("to worker", chat=group, within=PATIENCE_S)
    ada.says("/stop worker")
    await ada.sees("stopping worker", within=PATIENCE_S)
    asks = (await hosted.cli("asks", "--all", "--json")).json["asks"]
    assert not [each for each in asks if "after the file" in each["question"]]
    telegram.faults.lift()
    await worker.let_go()
    await worker.hears("after the file")
    texts = [told for _, told in worker.heard]
    assert next(n for n, told in enumerate(texts) if "the file\n[document" in told) < next(
        n for n, told in enumerate(texts) if "after the file" in told
    )


@pytest.mark.parametrize(
    "step", ["bridge.heard", *(pytest.param(each, marks=pytest.mark.thorough) for each in LATER)]
)
async def test_what_was_kept_is_done_once_whenever_it_crashes(
    house: House, telegram: TelegramEmulator, step: str
) -> None:
    ada, settings = telegram.person(7, "Ada"), telegram_of(telegram, PEOPLE[0])
    await house.start(crash_at=step, **settings)
    async with house.agent("ant", "default") as ant:
        house.arm()
        ada.says("@ant only once")
        ada.says("@ant and then")
        await house.crashed(**settings)
        await ant.hears("and then")
        assert (ant.times_heard("only once"), ant.times_heard("and then")) == (1, 1)


async def test_a_group_that_shut_us_out_is_offline_and_says_why(
    hosted: House, telegram: TelegramEmulator, worker: FakeAgent, ada: Person
) -> None:
    group = telegram.group(LAB, "Lab", ada)
    ada.says("@worker hello", chat=group)
    await ada.sees("to worker", chat=group, within=PATIENCE_S)
    us = telegram.world.bot.shape()
    change = {
        "new_chat_member": {"user": us, "status": "kicked"},
        "old_chat_member": {"user": us, "status": "member"},
    }
    telegram.world.updates.add(
        "my_chat_member", {"chat": group.shape(), "from": ada.user.shape(), "date": 1} | change
    )
    ada.says("/peers")
    await ada.sees("worker", within=PATIENCE_S)
    told = {}

    async def shut() -> bool:
        peers = (await hosted.cli("peer", "list", "--json")).json["peers"]
        told.update(next(each for each in peers if each["name"] == "telegram-lab"))
        return bool(told["status"] == "offline")

    for _ in range(20):
        if await shut():
            break
    assert (told["status"], told["reach"]["reason"]) == ("offline", "we were removed from the group")
