"""Hooks: whatever an agent's settings, environment or payload do to the pipe, the agent notices nothing of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.api.wire import faults, request
from tests.daemon_process import REPOSITORY, DaemonProcess, short_home
from tests.hostile.effects import children, rows

PIPE = [sys.executable, "-I", "-S", "-E", str(REPOSITORY / "hooks" / "pipe.py")]
SOCKET = "{socket}"
START = json.dumps({"session_id": "s-pipe", "cwd": "/x", "hook_event_name": "Stop"}).encode()
#: id: (arguments, standard input, environment)
CALLS: dict[str, tuple[list[str], bytes, dict[str, str]]] = {
    "HOOK-01 nothing at all": ([], b"", {}),
    "HOOK-02 an agent with a way out": ([SOCKET, "../../stop", "Stop"], START, {}),
    "HOOK-03 an event with a way out": ([SOCKET, "claude-code", "../../../stop"], START, {}),
    "HOOK-04 an event with a second request": (
        *([SOCKET, "claude-code", "Stop HTTP/1.0\r\n\r\nPOST /v1/stop"], START, {}),
    ),
    "HOOK-05 an event with a header": ([SOCKET, "claude-code", "Stop\r\nPeerline-Pid: 1"], START, {}),
    "HOOK-06 an event that is no text": ([SOCKET, "claude-code", "\udcff\udcfe"], START, {}),
    "HOOK-07 an option": (["--help", "-x", "--"], START, {}),
    "HOOK-08 endless seconds": ([SOCKET, "claude-code", "Stop", "1e999"], b"{}", {}),
    "HOOK-09 no number of seconds": ([SOCKET, "claude-code", "Stop", "nan"], b"{}", {}),
    "HOOK-10 a variable with a header": (
        [SOCKET, "claude-code", "Stop"],
        b"{}",
        {"PEERLINE_NAME": "x\r\nPeerline-Pid: 1\r\n\r\nPOST /v1/stop HTTP/1.0\r\n\r\n"},
    ),
    "HOOK-11 a huge variable": ([SOCKET, "claude-code", "Stop"], b"{}", {"PEERLINE_NAME": "x" * 100_000}),
    "HOOK-12 a pane that is a command": (
        *(
            [SOCKET, "claude-code", "Stop"],
            b"{}",
            {"TMUX": "/run/x,1,0", "TMUX_PANE": "%0; touch /x #(touch /x)"},
        ),
    ),
    "HOOK-13 a folder of settings that is a device": (
        *([SOCKET, "claude-code", "Stop"], START, {"CLAUDE_CONFIG_DIR": "/dev/zero", "HOME": "/proc/self"}),
    ),
    "HOOK-14 no payload": ([SOCKET, "claude-code", "Stop"], b"", {}),
    "HOOK-15 a payload of noughts": ([SOCKET, "claude-code", "Stop"], b"\x00" * 100_000, {}),
    "HOOK-16 a payload with a request in it": (
        *(
            [SOCKET, "claude-code", "Stop"],
            b"\r\n\r\nPOST /v1/stop HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
            {},
        ),
    ),
    "HOOK-17 a payload nested without an end": ([SOCKET, "claude-code", "Stop"], b"[" * 200_000, {}),
    "HOOK-18 a folder that never ends": (
        *(
            [SOCKET, "claude-code", "Stop"],
            json.dumps({"session_id": "../" * 50, "cwd": "/proc/self/root" * 20}).encode(),
        ),
        {},
    ),
    "HOOK-19 a transcript that is a device": (
        [SOCKET, "claude-code", "Stop"],
        json.dumps(
            {
                "session_id": "s-dev",
                "transcript_path": "/dev/zero",
                "last_assistant_message": "x",
                "cwd": "/dev/stdin",
            }
        ).encode(),
        {},
    ),
    "HOOK-20 a socket that is a file": (["/etc/passwd", "claude-code", "Stop"], START, {}),
    "HOOK-21 a socket that is a device": (["/dev/zero", "claude-code", "Stop"], START, {}),
}


def run(daemon: DaemonProcess, case: str) -> subprocess.CompletedProcess[bytes]:
    words, payload, env = CALLS[case]
    argv = [*PIPE, *(word.replace(SOCKET, str(daemon.paths.socket)) for word in words)]
    return subprocess.run(
        argv,
        input=payload,
        env={"PATH": os.environ["PATH"], "HOME": str(daemon.paths.home)} | env,
        capture_output=True,
        timeout=30,
        check=False,
    )


@pytest.mark.parametrize("case", [name for name in CALLS if CALLS[name][1] != START])
def test_no_hook_disturbs_its_agent_or_ends_the_daemon(daemon: DaemonProcess, case: str) -> None:
    before, processes = rows(daemon)["person"], children(daemon.pid)
    done = run(daemon, case)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert request(daemon, "GET", "/v1/whoami").status == 200
    assert rows(daemon)["person"] == before
    assert children(daemon.pid) <= processes


@pytest.mark.parametrize("case", [name for name in CALLS if CALLS[name][1] == START])
def test_no_words_beside_a_good_payload_lead_elsewhere(daemon: DaemonProcess, case: str) -> None:
    done = run(daemon, case)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert request(daemon, "GET", "/v1/whoami").status == 200
    assert daemon.running


ODD_HEADERS = {
    "HOOK-22 a home that no folder can be": {"peerline_env_home": "%00"},
    "HOOK-23 a folder of settings that none can be": {"peerline_env_claude_config_dir": "/a%00b%ff%0a"},
    "HOOK-24 a pane that none can be": {"peerline_env_tmux": "%00,x,1", "peerline_env_tmux_pane": "%00"},
    "HOOK-25 a socket that none can be": {"peerline_env_claude_code_messaging_socket": "%00/x"},
    "HOOK-26 a process beyond all": {"peerline_pid": "9" * 400},
    "HOOK-27 seconds without an end": {"peerline_seconds": "1e999"},
}


@pytest.fixture(scope="module")
def another() -> Iterator[DaemonProcess]:
    """To which this process becomes an agent."""
    with short_home() as home, DaemonProcess(home, tcp=False) as daemon:
        yield daemon


@pytest.mark.parametrize("case", ODD_HEADERS, ids=ODD_HEADERS)
def test_what_no_variable_can_hold_does_not_end_the_daemon(another: DaemonProcess, case: str) -> None:
    """A whole turn, so that its registry is watched."""
    for event in ("SessionStart", "UserPromptSubmit", "PreToolUse", "Stop", "UserPromptSubmit"):
        payload = {
            "session_id": case,
            "cwd": "/\0",
            "transcript_path": "/\0",
            "last_assistant_message": "x",
        }
        body = json.dumps(payload).encode()
        path = f"/v1/hooks/claude-code/{event}"
        assert request(another, "POST", path, body=body, unix=True, **ODD_HEADERS[case]).status == 200
    assert request(another, "GET", "/v1/whoami", unix=True).json["backend"] == "claude-code"
    assert another.running
    assert faults(another) == []


def test_an_honest_hook_is_heard(daemon: DaemonProcess) -> None:
    """HOOK-C1: and registers the process that ran it, by the name of its folder."""
    payload = json.dumps({"session_id": "s-honest", "cwd": "/honest", "hook_event_name": "SessionStart"})
    told = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:], input=sys.stdin.buffer.read()).returncode)"
    argv = [sys.executable, "-c", told, *PIPE, str(daemon.paths.socket), "claude-code", "SessionStart", "10"]
    assert subprocess.run(argv, input=payload.encode(), timeout=30, check=False).returncode == 0
    names = [
        each["name"] for each in request(daemon, "GET", "/v1/peers?circle=*&show_offline=true").json["peers"]
    ]
    assert "honest" in names
