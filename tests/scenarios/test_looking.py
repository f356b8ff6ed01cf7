"""A person looks at what an agent said, at its work tree and at its files: on a phone, at a terminal, through pipes."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.telegram import Fault, Person, TelegramEmulator
from tests.errands.repository import Repository
from tests.scenarios.house import ADA, PATIENCE_S, FakeAgent, House, answers, telegram_of

PICTURE = b"\x89PNG\r\n\x1a\n\0"


@pytest.fixture
async def worker(hosted: House) -> AsyncIterator[FakeAgent]:
    """An agent in a repository of its own, which said something a while ago."""
    async with hosted.agent("worker") as worker:
        repository = Repository(worker.home, commit=False)
        repository.write(".gitignore", "heard\ntranscript\ngate\ninbox\n.claude\n")
        repository.write("a.py", "one\n")
        repository.commit("begun")
        repository.write("a.py", "two\n")
        repository.write("notes/new.md", "written just now\n")
        repository.write("logo.png", PICTURE)
        (worker.home / "away").symlink_to("/etc/hostname")
        said = {"content": [{"type": "text", "text": "all **green** now"}]}
        record = {"type": "assistant", "message": said, "timestamp": "2026-01-02T09:00:00.000Z"}
        with (worker.home / "transcript").open("a") as transcript:
            transcript.write(f"{json.dumps(record)}\n")
        yield worker


async def test_on_a_phone_a_peek_shows_the_last_words(worker: FakeAgent, ada: Person) -> None:
    ada.says("/peek worker")
    await ada.sees("looking at worker…", within=PATIENCE_S)
    found = await ada.sees("all green now", within=PATIENCE_S)
    assert found.text.startswith("worker is idle since")
    assert "bold" in {each["type"] for each in found.entities}
    assert found.silent


async def test_on_a_phone_a_file_of_the_difference_is_one_tap_away(worker: FakeAgent, ada: Person) -> None:
    ada.says("/diff worker")
    card = await ada.sees("1 file changed", within=PATIENCE_S)
    assert "worker on main" in card.text
    assert card.labels == ("a.py", "away", "logo.png", "notes/new.md", "whole patch")
    await ada.taps(card, "a.py").answered(within=PATIENCE_S)
    patch = await ada.sees("-one\n+two", within=PATIENCE_S)
    assert patch.entities[-1]["language"] == "diff"
    ada.says("/diff worker patch")
    whole = await ada.sees("the whole difference", within=PATIENCE_S)
    assert whole.document is not None
    assert whole.document.name == "worker.patch"
    assert b"+written just now" in whole.document.content


async def test_on_a_phone_text_is_shown_a_picture_is_sent_and_a_link_is_refused(
    hosted: House, worker: FakeAgent, ada: Person
) -> None:
    ada.says("/get @worker notes/new.md")
    await ada.sees("written just now", within=PATIENCE_S)
    ada.says("/to worker")
    ada.says("/get logo.png")
    picture = await ada.sees(lambda message: message.document is not None, within=PATIENCE_S)
    assert picture.document is not None
    assert (picture.document.name, picture.document.content) == ("logo.png", PICTURE)
    assert picture.text == "logo.png of worker, 9 bytes"
    ada.says(f"/get {worker.home}/away")
    await ada.sees("away is a link", within=PATIENCE_S)
    ada.says("/get .env")
    await ada.sees("looks like a secret", within=PATIENCE_S)
    [kept] = (hosted.home / "files").iterdir()
    assert (kept.read_bytes(), kept.stat().st_mode & 0o777) == (PICTURE, 0o600)


@pytest.mark.thorough
async def test_a_folder_is_walked_by_taps(worker: FakeAgent, ada: Person) -> None:
    ada.says("/get @worker")
    top = await ada.sees(". of worker:", within=PATIENCE_S)
    await ada.taps(top, "notes/").answered(within=PATIENCE_S)
    inside = await ada.sees("notes of worker:", within=PATIENCE_S)
    await ada.taps(inside, "notes/new.md").answered(within=PATIENCE_S)
    await ada.sees("written just now", within=PATIENCE_S)


@pytest.mark.parametrize("step", ["errands.found", pytest.param("errands.told", marks=pytest.mark.thorough)])
async def test_what_was_being_looked_up_when_the_daemon_died_is_told_once(
    house: House, telegram: TelegramEmulator, step: str
) -> None:
    ada, settings = telegram.person(7, "Ada"), telegram_of(telegram, ADA)
    await house.start(crash_at=step, **settings)
    async with house.agent("worker"):
        house.arm()
        ada.says("/peek worker")
        await house.crashed(**settings)
        await ada.sees("it has not said anything yet", within=PATIENCE_S)
        ada.says("/asks")
        await ada.sees("nothing is open", within=PATIENCE_S)
    assert len([each for each in ada.heard() if "not said anything" in each.text]) == 1


async def test_a_file_that_may_have_arrived_is_uncertain_and_comes_again_marked(
    worker: FakeAgent, telegram: TelegramEmulator, ada: Person
) -> None:
    telegram.faults.add(Fault("drop", "sendDocument", times=1))
    ada.says("/get @worker logo.png")
    await ada.sees("may have come before", within=PATIENCE_S)
    first, again = [message for message in ada.heard() if message.document]
    assert first.document.content == again.document.content
    assert again.text == f"↻ may have come before\n\n{first.text}"
    assert len(telegram.journal.of("sendDocument")) == 2


async def test_through_pipes_the_end_waits_for_what_is_looked_up_and_files_need_a_right(
    hosted: House, worker: FakeAgent
) -> None:
    told = await hosted.cli("chat", typed="/peek worker\n/diff worker a.py\n/get @worker logo.png\n")
    lines = told.out.splitlines()
    assert told.code == 0
    assert any("it said" in line and "all **green** now" in line for line in lines)
    assert any("⏎ -one⏎ +two⏎ " in line for line in lines)
    assert any("/get needs the right to approve" in line for line in lines)


async def test_at_a_terminal_a_file_is_told_by_where_our_copy_lies(hosted: House, worker: FakeAgent) -> None:
    async with hosted.terminal("chat", "--to", "worker") as screen:
        await hosted.joined("console")
        screen.type("/get logo.png")
        await screen.shows("(logo.png, 9 bytes: ")
        screen.type("/diff")
        await screen.shows("[5] whole patch")
        screen.type("1")
        await screen.shows("+two")
        screen.type("/peek")
        await screen.shows("all green now")
        screen.type("/quit")
        assert await screen.ended() == 0
    [kept] = (hosted.home / "files").iterdir()
    assert str(kept) in screen.text.replace("\n", "")
    assert Path(kept).read_bytes() == PICTURE


@pytest.mark.thorough
async def test_the_last_words_of_the_real_agent_are_shown(line: House, backend: ClaudeCode) -> None:
    asked = await line.cli("ask", "backend", "how far are you?", "--wait", "25", "--json")
    [words] = answers(asked.json)
    told = await line.cli("chat", typed="/peek backend\n")
    shown = [each for each in told.out.splitlines() if "`backend` is idle since" in each]
    assert len(shown) == 1, told
    assert re.search(r"it said \d+ s ago:⏎ ⏎ ", shown[0])
    assert shown[0].endswith(f"⏎ ⏎ {words}")
