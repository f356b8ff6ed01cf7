"""A terminal program that draws a prompt as Claude Code does, and writes down what is done to it.

    python -I screen_agent.py FOLDER WISHES

FOLDER/sessions/<pid>.json is its registry, FOLDER/<pid>.json what it holds: its draft, the prompts that were sent,
and how often Enter was pressed. WISHES is JSON: a ``draft`` to begin with, a ``status``, a ``session``, whether a
``search`` has the cursor, and what happens ``on_paste``: ``dialog``, ``typed`` (a person was quicker), ``hidden``
(nothing is drawn) or ``mouse`` (the mouse wheel is turned: copy mode).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tty
from pathlib import Path
from typing import Any

SIGN = "\u276f\u00a0"
OPEN, CLOSE = b"\x1b[200~", b"\x1b[201~"
WIDTH = 80


class Program:
    def __init__(self, folder: Path, wishes: dict[str, Any]) -> None:
        self._folder = folder
        self._wishes = wishes
        self._shown = self._draft = str(wishes.get("draft", ""))
        self._prompts: list[str] = []
        self._enters = 0
        self._dialog = False
        self._status = str(wishes.get("status", "idle"))

    def run(self) -> None:
        tty.setraw(0)
        os.write(1, b"\x1b[?2004h")
        self._tell()
        while read := os.read(0, 65536):
            while read.startswith(OPEN) and CLOSE not in read:
                read += os.read(0, 65536)
            self._hear(read)
            self._tell()

    def _hear(self, read: bytes) -> None:
        if read.startswith(OPEN):
            pasted, _, rest = read.removeprefix(OPEN).partition(CLOSE)
            self._pasted(pasted.decode())
        else:
            key, rest = read[:1], read[1:]
            self._pressed(key)
        if rest:
            self._hear(rest)

    def _pressed(self, key: bytes) -> None:
        if key == b"\r":
            self._enters += 1
            if self._draft:
                self._prompts.append(self._draft)
            self._draft = self._shown = ""
        elif key == b"\x15":
            self._draft = self._shown = ""
        else:
            self._typed(key.decode(errors="replace"))

    def _typed(self, text: str) -> None:
        self._draft += text
        self._shown += text

    def _pasted(self, text: str) -> None:
        happens = self._wishes.get("on_paste")
        if happens == "typed":
            self._typed("mine ")
        self._draft += text
        lines = text.count("\n")
        self._shown += f"[Pasted text #1 +{lines} lines]" if lines > 2 or len(text) > 1200 else text
        if happens == "dialog":
            self._dialog, self._status = True, "waiting"
        if happens == "mouse":
            subprocess.run(["tmux", "copy-mode"], check=True)

    def _tell(self) -> None:
        """The registry first, as the real one does; the file that tests wait for last."""
        pid = os.getpid()
        started = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
        session = self._wishes.get("session", "s")
        registry = {"pid": pid, "procStart": str(started), "sessionId": session, "status": self._status}
        self._write(self._folder / "sessions" / f"{pid}.json", registry)
        os.write(1, self._drawn().encode())
        held = {"draft": self._draft, "prompts": self._prompts, "enters": self._enters}
        self._write(self._folder / f"{pid}.json", held)

    def _drawn(self) -> str:
        rule = "─" * WIDTH
        if self._dialog:
            return f"\x1b[H\x1b[J{rule}\r\n Do you want to proceed?\r\n {SIGN[0]} 1. Yes\r\n   2. No"
        shown = "" if self._draft and self._wishes.get("on_paste") == "hidden" else self._shown
        text = "\r\n".join(self._wrapped(shown))
        there = "\x1b[3;1H" if self._wishes.get("search") else "\x1b7"  # the cursor is where the keys go
        foot = f"\r\n{rule}\r\n  ? for shortcuts"
        return f"\x1b[H\x1b[J● hello\r\n\r\n\r\n{rule}\r\n{SIGN}{text}\x1b7{foot}\x1b8{there}"

    def _wrapped(self, shown: str) -> list[str]:
        rows = [
            line[at : at + WIDTH - 2] for line in shown.split("\n") for at in range(0, len(line) or 1, 78)
        ]
        return [rows[0], *("  " + row for row in rows[1:])]

    def _write(self, path: Path, told: object) -> None:
        fresh = path.with_name(f".{path.name}")
        fresh.write_text(json.dumps(told))
        fresh.rename(path)


if __name__ == "__main__":
    Program(Path(sys.argv[1]), json.loads(sys.argv[2])).run()
