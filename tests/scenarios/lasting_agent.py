"""The scripted agent as one that can be started from here and goes on with its conversation, as Claude Code does.

    python -I lasting_agent.py SOCKET HOME [--resume SESSION]

It works where it is started. What was said to it stands in the transcript below HOME, and is all that it remembers:
with ``--resume`` it needs that file, and ends without it. A file ``deaf`` where it works makes it hear no SIGTERM, one
``mute`` keeps its hooks silent, one ``broken`` lets it end at once when it is to go on.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.scenarios.agent import Agent


class LastingAgent(Agent):
    def __init__(self, daemon: str, user: Path, resume: str) -> None:
        Path("inbox").unlink(missing_ok=True)
        super().__init__(daemon, Path.cwd(), "", "")
        self._user = user
        self._resumed = bool(resume)
        self._session = resume or str(uuid.uuid4())
        self._registry = user / f".claude/sessions/{os.getpid()}.json"
        self._registry.parent.mkdir(parents=True, exist_ok=True)
        name = str(self._home).replace("/", "-")
        self._said = user / f".claude/projects/{name}/{self._session}.jsonl"
        self._said.parent.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        if self._resumed:
            known = self._said.read_text().splitlines()
            self._hears("remembers", f"{len(known)} {known[-1]}")
        self._is("idle")
        if not (self._home / "mute").exists():
            self._report("SessionStart", source="resume" if self._resumed else "startup")
        print("ready", flush=True)
        for text in iter(self._inbox.texts.get, None):
            with self._said.open("a") as file:
                file.write(json.dumps({"type": "user", "sessionId": self._session, "text": text}) + "\n")
            self._turn(text)

    def payload(self, event: str) -> dict[str, object]:
        return super().payload(event) | {"transcript_path": str(self._said)}

    def environment(self) -> dict[str, str]:
        return super().environment() | {"HOME": str(self._user)}


def main(daemon: str, user: str, *words: str) -> None:
    deaf = Path("deaf").exists()
    signal.signal(signal.SIGTERM, signal.SIG_IGN if deaf else lambda *_: sys.exit(0))
    if words and Path("broken").exists():
        sys.exit("broken, as it was told to be")
    agent = LastingAgent(daemon, Path(user), words[1] if words[:1] == ("--resume",) else "")
    try:
        agent.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        agent.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
