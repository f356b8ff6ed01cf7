"""``job …``: work that lasts: having it done by somebody, seeing how far it is, ending it, trying it anew."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.messages import given_text
from cli.options import AsJson, Circle, Key
from cli.output import ask_daemon, indented, show, table
from daemon.client.times import Task

Json = dict[str, Any]
Id = Annotated[str, typer.Argument(help="The job's id, as `job list` shows it.")]
BRIEF = 48
VERDICTS = {True: "verified", False: "not so", None: "unverified"}

group = typer.Typer(help="Work that lasts, and is done once.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="job")


@group.command()
def add(
    title: Annotated[str, typer.Argument(help="What is to be done, in a few words.")],
    prompt: Annotated[str | None, typer.Option("--prompt", help="All of it; - reads standard input.")] = None,
    to: Annotated[str | None, typer.Option("--to", help="The peer that is to do it.")] = None,
    path: Annotated[Path | None, typer.Option("--path", help="Or the folder to start somebody in.")] = None,
    backend: Annotated[str | None, typer.Option("--backend", help="Whom to start there: claude-code, …")] = None,
    after: Annotated[list[str] | None, typer.Option("--after", help="A job that must be done first.")] = None,
    deadline: Annotated[int | None, typer.Option("--deadline", help="Seconds; not done by then, it ends.")] = None,
    at: Annotated[str | None, typer.Option("--at", help='Not before: "tomorrow 9:00", "in 2h".')] = None,
    tz: Annotated[str | None, typer.Option("--tz", help="The time zone, such as Europe/London.")] = None,
    tonight: Annotated[bool, typer.Option("--tonight", help="In the night's window of its circle.")] = False,
    retries: Annotated[int, typer.Option("--retries", help="How often it is tried again if it fails.")] = 0,
    messages: Annotated[int | None, typer.Option("--messages", help="That whoever does it may send.")] = None,
    wakes: Annotated[int | None, typer.Option("--wakes", help="Turns that they may begin.")] = None,
    minutes: Annotated[int | None, typer.Option("--minutes", help="That it may take.")] = None,
    circle: Circle = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Queue a job for --to, or for somebody started in --path with --backend."""
    task = Task(
        title=title,
        prompt=None if prompt is None else given_text(prompt),
        to=to,
        path=str(path.absolute()) if path else None,
        backend=backend,
        circle=circle,
        after=tuple(after or ()),
        at=at,
        timezone=tz,
        tonight=tonight,
        deadline_s=deadline,
        retries=retries,
        messages=messages,
        wakes=wakes,
        minutes=minutes,
    )
    told = ask_daemon(lambda line: line.add_job(task, key=key or secrets.token_hex(8)))
    show(told, as_json=as_json, human=_one)


@group.command("list")
def listed(
    mine: Annotated[bool, typer.Option("--mine", help="Only those that I want, or am to do.")] = False,
    as_json: AsJson = False,
) -> None:
    """Those that go on, then those that are over."""
    show(ask_daemon(lambda line: line.jobs("mine" if mine else "all")), as_json=as_json, human=_list)


@group.command("show")
def shown(job_id: Id, as_json: AsJson = False) -> None:
    """One of them, and what it waits for."""
    show(ask_daemon(lambda line: line.job(job_id)), as_json=as_json, human=_story)


@group.command()
def cancel(job_id: Id, key: Key = None, as_json: AsJson = False) -> None:
    """End it: its ask is withdrawn, and the turn that works on it stops."""
    show(ask_daemon(lambda line: line.cancel_job(job_id, key=key)), as_json=as_json, human=_one)


@group.command()
def retry(job_id: Id, key: Key = None, as_json: AsJson = False) -> None:
    """Try it anew, as if it had never been tried."""
    show(ask_daemon(lambda line: line.retry_job(job_id, key=key)), as_json=as_json, human=_one)


@group.command()
def result(job_id: Id, as_json: AsJson = False) -> None:
    """What came of it, and what was found of its claims."""
    show(ask_daemon(lambda line: line.job(job_id)), as_json=as_json, human=_result)


@group.command()
def update(
    job_id: Id,
    state: Annotated[str, typer.Argument(help="running or blocked (hold it open), done or failed.")],
    note: Annotated[str, typer.Option("--note", help="How far it is, or its result.")] = "",
    claim: Annotated[
        list[str] | None, typer.Option("--claim", help="commit SHA, file PATH, tests, …")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say how far it is; for whoever does it."""
    told = ask_daemon(lambda line: line.update_job(job_id, state, note=note, claims=claim or ()))
    show(told, as_json=as_json, human=_one)


def _one(told: Json) -> str:
    why = f" ({told['reason']})" if told["reason"] else ""
    return f"{told['job_id']}  {told['state']}{why}  {told['assignee']}: {told['title']}"


def _list(told: Json) -> str:
    rows = [
        [
            each["job_id"],
            each["state"],
            each["assignee"],
            _brief(each["title"]),
            _brief(each["result"] or each["waits_for"] or each["reason"]),
        ]
        for each in told["jobs"]
    ]
    return table(rows) or "there are no jobs"


def _story(told: Json) -> str:
    times = [f"  {name}: {told[f'{name}_at']}" for name in ("created", "due", "began", "deadline", "ended")
             if told[f"{name}_at"]]  # fmt: skip
    after = [f"  after: {', '.join(told['after'])}"] if told["after"] else []
    waits = [f"  waits: {told['waits_for']}"] if told["waits_for"] else []
    tries = [f"  tries: {told['tries']} of {told['retries'] + 1}"] if told["tries"] else []
    said = [f"  wanted by {told['person'] or told['owner']}: {indented(told['prompt'])}"]
    note = [f"  note: {indented(told['note'])}"] if told["note"] else []
    return "\n".join([_one(told), *said, *times, *after, *waits, *tries, *note, *_claims(told), *_said(told)])


def _said(told: Json) -> list[str]:
    return [f"  result: {indented(told['result'])}"] if told["result"] else []


def _result(told: Json) -> str:
    return "\n".join([told["result"] or f"{told['job_id']} is {told['state']}: no result", *_claims(told)])


def _claims(told: Json) -> list[str]:
    return [
        f"  {VERDICTS[each['verified']]}: {each['claim']}" + (f" ({each['why']})" if each["why"] else "")
        for each in told["claims"]
    ]


def _brief(text: str) -> str:
    words = " ".join(text.split())
    return f"{words[:BRIEF]}…" if len(words) > BRIEF else words
