"""A hook that writes down every event of a session, with its environment, and gives each prepared answer once.

Rule: it decides nothing and breaks nothing: without a prepared answer it says nothing and succeeds.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_TAP = """
import json, os, sys, time
folder, event = sys.argv[1:]
seen = {"event": event, "environment": dict(os.environ), "payload": json.load(sys.stdin)}
name = os.path.join(folder, f"{time.time_ns()}-{event}")
with open(name, "w") as file:
    json.dump(seen, file)
os.rename(name, name + ".json")
with open(os.path.join(folder, event + ".answer")) as answer:
    print(answer.read())
os.remove(os.path.join(folder, event + ".answer"))
"""


class Tap:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tap.py").write_text(_TAP)

    def command(self, event: str) -> str:
        """The command line that an agent is told to run for `event`."""
        line = [sys.executable, "-I", "-S", str(self._folder / "tap.py"), str(self._folder), event]
        # stderr goes nowhere: without a prepared answer the script ends there, which the agent ignores.
        return f"{shlex.join(line)} 2>/dev/null; true"

    def prepare(self, event: str, answer: Mapping[str, Any]) -> None:
        (self._folder / f"{event}.answer").write_text(json.dumps(answer))

    def seen(self, event: str | None = None) -> list[dict[str, Any]]:
        """`{event, environment, payload}` in the order of time."""
        records = [json.loads(path.read_text()) for path in sorted(self._folder.glob("*.json"))]
        return [each for each in records if event in (None, each["event"])]
