"""Setting up and taking away, broken off anywhere by a kill or by Ctrl-C and repeated, end as if undisturbed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def said(folder: Path, step: int, first: int) -> list[str]:
    """``step``: every how manieth deed is the last; ``first``: which begins."""
    command = [sys.executable, "-m", "tests.hooks.breaking_off", str(folder / "home"), str(step), str(first)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_broken_off_here_and_there_and_repeated_it_ends_as_undisturbed(tmp_path: Path) -> None:
    *wrong, tried = said(tmp_path, 97, 13)
    assert wrong == []
    assert int(tried.split()[0]) > 6


@pytest.mark.thorough
def test_broken_off_at_every_seventh_step_and_repeated_it_ends_as_undisturbed(tmp_path: Path) -> None:
    *wrong, tried = said(tmp_path, 7, 2)
    assert wrong == []
    assert int(tried.split()[0]) > 100
