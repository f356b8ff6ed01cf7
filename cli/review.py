"""``review …``: having somebody look at a branch or a pull request, seeing who owes what, giving a verdict."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.completing import peers, reviews
from cli.messages import given_text
from cli.options import AsJson, Circle, Key
from cli.output import ask_daemon, indented, show

Json = dict[str, Any]
SHORT = 12  #: characters of a commit's name

group = typer.Typer(help="Who is to look at what, and what they think of it.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="review")


@group.command()
def request(
    what: Annotated[str, typer.Argument(help="FOLDER#BRANCH, FOLDER, or a pull request's URL.")],
    reviewer: Annotated[str, typer.Argument(help="Who is to look at it.", autocompletion=peers)],
    author: Annotated[
        str | None, typer.Option("--author", help="Whose work it is, if not yours.", autocompletion=peers)
    ] = None,
    circle: Circle = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask somebody to look at it as it is now; again, when it has changed."""
    told = ask_daemon(
        lambda line: line.request_review(
            _whole(what), reviewer, circle=circle, author=author, key=key or secrets.token_hex(8)
        )
    )
    show(told, as_json=as_json, human=_one)


@group.command()
def queue(
    peer: Annotated[
        str | None,
        typer.Option("--peer", help="What that peer owes and waits for; * all.", autocompletion=peers),
    ] = None,
    over: Annotated[bool, typer.Option("--over", help="Those that are over, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is to be reviewed and how it stands; the heads are looked at now."""
    show(ask_daemon(lambda line: line.review_queue(peer, over=over)), as_json=as_json, human=_list)


@group.command()
def mark(
    review_id: Annotated[
        str, typer.Argument(help="The review's id, as `review queue` shows it.", autocompletion=reviews)
    ],
    verdict: Annotated[str, typer.Argument(help="approved or changes-requested.")],
    sha: Annotated[
        str | None, typer.Option("--sha", help="The commit you looked at; else the one you were asked about.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="What its author is to know; - reads standard input.")] = "",
    key: Key = None,
    as_json: AsJson = False,
) -> None:  # fmt: skip
    """Give a verdict on the head; refused if it has moved since."""
    told = ask_daemon(
        lambda line: line.mark_reviewed(
            review_id,
            verdict,
            sha=sha,
            note=given_text(note) if note else "",
            key=key or secrets.token_hex(8),
        )
    )
    show(told, as_json=as_json, human=_one)


def _whole(what: str) -> str:
    """A folder is meant from here."""
    if "://" in what:
        return what
    folder, mark_, branch = what.rpartition("#") if "#" in what else (what, "", "")
    return f"{Path(folder or '.').expanduser().absolute()}{mark_}{branch}"


def _one(told: Json) -> str:
    sha = f" at {told['head_sha'][:SHORT]}" if told["head_sha"] else ""
    who = f"{told['author'] or '(gone)'} -> {told['reviewer'] or '(gone)'}"
    head = f"{told['review_id']}  {told['state']}{sha}  {who}: {told['what']}"
    said = [
        f"  {each['verdict']} at {each['sha'][:SHORT]} by {each['by']}"
        + (f": {indented(each['note'])}" if each["note"] else "")
        for each in told["verdicts"][-1:]
    ]
    return "\n".join([head, *said, f"  next: {told['next']}"])


def _list(told: Json) -> str:
    return "\n".join(_one(each) for each in told["reviews"]) or "there is nothing to be reviewed"
