"""Messages: ask, asks, ack, cancel, notify, broadcast, inbox, why."""

from __future__ import annotations

import secrets
import sys
from typing import Annotated, Any, Final

import typer

from cli.options import AsJson, Circle, Key, Urgency
from cli.output import NOT_YET, ask_daemon, indented, note, show, table
from daemon.client.interface import Question
from daemon.client.peer import Client

Json = dict[str, Any]
PATIENCE_S: Final = 20.0


def add_to(app: typer.Typer) -> None:
    for command in (ask, asks, ack, cancel, notify, broadcast, inbox, why):
        app.command(command.__name__)(command)


def ask(
    peer: Annotated[str, typer.Argument(help="A peer, role:…, circle:…, or several with commas.")],
    text: Annotated[str, typer.Argument(help="The question; - reads it from standard input.")],
    circle: Circle = None,
    option: Annotated[
        list[str] | None, typer.Option("--option", help="An answer to choose; repeatable.")
    ] = None,
    need: Annotated[
        str, typer.Option("--need", help="Of several: all, first, majority or a number.")
    ] = "all",
    deadline: Annotated[float | None, typer.Option("--deadline", help="Seconds until it expires.")] = None,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for the answer.")] = 0,
    urgency: Urgency = "normal",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Ask a peer; the answer comes to the inbox, or at once with --wait."""
    question = Question(
        to=[name for name in peer.split(",") if name],
        text=given_text(text),
        circle=circle,
        options=option or [],
        need=need,
        deadline_s=deadline,
        urgency=urgency,
        wait_s=min(wait, PATIENCE_S),
    )

    async def put(line: Client) -> Json:
        asked = await line.ask(question, key=key or secrets.token_hex(8))
        if wait:
            if not as_json:
                note(f"asked ({asked['ask_id']}); waiting up to {wait:g} s")
            asked = await _awaited(line, asked["ask_id"], wait)
        return asked

    told = ask_daemon(put)
    show(told, as_json=as_json, human=_ask)
    if wait and told["pending"]:
        raise typer.Exit(NOT_YET)


def asks(
    mine: Annotated[bool, typer.Option("--mine", help="Those I asked (the default).")] = False,
    to_me: Annotated[bool, typer.Option("--to-me", help="Those asked of me.")] = False,
    everybody: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    as_json: AsJson = False,
) -> None:
    """The open asks."""
    whose = "all" if everybody else "to-me" if to_me and not mine else "mine"
    show(ask_daemon(lambda line: line.asks(whose)), as_json=as_json, human=_asks)


def ack(
    ask_id: str,
    text: Annotated[str, typer.Argument(help="The answer; without one it is acknowledged.")] = "",
    option: Annotated[str | None, typer.Option("--option", help="The option chosen.")] = None,
    decline: Annotated[bool, typer.Option("--decline", help="Say no.")] = False,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Answer an ask that was asked of you."""
    told = ask_daemon(lambda line: line.answer(ask_id, text, option=option, decline=decline, key=key))
    show(told, as_json=as_json, human=_ask)


def cancel(ask_id: str, key: Key = None, as_json: AsJson = False) -> None:
    """Take an ask of yours back."""
    show(ask_daemon(lambda line: line.cancel(ask_id, key=key)), as_json=as_json, human=_ask)


def notify(
    peer: str,
    text: str,
    circle: Circle = None,
    urgency: Urgency = "normal",
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Tell a peer something; nothing comes back."""
    told = ask_daemon(
        lambda line: line.notify(
            peer, given_text(text), circle=circle, urgency=urgency, key=key or secrets.token_hex(8)
        )
    )
    show(told, as_json=as_json, human=_sent)


def broadcast(text: str, circle: Circle = None, key: Key = None, as_json: AsJson = False) -> None:
    """Tell every agent of a circle, or of all."""
    told = ask_daemon(
        lambda line: line.broadcast(given_text(text), circle=circle, key=key or secrets.token_hex(8))
    )
    show(told, as_json=as_json, human=_sent)


def inbox(
    limit: Annotated[int, typer.Option("--limit", help="How many at most.")] = 50,
    peek: Annotated[bool, typer.Option("--peek", help="Look without taking them.")] = False,
    as_json: AsJson = False,
) -> None:
    """What is unread; it counts as read once it is printed."""

    async def look(line: Client) -> Json:
        if peek:
            return await line.messages(limit=limit)
        call = f"cli-{secrets.token_hex(8)}"
        told = await line.collect(call, limit=limit)
        show(told, as_json=as_json, human=_messages)
        sys.stdout.flush()
        await line.confirm(call)
        return told

    told = ask_daemon(look)
    if peek:
        show(told, as_json=as_json, human=_messages)


def why(message_id: str, as_json: AsJson = False) -> None:
    """The whole story of one message."""
    show(ask_daemon(lambda line: line.why(message_id)), as_json=as_json, human=_why)


async def _awaited(line: Client, ask_id: str, seconds: float) -> Json:
    """Wait in slices, across a restart of the daemon; an answer that was read here is not news any more."""
    import asyncio

    from daemon.core.errors import Unavailable

    loop = asyncio.get_running_loop()
    until = loop.time() + seconds
    while True:
        left = max(0.0, until - loop.time())
        try:
            told = await line.asked(ask_id, wait_s=min(left, PATIENCE_S))
        except Unavailable:
            if left <= 0:
                raise
            await asyncio.sleep(min(0.2, left))
            continue
        if not told["pending"]:
            call = f"cli-{secrets.token_hex(8)}"
            await line.collect(call, ask_id=ask_id)
            await line.confirm(call)
            return told
        if left <= 0:
            return told


def given_text(text: str) -> str:
    """The text, or what standard input holds for ``-``."""
    return sys.stdin.read() if text == "-" else text


def _ask(told: Json) -> str:
    lines = [
        f"{x['from']}{' (late)' if x['late'] else ''}: {indented(x['text']) or x['how']}"
        for x in told["answers"]
    ]
    if lines:
        silent = [f"no answer from {', '.join(told['absent'])}"] if told["absent"] else []
        return "\n".join([*lines, *silent])
    where = "; ".join(f"{x['peer']}: {x['level']}, {x['reason']}" for x in told.get("deliveries", ()))
    return f"{told['ask_id']} {told['state']}{f' ({where})' if where else ''}"


def _asks(told: Json) -> str:
    rows = [(x["ask_id"], x["state"], ", ".join(x["to"]), x["question"][:60]) for x in told["asks"]]
    return table([("ID", "STATE", "TO", "QUESTION"), *rows]) if rows else "nothing is open"


def _sent(told: Json) -> str:
    rows = [f"{x['peer']}: {x['level']}, {x['reason']}" for x in told["deliveries"]]
    return "\n".join([told["message_id"], *(rows or ["nobody was there to hear it"])])


def _messages(told: Json) -> str:
    rows = [_message(each) for each in told["messages"]]
    return "\n\n".join(rows) or "nothing is unread"


def _message(told: Json) -> str:
    about = f" {told['ask_id']}" if told["ask_id"] else ""
    options = "".join(f"\n  [{n}] {label}" for n, label in enumerate(told["options"], 1))
    return f"{told['kind']}{about} from {told['from']}\n  {indented(told['text'])}{options}"


def _why(told: Json) -> str:
    lines = [f"{told['id']} {told['kind']} from {told['from']}: {told['state']}"]
    for each in told["deliveries"]:
        reason = f" ({each['reason']})" if each["reason"] else ""
        lines.append(
            f"\nto {each['peer']}: {each['level']}{reason}, {each['attempts']} tries, road {each['road']}"
        )
        lines += [f"  {x['at']}  {x['what']:<10} {x['evidence']}" for x in each["events"]]
    if told["ended"]:
        lines.append(f"\nended {told['ended']['at']}: {told['ended']['how']}")
    return "\n".join(lines)
