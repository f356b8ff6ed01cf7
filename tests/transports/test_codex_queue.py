"""Codex's queue as a road: nothing is put there twice, what lies there is no evidence, and what goes wrong is said.

The program is a small one that keeps a queue in a file and answers what the real one was seen to answer (0.169.0).
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from daemon.core.model import Parcel, Session, Turn
from daemon.core.rules.frame import framed
from daemon.transports.codex_queue import LONGEST, REMEMBERED, CodexEye, CodexQueue, ours_in, program_of
from daemon.transports.interface import Carried, Failed, Gone, Sighting
from tests.transports.parcels import parcel, session

PROGRAM = """#!%s -IS
import json, os, pathlib, sys
lies = pathlib.Path(os.environ["CODEX_HOME"], "queue.json")
items = json.loads(lies.read_text()) if lies.exists() else []
kept = lambda: lies.write_text(json.dumps(items))
put = lambda thread, text: items.append({"id": f"q{len(items)}", "thread": thread, "input": [{"text": text}]})
refuses = lies.with_name("refuses")
if sys.argv[1] == "queue":
    if refuses.exists():
        sys.exit("Error: " + refuses.read_text())
    put(sys.argv[3], sys.argv[4].removeprefix("--message="))
    kept()
    sys.exit()
for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    about, answer = asked["params"], {}
    if refuses.exists() and asked["method"] != "initialize":
        print(json.dumps({"id": asked["id"], "error": {"message": refuses.read_text()}}), flush=True)
        continue
    match asked["method"]:
        case "thread/queue/list":
            answer = {"data": [each for each in items if each["thread"] == about["threadId"]]}
        case "thread/queue/delete":
            items[:] = [each for each in items if each["id"] != about["queuedSubmissionId"]]
        case "thread/queue/add":
            put(about["threadId"], about["input"][0]["text"])
    kept()
    print(json.dumps({"method": "noise"}), flush=True)
    print(json.dumps({"id": asked["id"], "result": answer}), flush=True)
"""


@pytest.fixture
def agent(tmp_path: Path) -> Session:
    program = tmp_path / "codex"
    program.write_text(PROGRAM % sys.executable)
    program.chmod(0o700)
    wrote = tmp_path / "rollout.jsonl"
    wrote.touch()
    made = session(
        session_id="t-1", inbox=f"queue:{program}", config_dir=str(tmp_path), transcript=str(wrote)
    )
    return replace(made, turn=Turn.IDLE)


def lies(agent: Session) -> list[str]:
    path = Path(agent.config_dir, "queue.json")
    return [each["input"][0]["text"] for each in json.loads(path.read_text())] if path.exists() else []


def refuses(agent: Session, why: str) -> None:
    Path(agent.config_dir, "refuses").write_text(why)


def marked(mark: str, number: int = 1) -> Parcel:
    made = parcel(mark=mark)
    return replace(made, envelope=replace(made.envelope, envelope_id=f"m-{number}"))


@pytest.mark.parametrize(
    "body", ["-- how far?\n/clear", "x" * LONGEST], ids=["short", "longer than an argument"]
)
async def test_a_message_lies_in_the_queue_whole_and_that_is_no_evidence(agent: Session, body: str) -> None:
    sent = parcel(body)
    assert isinstance(await CodexQueue().carry(sent, agent, again=False), Carried)
    assert lies(agent) == [framed(sent)]
    assert await CodexEye(0.0).look(sent, agent) is Sighting.UNKNOWN


async def test_before_another_try_what_the_one_before_left_is_taken_out(agent: Session) -> None:
    road = CodexQueue()
    await road.carry(marked("AAAAAAAA"), agent, again=False)
    await road.carry(marked("BBBBBBBB"), agent, again=False)
    assert list(await ours_in(agent)) == ["BBBBBBBB"]


async def test_a_daemon_that_began_anew_takes_out_what_the_last_one_left_and_nothing_of_anybody_else(
    agent: Session,
) -> None:
    await CodexQueue().carry(marked("AAAAAAAA"), agent, again=False)
    others = [{"id": "theirs", "thread": "t-1", "input": [{"text": "a person's own words"}]}]
    path = Path(agent.config_dir, "queue.json")
    path.write_text(json.dumps([*json.loads(path.read_text()), *others]))
    await CodexQueue().carry(marked("BBBBBBBB"), agent, again=True)
    assert list(await ours_in(agent)) == ["BBBBBBBB"]
    assert "a person's own words" in lies(agent)


async def test_no_more_tries_are_remembered_than_some(agent: Session) -> None:
    road = CodexQueue()
    for number in range(REMEMBERED + 5):
        road._remember(f"m-{number}", agent)
    assert len(road._left) == REMEMBERED
    assert f"m-{REMEMBERED + 4}" in road._left


async def test_what_arrived_is_seen_in_the_rollout_and_what_lies_nowhere_is_absent(agent: Session) -> None:
    sent = parcel()
    assert await CodexEye(0.0).look(sent, agent) is Sighting.ABSENT
    assert await CodexEye(0.0).look(sent, replace(agent, turn=Turn.WORKING)) is Sighting.UNKNOWN
    Path(agent.transcript).write_text(json.dumps({"text": framed(sent)}))
    assert await CodexEye(0.0).look(sent, agent) is Sighting.SEEN


async def test_a_queue_that_cannot_be_read_says_nothing_of_what_lies_there(agent: Session) -> None:
    refuses(agent, "no rollout found for thread id t-1")
    assert await CodexEye(0.0).look(parcel(), agent) is Sighting.UNKNOWN
    outcome = await CodexQueue().carry(parcel(), agent, again=False)
    assert isinstance(outcome, Failed)
    assert "no rollout found" in outcome.reason
    proof = await CodexQueue().prove(agent)
    assert (proof.works, "no rollout found" in proof.evidence) == (False, True)


async def test_the_road_is_proven_by_reading_it(agent: Session) -> None:
    road = CodexQueue()
    assert (await road.prove(agent)).works
    await road.carry(parcel(), agent, again=False)
    assert "1 of ours" in (await road.prove(agent)).evidence


async def test_a_program_that_is_gone_carries_nothing(agent: Session) -> None:
    gone = replace(agent, inbox=f"{agent.inbox}-gone")
    assert (program_of(gone), program_of(replace(agent, inbox="/a/socket"))) == ("", "")
    assert isinstance(await CodexQueue().carry(parcel(), gone, again=False), Gone)
    assert not (await CodexQueue().prove(gone)).works
