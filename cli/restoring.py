"""``restore``: a backup of the database takes its place, and what was there is kept aside."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import AsJson
from cli.output import show, table
from daemon.core.rules.measures import counted
from daemon.paths import Paths, found

Json = dict[str, Any]


def add_to(app: typer.Typer) -> None:
    app.command("restore")(restore)


def restore(
    file: Annotated[Path | None, typer.Argument(help="A backup; by default the newest sound one.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="Show the backups, and change nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a backup of the messages back; the daemon must be down, and nothing is deleted."""
    paths = found()
    if listed:
        show({"backups": _backups(paths)}, as_json=as_json, human=_list)
    else:
        show(_restored(paths, file), as_json=as_json, human=_told)


def _restored(paths: Paths, file: Path | None) -> Json:
    from daemon.engine.clock import SystemClock
    from daemon.lifecycle import only_one
    from daemon.store import backups

    now = SystemClock().now()
    with only_one(paths):
        done = backups.restore(paths.database, file, paths.backups, paths.aside, now)
    return {
        "restored": str(done.backup.path),
        "made_at": done.backup.made_at.isoformat(),
        "age_s": round((now - done.backup.made_at).total_seconds()),
        "aside": str(done.aside) if done.aside else None,
        "lost": done.lost,
    }


def _backups(paths: Paths) -> list[Json]:
    from daemon.engine.clock import SystemClock
    from daemon.store import backups

    now = SystemClock().now()
    return [
        {
            "path": str(each.path),
            "made_at": each.made_at.isoformat(),
            "age_s": round((now - each.made_at).total_seconds()),
            "size": each.size,
        }
        for each in backups.found(paths.backups)
    ]


def _list(told: Json) -> str:
    rows = [
        (each["path"], f"{_age(each['age_s'])} old", f"{each['size'] / 1e6:.1f} MB")
        for each in told["backups"]
    ]
    return table(rows) or "there are no backups yet: one is made each hour in which something happens"


def _told(told: Json) -> str:
    lost = told["lost"]
    since = (
        "what was accepted since then cannot be counted: the database that was there cannot be read"
        if lost is None
        else f"it lacks {counted(lost, 'message')} accepted since then"
    )
    kept = f"what was there lies in {told['aside']}" if told["aside"] else "there was no database"
    return f"restored {told['restored']}, {_age(told['age_s'])} old\n{since}\n{kept}\nstart again with `peerline up`"


def _age(seconds: int) -> str:
    minutes = seconds // 60
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"  # noqa: PLR2004  two hours
