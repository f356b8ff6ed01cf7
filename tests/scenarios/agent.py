"""An agent that costs nothing: a process with hooks, a registry, a transcript and an inbox like Claude Code's.

    python -I agent.py SOCKET HOME NAME CIRCLE
    python -I agent.py SOCKET                   as it is started from here: all else is where and in what it runs

What its model would read is a line of HOME/heard. It answers "answer to: <first line>"; a message whose body has
``hold`` in it waits until somebody writes into the pipe HOME/gate, one with ``tool`` is answered by the tool ``ack``.
The first with ``runs out`` ends its turn for want of use, as a vendor's usage limit does.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from cli.actors import PIPE, SHIM, Inbox, Message, Texts, Tools, messages_in  # noqa: E402

PATIENCE_S = "5"
LIMITED_S = 3


class Agent:
    def __init__(self, daemon: str, home: Path, name: str, circle: str) -> None:
        self._daemon, self._home, self._name, self._circle = daemon, home, name, circle
        self._session = f"session-{os.urandom(6).hex()}"
        self._inbox = Inbox(f"{home}/inbox", Texts())
        self._tools = Tools([sys.executable, "-I", "-S", "-E", str(SHIM), daemon])
        self._registry = home / f".claude/sessions/{os.getpid()}.json"
        self._registry.parent.mkdir(parents=True, exist_ok=True)

    def run(self) -> None:
        self._is("idle")
        self._report("SessionStart", source="startup")
        print("ready", flush=True)
        for text in iter(self._inbox.texts.get, None):
            self._turn(text)

    def end(self) -> None:
        self._registry.unlink(missing_ok=True)
        self._report("SessionEnd", reason="other")
        self._tools.close()

    def _turn(self, text: str) -> None:
        prompt_id = os.urandom(8).hex()
        self._is("busy")
        self._hears("prompt", text)
        told = self._report("UserPromptSubmit", prompt=text, prompt_id=prompt_id)
        self._hears("beside a prompt", told)
        if self._runs_out(text):
            said = f"usage limit reached|{int(time.time()) + LIMITED_S}"
            self._report("StopFailure", error="rate_limit", last_assistant_message=said, prompt_id=prompt_id)
            self._is("idle")
            return
        going_on = False
        while text:
            words = self._words(text)
            text = self._report(
                "Stop", last_assistant_message=words, stop_hook_active=going_on, prompt_id=prompt_id
            )
            self._hears("hand-out", text)
            going_on = True
        self._is("idle")

    def _runs_out(self, text: str) -> bool:
        """Once in its life."""
        runs_out = "runs out" in text and not (self._home / "ran out").exists()
        if runs_out:
            (self._home / "ran out").touch()
        return runs_out

    def _words(self, text: str) -> str:
        for message in messages_in(text):
            if "hold" in message.body:
                (self._home / "gate").read_text()
        asked = next((message for message in messages_in(text) if message.kind == "ask"), None)
        return self._answer(asked) if asked else ""

    def _answer(self, asked: Message) -> str:
        words = f"answer to: {asked.body.splitlines()[0]}"
        if "tool" not in asked.body:
            return words
        self._report("PreToolUse", tool_name="mcp__peerline__ack")
        self._tools.call("ack", ask_id=asked.message_id, message=words)
        return "done"

    def _hears(self, how: str, text: str) -> None:
        """What the model reads is in the transcript from then on, as it is with the real one."""
        if text:
            for name in ("transcript", "heard"):
                with (self._home / name).open("a") as file:
                    file.write(json.dumps([how, text]) + "\n")

    def _is(self, status: str) -> None:
        told = {
            "pid": os.getpid(),
            "sessionId": self._session,
            "status": status,
            "messagingSocketPath": self._inbox.path,
        }
        fresh = self._registry.with_suffix(".new")
        fresh.write_text(json.dumps(told))
        fresh.rename(self._registry)

    def payload(self, event: str) -> dict[str, object]:
        return {
            "session_id": self._session,
            "hook_event_name": event,
            "cwd": str(self._home),
            "transcript_path": str(self._home / "transcript"),
        }

    def environment(self) -> dict[str, str]:
        """What the hook's own environment has of the agent's."""
        return {
            "HOME": str(self._home),
            "PEERLINE_NAME": self._name or os.environ.get("PEERLINE_NAME", ""),
            "PEERLINE_CIRCLE": self._circle or os.environ.get("PEERLINE_CIRCLE", ""),
            **{name: os.environ[name] for name in ("TMUX", "TMUX_PANE") if name in os.environ},
            "CLAUDE_CODE_MESSAGING_SOCKET": self._inbox.path,
        }

    def _report(self, event: str, **more: object) -> str:
        """Run the hook; return what it hands over."""
        payload = self.payload(event) | more
        environment = self.environment()
        pipe = [sys.executable, "-I", "-S", "-E", str(PIPE), self._daemon, "claude-code", event, PATIENCE_S]
        done = subprocess.run(
            pipe, input=json.dumps(payload).encode(), stdout=subprocess.PIPE, env=environment, check=False
        )
        told: dict[str, Any] = json.loads(done.stdout or b"{}")
        return str(told.get("hookSpecificOutput", {}).get("additionalContext", ""))


def main(daemon: str, home: str = "", name: str = "", circle: str = "") -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    agent = Agent(daemon, Path(home or Path.cwd()), name, circle)
    try:
        agent.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        agent.end()


if __name__ == "__main__":
    main(*sys.argv[1:5])
