"""Options that several commands share, each defined once."""

from __future__ import annotations

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Circle = Annotated[str | None, typer.Option("--circle", "-c", help="The circle a name is meant in.")]
NewToken = Annotated[bool, typer.Option("--new-token", help="Ask for tokens though there are some.")]
NoPair = Annotated[bool, typer.Option("--no-pair", help="Pair nobody.")]
Key = Annotated[
    str | None, typer.Option("--key", help="Idempotency key: sent twice with the same key, it is sent once.")
]
Urgency = Annotated[str, typer.Option("--urgency", help="fyi, normal or urgent.")]


def exact(name: str, circle: str | None) -> str:
    """The name as it stands in that circle, if one was said."""
    return f"{circle}/{name}" if circle and "/" not in name else name
