"""The model that thinks, without any agent: what it says next follows from the conversation alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from tests.emulators.dialects.anthropic import Anthropic
from tests.emulators.dialects.responses import Responses
from tests.emulators.model_api import Answer, Calls, Runs, Says, Words
from tests.story.mind import thinks
from tests.story.plan import TRIES
from tests.story.reading import SERVER, Conversation
from tests.story.telling import TASK

HEAD = "a" * 40
PHONE = TASK.format(words="hello", file="HELLO.txt", folder="/src/project", branch="greeting")
TREE = "/src/trees/greeting"
WENT = (
    *("whoami", "claim_orchestrator_role", "orchestrator_status", "list_peers", "spawn_peer", "spawn_peer"),
    *("job_create", "job_create", "ask", "wait_for", "job_result", "job_result", "request_review"),
)
AFTERWARDS = ("schedule", "notify_peer")
JOB = '(job j-{0} "a title", wanted by lead. Your answer ends it: `ack`, or the last words of this turn.)'
Tell = Callable[[str, Mapping[str, Any]], str]


def letter(
    kind: str, about: str, body: str, sender: str = "lead@dev · orchestrator", mark: str = "12345678"
) -> Words:
    return Words("user", f"[peerline {kind} {about} from {sender} · #{mark}]\n{body}\n[end #{mark}]")


def task() -> Words:
    return letter("ask", "a-0000000000", PHONE, "ada at telegram@default · owner")


def result(answer: Answer, told: str) -> Words:
    assert isinstance(answer, Calls | Runs)
    if isinstance(answer, Runs):
        return Words("tool", told, tool="Bash", given=json.dumps({"command": answer.command}))
    return Words("tool", told, tool=answer.name, given=json.dumps(dict(answer.input)))


def in_objects(tool: str, given: Mapping[str, Any]) -> str:
    """As Claude Code and Codex hand a result to their model."""
    job_id = "j-1111111111" if "write" in str(given.get("title", "")) else "j-2222222222"
    told: dict[str, dict[str, Any]] = {
        "whoami": {"name": "lead", "role": "agent"},
        "spawn_peer": {"name": f"{given.get('name')}-2", "path": TREE, "state": "wanted"},
        "job_create": {"job_id": job_id, "state": "queued"},
        "ask": {"ask_id": "a-1111111111", "state": "open", "answers": []},
        "wait_for": {"ask_id": "a-1111111111", "state": "answered", "answers": []},
        "job_result": {"job_id": given.get("job_id"), "state": "done", "result": f"committed {HEAD}"},
        "request_review": {"review_id": "r-1111111111", "state": "pending"},
        "schedule": {"schedule_id": "s-1111111111"},
        "notify_peer": {"message_id": "m-1111111111"},
    }
    return json.dumps(told.get(tool, {}))


def in_words(tool: str, given: Mapping[str, Any]) -> str:
    """As a model reads it that gets the text."""
    job_id = "j-1111111111" if "write" in str(given.get("title", "")) else "j-2222222222"
    told = {
        "whoami": "you are lead@dev, role agent",
        "spawn_peer": f"name {given.get('name')}-2 in path {TREE}: it is being started",
        "job_create": f"{job_id} is queued: a title · somebody",
        "ask": "ask a-1111111111 is open",
        "wait_for": "builder: ready\ncritic: ready\nask a-1111111111 is answered",
        "job_result": f"{given.get('job_id')} is done: a title · somebody\ncommitted {HEAD}",
        "request_review": "review r-1111111111 is pending",
        "schedule": "s-1111111111: notice to lead, in 2h",
        "notify_peer": "m-1111111111 is kept and on its way",
    }
    return told.get(tool, "fine")


def goes_on(pieces: list[Words], tell: Tell) -> tuple[list[Calls], str]:
    """What it calls one after the other, and the last words of its turn."""
    calls: list[Calls] = []
    while not isinstance(answer := thinks(pieces), Says):
        assert isinstance(answer, Calls)
        calls.append(answer)
        pieces.append(result(answer, tell(answer.name.removeprefix(SERVER), answer.input)))
    return calls, answer.text


@pytest.mark.parametrize("tell", [in_objects, in_words])
def test_from_the_task_to_the_report_with_what_results_said(tell: Tell) -> None:
    pieces = [task()]
    calls, said = goes_on(pieces, tell)
    assert [call.name.removeprefix(SERVER) for call in calls] == [*WENT]
    assert (said, calls[-1].input) == (
        "the work is committed; I wait for review r-1111111111",
        {"what": f"{TREE}#greeting", "reviewer": "critic-2"},
    )
    assert calls[8].input["to"] == ["builder-2", "critic-2"]
    assert [call.input for call in calls[10:12]] == [{"job_id": "j-1111111111"}, {"job_id": "j-2222222222"}]
    pieces.append(letter("notice", "m-9999999999", "review r-1111111111: approved"))
    calls, said = goes_on(pieces, tell)
    assert ([call.name.removeprefix(SERVER) for call in calls], said) == (list(AFTERWARDS), "all is done")
    assert calls[-1].input["peer"] == "telegram"
    assert all(word in calls[-1].input["message"] for word in (HEAD, "approved", "s-1111111111"))


def test_what_is_done_is_not_done_again_whatever_comes_in_between() -> None:
    pieces = [task()]
    goes_on(pieces, in_objects)
    pieces.append(letter("notice", "m-8888888888", "good morning"))
    assert goes_on(pieces, in_objects) == ([], "the work is committed; I wait for review r-1111111111")


def test_a_job_that_goes_on_is_looked_at_again_once_a_letter_tells_of_it() -> None:
    def running(tool: str, given: Mapping[str, Any]) -> str:
        return '{"state": "running"}' if tool == "job_result" else in_objects(tool, given)

    pieces = [task()]
    _, said = goes_on(pieces, running)
    assert said == "I wait for j-1111111111"
    assert goes_on(pieces, running) == ([], said)
    pieces.append(letter("notice", "m-7777777777", 'job j-1111111111 "a title" is done: it is'))
    calls, _ = goes_on(pieces, in_objects)
    assert [call.name.removeprefix(SERVER) for call in calls][:2] == ["job_result", "job_result"]


@pytest.mark.parametrize("refusal", ['{"error": {"code": "throttled"}}', "Error: No such tool available: it"])
def test_what_is_refused_is_tried_again_some_times_and_then_told(refusal: str) -> None:
    def refused(tool: str, given: Mapping[str, Any]) -> str:
        return refusal if tool == "spawn_peer" else in_objects(tool, given)

    calls, said = goes_on([task()], refused)
    assert [call.name for call in calls].count(f"{SERVER}spawn_peer") == TRIES
    assert said.startswith("I cannot go on, spawn_peer says")


def test_who_is_there_already_is_not_started_again() -> None:
    def there(tool: str, given: Mapping[str, Any]) -> str:
        peers = {"peers": [{"name": "builder", "path": TREE}, {"name": "critic"}]}
        return json.dumps(peers) if tool == "list_peers" else in_objects(tool, given)

    calls, _ = goes_on([task()], there)
    assert f"{SERVER}spawn_peer" not in [call.name for call in calls]
    assert calls[-1].input == {"what": f"{TREE}#greeting", "reviewer": "critic"}


def test_who_has_the_role_does_not_claim_it() -> None:
    def has_it(tool: str, given: Mapping[str, Any]) -> str:
        return '{"role": "orchestrator"}' if tool == "whoami" else in_objects(tool, given)

    calls, _ = goes_on([task()], has_it)
    assert [call.name.removeprefix(SERVER) for call in calls][:2] == ["whoami", "orchestrator_status"]


def job(body: str) -> Words:
    return letter(
        "ask", "a-2222222222", f"{body}\n\n{JOB.format('2222222222')}", "scheduler@default · service"
    )


def test_who_builds_commits_once_and_says_what_the_shell_printed() -> None:
    pieces = [job('write the words "hello" into HELLO.txt of your worktree, on branch greeting. It is done')]
    answer = thinks(pieces)
    assert isinstance(answer, Runs)
    assert "printf '%s\\n' 'hello' > 'HELLO.txt'" in answer.command
    pieces.append(result(answer, f"{HEAD}\n"))
    assert thinks(pieces) == Says(f"committed {HEAD} on greeting")


def test_who_reviews_marks_the_commit_that_it_saw_and_looks_again_when_that_is_no_longer_the_head() -> None:
    pieces = [
        letter("ask", "a-3333333333", f"Please review {TREE}#greeting.\nreview r-3333333333 at {'b' * 40}")
    ]
    answer = thinks(pieces)
    for sha, told in (
        (HEAD, '{"error": {"message": "the head has moved"}}'),
        ("c" * 40, '{"state": "approved"}'),
    ):
        assert isinstance(answer, Runs)
        pieces.append(result(answer, f"1 file changed\n{sha}\n"))
        answer = thinks(pieces)
        assert isinstance(answer, Calls)
        assert (answer.name, answer.input["review"], answer.input["sha"]) == (
            f"{SERVER}mark_reviewed",
            "r-3333333333",
            sha,
        )
        pieces.append(result(answer, told))
        answer = thinks(pieces)
    assert answer == Says("approved")


def test_a_question_is_answered_by_the_tool_or_by_the_last_words_where_there_is_none() -> None:
    pieces = [letter("ask", "a-4444444444", "are you ready?")]
    answer = thinks(pieces)
    assert answer == Calls(f"{SERVER}ack", {"ask_id": "a-4444444444", "message": "ready"})
    assert thinks([*pieces, result(answer, "Error: No such tool available: ack")]) == Says("ready")
    assert thinks([*pieces, result(answer, '{"ask_id": "a-4444444444"}')]) == Says("told")


def test_a_reminder_is_about_the_ask_that_it_names() -> None:
    said = (
        letter("ask", "a-5555555555", "read what is in /src"),
        letter("ask", "a-4444444444", "are you ready?"),
    )
    reminder = letter("notice", "m-6666666666", "ask a-5555555555 still waits for your answer; reply now")
    assert thinks([*said, reminder]) == Runs("git -C '/src' log --oneline")


def test_a_letter_that_is_shown_twice_is_one_letter() -> None:
    assert len(Conversation([task(), task()]).letters) == 1


def test_what_is_about_nothing_known_is_left_to_the_script() -> None:
    assert thinks([Words("user", "hello")]) is None


HISTORIES: Sequence[Any] = (
    (
        Anthropic(),
        {
            "messages": [
                {"role": "user", "content": "go"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "tool_use", "id": "t", "name": "mcp__peerline__ask", "input": {"to": "x"}}
                    ],
                },
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "fine"}]},
            ]
        },
    ),
    (
        Responses(),
        {
            "input": [
                {"type": "message", "role": "user", "content": "go"},
                {
                    "type": "function_call",
                    "namespace": "mcp__peerline",
                    "name": "ask",
                    "call_id": "t",
                    "arguments": '{"to": "x"}',
                },
                {"type": "function_call_output", "call_id": "t", "output": "fine"},
            ]
        },
    ),
)


@pytest.mark.parametrize(("dialect", "call"), HISTORIES, ids=["anthropic", "responses"])
def test_a_result_says_what_was_called_and_with_what(dialect: Any, call: Any) -> None:
    read = Conversation(list(dialect.words_of(call)))
    (found,) = read.results("ask", to="x")
    assert (found.text, found.place) == ("fine", 1)
