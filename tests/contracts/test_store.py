"""What every store must do. A new store adds one line to STORES and nothing else."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon.core import model as m
from daemon.core.errors import Malformed
from daemon.core.nouns import KEYS, Noun
from daemon.core.rules.delivery import State
from daemon.store.interface import Remembered, Store, Tx
from daemon.store.sqlite import SqliteStore

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STORES: dict[str, Callable[[Path], Store]] = {"sqlite": lambda folder: SqliteStore(folder / "peerline.db")}
ADA = m.Sender(
    peer_id="p-ada",
    name="ada",
    circle="default",
    role=m.Role.HUMAN,
    authority=m.Authority.OWNER,
    person="ada",
)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    made = STORES[request.param](tmp_path)
    yield made
    await made.close()


def peer(name: str) -> m.Peer:
    return m.Peer(
        peer_id=f"p-{name}",
        name=name,
        wish=name,
        circle="default",
        role=m.Role.AGENT,
        backend="practice",
        authority=m.Authority.PEER,
        registered_at=NOON,
        last_seen=NOON,
        path="/somewhere/größer",
        description="two\nlines 'quoted' \"twice\"",
    )


def delivery(name: str, to: str = "p-b", *, due_at: datetime = NOON, state: str = "queued") -> m.Delivery:
    return m.Delivery(
        delivery_id=f"d-{name}",
        envelope_id=f"m-{name}",
        peer_id=to,
        kind=m.Kind.NOTICE,
        state=state,
        due_at=due_at,
        expires_at=NOON + timedelta(days=7),
    )


def ask(name: str, **more: object) -> m.Ask:
    one = m.Ask(
        ask_id=f"a-{name}",
        asker="p-a",
        to=("p-b", "p-c"),
        state="open",
        need=1,
        created_at=NOON,
        deadline_at=NOON + timedelta(hours=1),
    )
    return replace(one, **more)


PANE = m.Pane(tmux="/run/t", server_pid=1, pane_id="%7", pane_pid=2, pane_started=3, tmux_session="dev")
LATER = m.Schedule(
    schedule_id="s-1",
    owner="p-b",
    to=("me",),
    text="look",
    kind=m.Kind.NOTICE,
    cron="0 9 * * *",
    zone="UTC",
    next_at=NOON,
    wakes_at=NOON,
    created_at=NOON,
)
SITUATION = m.Situation(peer_id="p-b", name="b", text="half way", blocked=True, at=NOON)
NOUNS: list[Noun] = [
    LATER,
    m.Occurrence(schedule_id="s-1", due_at=NOON, last_at=NOON, outcome=m.Outcome.SENT, decided_at=NOON),
    m.Checkin(name="standup", schedule_id="s-1", report_to="me", within_s=60, states=(SITUATION,)),
    peer("b"),
    m.Session(session_id="s", peer_id="p-b", pid=7, started=8, began_at=NOON, turn_at=NOON, pane=PANE),
    m.Session(session_id="t", peer_id="p-b", pid=7, started=9, began_at=NOON, turn_at=NOON, ended_at=NOON),
    m.Conversation(peer_id="p-c", surface="telegram", address="7", host="telegram-bot", circles=("a", "b")),
    m.Person(
        surface="telegram", account="7", name="ada", rights=("talk", "spawn"), owner=True, paired_at=NOON
    ),
    m.Pairing(surface="telegram", code="ABCD2345", expires_at=NOON, tries_left=5),
    m.Envelope(
        envelope_id="m-1",
        kind=m.Kind.ASK,
        sender=ADA,
        to=("p-b",),
        body="ein \U0001f600\ttab\nand \x00 nul",
        created_at=NOON + timedelta(microseconds=1),
        expires_at=NOON,
        options=("yes", 'no "way"'),
        silent=True,
    ),
    delivery("1"),
    ask("1", answers=(m.Answer(sender=ADA, text="so", how="answered", at=NOON, option=None, late=True),)),
    m.Sticky(conversation="p-c", person="ada", peer_id=None),
]


@pytest.mark.parametrize("noun", NOUNS, ids=lambda noun: type(noun).__name__)
async def test_it_gives_back_what_it_was_given(store: Store, noun: Noun) -> None:
    key = [getattr(noun, name) for name in KEYS[type(noun)]]
    await store.transact(lambda tx: tx.put(noun))

    assert await store.read(lambda tx: tx.get(type(noun), *key)) == noun
    assert await store.transact(lambda tx: tx.get(type(noun), *key)) == noun


async def test_what_is_put_again_replaces_what_was_there(store: Store) -> None:
    await store.transact(lambda tx: tx.put(delivery("1")))
    await store.transact(lambda tx: tx.put(delivery("1", state="held")))

    assert [x.state for x in await store.read(lambda tx: tx.waiting("p-b"))] == ["held"]


async def test_what_is_not_there_is_none(store: Store) -> None:
    assert await store.read(lambda tx: tx.get(m.Peer, "p-nobody")) is None
    assert await store.read(lambda tx: tx.next_due(NOON)) is None
    assert await store.read(lambda tx: (tx.first_seq(), tx.last_seq())) == (0, 0)


async def test_a_step_that_raises_leaves_nothing_behind(store: Store) -> None:
    def half_done(tx: Tx) -> None:
        tx.put(peer("b"))
        tx.tell(m.Event("registered", "p-b"), NOON)
        raise Malformed("changed my mind")

    with pytest.raises(Malformed, match="changed my mind"):
        await store.transact(half_done)

    assert await store.read(lambda tx: (tx.peers(), tx.last_seq())) == ([], 0)


async def test_a_step_that_raises_does_not_take_those_with_it_that_wait_beside_it(store: Store) -> None:
    """They share a commit: the first step holds the door until all the others wait behind it."""
    begun, go_on = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        begun.set()
        assert go_on.wait(10)

    def good(name: str) -> Callable[[Tx], str]:
        return lambda tx: tx.put(peer(name)) or name

    def bad(tx: Tx) -> None:
        tx.put(peer("bad"))
        raise Malformed("no")

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(store.transact(first))
        await asyncio.to_thread(begun.wait, 10)
        steps = (good("x"), bad, good("y"), bad, good("z"))
        told = [group.create_task(outcome(store, step)) for step in steps]
        await store.read(lambda tx: None)  # by now they have queued up, in order
        go_on.set()

    assert [each.result() for each in told] == ["x", Malformed, "y", Malformed, "z"]
    assert [each.name for each in await store.read(lambda tx: tx.peers())] == ["x", "y", "z"]


async def outcome(store: Store, step: Callable[[Tx], str]) -> str | type[Exception]:
    try:
        return await store.transact(step)
    except Malformed as error:
        return type(error)


@pytest.mark.parametrize("beside", [0, 5])
async def test_what_a_failed_step_wrote_is_seen_by_none_that_follows(store: Store, beside: int) -> None:
    """Nor by those that share its commit, whatever they had read before it."""
    await store.transact(lambda tx: tx.put(peer("b")))
    begun, go_on = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        begun.set()
        assert go_on.wait(10)

    def spoils(tx: Tx) -> str:
        assert tx.get(m.Peer, "p-b").name == "b"
        tx.put(replace(peer("b"), name="spoiled"))
        raise Malformed("no", "")

    def looks(tx: Tx) -> str:
        assert tx.peers_named("spoiled") == []
        return tx.get(m.Peer, "p-b").name + "".join(each.name for each in tx.peers_named("b"))

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(store.transact(first))
        await asyncio.to_thread(begun.wait, 10)
        waiting = [group.create_task(outcome(store, looks)) for _ in range(beside)]
        waiting += [group.create_task(outcome(store, spoils))]
        waiting += [group.create_task(outcome(store, looks)) for _ in range(beside + 1)]
        await store.read(lambda tx: None)
        go_on.set()
    told = [each.result() for each in waiting]
    assert told == ["bb"] * beside + [Malformed] + ["bb"] * (beside + 1)


async def test_how_much_waits_is_the_number_of_those_that_wait(store: Store) -> None:
    rolls = random.Random(7)  # noqa: S311  chance that can be had again
    for turn in range(300):
        name, state = f"{rolls.randrange(12)}", rolls.choice(list(State))
        await store.transact(lambda tx, n=name, s=state: tx.put(delivery(n, f"p-{int(n) % 3}", state=s)))
        waiting = {
            to: await store.read(lambda tx, to=to: len(tx.waiting(to))) for to in ("p-0", "p-1", "p-2")
        }
        counts = lambda tx, waiting=waiting: {to: tx.waiting_count(to) for to in waiting}  # noqa: E731
        assert await store.read(counts) == await store.transact(counts) == waiting, turn


async def test_a_step_sees_what_the_one_before_it_wrote(store: Store) -> None:
    def count(tx: Tx) -> int:
        number = len(tx.peers())
        tx.put(peer(f"n{number}"))
        return number

    told = await asyncio.gather(*(store.transact(count) for _ in range(50)))

    assert sorted(told) == list(range(50))


async def test_a_read_never_sees_what_is_not_committed(store: Store) -> None:
    wrote, go_on = threading.Event(), threading.Event()

    def step(tx: Tx) -> None:
        tx.put(peer("b"))
        wrote.set()
        assert go_on.wait(10)

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        writing = group.create_task(store.transact(step))
        await asyncio.to_thread(wrote.wait, 10)
        assert await store.read(lambda tx: tx.peers()) == []
        assert not writing.done()
        go_on.set()

    assert await store.read(lambda tx: len(tx.peers())) == 1


async def test_a_read_is_one_moment_whatever_is_committed_meanwhile(store: Store) -> None:
    looked, go_on = threading.Event(), threading.Event()

    def looking(tx: Tx) -> tuple[int, int]:
        before = len(tx.peers())
        looked.set()
        assert go_on.wait(10)
        return before, len(tx.peers())

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        reading = group.create_task(store.read(looking))
        await asyncio.to_thread(looked.wait, 10)
        await store.transact(lambda tx: tx.put(peer("b")))  # a long read holds up no writer
        go_on.set()

    assert reading.result() == (0, 0)
    assert await store.read(lambda tx: len(tx.peers())) == 1


async def test_a_read_never_mixes_two_moments_and_whoever_was_told_sees_what_was_told(store: Store) -> None:
    """Whatever a store remembers of what it has read before."""

    def both(tx: Tx, value: str) -> None:
        tx.put(replace(peer("b"), description=value))
        tx.put(replace(peer("c"), description=value))

    def looked(tx: Tx) -> tuple[str, ...]:
        # one of them by a word that is remembered in another way than the other, in either order
        first = tx.get(m.Peer, "p-b").description
        return first, tx.peers_named("c")[0].description, tx.get(m.Peer, "p-c").description

    async def reads() -> None:
        while not done.is_set():
            assert len(set(await store.read(looked))) == 1

    done = asyncio.Event()
    await store.transact(lambda tx: both(tx, "0"))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(reads())
        for turn in range(400):
            await store.transact(lambda tx, turn=turn: both(tx, str(turn)))
            assert await store.read(looked) == (str(turn),) * 3
        done.set()


async def test_a_read_cannot_write(store: Store) -> None:
    with pytest.raises(Exception, match="readonly"):
        await store.read(lambda tx: tx.put(peer("b")))
    assert await store.read(lambda tx: tx.peers()) == []


async def test_deliveries_wait_in_the_order_in_which_they_were_first_put(store: Store) -> None:
    for name in ("c", "a", "b"):
        await store.transact(lambda tx, n=name: tx.put(delivery(n)))
    await store.transact(lambda tx: tx.put(delivery("c", state="held")))  # what changes keeps its place
    await store.transact(lambda tx: tx.put(delivery("other", "p-z")))

    assert [x.delivery_id for x in await store.read(lambda tx: tx.waiting("p-b"))] == ["d-c", "d-a", "d-b"]
    assert await store.read(lambda tx: tx.waiting_count("p-b")) == 3
    assert len(await store.read(lambda tx: tx.waiting("p-b", 2))) == 2


async def test_only_what_waits_is_waiting(store: Store) -> None:
    states = [
        "queued",
        "leased",
        "held",
        "handed",
        "seen",
        "settled",
        "stalled",
        "uncertain",
        "expired",
        "dead",
    ]
    for state in states:
        await store.transact(lambda tx, s=state: tx.put(delivery(s, state=s)))

    assert [x.state for x in await store.read(lambda tx: tx.waiting("p-b"))] == states[:3]
    assert await store.read(lambda tx: tx.counts()) == dict.fromkeys(states, 1)


async def test_what_becomes_due_is_told_once_for_each_peer_and_never_early(store: Store) -> None:
    at = {"past": NOON - MINUTE, "now": NOON, "soon": NOON + MINUTE}
    for name, due_at in at.items():
        await store.transact(lambda tx, n=name, d=due_at: tx.put(delivery(n, f"p-{n}", due_at=d)))
    await store.transact(lambda tx: tx.put(delivery("again", "p-now", due_at=NOON)))

    assert await store.read(lambda tx: tx.carriable(NOON - MINUTE, NOON)) == ["p-now"]
    assert await store.read(lambda tx: tx.next_due(NOON)) == NOON + MINUTE


async def test_the_next_due_is_the_soonest_of_leases_proofs_lives_and_deadlines(store: Store) -> None:
    def soonest() -> Callable[[Tx], datetime | None]:
        return lambda tx: tx.next_due(NOON)

    steps: list[tuple[Noun, datetime]] = [
        (delivery("q"), NOON + timedelta(days=7)),  # due already: only its life runs out
        (ask("1"), NOON + timedelta(hours=1)),
        (delivery("h", state="handed", due_at=NOON + 3 * MINUTE), NOON + 3 * MINUTE),
        (replace(delivery("l", state="leased"), leased_until=NOON + MINUTE), NOON + MINUTE),
    ]
    for noun, expected in steps:
        await store.transact(lambda tx, n=noun: tx.put(n))
        assert await store.read(soonest()) == expected
    for noun in (delivery("l", state="settled"), delivery("h", state="dead"), ask("1", ended_at=NOON)):
        await store.transact(lambda tx, n=noun: tx.put(n))
    assert await store.read(soonest()) == NOON + timedelta(days=7)


async def test_what_has_run_out_is_found(store: Store) -> None:
    out = NOON - MINUTE
    for one in (
        replace(delivery("lease", state="leased"), leased_until=out),
        replace(delivery("fresh", state="leased"), leased_until=NOON + MINUTE),
        delivery("proof", state="handed", due_at=out),
        replace(delivery("old"), expires_at=out),
        replace(delivery("over", state="settled"), expires_at=out),
    ):
        await store.transact(lambda tx, n=one: tx.put(n))

    found = await store.read(lambda tx: tx.unsettled(NOON))
    assert {x.delivery_id for x in found} == {"d-lease", "d-proof", "d-old"}


async def test_open_asks_are_found_by_who_asked_and_who_was_asked(store: Store) -> None:
    for one in (
        ask("1"),
        ask("2", to=("p-b2",)),
        ask("3", ended_at=NOON),
        ask("4", asker="p-z", to=("p-b",)),
    ):
        await store.transact(lambda tx, n=one: tx.put(n))

    def ids(found: Callable[[Tx], object]) -> Callable[[Tx], list[str]]:
        return lambda tx: [each.ask_id for each in found(tx)]

    assert await store.read(ids(lambda tx: tx.open_asks_to("p-b"))) == ["a-1", "a-4"]
    assert await store.read(ids(lambda tx: tx.open_asks_by("p-a"))) == ["a-1", "a-2"]
    assert await store.read(ids(lambda tx: tx.asks(asker="p-a", to="p-c"))) == ["a-1"]
    assert await store.read(ids(lambda tx: tx.overdue_asks(NOON + timedelta(hours=2)))) == [
        "a-1",
        "a-2",
        "a-4",
    ]


async def test_a_forgotten_peer_is_in_no_list(store: Store) -> None:
    await store.transact(lambda tx: tx.put(replace(peer("b"), forgotten_at=NOON)))

    assert await store.read(lambda tx: (tx.peers(), tx.peers_named("b"))) == ([], [])
    assert await store.read(lambda tx: tx.get(m.Peer, "p-b"))


async def test_of_two_sessions_of_a_process_the_live_one_is_meant(store: Store) -> None:
    for name, ended_at in (("new", None), ("old", NOON)):
        session = m.Session(
            session_id=name, peer_id="p-b", pid=7, started=8, began_at=NOON, turn_at=NOON, ended_at=ended_at
        )
        await store.transact(lambda tx, s=session: tx.put(s))

    found = await store.read(lambda tx: tx.session_of_process(7, 8))
    assert found
    assert found.session_id == "new"
    assert await store.read(lambda tx: tx.session_of_process(7, 9)) is None


async def test_the_feed_is_in_order_and_resumes_after_any_of_it(store: Store) -> None:
    for n in range(5):
        event = m.Event("told", f"m-{n}", "p-b", "what", "why", (("a", "b"),))
        await store.transact(lambda tx, e=event: tx.tell(e, NOON))

    whole = await store.read(lambda tx: tx.feed(0, 10))
    assert [each.event.ref for each in whole] == [f"m-{n}" for n in range(5)]
    assert whole[0].event.detail == (("a", "b"),)
    assert [each.seq for each in whole] == sorted({each.seq for each in whole})
    assert await store.read(lambda tx: tx.feed(whole[2].seq, 10)) == whole[3:]
    assert await store.read(lambda tx: tx.feed(0, 2)) == whole[:2]
    assert await store.read(lambda tx: tx.told_of("m-3")) == [whole[3]]
    assert await store.read(lambda tx: (tx.first_seq(), tx.last_seq())) == (whole[0].seq, whole[-1].seq)


async def test_the_first_answer_to_a_key_is_remembered_for_whom_it_was_until_it_is_forgotten(
    store: Store,
) -> None:
    first = Remembered("digest", "answer")
    await store.transact(lambda tx: tx.remember("p-a", "k", first, NOON))

    assert await store.read(lambda tx: tx.remembered("p-a", "k")) == first
    assert await store.read(lambda tx: tx.remembered("p-b", "k")) is None
    await store.transact(lambda tx: tx.forget_keys(NOON))
    assert await store.read(lambda tx: tx.remembered("p-a", "k")) == first
    assert await store.transact(lambda tx: tx.forget_keys(NOON + MINUTE)) == 0
    assert await store.read(lambda tx: tx.remembered("p-a", "k")) is None


async def test_what_was_accepted_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    for make in STORES.values():
        first = make(tmp_path)
        await first.transact(lambda tx: tx.put(peer("b")))
        await first.close()
        again = make(tmp_path)
        assert await again.read(lambda tx: tx.get(m.Peer, "p-b")) == peer("b")
        await again.close()


async def test_whoever_stops_waiting_for_a_step_harms_nobody(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(tx: Tx) -> None:
        begun.set()
        assert go_on.wait(10)
        tx.put(peer("b"))

    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        waiting = group.create_task(store.transact(slow))
        await asyncio.to_thread(begun.wait, 10)
        waiting.cancel()
        go_on.set()

    assert [x.name for x in await store.transact(lambda tx: tx.peers())] == ["b"]
