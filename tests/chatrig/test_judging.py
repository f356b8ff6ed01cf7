"""The judges themselves: each kind of wrong is seen, and a right run is right."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from bots.telegram.markup import Entity, Message, messages
from tests.chatrig import absence, routing, slack_rendering
from tests.chatrig.grounds import OnSlack, OnTelegram, Place
from tests.chatrig.luck import luck
from tests.chatrig.notices import MARK, Notice, judged
from tests.chatrig.rendering import lost, refusals, torn
from tests.chatrig.routing import Verdict, Word
from tests.chatrig.writings import Writer
from tests.emulators.slack import BOT, Person, SlackEmulator, User
from tests.emulators.telegram import TelegramEmulator


@dataclass
class Screen:
    ground: OnTelegram

    def shows(self, *texts: str, n: int = 0) -> None:
        world = self.ground.emulator.world
        for text in texts:
            world.post(self.ground.people[n].chat, world.bot, text=text)


@dataclass
class Standing:
    ground: OnSlack


@dataclass
class Told:
    heard: list[tuple[str, str]]


@pytest.fixture
def here() -> Screen:
    ground = OnTelegram(TelegramEmulator())
    ground.furnish(2, 0, 0)
    return Screen(ground)


def notices(here: Screen, *words: int) -> list[Notice]:
    return [Notice("s0", n, here.ground.people[0], count, accepted=True) for n, count in enumerate(words)]


def test_a_run_in_which_all_is_shown_in_order_is_right(here: Screen) -> None:
    sent = notices(here, 3, 1)
    here.shows("s0n0w0 s0n0w1", f"↻ {MARK}\ns0n0w1", "s0n0w2", "s0n1w0")
    verdict = judged(here.ground, sent)
    assert (verdict.wrong, verdict.marked, verdict.accepted) == ([], 1, 2)


@pytest.mark.parametrize(
    ("shown", "sentence"),
    [
        (("s0n0w0 s0n0w1",), "of notice 1 of s0 1 of 1 words were never shown"),
        (("s0n0w0", "s0n1w0"), "of notice 0 of s0 1 of 2 words were never shown"),
        (("s0n1w0", "s0n0w0 s0n0w1"), "s0: word (0, 0) was shown after (1, 0)"),
        (("s0n0w1 s0n0w0", "s0n1w0"), "s0: word (0, 0) was shown after (0, 1)"),
        (("s0n0w0 s0n0w1", "s0n0w0", "s0n1w0"), "notice 0 of s0 was shown twice without a mark"),
    ],
)
def test_what_is_missing_doubled_or_in_disorder_is_seen(
    here: Screen, shown: tuple[str, ...], sentence: str
) -> None:
    sent = notices(here, 2, 1)
    here.shows(*shown)
    assert sentence in judged(here.ground, sent).wrong  # type: ignore[arg-type]


def test_what_is_shown_to_somebody_else_is_seen(here: Screen) -> None:
    sent = notices(here, 1)
    here.shows("s0n0w0")
    here.shows("s0n0w0", n=1)
    assert judged(here.ground, sent).wrong == ["notice 0 of s0 was shown to somebody else"]  # type: ignore[arg-type]


def test_words_that_come_to_the_wrong_agent_or_topic_are_seen(here: Screen) -> None:
    ada = here.ground.people[0]
    word = Word("x1;", ada, Place(None, None, "private7"), "w0")
    agents = {"w0": Told([]), "w1": Told([("prompt", "x1;")])}
    world = here.ground.emulator.world
    world.post(ada.chat, world.bot, text="answer to: x1;", thread_id=9)
    assert routing.judged(here, [word], agents, Verdict()) == [  # type: ignore[arg-type]
        "x1; for w0 was heard 0 times by w0",
        "x1; for w0 was heard 1 times by w1",
        "x1; of private7 was answered in topic 9",
    ]


def test_a_rendering_that_loses_or_turns_words_around_is_seen() -> None:
    writer = Writer(luck())
    text = writer.text()
    parts = messages(text)
    assert list(lost(parts, writer.tokens, writer.hidden)) == []
    gone = [Message(part.text.replace(writer.tokens[0], "", 1), part.entities) for part in parts]
    assert list(lost(gone, writer.tokens, writer.hidden)) == [f"lost ['{writer.tokens[0]}'], repeated []"]
    turned = [writer.tokens[1], writer.tokens[0], *writer.tokens[2:]]
    assert list(lost(parts, turned, writer.hidden)) == ["the order has changed"]


def test_parts_that_are_refused_or_do_not_make_the_whole_are_seen() -> None:
    assert next(iter(refusals(Message("a" * 4097)))) == "a part has 4097 units and 0 entities"
    assert "ends after the end" in next(iter(refusals(Message("abc", (Entity("bold", 1, 3),)))))
    assert "code and bold cross" in list(
        refusals(Message("abc", (Entity("code", 0, 2), Entity("bold", 1, 2))))
    )
    assert list(torn([Message("ab")], [Message("abc")])) == ["the parts joined are not the whole"]


def test_an_answer_in_the_wrong_thread_of_a_channel_is_seen() -> None:
    ground = OnSlack(SlackEmulator())
    ada = User("U0000ADA", "Ada")
    channel = ground.emulator.channel("C0000WORK", "work")
    world = ground.emulator.world
    asked, other = (world.post(channel, ada, raw=text) for text in ("x1;", "another"))
    world.post(channel, BOT, raw="answer to: x1;", thread_ts=other.ts)
    word = Word("x1;", Person(world, ada), Place(channel, None, "work"), "w0", asked.ts)
    assert routing.judged(Standing(ground), [word], {"w0": Told([("prompt", "x1;")])}, Verdict()) == [  # type: ignore[arg-type]
        f"x1; of work was answered in topic {other.ts}"
    ]


def test_words_that_are_lost_repeated_or_in_disorder_after_an_absence_are_seen() -> None:
    said = {"work": ["a0;", "a1;", "a2;", "a3;"], "private": ["b0;", "b1;"]}
    assert (
        absence.judged(Told([("prompt", "a0; a1; a3; a2;"), ("prompt", "b1; b0;")]), said)
        == [  # type: ignore[arg-type]
        ]
    )
    told = Told([("prompt", "a1; a0; a2; a2;"), ("prompt", "b0; b1;")])
    assert absence.judged(told, said) == [  # type: ignore[arg-type]
        "a2; was heard 2 times",
        "a3; was heard 0 times",
        "the words of work were heard in the order ['a1;', 'a0;', 'a2;']",
    ]


def test_what_slack_would_refuse_or_take_as_a_call_is_seen() -> None:
    assert list(slack_rendering.refusals(slack_rendering.Message("fine", "fine"))) == []
    calls = list(slack_rendering.refusals(slack_rendering.Message("<!channel>", "<@U0000ADA>")))
    assert {"<!channel> is live", "<@U0000ADA> is live"} <= set(calls)
    assert "refused: its blocks are too long" in list(
        slack_rendering.refusals(slack_rendering.Message("a" * 12_001, "a"))
    )
    turned = [slack_rendering.Message("t2q t1q", "t2q t1q")]
    assert list(slack_rendering.lost(turned, ["t1q", "t2q"], [])) == ["the order has changed"]
    assert list(slack_rendering.lost(turned, ["t1q"], [])) == ["lost [], repeated ['t2q']"]
