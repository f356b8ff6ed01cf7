"""Cards in Slack, through faults: what people see, and what we are told of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bots.interface import Card, Choice, NotEver, NotNow, Unsure
from bots.pacing import Pace
from bots.slack import finding
from bots.slack.api import Api
from bots.slack.ids import Tokens
from bots.slack.showing import Screen
from daemon.core.model import Attachment
from tests.emulators.slack import TEAM, Channel, Fault, Kind, Message, Person, SlackEmulator
from tests.fakes.phone_line import UNPACED, Clock

LONG = "\n\n".join(f"paragraph {n} {'words ' * 60}" for n in range(60))
ADA = "U0000ADA"
DIRECT = f"{TEAM}:{ADA}"
WORK = "C0000WORK"


@dataclass(slots=True)
class Desk:
    """A Slack, somebody in a channel of it, and our screen, which is what is tested."""

    slack: SlackEmulator
    ada: Person
    work: Channel
    screen: Screen
    api: Api
    clock: Clock

    def shown(self) -> list[Message]:
        return list(self.ada.heard(self.work))


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    clock = Clock()
    async with asyncio.timeout(20), SlackEmulator() as slack:
        ada = slack.person(ADA, "Ada")
        work = slack.channel(WORK, "work", ada)
        api = Api(Tokens(bot=slack.tokens.bot, app=slack.tokens.app), slack.root, clock=clock, haste=None)
        try:
            yield Desk(slack, ada, work, Screen(api, UNPACED, clock), api, clock)
        finally:
            await api.close()
        assert slack.checks() == []


def card(markdown: str = "go on?", *labels: str, **more: Any) -> Card:
    choices = tuple(Choice(label=label, ask_id="a-1", option=n) for n, label in enumerate(labels))
    more = {"key": "d-1", "made_at": datetime.now(UTC)} | more  # noqa: TID251 -- Slack has the machine's clock
    return Card(who="backend", headline="backend@dev asks", markdown=markdown, choices=choices, **more)


async def shown(desk: Desk, address: str, whole: Card, *begun: str) -> str:
    """Show it, part by part, as the bridge does; returns the last receipt."""
    told = await desk.screen.show(address, whole, begun)
    return await shown(desk, address, whole, *begun, told.receipt) if told.more else told.receipt


async def test_a_question_shows_who_asks_the_agents_markdown_and_its_choices(desk) -> None:
    shown_as = await shown(desk, WORK, card("run `make` in **api**?", "yes", "no"))

    (message,) = desk.shown()
    assert shown_as == f"{WORK}/{message.ts}"
    assert message.text == "backend@dev asks\nrun make in api?"
    assert message.source == "**backend@dev asks**\n\nrun `make` in **api**?"
    assert message.raw == "backend@dev asks\n\nrun make in api?"
    assert message.labels == ("yes", "no")
    assert [button.value for button in message.buttons] == ["t:a-1:0", "t:a-1:1"]


async def test_many_choices_are_a_select_and_words_of_ones_own_a_button(desk) -> None:
    await shown(desk, WORK, card("which?", *(f"option {n}" for n in range(9)), words_for="a-1"))

    (message,) = desk.shown()
    assert len(message.options) == 9
    assert message.labels == ("reply…",)
    assert message.button("reply…").value == "w:a-1"


async def test_nobody_is_called_by_what_an_agent_writes(desk) -> None:
    await shown(desk, WORK, card("<!channel> `<!here>` <@U0000ADA>\n```\n<!everyone> <#C0000WORK>\n```"))

    assert desk.slack.world.wrongs == []


async def test_what_belongs_to_words_stands_in_their_thread(desk) -> None:
    words = desk.ada.says("how far?", channel=desk.work)
    thread = f"{WORK}/{words.ts}"

    in_thread = await shown(desk, thread, card(key="d-1"))
    about = await shown(desk, WORK, card(key="d-2", reply_to=f"{WORK}/{words.ts}"))
    deeper = await shown(desk, WORK, card(key="d-3", reply_to=in_thread))
    elsewhere = await shown(desk, WORK, card(key="d-4", reply_to="C0000OTHER/1.2"))

    assert [each.rpartition("/")[0] for each in (in_thread, about, deeper, elsewhere)] == [
        *[thread] * 3,
        WORK,
    ]
    assert [message.thread_ts for message in desk.shown()] == [*[words.ts] * 3, ""]


async def test_a_direct_message_is_opened_once_and_plain_at_top_level(desk) -> None:
    first = await shown(desk, DIRECT, card())
    second = await shown(desk, DIRECT, card(key="d-2", reply_to=first))
    third = await shown(desk, first, card(key="d-3"))

    messages = desk.ada.heard()
    assert [first, second] == [f"{DIRECT}/{message.ts}" for message in messages[:2]]
    assert third == f"{first}/{messages[2].ts}"
    assert [message.thread_ts for message in messages] == ["", "", messages[0].ts]
    assert len(desk.slack.journal.of("conversations.open")) == 1


async def test_a_long_text_is_several_messages_with_the_choices_on_the_last(desk) -> None:
    shown_as = await shown(desk, WORK, card(LONG, "yes"))

    messages = desk.shown()
    assert len(messages) > 1
    assert "paragraph 59" in messages[-1].text
    assert shown_as == f"{WORK}/{messages[-1].ts}"
    assert [message.labels for message in messages] == [*[()] * (len(messages) - 1), ("yes",)]


@pytest.mark.parametrize("kind", [Kind.DROP, Kind.GARBAGE, Kind.RESET])
async def test_what_may_be_there_is_looked_for_and_posted_only_if_it_is_not(desk, kind) -> None:
    words = desk.ada.says("how far?", channel=desk.work)
    for n, address in enumerate([WORK, f"{WORK}/{words.ts}", DIRECT]):
        desk.slack.faults.add(Fault(kind, "chat.postMessage"))
        whole = card(key=f"d-{n}")
        with pytest.raises(Unsure):
            await desk.screen.show(address, whole)

        again = await desk.screen.show(address, replace(whole, doubts=1))

        (message,) = (
            m for m in [*desk.shown(), *desk.ada.heard()] if m.metadata["event_payload"]["id"] == f"d-{n}/0"
        )
        assert again.receipt == f"{address}/{message.ts}"
        assert "may have come" not in message.text


async def test_it_is_found_however_much_was_said_since_and_marked_where_it_was_too_much(
    desk, monkeypatch
) -> None:
    whole = card(doubts=1)
    await desk.screen.show(WORK, replace(whole, doubts=0))
    for n in range(420):
        desk.ada.says(f"line {n}", channel=desk.work)

    await desk.screen.show(WORK, whole)
    assert len(desk.shown()) == 1
    monkeypatch.setattr(finding, "MOST_PAGES", 2)
    await desk.screen.show(WORK, replace(whole, key="d-2"))

    assert desk.shown()[-1].text.startswith("↻ may have come before")


async def test_a_part_in_doubt_is_told_from_its_other_parts(desk) -> None:
    whole = card(LONG, "yes")
    first = await desk.screen.show(WORK, whole)
    desk.slack.faults.add(Fault(Kind.DROP, "chat.postMessage"))
    with pytest.raises(Unsure):
        await desk.screen.show(WORK, whole, (first.receipt,))

    await shown(desk, WORK, replace(whole, doubts=1), first.receipt)

    texts = [message.text for message in desk.shown()]
    assert len(set(texts)) == len(texts) > 1


async def test_where_nobody_can_look_what_is_in_doubt_is_marked(desk) -> None:
    desk.slack.faults.add(
        Fault(Kind.ERROR, "conversations.history", error="method_not_supported_for_channel_type")
    )

    await desk.screen.show(WORK, card(doubts=1))

    (message,) = desk.shown()
    assert message.text.startswith("↻ may have come before\nbackend@dev asks")
    desk.slack.journal.records.clear()


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [
        (Fault(Kind.FLOOD, retry_after=30), NotNow),
        (Fault(Kind.SERVER_ERROR), Unsure),
        (Fault(Kind.ERROR, error="fatal_error"), Unsure),
        (Fault(Kind.ERROR, error="invalid_auth"), NotNow),
        (Fault(Kind.ERROR, error="is_archived"), NotEver),
        (Fault(Kind.HANG, seconds=0.2), Unsure),
    ],
)
async def test_every_failure_is_judged(desk, fault, verdict) -> None:
    desk.slack.faults.add(replace(fault, method="chat.postMessage"))

    with pytest.raises(verdict) as raised:
        await desk.screen.show(WORK, card())

    assert type(raised.value) is verdict or verdict is NotEver
    assert desk.shown() == []
    desk.slack.journal.records.clear()


async def test_a_channel_that_slack_wants_left_alone_is_left_alone_and_others_are_not(desk) -> None:
    desk.slack.faults.add(Fault(Kind.FLOOD, "chat.postMessage", channel=WORK, retry_after=30))
    with pytest.raises(NotNow) as first:
        await desk.screen.show(WORK, card())
    with pytest.raises(NotNow) as second:
        await desk.screen.show(WORK, card())
    assert (first.value.after_s, first.value.quiet, second.value.quiet) == (30, True, True)

    await desk.screen.show(DIRECT, card(key="d-2"))
    assert len(desk.slack.journal.of("chat.postMessage")) == 2
    desk.clock.now += 30
    await desk.screen.show(WORK, card())

    assert len(desk.shown()) == 1
    desk.slack.journal.records.clear()  # the emulator's clock stood still meanwhile


async def test_a_method_that_rests_leaves_the_channel_alone_no_longer_than_itself(desk) -> None:
    shown_as = await shown(desk, WORK, card("go on?", "yes"))
    desk.slack.faults.add(Fault(Kind.FLOOD, "chat.update", retry_after=30))

    with pytest.raises(NotNow) as later:
        await desk.screen.change(shown_as, card(outcome="yes (Ada)"))
    await shown(desk, WORK, card("another", key="d-2"))

    assert (later.value.after_s, later.value.quiet) == (30, False)


async def test_a_card_that_is_decided_says_so_and_offers_nothing(desk) -> None:
    shown_as = await shown(desk, WORK, card("go on?", "yes", "no"))
    desk.slack.faults.add(Fault(Kind.DROP, "chat.update"))
    with pytest.raises(NotNow):
        await desk.screen.change(shown_as, card("go on?", outcome="yes (Ada)"))

    await desk.screen.change(shown_as, card("go on?", outcome="yes (Ada)"))
    await desk.screen.change(f"{WORK}/1700000000.000001", card("go on?", outcome="yes (Ada)"))

    (message,) = desk.shown()
    assert message.text == "backend@dev asks\ngo on?\n✓ yes (Ada)"
    assert message.labels == ()


async def test_signs_take_each_others_place_on_a_persons_words(desk) -> None:
    words = desk.ada.says("how far?", channel=desk.work)
    receipt = f"{WORK}/{words.ts}"

    async def signs(sign: str) -> list[str]:
        await desk.screen.mark(receipt, sign)
        await desk.screen.mark(receipt, sign)
        return [name for name, _ in desk.work.messages[words.ts].reactions]

    assert [await signs(sign) for sign in ("seen", "answered")] == [["eyes"], ["+1"]]
    await desk.screen.mark(f"{WORK}/1700000000.000001", "seen")


@pytest.mark.parametrize("fault", [None, Fault(Kind.DROP, "files.completeUploadExternal")])
async def test_a_file_comes_before_its_words_once(desk, tmp_path: Path, fault) -> None:
    (tmp_path / "report.txt").write_text("all is well")
    kept = Attachment(path=str(tmp_path / "report.txt"), name="report.txt", size=11)
    whole = card("see", "yes", attachment=kept)
    if fault:
        desk.slack.faults.add(fault)
        with pytest.raises(Unsure):
            await desk.screen.show(WORK, whole)
        whole = replace(whole, doubts=1)

    first = await desk.screen.show(WORK, whole)
    await shown(desk, WORK, replace(whole, doubts=0), first.receipt)

    brought, words = desk.shown()
    assert first.receipt == f"{WORK}/{brought.ts}"
    assert [(file.name, file.content) for file in brought.files] == [("report.txt", b"all is well")]
    assert (words.text, words.labels) == ("backend@dev asks\nsee", ("yes",))


async def test_a_text_that_is_too_long_goes_as_a_file_with_a_summary(desk) -> None:
    text = LONG * 3

    await shown(desk, WORK, card(text, "yes"))

    whole, summary = desk.shown()
    assert whole.files[0].content.decode() == text
    assert "… all of it is in message.md" in summary.text
    assert summary.labels == ("yes",)


async def test_a_file_that_cannot_be_sent_is_named_instead(desk) -> None:
    await shown(desk, WORK, card("see", attachment=Attachment(path="/nowhere", name="a_b.txt", size=5)))

    (message,) = desk.shown()
    assert message.text == "backend@dev asks\nsee\na_b.txt, 5 bytes, is not sent here"


async def test_what_is_for_one_person_alone_nobody_else_sees(desk) -> None:
    ben = desk.slack.person("U0000BEN", "Ben")
    desk.work.members[ben.user.user_id] = ben.user

    await shown(desk, WORK, card("only you", "yes", alone=DIRECT))
    await shown(desk, DIRECT, card("here anyway", alone=DIRECT, key="d-2"))

    assert [(m.only_for, m.labels) for m in desk.shown()] == [(ADA, ("yes",))]
    assert ben.heard(desk.work) == ()
    assert [message.only_for for message in desk.ada.heard()] == [""]


async def test_a_thread_that_somebody_deleted_is_answered_in_its_channel(desk) -> None:
    words = desk.ada.says("how far?", channel=desk.work)
    desk.ada.deletes(words)

    shown_as = await shown(desk, f"{WORK}/{words.ts}", card(doubts=1))

    (message,) = desk.shown()
    assert (message.thread_ts, shown_as) == ("", f"{WORK}/{message.ts}")


async def test_what_slack_would_not_format_goes_plain_with_its_choices(desk) -> None:
    desk.slack.faults.add(Fault(Kind.ERROR, "chat.postMessage", error="invalid_blocks"))

    await shown(desk, WORK, card("**go** on?", "yes"))

    (message,) = desk.shown()
    assert message.text == "**backend@dev asks**\n\n**go** on?"
    assert message.labels == ("yes",)
    desk.slack.journal.records.clear()


async def test_posts_keep_the_pace_of_a_channel_and_edits_do_not_wait_for_it(desk) -> None:
    screen = Screen(desk.api, Pace(gap=1, burst=1, per_second=5, per_minute=60), desk.clock)

    await screen.ready(WORK)
    with pytest.raises(NotNow) as later:
        await screen.ready(f"{WORK}/1700000000.000001")
    await screen.ready(WORK, edits=True)
    await screen.ready(DIRECT)

    assert later.value.after_s == pytest.approx(1, abs=0.1)


async def test_an_app_that_may_not_read_react_or_bring_files_does_without(desk, tmp_path: Path) -> None:
    desk.slack.world.scopes -= {"reactions:write", "files:write", "channels:history"}
    words = desk.ada.says("how far?", channel=desk.work)
    (tmp_path / "report.txt").write_text("all is well")
    kept = Attachment(path=str(tmp_path / "report.txt"), name="report.txt", size=11)

    await desk.screen.mark(f"{WORK}/{words.ts}", "seen")
    await shown(desk, WORK, card("see", attachment=kept))
    await shown(desk, WORK, card(doubts=1, key="d-2"))

    named, doubtful = desk.shown()
    assert named.text == "backend@dev asks\nsee\nreport.txt, 11 bytes, is not sent here"
    assert doubtful.text.startswith("↻ may have come before")
    desk.slack.journal.records.clear()
