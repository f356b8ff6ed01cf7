"""What every chat surface has on the command line: start, pair, status, people. Each says only what is its own."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any, Final

import typer

from cli.fronts import Front
from cli.options import AsJson
from cli.output import ask_daemon, show, table
from daemon.client.peer import Client
from daemon.core.errors import Refused

Json = dict[str, Any]
Who = Annotated[str, typer.Argument(help="A name, or the platform's id.")]
Right = Annotated[str, typer.Argument(help="talk, approve or spawn.")]
RIGHTS: Final = ("talk", "approve", "spawn")


def group_of(front: Front) -> typer.Typer:
    """Pair, status and people, the same for all."""
    group = typer.Typer(help=f"{front.title} as a surface.", no_args_is_help=True)
    group.add_typer(_people_of(front), name="people")

    @group.command()
    def pair(as_json: AsJson = False) -> None:
        """Show a code; whoever sends it to the bot, and to it alone, within ten minutes may speak."""
        _pair(front, as_json=as_json)

    @group.command()
    def status(as_json: AsJson = False) -> None:
        """The last proven round trip, what waits, and what is wrong, if anything."""
        show(
            ask_daemon(lambda line: line.surface(front.surface)),
            as_json=as_json,
            human=lambda told: state(front, told),
        )

    return group


def _people_of(front: Front) -> typer.Typer:
    people = typer.Typer(help="Who may speak there, and what they may.", invoke_without_command=True)

    @people.callback()
    def listed(
        context: typer.Context,
        remove: Annotated[str | None, typer.Option("--remove", help="Take their voice away.")] = None,
        as_json: AsJson = False,
    ) -> None:
        """List who may speak there."""
        if context.invoked_subcommand:
            return
        if remove:
            _remove(front, remove, as_json=as_json)
            return
        show(
            ask_daemon(lambda line: line.people(front.surface)),
            as_json=as_json,
            human=lambda told: _people(front, told),
        )

    @people.command()
    def grant(name: Who, right: Right, as_json: AsJson = False) -> None:
        """Give somebody a right."""
        _change(front, name, right, granted=True, as_json=as_json)

    @people.command()
    def revoke(name: Who, right: Right, as_json: AsJson = False) -> None:
        """Take a right away."""
        _change(front, name, right, granted=False, as_json=as_json)

    @people.command("remove")
    def remove_(name: Who, as_json: AsJson = False) -> None:
        """Take somebody's voice away."""
        _remove(front, name, as_json=as_json)

    return people


def start(
    front: Front,
    started: Callable[[Client], Coroutine[Any, Any, Json]],
    *,
    pairs: bool,
    as_json: bool,
) -> None:
    """Have it hosted, and pair a person where nobody may speak yet and somebody sits there."""
    from cli.pairing import is_watched, pair, welcome

    async def all_of_it(line: Client) -> Json:
        told = await started(line)
        if told["people"] or not pairs or as_json or not is_watched():
            return told | {"paired": None}
        print(_hosted(told), flush=True)
        return told | {"paired": await pair(line, front, told["bot"])}

    def human(told: Json) -> str:
        if told["paired"]:
            return welcome(front, told["paired"])
        if told["people"]:
            return _hosted(told)
        return f"{_hosted(told)}\nnobody may speak to it yet: `{front.command} pair`, at a terminal"

    show(ask_daemon(all_of_it), as_json=as_json, human=human)


def state(front: Front, told: Json) -> str:
    """How it is, for people."""
    if not told["hosted"]:
        return f"the daemon does not host {front.title}\nturn it on with `{front.command} start`"
    age, lag, pending = told["round_trip_age_s"], told["lag_s"], told["pending"]
    rows = [
        ("bot", f"@{told['bot']}" if told["bot"] else f"unknown: {front.title} does not answer"),
        *([("workspace", told["workspace"])] if told["workspace"] else []),
        *([("not allowed to", ", ".join(told["lacks"]))] if told["lacks"] else []),
        ("mode", told["mode"]),
        ("last round trip", f"{age:.0f} s ago" if age is not None else "none yet"),
        ("lag", f"{lag * 1000:.0f} ms" if lag is not None else "unknown"),
        _there(front, told["sockets"], pending),
        ("waiting to go out", str(told["waiting"])),
        ("people", str(told["people"])),
    ]
    if told["trouble"]:
        rows += [("trouble", f"{told['trouble']}, since {told['since']}"), ("what to do", told["fix"])]
    return table(rows)


def _there(front: Front, sockets: int | None, pending: int | None) -> tuple[str, str]:
    """What is open, or waits, between us and the platform."""
    if sockets is not None:
        return ("open sockets", str(sockets))
    return (f"waiting at {front.title}", str(pending) if pending is not None else "unknown")


def _pair(front: Front, *, as_json: bool) -> None:
    from cli.pairing import invited, is_watched, pair, said, welcome

    async def waited(line: Client) -> Json:
        bot = await _bot(line, front)
        if as_json or not is_watched():
            return await invited(line, front, bot)
        return await pair(line, front, bot)

    show(
        ask_daemon(waited),
        as_json=as_json,
        human=lambda told: said(front, told) if "code" in told else welcome(front, told),
    )


def _remove(front: Front, name: str, *, as_json: bool) -> None:
    async def gone(line: Client) -> Json:
        return await line.remove_person(front.surface, await _account(line, front, name))

    show(ask_daemon(gone), as_json=as_json, human=lambda told: f"removed: {told['name']}")


def _change(front: Front, name: str, right: str, *, granted: bool, as_json: bool) -> None:
    if right not in RIGHTS:
        raise Refused(f'there is no right "{right}"', f"rights are {', '.join(RIGHTS)}")

    async def changed(line: Client) -> Json:
        account = await _account(line, front, name)
        return await line.change_right(front.surface, account, right, granted=granted)

    show(
        ask_daemon(changed),
        as_json=as_json,
        human=lambda told: f"{told['name']} may {', '.join(told['rights']) or 'do nothing'}",
    )


async def _account(line: Client, front: Front, wanted: str) -> str:
    """The id of somebody who is called so, or has it."""
    known = (await line.people(front.surface))["people"]
    found = [each["id"] for each in known if wanted in {each["id"], each["name"]}]
    if len(found) > 1:
        raise Refused(f'"{wanted}" is {len(found)} people', f"say which: {', '.join(found)}")
    if not found:
        raise Refused(
            f'nobody "{wanted}" may speak on {front.surface}', f"`{front.command} people` lists who may"
        )
    account: str = found[0]
    return account


async def _bot(line: Client, front: Front) -> str:
    told = await line.surface(front.surface)
    if not told["hosted"]:
        raise Refused(
            f"the daemon hosts no {front.title} bot that a code could be sent to",
            f"`{front.command} start` says what is missing",
        )
    bot: str = told["bot"]
    return bot


def _hosted(told: Json) -> str:
    bot = f"@{told['bot']}" if told["bot"] else "the bot"
    return f"{bot} is on the line, by {told['mode']}"


def _people(front: Front, told: Json) -> str:
    rows = [
        (x["id"], x["name"], ", ".join(x["rights"]), "owner" if x["owner"] else "", x["source"])
        for x in told["people"]
    ]
    return table(rows) or f"nobody yet; pair with `{front.command} pair`"
