"""A hook, as an agent runs it on every event: its round trip, without a daemon, and before one that hangs."""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, Final

import hooks
from stand.house import House, house
from stand.processes import BARE, in_turn, ran
from stand.sheet import Sheet, middle, ms, percentile, spread

PIPE: Final = str(Path(hooks.__file__).with_name("pipe.py"))
TIMES: Final = 41
MEGABYTES: Final = 50


def command(home: House, event: str) -> list[str]:
    return [sys.executable, "-I", "-S", "-E", PIPE, str(home.socket), "claude-code", event]


def payload(folder: Path, event: str, transcript: Path, **more: Any) -> str:
    told = {
        "session_id": "00000000-0000-4000-8000-000000000001",
        "transcript_path": str(transcript),
        "cwd": str(folder),
        "hook_event_name": event,
        **more,
    }
    file = folder / f"{event}-{transcript.stem}.json"
    file.write_text(json.dumps(told), "utf-8")
    return str(file)


def transcript(folder: Path, megabytes: int) -> Path:
    words = {"role": "assistant", "content": [{"type": "text", "text": "word " * 400}]}
    line = json.dumps({"type": "assistant", "message": words})
    file = folder / f"{megabytes}.jsonl"
    with file.open("w", encoding="utf-8") as out:
        for _ in range(max(1, megabytes * 1024 * 1024 // len(line))):
            out.write(line + "\n")
    return file


def round_trip(home: House, folder: Path, sheet: Sheet) -> None:
    small, large = transcript(folder, 0), transcript(folder, MEGABYTES)
    begun = payload(folder, "SessionStart", small, source="startup")
    assert ran(command(home, "SessionStart"), env=home.env, stdin=begun).code == 0
    assert '"claude-code"' in home.cli("peer", "list", "--json"), "the session was not registered"
    prompt = payload(folder, "UserPromptSubmit", small, prompt="how far is the build?")
    stop, stop_large = (payload(folder, "Stop", each, stop_hook_active=False) for each in (small, large))
    bare, prompts, stops, large_stops = in_turn(
        TIMES,
        (BARE, {}, os.devnull),
        (command(home, "UserPromptSubmit"), home.env, prompt),
        (command(home, "Stop"), home.env, stop),
        (command(home, "Stop"), home.env, stop_large),
    )
    floor = f"the bare interpreter {ms(middle([each.wall for each in bare]))}"
    ratio = middle([ours.wall / alone.wall for ours, alone in zip(prompts, bare, strict=True)])
    sheet.row(
        "hook round trip, prompt",
        f"{ratio:.2f} times the bare interpreter, {spread([each.wall for each in prompts])}",
        limit="≤ 1.6 times",
        kept=ratio <= 1.6,
        floor=floor,
        seed="405 ms",
    )
    flat = middle([long.wall / short.wall for long, short in zip(large_stops, stops, strict=True)])
    sheet.row(
        f"Stop hook with a transcript of {MEGABYTES} MB",
        f"{flat:.2f} times that with a short one, {spread([each.wall for each in large_stops])}",
        limit="flat: ≤ 1.25 times",
        kept=flat <= 1.25,
        floor=floor,
        seed="1,644 ms, 3.8 times",
    )


def absent(home: House, folder: Path, sheet: Sheet) -> None:
    prompt = payload(folder, "UserPromptSubmit", folder / "0.jsonl", prompt="hello")
    [took] = in_turn(TIMES, (command(home, "UserPromptSubmit"), home.env, prompt))
    worst = percentile([each.wall for each in took], 99)
    sheet.row(
        "hook without a daemon",
        f"exit 0, {spread([each.wall for each in took])}",
        limit="exit 0 within 300 ms",
        kept=worst <= 0.3 and not any(each.code for each in took),
        seed="384 ms",
    )


def hanging(home: House, folder: Path, sheet: Sheet) -> None:
    prompt = payload(folder, "UserPromptSubmit", folder / "0.jsonl", prompt="hello")
    home.socket.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as deaf:
        deaf.bind(str(home.socket))
        deaf.listen(64)
        [took, bare] = in_turn(
            7, (command(home, "UserPromptSubmit"), home.env, prompt), (BARE, {}, os.devnull)
        )
    own = middle([each.wall for each in took]) - middle([each.wall for each in bare])
    sheet.row(
        "hook before a daemon that hangs",
        f"exit 0, {spread([each.wall for each in took])}, {ms(own)} of it waiting",
        limit="exit 0 after 0.5 s and the interpreter's start",
        kept=own <= 0.52 and not any(each.code for each in took),
        seed="2.4 s; 12.4 s at Stop",
    )


def main() -> None:
    sheet = Sheet("hook")
    with tempfile.TemporaryDirectory() as work, house() as home:
        folder = Path(work)
        round_trip(home, folder, sheet)
        home.end()
        absent(home, folder, sheet)
        hanging(home, folder, sheet)
    sheet.end()


if __name__ == "__main__":
    main()
