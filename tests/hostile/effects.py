"""No effect is seen, not believed: no row, no process, no connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.daemon_process import DaemonProcess

PROC = Path("/proc")
#: Who looked or knocked is remembered by these, and that is no effect.
BESIDE = frozenset({"remembered"})


def rows(daemon: DaemonProcess) -> dict[str, int]:
    """Of each table, how much is in it."""
    with closing(sqlite3.connect(f"file:{daemon.paths.database}?mode=ro", uri=True)) as store:
        tables = [name for (name,) in store.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608 -- names of our own tables


def children(pid: int) -> set[int]:
    """Processes that this one started and that are still there."""
    found: set[int] = set()
    if not PROC.is_dir():
        return found
    for task in Path(f"/proc/{pid}/task").iterdir():
        found |= {int(each) for each in (task / "children").read_text().split()}
    return found


def remote(pid: int) -> set[str]:
    """Where its connections go, without those of this machine's own addresses."""
    inodes: set[str] = set()
    if not PROC.is_dir():
        return inodes
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            inodes.add(str(link.readlink()))
        except OSError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            cells = row.split()
            if f"socket:[{cells[9]}]" in inodes and cells[3] != "0A":  # 0A listens
                found.add(cells[2].partition(":")[0])
    return found - {"0100007F"}


@contextmanager
def no_effect(daemon: DaemonProcess) -> Iterator[None]:
    before, processes = rows(daemon), children(daemon.pid)
    yield
    assert {name: n for name, n in rows(daemon).items() if name not in BESIDE} == {
        name: n for name, n in before.items() if name not in BESIDE
    }
    assert children(daemon.pid) <= processes
    assert remote(daemon.pid) == set()
