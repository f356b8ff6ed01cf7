"""Sets up, takes away, and is broken off at its n-th deed: killed, or interrupted by its user. Then it is repeated.

    python -m tests.hooks.breaking_off FOLDER STEP FIRST

A process of its own, with one thread, so that it may fork: each child counts what it makes, moves and removes, and ends
at one of those. Prints one line for each way that did not end as an undisturbed run does, and how many were tried.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from hooks.agents import AGENTS, CODEX
from hooks.codextrust import Hook, names_of
from hooks.entries import HomePaths
from hooks.install import install, uninstall
from hooks.trusting import trust_as_listed
from tests.hooks.test_starting_states import FILES
from tests.hooks.trees import tree

DEEDS = frozenset({"os.mkdir", "os.rmdir", "os.rename", "os.remove", "os.chmod", "open"})
WRITES = os.O_WRONLY | os.O_RDWR
FINISHED = 7
Work = Callable[[HomePaths], object]


@dataclass(frozen=True)
class Way:
    """``before`` is done undisturbed, ``deed`` is what is broken off."""

    name: str
    filled: bool
    before: Work
    deed: Work


def set_up(home: HomePaths) -> None:
    install(AGENTS.values(), home)


def set_up_elsewhere(home: HomePaths) -> None:
    install(AGENTS.values(), replace(home, python=Path("/old/bin/python"), packages=Path("/old/lib")))


def take_away(home: HomePaths) -> None:
    uninstall(AGENTS.values(), home)


def trusted(home: HomePaths) -> None:
    names = sorted(names_of(CODEX, home.settings(CODEX)))
    trust_as_listed(home, [Hook(name, f"sha256:{n}", is_trusted=False) for n, name in enumerate(names)])


def nothing(_: HomePaths) -> None:
    """Undisturbed."""


WAYS = (
    Way("setting up a bare home", filled=False, before=nothing, deed=set_up),
    Way("setting up among others", filled=True, before=nothing, deed=set_up),
    Way("setting up anew", filled=True, before=set_up_elsewhere, deed=set_up),
    Way("saying yes for Codex", filled=True, before=set_up, deed=trusted),
    Way("taking away", filled=True, before=set_up, deed=take_away),
    Way("taking away from a bare home", filled=False, before=set_up, deed=take_away),
)


def fresh(folder: Path, way: Way) -> HomePaths:
    shutil.rmtree(folder, ignore_errors=True)
    home = HomePaths.of({"HOME": str(folder / "u"), "PEERLINE_HOME": str(folder / "ours"), "PATH": ""})
    home.home.mkdir(parents=True)
    for file in FILES.values() if way.filled else ():
        if not file.is_ours:
            file.path(home).parent.mkdir(parents=True, exist_ok=True)
            file.path(home).write_text(file.text)
    return home


def broken_off(work: Work, home: HomePaths, at: int, *, killed: bool) -> bool:
    """Whether it had done all before its n-th deed came."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == FINISHED
    done = count(1)

    def hook(event: str, words: tuple[Any, ...]) -> None:
        if event not in DEEDS or (event == "open" and not (words[2] or 0) & WRITES):
            return
        if next(done) == at:
            if killed:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt

    sys.addaudithook(hook)
    try:
        work(home)
    except BaseException:
        os._exit(1)
    os._exit(FINISHED)


def age_locks(folder: Path) -> None:
    """Whoever held them is gone for longer than a lock is good."""
    for lock in folder.rglob("*.lock"):
        os.utime(lock, (1, 1))


def undisturbed(folder: Path, way: Way) -> tuple[object, object]:
    """How it is before and after."""
    home = fresh(folder, way)
    before = tree(home.home)
    way.before(home)
    way.deed(home)
    return before, tree(home.home)


def tried(
    folder: Path, way: Way, wanted: tuple[object, object], at: int, *, killed: bool
) -> tuple[bool, str]:
    """Whether there is a deed of that number; what went wrong."""
    before, after = wanted
    home = fresh(folder, way)
    way.before(home)
    finished = broken_off(way.deed, home, at, killed=killed)
    age_locks(folder)
    wrong = []
    way.deed(home)
    if tree(home.home) != after:
        wrong.append("it ends otherwise than undisturbed")
    take_away(home)
    if tree(home.home) != before:
        wrong.append("taken away, it is not as before")
    if home.peerline_home.exists():
        wrong.append(f"left: {sorted(each.name for each in home.peerline_home.rglob('*'))}")
    return not finished, "; ".join(wrong)


def main(folder: Path, step: int, first: int) -> None:
    tries = 0
    for way in WAYS:
        wanted = undisturbed(folder, way)
        for killed in (True, False):
            for at in count(first, step):
                there, wrong = tried(folder, way, wanted, at, killed=killed)
                tries += there
                if wrong:
                    print(f"{way.name}, {'killed' if killed else 'interrupted'} at {at}: {wrong}", flush=True)
                if not there:
                    break
    print(f"{tries} tried")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
