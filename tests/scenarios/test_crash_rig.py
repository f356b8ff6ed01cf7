"""A daemon killed a few times in every run, a thousand with the rigs: nothing is lost, nothing is shown twice.

PEERLINE_CRASH_SEED repeats a run as far as its luck goes, PEERLINE_CRASH_KILLS is the number of kills.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.daemon_process import REPOSITORY, short_home
from tests.scenarios.crash_rig import Plan, Rig

SEED = int(os.environ.get("PEERLINE_CRASH_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
KILLS = int(os.environ.get("PEERLINE_CRASH_KILLS", "0"))
READY_S = 1.0
PRODUCT = ("daemon", "bots", "mcp_server", "hooks", "scheduler", "cli", "dashboard")


@pytest.mark.long
@pytest.mark.parametrize("kills", [4, pytest.param(60, marks=pytest.mark.thorough)])
async def test_kills_lose_nothing_and_show_nothing_twice(kills: int) -> None:
    print("seed", SEED)
    verdict = await Rig(Plan(kills=KILLS or kills, seed=SEED, forked=0.9)).run()
    print(verdict)
    assert verdict.violations == []


@pytest.mark.rig
async def test_a_thousand_kills_lose_nothing_and_show_nothing_twice() -> None:
    quiet = os.getloadavg()[0] < 1  # else the wall clock tells of the machine and not of us
    print("seed", SEED)
    verdict = await Rig(Plan(kills=KILLS or 1000, seed=SEED, forked=0.5)).run()
    print(verdict)
    assert verdict.violations == []
    if quiet:
        assert verdict.ready_p95_s <= READY_S


# --- the rig itself -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mistake that somebody could make: in ``path``, each text that stands there in place of another."""

    path: str
    edits: tuple[tuple[str, str], ...]
    seen: str  #: how a violation by it begins

    def breed(self, tree: Path) -> None:
        for folder in PRODUCT:
            shutil.copytree(
                REPOSITORY / folder,
                tree / folder,
                ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
            )
        path = tree / self.path
        source = path.read_text("utf-8")
        for before, after in self.edits:
            assert source.count(before) == 1, f"{self.path} has changed: {before!r}"
            source = source.replace(before, after)
        path.write_text(source, "utf-8")


MUTANTS = {
    "told before the commit, which comes a little later": Mutant(
        "daemon/store/sqlite.py",
        (
            (
                '            self._passed("store.committing")\n',
                (
                    "            _tell(batch)\n            threading.Event().wait(0.02)\n"
                    '            self._passed("store.committing")\n'
                ),
            ),
            ("if waiting.future.cancelled():", "if waiting.future.done():"),
        ),
        "lost",
    ),
    "a key is not remembered": Mutant(
        "daemon/engine/engine.py",
        (
            ("before = tx.remembered(once.principal, once.key)", "before = None"),
            ("tx.remember(once", "(lambda *_: 0)(once"),
        ),
        "shown 2",
    ),
    "what the last run had leased is forgotten at a start": Mutant(
        "daemon/core/ticking.py",
        (("    left = plan.view.leased(command.holder_prefix)\n", "    left: list[Delivery] = []\n"),),
        "lost",
    ),
    "a send that may have left is repeated": Mutant(
        "daemon/core/ticking.py",
        (("if delivery.reason == d.IN_HAND and conversation", "if False and conversation"),),
        "shown 2",
    ),
    "an update is confirmed before it is stored": Mutant(
        "bots/telegram/listening.py",
        (
            (
                "            if raws := [",
                (
                    '            if batch:\n                await self._api.updates(batch[-1]["update_id"] + 1, 0)\n'
                    "            if raws := ["
                ),
            ),
        ),
        "lost",
    ),
    "what is fetched counts as seen": Mutant(
        "daemon/core/handing.py",
        (
            (
                "    return tuple(\n        settling.give(plan, delivery, step, f",
                "    given = tuple(\n        settling.give(plan, delivery, step, f",
            ),
            (
                "for delivery in taken\n    )\n",
                (
                    "for delivery in taken\n    )\n    for delivery in taken:\n"
                    '        settling.see(plan, plan.fresh(delivery), "fetched")\n    return given\n'
                ),
            ),
        ),
        "lost",
    ),
}


@pytest.fixture
def tree() -> Iterator[Path]:
    with short_home() as home:
        home.mkdir()
        yield home


@pytest.mark.rig
@pytest.mark.parametrize("mistake", MUTANTS)
async def test_the_rig_sees_a_mistake(tree: Path, mistake: str) -> None:
    mutant = MUTANTS[mistake]
    mutant.breed(tree)
    verdict = await Rig(Plan(kills=60, seed=SEED, forked=0.9, tree=tree, pane=False)).run()
    print(verdict)
    assert [each for each in verdict.violations if each.startswith(mutant.seen)]


# Seen once with 35 kills each, on a machine that did much else:
#
#     told before the commit          12 violations: 6 lost of 459, the rest keys that had no first answer any more
#     a key is not remembered        574: texts with two ids, shown twice; the key taken for another body
#     fetched counts as seen          19: 10 lost of 798, 4 ends that no asker learned
#     the leased forgotten           273: 24 lost of 1,555, 16 ends nobody learned, and all that waited behind them
#     a send repeated                  6: 3 shown twice in Telegram
#     an update confirmed too soon    57: 28 lost, 12 ends that nobody learned
#
# Freeing at a start what an agent had been given, without a look, was not seen: what the agent said of it meanwhile
# lies in the spool, which is heard before. The same rig found, in the product, a text that was handed to a hook which
# had given up a moment before, while the spool was being heard: it counted as seen, and nobody had read it.
