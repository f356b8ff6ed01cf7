"""What a coordinator does about a task from a phone, step by step; each step reads what came of those before it.

A step returns what is to be done now, or None: it is done. A tool's arguments are names, ids and commits that an
earlier result or letter said. What is refused is tried again, some times: an agent's tools may connect after it starts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

from tests.emulators.model_api import Answer, Calls, Says
from tests.story.reading import SERVER, Conversation, Result

TASK: Final = (
    r'TASK (?P<task>\S+): have the words "(?P<words>[^"]+)" written into (?P<file>\S+) of (?P<folder>/\S+), '
    r"on branch (?P<branch>\S+) in a worktree of its own, by a (?P<builds>\S+); a (?P<reviews>\S+) of profile "
    r"(?P<profile>\S+) reviews it"
)
TRIES: Final = 10
WAITS: Final = 3
BUILDER, CRITIC = "builder", "critic"
SHA: Final = re.compile(r"\b[0-9a-f]{40}\b")

Step = Callable[[Conversation], Answer | None]


def task(read: Conversation) -> re.Match[str]:
    letter = read.newest("ask", TASK)
    found = re.search(TASK, letter.body) if letter else None
    assert found, "a plan without a task"
    return found


def asker(read: Conversation) -> str:
    """The conversation that the task came from: `ada at telegram@default` is `telegram`."""
    letter = read.newest("ask", TASK)
    assert letter
    return letter.sender.rpartition(" at ")[2].partition("@")[0]


def knows_itself(read: Conversation) -> Answer | None:
    return _until(read, "whoami", {}, "role")


def claims_the_role(read: Conversation) -> Answer | None:
    if _found(read.results("whoami"), "role") == "orchestrator":
        return None
    return _until(read, "claim_orchestrator_role", {}, "")


def looks(read: Conversation) -> Answer | None:
    return None if read.results("orchestrator_status") else Calls(f"{SERVER}orchestrator_status", {})


def knows_who_is_there(read: Conversation) -> Answer | None:
    return _until(read, "list_peers", {"circle": "*", "show_offline": True}, "")


def spawns_the_builder(read: Conversation) -> Answer | None:
    if named(read, BUILDER):
        return None
    found = task(read)
    wish = {"path": found["folder"], "backend": found["builds"], "name": BUILDER, "worktree": found["branch"]}
    return _until(read, "spawn_peer", wish, "name")


def spawns_the_critic(read: Conversation) -> Answer | None:
    if named(read, CRITIC):
        return None
    found = task(read)
    wish = {"path": found["folder"], "backend": found["reviews"], "profile": found["profile"], "name": CRITIC}
    return _until(read, "spawn_peer", wish, "name")


def hands_out_the_building(read: Conversation) -> Answer | None:
    found = task(read)
    prompt = (
        f'write the words "{found["words"]}" into {found["file"]} of your worktree, on branch {found["branch"]}. '
        "It is done when it is committed there; answer with the commit's full sha"
    )
    job = {"title": f"write {found['file']}", "prompt": prompt, "to": named(read, BUILDER)}
    return _until(read, "job_create", job, "job_id")


def hands_out_the_reading(read: Conversation) -> Answer | None:
    prompt = f"read what is in {task(read)['folder']}, so that you can review a change of it"
    job = {"title": "read the project", "prompt": prompt, "to": named(read, CRITIC)}
    return _until(read, "job_create", job, "job_id")


def asks_both(read: Conversation) -> Answer | None:
    both = [named(read, BUILDER), named(read, CRITIC)]
    asked = {"to": both, "question": "are you ready? Say what you know", "need": "all"}
    return _until(read, "ask", asked, "ask_id")


def collects_the_answers(read: Conversation) -> Answer | None:
    ask_id = _found(read.results("ask", need="all"), "ask_id")
    waited = read.results("wait_for", ask_id=ask_id)
    came = any(letter.kind == "answer" and letter.about == ask_id for letter in read.letters)
    if came or (waited and over(waited[-1])):
        return None
    if len(waited) < WAITS:
        return Calls(f"{SERVER}wait_for", {"ask_id": ask_id, "timeout_s": 100})
    return Says("both are at work; I wait for what they say")


def collects_the_jobs(read: Conversation) -> Answer | None:
    """A job that goes on is looked at again when a letter about it came."""
    for made in read.results("job_create"):
        job_id = made.field("job_id")
        looked = read.results("job_result", job_id=job_id)
        told = [one.place for one in read.letters if one.kind == "notice" and job_id in one.body]
        if looked and re.search(r"\bdone\b", state(looked[-1])):
            continue
        if not looked or any(looked[-1].place < place for place in told):
            return Calls(f"{SERVER}job_result", {"job_id": job_id})
        return Says(f"I wait for {job_id}")
    return None


def asks_for_a_review(read: Conversation) -> Answer | None:
    what = {"what": f"{place(read)}#{task(read)['branch']}", "reviewer": named(read, CRITIC)}
    return _until(read, "request_review", what, "review_id")


def waits_for_the_verdict(read: Conversation) -> Answer | None:
    review = _found(read.results("request_review"), "review_id")
    return None if verdict(read, review) else Says(f"the work is committed; I wait for review {review}")


def looks_in_again_later(read: Conversation) -> Answer | None:
    text = f"look in on {task(read)['task']}: is it merged?"
    return _until(read, "schedule", {"to": "me", "text": text, "at": "in 2h"}, "schedule_id")


def reports(read: Conversation) -> Answer | None:
    found = task(read)
    sha = next(commits(read), "no commit")
    said = verdict(read, _found(read.results("request_review"), "review_id"))
    later = _found(read.results("schedule"), "schedule_id")
    message = f"REPORT {found['task']}: {sha} on {found['branch']}; review: {said}; I look in again ({later})"
    return _until(read, "notify_peer", {"peer": asker(read), "message": message}, "message_id")


PLAN: Final[tuple[Step, ...]] = (
    knows_itself,
    claims_the_role,
    looks,
    knows_who_is_there,
    spawns_the_builder,
    spawns_the_critic,
    hands_out_the_building,
    hands_out_the_reading,
    asks_both,
    collects_the_answers,
    collects_the_jobs,
    asks_for_a_review,
    waits_for_the_verdict,
    looks_in_again_later,
    reports,
)


def named(read: Conversation, wish: str) -> str:
    """What whoever was wished for is called: by the result of the start, or because it is there already."""
    return _found(read.results("spawn_peer", name=wish), "name") or str(_listed(read, wish).get("name", ""))


def place(read: Conversation) -> str:
    """A folder of the builder's repository: the start's result says it, or the list of who is there."""
    started = _found(read.results("spawn_peer", name=BUILDER), "path")
    return started or str(_listed(read, BUILDER).get("path", ""))


def _listed(read: Conversation, name: str) -> dict[str, Any]:
    shown = [peer for each in read.results("list_peers") for peer in each.told.get("peers", [])]
    return next((peer for peer in reversed(shown) if peer["name"] == name), {})


def verdict(read: Conversation, review: str) -> str:
    for letter in read.letters:
        if review in letter.body and (said := re.search(r"approved|changes-requested", letter.body)):
            return said[0]
    return ""


def commits(read: Conversation) -> Iterator[str]:
    for each in read.results("job_result"):
        yield from SHA.findall(each.text)


def state(result: Result) -> str:
    said = re.search(r"j-\w+ is (\w+)", result.text)
    return result.told.get("state") or (said[1] if said else "")


def over(result: Result) -> bool:
    return result.told.get("state") == "answered" or bool(re.search(r"is answered\b", result.text))


def _until(read: Conversation, tool: str, given: dict[str, Any], wanted: str) -> Answer | None:
    """Call it, until a result has what is wanted of it; "": until there is any."""
    results = read.results(tool, **given)
    if any(not _refused(each) and (not wanted or each.field(wanted)) for each in results):
        return None
    if len(results) >= TRIES:
        return Says(f"I cannot go on, {tool} says: {results[-1].text[:200]}")
    return Calls(f"{SERVER}{tool}", given)


def _refused(result: Result) -> bool:
    return (
        "error" in result.told
        or "No such tool" in result.text
        or result.text.startswith(("Error", "<tool_use_error"))
    )


def _found(results: list[Result], name: str) -> str:
    return next(
        (found for each in reversed(results) if not _refused(each) and (found := each.field(name))), ""
    )
