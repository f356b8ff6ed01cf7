"""A night on a clock that is ours: two hundred things happen, the daemon dies again and again, and one person sleeps.

The seed is printed and may be given: ``PEERLINE_NIGHT_SEED=7``.
"""

from __future__ import annotations

import os
import random
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from bots.cards import card_of
from daemon.core import commands as c
from daemon.core.model import Kind, Night, Parcel, Peer, Rota, Session, Turn, Urgency
from tests.core.line import A_MINUTE, BOT, NOON, Chat, Line

SEED = int(os.environ.get("PEERLINE_NIGHT_SEED", "8"))
EVENTS, URGENT = 200, 3
EVENING, MORNING = NOON + timedelta(hours=11), NOON + timedelta(hours=19)


@dataclass
class Bedroom:
    """What the person's phone got to show: each time, where, and whether it rang."""

    line: Line
    chats: tuple[Chat, ...]
    dice: random.Random
    shown: list[tuple[Chat, Parcel]] = field(default_factory=list)

    def look(self) -> None:
        """Show what waits; now and then whoever shows it dies before it did, or after it was told to the daemon."""
        for chat in self.chats:
            for _ in range(2):  # what is held back when it is looked at lets the next one through
                while parcel := self.line.lease(chat.peer, holder=BOT, shows=True):
                    if self.dice.random() < 0.2:
                        self.line.do(c.Recover(holder_prefix=BOT))
                        continue
                    receipt = parcel.shown_as or f"r-{len(self.shown)}"
                    ack = c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt=receipt)
                    self.line.do(ack)
                    self.shown.append((chat, parcel))

    def passes(self, time: timedelta) -> None:
        """A tick; sometimes the daemon dies in the middle of one, and what it decided was never written."""
        self.line.now += time
        if self.dice.random() < 0.2:
            self.line.decide(c.Tick(), "a seed that nobody sees again")
            self.line.do(c.Recover(holder_prefix=BOT))
        self.line.do(c.Tick())
        self.look()

    def settles(self) -> None:
        """Whatever was tried again after a death has come."""
        for _ in range(60):
            self.passes(timedelta(seconds=5))

    def rang(self) -> list[str]:
        return [parcel.envelope.body for _, parcel in self.shown if not card_of(parcel).silent]

    def reports(self) -> list[str]:
        return [p.envelope.body for _, p in self.shown if p.envelope.body.startswith("**Morning report**")]


def nightly(line: Line, circle: str) -> None:
    """As the config says when a daemon begins."""
    line.do(c.ConfigureWork(rota=Rota(nights=(Night(circle=circle),))))
    line.do(c.ConfigureAttention())


def a_night(seed: int, surfaces: int = 2) -> tuple[Bedroom, Counter[str]]:
    """Ada sleeps from eleven to seven; returns what she saw, and how much of what happened."""
    line, dice = Line(), random.Random(seed)  # noqa: S311  a game
    chats = (line.telegram(), line.slack("ada"))[:surfaces]
    for word in ("/quiet 23:00-07:00 but nothing", "/pushes 5"):
        line.say(chats[0], word)
    nightly(line, "*")
    room = Bedroom(line, chats, dice)
    room.look()
    room.shown.clear()
    agents = [line.agent(name, circle) for name, circle in (("api", "dev"), ("web", "dev"), ("cook", "home"))]
    line.now = EVENING
    urgent, happened = set(dice.sample(range(EVENTS), URGENT)), Counter[str]()
    for number in range(EVENTS):
        happened[happens(line, dice, agents, chats, number, urgent=number in urgent)] += 1
        room.passes((MORNING - EVENING - A_MINUTE) / EVENTS)
    assert line.now < MORNING
    return room, happened


def happens(
    line: Line, dice: random.Random, agents: list[Peer], chats: tuple[Chat, ...], number: int, *, urgent: bool
) -> str:
    sender, chat, text = dice.choice(agents), dice.choice(chats), f"event {number}!"
    if urgent:
        line.notify(sender, chat.peer, text, urgency=Urgency.URGENT)
        return "urgent"
    what = dice.choices(("notice", "ask", "approval"), (16, 2, 1))[0]
    if what == "notice":
        line.notify(sender, chat.peer, text)
    elif what == "ask":
        line.ask(sender, chat.peer, text, options=("yes", "no"))
    else:
        line.request(sender, shown=text, request=text)
        line.put(_working(line, sender))
    return what


def _working(line: Line, peer: Peer) -> Session:
    return replace(line.session(peer), turn=Turn.WORKING, turn_at=line.now)


@pytest.mark.parametrize("seed", range(SEED, SEED + 4))
def test_of_two_hundred_things_three_ring_and_one_report_tells_of_each_of_the_others_once(seed: int) -> None:
    print(f"seed {seed}")
    room, happened = a_night(seed)
    assert len(room.rang()) == len(room.shown) == happened["urgent"] == URGENT

    room.passes(MORNING - room.line.now)
    room.settles()
    [report] = room.reports()
    assert len(room.rang()) == URGENT
    told = Counter(re.findall(r"event \d+!", report))
    assert len(told) == EVENTS - URGENT
    assert set(told.values()) == {1}
    assert f"- decisions waiting: {happened['ask'] + happened['approval']}\n" in report
    assert f"held back: {happened['notice']} things" in report

    cards = Counter((chat.surface, p.envelope.envelope_id) for chat, p in room.shown)
    assert set(cards.values()) == {1}
    kinds = Counter(p.envelope.kind for _, p in room.shown)
    assert kinds[Kind.ASK] == happened["ask"] + happened["approval"] * len(room.chats)
    assert kinds[Kind.NOTICE] == URGENT

    seen = len(room.shown)
    for _ in range(30):
        room.passes(timedelta(hours=1))
    assert [p.envelope.body for _, p in room.shown[seen:] if p.envelope.body.startswith("**Held")] == []
    assert len(room.rang()) == URGENT


def test_every_button_that_comes_with_the_report_works() -> None:
    room, _ = a_night(SEED)
    room.passes(MORNING - room.line.now)
    room.settles()
    cards = [(chat, p) for chat, p in room.shown if p.envelope.kind is Kind.ASK]
    for chat, parcel in cards:
        room.line.tap(chat, parcel.envelope.envelope_id, 0)
    assert {room.line.asked(p.envelope.envelope_id).state for _, p in cards} == {"answered"}


def test_who_gets_up_before_the_quiet_ends_but_after_the_night_gets_the_report_at_once() -> None:
    line = Line()
    ada, api = line.telegram(), line.agent("api")
    line.say(ada, "/quiet 23:00-09:00")
    nightly(line, "dev")
    line.shown(ada)
    line.now = EVENING
    line.notify(api, ada.peer, "built")
    line.passes(MORNING - line.now)
    assert line.shown(ada) == []
    line.passes(A_MINUTE)
    line.say(ada, "/tz")
    report, *_ = line.shown(ada)
    assert report.envelope.body.startswith("**Morning report**")
    assert "built" in report.envelope.body
    line.passes(timedelta(hours=2))
    assert line.shown(ada) == []


def test_a_night_in_which_nothing_happened_is_not_told_of() -> None:
    line = Line()
    ada = line.telegram()
    nightly(line, "*")
    line.passes(timedelta(days=3))
    assert line.shown(ada) == []


def test_a_night_that_ended_while_the_daemon_was_down_is_told_of_when_it_is_up() -> None:
    line = Line()
    ada, api = line.telegram(), line.agent("api")
    line.say(ada, "/quiet 23:00-07:00")
    nightly(line, "*")
    line.shown(ada)
    line.now = EVENING
    line.notify(api, ada.peer, "built")
    line.now = MORNING + timedelta(hours=1)
    nightly(line, "*")
    line.do(c.Tick())
    assert [p.envelope.body[:18] for p in line.shown(ada)] == ["**Morning report**"]


def test_an_agent_without_a_sign_for_long_is_told_of_as_stuck() -> None:
    line = Line()
    ada, api = line.telegram(), line.agent("api")
    nightly(line, "*")
    line.prompt(api)
    line.passes(MORNING - line.now)
    [report] = [p.envelope.body for p in line.shown(ada)]
    assert "- stuck · api: in a turn, and no sign of it for 19 h" in report


ZONES = ("UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")


def random_days(seed: int) -> tuple[Bedroom, Counter[str]]:
    """Some days around a change of the clocks, with wishes that change; what happened, by its text and kind."""
    line, dice = Line(), random.Random(seed)  # noqa: S311  a game
    line.now = datetime(2026, dice.choice((3, 10)), 24, 12, tzinfo=UTC)
    chats = (line.telegram(), line.slack("ada"))[: dice.choice((1, 2))]
    room = Bedroom(line, chats, dice)
    agents = [line.agent(name, "dev") for name in ("api", "web")]
    happened = Counter[str]()
    for number in range(120):
        if dice.random() < 0.1:
            line.say(chats[0], wished(dice))
        kind = happens(line, dice, agents, chats, number, urgent=dice.random() < 0.05)
        happened[f"event {number}!"] += len(chats) if kind == "approval" else 1
        room.passes(timedelta(minutes=dice.randrange(1, 180)))
    line.say(chats[0], "/quiet off")
    room.passes(timedelta(hours=2))
    room.settles()
    return room, happened


def wished(dice: random.Random) -> str:
    begins, ends = dice.sample(range(24), 2)
    but = dice.choice(("nothing", "approvals", "questions, failures"))
    return dice.choice(
        (
            f"/quiet {begins}:30-{ends}:15 but {but}",
            f"/tz {dice.choice(ZONES)}",
            f"/pushes {dice.choice((0, 1, 3))}",
            "/mute api",
            "/digest",
        )
    )


@pytest.mark.parametrize("seed", range(SEED, SEED + 6))
def test_whatever_is_wished_and_whenever_it_dies_each_thing_is_in_one_push_or_in_one_digest(
    seed: int,
) -> None:
    print(f"PEERLINE_NIGHT_SEED={seed}")
    room, happened = random_days(seed)
    rang, told = Counter[str](), Counter[str]()
    for _, parcel in room.shown:
        found = re.findall(r"event \d+!", parcel.envelope.body)
        if parcel.envelope.body.startswith("**Held back**"):
            told.update(found)
        elif not card_of(parcel).silent and parcel.envelope.kind is not Kind.REPLY:
            rang.update(found)
    assert set(happened) == set(rang) | set(told)
    assert set(rang) & set(told) == set()
    assert max(told.values(), default=1) == 1
    assert [text for text, times in rang.items() if times > happened[text]] == []
