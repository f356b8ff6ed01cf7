"""OpenCode's plugin tells what happens, makes prompts of what waits, and holds nothing up: run as it is, in Node."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import pytest

from daemon import spool
from hooks.entries import HomePaths
from hooks.parts import PLUGIN, plugin
from tests.agents.recording import RECORDED

Json = dict[str, Any]
Answer = tuple[int, Json | str, bool]  # status, body, whether it wakes
STAGE = Path(__file__).with_name("plugin_stage.mjs")
PATIENCE_S = 20.0
SESSION = "ses_dfecd9e0effet5gwznR3TsDAef"
PROMPT = "msg_2013265000019uEs7nBU7Qs1jS"
NOTHING: Answer = (200, "", False)


def recorded(event: str) -> Json:
    payload: Json = json.loads((RECORDED / "opencode" / f"{event}.json").read_text())["payload"]
    return payload


class Daemon:
    """Hears what the plugin tells; a wait for something to do lasts until ``wakes`` has it."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Json]] = []
        self.heads: list[str] = []
        self.answers: dict[str, Answer] = {}
        self.wakes: asyncio.Queue[str] = asyncio.Queue()
        self.left: list[str] = []
        self.silent: set[str] = set()

    @asynccontextmanager
    async def at(self, path: Path) -> AsyncIterator[Self]:
        server = await asyncio.start_unix_server(self._serve, path)
        try:
            yield self
        finally:
            server.close()

    def of(self, event: str) -> list[Json]:
        return [payload for name, payload in self.told if name == event]

    async def until(self, condition: Callable[[], object]) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not condition():
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"not so; told was {json.dumps(self.told, indent=1)}")

    async def hears(self, event: str) -> Json:
        await self.until(lambda: self.of(event))
        return self.of(event)[-1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        payload = json.loads(await reader.readexactly(size))
        event = head.split(" ")[1].removeprefix("/v1/hooks/opencode/")
        self.heads.append(head)
        self.told.append((event, payload))
        status, body, wakes = await self._answer(event, reader)
        text = body if isinstance(body, str) else json.dumps(body)
        wake = "Peerline-Wake: 1\r\n" if wakes else ""
        writer.write(
            f"HTTP/1.0 {status} x\r\n{wake}Content-Length: {len(text.encode())}\r\n\r\n{text}".encode()
        )
        writer.close()

    async def _answer(self, event: str, reader: asyncio.StreamReader) -> Answer:
        if event in self.silent:
            await reader.read()
            self.left.append(event)
        if event != "Wake":
            return self.answers.get(event, NOTHING)
        woken: list[str] = []
        async with asyncio.TaskGroup() as first:

            async def wake() -> None:
                woken.append(await self.wakes.get())
                leaving.cancel()

            async def leave() -> None:
                await reader.read()
                waking.cancel()

            waking, leaving = first.create_task(wake()), first.create_task(leave())
        if woken:
            return 200, woken[0], True
        self.left.append(event)
        return NOTHING


class Stage:
    """OpenCode, as the plugin sees it."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self.seen: list[Json] = []

    async def listen(self) -> None:
        assert self._child.stdout
        async for text in self._child.stdout:
            self.seen.append(json.loads(text))

    def play(self, **line: Any) -> None:
        assert self._child.stdin
        self._child.stdin.write(json.dumps(line).encode() + b"\n")

    def happens(self, event: Json, stage: int = 0) -> None:
        self.play(hook="event", input={"event": event}, stage=stage)

    async def prompted(
        self, text: str = "look around", prompt: str = PROMPT, session: str = SESSION, *, waits: bool = True
    ) -> None:
        before = len(self.did("done"))
        told = recorded("chat.message")
        told["input"]["sessionID"], told["output"]["message"]["id"] = session, prompt
        told["output"]["parts"][0]["text"] = text
        self.play(hook="chat.message", **told)
        if waits:
            await self.does("done", before + 1)

    def calls(self, session: str = SESSION) -> None:
        told = recorded("tool.execute.before")
        told["input"]["sessionID"] = session
        self.play(hook="tool.execute.before", **told)

    async def does(self, what: str, times: int = 1) -> Json:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while len(done := [each for each in self.seen if each["what"] == what]) < times:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pytest.fail(f"it did not {what}; it did {json.dumps(self.seen, indent=1)}")
        return done[-1]

    def did(self, what: str) -> list[Json]:
        return [each for each in self.seen if each["what"] == what]


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    paths = HomePaths.of({"HOME": str(tmp_path)})
    paths.socket.parent.mkdir(parents=True)
    return paths


@pytest.fixture
async def daemon(home: HomePaths) -> AsyncIterator[Daemon]:
    async with Daemon().at(home.socket) as daemon:
        yield daemon


@asynccontextmanager
async def staged(home: HomePaths, *words: str) -> AsyncIterator[Stage]:
    node = shutil.which("node")
    if node is None:
        message = "needs node"
        pytest.fail(message) if os.environ.get("PEERLINE_REQUIRE_AGENTS") == "1" else pytest.skip(message)
    file = home.home / "peerline.mjs"
    file.write_text(plugin(PLUGIN, home))
    child = await asyncio.create_subprocess_exec(
        *(node, str(STAGE), *words),
        env={"PLUGIN": str(file), "HOME": str(home.home), "TMUX_PANE": "%5", "OTHER": "secret"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    stage = Stage(child)
    async with asyncio.TaskGroup() as listening:
        listening.create_task(stage.listen())
        try:
            await stage.does("ready")
            yield stage
        finally:
            child.kill()
            await child.wait()


@pytest.fixture
async def stage(home: HomePaths, daemon: Daemon) -> AsyncIterator[Stage]:
    async with staged(home) as stage:
        yield stage


def said(text: str, *, finish: str = "stop", error: str = "", prompt: str = PROMPT) -> Json:
    info = {"role": "assistant", "parentID": prompt, "finish": finish}
    more = {"error": {"name": error}} if error else {}
    return {"info": {**info, **more}, "parts": [{"type": "text", "text": text}, {"type": "step-finish"}]}


def idle(session: str = SESSION) -> Json:
    return {"type": "session.idle", "properties": {"sessionID": session}}


# -- what is told ----------------------------------------------------------------------------------------


async def test_it_is_there_before_the_first_prompt_and_waits_for_something_to_do(
    daemon: Daemon, stage: Stage
) -> None:
    here = await daemon.hears("here")
    assert here["session_id"].startswith("opencode-")
    assert (here["cwd"], here["turn"]) == ("/home/ada/project", "pending_first_turn")
    assert (await daemon.hears("Wake"))["session_id"] == here["session_id"]


async def test_the_daemon_is_told_the_pane_and_nothing_else_of_the_environment(
    daemon: Daemon, stage: Stage
) -> None:
    await daemon.hears("here")
    [head, *_] = daemon.heads
    assert "Peerline-Env-TMUX-PANE: %255\r\n" in head
    assert "secret" not in head
    assert f"Peerline-Pid: {stage._child.pid}\r\n" in head


async def test_a_prompt_is_told_with_its_text_and_which_session_follows_which(
    daemon: Daemon, stage: Stage
) -> None:
    fresh = await daemon.hears("here")
    await stage.prompted("look around")
    told = await daemon.hears("chat.message")
    assert (told["session_id"], told["before"]) == (SESSION, fresh["session_id"])
    assert (told["prompt"], told["prompt_id"]) == ("look around", PROMPT)
    stage.calls()
    assert "before" not in await daemon.hears("tool.execute.before")


async def test_a_turn_ends_with_its_last_words(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted()
    stage.play(world={"messages": {SESSION: [said("I look", finish="tool-calls"), said("all is well")]}})
    stage.happens(idle())
    ended = await daemon.hears("session.idle")
    assert (ended["last_assistant_message"], ended["prompt_id"], ended["error"]) == (
        "all is well",
        PROMPT,
        "",
    )


async def test_words_before_a_call_are_no_last_words(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted()
    stage.play(world={"messages": {SESSION: [said("I look", finish="tool-calls")]}})
    stage.happens(idle())
    assert (await daemon.hears("session.idle"))["last_assistant_message"] == ""


async def test_a_turn_that_was_broken_off_names_the_error_and_says_nothing(
    daemon: Daemon, stage: Stage
) -> None:
    await stage.prompted()
    stage.play(world={"messages": {SESSION: [said("half a", error="MessageAbortedError")]}})
    stage.happens(recorded("session.error"))
    stage.happens(idle())
    stage.happens(idle())
    ended = await daemon.hears("session.idle")
    assert (ended["error"], ended["last_assistant_message"]) == ("MessageAbortedError", "")
    await stage.prompted("again", "msg_3")
    await daemon.until(lambda: len(daemon.of("chat.message")) == 2)
    assert len(daemon.of("session.idle")) == 1


async def test_the_end_of_the_turn_before_does_not_end_this_one(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted("first", "msg_1")
    stage.play(
        world={"messages": {SESSION: [said("one", prompt="msg_1")]}, "status": {SESSION: {"type": "busy"}}}
    )
    stage.happens(idle())
    await daemon.hears("session.idle")
    await stage.prompted("second", "msg_2")
    stage.happens(idle())
    stage.calls()
    await daemon.hears("tool.execute.before")
    assert [each["prompt_id"] for each in daemon.of("session.idle")] == ["msg_1"]


async def test_a_prompt_that_a_person_queues_behind_an_ask_does_not_take_its_answer(
    daemon: Daemon, stage: Stage
) -> None:
    await stage.prompted("asked", "msg_1")
    await stage.prompted("queued", "msg_2")
    both = [said("to the ask", prompt="msg_1"), said("to the person", prompt="msg_2")]
    stage.play(world={"messages": {SESSION: both}})
    stage.happens(idle())
    ended = await daemon.hears("session.idle")
    assert (ended["last_assistant_message"], ended["prompt_id"]) == ("to the ask", "msg_1")


async def test_a_subagents_turn_is_nobodys_and_its_calls_are_marked(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted()
    stage.play(world={"parents": {"ses_child": SESSION}})
    await stage.prompted("sub task", "msg_9", "ses_child")
    stage.calls("ses_child")
    told = await daemon.hears("tool.execute.before")
    assert (told["session_id"], told["subagent"]) == (SESSION, "ses_child")
    stage.happens(idle("ses_child"))
    await stage.does("done", 4)
    assert [each["prompt"] for each in daemon.of("chat.message")] == ["look around"]
    assert daemon.of("session.idle") == []


async def test_where_no_person_is_nothing_waits(home: HomePaths, daemon: Daemon) -> None:
    async with staged(home, "run", "hello") as stage:
        await stage.prompted()
        told = await daemon.hears("chat.message")
        assert (told["screen"], "before" in told) == (False, False)
        assert (daemon.of("here"), daemon.of("Wake")) == ([], [])


async def test_the_session_that_it_was_told_to_take_up_is_known_before_a_prompt(
    home: HomePaths, daemon: Daemon
) -> None:
    async with staged(home, "--session", SESSION):
        here = await daemon.hears("here")
    assert (here["session_id"], here["turn"]) == (SESSION, "idle")


async def test_of_two_in_one_process_the_later_speaks(daemon: Daemon, stage: Stage) -> None:
    stage.play(again=True)
    await stage.prompted()
    told = recorded("chat.message")
    stage.play(hook="chat.message", stage=1, **told)
    await stage.does("done", 2)
    assert len(daemon.of("chat.message")) == 1


# -- what it is told to do -------------------------------------------------------------------------------


async def test_what_waits_becomes_a_prompt_of_the_same_agent_and_model(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted()
    await daemon.until(lambda: daemon.of("Wake") and daemon.of("Wake")[-1]["session_id"] == SESSION)
    daemon.wakes.put_nowait("[peerline ask …]")
    given = (await stage.does("promptAsync"))["given"]
    assert given["path"] == {"id": SESSION}
    assert given["body"] == {
        "agent": "build",
        "model": {"providerID": "stub", "modelID": "m"},
        "parts": [{"type": "text", "text": "[peerline ask …]"}],
    }


async def test_without_a_session_one_is_made_and_shown_and_what_waits_comes_to_that_one(
    daemon: Daemon, stage: Stage
) -> None:
    fresh = await daemon.hears("Wake")
    daemon.wakes.put_nowait("said to nobody yet")
    await stage.does("create")
    shown = (await stage.does("publish"))["given"]["body"]
    assert shown == {"type": "tui.session.select", "properties": {"sessionID": "ses_made"}}
    await daemon.until(lambda: daemon.of("Wake")[-1]["session_id"] == "ses_made")
    assert daemon.of("here")[-1]["before"] == fresh["session_id"]
    assert stage.did("promptAsync") == []
    daemon.wakes.put_nowait("said to nobody yet")
    assert (await stage.does("promptAsync"))["given"]["path"] == {"id": "ses_made"}


async def test_a_call_that_is_refused_is_not_made(daemon: Daemon, stage: Stage) -> None:
    daemon.answers["tool.execute.before"] = (200, {"refuse": "stopped by ada"}, False)
    await stage.prompted()
    stage.calls()
    assert (await stage.does("threw"))["message"] == "stopped by ada"


async def test_what_goes_with_a_prompt_is_a_part_of_its_own(daemon: Daemon, stage: Stage) -> None:
    daemon.answers["chat.message"] = (200, {"add": "for your information"}, False)
    await stage.prompted()
    first, added = (await stage.does("done"))["output"]["parts"]
    assert (first["text"], added["text"]) == ("look around", "for your information")
    assert added["id"] > first["id"]
    assert added["synthetic"] is True


@pytest.mark.parametrize(
    ("result", "after"),
    [
        ({"output": "files"}, {"output": "files\n\nnews"}),
        ({"content": []}, {"content": [{"type": "text", "text": "news"}]}),
    ],
)
async def test_notices_go_with_a_tools_result(
    daemon: Daemon, stage: Stage, result: Json, after: Json
) -> None:
    daemon.answers["tool.execute.after"] = (200, {"add": "news"}, False)
    await stage.prompted()
    stage.play(hook="tool.execute.after", input=recorded("tool.execute.after")["input"], output=result)
    assert (await stage.does("done", 2))["output"] == after
    assert (await daemon.hears("tool.execute.after"))["carries"] is True


async def test_a_result_that_can_carry_nothing_says_so(daemon: Daemon, stage: Stage) -> None:
    await stage.prompted()
    stage.play(hook="tool.execute.after", input=recorded("tool.execute.after")["input"], output=None)
    assert (await daemon.hears("tool.execute.after"))["carries"] is False


@pytest.mark.parametrize("reply", ["once", "always"])
async def test_a_decision_answers_the_dialog(daemon: Daemon, stage: Stage, reply: str) -> None:
    daemon.answers["permission.asked"] = (200, {"reply": reply}, False)
    await stage.prompted()
    asked = recorded("permission.asked")
    stage.happens(asked)
    given = (await stage.does("permission"))["given"]
    assert given == {
        "path": {"id": SESSION, "permissionID": asked["properties"]["id"]},
        "body": {"response": reply},
    }


async def test_a_rejection_with_words_brings_the_words(daemon: Daemon, stage: Stage) -> None:
    daemon.answers["permission.asked"] = (200, {"reply": "reject", "message": "not today"}, False)
    await stage.prompted()
    stage.happens(recorded("permission.asked"))
    given = (await stage.does("post"))["given"]
    assert given["url"] == "/permission/{requestID}/reply"
    assert given["body"] == {"reply": "reject", "message": "not today"}


async def test_what_is_decided_at_opencode_is_told_and_nobody_waits_any_more(
    daemon: Daemon, stage: Stage
) -> None:
    daemon.silent.add("permission.asked")
    await stage.prompted()
    asked = recorded("permission.asked")
    stage.happens(asked)
    await daemon.hears("permission.asked")
    stage.happens(recorded("permission.replied"))
    told = await daemon.hears("permission.replied")
    assert told["asked"] == asked["properties"]
    await daemon.until(lambda: "permission.asked" in daemon.left)
    assert stage.did("permission") == []


async def test_an_answer_to_a_question_is_given_by_its_labels(daemon: Daemon, stage: Stage) -> None:
    daemon.answers["question.asked"] = (200, {"reply": "answer", "answers": [["blue"]]}, False)
    await stage.prompted()
    stage.happens(
        {"type": "question.asked", "properties": {"id": "que_1", "sessionID": SESSION, "questions": []}}
    )
    given = (await stage.does("post"))["given"]
    assert (given["url"], given["path"]) == ("/question/{requestID}/reply", {"requestID": "que_1"})
    assert given["body"] == {"answers": [["blue"]]}


# -- without a daemon, or with one that is silent --------------------------------------------------------


async def test_a_silent_daemon_holds_up_a_call_for_no_longer_than_a_second(
    daemon: Daemon, stage: Stage
) -> None:
    await daemon.hears("Wake")
    daemon.silent |= {"chat.message", "tool.execute.before"}
    await stage.prompted(waits=False)
    stage.calls()
    assert (await stage.does("done", 2))["took"] < 1500


async def test_what_no_daemon_hears_waits_in_its_spool(home: HomePaths) -> None:
    async with staged(home) as stage:
        await stage.prompted("say it with ümlauts")
        stage.play(world={"messages": {SESSION: [said("done")]}})
        await stage.does("done")
        stage.happens(idle())
        folder = home.peerline_home / "spool"
        async with asyncio.timeout(PATIENCE_S):
            while len(found := list(spool.records(folder))) < 2:
                await asyncio.sleep(0.01)
    assert [(each.agent, each.event) for each in found] == [
        ("opencode", "chat.message"),
        ("opencode", "session.idle"),
    ]
    assert json.loads(found[0].body)["prompt"] == "say it with ümlauts"
    assert (folder.stat().st_mode & 0o777, found[0].path.stat().st_mode & 0o777) == (0o700, 0o600)


async def test_a_daemon_that_comes_later_is_found(home: HomePaths) -> None:
    async with staged(home), Daemon().at(home.socket) as daemon:
        await daemon.hears("Wake")


async def test_a_home_that_was_removed_stays_removed(home: HomePaths) -> None:
    async with staged(home) as stage:
        home.socket.parent.rmdir()
        home.peerline_home.rmdir()
        await stage.prompted()
        await stage.does("done")
    assert not home.peerline_home.exists()
