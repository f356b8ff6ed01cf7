"""What users of claude-peers had, they have here: the rows P1 to P20 of that list, each with a test that names it.

Rows that other rooms hold stand in ``HELD``, with the tests that hold them.
"""

from __future__ import annotations

import ast
import asyncio
import json
import os
import pty
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp.client.client import Client as McpClient
from mcp.client.stdio import StdioServerParameters

from daemon.client.interface import Question
from tests.agents.claude_code import ClaudeCode
from tests.agents.codex import codex_binary
from tests.daemon_process import COMMAND, DaemonProcess, environment, short_home
from tests.emulators.model_api import ModelApi
from tests.scenarios.house import AGENT, FakeAgent, House, Told

TESTS = Path(__file__).parents[1]
GIT = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")
PROFILE = ("--tools", "claude-peers")
HELD = {
    "P6 three client types with adaptive instructions": (
        "mcp_server/test_profiles.py::test_who_is_served_by_hooks_is_told_that_it_need_not_look",
        "mcp_server/test_profiles.py::test_a_client_that_nothing_is_pushed_to_is_told_to_look",
    ),
    "P7 a stale socket is healed, and there is one instance": (
        "api/test_life.py::test_whatever_lies_in_the_socket_s_place_is_replaced",
        "api/test_life.py::test_a_home_is_free_again_at_once_after_a_kill",
        "api/test_life.py::test_of_thirty_that_start_at_once_one_serves_and_the_others_say_why_not",
    ),
    "P9 a service of systemd and of launchd": (
        "scenarios/test_service.py::test_it_is_written_started_looked_at_and_removed",
        "cli/test_units.py::test_launchd_is_told_the_same",
    ),
    "P13 who is gone is noticed, and a parent of number 1 makes no orphan": (
        "callers/test_watch.py::test_the_end_of_a_process_is_told",
        "transports/test_ending.py::test_who_its_parent_is_makes_no_orphan",
    ),
    "P14 what was accepted is on disk": (
        "store/test_power_cut.py::test_whatever_moment_the_power_goes_all_that_was_accepted_is_there",
    ),
    "P15 agents are woken by their own means, and how that went is told": (
        "scenarios/test_crash_at_every_step.py::test_by_the_inbox",
        "scenarios/test_codex_line.py::test_an_idle_agent_hears_an_ask_once_and_answers",
    ),
    "P16 what waits is handed over at the end of a turn": (
        "core/test_turns.py::test_at_the_end_of_a_turn_one_ask_is_handed_alone",
        "core/test_handing.py::test_what_no_hook_can_carry_is_told_of_at_the_boundary_and_taken_by_the_tool",
    ),
    "P17 mail survives restarts": (
        "scenarios/test_two_shims.py::test_notices_survive_kills_in_order_and_once_each",
    ),
    "P19 an idle daemon ends where that is wished": (
        "engine/test_idling.py::test_with_nobody_there_and_nothing_ahead_it_ends",
        "engine/test_idling.py::test_it_stays_while_time_is_to_bring_something_about",
    ),
    "P18 whether the daemon is well is told to anybody": (
        "api/test_guards.py::test_health_alone_is_open_and_tells_strangers_one_word",
    ),
}


@pytest.mark.parametrize("row", HELD)
def test_the_tests_that_hold_a_row_are_there(row: str) -> None:
    for named in HELD[row]:
        path, _, name = named.partition("::")
        tree = ast.parse((TESTS / path).read_text(encoding="utf-8"))
        found = {x.name for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef)}
        assert name in found, named


@pytest.fixture(scope="module")
def daemon() -> Iterator[DaemonProcess]:
    with short_home() as home, DaemonProcess(home) as running:
        yield running


@asynccontextmanager
async def peer(
    daemon: DaemonProcess, name: str, folder: Path, *words: str, circle: str = "default", **env: str
) -> AsyncIterator[McpClient]:
    argv = [*COMMAND[1:], "mcp", "--name", name, "--circle", circle, *(words or PROFILE)]
    home = daemon.paths.home
    parameters = StdioServerParameters(
        command=COMMAND[0], args=argv, env=environment(home) | env, cwd=str(folder)
    )
    async with McpClient(parameters, mode="legacy") as client:
        yield client


async def said(client: McpClient, tool: str, **arguments: Any) -> str:
    return (await client.call_tool(tool, arguments)).content[0].text  # type: ignore[union-attr]


def cli(daemon: DaemonProcess, *words: str, **env: str) -> Told:
    whole = environment(daemon.paths.home) | env
    done = subprocess.run([*COMMAND, *words], env=whole, capture_output=True, text=True, check=False)
    return Told(done.returncode, done.stdout, done.stderr)


def names(listed: str) -> set[str]:
    lines = listed.splitlines()
    return {line.removeprefix("Name: ").partition("@")[0] for line in lines if line.startswith("Name: ")}


@pytest.fixture
def checkouts(tmp_path: Path) -> tuple[Path, Path]:
    """A repository, and another work tree of it."""
    main, tree = tmp_path / "main", tmp_path / "tree"
    for words in (
        ("init", "-q", str(main)),
        ("-C", str(main), "commit", "-q", "--allow-empty", "-m", "begin"),
        ("-C", str(main), "worktree", "add", "-q", str(tree)),
    ):
        subprocess.run(["git", *GIT, *words], check=True)
    return main, tree


async def test_p1_peers_are_found_by_machine_directory_and_repository(
    daemon: DaemonProcess, checkouts: tuple[Path, Path], tmp_path: Path
) -> None:
    main, tree = checkouts
    linked = tmp_path / "linked"
    linked.symlink_to(main)
    async with AsyncExitStack() as stack:
        places = {"p1-ada": main, "p1-ben": linked, "p1-tree": tree, "p1-far": tmp_path}
        clients = [
            await stack.enter_async_context(peer(daemon, name, place, circle=name))
            for name, place in places.items()
        ]
        for client in clients:
            await said(client, "check_messages")
        ada = clients[0]
        listed = {
            scope: await said(ada, "list_peers", scope=scope) for scope in ("machine", "directory", "repo")
        }
        ours = await ada.call_tool("whoami", {})
        assert names(listed["machine"]) >= {"p1-ben", "p1-tree", "p1-far"}
        assert names(listed["directory"]) == {"p1-ben"}
        assert names(listed["repo"]) == {"p1-ben", "p1-tree"}
        assert (ours.structured_content or {})["unread"] == 0
        assert (await said(ada, "list_peers", scope="galaxy")).startswith("Error listing peers: ")


async def test_p2_p3_p4_a_message_by_id_or_name_a_summary_and_what_is_new(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    async with peer(daemon, "p2-ada", tmp_path) as ada, peer(daemon, "p2-ben", tmp_path) as ben:
        assert (
            await said(ben, "set_summary", summary="builds the door") == 'Summary updated: "builds the door"'
        )
        listed = await said(ada, "list_peers", scope="directory")
        assert "Summary: builds the door" in listed
        ben_id = next(x for x in listed.split("\n\n") if "p2-ben" in x).splitlines()[0].removeprefix("ID: ")
        assert (await said(ada, "send_message", to_id=ben_id, message="one")).startswith(
            f"Message sent to peer {ben_id} (p2-ben"
        )
        await said(ada, "send_message", to_id="p2-ben", message="two")
        first = await said(ben, "check_messages")
        await said(ben, "send_message", to_id="p2-ada", message="three")
        second = await said(ben, "check_messages")
        assert first.startswith("2 message(s) (2 new):\n\n[NEW] [notice] From p2-ada@default p-")
        assert second.startswith("3 message(s) (0 new):")
        assert "[notice] To p2-ada - " in second
        assert "[peerline: 1 message waits: call check_messages]" in await said(
            ada, "list_peers", scope="repo"
        )


async def test_p5_an_agent_ends_neither_itself_nor_others(daemon: DaemonProcess, tmp_path: Path) -> None:
    async with peer(daemon, "p5-ada", tmp_path) as ada, peer(daemon, "p5-ben", tmp_path) as ben:
        await said(ben, "check_messages")
        assert (await said(ada, "kill_peer", peer_id="p5-ada")).startswith(
            "Failed to kill: you cannot kill yourself"
        )
        assert (await said(ada, "kill_peer", peer_id="p5-eve")).startswith("Failed to kill: Peer not found")
        refused = await said(ada, "kill_peer", peer_id="p5-ben")
        assert "was not started by you" in refused
        assert "peerline peer kill" in refused
        assert "No messages." in await said(ben, "check_messages")


@pytest.mark.parametrize(
    "how", [pytest.param("P5 by name", marks=pytest.mark.thorough), "P5 P10 P13 as an orphan"]
)
async def test_p5_the_owner_ends_an_agent_and_who_asked_it_is_told(house: House, how: str) -> None:
    await house.start()
    async with agent_at_terminal(house, hung_up="orphan" in how):
        asked = await house.daemon.client().ask(Question(to=["backend"], text="hold on"))
        listed = await house.cli("peer", "list", "--orphans", "--json")
        doctor = await house.cli("doctor", "--json")
        whom = ("--orphans",) if "orphan" in how else ("backend",)
        told = await house.at_terminal("peer", "kill", *whom)
        ended = (await house.why(asked["ask_id"]))["state"]
    found = [each["name"] for each in listed.json["peers"]]
    codes = {each["code"] for each in doctor.json["findings"]}
    assert (found, "orphan" in codes) == ((["backend"], True) if "orphan" in how else ([], False))
    assert (told.code, ended) == (0, "orphaned"), told.out
    assert "has ended; process" in told.out


@asynccontextmanager
async def agent_at_terminal(house: House, *, hung_up: bool) -> AsyncIterator[None]:
    """An agent with hooks at a terminal of its own, which may have been closed meanwhile."""
    near, far = pty.openpty()
    home = house.place / "backend"
    home.mkdir()
    FakeAgent(home)
    words = [sys.executable, "-I", str(AGENT), str(house.socket), str(home), "backend", "dev"]
    child = await asyncio.create_subprocess_exec(*words, stdin=far, stdout=asyncio.subprocess.PIPE)
    os.close(far)
    try:
        assert child.stdout
        assert await asyncio.wait_for(child.stdout.readline(), 30) == b"ready\n"
        if hung_up:
            os.close(near)
        yield
    finally:
        if child.returncode is None:
            child.kill()
        await child.wait()
        if not hung_up:
            os.close(near)


async def test_p6_a_client_that_is_not_pushed_to_is_told_to_look(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    async with (
        peer(daemon, "p6-ada", tmp_path) as theirs,
        peer(daemon, "p6-ben", tmp_path, "--tools=peerline") as ours,
    ):
        for client in (theirs, ours):
            assert client.instructions
            assert "call check_messages when a turn starts" in client.instructions
        assert {tool.name for tool in (await ours.list_tools()).tools} >= {"ask_peer", "whoami"}


async def test_p8_tcp_in_place_of_the_socket(daemon: DaemonProcess, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{daemon.port}"
    token = daemon.paths.token.read_text().strip()
    elsewhere = {"PEERLINE_URL": url, "PEERLINE_HOME": str(tmp_path)}
    by_variable = cli(daemon, "status", "--json", PEERLINE_TOKEN=token, **elsewhere)
    assert by_variable.code == 0, by_variable.err
    async with peer(daemon, "p8-ada", tmp_path, PEERLINE_URL=url) as ada:
        me = (await ada.call_tool("whoami", {})).structured_content or {}
        assert (me["name"], me["role"], me["backend"]) == ("p8-ada", "agent", "mcp")
    async with asyncio.timeout(30):  # until its shim's end is noticed
        while await _status_of(daemon, "p8-ada") != "offline":
            await asyncio.sleep(0.02)


async def _status_of(daemon: DaemonProcess, name: str) -> str:
    peers = (await daemon.client().peers(circle="*", show_offline=True))["peers"]
    return next(str(each["status"]) for each in peers if each["name"] == name)


def test_p8_tcp_is_refused_with_a_wrong_token_and_to_another_machine(daemon: DaemonProcess) -> None:
    url = f"http://127.0.0.1:{daemon.port}"
    wrong = cli(daemon, "status", PEERLINE_URL=url, PEERLINE_TOKEN="wrong")
    assert (wrong.code, "token is missing or wrong" in wrong.err) == (2, True)
    far = cli(daemon, "mcp", PEERLINE_URL="http://192.0.2.7:8377")
    assert (far.code, "127.0.0.1" in far.err) == (2, True)


def test_p10_status_and_what_cannot_be_sent(daemon: DaemonProcess) -> None:
    assert cli(daemon, "status").out.startswith("peerline ")
    refused = cli(daemon, "notify", "p10-nobody", "hi")
    assert (refused.code, "no peer" in refused.err) == (2, True)


async def test_p11_who_sends_from_the_command_line_is_unverified(
    daemon: DaemonProcess, tmp_path: Path
) -> None:
    async with peer(daemon, "p11-ada", tmp_path) as ada:
        await said(ada, "check_messages")
        assert cli(daemon, "notify", "p11-ada", "from a script").code == 0
        assert "From cli@default" in (told := await said(ada, "check_messages"))
        assert "(unverified)" in told


async def test_p12_size_and_rate_are_limited_and_say_so(daemon: DaemonProcess, tmp_path: Path) -> None:
    async with peer(daemon, "p12-ada", tmp_path) as ada, peer(daemon, "p12-ben", tmp_path) as ben:
        await said(ben, "check_messages")
        sent = [
            await said(ada, "send_message", to_id="p12-ben", message="x" * n)
            for n in (10_001, *[10_000] * 11)
        ]
    assert sent[0].startswith(
        "Failed to send: Message too large: the message has 10001 characters, "
        "limits.claude_peers_characters is 10000\n"
    )
    assert [each.startswith("Message sent") for each in sent[1:11]] == [True] * 10
    assert sent[11].startswith(
        "Failed to send: Rate limited: limits.claude_peers_per_minute is 10 a minute\ntry again"
    )


@pytest.mark.thorough
async def test_p13_p19_an_idle_daemon_ends_if_that_is_wished_and_comes_back(
    house: House, tmp_path: Path
) -> None:
    wish = {"PEERLINE_DAEMON__IDLE_EXIT_S": "0.4"}
    await house.start(**wish)
    async with peer(house.daemon, "p19", tmp_path) as ada:
        await said(ada, "check_messages")
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(house.daemon.process.wait, 1.5), 1.2)
    assert await house.daemon.ended() == 0
    assert not house.socket.exists()
    await house.start()
    assert (await house.cli("peer", "list")).code == 0


@pytest.mark.thorough
@pytest.mark.parametrize("mode", ["read-only", "workspace-write"])
def test_p20_in_the_sandbox_of_codex_it_says_why_not(
    daemon: DaemonProcess, tmp_path: Path, mode: str
) -> None:
    env = environment(daemon.paths.home) | {"HOME": str(tmp_path)}
    sandbox = [str(codex_binary()), "sandbox", "-c", f'sandbox_mode="{mode}"', "--", *COMMAND]
    told = subprocess.run(
        [*sandbox, "status"], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    asked = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    shim = subprocess.run(
        [*sandbox, "mcp"], env=env, cwd=tmp_path, input=asked, capture_output=True, text=True, check=False
    )
    assert told.returncode == 3, told.stderr
    assert "use the MCP tools of peerline instead" in told.stderr
    assert "a sandbox forbids the socket" in json.loads(shim.stdout)["error"]["message"]


@pytest.mark.thorough
async def test_p6_an_agent_that_hooks_serve_is_told_that_it_need_not_look(
    line: House, model: ModelApi
) -> None:
    """Its MCP servers may be begun before its first hook: then what is known of its kind decides."""
    told = []
    for name in ("first", "second"):
        folder = line.place / name
        folder.mkdir()
        before = len(model.requests)
        async with ClaudeCode(line.user, folder, model.url, f"parity-{os.getpid()}", "dev") as agent:
            await line.joined(name)
            for words in ("hello", "and again"):  # its servers may not be there before the first prompt
                await agent.type(words)
                await agent.until_shown(f"stub: {words}")
        told.append(json.dumps(model.requests[before:]))
    told = [each[each.find("Messages come") :][:160] for each in told]
    assert told[0].startswith("Messages come to you by themselves")
    assert "no need to look for them" in told[1]
