"""Every property of the suite once more, with twenty times the examples, and others each time the seed is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
SEED = os.environ.get("PEERLINE_SEED", "1")
FILES = sorted(
    path.relative_to(TESTS.parent) for path in TESTS.rglob("test_*.py") if "@given(" in path.read_text()
)


@pytest.mark.rig
@pytest.mark.parametrize("file", [path for path in FILES if path.name != Path(__file__).name], ids=str)
def test_what_holds_for_a_hundred_holds_for_thousands(file: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-m", "hypothesis and not rig", str(file)]
    env = os.environ | {"PEERLINE_TRIES": "20"}
    print(f"PEERLINE_SEED={SEED}")
    done = subprocess.run(
        [*command, f"--hypothesis-seed={SEED}"],
        cwd=TESTS.parent,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:]
