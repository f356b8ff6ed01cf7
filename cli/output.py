"""What commands print: JSON for programs, rows for people, errors with what to do about them."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Final

from daemon.client.http import Address, HttpExchange
from daemon.client.peer import Client
from daemon.core.errors import PeerlineError, Sandboxed, Unavailable
from daemon.core.rules.cleaning import clean
from daemon.paths import found

Json = dict[str, Any]
#: What JSON leaves as it is and a terminal obeys, or shows in another order than it is written.
_STEERING: Final = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
NOT_YET: Final = 3


def exchange() -> HttpExchange:
    """The way to this home's daemon."""
    paths = found()
    return HttpExchange(Address.found(paths.socket, paths.token))


def client() -> Client:
    """The line to this home's daemon."""
    return Client(exchange())


async def is_up(line: Client) -> bool:
    """Whether a daemon answers.

    Raises:
        Sandboxed: that cannot be found out from here.

    """
    try:
        await line.whoami()
    except Sandboxed:
        raise
    except Unavailable:
        return False
    return True


def ask_daemon(question: Callable[[Client], Coroutine[Any, Any, Json]]) -> Json:
    """Run one conversation with the daemon to its end."""

    async def asked() -> Json:
        line = client()
        try:
            return await question(line)
        finally:
            await line.close()

    return asyncio.run(asked())


def show(told: Json, *, as_json: bool, human: Callable[[Json], str]) -> None:
    """Print it for a program or for a person; what others wrote never reaches a terminal uncleaned."""
    if as_json:
        print(_encoded(told))
    elif text := human(told):
        print(clean_for_terminal(text))


def clean_for_terminal(text: str) -> str:
    return _STEERING.sub("", clean(text))


def indented(text: str) -> str:
    """What somebody else wrote, so that no line of it looks like one of ours."""
    return text.replace("\n", "\n  ")


def _encoded(told: Json) -> str:
    """The same JSON, harmless where it is read by eye."""
    text = json.dumps(told, ensure_ascii=False)
    return _STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", text.encode(errors="replace").decode())


def table(rows: Sequence[Sequence[str]]) -> str:
    """Columns, each as wide as its widest cell."""
    if not rows:
        return ""
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def fail(error: PeerlineError, *, as_json: bool = False) -> int:
    """Say what went wrong and what to do; return the exit code."""
    if as_json:
        from daemon.wire.problems import to_problem

        print(_encoded(to_problem(error)))
    print(f"peerline: {clean_for_terminal(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"\nhint: {clean_for_terminal(error.hint)}", file=sys.stderr)
    return error.exit_code


def note(text: str) -> None:
    """Progress, beside the data."""
    print(text, file=sys.stderr, flush=True)
