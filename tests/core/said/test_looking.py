"""What a person wants looked at becomes an errand, and what was found is told once, where it was wished for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from daemon.core import commands as c
from daemon.core.model import Ask, Attachment, Conversation, Envelope, Errand, Kind, Parcel, Peer
from daemon.core.said.looking import labels
from daemon.core.sending import OPTION_LENGTH
from tests.core.line import Chat, Line


def errand_of(line: Line, chat: Chat, text: str, **said: Any) -> Errand:
    """The errand that these words put."""
    heard = line.say(chat, text, **said)
    found = [each for each in line.view.errands() if each.errand_id == heard.errand_id]
    assert found, line.told(chat)
    return found[0]


def meant(line: Line, chat: Chat, text: str, **said: Any) -> tuple[str, str, str]:
    errand = errand_of(line, chat, text, **said)
    peer = line.view.get(Peer, errand.peer_id)
    assert peer is not None
    return errand.what, peer.name, errand.argument


def finish(line: Line, errand: Errand, text: str = "found", **more: Any) -> None:
    line.do(c.FinishErrand(errand_id=errand.errand_id, text=text, **more))


def card_of(line: Line, chat: Chat) -> tuple[Parcel, Ask]:
    [(parcel, ask)] = [(x, x.ask) for x in line.shown(chat) if x.envelope.kind is Kind.ASK and x.ask]
    return parcel, ask


@pytest.mark.parametrize(("typed", "what", "argument"), [
    ("/peek api", "peek", ""),
    ("/peek @api", "peek", ""),
    ("/peek dev/api", "peek", ""),
    ("/diff api", "diff", ""),
    ("/diff api  patch", "diff", "patch"),
    ("/diff api a file.py", "diff", "a file.py"),
    ("/diff api --output=/tmp/x", "diff", "--output=/tmp/x"),
    ("/get @api src/a b.py", "get", "src/a b.py"),
    ("/get api:src/a.py", "get", "src/a.py"),
    ("/get api:", "get", ""),
    ("/get @api", "get", ""),
    ("/get /src/api/lib/x.py", "get", "lib/x.py"),
    ("/get /src/api", "get", ""),
    ("/get @api #(reboot)\n\x1b[2J", "get", "#(reboot)\n[2J"),
])  # fmt: skip
def test_whom_and_what_the_words_mean(
    line: Line, ada: Chat, api: Peer, typed: str, what: str, argument: str
) -> None:
    assert meant(line, ada, typed) == (what, "api", argument)


@pytest.mark.parametrize(("typed", "argument"), [
    ("/peek", ""),
    ("/diff", ""),
    ("/diff patch", "patch"),
    ("/diff src/a.py", "src/a.py"),
    ("/get", ""),
    ("/get a.py", "a.py"),
    ("/get notes: today.md", "notes: today.md"),
])  # fmt: skip
def test_without_a_name_the_chosen_peer_is_meant(
    line: Line, ada: Chat, api: Peer, typed: str, argument: str
) -> None:
    line.say(ada, "/to api")

    assert meant(line, ada, typed)[1:] == ("api", argument)


def test_without_a_name_whom_the_surface_fixed_is_meant_before_the_chosen_one(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.agent("web")
    line.say(ada, "/to api")

    assert meant(line, ada, "/peek", to="web")[1] == "web"


@pytest.mark.parametrize(("typed", "told"), [
    ("/peek", "nobody is named, and nobody is chosen\nsay /peek NAME"),
    ("/diff", "say /diff NAME"),
    ("/get a.py", "say /get @peer PATH"),
    ("/peek nobody", 'no peer "nobody"'),
    ("/diff nobody", 'no peer "nobody"'),
    ("/get /etc/passwd", 'no peer here works in a folder above "/etc/passwd"'),
    ("/get /src/apis/x", "no peer here works"),
    ("/get /src", "no peer here works"),
    ("/get @api " + "x" * 4097, "a path of 4097 characters"),
])  # fmt: skip
def test_what_cannot_be_looked_at_is_told_and_puts_nothing(
    line: Line, ada: Chat, api: Peer, typed: str, told: str
) -> None:
    assert line.say(ada, typed).errand_id is None
    assert told in "\n".join(line.told(ada))
    assert line.view.errands() == []


def test_an_absolute_path_belongs_to_the_deepest_folder_and_there_to_the_chosen_peer(
    line: Line, ada: Chat
) -> None:
    line.agent("top", path="/src")
    line.agent("one", path="/src/deep")
    two = line.agent("two", path="/src/deep")
    line.say(ada, "/to two")

    assert errand_of(line, ada, "/get /src/deep/x").peer_id == two.peer_id
    assert meant(line, ada, "/get /src/x") == ("get", "top", "x")


def test_the_receipt_is_shown_at_once_and_passes(line: Line, ada: Chat, api: Peer) -> None:
    line.say(ada, "/diff api")

    [parcel] = line.shown(ada)
    assert (parcel.envelope.body, parcel.envelope.urgency) == ("looking at api…", "fyi")


def test_a_file_needs_the_right_to_approve_and_the_rest_the_right_to_talk(line: Line, ada: Chat) -> None:
    line.agent("api", "default")
    ben = line.telegram("ben", "8", owner=False)

    assert line.say(ben, "/get @api x").errand_id is None
    assert "/get needs the right to approve" in "\n".join(line.told(ben))
    assert line.say(ben, "/peek api").errand_id
    assert line.say(ben, "/diff api").errand_id


@pytest.mark.parametrize("typed", ["/peek api", "/diff api", "/get @api x", "/get api:x", "/get /src/api/x"])
def test_nobody_looks_at_a_peer_whom_the_conversation_does_not_meet(
    line: Line, ada: Chat, api: Peer, typed: str
) -> None:
    group = line.group(("work",))

    assert line.say(group, typed).errand_id is None
    assert line.view.errands() == []


def test_what_was_found_is_told_once_without_a_sound_and_names_the_errand(
    line: Line, ada: Chat, api: Peer
) -> None:
    errand = errand_of(line, ada, "/peek api", reply_to="r-9")
    line.shown(ada)
    file = Attachment(path="/files/ab.png", name="logo.png", size=3)

    finish(line, errand, attachment=file)
    finish(line, errand, "again")

    [told] = [parcel.envelope for parcel in line.shown(ada)]
    assert (told.kind, told.body, told.silent, told.attachment) == (Kind.REPLY, "found", True, file)
    assert (told.correlation_id, told.reply_to) == (errand.errand_id, "r-9")
    assert line.view.errands() == []


def test_what_is_far_too_long_is_cut_rather_than_refused(line: Line, ada: Chat, api: Peer) -> None:
    errand = errand_of(line, ada, "/peek api")

    finish(line, errand, "x" * 100_000)

    assert "cut: 100000 bytes" in line.told(ada)[-1]


def test_an_errand_of_nobody_is_passed_over(line: Line) -> None:
    line.do(c.FinishErrand(errand_id="e-nothing", text="found"))

    assert line.view.errands() == []


def test_what_was_found_is_not_told_to_a_conversation_that_may_not_see_it_any_more(
    line: Line, ada: Chat, api: Peer
) -> None:
    group = line.group(("dev",))
    errand = errand_of(line, group, "/peek api")
    line.shown(group)
    narrower: Conversation | None = line.view.get(Conversation, group.peer.peer_id)
    assert narrower is not None
    line.put(replace(narrower, circles=("work",)))

    finish(line, errand, "a secret")

    assert line.shown(group) == []
    assert line.view.errands() == []


def test_a_choice_puts_the_next_errand_with_its_exact_argument(line: Line, ada: Chat, api: Peer) -> None:
    paths = ("src/a.py", "a\nb\x1b.py", "--all", "patch")
    finish(line, errand_of(line, ada, "/diff api"), "4 files", choices=paths)
    parcel, ask = card_of(line, ada)
    assert parcel.envelope.body == "4 files"
    assert ask.options == ("src/a.py", "a b.py", "--all", "whole patch")

    heard = line.tap(ada, ask.ask_id, 1)

    [errand] = line.view.errands()
    assert (heard.errand_id, errand.what, errand.argument) == (errand.errand_id, "diff", "a\nb\x1b.py")
    assert line.asked(ask).state == "answered"


def test_a_number_that_is_typed_chooses_as_well(line: Line, ada: Chat, api: Peer) -> None:
    finish(line, errand_of(line, ada, "/diff api"), choices=("a.py", "patch"))
    line.shown(ada)

    assert meant(line, ada, "2") == ("diff", "api", "patch")


def test_who_may_not_get_files_cannot_choose_one_either(line: Line, ada: Chat) -> None:
    line.agent("api", "default")
    line.telegram("ben", "8", owner=False)
    group = line.group(("default",))
    finish(line, errand_of(line, group, "/get @api"), choices=("a.py",))
    _, ask = card_of(line, group)

    line.tap(group.by("8"), ask.ask_id, 0)

    assert "/get needs the right to approve" in "\n".join(line.told(group))
    assert line.asked(ask).state != "answered"
    assert line.tap(group, ask.ask_id, 0).errand_id


def test_choices_are_offered_for_half_an_hour(line: Line, ada: Chat, api: Peer) -> None:
    finish(line, errand_of(line, ada, "/diff api"), choices=("a.py",))
    _, ask = card_of(line, ada)

    line.passes(timedelta(minutes=31))

    assert line.asked(ask).state == "expired"


def test_who_looked_at_what_is_in_the_story(line: Line, ada: Chat, api: Peer) -> None:
    errand = errand_of(line, ada, "/get @api a.py")

    [told] = line.story(errand.errand_id)
    assert (told.event.type, told.event.peer_id, told.event.what) == ("looked", api.peer_id, "get")
    assert told.event.evidence == "ada: a.py"


def test_the_keys_fit_and_differ_whatever_the_paths_are() -> None:
    long = f"src/{'deep/' * 30}view.py"
    made = labels((long, f"x{long}", "a\tb", "a b", "\x1b", "..", "patch"))

    assert len(set(made)) == len(made)
    assert all(0 < len(label) <= OPTION_LENGTH for label in made)
    assert made[0].startswith("…")
    assert made[0].endswith("deep/view.py")
    assert made[-1] == "whole patch"


def test_a_path_with_what_no_store_can_hold_is_asked_for_without_it(line: Line, ada: Chat, api: Peer) -> None:
    assert meant(line, ada, "/get @api a\ud800\0b") == ("get", "api", "ab")
    assert [x for x in line.rows()["envelope"] if "\ud800" in str(x)] == []


def test_an_attachment_is_stored_with_its_envelope(line: Line, ada: Chat, api: Peer) -> None:
    errand = errand_of(line, ada, "/get @api a.png")
    file = Attachment(path="/files/ab.png", name="a.png", size=3)
    finish(line, errand, attachment=file)

    kept = [x.envelope for x in line.shown(ada)][-1]
    assert line.view.get(Envelope, kept.envelope_id) == kept
    assert kept.attachment == file
