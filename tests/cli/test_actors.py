"""A practice agent reports its turns, asks by tools and answers by its last words, like any coding agent."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from queue import Queue
from socketserver import ThreadingUnixStreamServer
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from daemon.core.model import Authority, Delivery, Envelope, Kind, Parcel, Role, Sender
from daemon.core.rules.frame import framed

ACTORS = Path(__file__).parents[2] / "cli" / "actors.py"
NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)
ADA = Sender(
    peer_id="p-1", name="console", circle="default", role=Role.HUMAN, authority=Authority.OWNER, person="Ada"
)
AGENT = replace(ADA, name="api", circle="dev", role=Role.AGENT, authority=Authority.PEER, person="")


class Door(BaseHTTPRequestHandler):
    """What comes to the daemon's socket: hooks and tool calls."""

    protocol_version = "HTTP/1.1"
    server: FakeDaemon

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/v1/hooks/practice/"):
            self._answer(200, self.server.hook(json.loads(body), dict(self.headers)))
        elif self.path == "/mcp":
            said = self.server.message(json.loads(body), dict(self.headers))
            self._answer(200 if said else 202, said)
        else:
            self._answer(200, {})

    def _answer(self, status: int, told: object) -> None:
        body = json.dumps(told).encode() if told else b""
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class FakeDaemon(ThreadingUnixStreamServer):
    """Keeps what is reported and called, and hands over and answers what the test says."""

    daemon_threads = True

    def __init__(self, path: str) -> None:
        super().__init__(path, Door)
        self.hooks: Queue[tuple[dict[str, Any], dict[str, str]]] = Queue()
        self.calls: Queue[tuple[str, dict[str, Any], dict[str, str]]] = Queue()
        self.hands: list[str] = []
        self.tools: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {}

    def hook(self, payload: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        self.hooks.put((payload, headers))
        if payload["hook_event_name"] != "Stop" or not self.hands:
            return {}
        return {"hookSpecificOutput": {"hookEventName": "Stop", "additionalContext": self.hands.pop(0)}}

    def message(self, said: dict[str, Any], headers: dict[str, str]) -> dict[str, Any] | None:
        if "id" not in said:
            return None
        if said["method"] == "initialize":
            result: dict[str, Any] = {
                "protocolVersion": said["params"]["protocolVersion"],
                "capabilities": {},
            }
        else:
            tool, arguments = said["params"]["name"], said["params"]["arguments"]
            self.calls.put((tool, arguments, headers))
            result = self.tools.get(tool, lambda _: {"structuredContent": {}})(arguments)
        return {"jsonrpc": "2.0", "id": said["id"], "result": result}

    def reported(self) -> dict[str, Any]:
        return self.hooks.get(timeout=20)[0]

    def called(self) -> tuple[str, dict[str, Any]]:
        return self.calls.get(timeout=20)[:2]


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    with TemporaryDirectory(prefix="peerline-") as place:
        (Path(place) / "run").mkdir()
        with FakeDaemon(f"{place}/run/p.sock") as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.02,))
            thread.start()
            yield server
            server.shutdown()
            thread.join()


@contextmanager
def acting(name: str, daemon: FakeDaemon, **env: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A practice agent at its first idle moment: its process and its inbox."""
    words = [sys.executable, "-I", str(ACTORS), name, str(daemon.server_address)]
    actor = subprocess.Popen(words, stdin=subprocess.PIPE, env={**os.environ, **env})
    try:
        started = daemon.reported()
        assert (started["hook_event_name"], started["name"]) == ("SessionStart", name)
        assert daemon.called()[0] == "set_description"
        yield actor, Path(started["messaging_socket"])
    finally:
        actor.terminate()
        actor.communicate(timeout=20)


def message(body: str, kind: Kind = Kind.ASK, sender: Sender = ADA) -> str:
    envelope = Envelope(
        envelope_id="a-0123456789",
        kind=kind,
        sender=sender,
        to=("p-2",),
        body=body,
        created_at=NOON,
        expires_at=NOON + timedelta(days=1),
    )
    delivery = Delivery(
        delivery_id="d-1",
        envelope_id=envelope.envelope_id,
        peer_id="p-2",
        kind=kind,
        state="leased",
        due_at=NOON,
        expires_at=NOON,
        mark="8H2KQ0TZ",
    )
    return framed(Parcel(delivery, envelope))


def put_in(inbox: Path, *texts: str, first: tuple[object, ...] = ()) -> None:
    lines = [*first, *({"type": "user", "message": {"role": "user", "content": text}} for text in texts)]
    with socket.socket(socket.AF_UNIX) as conn:
        conn.connect(str(inbox))
        conn.sendall("".join(json.dumps(line) + "\n" for line in lines).encode())


def last_words(daemon: FakeDaemon) -> str:
    assert daemon.reported()["hook_event_name"] == "UserPromptSubmit"
    ended = daemon.reported()
    assert ended["hook_event_name"] == "Stop"
    words: str = ended["last_assistant_message"]
    return words


def asked(**answer: object) -> Callable[[dict[str, Any]], dict[str, Any]]:
    told = {"ask_id": "a-9", "pending": not answer, "answers": [answer] if answer else []}
    return lambda _: {"structuredContent": told}


# -- turns ----------------------------------------------------------------------------------------


def test_an_ask_is_a_turn_and_its_last_words_are_the_answer(daemon: FakeDaemon) -> None:
    text = message("how are you?\nreally?")
    with acting("echo", daemon) as (_, inbox):
        put_in(inbox, text, first=({"type": "auth", "token": "x"}, 17, {"type": "user"}))
        began, ended = daemon.reported(), daemon.reported()

    assert (began["hook_event_name"], began["prompt"]) == ("UserPromptSubmit", text)
    assert ended["last_assistant_message"] == "you said: how are you?\nreally?"
    assert ended["stop_hook_active"] is False
    assert began["session_id"] == ended["session_id"]
    assert began["prompt_id"] == ended["prompt_id"]


@pytest.mark.parametrize("kind", [Kind.NOTICE, Kind.ANSWER, Kind.BROADCAST])
def test_what_is_no_ask_gets_no_answer(daemon: FakeDaemon, kind: Kind) -> None:
    with acting("echo", daemon) as (_, inbox):
        put_in(inbox, message("by the way", kind))

        assert last_words(daemon) == ""


def test_texts_are_taken_one_turn_after_the_other(daemon: FakeDaemon) -> None:
    with acting("echo", daemon) as (_, inbox):
        put_in(inbox, message("one"), message("two"))

        assert [last_words(daemon), last_words(daemon)] == ["you said: one", "you said: two"]


def test_what_is_handed_over_at_the_end_of_a_turn_is_worked_on_without_a_prompt(daemon: FakeDaemon) -> None:
    daemon.hands += [message("second"), message("fyi", Kind.NOTICE)]
    with acting("echo", daemon) as (_, inbox):
        put_in(inbox, message("first"))
        assert last_words(daemon) == "you said: first"
        second, third = daemon.reported(), daemon.reported()
        put_in(inbox, message("later"))
        assert last_words(daemon) == "you said: later"

    assert (second["hook_event_name"], second["last_assistant_message"]) == ("Stop", "you said: second")
    assert (third["last_assistant_message"], third["stop_hook_active"]) == ("", True)


# -- the clerk ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("sender", "name", "circle"), [(ADA, "console", "default"), (AGENT, "api", "dev")])
def test_the_clerk_asks_its_asker_where_to_file(
    daemon: FakeDaemon, sender: Sender, name: str, circle: str
) -> None:
    daemon.tools["ask_peer"] = asked(option="private", text="private")
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("x" * 70, sender=sender))
        assert last_words(daemon) == f"filed under private: {'x' * 70}"
        tool, arguments = daemon.called()

    assert (tool, arguments["peer"], arguments["circle"]) == ("ask_peer", name, circle)
    assert arguments["options"] == ["work", "private"]
    assert f"“{'x' * 60}”" in arguments["question"]


def test_the_clerk_takes_words_for_a_choice(daemon: FakeDaemon) -> None:
    daemon.tools["ask_peer"] = asked(option=None, text="taxes")
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("a bill"))

        assert last_words(daemon) == "filed under taxes: a bill"


def test_the_clerk_takes_its_question_back_when_nobody_chose(daemon: FakeDaemon) -> None:
    daemon.tools["ask_peer"] = asked()
    daemon.tools["ack"] = asked()
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("a bill"))
        assert last_words(daemon) == "not filed: nobody chose"
        daemon.called()

        assert daemon.called() == ("ack", {"ask_id": "a-9"})


def test_a_choice_made_in_the_last_moment_counts(daemon: FakeDaemon) -> None:
    daemon.tools["ask_peer"] = asked()
    daemon.tools["ack"] = lambda _: {"isError": True, "content": [{"type": "text", "text": "over already"}]}
    daemon.tools["wait_for"] = asked(option="work", text="work")
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("a bill"))

        assert last_words(daemon) == "filed under work: a bill"


def test_the_clerk_says_why_it_could_not_ask(daemon: FakeDaemon) -> None:
    daemon.tools["ask_peer"] = lambda _: {"isError": True, "content": [{"type": "text", "text": "no peer"}]}
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("a bill"))

        assert last_words(daemon) == "not filed: no peer"


# -- the process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "its starter is gone"])
def test_it_ends_cleanly_and_says_so(daemon: FakeDaemon, how: str) -> None:
    with acting("echo", daemon) as (actor, inbox):
        if how in signal.Signals.__members__:
            actor.send_signal(signal.Signals[how])
        else:
            actor.stdin.close()
            actor.stdin = None
        assert daemon.reported()["hook_event_name"] == "SessionEnd"
        assert actor.wait(timeout=20) == 0

    assert not inbox.exists()
    assert daemon.hooks.empty()


def test_it_ends_in_the_middle_of_a_question(daemon: FakeDaemon) -> None:
    never = threading.Event()
    daemon.tools["ask_peer"] = lambda _: {"isError": never.wait(20), "content": []}
    with acting("clerk", daemon) as (actor, inbox):
        put_in(inbox, message("a bill"))
        assert daemon.reported()["hook_event_name"] == "UserPromptSubmit"
        assert daemon.called()[0] == "ask_peer"
        actor.terminate()
        assert daemon.reported()["hook_event_name"] == "SessionEnd"
        assert actor.wait(timeout=20) == 0
    never.set()


def test_it_says_who_it_is_to_the_tools_and_passes_no_environment_on(daemon: FakeDaemon) -> None:
    real = {"TMUX": "/t,1,0", "TMUX_PANE": "%1", "CLAUDE_CONFIG_DIR": "/c", "PEERLINE_CIRCLE": "dev"}
    with acting("echo", daemon, **real) as (actor, inbox):
        put_in(inbox, message("hi"))
        _, headers = daemon.hooks.get(timeout=20)
        put_in(inbox, message("hi"))

    assert int(headers["Peerline-Pid"]) == actor.pid
    assert [name for name in headers if name.startswith("Peerline-Env-")] == []


def test_its_tools_go_by_the_shim_under_its_name(daemon: FakeDaemon) -> None:
    daemon.tools["ask_peer"] = asked(option="work", text="work")
    with acting("clerk", daemon) as (_, inbox):
        put_in(inbox, message("a bill"))
        _, _, headers = daemon.calls.get(timeout=20)

    assert (headers["Peerline-Name"], headers["Peerline-Circle"]) == ("clerk", "practice")
