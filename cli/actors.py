"""Practice agents: small real processes that behave as coding agents do, with no account and no model.

    <python> -I <abs>/cli/actors.py echo|clerk SOCKET [SHIM]

``echo`` answers what it was asked; ``clerk`` asks back with two options first. Each reports its turns by
``hooks/pipe.py``, calls tools by ``mcp_server/shim.py`` (SHIM names another), and has an inbox like Claude
Code's: a Unix socket that takes ``{"type": "user", "message": {"role": "user", "content": TEXT}}`` in a line.
A text is a turn: the prompt hook, the work, and the stop hook with the last words; what that hook hands over
is the next thing to work on. It ends on a signal, and when standard input ends, if that is a pipe.

Standard library only and nothing of ours: what an agent would know of the line, it knows from its messages.
The environment is not passed on, because it may be that of a real agent, with its pane and its settings.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

Json = dict[str, Any]
Texts = SimpleQueue[str | None]  #: None: it is over

HERE: Final = Path(__file__).resolve().parent.parent
PIPE: Final = HERE / "hooks" / "pipe.py"
SHIM: Final = HERE / "mcp_server" / "shim.py"
CIRCLE: Final = "practice"
PATIENCE_S: Final = "5"  #: for the daemon's answer to a hook
CHOICE_S: Final = 100
PROTOCOL: Final = "2025-11-25"
OPTIONS: Final = ("work", "private")
SHOWN: Final = 60
ENDS: Final = (signal.SIGTERM, signal.SIGINT)
_FRAME: Final = re.compile(
    r"""^\[peerline\ (?P<kind>\w+)\ (?P<id>\S+)
        \ from\ (?:[^\n]*\ at\ )?(?P<name>[^\s@]+)@(?P<circle>\S+)\ ·\ [^\n]*\#(?P<mark>\w+)\]\n
        (?P<body>.*?)\n
        \[end\ \#(?P=mark)\]""",
    re.DOTALL | re.MULTILINE | re.VERBOSE,
)


class Message(NamedTuple):
    """One framed message, as an agent reads it."""

    kind: str
    message_id: str
    name: str
    circle: str
    body: str


class ToolFailed(Exception):
    """The tool said no, or nobody is there to ask."""


Deed = Callable[[Message, "Tools"], str]


def messages_in(text: str) -> Iterator[Message]:
    for found in _FRAME.finditer(text):
        yield Message(found["kind"], found["id"], found["name"], found["circle"], found["body"])


def echo(message: Message, _: Tools) -> str:
    return f"you said: {message.body}"


def clerk(message: Message, tools: Tools) -> str:
    """Where to file it is for whoever gave it to say."""
    question = f"Shall I file “{message.body[:SHOWN]}” under {' or '.join(OPTIONS)}?"
    try:
        told = tools.call(
            "ask_peer",
            peer=message.name,
            circle=message.circle,
            question=question,
            options=list(OPTIONS),
            timeout_s=CHOICE_S,
        )
        if told["pending"]:
            told = _taken_back(tools, told["ask_id"])
    except ToolFailed as failed:
        return f"not filed: {failed}"
    chosen = next((answer["option"] or answer["text"] for answer in told.get("answers", ())), "")
    return f"filed under {chosen}: {message.body}" if chosen else "not filed: nobody chose"


def _taken_back(tools: Tools, ask_id: str) -> Json:
    """Cancel what nobody answered in time; it may have been answered meanwhile."""
    try:
        return tools.call("ack", ask_id=ask_id)
    except ToolFailed:
        return tools.call("wait_for", ask_id=ask_id, timeout_s=1)


DEEDS: Final[dict[str, Deed]] = {"echo": echo, "clerk": clerk}
ABOUT: Final = {"echo": "answers what you say", "clerk": "files what you give it, and asks where"}


class Inbox:
    """A socket that takes texts from whoever connects. Nothing is ever answered."""

    def __init__(self, path: str, texts: Texts) -> None:
        self.path, self.transcript, self.texts = path, f"{path}.log", texts
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(path)
        self._listening.listen()
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            conn, _ = self._listening.accept()
            threading.Thread(target=self._take, args=(conn,), daemon=True).start()

    def _take(self, conn: socket.socket) -> None:
        with conn, conn.makefile("rb") as lines:
            for line in lines:
                with suppress(ValueError, KeyError, TypeError):
                    letter = json.loads(line)
                    if letter["type"] == "user":
                        self.taken(letter["message"]["content"])

    def taken(self, text: str) -> None:
        """Written down before it is worked on: what is not there did not arrive."""
        with Path(self.transcript).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        self.texts.put(text)


class Tools:
    """Our tools, by the shim; the shim is started when it is needed and is not there."""

    def __init__(self, words: list[str]) -> None:
        self._words = words
        self._shim: subprocess.Popen[bytes] | None = None
        self._calling = threading.Lock()
        self._asked = 0

    def call(self, tool: str, **arguments: object) -> Json:
        """Return the tool's structured result; ToolFailed says what the tool says."""
        with self._calling:
            if self._shim is None or self._shim.poll() is not None:
                self._start()
            result = self._request("tools/call", {"name": tool, "arguments": arguments})
        if result.get("isError"):
            said = [part.get("text", "") for part in result.get("content", ())]
            raise ToolFailed(" ".join(said) or f"{tool} failed")
        structured: Json = result.get("structuredContent") or {}
        return structured

    def close(self) -> None:
        if self._shim:
            self._shim.terminate()
            self._shim.communicate()

    def _start(self) -> None:
        self._shim = subprocess.Popen(self._words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})
        us = {"name": "practice", "version": "1"}
        self._request("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": us})
        self._send({"method": "notifications/initialized"})

    def _request(self, method: str, params: Json) -> Json:
        self._asked += 1
        self._send({"id": self._asked, "method": method, "params": params})
        answer = next((told for told in self._heard() if told.get("id") == self._asked), None)
        if answer is None:
            raise ToolFailed("the shim ended")
        if "error" in answer:
            raise ToolFailed(answer["error"].get("message", "refused"))
        result: Json = answer["result"]
        return result

    def _send(self, message: Json) -> None:
        if self._shim is None or self._shim.stdin is None:
            raise ToolFailed("the shim was not started")
        try:
            self._shim.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self._shim.stdin.flush()
        except OSError as error:
            raise ToolFailed("the shim ended") from error

    def _heard(self) -> Iterator[Json]:
        """What comes back that is an answer; progress and the like are passed over."""
        if self._shim and self._shim.stdout:
            yield from (told for line in self._shim.stdout if "method" not in (told := json.loads(line)))


class Actor:
    """An agent: one session, one turn at a time."""

    def __init__(self, name: str, daemon: str, inbox: Inbox, tools: Tools) -> None:
        self._name, self._daemon, self._inbox, self._tools = name, daemon, inbox, tools
        self._session_id = f"practice-{os.urandom(8).hex()}"
        self._courtesy = threading.Thread(target=self._describe, daemon=True)

    def run(self) -> None:
        """Work until the process is told to end."""
        self._report("SessionStart", source="startup")
        self._courtesy.start()
        for text in iter(self._inbox.texts.get, None):
            self._turn(text)

    def _describe(self) -> None:
        """A courtesy: no turn waits for it."""
        with suppress(ToolFailed):
            self._tools.call("set_description", description=ABOUT[self._name])

    def end(self) -> None:
        if self._courtesy.is_alive():  # a call after the session's end would be somebody else's
            self._courtesy.join(2)
        self._report("SessionEnd", reason="practice ended")

    def _turn(self, text: str) -> None:
        prompt_id = os.urandom(8).hex()
        self._report("UserPromptSubmit", prompt=text, prompt_id=prompt_id)
        handed = self._stop(text, prompt_id, going_on=False)
        while handed:
            handed = self._stop(handed, prompt_id, going_on=True)

    def _stop(self, text: str, prompt_id: str, *, going_on: bool) -> str:
        """Work on the text and end the turn; return what is handed over at its end."""
        words = self._last_words(text)
        told = self._report(
            "Stop", last_assistant_message=words, stop_hook_active=going_on, prompt_id=prompt_id
        )
        handed: str = told.get("hookSpecificOutput", {}).get("additionalContext", "")
        return handed

    def _last_words(self, text: str) -> str:
        """An ask is answered; whatever else comes needs no answer."""
        asked = next((message for message in messages_in(text) if message.kind == "ask"), None)
        return DEEDS[self._name](asked, self._tools) if asked else ""

    def _report(self, event: str, **more: object) -> Json:
        """Run the hook; return what the daemon says to it."""
        payload = {
            "session_id": self._session_id,
            "cwd": str(Path.cwd()),
            "hook_event_name": event,
            "name": self._name,
            "messaging_socket": self._inbox.path,
            "transcript_path": self._inbox.transcript,
            **more,
        }
        pipe = [sys.executable, "-I", "-S", "-E", str(PIPE), self._daemon, CIRCLE, event, PATIENCE_S]
        done = subprocess.run(
            pipe, input=json.dumps(payload).encode(), stdout=subprocess.PIPE, env={}, check=False
        )
        told: Json = json.loads(done.stdout or b"{}")
        return told


def end_with_input() -> None:
    """End when whoever started us is gone, however they went."""
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main(name: str, daemon: str, shim: str = str(SHIM)) -> None:
    texts = Texts()

    def ended(*_: object) -> None:
        texts.put(None)  # an exception can get lost on its way, in a finalizer for one
        sys.exit(0)

    for number in ENDS:
        signal.signal(number, ended)
    if stat.S_ISFIFO(os.fstat(0).st_mode):
        threading.Thread(target=end_with_input, daemon=True).start()
    tools = Tools([sys.executable, "-I", "-S", "-E", shim, daemon, "--name", name, "--circle", CIRCLE])
    with TemporaryDirectory(prefix="peerline-") as place:
        actor = Actor(name, daemon, Inbox(f"{place}/inbox", texts), tools)
        try:
            actor.run()
        finally:
            for number in ENDS:
                signal.signal(number, signal.SIG_IGN)
            actor.end()
            tools.close()


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in DEEDS and sys.argv[2:]:
        main(*sys.argv[1:4])
    else:
        sys.exit(f"peerline: say {'|'.join(DEEDS)} and the daemon's socket")
