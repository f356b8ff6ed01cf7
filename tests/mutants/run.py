"""Breaks one line of the product at a time, in copies of the tree, and sees whether the tests named for it go red.

    python -m tests.mutants.run [NAME…]     all of the table, or the rows whose name holds one of these words

Each worker has a copy with an interpreter of its own, in which our packages are those of the copy and of nowhere else,
also for the daemons, hooks and agents that tests start. Rule: caught means that a test failed, in time, and had been
green on the copy before; a run that ended otherwise (nothing collected, a usage error, no end) is no proof of anything.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from time import monotonic
from typing import Final

from tests.mutants.table import MUTANTS, Mutant

ROOT: Final = Path(__file__).parents[2]
LONGEST_S: Final = 60  #: how long the tests of one row may take
ALL_S: Final = 400  #: how long all tests together may take, unbroken
TO_CLEAR_UP_S: Final = 10
WORKERS: Final = int(os.environ.get("WORKERS", "2"))
CAUGHT: Final = 1  #: pytest's exit code for "tests were run, some failed"
HUNG: Final = -1
OPTIONS: Final = ("-x", "-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", "--tb=short")


@dataclass(frozen=True, slots=True)
class Copy:
    """The tree once more, and the interpreter that imports from it."""

    root: Path
    python: Path

    def tested(self, tests: Iterable[str], patience_s: float) -> tuple[int, str]:
        """Run the tests; pytest's exit code, or ``HUNG``, and what was said."""
        return self.run("-m", "pytest", *OPTIONS, *tests, patience_s=patience_s)

    def run(self, *words: str, patience_s: float) -> tuple[int, str]:
        # A mutated file is newer than what was compiled of it, and nothing is compiled for those that come after.
        env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
        argv = (str(self.python), *words)
        with subprocess.Popen(
            argv,
            cwd=self.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        ) as running:
            try:
                said, _ = running.communicate(timeout=patience_s)
            except subprocess.TimeoutExpired:
                return HUNG, _ended(running)
            return running.returncode, said


@dataclass(frozen=True, slots=True)
class Verdict:
    mutant: Mutant
    code: int
    seconds: float
    said: str

    @property
    def caught(self) -> bool:
        return self.code == CAUGHT

    def __str__(self) -> str:
        what = f"caught in {self.seconds:4.1f} s" if self.caught else f"SURVIVED ({self._why()})"
        return f"{what:<17} {'P0' if self.mutant.p0 else '  '} {self.mutant.name}{self._by()}"

    def _why(self) -> str:
        unseen = self.code == 0 and re.search(r"^\d+ skipped", self.said, re.MULTILINE)
        return "its tests are skipped here" if unseen else _meaning(self.code)

    def _by(self) -> str:
        """Which test it was; several are named for some."""
        found = re.search(r"^FAILED \S+?::(\w+)", self.said, re.MULTILINE)
        return f", by {found[1]}" if found and self.caught else ""


def main(words: Sequence[str]) -> int:
    chosen = [each for each in MUTANTS if not words or any(word in each.name for word in words)]
    if not chosen:
        print(f"no mutant is called {' or '.join(words)}", file=sys.stderr)
        return 2
    begun = monotonic()
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [_copied(Path(folder) / str(n)) for n in range(min(WORKERS, len(chosen)))]
        tests = sorted({test for each in chosen for test in each.tests})
        code, said = copies[0].tested(tests, ALL_S)
        if code:
            print(said)
            print(f"the tests are not green on the unbroken tree: {_meaning(code)}")
            return 1
        print(
            f"{len(tests)} tests are green on the unbroken tree, after {monotonic() - begun:.0f} s",
            flush=True,
        )
        verdicts = list(_tried(chosen, copies))
    return _told(verdicts, monotonic() - begun)


def _tried(chosen: Sequence[Mutant], copies: Sequence[Copy]) -> Iterator[Verdict]:
    free: SimpleQueue[Copy] = SimpleQueue()
    for copy in copies:
        free.put(copy)
    with ThreadPoolExecutor(len(copies)) as workers:
        waiting = [workers.submit(_one, each, free) for each in chosen]
        try:
            for done in as_completed(waiting):
                verdict = done.result()
                print(verdict, flush=True)
                if not verdict.caught:
                    print(verdict.said)
                yield verdict
        finally:
            workers.shutdown(wait=False, cancel_futures=True)  # who breaks it off does not wait for the rest


def _one(mutant: Mutant, free: SimpleQueue[Copy]) -> Verdict:
    copy = free.get()
    try:
        with _broken(copy, mutant):
            begun = monotonic()
            code, said = copy.tested(mutant.tests, LONGEST_S)
            return Verdict(mutant, code, monotonic() - begun, said)
    finally:
        free.put(copy)


@contextmanager
def _broken(copy: Copy, mutant: Mutant) -> Iterator[None]:
    path = copy.root / mutant.file
    whole, seen = path.read_text(encoding="utf-8"), path.stat()
    path.write_text(mutant.applied(whole), encoding="utf-8")
    os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns + 10**10))
    try:
        yield
    finally:
        path.write_text(whole, encoding="utf-8")
        os.utime(path, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _copied(root: Path) -> Copy:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    copy = Copy(root, _interpreter(root))
    _prove(copy)
    return copy


def _interpreter(root: Path) -> Path:
    """Made from the running one: the same packages but ours, which an editable install would take from the tree."""
    folder = root / ".venv"
    venv.create(folder, symlinks=True)
    inside = next((folder / "lib").glob("python3*/site-packages"))
    # Folders that a .pth file names have no .pth files of their own read: so the editable install stays out.
    (inside / "copy.pth").write_text(f"{root}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    return folder / "bin" / "python"


def _prove(copy: Copy) -> None:
    """Raise AssertionError unless our packages are the copy's, however little of its surroundings python believes."""
    asks = (
        "import daemon, cli, hooks, bots; print(*[x.__file__ for x in (daemon, cli, hooks, bots)], sep='\\n')"
    )
    for flags in ((), ("-I",)):
        code, said = copy.run(*flags, "-c", asks, patience_s=LONGEST_S)
        foreign = [path for path in said.split("\n") if path and not path.startswith(f"{copy.root}{os.sep}")]
        assert code == 0, said
        assert not foreign, f"imported from elsewhere: {foreign}"
    # Compiled once, so that no run has to.
    subprocess.run([copy.python, "-m", "compileall", "-q", copy.root, "-x", r"\.venv"], check=True)


def _ended(running: subprocess.Popen[str]) -> str:
    """End it as a person would, so that it clears up behind itself; then in any case."""
    running.send_signal(signal.SIGINT)
    try:
        said, _ = running.communicate(timeout=TO_CLEAR_UP_S)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        said, _ = running.communicate()
    return said


def _meaning(code: int) -> str:
    told = {
        0: "all green",
        CAUGHT: "a test failed",
        HUNG: "no end",
        2: "it did not load",
        5: "no test was run",
    }
    return told.get(code, f"pytest ended with {code}")


def _told(verdicts: Sequence[Verdict], seconds: float) -> int:
    left = [each for each in verdicts if not each.caught]
    grave = [each for each in verdicts if each.mutant.p0]
    caught = sum(each.caught for each in grave)
    print()
    print(f"{len(verdicts)} mutants, {len(verdicts) - len(left)} caught; P0: {len(grave)}, {caught} caught")
    print(f"{seconds:.0f} s, {WORKERS} at a time; the slowest:")
    for each in sorted(verdicts, key=lambda each: each.seconds, reverse=True)[:3]:
        print(f"  {each}")
    for each in left:
        print(each)
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
