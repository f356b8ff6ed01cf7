"""Whole processes, as the operating system accounts for them."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BARE: Final = (sys.executable, "-I", "-S", "-E", "-c", "pass")


@dataclass(frozen=True, slots=True)
class Ran:
    """Wall and processor seconds, and the exit code."""

    wall: float
    cpu: float
    code: int


def ran(argv: Sequence[str], *, env: Mapping[str, str] | None = None, stdin: str = os.devnull) -> Ran:
    """Run it to its end; what it prints is thrown away."""
    nowhere = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_WRONLY, 0) for number in (1, 2)]
    begun = time.perf_counter()
    pid = os.posix_spawn(
        argv[0],
        argv,
        dict(env or {}),
        file_actions=[(os.POSIX_SPAWN_OPEN, 0, stdin, os.O_RDONLY, 0), *nowhere],
    )
    _, status, used = os.wait4(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    return Ran(time.perf_counter() - begun, used.ru_utime + used.ru_stime, code)


def in_turn(count: int, *commands: tuple[Sequence[str], Mapping[str, str], str]) -> list[list[Ran]]:
    """Each command ``count`` times, A B A B …, so that a machine that changes its speed changes it for all."""
    told: list[list[Ran]] = [[] for _ in commands]
    for turn in range(count + 1):
        for results, (argv, env, stdin) in zip(told, commands, strict=True):
            result = ran(argv, env=env, stdin=stdin)
            if turn:  # the first is for the caches
                results.append(result)
    return told


def memory(pid: int) -> float:
    """Resident, in MiB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def proportional(pid: int) -> float:
    """Resident, in MiB, with what is shared with others counted in parts."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def written(pid: int) -> int:
    """Bytes that it has written so far, anywhere."""
    lines = Path(f"/proc/{pid}/io").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("wchar"))


def cpu(pid: int) -> float:
    """Seconds used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wakes(pid: int) -> int:
    """How often its threads have gone to sleep by themselves, and so were woken."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    lines = [line for task in tasks for line in (task / "status").read_text("ascii").splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches"))
