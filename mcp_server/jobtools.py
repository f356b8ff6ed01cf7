"""The tools about jobs: work that lasts. Listed for orchestrators, since every row is carried in each agent's context.

A job that is given to an agent says itself how to hold it open, so whoever does one needs no list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.client.times import Task
from daemon.core.rules.jobs import LARGEST_BUDGET, LONGEST_BUDGET
from mcp_server.calls import Call
from mcp_server.schema import ID_LENGTH, Json, choice, count, flag, name, several, takes, text
from mcp_server.tool import Tool

VERDICTS: Final = {True: "verified", False: "not so", None: "unverified"}


async def _create(  # noqa: PLR0913  the tool's parameters
    call: Call,
    title: str,
    *,
    prompt: str | None = None,
    to: str | None = None,
    path: str | None = None,
    backend: str | None = None,
    circle: str | None = None,
    after: Sequence[str] = (),
    deadline_s: int | None = None,
    at: str | None = None,
    tonight: bool = False,
    retries: int = 0,
    messages: int | None = None,
    wakes: int | None = None,
    minutes: int | None = None,
) -> Json:
    task = Task(
        title=title,
        prompt=prompt,
        to=to,
        path=path,
        backend=backend,
        circle=circle,
        after=tuple(after),
        deadline_s=deadline_s,
        at=at,
        tonight=tonight,
        retries=retries,
        messages=messages,
        wakes=wakes,
        minutes=minutes,
    )
    return await call.client.add_job(task, key=call.call_id)


async def _list(call: Call) -> Json:
    return await call.client.jobs("all")


async def _update(call: Call, job_id: str, state: str, note: str = "", claims: Sequence[str] = ()) -> Json:
    return await call.client.update_job(job_id, state, note=note, claims=claims)


async def _result(call: Call, job_id: str) -> Json:
    return await call.client.job(job_id)


async def _cancel(call: Call, job_id: str) -> Json:
    return await call.client.cancel_job(job_id, key=call.call_id)


def _said(told: Json) -> str:
    found = told.get("waits_for") or told["reason"]
    why = f" ({found})" if found else ""
    return f"{told['job_id']} is {told['state']}{why}: {told['title']} · {told['assignee']}"


def _listed(told: Json) -> str:
    return "\n".join(_said(each) for each in told["jobs"]) or "there are no jobs"


def _found(told: Json) -> str:
    claims = [
        f"{VERDICTS[each['verified']]}: {each['claim']} {each['why']}".rstrip() for each in told["claims"]
    ]
    waits = [f"it waits: {told['waits_for']}"] if told["waits_for"] else []
    return "\n".join([_said(told), *waits, told["result"] or told["note"], *claims]).strip()


def _id() -> Json:
    return text(most=ID_LENGTH)


def _budget(what: str, most: int) -> Json:
    return {"type": "integer", "minimum": 1, "maximum": most, "description": what}


JOB_TOOLS: Final = (
    Tool(
        "job_create",
        "Have something done that lasts, by a peer or by somebody started in a folder. You are told how it ends.",
        takes(
            "title",
            title=text(most=200),
            prompt=text(),
            to=name(),
            path=text(most=4096),
            backend=name(),
            circle=name(),
            after=several(_id(), 50, "Jobs that must be done first"),
            deadline_s={"type": "integer", "minimum": 1, "maximum": 366 * 24 * 3600},
            at=text("Not before: in 2h, tomorrow 9:00", most=200),
            tonight=flag("In the night's window of its circle"),
            retries=count(0, 10, 0),
            messages=_budget("It may send", LARGEST_BUDGET),
            wakes=_budget("Turns it may begin", LARGEST_BUDGET),
            minutes=_budget("It may take", LONGEST_BUDGET),
        ),
        _create,
        _said,
    ),
    Tool(
        "job_list",
        "All jobs: those that go on, then those that are over.",
        takes(),
        _list,
        _listed,
        only_reads=True,
    ),
    Tool(
        "job_update",
        "Say how far a job of yours is: running and blocked hold it open, done and failed end it. "
        "claims: commit SHA, file PATH, tests.",
        takes(
            "job_id",
            "state",
            job_id=_id(),
            state=choice("running", "blocked", "done", "failed"),
            note=text(),
            claims=several(text(most=300), 20),
        ),
        _update,
        _said,
    ),
    Tool(
        "job_result",
        "What came of a job, and what was found of its claims.",
        takes("job_id", job_id=_id()),
        _result,
        _found,
        only_reads=True,
    ),
    Tool(
        "job_cancel",
        "End a job, and stop whoever works on it.",
        takes("job_id", job_id=_id()),
        _cancel,
        _said,
    ),
)
