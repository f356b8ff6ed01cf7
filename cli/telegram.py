"""``peerline telegram …``: start, pair, status, people."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.output import ask_daemon, show, table
from daemon.client.peer import Client
from daemon.core.errors import Refused

Json = dict[str, Any]
group = typer.Typer(help="Telegram as a surface.", no_args_is_help=True)
people_group = typer.Typer(help="Who may speak there, and what they may.", invoke_without_command=True)
group.add_typer(people_group, name="people")
Who = Annotated[str, typer.Argument(help="A name, or Telegram's id.")]
Right = Annotated[str, typer.Argument(help="talk, approve or spawn.")]
RIGHTS = ("talk", "approve", "spawn")


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="telegram")


@group.command()
def start(
    no_pair: Annotated[bool, typer.Option("--no-pair", help="Pair nobody.")] = False,
    new_token: Annotated[
        bool, typer.Option("--new-token", help="Ask for a token though there is one.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Turn it on: take a bot's token (not shown, or from standard input), check it, host it, and pair a person."""
    from cli.pairing import is_watched, pair, welcome
    from cli.starting import started

    async def all_of_it(line: Client) -> Json:
        told = await started(line, new_token=new_token)
        if told["people"] or no_pair or as_json or not is_watched():
            return told | {"paired": None}
        print(_hosted(told), flush=True)
        return told | {"paired": await pair(line, told["bot"])}

    def human(told: Json) -> str:
        if told["paired"]:
            return welcome(told["paired"])
        if told["people"]:
            return _hosted(told)
        return f"{_hosted(told)}\nnobody may speak to it yet: `peerline telegram pair`, at a terminal"

    show(ask_daemon(all_of_it), as_json=as_json, human=human)


@group.command("pair")
def pair_(as_json: AsJson = False) -> None:
    """Show a code; whoever sends it to the bot in a private chat within ten minutes may speak."""
    from cli.pairing import invited, is_watched, pair, said, welcome

    async def waited(line: Client) -> Json:
        bot = await _bot(line)
        if as_json or not is_watched():
            return await invited(line, bot)
        return await pair(line, bot)

    show(
        ask_daemon(waited),
        as_json=as_json,
        human=lambda told: said(told) if "code" in told else welcome(told),
    )


@group.command()
def status(as_json: AsJson = False) -> None:
    """The last proven round trip, what waits on both sides, and what is wrong, if anything."""
    show(ask_daemon(lambda line: line.surface("telegram")), as_json=as_json, human=_state)


@people_group.callback()
def people(
    context: typer.Context,
    remove: Annotated[str | None, typer.Option("--remove", help="Take their voice away.")] = None,
    as_json: AsJson = False,
) -> None:
    """List who may speak there."""
    if context.invoked_subcommand:
        return
    if remove:
        _remove(remove, as_json=as_json)
        return
    show(ask_daemon(lambda line: line.people("telegram")), as_json=as_json, human=_people)


@people_group.command()
def grant(name: Who, right: Right, as_json: AsJson = False) -> None:
    """Give somebody a right."""
    _change(name, right, granted=True, as_json=as_json)


@people_group.command()
def revoke(name: Who, right: Right, as_json: AsJson = False) -> None:
    """Take a right away."""
    _change(name, right, granted=False, as_json=as_json)


@people_group.command("remove")
def remove_(name: Who, as_json: AsJson = False) -> None:
    """Take somebody's voice away."""
    _remove(name, as_json=as_json)


def _remove(name: str, *, as_json: bool) -> None:
    async def gone(line: Client) -> Json:
        return await line.remove_person("telegram", await _account(line, name))

    show(ask_daemon(gone), as_json=as_json, human=lambda told: f"removed: {told['name']}")


def _change(name: str, right: str, *, granted: bool, as_json: bool) -> None:
    if right not in RIGHTS:
        raise Refused(f'there is no right "{right}"', f"rights are {', '.join(RIGHTS)}")

    async def changed(line: Client) -> Json:
        return await line.change_right("telegram", await _account(line, name), right, granted=granted)

    show(
        ask_daemon(changed),
        as_json=as_json,
        human=lambda told: f"{told['name']} may {', '.join(told['rights']) or 'do nothing'}",
    )


async def _account(line: Client, wanted: str) -> str:
    """The id of somebody who is called so, or has it."""
    known = (await line.people("telegram"))["people"]
    found = [each["id"] for each in known if wanted in {each["id"], each["name"]}]
    if len(found) > 1:
        raise Refused(f'"{wanted}" is {len(found)} people', f"say which: {', '.join(found)}")
    if not found:
        raise Refused(f'nobody "{wanted}" may speak on telegram', "`peerline telegram people` lists who may")
    account: str = found[0]
    return account


async def _bot(line: Client) -> str:
    told = await line.surface("telegram")
    if not told["hosted"]:
        raise Refused(
            "the daemon hosts no Telegram bot that a code could be sent to",
            "`peerline telegram start` says what is missing",
        )
    bot: str = told["bot"]
    return bot


def _hosted(told: Json) -> str:
    bot = f"@{told['bot']}" if told["bot"] else "the bot"
    return f"{bot} is on the line, by {told['mode']}"


def _state(told: Json) -> str:
    if not told["hosted"]:
        return "the daemon does not host Telegram\nturn it on with `peerline telegram start`"
    age, lag, pending = told["round_trip_age_s"], told["lag_s"], told["pending"]
    rows = [
        ("bot", f"@{told['bot']}" if told["bot"] else "unknown: Telegram does not answer"),
        ("mode", told["mode"]),
        ("last round trip", f"{age:.0f} s ago" if age is not None else "none yet"),
        ("lag", f"{lag * 1000:.0f} ms" if lag is not None else "unknown"),
        ("waiting at Telegram", str(pending) if pending is not None else "unknown"),
        ("waiting to go out", str(told["waiting"])),
        ("people", str(told["people"])),
    ]
    if told["trouble"]:
        rows += [("trouble", f"{told['trouble']}, since {told['since']}"), ("what to do", told["fix"])]
    return table(rows)


def _people(told: Json) -> str:
    rows = [
        (x["id"], x["name"], ", ".join(x["rights"]), "owner" if x["owner"] else "", x["source"])
        for x in told["people"]
    ]
    return table(rows) or "nobody yet; pair with `peerline telegram pair`"
