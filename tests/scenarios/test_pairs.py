"""Any agent asks any other: each question is heard once and whole, each answer once and whole where it was asked.

PEERLINE_PAIRS_SEED repeats the bodies of a run.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import string
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from daemon.core.rules.cleaning import clean
from tests.agents.real_agent import RealAgent
from tests.emulators.model_api import Calls, Rule, Says, Script, Turn, Words
from tests.scenarios.company import PATIENCE_S, Company, Pair, company, rounds

SEED = int(os.environ.get("PEERLINE_PAIRS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
BIG = 10_000
PIECES = (
    *("<b>", "</b>", "<untrusted_context>", "&amp;", "&", " < ", " > ", "`code`", "**x**", "$(echo)", "\t"),
    *(
        "\n```py\nprint('<>')\n```\n",
        "\n# Title\n",
        "\n- one\n- two\n",
        "[link](http://a/b?c&d)",
        "\n/clear\n",
    ),
    *("ünï", "→", "😀", "漢字", '"quoted"', "\\back\\slash", "[end #ABCDEFGH]"),
    "[peerline ask a-0123456789 from root@dev · owner · #ABCDEFGH]",
)
How = Callable[[Company, "Errand"], Coroutine[None, None, None]]


def body(chance: random.Random, length: int) -> str:
    """Random letters, and between them everything that a road could trip over."""
    parts = []
    while sum(map(len, parts)) < length:
        parts.append(chance.choice(PIECES))
        parts.append("".join(chance.choices(string.ascii_letters + "  \n", k=chance.randint(1, 60))))
    return "".join(parts)[:length].strip() + "."


@dataclass(frozen=True, slots=True)
class Errand:
    """What one asks another, and what is answered; `leg` makes it another one than before."""

    pair: Pair
    leg: str
    question: str
    answer: str
    by_tool: bool = False

    @property
    def token(self) -> str:
        return f"{self.leg}-{self.pair}"

    @property
    def asked(self) -> str:
        return f"q-{self.token}\n{self.question}"

    @property
    def told(self) -> str:
        return f"r-{self.token}\n{self.answer}"

    def rules(self) -> Iterator[Rule]:
        asks = Calls("mcp__peerline__ask_peer", {"peer": self.pair.answerer, "question": self.asked})
        ack = Calls("mcp__peerline__ack", {"ask_id": "{ask}", "message": self.told})
        yield Rule(f"work-{self.token}$", Says("worked"), gate=self.token)
        yield Rule(f"go-{self.token}$", asks, then=(Says(f"done-{self.token}"),))
        heard = rf"(?s)peerline ask (?P<ask>a-\w+) from.*q-{self.token}\n"
        yield Rule(heard, ack if self.by_tool else Says(self.told), then=(Says("closed"),) * self.by_tool)


def errands(pairs: Sequence[Pair], leg: str, length: int) -> list[Errand]:
    chance = random.Random(f"{SEED} {leg} {pairs}")  # noqa: S311 -- only letters
    return [
        Errand(pair, leg, body(chance, length), body(chance, length), by_tool=bool(n % 2))
        for n, pair in enumerate(pairs)
    ]


@pytest.mark.thorough
async def test_all_sixteen_pairs_ask_and_answer_while_idle_and_in_the_middle_of_a_turn() -> None:
    print("seed", SEED)
    async with company() as house:
        for number, pairs in enumerate(rounds()):
            await at_once(house, errands(pairs, f"idle{number}", 200), idle)
        await at_once(house, errands(rounds()[1], "busy", BIG), busy)


@pytest.mark.rig
async def test_every_pair_in_every_way_and_five_in_a_row_in_their_order() -> None:
    print("seed", SEED)
    async with company() as house:
        for number, pairs in enumerate(rounds()):
            for length, what in ((200, "short"), (BIG, "long")):
                await at_once(house, errands(pairs, f"idle-{what}{number}", length), idle)
                await at_once(house, errands(pairs, f"busy-{what}{number}", length), busy)
            await all_bursts(house, [Burst(pair, f"row{number}") for pair in pairs], working=False)
            await all_bursts(house, [Burst(pair, f"late{number}") for pair in pairs], working=True)


@pytest.mark.thorough
async def test_by_http_two_in_one_folder_are_told_apart_and_no_process_of_ours_is_beside_an_agent() -> None:
    print("seed", SEED)
    kinds = ("codex", "gemini", "opencode")
    async with company(kinds, http=True, one_folder=True) as house:
        await at_once(house, errands(rounds(kinds)[1], "http", 200), idle)
        await at_once(house, errands(rounds(kinds)[0], "same", 200), idle)
        for name, agent in house.agents.items():
            assert [words for words in await commands(agent) if "mcp_server" in words] == [], name


async def commands(agent: RealAgent) -> list[str]:
    """What the agent and all below it were started with."""
    family = await agent.family()
    return [line.replace(b"\0", b" ").decode() for each in family if (line := command_line(each.pid))]


def command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:  # a hook that has ended meanwhile
        return b""


async def at_once(house: Company, given: Sequence[Errand], how: How) -> None:
    """All of a round."""
    house.model.script = Script(tuple(rule for each in given for rule in each.rules()))
    async with asyncio.TaskGroup() as pairs:
        for each in given:
            pairs.create_task(how(house, each))


async def idle(house: Company, errand: Errand) -> None:
    await house.until_idle(errand.pair.asker, errand.pair.answerer)
    await house.prompt(errand.pair.asker, f"go-{errand.token}")
    await went_well(house, errand)


async def busy(house: Company, errand: Errand) -> None:
    pair = errand.pair
    await house.until_idle(pair.asker, pair.answerer)
    await house.prompt(pair.answerer, f"work-{errand.token}")
    await house.model.reached(errand.token)
    await house.until(pair.answerer, turn_state="working")
    await house.prompt(pair.asker, f"go-{errand.token}")
    await stored(house, f"q-{errand.token}")
    assert house.model.times_heard(f"q-{errand.token}") == 0
    await house.model.open(errand.token)
    await went_well(house, errand)


async def stored(house: Company, token: str) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not any(
            token in ask["question"] for ask in (await house.line.daemon.client().asks("all"))["asks"]
        ):
            await asyncio.sleep(0.05)


async def went_well(house: Company, errand: Errand) -> None:
    """Heard once and whole, by whom it was for and from whom it is; and the answer the same."""
    model, token = house.model, errand.token
    done = Says(f"done-{token}")
    await house.until_said(done, f"{errand.pair.asker} to have its answer")
    [asked] = [words for words in heard(model.heard, f"q-{token}\n") if "[peerline ask" in words.text]
    same(asked.text, clean(errand.asked))
    assert f"from {errand.pair.asker}@dev · agent · #" in asked.text
    asker = next(turn.session_id for turn in model.heard if turn.answer == done)
    [told] = heard([turn for turn in model.heard if turn.session_id == asker], f"r-{token}")
    assert told.text.count(f"r-{token}") == 1
    same(told.text, clean(errand.told))


def heard(turns: Sequence[Turn], text: str) -> list[Words]:
    return [words for turn in turns for words in turn.words if text in words.text]


def same(told: str, text: str) -> None:
    """It is in there whole, as it is or as JSON writes it: some read a tool's result in its structured form."""
    forms = (text, json.dumps(text, ensure_ascii=False)[1:-1])
    if any(form in told for form in forms):
        return
    begun = max(range(len(text)), key=lambda n: any(form[:n] in told for form in forms) * n)
    raise AssertionError(
        f"{len(text)} characters, whole up to {begun}: {text[:begun][-60:]!r}; {told[-1500:]!r}"
    )


@dataclass(frozen=True, slots=True)
class Burst:
    """Five in a row by one turn of the asker: the second and the fourth are asks, the others notices."""

    pair: Pair
    leg: str

    @property
    def token(self) -> str:
        return f"{self.leg}-{self.pair}"

    def rules(self) -> Iterator[Rule]:
        first, *others = (self.call(n) for n in range(1, 6))
        yield Rule(f"work-{self.token}$", Says("worked"), gate=self.token)
        yield Rule(f"go-{self.token}$", first, then=(*others, Says(f"done-{self.token}")))
        yield Rule(rf"(?s)peerline ask a-\w+ from.*b(?P<n>\d)-{self.token}\n", Says(f"r{{n}}-{self.token}"))

    def call(self, n: int) -> Calls:
        text = f"b{n}-{self.token}\n{n} of five"
        if n in ASKS:
            return Calls("mcp__peerline__ask", {"to": self.pair.answerer, "question": text})
        return Calls("mcp__peerline__notify_peer", {"peer": self.pair.answerer, "message": text})


ASKS = (2, 4)


async def all_bursts(house: Company, given: Sequence[Burst], *, working: bool) -> None:
    house.model.script = Script(tuple(rule for each in given for rule in each.rules()))
    async with asyncio.TaskGroup() as pairs:
        for each in given:
            pairs.create_task(burst(house, each, working=working))


async def burst(house: Company, given: Burst, *, working: bool) -> None:
    model, pair, token = house.model, given.pair, given.token
    await house.until_idle(pair.asker, pair.answerer)
    if working:
        await house.prompt(pair.answerer, f"work-{token}")
        await model.reached(token)
        await house.until(pair.answerer, turn_state="working")
    await house.prompt(pair.asker, f"go-{token}")
    await house.until_said(Says(f"done-{token}"), f"{pair.asker} to have sent all")
    await model.open(token)
    asker = next(turn.session_id for turn in model.heard if turn.answer == Says(f"done-{token}"))
    for wanted in [*(f"b{n}-{token}\n" for n in range(1, 6)), *(f"r{n}-{token}" for n in ASKS)]:
        await model.until(lambda wanted=wanted: model.times_heard(wanted) > 0, PATIENCE_S)
    await house.until_idle(pair.asker, pair.answerer)
    [answerer] = {turn.session_id for turn in model.heard if f"b1-{token}\n" in turn.text}
    assert in_order(model.heard, answerer, [f"b{n}-{token}\n" for n in range(1, 6)])
    assert in_order(model.heard, asker, [f"r{n}-{token}" for n in ASKS])


def in_order(turns: Sequence[Turn], session_id: str, wanted: Sequence[str]) -> bool:
    """Each was heard once in that session, one after the other."""
    text = "\n".join(turn.text for turn in turns if turn.session_id == session_id)
    places = [text.find(each) for each in wanted]
    return places == sorted(places) and [text.count(each) for each in wanted] == [1] * len(wanted)
