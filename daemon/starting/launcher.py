"""What a new pane runs first: it waits for its orders, goes into its folder, and becomes the agent.

    python -I -S -E launcher.py ORDERS

ORDERS is a file that only its user can write. It is there once the start is written down, so nothing begins of which
nobody knows; it is taken once. Nothing of it goes through a shell. Standard library only, and quick to start.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import time
from typing import Any

WAITS_S = 300.0  # for a daemon that was killed between making the pane and writing it down
LOOK_S = 0.02
LONGER_S = 0.25
QUICK = 250  # looks, before it looks less often
UNUSABLE = 126


Orders = dict[str, Any]


class NotBegun(Exception):
    """Why the agent is not begun."""


def main(orders: str) -> None:
    """Never returns: becomes the agent, or ends with the reason on the screen."""
    try:
        told = _taken(orders)
        os.fchdir(_folder(told))
        _become(told["argv"], _environment(told))
    except (NotBegun, OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"peerline: not started: {error}\n")
        sys.exit(UNUSABLE)


def _become(argv: list[str], environment: dict[str, str]) -> None:
    try:
        os.execvpe(argv[0], argv, environment)  # noqa: S606 -- as it should be
    except OSError as error:
        raise NotBegun(f'the program "{argv[0]}": {error.strerror}') from error


def _taken(orders: str) -> Orders:
    """The orders, which nobody can take again."""
    for look in range(QUICK + int(WAITS_S / LONGER_S)):
        try:
            file = os.open(orders, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            time.sleep(LOOK_S if look < QUICK else LONGER_S)  # noqa: TID251 -- a process of its own, with no loop
            continue
        with os.fdopen(file, encoding="utf-8") as opened:
            found = os.fstat(opened.fileno())
            if found.st_uid != os.getuid() or stat.S_IMODE(found.st_mode) & 0o077:
                raise NotBegun("its orders are not its user's alone")
            told: Orders = json.load(opened)
        os.rename(orders, f"{orders}.taken")  # noqa: PTH104 -- pathlib takes longer to load than all of this
        return told
    raise NotBegun("nobody said what to start")


def _folder(told: Orders) -> int:
    """The folder, opened, if it is still the one that was looked at: nothing on its way there is a link by now."""
    folder = os.open(told["path"], os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    found = os.fstat(folder)
    if f"{found.st_dev}:{found.st_ino}" != told["folder"] or os.path.realpath(told["path"]) != told["path"]:
        raise NotBegun("its folder is another one by now")
    return folder


def _environment(told: Orders) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in told["unset"]}
    return {**kept, **told["set"], "PWD": told["path"]}


if __name__ == "__main__":
    main(sys.argv[1])
