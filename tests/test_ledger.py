"""The audit log on disk: whatever is done to a line is found and named, and nothing a crash does breaks the chain."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.ledger import CURRENT, HEAD, Ledger, files, tail, verify


def filled(folder: Path, lines: int = 9, most: int = 10**6) -> Path:
    ledger = Ledger(folder, most=most)
    for n in range(lines):
        ledger.add([{"what": f"event {n}", "seq": n * 10}])
    return folder / CURRENT


def problems(folder: Path) -> list[str]:
    return [f"{flaw.line} {flaw.problem}" for flaw in verify(folder)[1]]


def forged(raw: bytes, **change: object) -> bytes:
    """A line changed by somebody who knows how hashes are made."""
    from daemon.ledger import _written

    fields = {name: value for name, value in json.loads(raw).items() if name != "hash"}
    return _written(fields | change)[0]


def test_what_was_added_is_whole_private_and_in_order(tmp_path: Path) -> None:
    path = filled(tmp_path)
    assert verify(tmp_path) == (9, [])
    assert [entry["what"] for entry in tail(tmp_path, 2)] == ["event 7", "event 8"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert Ledger(tmp_path).seq == 80


@pytest.mark.parametrize("line", range(9))
def test_an_edited_line_is_named(tmp_path: Path, line: int) -> None:
    path = filled(tmp_path)
    raw = path.read_bytes().splitlines(keepends=True)
    raw[line] = raw[line].replace(b"event", b"evemt")
    path.write_bytes(b"".join(raw))
    assert problems(tmp_path) == [f"{line + 1} edited: its hash does not belong to what it says"]


@pytest.mark.parametrize("line", range(9))
def test_a_line_edited_with_a_new_hash_is_noticed(tmp_path: Path, line: int) -> None:
    path = filled(tmp_path)
    raw = path.read_bytes().splitlines(keepends=True)
    raw[line] = forged(raw[line], what="nothing")
    path.write_bytes(b"".join(raw))
    [told] = problems(tmp_path)
    assert told.startswith("0 edited" if line == 8 else f"{line + 2} edited")


@pytest.mark.parametrize("line", range(8))
def test_a_deleted_line_is_named(tmp_path: Path, line: int) -> None:
    path = filled(tmp_path)
    raw = path.read_bytes().splitlines(keepends=True)
    del raw[line]
    path.write_bytes(b"".join(raw))
    assert problems(tmp_path) == [f"{line + 1} deleted: line {line + 1} is missing before this line"]


@pytest.mark.parametrize("kept", [0, 3, 8])
def test_a_cut_end_is_named_also_after_more_was_written(tmp_path: Path, kept: int) -> None:
    path = filled(tmp_path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:kept]))
    missing = "line 9 is" if kept == 8 else f"lines {kept + 1} to 9 are"
    assert problems(tmp_path) == [f"0 cut: {missing} missing at the end"]
    Ledger(tmp_path).add([{"what": "later"}])
    assert problems(tmp_path) == [f"{kept + 1} deleted: {missing} missing before this line"]


@pytest.mark.parametrize("line", range(1, 9))
def test_an_inserted_line_is_named(tmp_path: Path, line: int) -> None:
    path = filled(tmp_path)
    raw = path.read_bytes().splitlines(keepends=True)
    for made in (raw[line - 1], forged(raw[line], what="made up"), b"{}\n", b"\xff\n", b"[" * 99999 + b"\n"):
        path.write_bytes(b"".join([*raw[:line], made, *raw[line:]]))
        [told] = problems(tmp_path)
        assert "inserted" in told
        assert told.split()[0] in {str(line + 1), str(line + 2)}


@pytest.mark.parametrize("torn", [b"{", b'{"n":10,"what":"x"', b"\0" * 40])
def test_a_torn_last_line_is_healed_and_the_chain_goes_on(tmp_path: Path, torn: bytes) -> None:
    path = filled(tmp_path)
    with path.open("ab") as file:
        file.write(torn)
    assert verify(tmp_path) == (9, [])
    Ledger(tmp_path).add([{"what": "after"}])
    assert verify(tmp_path) == (10, [])
    assert tail(tmp_path, 1)[0]["n"] == 10


def test_full_files_are_put_aside_and_the_chain_goes_through_them(tmp_path: Path) -> None:
    filled(tmp_path, lines=20, most=700)
    names = [path.name for path in files(tmp_path)]
    assert len(names) > 3
    assert names[-1] == CURRENT
    assert verify(tmp_path) == (20, [])
    assert [entry["n"] for entry in tail(tmp_path, 20)] == list(range(1, 21))
    files(tmp_path)[1].unlink()
    assert any("missing before this line" in told for told in problems(tmp_path))


def test_a_crash_between_putting_aside_and_beginning_anew_is_no_break(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.rename(tmp_path / "audit-000000000001.jsonl")
    assert verify(tmp_path) == (9, [])
    ledger = Ledger(tmp_path)
    assert ledger.seq == 80
    ledger.add([{"what": "after"}])
    assert verify(tmp_path) == (10, [])


def test_where_no_line_fits_on_the_disk_none_is_begun(tmp_path: Path) -> None:
    path = filled(tmp_path)
    ledger = Ledger(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 50, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            ledger.add([{"what": "too much"}, {"what": "and more"}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert verify(tmp_path) == (9, [])
    ledger.add([{"what": "once"}])
    assert verify(tmp_path) == (10, [])


def test_a_head_without_a_log_says_that_all_of_it_is_gone(tmp_path: Path) -> None:
    filled(tmp_path).unlink()
    assert (tmp_path / HEAD).exists()
    assert problems(tmp_path) == ["0 cut: lines 1 to 9 are missing at the end"]


def test_a_link_in_its_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("")
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / CURRENT).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic"):
        Ledger(tmp_path / "logs").add([{"what": "x"}])
    assert (tmp_path / "elsewhere").read_text() == ""


WRITER = """
import sys
sys.path.insert(0, {root!r})
from pathlib import Path
from daemon.ledger import Ledger
ledger = Ledger(Path({folder!r}), most=3000)
n = ledger.seq
while True:
    n += 1
    ledger.add([{{"what": "event", "seq": n}}])
    sys.stdout.write(f"{{n}}\\n")
    sys.stdout.flush()
"""


def test_kill_9_leaves_every_line_that_was_said_to_be_written_once(tmp_path: Path) -> None:
    said = 0
    code = WRITER.format(root=str(Path(__file__).parents[1]), folder=str(tmp_path))
    for _ in range(5):
        with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as writer:
            assert writer.stdout
            for line in writer.stdout:
                said = int(line)
                if said % 17 == 0:
                    break
            os.kill(writer.pid, signal.SIGKILL)
        count, flaws = verify(tmp_path)
        assert flaws == []
        assert count >= said
    assert [entry["seq"] for entry in tail(tmp_path, 10**6)] == list(range(1, count + 1))
