"""Cards on Ada's phone, through faults: what she sees, and what we are told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bots.interface import Card, Choice, NotEver, NotNow, Unsure
from bots.pacing import Pace
from bots.telegram.api import Api
from bots.telegram.markup import Entity, Message
from bots.telegram.verdicts import judged
from daemon.core.model import Attachment
from tests.emulators.telegram import Fault, Kind
from tests.fakes.phone_line import Phone, PhoneLine, carried, changed, parcel, plugged

LONG = "\n\n".join(f"paragraph {n} {'words ' * 60}" for n in range(25))


@pytest.fixture
async def phone() -> AsyncIterator[Phone]:
    async with asyncio.timeout(15), plugged() as made:
        yield made


def card(markdown: str = "go on?", *labels: str, **more: Any) -> Card:
    choices = tuple(Choice(label=label, ask_id="a-1", option=n) for n, label in enumerate(labels))
    return Card(who="backend", headline="backend@dev asks", markdown=markdown, choices=choices, **more)


async def shown(phone: Phone, address: str, whole: Card, *begun: str) -> str:
    """Show it, part by part, as the bridge does; returns the last receipt."""
    told = await phone.surface.show(address, whole, begun)
    return await shown(phone, address, whole, *begun, told.receipt) if told.more else told.receipt


def texts(phone) -> list[str]:
    return [message.text for message in phone.ada.heard()]


async def test_a_question_shows_who_asks_the_agents_markdown_and_its_choices(phone) -> None:
    shown_as = await shown(phone, "7", card("run `make`?", "yes", "no"))

    (message,) = phone.ada.heard()
    assert shown_as == f"7/{message.message_id}"
    assert message.text == "backend@dev asks\n\nrun make?"
    assert [mark["type"] for mark in message.entities] == ["bold", "code"]
    assert [[key.text for key in row] for row in message.buttons] == [["yes", "no"]]
    assert message.link_preview == {"is_disabled": True}
    assert not message.silent


@pytest.mark.parametrize("quiet", ["silent", "passing"])
async def test_what_needs_no_human_makes_no_sound(phone, quiet) -> None:
    await shown(phone, "7", card("to backend", **{quiet: True}))

    assert [message.silent for message in phone.ada.heard()] == [True]


async def test_a_card_replies_to_what_it_is_about_if_that_is_in_this_chat(phone) -> None:
    words = phone.ada.says("how far?")

    await shown(phone, "7", card(reply_to=f"7/{words.message_id}"))
    await shown(phone, "7", card(reply_to=f"8/{words.message_id}"))
    await shown(phone, "7", card(reply_to="7/9999"))

    assert [message.reply_to for message in phone.ada.heard()] == [words.message_id, None, None]


async def test_a_long_text_is_several_messages_that_ring_once_with_the_choices_on_the_last(phone) -> None:
    words = phone.ada.says("tell me all")

    shown_as = await shown(phone, "7", card(LONG, "yes", reply_to=f"7/{words.message_id}"))

    messages = phone.ada.heard()
    assert [message.reply_to for message in messages if message.reply_to] == [words.message_id]
    assert messages[0].reply_to
    assert len(messages) > 2
    assert "paragraph 24" in messages[-1].text
    assert shown_as == f"7/{messages[-1].message_id}"
    assert [message.labels for message in messages] == [*[()] * (len(messages) - 1), ("yes",)]
    assert [message.silent for message in messages] == [*[True] * (len(messages) - 1), False]


async def test_a_long_text_is_shown_one_message_at_a_time_and_goes_on_where_it_was_interrupted(phone) -> None:
    whole = card(LONG, "yes")
    first = await phone.surface.show("7", whole)
    assert (len(phone.ada.heard()), first.more) == (1, True)

    phone.telegram.faults.add(Fault(Kind.FLOOD, "sendMessage", retry_after=30))
    for _ in range(2):
        with pytest.raises(NotNow):
            await phone.surface.show("7", whole, (first.receipt,))
    assert len(phone.telegram.journal.of("sendMessage")) == 2
    phone.clock.now += 30
    await shown(phone, "7", whole, first.receipt)

    once = texts(phone)
    assert len(set(once)) == len(once) > 2
    assert "paragraph 24" in once[-1]


async def test_what_may_be_there_already_is_marked_and_only_that(phone) -> None:
    whole = card(LONG, "yes")
    first = await phone.surface.show("7", whole)
    await phone.surface.show("7", replace(whole, doubts=1), (first.receipt,))
    await phone.surface.show("7", replace(whole, doubts=3), (first.receipt,))
    second = await phone.surface.show("7", whole, (first.receipt,))

    _, once, thrice, plain = texts(phone)
    assert once == f"↻ may have come before\n\n{plain}"
    assert thrice == f"↻ may have come before, up to 3 times\n\n{plain}"
    assert second.more


async def test_a_message_that_fits_by_itself_is_one_and_gets_its_mark_before_it_when_it_is_in_doubt(
    phone,
) -> None:
    full = replace(card("x" * 4096), headline="")
    await shown(phone, "7", full)
    await shown(phone, "7", replace(full, doubts=1))

    assert [len(text) for text in texts(phone)] == [4096, len("↻ may have come before"), 4096]


async def test_what_would_be_more_than_six_messages_is_a_file_and_a_summary_with_the_choices(phone) -> None:
    text = "\n\n".join(f"paragraph {n} {'words ' * 60}" for n in range(80))
    shown_as = await shown(phone, "7", card(text, "yes"))

    file, summary = phone.ada.heard()
    assert (file.document.name, file.document.content) == ("message.md", text.encode())
    assert (file.silent, file.labels, summary.silent, summary.labels) == (True, (), False, ("yes",))
    assert "paragraph 1 " in summary.text
    assert summary.text.endswith("… all of it is in message.md")

    await phone.surface.change("7", shown_as, card(text, outcome="yes (ada)"))
    assert phone.ada.heard()[-1].text == f"{summary.text}\n\n✓ yes (ada)"


async def test_a_topic_is_written_to_in_its_chat_and_shares_its_flood_waits(phone) -> None:
    team = phone.telegram.group(-1001, "Team", phone.ada, forum=True)
    topics = [phone.telegram.topic(team, phone.ada, name) for name in ("api", "web")]
    shown_as = await shown(phone, f"-1001/{topics[0]}", card("here"))
    await phone.surface.change(f"-1001/{topics[0]}", shown_as, card("here", outcome="yes"))
    assert [m.text for m in phone.ada.heard(team)][-1].endswith("✓ yes")

    phone.telegram.faults.add(Fault(Kind.FLOOD, "sendMessage", retry_after=30))
    with pytest.raises(NotNow):
        await shown(phone, f"-1001/{topics[0]}", card("no"))
    with pytest.raises(NotNow) as refused:
        await phone.surface.ready(f"-1001/{topics[1]}")
    assert (refused.value.after_s, refused.value.quiet) == (30, True)


async def test_no_request_is_made_faster_than_telegram_takes_them() -> None:
    async with asyncio.timeout(15), plugged(pace=Pace(burst=1)) as phone:
        shown_as = await shown(phone, "7", card())
        with pytest.raises(NotNow) as refused:
            await phone.surface.ready("7")
        assert (refused.value.after_s, refused.value.quiet) == (1, False)
        await phone.surface.ready("8")
        phone.clock.now += 1
        await phone.surface.ready("7")
        await phone.surface.change("7", shown_as, card("edited"))
        with pytest.raises(NotNow):
            await phone.surface.ready("7")


async def test_a_chat_under_a_flood_wait_is_left_alone_until_it_is_over_and_others_are_not(phone) -> None:
    eve = phone.telegram.person(8, "Eve")
    receipt = await shown(phone, "7", card("before"))
    phone.telegram.faults.add(Fault(Kind.FLOOD, "sendMessage", retry_after=6775))

    for _ in range(3):
        with pytest.raises(NotNow) as refused:
            await shown(phone, "7", card("during"))
        assert refused.value.after_s == 6775
    with pytest.raises(NotNow):
        await phone.surface.change("7", receipt, card("before", outcome="yes (ada)"))
    await shown(phone, "8", card("to somebody else"))
    assert await eve.sees("to somebody else")
    assert len(phone.telegram.journal.of("sendMessage", chat_id=7)) == 2
    assert phone.telegram.journal.of("editMessageText") == []

    phone.clock.now += 6774
    with pytest.raises(NotNow) as refused:
        await shown(phone, "7", card("during"))
    assert refused.value.after_s == 1
    phone.clock.now += 1
    await shown(phone, "7", card("after"))


@pytest.mark.parametrize(
    ("fault", "copies"),
    [
        (Fault(Kind.DROP, "sendMessage"), 1),
        (Fault(Kind.DROP, "sendMessage", polite=True), 1),
        (Fault(Kind.RESET, "sendMessage"), 0),
        (Fault(Kind.GARBAGE, "sendMessage"), 1),
        (Fault(Kind.SERVER_ERROR, "sendMessage", status=504, handled=True), 1),
        (Fault(Kind.SERVER_ERROR, "sendMessage", status=502), 0),
        (Fault(Kind.SERVER_ERROR, "sendMessage", status=500, handled=True), 1),
    ],
    ids=lambda value: (
        f"{value.kind}-{value.status}-{value.takes_effect}" if isinstance(value, Fault) else None
    ),
)
async def test_what_may_have_arrived_is_in_doubt_and_never_sent_twice(phone, fault, copies) -> None:
    phone.telegram.faults.add(fault)

    with pytest.raises(Unsure):
        await shown(phone, "7", card("once"))

    assert len(phone.ada.heard()) == copies
    assert len(phone.telegram.journal.of("sendMessage")) == 1


@pytest.mark.parametrize(
    ("code", "payload", "verdict"),
    [
        (200, b'{"ok": true, "result": []}', type(None)),
        (200, b'{"ok": false, "description": "?"}', NotEver),
        (200, b"<html>welcome to the hotel", Unsure),
        (200, b"[]", Unsure),
        (302, b"", Unsure),
        (403, b"<html>not from this network", Unsure),
        (403, b'{"ok": false, "description": "Forbidden: user is deactivated"}', NotEver),
        (404, b'{"ok": false, "description": "Not Found"}', NotNow),
        (
            409,
            b'{"ok": false, "description": "Conflict: can\'t use getUpdates while webhook is active"}',
            NotNow,
        ),
        (429, b'{"ok": false, "description": "Too Many Requests"}', NotNow),
        (503, b'{"ok": false, "description": "Service Unavailable"}', Unsure),
    ],
)
def test_only_telegrams_own_word_is_a_refusal(code, payload, verdict) -> None:
    found = judged(code, payload)
    assert isinstance(found, verdict)


async def test_what_surely_did_not_leave_may_go_later_at_the_cost_of_no_attempt(phone) -> None:
    await phone.telegram.unplug()
    with pytest.raises(NotNow, match="cannot be reached") as refused:
        await shown(phone, "7", card("later"))
    assert refused.value.after_s

    await phone.telegram.plug()
    await shown(phone, "7", card("later"))
    assert len(phone.ada.heard()) == 1


async def test_a_token_that_is_refused_is_not_the_messages_fault(phone) -> None:
    phone.telegram.faults.add(Fault(Kind.UNAUTHORIZED, "sendMessage"))

    with pytest.raises(NotNow, match="refuses the token"):
        await shown(phone, "7", card())


async def test_who_blocked_us_or_never_spoke_to_us_is_never_reached(phone) -> None:
    phone.telegram.person(9, "Bob", started=False)
    phone.ada.blocks_the_bot()

    with pytest.raises(NotEver, match="blocked by the user"):
        await shown(phone, "7", card())
    with pytest.raises(NotEver, match="chat not found"):
        await shown(phone, "9", card())
    with pytest.raises(NotEver, match="is no chat"):
        await shown(phone, "dashboard", card())


async def test_when_the_formatting_is_refused_the_words_go_plain_once(phone) -> None:
    odd = Message("a link", (Entity("text_link", 0, 6, url="nowhere"),))
    api = Api(phone.telegram.token, phone.telegram.root, grace_s=1)
    try:
        sent = await api.send(7, odd)
        await api.edit(7, sent, Message("the link", odd.entities))
    finally:
        await api.close()

    assert [(message.text, message.entities) for message in phone.ada.heard()] == [("the link", ())]
    assert len(phone.telegram.journal.of("sendMessage")) == 2


async def test_another_refusal_is_not_tried_again(phone) -> None:
    api = Api(phone.telegram.token, phone.telegram.root, grace_s=1)
    try:
        with pytest.raises(NotEver, match="too long"):
            await api.send(7, Message("x" * 5000, (Entity("bold", 0, 5),)))
    finally:
        await api.close()

    assert len(phone.telegram.journal.of("sendMessage")) == 1


async def test_a_decided_card_loses_its_keys_and_says_how(phone) -> None:
    shown_as = await shown(phone, "7", card("go on?", "yes", "no"))

    for _ in range(2):
        await phone.surface.change("7", shown_as, card("go on?", outcome="yes (ada)"))

    (message,) = phone.ada.heard()
    assert message.text == "backend@dev asks\n\ngo on?\n\n✓ yes (ada)"
    assert message.buttons == ()
    assert len(message.history) == 1


async def test_of_a_long_card_the_last_message_is_changed(phone) -> None:
    shown_as = await shown(phone, "7", card(LONG, "yes"))
    before = texts(phone)

    await phone.surface.change("7", shown_as, card(LONG, outcome="yes (ada)"))

    assert texts(phone) == [*before[:-1], f"{before[-1]}\n\n✓ yes (ada)"]


async def test_changing_what_is_gone_or_too_old_is_done(phone) -> None:
    shown_as = await shown(phone, "7", card())
    own = phone.ada.says("hers")
    phone.ada.deletes(phone.ada.heard()[0])

    await phone.surface.change("7", shown_as, card(outcome="yes (ada)"))
    await phone.surface.change("7", f"7/{own.message_id}", card(outcome="yes (ada)"))
    with pytest.raises(NotEver):
        await phone.surface.change("7", "8/1", card())


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.SERVER_ERROR, Kind.RESET])
async def test_an_edit_in_doubt_is_made_again(phone, kind) -> None:
    shown_as = await shown(phone, "7", card("go on?", "yes"))
    phone.telegram.faults.add(Fault(kind, "editMessageText"))

    with pytest.raises(NotNow):
        await phone.surface.change("7", shown_as, card(outcome="yes (ada)"))
    await phone.surface.change("7", shown_as, card(outcome="yes (ada)"))

    assert texts(phone) == ["backend@dev asks\n\ngo on?\n\n✓ yes (ada)"]


async def test_over_the_bridge_every_parcel_is_settled_by_what_became_of_it(phone) -> None:
    line = PhoneLine()
    async with carried(line, phone.surface):
        question = parcel("go on?", "yes", "no")
        line.post(question)
        card = await phone.ada.sees("go on?")
        line.post(changed(question, f"7/{card.message_id}", "expired"))
        await phone.ada.sees("✗ expired")
        for fault in (Fault(Kind.DROP, "sendMessage"), Fault(Kind.FLOOD, "sendMessage", retry_after=17)):
            phone.telegram.faults.add(fault)
            line.post(parcel("hm", envelope_id=fault.kind))
            await line.until(lambda n=fault.kind: any(n == told[1] for told in line.settled))

    receipt = f"7/{card.message_id}"
    assert line.settled[:2] == [("ack", "m-1", receipt), ("ack", "m-2", receipt)]
    assert [told[:2] for told in line.settled[2:]] == [("doubt", "drop"), ("nak", "flood")]
    assert line.settled[3][2] == 17


# --- files --------------------------------------------------------------------------------------------------------


@pytest.fixture
def picture(tmp_path: Path) -> Attachment:
    (tmp_path / "ab12.png").write_bytes(b"\x89PNG")
    return Attachment(path=str(tmp_path / "ab12.png"), name='my "ü\\".png', size=4)


async def test_a_file_is_a_document_under_its_own_name_with_the_text_as_caption(phone, picture) -> None:
    words = phone.ada.says("/get logo.png")

    shown_as = await shown(
        phone, "7", card("`logo.png`", silent=True, attachment=picture, reply_to=f"7/{words.message_id}")
    )

    (message,) = phone.ada.heard()
    assert (message.document.name, message.document.content) == ("my 'ü_'.png", b"\x89PNG")
    assert (message.text, message.entities[-1]["type"]) == ("backend@dev asks\n\nlogo.png", "code")
    assert (message.silent, message.reply_to) == (True, words.message_id)
    assert shown_as == f"7/{message.message_id}"


async def test_what_is_too_long_for_a_caption_goes_before_the_file_and_the_choices_go_with_it(
    phone, picture
) -> None:
    await shown(phone, "7", card("words " * 300, "yes", attachment=picture))

    text, file = phone.ada.heard()
    assert (text.document, text.labels, text.silent) == (None, (), True)
    assert (file.text, file.labels, file.silent) == ("", ("yes",), False)
    assert file.document.content == b"\x89PNG"


async def test_a_file_that_is_gone_or_that_telegram_would_not_take_is_named_instead(
    phone, picture, tmp_path
) -> None:
    (tmp_path / "empty").touch()
    odd = [
        replace(picture, path=str(tmp_path / "gone")),
        replace(picture, path=str(tmp_path / "empty")),
        replace(picture, size=50 * 1024 * 1024 + 1),
    ]
    for file in odd:
        await shown(phone, "7", card("here", attachment=file))

    messages = phone.ada.heard()
    assert [message.document for message in messages] == [None] * 3
    assert all('my "ü\\".png' in message.text for message in messages)
    assert all("is not sent here" in message.text for message in messages)


async def test_a_file_goes_plain_when_its_captions_formatting_is_refused(phone) -> None:
    odd = Message("a link", (Entity("text_link", 0, 6, url="nowhere"),))
    api = Api(phone.telegram.token, phone.telegram.root, grace_s=1)
    try:
        await api.send_file(7, (b"x", "x.bin"), odd)
    finally:
        await api.close()

    [message] = phone.ada.heard()
    assert (message.text, message.entities, message.document.content) == ("a link", (), b"x")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault(Kind.FLOOD, "sendDocument", retry_after=3), NotNow),
        (Fault(Kind.DROP, "sendDocument"), Unsure),
    ],
)
async def test_a_file_that_does_not_go_through_is_judged_like_any_message(
    phone, picture, fault, verdict
) -> None:
    phone.telegram.faults.add(fault)

    with pytest.raises(verdict):
        await shown(phone, "7", card("here", attachment=picture))


async def test_after_a_flood_wait_the_file_goes_on_where_its_text_has_gone_before(phone, picture) -> None:
    long = card("words " * 300, attachment=picture)
    first = await phone.surface.show("7", long)
    phone.telegram.faults.add(Fault(Kind.FLOOD, "sendDocument", times=1, retry_after=3))
    with pytest.raises(NotNow):
        await shown(phone, "7", long, first.receipt)
    phone.clock.now += 3

    await shown(phone, "7", long, first.receipt)

    assert [bool(message.document) for message in phone.ada.heard()] == [False, True]
