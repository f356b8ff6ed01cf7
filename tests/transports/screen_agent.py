"""A terminal program that draws a prompt as Claude Code does, has every fault there is, and writes down the truth.

    python -I screen_agent.py FOLDER WISHES

FOLDER/sessions/<pid>.json is its registry, FOLDER/<pid>.json what it holds: its draft, the prompts that were sent,
and how often Enter was pressed. FOLDER/log has a line for all that was done to it, FOLDER/transcript its prompts.
A line of JSON written into the pipe FOLDER/wishes, if there is one, changes its wishes; WISHES are the first:

    draft, status, session      to begin with
    search                      history search has the cursor
    collapse                    every paste is shown as "[Pasted text …]"
    swallows                    so many Enters do nothing
    drawn_after                 seconds until a paste is drawn
    on_paste                    dialog, typed (a person was quicker), hidden (nothing is drawn), mouse (copy mode),
                                busy (a turn of somebody else's begins), dies, shell (one takes its place)
    line                        [daemon's socket, name, circle]: a prompt is a turn, told by the real hooks
    hook                        never, or after so many seconds
    unwritten                   no prompt gets into the transcript
    turn                        how many seconds a turn takes
    do                          at once: dialog, close (it), clear (the draft), shell

The shell looks like the prompt; what it executes is a line of FOLDER/executed.
"""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIGN = "\u276f\u00a0"
OPEN, CLOSE = b"\x1b[200~", b"\x1b[201~"
WIDTH = 80
RULE = "─" * WIDTH
PIPE = Path(__file__).resolve().parents[2] / "hooks" / "pipe.py"
SHELL = """\
PS1='{rule}\\n{sign}\\[\\e7\\r\\n{rule}\\e8\\]'
trap 'printf "%s\\n" "$BASH_COMMAND" >> {folder}/executed' DEBUG
"""


class Program:
    def __init__(self, folder: Path, wishes: dict[str, Any]) -> None:
        self._folder = folder
        self._wishes = wishes
        self._shown = self._draft = str(wishes.get("draft", ""))
        self._prompts: list[str] = []
        self._enters = 0
        self._dialog = False
        self._status = str(wishes.get("status", "idle"))
        self._later: list[tuple[float, Callable[[], None]]] = []
        self._cooked = termios.tcgetattr(0)
        told = folder / "wishes"
        self._told = os.open(told, os.O_RDWR | os.O_NONBLOCK) if told.exists() else -1

    def run(self) -> None:
        tty.setraw(0)
        os.write(1, b"\x1b[?2004h")
        self._tell()
        self._report("SessionStart", source="startup")
        self._note("ready")
        while self._step():
            self._tell()

    def _step(self) -> bool:
        """Wait for keys, wishes or the time, and do what is to be done."""
        ears = [0, self._told] if self._told >= 0 else [0]
        pause = max(0.0, min(at for at, _ in self._later) - time.monotonic()) if self._later else None
        heard, _, _ = select.select(ears, [], [], pause)
        if self._told in heard:
            for line in os.read(self._told, 65536).decode().splitlines():
                self._wish(json.loads(line))
        if 0 in heard:
            read = os.read(0, 65536)
            while read.startswith(OPEN) and CLOSE not in read:
                read += os.read(0, 65536)
            if not read:
                return False
            self._hear(read)
        due = [(at, deed) for at, deed in self._later if at <= time.monotonic()]
        for each in due:
            self._later.remove(each)
            each[1]()
        return True

    def _wish(self, wishes: dict[str, Any]) -> None:
        do = wishes.pop("do", "")
        self._wishes = {"line": self._wishes.get("line"), "session": self._wishes.get("session")} | wishes
        if do in {"dialog", "close"}:
            self._dialog, self._status = (True, "waiting") if do == "dialog" else (False, "idle")
        if do == "clear":
            self._draft = self._shown = ""
        if do == "shell":
            self._become_shell()
        self._tell()
        self._note("wished")

    def _hear(self, read: bytes) -> None:
        if self._dialog:
            self._note("into a dialog", read.decode(errors="replace"))
        if read.startswith(OPEN):
            pasted, _, rest = read.removeprefix(OPEN).partition(CLOSE)
            self._pasted(pasted.decode())
        else:
            end = 3 if read.startswith(b"\x1b[") else 1
            key, rest = read[:end], read[end:]
            self._pressed(key)
        if rest:
            self._hear(rest)

    def _pressed(self, key: bytes) -> None:
        if key == b"\r":
            self._enters += 1
            self._note("enter")
            self._entered()
        elif key == b"\x15":
            self._draft = self._shown = ""
            self._note("cleared")
        elif key.startswith(b"\x1b"):
            self._note("moved")
        else:
            self._typed(key.decode(errors="replace"))
            self._note("typed", self._draft)

    def _entered(self) -> None:
        if self._wishes.get("swallows", 0) > 0:
            self._wishes["swallows"] -= 1
            return
        prompt, self._draft, self._shown = self._draft, "", ""
        if prompt:
            self._prompts.append(prompt)
            self._note("prompt", prompt)
            if self._wishes.get("line"):
                self._begin(prompt)

    def _typed(self, text: str) -> None:
        self._draft += text
        self._shown += text

    def _pasted(self, text: str) -> None:
        self._note("pasted", text)
        happens = self._wishes.get("on_paste")
        if happens == "dies":
            os._exit(1)
        if happens == "shell":
            self._become_shell()
        if happens == "typed":
            self._typed("mine ")
        if happens == "busy":
            self._begin("what somebody else wants")
        self._draft += text
        self._later.append((time.monotonic() + self._wishes.get("drawn_after", 0), lambda: self._draw(text)))
        if happens == "dialog":
            self._dialog, self._status = True, "waiting"
        if happens == "mouse":
            subprocess.run(["tmux", "copy-mode"], check=True)
        if "on_paste" in self._wishes and happens != "hidden":
            del self._wishes["on_paste"]  # once

    def _draw(self, text: str) -> None:
        lines = text.count("\n")
        long = lines > 2 or len(text) > 1200 or self._wishes.get("collapse")
        if self._draft:
            self._shown += f"[Pasted text #1 +{lines} lines]" if long else text

    # --- turns ----------------------------------------------------------------------------------------------------

    def _begin(self, prompt: str) -> None:
        """A turn begins with the prompt; it is busy before any hook says so."""
        hook, prompt_id = self._wishes.get("hook", 0), os.urandom(8).hex()
        ends = self._wishes.get("turn", 0.05)
        written = not self._wishes.get("unwritten")
        self._status = "busy"
        self._tell()

        def taken() -> None:
            if written:
                with (self._folder / "transcript").open("a") as file:
                    file.write(json.dumps(prompt) + "\n")
            if hook != "never":
                self._report("UserPromptSubmit", prompt=prompt, prompt_id=prompt_id)
            self._later.append(
                (time.monotonic() + ends, lambda: self._end(prompt_id, silent=hook == "never"))
            )

        self._later.append((time.monotonic() + (0 if hook == "never" else hook), taken))

    def _end(self, prompt_id: str, *, silent: bool, going_on: bool = False) -> None:
        handed = ""
        if not silent:
            handed = self._report(
                "Stop", last_assistant_message="done", prompt_id=prompt_id, stop_hook_active=going_on
            )
        if handed:
            self._note("handed", handed)
            self._end(prompt_id, silent=silent, going_on=True)
        self._status = "idle"

    def _report(self, event: str, **more: object) -> str:
        """Run the hook; return what it hands over."""
        if not (line := self._wishes.get("line")):
            return ""
        daemon, name, circle = line
        payload = {
            "session_id": self._wishes.get("session", "s"),
            "hook_event_name": event,
            "cwd": str(self._folder),
            "transcript_path": str(self._folder / "transcript"),
            **more,
        }
        own = {"CLAUDE_CONFIG_DIR": str(self._folder), "PEERLINE_NAME": name, "PEERLINE_CIRCLE": circle}
        environment = own | {name: os.environ[name] for name in ("TMUX", "TMUX_PANE")}
        pipe = [sys.executable, "-I", "-S", "-E", str(PIPE), daemon, "claude-code", event, "5"]
        done = subprocess.run(
            pipe, input=json.dumps(payload).encode(), stdout=subprocess.PIPE, env=environment, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout or b"{}")
        return str(told.get("hookSpecificOutput", {}).get("additionalContext", ""))

    # --- what is to be seen ---------------------------------------------------------------------------------------

    def _become_shell(self) -> None:
        """The same process, start time, pane and look; the registry says what it said."""
        (self._folder / "rc").write_text(SHELL.format(folder=self._folder, rule=RULE, sign=SIGN))
        bash = shutil.which("bash") or "bash"
        os.write(1, b"\x1b[H\x1b[J")
        self._note("shell")
        # What was pasted for the agent and not read by it is no fault of who pasted it: that ends in this instant.
        termios.tcsetattr(0, termios.TCSAFLUSH, self._cooked)
        os.execv(bash, ["bash", "--rcfile", str(self._folder / "rc"), "-i"])  # noqa: S606  that is the fault

    def _note(self, what: str, text: str = "") -> None:
        told = json.dumps({"at": time.time(), "pid": os.getpid(), "what": what, "text": text})
        with (self._folder / "log").open("a") as file:
            file.write(told + "\n")

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
        if self._dialog:
            return f"\x1b[H\x1b[J{RULE}\r\n Do you want to proceed?\r\n {SIGN[0]} 1. Yes\r\n   2. No"
        shown = "" if self._draft and self._wishes.get("on_paste") == "hidden" else self._shown
        text = "\r\n".join(self._wrapped(shown))
        there = "\x1b[3;1H" if self._wishes.get("search") else "\x1b7"  # the cursor is where the keys go
        foot = f"\r\n{RULE}\r\n  ? for shortcuts"
        return f"\x1b[H\x1b[J● hello\r\n\r\n\r\n{RULE}\r\n{SIGN}{text}\x1b7{foot}\x1b8{there}"

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
