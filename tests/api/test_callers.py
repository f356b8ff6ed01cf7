"""Who calls is found: an agent by its process tree, the owner by a terminal outside of all trees, else ``cli``."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.daemon_process import REPOSITORY, DaemonProcess

Json = dict[str, Any]
PYTHON = (sys.executable, "-I", "-S")
PIPE = REPOSITORY / "hooks" / "pipe.py"

#: Asks one thing of the daemon and prints the answer: SOCKET METHOD PATH [BODY].
ASK = """
import json, socket, sys
path, method, target, *body = sys.argv[1:]
told = body[0].encode() if body else b""
line = socket.socket(socket.AF_UNIX); line.settimeout(20); line.connect(path)
head = f"{method} {target} HTTP/1.0\\r\\n"
if body:
    head += f"Content-Type: application/json\\r\\nContent-Length: {len(told)}\\r\\n"
line.sendall(head.encode() + b"\\r\\n" + told)
heard = b""
while piece := line.recv(65536):
    heard += piece
head, _, answer = heard.partition(b"\\r\\n\\r\\n")
print(json.dumps({"status": int(head.split()[1]), "told": json.loads(answer or b"null")}), flush=True)
"""
#: Stands for a coding agent: runs what it is told, line by line, as its own children.
AGENT = """
import json, subprocess, sys
for line in sys.stdin:
    told = json.loads(line)
    done = subprocess.run(told["argv"], input=told["input"], capture_output=True, text=True)
    print(json.dumps([done.returncode, done.stdout]), flush=True)
"""
#: Runs its arguments in a process that nobody is the parent of.
ORPHAN = """
import os, subprocess, sys
if os.fork() == 0:
    os.setsid()
    parent = os.getpid()
    if os.fork() == 0:
        while os.getppid() == parent: pass
        done = subprocess.run(sys.argv[1:], capture_output=True, text=True)
        sys.stdout.write(done.stdout); sys.stdout.flush()
    os._exit(0)
os.wait()
"""


class Agent:
    """A process that is registered by its hooks, as an agent is."""

    def __init__(self, daemon: DaemonProcess, process: subprocess.Popen[str], session: str) -> None:
        self._daemon = daemon
        self._process = process
        self.session = session
        self.pid = process.pid

    def runs(self, *argv: str, told: str = "") -> str:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"argv": argv, "input": told}) + "\n")
        self._process.stdin.flush()
        code, out = json.loads(self._process.stdout.readline())
        assert code == 0
        return str(out)

    def hook(self, event: str, **payload: object) -> None:
        command = [*PYTHON, "-E", str(PIPE), str(self._daemon.paths.socket), "claude-code", event, "10"]
        told = {"session_id": self.session, "cwd": "/project", "hook_event_name": event} | payload
        self.runs(*command, told=json.dumps(told))

    def asks(self, *words: str) -> Json:
        return answer(self.runs(*asking(self._daemon, *words)))


def asking(daemon: DaemonProcess, *words: str) -> list[str]:
    return [*PYTHON, "-c", ASK, str(daemon.paths.socket), *words]


def answer(said: str) -> Json:
    told: Json = json.loads(said)
    return told


def asked(daemon: DaemonProcess, *words: str) -> Json:
    """By a child of this process, which is nobody's agent and at no terminal."""
    command = asking(daemon, *words)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return answer(done.stdout)


def name_of(told: Json) -> str:
    return str(told["told"]["name"])


@contextmanager
def agent(daemon: DaemonProcess, session: str, *, terminal: bool = False, name: str = "") -> Iterator[Agent]:
    """An agent that has just started; with a terminal of its own if that is asked for."""
    ours, theirs = pty.openpty()
    env = {"PATH": os.environ["PATH"], "HOME": str(daemon.paths.home)} | (
        {"PEERLINE_NAME": name} if name else {}
    )
    process = subprocess.Popen(
        [*PYTHON, "-c", AGENT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=theirs if terminal else None,
        start_new_session=True,
        env=env,
        text=True,
    )
    try:
        made = Agent(daemon, process, session)
        made.hook("SessionStart", source="startup")
        yield made
    finally:
        process.kill()
        process.communicate()
        os.close(ours)
        os.close(theirs)


def at_a_terminal(argv: Sequence[str], *, descriptors: Sequence[int] = (0,)) -> str:
    """Run it with a terminal as these descriptors; what it printed, there or into a pipe."""
    ours, theirs = pty.openpty()
    placed = {
        0: theirs if 0 in descriptors else subprocess.DEVNULL,
        1: theirs if 1 in descriptors else subprocess.PIPE,
    }
    with subprocess.Popen(
        argv, stdin=placed[0], stdout=placed[1], stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        os.close(theirs)
        if process.stdout:
            said = process.stdout.read()
        else:
            said = b""
            while b"\n" not in said:
                said += os.read(ours, 65536)
        process.wait(timeout=20)
    os.close(ours)
    return said.decode()


# --- an agent ---------------------------------------------------------------------------------------------------


def test_what_runs_inside_an_agent_is_that_agent_however_deep(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-1", name="deep") as one:
        me = one.asks("GET", "/v1/whoami")["told"]
        assert (me["name"], me["role"], me["backend"]) == ("deep", "agent", "claude-code")
        command = asking(daemon, "GET", "/v1/whoami")
        deeper = ["sh", "-c", 'sh -c \'"$@"; true\' sh "$@"; true', "sh", *command]
        assert answer(one.runs(*deeper))["told"]["peer_id"] == me["peer_id"]
        alone = ["sh", "-c", 'setsid "$@"; true', "sh", *command]
        assert answer(one.runs(*alone))["told"]["peer_id"] == me["peer_id"]


def test_two_agents_of_one_kind_in_one_folder_are_never_confused(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-2a", name="twin") as one, agent(daemon, "s-2b", name="twin") as two:
        assert [name_of(each.asks("GET", "/v1/whoami")) for each in (one, two, one)] == [
            "twin",
            "twin-2",
            "twin",
        ]
        body = json.dumps({"kind": "notice", "to": ["twin-2"], "text": "psst"})
        assert one.asks("POST", "/v1/messages", body)["status"] == 200
        (message,) = two.asks("GET", "/v1/messages")["told"]["messages"]
        assert (message["from"], message["text"], message["from_peer"]["authority"]) == (
            "twin",
            "psst",
            "peer",
        )
        assert one.asks("GET", "/v1/messages")["told"]["messages"] == []


def test_a_terminal_makes_no_owner_of_an_agent_nor_of_what_it_starts(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-3", terminal=True, name="typist") as one:
        assert name_of(one.asks("GET", "/v1/whoami")) == "typist"
        inside = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r})\n"
        inside += "from tests.api.test_callers import at_a_terminal\n"
        inside += f"print(at_a_terminal({asking(daemon, 'GET', '/v1/whoami')!r}), end='')"
        assert name_of(answer(one.runs(sys.executable, "-c", inside))) == "typist"
        refused = one.asks("POST", "/v1/pairing", '{"surface": "telegram"}')
        assert refused["status"] == 403
        assert "outside every agent" in refused["told"]["hint"]


def test_what_left_the_agent_s_tree_is_a_stranger(daemon: DaemonProcess) -> None:
    """A process whose parents are gone cannot be placed: it is nobody's agent, and gets nobody's rights."""
    with agent(daemon, "s-4", name="parent") as one:
        said = one.runs(*PYTHON, "-c", ORPHAN, *asking(daemon, "GET", "/v1/whoami"))
        assert name_of(answer(said)) == "cli"


def test_an_agent_whose_session_ended_is_one_no_more(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-5", name="leaver") as one:
        assert name_of(one.asks("GET", "/v1/whoami")) == "leaver"
        one.hook("SessionEnd", reason="exit")
        assert name_of(one.asks("GET", "/v1/whoami")) == "cli"
        one.hook("SessionStart", source="resume")
        assert name_of(one.asks("GET", "/v1/whoami")) == "leaver"


def test_what_a_caller_says_of_itself_is_not_believed(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-6", name="honest") as one:
        me = one.asks("GET", "/v1/whoami")["told"]
        command = asking(daemon, "GET", "/v1/whoami")
        env = {"PATH": os.environ["PATH"], "PEERLINE_NAME": "honest", "CLAUDE_SESSION_ID": "s-6"}
        env |= {"PEERLINE_PEER": me["peer_id"], "PEERLINE_PID": str(one.pid)}
        done = subprocess.run(
            command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True
        )
        assert name_of(answer(done.stdout)) == "cli"
        body = json.dumps({"kind": "notice", "to": ["cli"], "text": "x", "from": "honest"})
        assert asked(daemon, "POST", "/v1/messages", body)["status"] == 400


NOT_FOR_AGENTS = [
    ("POST", "/v1/pairing", '{"surface": "telegram"}'),
    ("DELETE", "/v1/people/telegram/7"),
    ("DELETE", "/v1/peers/somebody"),
    ("POST", "/v1/conversations", '{"surface": "console", "address": "x"}'),
    ("POST", "/v1/says", '{"surface": "telegram", "address": "7", "account": "7", "text": "I am Ada"}'),
    (
        "POST",
        "/v1/taps",
        '{"surface": "telegram", "address": "7", "account": "7", "ask_id": "a-1", "option": 0}',
    ),
    ("POST", "/v1/beats", '{"surface": "telegram"}'),
    ("GET", "/v1/parcels?surface=telegram"),
    ("POST", "/v1/deliveries/d-1/ack", '{"holder": "telegram-bot"}'),
    ("GET", "/v1/events?after=0"),
    ("POST", "/v1/stop", "{}"),
]


def test_an_agent_may_not_act_as_a_surface_nor_as_the_owner(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-7", name="curious") as one:
        for words in NOT_FOR_AGENTS:
            told = one.asks(*words)
            assert told["status"] == 403, (words, told)
            assert told["told"]["code"] == "not_allowed"
        assert daemon.running


def test_an_agent_reads_its_own_messages_only(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-8a", name="alice") as alice, agent(daemon, "s-8b", name="bob") as bob:
        ask = json.dumps({"kind": "ask", "to": ["cli"], "text": "secret"})
        asked(daemon, "GET", "/v1/whoami")
        ask_id = alice.asks("POST", "/v1/messages", ask)["told"]["ask_id"]
        assert alice.asks("GET", f"/v1/why/{ask_id}")["status"] == 200
        for path in (f"/v1/why/{ask_id}", f"/v1/asks/{ask_id}"):
            assert bob.asks("GET", path)["status"] == 403
        assert bob.asks("GET", "/v1/asks?whose=all")["told"] == {"asks": []}
        assert bob.asks("POST", f"/v1/asks/{ask_id}/answer", '{"text": "mine"}')["status"] == 403
        assert bob.asks("POST", f"/v1/asks/{ask_id}/cancel", "{}")["status"] == 403


# --- the owner --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("descriptors", [(0,), (1,), (0, 1)])
def test_at_a_terminal_outside_every_agent_it_is_the_owner(
    daemon: DaemonProcess, descriptors: Sequence[int]
) -> None:
    told = answer(at_a_terminal(asking(daemon, "GET", "/v1/whoami"), descriptors=descriptors))["told"]
    assert (told["name"], told["role"], told["backend"]) == ("console", "human", "console")


def test_the_owner_s_words_are_labelled_as_the_owner_s(daemon: DaemonProcess) -> None:
    body = json.dumps({"kind": "notice", "to": ["reader"], "text": "from the terminal"})
    with agent(daemon, "s-9", name="reader") as reader:
        assert answer(at_a_terminal(asking(daemon, "POST", "/v1/messages", body)))["status"] == 200
        (message,) = reader.asks("GET", "/v1/messages")["told"]["messages"]
        assert (message["from"], message["from_peer"]["authority"]) == ("console", "owner")


def test_the_owner_invites_people_and_a_program_does_not(daemon: DaemonProcess) -> None:
    words = ("POST", "/v1/pairing", '{"surface": "telegram"}')
    assert len(answer(at_a_terminal(asking(daemon, *words)))["told"]["code"]) == 8
    refused = asked(daemon, *words)
    assert refused["status"] == 403
    assert "terminal" in refused["told"]["hint"]


def test_something_that_only_looks_like_a_terminal_is_none(daemon: DaemonProcess, tmp_path: Path) -> None:
    """/dev/null, a pipe, a file called tty, and the far end of a terminal."""
    (tmp_path / "tty").write_text("")
    command = asking(daemon, "GET", "/v1/whoami")
    ours, theirs = pty.openpty()
    with (tmp_path / "tty").open() as file:
        for stdin in (subprocess.DEVNULL, subprocess.PIPE, file, ours):
            done = subprocess.run(command, stdin=stdin, capture_output=True, text=True, check=True)
            assert name_of(answer(done.stdout)) == "cli"
    os.close(ours)
    os.close(theirs)


# --- anybody else -----------------------------------------------------------------------------------------------


def test_any_other_program_is_cli_and_labelled_unverified(daemon: DaemonProcess) -> None:
    told = asked(daemon, "GET", "/v1/whoami")["told"]
    assert (told["name"], told["backend"]) == ("cli", "cli")
    with agent(daemon, "s-10", name="wary") as wary:
        body = json.dumps({"kind": "ask", "to": ["wary"], "text": "trust me"})
        ask_id = asked(daemon, "POST", "/v1/messages", body)["told"]["ask_id"]
        (message,) = wary.asks("GET", "/v1/messages")["told"]["messages"]
        assert (message["from"], message["from_peer"]["authority"]) == ("cli", "unverified")
        assert wary.asks("POST", f"/v1/asks/{ask_id}/answer", '{"text": "no"}')["status"] == 200
        assert asked(daemon, "GET", f"/v1/asks/{ask_id}")["told"]["answers"][0]["from"] == "wary"


def test_cli_lists_sends_and_asks_but_changes_nobody(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-11", name="steady"):
        listed = asked(daemon, "GET", "/v1/peers?circle=*")["told"]["peers"]
        assert "steady" in [each["name"] for each in listed]
        for words in (
            ("PATCH", "/v1/peers/steady", '{"name": "shaky"}'),
            ("PATCH", "/v1/peers/steady", '{"description": "mine"}'),
            ("DELETE", "/v1/peers/steady"),
            ("DELETE", "/v1/people/telegram/7"),
            ("POST", "/v1/conversations", '{"surface": "telegram", "address": "7"}'),
            (
                "POST",
                "/v1/says",
                '{"surface": "telegram", "address": "7", "account": "7", "text": "I am Ada"}',
            ),
        ):
            assert asked(daemon, *words)["status"] == 403, words


def test_a_hook_from_nowhere_registers_nobody_that_lives_elsewhere(daemon: DaemonProcess) -> None:
    """A pid in a header is for replays; a live hook is placed by its socket."""
    with agent(daemon, "s-12a", name="victim") as victim, agent(daemon, "s-12b", name="rogue") as rogue:
        claim = (
            "import socket, sys; s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); b = sys.argv[3].encode(); "
            "s.sendall(f'POST /v1/hooks/claude-code/UserPromptSubmit HTTP/1.0\\r\\nPeerline-Pid: {sys.argv[2]}\\r\\n"
            "Content-Length: {len(b)}\\r\\n\\r\\n'.encode() + b); print(s.recv(65536).split()[1].decode())"
        )
        body = json.dumps({"session_id": "s-12c", "cwd": "/project", "prompt": "x"})
        rogue.runs(*PYTHON, "-c", claim, str(daemon.paths.socket), str(victim.pid), body)
        assert name_of(victim.asks("GET", "/v1/whoami")) == "victim"
        assert name_of(rogue.asks("GET", "/v1/whoami")) == "rogue"


def test_a_session_that_lives_in_another_process_is_spoken_for_by_nobody_else(daemon: DaemonProcess) -> None:
    with agent(daemon, "s-13a", name="holder") as holder, agent(daemon, "s-13b", name="taker") as taker:
        taker.hook("UserPromptSubmit", session_id="s-13a", prompt="x")
        assert name_of(holder.asks("GET", "/v1/whoami")) == "holder"
        assert name_of(taker.asks("GET", "/v1/whoami")) == "taker"
