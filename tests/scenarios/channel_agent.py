"""An agent that does with channels what Claude Code's documentation says, and has no other way in.

    python -I channel_agent.py SOCKET HOME NAME CIRCLE checks|ends [--channels server:peerline]

It asks for the newest protocol first, takes a server that speaks it for no channel, and drops what is told to a channel
that its own command line does not load: without a word, as it drops everything. ``checks``: in a turn that a channel
begins it calls ``check_messages``; ``ends``: it just ends that turn.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from cli.actors import SHIM  # noqa: E402
from tests.scenarios.agent import Agent  # noqa: E402

NOTIFICATION = "notifications/claude/channel"
Json = dict[str, Any]


class ChannelClient:
    """An MCP client; what a channel says is a text like any that is typed."""

    def __init__(self, words: list[str], *, loads: bool, texts: SimpleQueue[str | None]) -> None:
        self._loads, self._texts = loads, texts
        self._answers: SimpleQueue[Json] = SimpleQueue()
        self._asked = 0
        self._shim = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
        self.pid = self._shim.pid
        threading.Thread(target=self._read, daemon=True).start()
        modern = "result" in self._request("server/discover", {"_meta": {}})
        us = {"name": "claude-code", "version": "2.1.329"}
        hello = self._request(
            "initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": us}
        )
        told = hello["result"]["capabilities"].get("experimental", {})
        self._loads = loads and not modern and "claude/channel" in told
        self._send({"method": "notifications/initialized"})

    def call(self, tool: str) -> Json:
        result: Json = self._request("tools/call", {"name": tool, "arguments": {}})["result"]
        return result

    def close(self) -> None:
        self._shim.terminate()
        self._shim.wait()

    def _request(self, method: str, params: Json) -> Json:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        return self._answers.get(timeout=30)

    def _send(self, message: Json) -> None:
        assert self._shim.stdin
        self._shim.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
        self._shim.stdin.flush()

    def _read(self) -> None:
        assert self._shim.stdout
        for line in self._shim.stdout:
            told = json.loads(line)
            if "method" not in told:
                self._answers.put(told)
            elif told["method"] == NOTIFICATION and self._loads:
                about = "".join(f' {key}="{value}"' for key, value in told["params"].get("meta", {}).items())
                content = told["params"]["content"]
                self._texts.put(f'<channel source="peerline"{about}>\n{content}\n</channel>')


class ChannelAgent(Agent):
    def __init__(self, daemon: str, home: Path, name: str, circle: str, *, loads: bool, checks: bool) -> None:
        super().__init__(daemon, home, name, circle)
        self._inbox.path = ""  # it says of none
        self._checks = checks
        words = [sys.executable, "-I", "-S", "-E", str(SHIM), daemon, "--channels"]
        self._client = ChannelClient(words, loads=loads, texts=self._inbox.texts)
        (home / "shim").write_text(f"{self._client.pid}")

    def end(self) -> None:
        super().end()
        self._client.close()

    def _words(self, text: str) -> str:
        if self._checks and text.startswith("<channel"):
            self._report("PreToolUse", tool_name="mcp__peerline__check_messages")
            for message in self._client.call("check_messages")["structuredContent"]["messages"]:
                self._hears("check_messages", message["text"])
        return super()._words(text)


def main(daemon: str, home: str, name: str, circle: str, how: str, *more: str) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    agent = ChannelAgent(daemon, Path(home), name, circle, loads=bool(more), checks=how == "checks")
    try:
        agent.run()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        agent.end()


if __name__ == "__main__":
    main(*sys.argv[1:])
