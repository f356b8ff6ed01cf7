"""What a disk gives back instead of what was written: it is found out, or it changed nothing that anybody reads.

PEERLINE_SEED repeats a run.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.core import model as m
from daemon.core.errors import PeerlineError, StoreDamaged
from daemon.store import checking, opening
from daemon.store.interface import Tx
from daemon.store.rows import summed, table, to_row
from daemon.store.sqlite import SqliteStore
from daemon.store.words import Words
from tests.contracts.test_store import ADA, NOON, delivery, peer

SEED = int(os.environ.get("PEERLINE_SEED") or random.SystemRandom().randrange(10**9))
MESSAGES = 150
COPIES = 200


def envelope(n: int, word: str = "body") -> m.Envelope:
    return m.Envelope(
        envelope_id=f"m-{word}{n:04}",
        kind=m.Kind.NOTICE,
        sender=ADA,
        to=("p-b",),
        body=f"the {word} {n} " * (1 + n % 40 * 4),
        created_at=NOON,
        expires_at=NOON + timedelta(days=7),
    )


def ask(n: int) -> m.Ask:
    return m.Ask(
        ask_id=f"a-{n:04}",
        asker="p-b",
        to=("p-c",),
        state="open",
        need=1,
        created_at=NOON,
        deadline_at=NOON + timedelta(days=7),
        question=f"what about {n}? " * 5,
    )


async def filled(path: Path, word: str = "body") -> SqliteStore:
    store = SqliteStore(path)

    def step(tx: Tx, first: int) -> None:
        for n in range(first, first + 25):
            tx.put(envelope(n, word))
            tx.put(ask(n))
            tx.put(delivery(f"{word}{n:04}"))
            tx.tell(m.Event("accepted", f"m-{word}{n:04}"), NOON)

    await store.transact(lambda tx: tx.put(peer("b")))
    for first in range(0, MESSAGES, 25):
        await store.transact(lambda tx, first=first: step(tx, first))
    return store


@pytest.fixture
async def homes(tmp_path: Path) -> AsyncIterator[Path]:
    """``clean``: closed in order; ``cut``: with a log beside it; ``strange``: the same of another home."""
    for name in ("clean", "cut", "strange"):
        (tmp_path / name).mkdir()
    store = await filled(tmp_path / "clean" / "peerline.db")
    await store.close()
    for name, word in (("cut", "body"), ("strange", "other")):
        (tmp_path / "live").mkdir()
        store = await filled(tmp_path / "live" / "peerline.db", word)
        for each in ("peerline.db", "peerline.db-wal"):
            shutil.copy(tmp_path / "live" / each, tmp_path / name / each)
        await store.close()
        shutil.rmtree(tmp_path / "live")
    return tmp_path


def flip(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def spoil_page(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    at = 4096 * chance.randrange(len(content) // 4096)
    content[at : at + 4096] = chance.choice((bytes(4096), chance.randbytes(4096), content[4096:8192]))
    path.write_bytes(content)


def cut_off(path: Path, chance: random.Random) -> None:
    os.truncate(path, chance.randrange(path.stat().st_size))


def lose(path: Path, chance: random.Random) -> None:
    path.unlink()


def swap(path: Path, chance: random.Random) -> None:
    shutil.copy(path.parents[1] / "strange" / path.name, path)


DB, LOG = "peerline.db", "peerline.db-wal"
DEEDS: list[tuple[str, str, Callable[[Path, random.Random], None]]] = [
    *[("clean", DB, flip)] * 6,
    *[("clean", DB, spoil_page)] * 4,
    *[("clean", DB, cut_off)] * 2,
    *[("cut", DB, flip), ("cut", LOG, flip)] * 2,
    *[("cut", LOG, spoil_page), ("cut", LOG, cut_off), ("cut", LOG, lose), ("cut", LOG, swap)],
]


@pytest.mark.thorough
def test_of_two_hundred_damaged_copies_each_is_found_out_or_harmless(homes: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311
    print(f"PEERLINE_SEED={SEED}")
    told = Counter[str]()
    for n in range(COPIES):
        home, file, deed = DEEDS[n % len(DEEDS)]
        copy = homes / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(homes / home, copy)
        deed(copy / file, chance)
        told[f"{home} {file} {deed.__name__}: {verdict(copy / DB)}"] += 1
    for line, count in sorted(told.items()):
        print(f"{count:4} {line}")
    assert not [line for line in told if line.endswith("LIES")]
    assert sum(count for line, count in told.items() if "found" in line) > COPIES // 3


def verdict(path: Path) -> str:
    try:
        with contextlib.closing(opening.writing(path)) as conn:
            checking.look(conn)
    except PeerlineError:
        return "found at the start"
    if not checking.examine(path).is_well:
        return "found by the look"
    with contextlib.closing(opening.reading(path)) as conn:
        conn.execute("BEGIN")
        return "harmless" if all(right(conn)) else "LIES"


def right(conn: sqlite3.Connection) -> Iterator[bool]:
    """Whatever can be read is what was written."""
    words = Words(conn)
    for n in range(MESSAGES):
        yield words.get(m.Envelope, f"m-body{n:04}") in {None, envelope(n)}
        yield words.get(m.Ask, f"a-{n:04}") in {None, ask(n)}
    yield {row[0] for row in conn.execute("SELECT envelope_id FROM envelope")} <= {
        f"m-body{n:04}" for n in range(MESSAGES)
    }


def spoil(path: Path, old: bytes, new: bytes) -> None:
    """Change bytes where they lie, as a disk does."""
    content = path.read_bytes()
    assert content.count(old) == 1
    path.write_bytes(content.replace(old, new))


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    store = await filled(tmp_path / DB)
    await store.close()
    return tmp_path / DB


@pytest.mark.parametrize("new", [b"the bodY 7 the", b"the bod\xff 7 the"])
async def test_a_changed_letter_of_a_body_is_found_and_that_body_is_not_read(path: Path, new: bytes) -> None:
    content = path.read_bytes()
    at = content.index(b"the body 7 the")
    path.write_bytes(content[:at] + new + content[at + len(new) :])

    store = SqliteStore(path)
    with pytest.raises(StoreDamaged, match="as it was written") as refused:
        await store.read(lambda tx: tx.get(m.Envelope, "m-body0007"))
    assert b"body" not in str(refused.value).encode().replace(b"m-body0007", b"")
    assert await store.read(lambda tx: tx.get(m.Envelope, "m-body0008")) == envelope(8)
    found = checking.examine(path)
    assert [(each.kind, each.ref) for each in found.damaged] == [("envelope", "m-body0007")]

    one = found.damaged[0]
    await store.transact(lambda tx: tx.set_aside(one.kind, one.rowid, NOON))
    assert await store.read(lambda tx: tx.get(m.Envelope, "m-body0007")) is None
    assert checking.examine(path).is_well
    kept = store._reading.execute("SELECT kind, id, content FROM damaged").fetchone()
    assert (kept["kind"], kept["id"]) == ("envelope", b"m-body0007")
    assert new in kept["content"]
    await store.close()


async def test_one_damaged_row_does_not_fail_who_shares_its_commit(path: Path) -> None:
    content = path.read_bytes()
    at = content.index(b"the body 7 the")
    path.write_bytes(content[:at] + b"the bod\xff" + content[at + 8 :])
    store = SqliteStore(path)
    await store.transact(lambda tx: tx.put(peer("c")))
    with pytest.raises(StoreDamaged):
        await store.transact(lambda tx: tx.get(m.Envelope, "m-body0007"))
    await store.transact(lambda tx: tx.put(peer("d")))
    await store.close()


async def test_rows_of_an_older_file_are_summed_when_it_is_opened(tmp_path: Path) -> None:
    conn = sqlite3.connect(tmp_path / DB, isolation_level=None)
    for _, script in opening.migrations()[:3]:
        conn.executescript(script)
    conn.execute("PRAGMA user_version = 3")
    line = replace(envelope(1), body="größer\n")
    conn.execute(
        "INSERT INTO envelope VALUES (?, 'notice', ?, '[\"p-b\"]', ?, ?, ?, 'normal', '[]', NULL, NULL, 0, NULL)",
        (
            line.envelope_id,
            json.dumps(
                {"peer_id": "p-ada", "name": "ada", "circle": "default", "role": "human"}
                | {"authority": "owner", "person": "ada", "backend": ""}
            ),
            line.body,
            "2026-11-21T12:00:00.000000+00:00",
            "2026-11-28T12:00:00.000000+00:00",
        ),
    )
    conn.close()
    store = SqliteStore(tmp_path / DB)
    assert await store.read(lambda tx: tx.get(m.Envelope, line.envelope_id)) == line
    await store.close()


async def test_new_columns_change_the_sum_of_a_sound_row_and_do_not_heal_a_damaged_one(
    tmp_path: Path,
) -> None:
    conn = sqlite3.connect(tmp_path / DB, isolation_level=None)
    for _, script in opening.migrations()[:4]:
        conn.executescript(script)
    conn.execute("PRAGMA user_version = 4")
    there = [row[1] for row in conn.execute("PRAGMA table_info(ask)")]
    kept = [(at, name) for at, name in enumerate(table(m.Ask).columns) if name in there]
    columns, marks = ", ".join(f'"{name}"' for _, name in kept), ", ".join("?" * len(kept))
    asks = [
        m.Ask(
            ask_id=ask_id, asker="p-a", to=("p-b",), state="open", need=1, created_at=NOON, deadline_at=NOON
        )
        for ask_id in ("a-sound", "a-damaged")
    ]
    for off, ask in enumerate(asks):
        row = to_row(ask)
        old = [row[at] for at, _ in kept]
        sql = f"INSERT INTO ask ({columns}, checksum) VALUES ({marks}, ?)"  # noqa: S608 -- names of our own columns
        conn.execute(sql, (*old, summed(old) + off))
    conn.close()
    store = SqliteStore(tmp_path / DB)
    assert await store.read(lambda tx: tx.get(m.Ask, "a-sound")) == asks[0]
    with pytest.raises(StoreDamaged):
        await store.read(lambda tx: tx.get(m.Ask, "a-damaged"))
    await store.close()
