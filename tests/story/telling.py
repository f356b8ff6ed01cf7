"""One telling of the story: from the task on the phone to the report on it, and what is so afterwards.

Rule: what is looked at is what somebody outside sees: the phone's screen, ``--json`` of commands, git, tmux.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from daemon.core.errors import Unavailable
from tests.emulators.telegram import Message
from tests.scenarios.house import LOOK_S
from tests.story.stage import PATIENCE_S, Stage, left, run, surroundings

BRANCH, WORDS, FILE = "greeting", "hello there", "GREETING.txt"
TASK = (
    'TASK greeting: have the words "{words}" written into {file} of {folder}, on branch {branch} in a worktree of its '
    "own, by a claude-code; a codex of profile reviewing reviews it. Report to me here."
)
ASKS = 5  # from the phone, two jobs, the question to both, the review
AGAIN = "may have come before"  # how a message is marked that is repeated after a doubt


async def the_story(on: Stage, *, dies_after: float | None = None) -> float:
    """Tell it; seconds from the task to the report. ``dies_after``: seconds until the daemon is killed."""
    await coordinator(on)
    begun = asyncio.get_running_loop().time()
    async with asyncio.TaskGroup() as meanwhile:
        tapping = meanwhile.create_task(on.allows())
        dying = meanwhile.create_task(dies(on, dies_after)) if dies_after is not None else None
        task = TASK.format(words=WORDS, file=FILE, folder=on.project, branch=BRANCH)
        on.ada.says(task)
        await until(on, "the phone shows the report", lambda: reported(on))
        took = asyncio.get_running_loop().time() - begun
        if dying:
            await dying
        await until(on, "everybody rests", lambda: rests(on))
        tapping.cancel()
    return took


async def coordinator(on: Stage) -> None:
    """The owner has one started at their terminal."""
    for words in (("init",), ("start", "--backend", "claude-code", "--name", "lead")):
        told = await on.house.at_terminal("orchestrator", *words)
        assert told.code == 0, told

    async def is_there() -> bool:
        lead = await on.peer("lead")
        return (lead.get("role"), lead.get("turn_state")) == ("orchestrator", "idle")

    await until(on, "the coordinator is there", is_there)


async def dies(on: Stage, seconds: float) -> None:
    """Kill the daemon at that moment, whatever it does, and start another."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await asyncio.Event().wait()
    await on.house.daemon.kill9()
    await on.begin()


async def reported(on: Stage) -> bool:
    return any(f"REPORT {BRANCH}" in message.text for message in on.ada.heard())


async def rests(on: Stage) -> bool:
    states = {each["turn_state"] for each in await on.peers() if each["backend"] in ("claude-code", "codex")}
    open_ = (await on.house.daemon.client().asks("all"))["asks"]
    return states == {"idle"} and not open_


async def until(on: Stage, what: str, holds: Callable[[], Coroutine[Any, Any, bool]]) -> None:
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not await _holds(holds):
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"waited in vain until {what}") from None


async def _holds(holds: Callable[[], Coroutine[Any, Any, bool]]) -> bool:
    with suppress(Unavailable):  # the daemon may just be gone
        return await holds()
    return False


# -- what is so afterwards -----------------------------------------------------------------------------------


async def judged(on: Stage) -> None:
    head = await git(on, "rev-parse", BRANCH)
    await the_phone_saw_each_thing_once(on, head)
    await the_work_is_there_once(on)
    await the_mesh_says_the_same(on, head)
    await they_stand_where_they_should(on)


async def the_phone_saw_each_thing_once(on: Stage, head: str) -> None:
    heard = on.ada.heard()
    (report,) = once(heard, f"REPORT {BRANCH}")
    assert head in report.text, report.text
    assert "review: approved" in report.text
    assert len(once(heard, "lead@default answers")) == 1, on.phone()
    started = [message for message in heard if "spawn_peer" in message.text]
    assert len(started) == 2, on.phone()
    assert all("Allow (ada)" in message.text for message in started), on.phone()


def once(heard: tuple[Message, ...], words: str) -> list[Message]:
    """Those with these words in it that are not marked as repeated."""
    return [one for one in heard if words in one.text and AGAIN not in one.text]


async def the_work_is_there_once(on: Stage) -> None:
    assert await git(on, "log", "--format=%s", f"main..{BRANCH}") == f"Say {WORDS}"
    assert await git(on, "show", f"{BRANCH}:{FILE}") == WORDS
    assert await git(on, "log", "--format=%s", "main") == "Begin"
    trees = re.findall(
        r"^branch refs/heads/(\S+)$", await git(on, "worktree", "list", "--porcelain"), re.MULTILINE
    )
    assert sorted(trees) == [BRANCH, "main"]


async def the_mesh_says_the_same(on: Stage, head: str) -> None:
    jobs = (await on.cli("job", "list"))["jobs"]
    assert sorted((each["title"], each["state"], each["tries"]) for each in jobs) == [
        ("read the project", "done", 1),
        (f"write {FILE}", "done", 1),
    ]
    await each_ask_ended_once(on)
    (review,) = (await on.cli("review", "queue"))["reviews"]
    assert (review["state"], review["reviewer"], review["submitted_sha"]) == ("approved", "critic", head)
    assert review["head_sha"] == head
    assert [(each["verdict"], each["sha"]) for each in review["verdicts"]] == [("approved", head)]
    (schedule,) = (await on.cli("schedule", "list"))["schedules"]
    assert schedule["state"] == "active"


async def each_ask_ended_once(on: Stage) -> None:
    """All that the models were asked, by the ids in their letters; and nobody was given one twice."""
    assert (await on.cli("asks", "--all"))["asks"] == []
    words = [each.text for turn in on.model.heard for each in turn.words]
    asked = {found for text in words for found in re.findall(r"\[peerline ask (a-\w{10}) from", text)}
    told = [await on.cli("why", each) for each in asked]
    assert {each["state"] for each in told} <= {"answered", "acknowledged"}, told
    for each in told:
        times = on.model.times_heard(f"[peerline ask {each['id']} from")
        assert times == len(each["deliveries"]), each
        answered = [one["what"] for sent in each["deliveries"] for one in sent["events"]].count("answered")
        assert answered == len(each["deliveries"]), each
    (both,) = [each for each in told if len(each["deliveries"]) > 1]
    assert sorted(each["peer"] for each in both["deliveries"]) == ["builder", "critic"]
    assert len(asked) == ASKS


async def they_stand_where_they_should(on: Stage) -> None:
    lead, builder, critic = [await on.peer(name) for name in ("lead", "builder", "critic")]
    assert {each["circle"] for each in (lead, builder, critic)} == {lead["circle"]}
    assert (builder["backend"], builder["branch"]) == ("claude-code", BRANCH)
    assert critic["backend"] == "codex"
    agents = [
        each
        for each in (await on.cli("peer", "list"))["peers"]
        if each["backend"] in ("claude-code", "codex")
    ]
    assert sorted(each["name"] for each in agents) == ["builder", "critic", "lead"]
    panes = (await on.tmux("list-panes", "-a", "-F", "#{session_name} #{pane_current_path}")).splitlines()
    assert sorted(panes) == sorted(
        [f"desk {on.desk}", *(f"{each['circle']} {each['path']}" for each in (lead, builder, critic))]
    )


async def nothing_is_left(on: Stage) -> None:
    """After ``down``, only what the user had opened themselves: a terminal with nothing in it."""
    told = await on.house.at_terminal("down")
    assert told.code == 0, told
    assert await on.house.daemon.ended() == 0

    async def is_empty() -> bool:
        return not left(on)

    await on.tmux("kill-session", "-t", "=desk")
    await until(on, "nothing is left", is_empty)


async def git(on: Stage, *words: str) -> str:
    return await run("git", "-C", str(on.project), *words, env=surroundings(on.house, on.model))
