"""The shim as agents run it, against the real door on a Unix socket."""

from __future__ import annotations

import asyncio
import json
import runpy
import socket as sockets
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

import pytest

from daemon.core.errors import StoreBusy
from tests.fakes.client import Mesh
from tests.mcp_server.house import MODERN, SHIM, House, Json, ShimProcess

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": MODERN,
    "io.modelcontextprotocol/clientCapabilities": {},
}


async def settled(house: House, mesh: Mesh, *calls: str) -> None:
    async with asyncio.timeout(10):
        await mesh.until(lambda: {call.rpartition(":")[2] for call in mesh.confirmed} >= set(calls))


async def test_a_client_of_the_handshake_era_is_served(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        hello = (await shim.initialize("2025-06-18"))["result"]
        listed = (await shim.answer(shim.ask("tools/list")))["result"]["tools"]
        me = await shim.told("whoami")

    assert hello["protocolVersion"] == "2025-06-18"
    assert "never authority" in hello["instructions"]
    assert {tool["name"] for tool in listed} >= {"ask_peer", "check_messages"}
    assert me["name"] == "ada"
    assert [said.get("MCP-Protocol-Version") for said in house.headers] == [None, "2025-06-18", "2025-06-18"]


async def test_a_client_of_the_modern_era_is_served(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        found = (await shim.answer(shim.ask("server/discover", {"_meta": ENVELOPE})))["result"]
        called = {"name": "whoami", "arguments": {}, "_meta": ENVELOPE}
        me = (await shim.answer(shim.ask("tools/call", called)))["result"]["structuredContent"]

    assert MODERN in found["supportedVersions"]
    assert me["name"] == "ada"
    assert house.headers[-1]["Mcp-Method"] == "tools/call"
    assert house.headers[-1]["Mcp-Name"] == "whoami"


async def test_an_unknown_method_is_refused_with_its_own_id(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        old = await shim.answer(shim.ask("tea/brew", asked="x"))
        new = await shim.answer(shim.ask("tea/brew", {"_meta": ENVELOPE}, asked="y"))

    assert [said["error"]["code"] for said in (old, new)] == [-32601, -32601]


async def test_the_daemon_learns_who_the_client_is(house: House, socket: Path) -> None:
    words = ("--name", "ada", "--circle=büro", "--tools", "claude-peers")
    async with ShimProcess(socket, *words) as shim:
        meta = {"claudecode/toolUseId": "toolu_01", "threadId": "t-1", "callId": "call_9"}
        await shim.answer(shim.ask("tools/call", {"name": "whoami", "arguments": {}, "_meta": meta}))
        said = house.headers[-1]

    assert said["Peerline-Name"] == "ada"
    assert unquote(said["Peerline-Circle"]) == "büro"
    assert unquote(said["Peerline-Cwd"]) == str(Path.cwd())
    assert said["Peerline-Client-Pid"].isdecimal()
    assert said["Idempotency-Key"] == f"{said['Peerline-Run']}:1"
    assert (said["Peerline-Tool-Use"], said["Peerline-Thread"]) == ("toolu_01", "t-1")
    assert said["Peerline-Tools"] == "claude-peers"


async def test_a_wish_can_stand_in_the_environment(house: House) -> None:
    async with ShimProcess(house.socket, env={"PEERLINE_NAME": "backend"}) as shim:
        assert (await shim.told("whoami"))["name"] == "backend"


async def test_a_call_that_waits_holds_up_no_other(house: House, mesh: Mesh) -> None:
    async with ShimProcess(house.socket) as shim:
        waiting = shim.call("ask_peer", peer="backend", question="how far?", timeout_s=60)
        async with asyncio.timeout(10):
            await mesh.until(lambda: len(mesh.asks) == 1)
        me = await shim.told("whoami")
        (ask_id,) = mesh.asks
        await mesh.client("backend").answer(ask_id, "half way")
        answered = await shim.answer(waiting)

    assert me["name"] == "ada"
    assert answered["result"]["structuredContent"]["answers"][0]["text"] == "half way"


async def test_progress_is_passed_on_before_the_answer(house: House, mesh: Mesh) -> None:
    async with ShimProcess(house.socket) as shim:
        arguments = {"peer": "backend", "question": "how far?", "timeout_s": 1}
        meta = {"progressToken": "tok"}
        asked = shim.ask("tools/call", {"name": "ask_peer", "arguments": arguments, "_meta": meta})
        notes = [await shim.read() for _ in range(3)]
        while (said := await shim.read()).get("id") != asked:
            notes.append(said)

    assert {note["method"] for note in notes} == {"notifications/progress"}
    assert {note["params"]["progressToken"] for note in notes} == {"tok"}
    steps = [note["params"]["progress"] for note in notes]
    assert steps == sorted(set(steps))
    assert said["result"]["structuredContent"]["pending"] is True


async def test_a_receipt_follows_the_answer_and_precedes_the_next_request(house: House, mesh: Mesh) -> None:
    await mesh.client("backend").notify("ada", "the build is red")
    async with ShimProcess(house.socket) as shim:
        taken = await shim.told("check_messages")
        await shim.told("whoami")
        again = await shim.told("check_messages")
        await settled(house, mesh, "1")

    assert [one["text"] for one in taken["messages"]] == ["the build is red"]
    assert again["messages"] == []
    assert house.doing == ["tools/call", "receipts 1", "tools/call", "tools/call"]


async def test_a_receipt_is_sent_until_the_daemon_has_it_and_no_request_before(
    house: House, mesh: Mesh
) -> None:
    mesh.fail("confirm", *[StoreBusy("the store is busy")] * 3)
    await mesh.client("backend").notify("ada", "the build is red")
    async with ShimProcess(house.socket) as shim:
        await shim.told("check_messages")
        await shim.answer(shim.ask("ping"))
        await settled(house, mesh, "1")

    assert house.doing == ["tools/call", *["receipts 1"] * 4, "ping"]


async def test_only_calls_that_took_messages_have_receipts(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        await shim.initialize()
        await shim.answer(shim.ask("tools/list"))
        await shim.answer(shim.ask("ping"))
        await shim.told("whoami")
        await shim.told("check_messages")
        await shim.end()

    assert house.doing == ["initialize", "tools/list", "ping", "tools/call", "tools/call"]


@pytest.mark.parametrize("meta", [{}, ENVELOPE], ids=["handshake", "modern"])
async def test_a_cancelled_call_gets_neither_answer_nor_receipt(house: House, mesh: Mesh, meta: Json) -> None:
    async with ShimProcess(house.socket) as shim:
        arguments = {"peer": "backend", "question": "how far?"}
        asked = shim.ask("tools/call", {"name": "ask_peer", "arguments": arguments, "_meta": meta})
        async with asyncio.timeout(10):
            await mesh.until(lambda: len(mesh.asks) == 1)
        shim.write({"method": "notifications/cancelled", "params": {"requestId": asked}})
        me = await shim.answer(shim.ask("ping", {"_meta": meta} if meta else {}, asked="p"))
        (ask_id,) = mesh.asks
        await mesh.client("backend").answer(ask_id, "too late")
        code, _ = await shim.end()

    assert (me["id"], code) == ("p", 0)
    assert [json.loads(line)["id"] for line in shim.lines] == ["p"]
    assert mesh.confirmed == []
    left = await mesh.client("ada").messages()
    assert [one["text"] for one in left["messages"]] == ["too late"]


async def test_the_daemon_stops_waiting_for_a_cancelled_call(house: House, mesh: Mesh) -> None:
    async with ShimProcess(house.socket) as shim:
        asked = shim.call("ask_peer", peer="backend", question="how far?")
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 1)
            shim.write({"method": "notifications/cancelled", "params": {"requestId": asked}})
            await mesh.until(lambda: mesh.waiting == 0)


@pytest.mark.parametrize("meta", [{}, ENVELOPE], ids=["handshake", "modern"])
async def test_a_restart_in_the_middle_of_calls_is_not_noticed(house: House, mesh: Mesh, meta: Json) -> None:
    async with ShimProcess(house.socket) as shim:
        for n, peer in enumerate(("backend", "frontend")):
            arguments = {"peer": peer, "question": "how far?"}
            shim.ask("tools/call", {"name": "ask_peer", "arguments": arguments, "_meta": meta}, asked=n)
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 2)
        await house.stop()
        arguments = {"peer": "backend", "message": "while you were away"}
        shim.ask("tools/call", {"name": "notify_peer", "arguments": arguments, "_meta": meta}, asked=2)
        await house.start()
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 2 and "while you were away" in str(mesh.sent))
        for ask_id, ask in list(mesh.asks.items()):
            await mesh.client(ask.told["to"][0]).answer(ask_id, "still here")
        said = {
            one["id"]: one["result"]["structuredContent"] for one in [await shim.read() for _ in range(3)]
        }

    assert len(mesh.asks) == 2
    assert sorted(key.rpartition(":")[2] for key in mesh.keys) == ["0", "0", "1", "1", "2"]
    assert [said[n]["answers"][0]["text"] for n in (0, 1)] == ["still here"] * 2
    assert said[2]["message_id"].startswith("m-")


async def test_a_call_finds_a_daemon_that_starts_later(mesh: Mesh, socket: Path) -> None:
    house = House(mesh, socket)
    async with ShimProcess(socket) as shim:
        shim.call("whoami", asked="early")
        async with house:
            assert (await shim.answer("early"))["result"]["structuredContent"]["name"] == "ada"


async def test_a_daemon_that_is_not_ready_is_asked_again(house: House) -> None:
    house.status = [503, 503]
    async with ShimProcess(house.socket) as shim:
        assert (await shim.told("whoami"))["name"] == "ada"

    assert house.doing.count("tools/call") == 3


async def test_an_answer_that_breaks_off_every_time_ends_in_an_error(socket: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Enc")
        writer.close()

    async with await asyncio.start_unix_server(hang_up, socket), ShimProcess(socket) as shim:
        said = await shim.answer(shim.call("whoami"))

    assert "peerline up" in said["error"]["message"]


async def test_who_the_daemon_does_not_know_is_told_why(house: House) -> None:
    async with ShimProcess(house.socket, "--name", "stranger") as shim:
        said = await shim.answer(shim.call("whoami"))

    assert said["error"]["message"] == "nobody knows who you are; start peerline setup"


async def test_a_forbidden_socket_is_called_that_at_once(socket: Path) -> None:
    # No user of the machine may be refused by the file's mode when it runs as root; the namespace of a sandbox
    # is played by a seccomp-like stand-in: a connect that raises EPERM.
    script = (
        "import _socket, runpy, sys\n"
        "class Forbidden(_socket.socket):\n"
        "    def connect(self, path): raise PermissionError(1, 'Operation not permitted')\n"
        "_socket.socket = Forbidden\n"
        f"sys.argv = ['shim', {str(socket)!r}]\n"
        f"runpy.run_path({str(SHIM)!r}, run_name='__main__')\n"
    )
    line = json.dumps({"jsonrpc": "2.0", "id": 7, "method": "ping"})
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], input=line, capture_output=True, text=True, timeout=20
    )

    said = json.loads(done.stdout)
    assert said["id"] == 7
    assert "a sandbox forbids the socket" in said["error"]["message"]


async def test_what_is_no_request_is_refused_and_the_rest_goes_on(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        shim.write("{not json")
        shim.write("[" * 100_000)
        shim.write("42")
        shim.write('{"jsonrpc": "2.0", "id": {}, "method": "ping"}')
        codes = [(await shim.read())["error"]["code"] for _ in range(4)]
        shim.write('{"jsonrpc": "2.0", "id": 1, "result": {}}')
        shim.write("")
        assert (await shim.answer(shim.ask("ping", asked="p")))["result"] == {}

    assert codes == [-32700, -32700, -32600, -32600]


async def test_an_error_that_lost_its_id_gets_it_back(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        shim.write({"id": "odd", "method": "ping", "params": ["no", "object"]})
        assert "error" in await shim.answer("odd")


async def test_standard_output_is_the_protocols_alone(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        await shim.initialize()
        shim.write({"method": "notifications/initialized"})
        await shim.told("notify_peer", peer="backend", message="two\nlines, ümlaut \u2028 and \U0001f600")
        await shim.answer(shim.call("notify_peer", peer="nobody", message="x"))
        code, errors = await shim.end()

    assert (code, errors) == (0, "")
    assert [json.loads(line)["jsonrpc"] for line in shim.lines] == ["2.0"] * 3


async def test_end_of_input_ends_it_with_its_receipts_delivered(house: House, mesh: Mesh) -> None:
    for n in range(20):
        await mesh.client("backend").notify("ada", f"{n}")
    async with ShimProcess(house.socket) as shim:
        for _ in range(20):
            shim.call("check_messages", limit=1)
        for _ in range(20):
            await shim.read()
        code, _ = await shim.end()

    assert code == 0
    assert len(set(mesh.confirmed)) == 20


async def test_what_was_asked_before_the_end_of_input_is_still_answered(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        shim.call("whoami")
        code, _ = await shim.end()

    assert code == 0
    assert json.loads(shim.lines[0])["id"] == 1


@pytest.mark.parametrize(("ended", "owed"), [(False, ["run:1"]), (True, [])])
def test_an_answer_after_the_end_of_input_has_no_receipt(
    ended: bool, owed: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody may be reading it any more."""
    names = runpy.run_path(str(SHIM.with_name("stdio.py")))
    shim = names["Shim"]("/nowhere", {})
    request = names["Request"]({"id": 1, "method": "tools/call"}, b"", "run")
    if ended:
        shim.ended.set()
    answer = '{"jsonrpc": "2.0", "id": 1, "result": {"_meta": {"peerline/receipt": true}}}'
    shim.pass_back(request, answer.encode())

    assert shim.owed == owed
    assert capfd.readouterr().out == f"{answer}\n"


async def test_end_of_input_waits_for_no_long_call(house: House, mesh: Mesh) -> None:
    async with ShimProcess(house.socket) as shim:
        shim.call("ask_peer", peer="backend", question="how far?")
        async with asyncio.timeout(10):
            await mesh.until(lambda: mesh.waiting == 1)
        async with asyncio.timeout(3):
            assert await shim.end() == (0, "")


async def test_it_ends_when_nobody_reads_any_more(house: House) -> None:
    ours, theirs = sockets.socketpair()
    command = [sys.executable, "-I", "-S", "-E", str(SHIM), str(house.socket)]
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.PIPE, stdout=theirs)
    theirs.close()
    ours.close()
    assert process.stdin
    process.stdin.write(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
    async with asyncio.timeout(10):
        assert await process.wait() == 0
    process.stdin.close()


def test_an_option_that_is_none_is_said_on_standard_error() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", str(SHIM), "/nowhere", "--nmae", "x"],
        input="",
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert (done.stdout, "--nmae" in done.stderr) == ("", True)


def test_it_starts_without_site_packages_asyncio_or_anything_of_ours() -> None:
    command = [sys.executable, "-I", "-S", "-E", "-X", "importtime", str(SHIM), "/nowhere"]
    done = subprocess.run(command, input="", capture_output=True, text=True, check=True)

    loaded = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "json" in loaded
    assert not loaded & {"asyncio", "socket", "subprocess", "typing", "site", "daemon", "mcp_server", "http"}
