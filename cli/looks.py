"""What people can have looked at, put together: each errand with what it needs."""

from __future__ import annotations

import os
from collections.abc import Callable

from daemon.engine.engine import Engine
from daemon.engine.errands import Errands
from daemon.engine.workshop import Workshop
from daemon.errands.claims import prove
from daemon.errands.diff import Diff
from daemon.errands.get import Get
from daemon.errands.interface import Look, Spawning
from daemon.errands.peek import peek
from daemon.errands.shelf import Shelf
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.starting.starter import Starter


def errands(engine: Engine, paths: Paths) -> Errands:
    """Take what lies on the shelf for too long away, and return who runs the errands."""
    shelf = Shelf(paths.files)
    shelf.tidy(engine.clock.now())
    looks: dict[str, Look] = {
        "peek": peek,
        "diff": Diff(shelf, paths.home),
        "get": Get(shelf, paths.home),
    }
    return Errands(engine, looks)


def workshop(engine: Engine, spawning: Spawning | None) -> Workshop:
    """Who looks after what jobs want done outside."""
    return Workshop(engine, prove, spawning)


def starter(load: Callable[[], Settings], paths: Paths) -> Starter:
    """Who starts agents, in the windows of this user's tmux."""
    return Starter(load, paths, os.environ)
