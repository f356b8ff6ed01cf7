"""Typing into a terminal: what we add to the time that the agent itself takes to show what was pasted.

The agent is a program that draws a prompt as Claude Code does, ``DRAWN_S`` after the paste, in a real tmux.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

from daemon.callers import processes
from daemon.core.model import Authority, Delivery, Envelope, Kind, Pane, Parcel, Role, Sender, Session
from daemon.engine.clock import SystemClock
from daemon.tmux import Tmux
from daemon.transports.interface import Carried
from daemon.transports.terminal import Terminal
from stand.sheet import Sheet, middle, ms, spread

PROGRAM: Final = Path(__file__).parents[1] / "tests" / "transports" / "screen_agent.py"
DRAWN_S: Final = (0.0, 0.08)
TIMES: Final = 25
SHORT, LONG = "how far is the build?", "word " * 800
NOW: Final = SystemClock().now


def tmux(socket: str, *words: str) -> str:
    argv = ["tmux", "-u", "-f", "/dev/null", "-S", socket, *words]
    env = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    return subprocess.run(argv, env=env, capture_output=True, text=True, check=True).stdout.strip()


def parcel(number: int, text: str) -> Parcel:
    at = NOW()
    sender = Sender(
        peer_id="p-ada",
        name="telegram",
        circle="dev",
        role=Role.HUMAN,
        authority=Authority.OWNER,
        person="ada",
    )
    envelope = Envelope(
        envelope_id=f"m-{number}",
        kind=Kind.NOTICE,
        sender=sender,
        to=("p-1",),
        body=text,
        created_at=at,
        expires_at=at + timedelta(days=1),
    )
    delivery = Delivery(
        delivery_id=f"d-{number}",
        envelope_id=f"m-{number}",
        peer_id="p-1",
        kind=Kind.NOTICE,
        state="leased",
        due_at=at,
        expires_at=envelope.expires_at,
        attempts=1,
        mark=f"{number:08}",
    )
    return Parcel(delivery, envelope)


async def agent(folder: Path, socket: str, drawn_after: float) -> Session:
    """The program in a pane of its own, and the session it would be."""
    wishes = json.dumps({"drawn_after": drawn_after})
    argv = [sys.executable, "-I", str(PROGRAM), str(folder), wishes]
    pane_id = tmux(socket, "new-session", "-d", "-x", "80", "-y", "24", "-P", "-F", "#{pane_id}", *argv)
    while not (told := list(folder.glob("[0-9]*.json"))):
        await asyncio.sleep(0.01)
    now = await Tmux(socket).describe(pane_id)
    pane = Pane(
        tmux=socket,
        server_pid=now.server_pid,
        server_started=processes.started(now.server_pid) or 0,
        pane_id=pane_id,
        pane_pid=now.pane_pid,
        pane_started=processes.started(now.pane_pid) or 0,
    )
    pid = int(told[0].stem)
    return Session(
        session_id="s",
        peer_id="p-1",
        pid=pid,
        started=processes.started(pid) or 0,
        began_at=NOW(),
        turn_at=NOW(),
        config_dir=str(folder),
        pane=pane,
    )


async def typed(drawn_after: float, text: str) -> tuple[list[float], list[float]]:
    """Seconds from the paste to Enter beyond the drawing, and from the beginning to Enter."""
    beyond, whole = [], []
    with tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as work:
        folder, socket, at = Path(work), f"{work}/tmux", dict[str, float]()
        (folder / "sessions").mkdir()
        session = await agent(folder, socket, drawn_after)
        terminal = Terminal(NOW, passed=lambda step: at.update({step: time.perf_counter()}))
        try:
            for number in range(TIMES):
                begun = time.perf_counter()
                outcome = await terminal.carry(parcel(number, text), session, again=False)
                assert isinstance(outcome, Carried), outcome
                beyond.append(at["terminal.entered"] - at["terminal.pasted"] - drawn_after)
                whole.append(at["terminal.entered"] - begun)
        finally:
            tmux(socket, "kill-server")
    return beyond, whole


def main() -> None:
    if not shutil.which("tmux"):
        sys.exit("tmux is not installed")
    sheet = Sheet("terminal")
    for drawn_after in DRAWN_S:
        for size, text in (("a line", SHORT), ("4 kB", LONG)):
            beyond, whole = asyncio.run(typed(drawn_after, text))
            sheet.row(
                f"Enter after the paste of {size} that the agent takes {drawn_after * 1000:.0f} ms to draw",
                f"{spread(beyond)} beyond that",
                limit="≤ 150 ms beyond the agent's own",
                kept=middle(beyond) <= 0.15,
                floor=f"from the beginning to Enter {ms(middle(whole))}",
                seed="636 ms; 1,625 ms for 4 kB",
            )
    sheet.end()


if __name__ == "__main__":
    main()
