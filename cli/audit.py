"""``peerline audit tail|verify``: the log of security events, read from its files; no daemon is needed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any, Final

import typer

from cli.options import AsJson
from cli.output import show
from daemon.paths import found

Json = dict[str, Any]
group = typer.Typer(help="The log of security events.", no_args_is_help=True)
_CHAIN: Final = frozenset({"n", "at", "event", "seq", "prev", "hash"})


def add_to(app: typer.Typer) -> None:
    app.add_typer(group, name="audit")


@group.command()
def tail(
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 20,
    as_json: AsJson = False,
) -> None:
    """The last events."""
    from daemon import ledger

    told = {"events": ledger.tail(found().logs, lines)}
    show(told, as_json=as_json, human=lambda x: "\n".join(map(_row, x["events"])) or "nothing is written yet")


@group.command()
def verify(as_json: AsJson = False) -> None:
    """See whether a line was edited, deleted, inserted or cut; names each."""
    from daemon import ledger

    count, flaws = ledger.verify(found().logs)
    told = {"intact": not flaws, "lines": count, "flaws": [asdict(flaw) for flaw in flaws]}
    show(told, as_json=as_json, human=_verdict)
    if flaws:
        raise typer.Exit(2)


def _row(event: Json) -> str:
    rest = {name: value for name, value in event.items() if name not in _CHAIN and value not in ("", {})}
    return f"{event['n']:>6} {event.get('at', '')} {event.get('event', '')} " + " ".join(
        f"{name}={_shown(value)}" for name, value in rest.items()
    )


def _shown(value: Any) -> str:
    if isinstance(value, dict) and "sha256" in value:
        return f"#{value['sha256'][:12]}({value['bytes']} bytes)"
    if isinstance(value, dict):
        return ",".join(f"{name}:{_shown(inner)}" for name, inner in value.items())
    return str(value)


def _verdict(told: Json) -> str:
    if told["intact"]:
        return f"{told['lines']} lines, an unbroken chain"
    rows = [
        f"{each['file']}, line {each['line']} (number {each['n']}): {each['problem']}"
        for each in told["flaws"]
    ]
    return "\n".join([f"{told['lines']} lines; the chain is broken:", *rows])
