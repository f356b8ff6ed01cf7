"""An agent that is never done: it works on whatever it is given, prompts itself in between, and notes what it read.

    python -I crash_agent.py SOCKET HOME NAME CIRCLE INBOX SEED

INBOX is 1 for one that takes messages on a socket like Claude Code's, 0 for one that is handed them at boundaries of
its turns alone. Each turn runs the real hooks: the prompt, a tool call, the end of the turn. An ask that its turn is
about is answered ``answered=<first line>``, by the tool ``ack`` or by the last words of the turn. HOME/heard has one
line of JSON, [how, text], for everything its model would read; HOME/said one,
[what, text, id], for what it sent itself, which it does until there is a file HOME/hush.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from cli.actors import PIPE, SHIM, Inbox, Message, Texts, ToolFailed, Tools, messages_in  # noqa: E402

PATIENCE_S = "0.5"  #: of a hook, as set-up writes it
PAUSE_S = 0.5  #: the longest that it is idle; with an inbox, where mail wakes it, four times that
THOUGHT_S = 0.2  #: a model takes longer
REMINDS = re.compile(r"ask (a-\w+) still waits")


class Agent:
    def __init__(self, daemon: str, home: Path, name: str, circle: str, inbox: bool, seed: str) -> None:
        self._daemon, self._home, self._name, self._circle = daemon, home, name, circle
        self._session = f"session-{os.urandom(6).hex()}"
        self._texts = Texts()
        self._inbox = Inbox(f"{home}/inbox", self._texts) if inbox else None
        self._tools = Tools([sys.executable, "-I", "-S", "-E", str(SHIM), daemon])
        self._registry = home / f".claude/sessions/{os.getpid()}.json"
        self._registry.parent.mkdir(parents=True, exist_ok=True)
        self._chance = random.Random(seed)  # noqa: S311  chance that can be had again
        self._asked: dict[str, str] = {}  #: first lines, by ask
        self._sent = 0

    def run(self) -> None:
        self._is("idle")
        self._report("SessionStart", source="startup")
        print("ready", flush=True)
        while True:
            try:
                text = self._texts.get(timeout=self._chance.uniform(0, PAUSE_S * (4 if self._inbox else 1)))
            except Empty:
                text = "go on with your work"
            self._turn(text or "")

    def end(self) -> None:
        self._registry.unlink(missing_ok=True)
        self._report("SessionEnd", reason="other")
        self._tools.close()

    def _turn(self, text: str) -> None:
        prompt_id = os.urandom(8).hex()
        self._is("busy")
        self._reads("prompt", text)
        self._reads("beside a prompt", self._report("UserPromptSubmit", prompt=text, prompt_id=prompt_id))
        going_on = False
        while text:
            self._works()
            words = self._words(text)
            text = self._report(
                "Stop", last_assistant_message=words, stop_hook_active=going_on, prompt_id=prompt_id
            )
            self._reads("hand-out", text)
            going_on = True
        self._is("idle")

    def _works(self) -> None:
        """A tool call; what came in the middle of the turn and wants an answer is answered at once."""
        time.sleep(self._chance.uniform(0, THOUGHT_S))  # noqa: TID251  as long as a model thinks
        given = {"tool_name": "Bash", "tool_input": {"command": "make"}}
        came = self._report("PreToolUse", **given)
        self._reads("instead of a call", came)
        if not came:
            self._reads("between", self._report("PostToolUse", tool_response={}, **given))
        for message in messages_in(came):
            if asked := self._meant(message):
                self._ack(*asked)
        if self._chance.random() < 0.3 and not (self._home / "hush").exists():
            self._tells()

    def _tells(self) -> None:
        """Send something by the tool, and note it once it is accepted."""
        other = self._chance.choice(("pa", "pb"))
        self._sent += 1
        text = f"{self._name}-{other}-{self._sent};"
        self._says("tries", text, "")
        try:
            told = self._tools.call("notify_peer", peer=other, message=text)
        except ToolFailed as failed:
            self._failed(failed, text)
        else:
            self._says("sent", text, told["message_id"])

    def _words(self, text: str) -> str:
        """The last words of a turn that was begun by ``text``."""
        asked = next((meant for each in messages_in(text) if (meant := self._meant(each))), None)
        if asked is None:
            return "well done"
        if self._chance.random() < 0.3 and self._ack(*asked):
            return "done"
        return f"answered={asked[1]}"

    def _meant(self, message: Message) -> tuple[str, str] | None:
        """The ask that a message is or reminds of, and its first line."""
        if message.kind == "ask":
            self._asked[message.message_id] = message.body.splitlines()[0]
            return message.message_id, self._asked[message.message_id]
        if reminds := REMINDS.match(message.body):
            if reminds[1] not in self._asked:
                self._says("reminded of the unheard", message.body, reminds[1])
            return reminds[1], self._asked.get(reminds[1], "unheard")
        return None

    def _ack(self, ask_id: str, words: str) -> bool:
        try:
            self._tools.call("ack", ask_id=ask_id, message=f"answered={words}")
        except ToolFailed as failed:
            self._failed(failed, f"answered={words}")
            return False
        return True

    def _failed(self, failed: ToolFailed, text: str) -> None:
        """A shim gives up when a call broke off six times; anything else is wrong."""
        what = "given up" if "does not answer" in str(failed) else "failed"
        self._says(what, text, str(failed))

    def _reads(self, how: str, text: str) -> None:
        """What the model reads is in the transcript from then on, as it is with the real one."""
        if text:
            for name in ("transcript", "heard"):
                self._note(name, [how, text])

    def _says(self, what: str, text: str, message_id: str) -> None:
        self._note("said", [what, text, message_id])

    def _note(self, name: str, told: object) -> None:
        with (self._home / name).open("a") as file:
            file.write(json.dumps(told) + "\n")

    def _is(self, status: str) -> None:
        told = {"pid": os.getpid(), "sessionId": self._session, "status": status}
        if self._inbox:
            told["messagingSocketPath"] = self._inbox.path
        fresh = self._registry.with_suffix(".new")
        fresh.write_text(json.dumps(told))
        fresh.rename(self._registry)

    def _report(self, event: str, **more: object) -> str:
        """Run the hook; return what it hands over."""
        payload = {
            "session_id": self._session,
            "hook_event_name": event,
            "cwd": str(self._home),
            "transcript_path": str(self._home / "transcript"),
            **more,
        }
        environment = {"HOME": str(self._home), "PEERLINE_NAME": self._name, "PEERLINE_CIRCLE": self._circle}
        if self._inbox:
            environment["CLAUDE_CODE_MESSAGING_SOCKET"] = self._inbox.path
        pipe = [sys.executable, "-I", "-S", "-E", str(PIPE), self._daemon, "claude-code", event, PATIENCE_S]
        done = subprocess.run(
            pipe, input=json.dumps(payload).encode(), stdout=subprocess.PIPE, env=environment, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout or b"{}").get("hookSpecificOutput", {})
        return str(told.get("additionalContext") or told.get("permissionDecisionReason") or "")


def main(daemon: str, home: str, name: str, circle: str, inbox: str, seed: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    agent = Agent(daemon, Path(home), name, circle, inbox == "1", seed)
    try:
        agent.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        agent.end()


if __name__ == "__main__":
    main(*sys.argv[1:7])
