"""A process watched by strace: what it wrote, what it synced, and what it promised, in order.

The log is replayed to any moment: what was synced by then is on the disk, and of what was not, whatever the disk
happened to have taken: a part, in any order, the last of it torn. ``image`` is such a disk.
"""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CALLS = "openat,pwrite64,pwritev,fdatasync,fsync,ftruncate,write,writev,sendto,sendmsg,unlink,unlinkat,rename"
SECTOR, PAGE = 512, 4096
_LINE = re.compile(rb"^(\d+) +(?:<\.\.\. (\w+) resumed>|(\w+)\()(.*)$", re.DOTALL)
_FD = re.compile(rb"^(\d+)<((?:[^<>]|\\x3[ce])*)>")
_QUOTED = re.compile(rb'"((?:\\x[0-9a-f]{2})*)"')
UNFINISHED = b" <unfinished ...>"
SYNCS = {b"fdatasync", b"fsync"}
AFTER = {
    *SYNCS,
    b"openat",
}  #: count once they have returned; a write may have happened as soon as it was called


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that the process did. ``sync`` covers what came before step ``since``."""

    what: str  #: write, cut, sync, make, remove or say
    name: str = ""
    at: int = 0
    content: bytes = b""
    since: int = 0


def watched(words: Sequence[str], log: Path) -> list[str]:
    return ["strace", "-f", "-y", "-xx", "-s", "2000000", "-e", f"trace={CALLS}", "-o", str(log), *words]


def can_watch() -> bool:
    """Whether there is an strace that may trace."""
    try:
        done = subprocess.run(["strace", "-f", "-o", "/dev/null", "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return False
    return done.returncode == 0


def steps(log: Path, folder: Path) -> list[Step]:
    """What was done to the files of ``folder``, and what was said to anybody."""
    found: list[Step] = []
    begun: dict[bytes, tuple[bytes, bytes, int]] = {}
    with log.open("rb") as lines:
        for line in lines:
            match = _LINE.match(line.rstrip(b"\n"))
            if not match:
                continue
            pid, resumed, called, rest = match.groups()
            since = len(found)
            if resumed:
                called, first, since = begun.pop(pid)
                if called in AFTER:
                    found += _step(called, first + rest, folder, since)
            elif rest.endswith(UNFINISHED):
                rest = rest.removesuffix(UNFINISHED)
                begun[pid] = (called, rest, since)
                if called not in AFTER:
                    found += _step(called, rest + b") = 0", folder, since)
            else:
                found += _step(called, rest, folder, since)
    return found


def _step(called: bytes, rest: bytes, folder: Path, since: int) -> Iterator[Step]:
    if b"= -1" in rest[-80:]:
        return
    name = _name(rest, folder)
    quoted = [_plain(each) for each in _QUOTED.findall(rest)] if called not in SYNCS else []
    match called:
        case b"fdatasync" | b"fsync" if name:
            yield Step("sync", name, since=since)
        case b"openat" if b"O_CREAT" in rest and Path(quoted[0].decode()).parent == folder:
            yield Step("make", Path(quoted[0].decode()).name)
        case b"unlink" | b"unlinkat" if Path(quoted[0].decode()).parent == folder:
            yield Step("remove", Path(quoted[0].decode()).name)
        case b"pwrite64" | b"ftruncate" if name:
            yield _changed(name, rest, quoted)
        case b"write" | b"writev" | b"sendto" | b"sendmsg" if not name and quoted:
            yield Step("say", content=b"".join(quoted))


def _name(rest: bytes, folder: Path) -> str:
    told = _FD.match(rest)
    path = Path(_plain(told[2]).decode("utf-8", "replace")) if told else Path()
    if path == folder:
        return "."
    return path.name if path.parent == folder else ""


def _changed(name: str, rest: bytes, quoted: Sequence[bytes]) -> Step:
    at = int(re.findall(rb", (\d+)\)? *(?:=|$)", rest[-80:])[-1])
    return Step("write", name, at, quoted[0]) if quoted else Step("cut", name, at)


def _plain(escaped: bytes) -> bytes:
    if b"\\x" not in escaped:
        return escaped
    return bytes.fromhex(escaped.replace(b"\\x", b"").decode("ascii"))


@dataclass(slots=True)
class File:
    kept: bytearray = field(default_factory=bytearray)
    waiting: list[tuple[int, Step]] = field(default_factory=list)
    entry_kept: bool = False


class Disk:
    """What a disk has at a moment, for certain and perhaps."""

    def __init__(self) -> None:
        self.files: dict[str, File] = {}
        self._passed = 0

    def take(self, step: Step) -> None:
        number, self._passed = self._passed, self._passed + 1
        match step.what:
            case "make":
                self.files.setdefault(step.name, File())
            case "write" | "cut":
                self.files.setdefault(step.name, File()).waiting.append((number, step))
            case "remove":
                self.files.pop(step.name, None)
            case "sync":
                self._keep(step)

    def _keep(self, step: Step) -> None:
        if step.name == ".":
            for each in self.files.values():
                each.entry_kept = True
        elif file := self.files.get(step.name):
            for at, written in file.waiting:
                if at < step.since:
                    _apply(file.kept, written, len(written.content))
            file.waiting = [(at, each) for at, each in file.waiting if at >= step.since]

    def image(self, chance: random.Random) -> dict[str, bytes]:
        """One disk that a power cut may leave behind."""
        found = {}
        for name, file in self.files.items():
            if name.endswith("-shm"):
                continue
            if file.entry_kept or chance.random() < 0.5:
                found[name] = bytes(_taken(file, chance))
        if chance.random() < 0.3:
            found["peerline.db-shm"] = chance.randbytes(chance.choice((0, 4096, 32768)))
        return found


def _taken(file: File, chance: random.Random) -> bytearray:
    """All that was synced, and of the rest a beginning, or any of its pages; the last one torn."""
    content = bytearray(file.kept)
    waiting = [each for _, each in file.waiting]
    if chance.random() < 0.5:
        taken = waiting[: chance.randint(0, len(waiting))]
    else:
        taken = [each for each in _pages(waiting) if chance.random() < 0.5]
    for each in taken:
        torn = each is taken[-1] and chance.random() < 0.7
        room = len(each.content) // SECTOR
        _apply(content, each, SECTOR * chance.randint(0, room) if torn else len(each.content))
    return content


def _pages(waiting: Sequence[Step]) -> Iterator[Step]:
    for each in waiting:
        if each.what == "cut":
            yield each
        for at in range(0, len(each.content), PAGE):
            yield Step("write", each.name, each.at + at, each.content[at : at + PAGE])


def _apply(content: bytearray, step: Step, length: int) -> None:
    if step.what == "cut":
        del content[step.at :]
        content.extend(bytes(max(0, step.at - len(content))))
        return
    end = step.at + length
    content.extend(bytes(max(0, end - len(content))))
    content[step.at : end] = step.content[:length]


Promised = Callable[[bytes], Sequence[str]]


def cuts(
    done: Sequence[Step], count: int, chance: random.Random, promised: Promised
) -> Iterator[tuple[Disk, set[str]]]:
    """The disk at as many random moments, from the first promise on, and what was promised by then."""
    first = next(n for n, step in enumerate(done) if step.what == "say" and promised(step.content))
    disk, told, passed = Disk(), set[str](), 0
    for moment in sorted(chance.randint(first + 1, len(done)) for _ in range(count)):
        for step in done[passed:moment]:
            disk.take(step)
            if step.what == "say":
                told.update(promised(step.content))
        passed = moment
        yield disk, told


def too_early(done: Sequence[Step], promised: Promised) -> list[str]:
    """What was promised before a write that holds it was synced."""
    disk, early = Disk(), []
    for step in done:
        disk.take(step)
        told = promised(step.content) if step.what == "say" else ()
        kept = [file.kept for file in disk.files.values()]
        early += [each for each in told if not any(each.encode() in content for content in kept)]
    return early


def laid_out(image: Mapping[str, bytes], folder: Path) -> Path:
    """The image as files; returns where the database is."""
    for old in folder.iterdir():
        old.unlink()
    for name, content in image.items():
        (folder / name).write_bytes(content)
    return folder / "peerline.db"
