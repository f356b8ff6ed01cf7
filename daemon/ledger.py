"""The audit log on disk: lines that are only ever added, each carrying the hash of the one before it.

    {"n", "at", "event", …, "seq", "prev", "hash"}

``n`` counts the lines from 1, ``seq`` is how far the feed was read when the line was written, ``hash`` is the SHA-256
of the line without it. A full file is renamed by its first ``n``, and the next goes on with its hash. Beside them lies
the head, number and hash of the last line, so that a missing end is noticed. The hashes have no key: whoever may write
here can make a new chain; what is found is what was changed in this one.

Rule: a line is on disk, whole and synced, or it is not there.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

Json = dict[str, Any]
MOST_BYTES: Final = 10 * 1024 * 1024
CURRENT: Final = "audit.jsonl"
HEAD: Final = "audit.head"
FIRST: Final = "0" * 64  #: what comes before the first line


@dataclass(frozen=True, slots=True)
class Link:
    """A line's place in the chain."""

    n: int = 0
    seq: int = 0
    hash: str = FIRST


class Ledger:
    """Args: ``folder`` for its files; ``most`` bytes until a new one is begun."""

    def __init__(self, folder: Path, *, most: int = MOST_BYTES) -> None:
        self._folder = folder
        self._path = folder / CURRENT
        self._most = most
        self._last: Link | None = None

    @property
    def seq(self) -> int:
        """How far the feed is written."""
        return self._place().seq

    def add(self, entries: Sequence[Json]) -> None:
        """Write and sync them, all or none; an entry without ``seq`` has that of the line before.

        Raises:
            OSError: none is written.

        """
        link, lines = self._place(), []
        for entry in entries:
            fields = {"n": link.n + 1, **entry, "seq": entry.get("seq", link.seq), "prev": link.hash}
            line, link = _written(fields)
            lines.append(line)
        self._turn_over(link.n - len(lines))
        _append(self._path, b"".join(lines))
        self._last = link
        with suppress(OSError), _opened(self._folder / HEAD, 0) as file:  # what is written is written
            os.write(file, f"{link.n:012d} {link.hash}\n".encode())

    def _place(self) -> Link:
        """The last line; one that a crash tore off is taken away first."""
        if self._last is None:
            _heal(self._path)
            last = next((link for path in reversed(files(self._folder)) if (link := _last_of(path))), Link())
            # Lines that are gone stay gone: their numbers are not given again.
            self._last = replace(last, n=max(last.n, head(self._folder)[0]))
        return self._last

    def _turn_over(self, written: int) -> None:
        with suppress(FileNotFoundError):
            if self._path.stat().st_size >= self._most:
                first = next(_lines(self._path), b"")
                n = int((_read(first) or {}).get("n", written))
                self._path.rename(self._folder / f"audit-{n:012d}.jsonl")


def files(folder: Path) -> list[Path]:
    """Every file of the log, oldest first."""
    current = folder / CURRENT
    return [*sorted(folder.glob("audit-*.jsonl")), *([current] if current.exists() else [])]


def tail(folder: Path, count: int) -> list[Json]:
    """The last lines that can be read."""
    found: list[Json] = []
    for path in reversed(files(folder)):
        if len(found) >= count:
            break
        found = [entry for line in _lines(path) if (entry := _read(line))] + found
    return found[-count:] if count else []


def head(folder: Path) -> tuple[int, str]:
    """Number and hash of the last line, as they were noted beside the log."""
    try:
        n, _, found = (folder / HEAD).read_text("ascii").strip().partition(" ")
        return int(n), found
    except (OSError, ValueError):
        return 0, ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that cannot be as it was written."""

    file: str
    line: int  #: in the file, from 1; 0: at its end
    n: int  #: of the chain
    problem: str


def verify(folder: Path) -> tuple[int, list[Flaw]]:
    """Read everything; the number of lines, and what is wrong, in order."""
    noted, its_hash = head(folder)  # before the lines: a daemon may be adding some
    chain = _Chain()
    flaws = [flaw for path in files(folder) for flaw in chain.read(path)]
    if noted > chain.last.n:
        flaws.append(Flaw(CURRENT, 0, noted, f"cut: {_span(chain.last.n + 1, noted)} missing at the end"))
    elif noted and noted == chain.last.n and its_hash != chain.last.hash:
        flaws.append(Flaw(CURRENT, 0, noted, "edited: the last line is not the one that was noted"))
    return chain.count, flaws


class _Chain:
    """Walks along the links."""

    def __init__(self) -> None:
        self.count = 0
        self.last = Link()
        self._before = Link()

    def read(self, path: Path) -> Iterator[Flaw]:
        for number, line in enumerate(_lines(path), 1):
            if path.name == CURRENT and not line.endswith(b"\n"):
                return  # being written now, or torn; the next start takes it away
            self.count += 1
            for n, problem in self._step(line):
                yield Flaw(path.name, number, n, problem)

    def _step(self, raw: bytes) -> Iterator[tuple[int, str]]:
        entry = _read(raw)
        if entry is None:
            yield self.last.n + 1, "edited or inserted: no line of this log"
            return
        link = _link(entry)
        if link.n <= self.last.n:
            follows = link.n == self.last.n and entry["prev"] == self._before.hash
            yield (
                link.n,
                "inserted: the line before this one" if follows else "inserted: its number was given before",
            )
            self.last = link if follows else self.last
            return
        if link.n > self.last.n + 1:
            yield link.n, f"deleted: {_span(self.last.n + 1, link.n - 1)} missing before this line"
        elif entry["prev"] != self.last.hash:
            yield link.n, "edited: it does not follow the line before, or that was replaced"
        if _written({name: value for name, value in entry.items() if name != "hash"})[0] != raw:
            yield link.n, "edited: its hash does not belong to what it says"
        self._before, self.last = self.last, link


def _span(first: int, last: int) -> str:
    return f"line {first} is" if first == last else f"lines {first} to {last} are"


def _written(fields: Json) -> tuple[bytes, Link]:
    """The line of these fields, and its place."""
    told = json.dumps(fields, sort_keys=True, separators=(",", ":"))
    made = hashlib.sha256(told.encode()).hexdigest()
    line = json.dumps(fields | {"hash": made}, separators=(",", ":"))
    return f"{line}\n".encode(), Link(fields["n"], fields["seq"], made)


def _read(line: bytes) -> Json | None:
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        return None
    kinds = {"n": int, "seq": int, "prev": str, "hash": str}
    if not isinstance(told, dict) or any(type(told.get(name)) is not kind for name, kind in kinds.items()):
        return None
    return told


def _link(entry: Json) -> Link:
    return Link(entry["n"], entry["seq"], entry["hash"])


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _last_of(path: Path) -> Link | None:
    last = None
    for line in _lines(path):
        last = _read(line) or last
    return _link(last) if last else None


def _heal(path: Path) -> None:
    with suppress(FileNotFoundError):
        raw = path.read_bytes()
        whole = raw.rfind(b"\n") + 1
        if whole < len(raw):
            with _opened(path, 0) as file:
                os.ftruncate(file, whole)
                os.fsync(file)


def _append(path: Path, told: bytes) -> None:
    with _opened(path, os.O_APPEND) as file:
        size = os.fstat(file).st_size
        try:
            while told:
                told = told[os.write(file, told) :]
            os.fsync(file)
        except OSError:
            os.ftruncate(file, size)
            raise
    if not size:
        with _opened(path.parent, os.O_DIRECTORY) as folder:
            os.fsync(folder)


@contextmanager
def _opened(path: Path, how: int) -> Iterator[int]:
    """A private file, opened to be written, or a folder; no link is followed."""
    writing = 0 if how & os.O_DIRECTORY else os.O_WRONLY | os.O_CREAT
    file = os.open(path, writing | os.O_CLOEXEC | os.O_NOFOLLOW | how, 0o600)
    try:
        yield file
    finally:
        os.close(file)
