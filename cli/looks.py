"""What people can have looked at, put together: each errand with what it needs."""

from __future__ import annotations

from daemon.engine.engine import Engine
from daemon.engine.errands import Errands
from daemon.engine.lookout import Lookout
from daemon.engine.workshop import Workshop
from daemon.errands import heads
from daemon.errands.claims import prove
from daemon.errands.diff import Diff
from daemon.errands.get import Get
from daemon.errands.interface import Look
from daemon.errands.peek import peek
from daemon.errands.shelf import Shelf
from daemon.paths import Paths


def lookout(engine: Engine) -> Lookout:
    """Who looks at the heads of what is reviewed."""
    return Lookout(engine, heads.submitted, heads.look)


def errands(engine: Engine, paths: Paths, lookout: Lookout | None) -> Errands:
    """Take what lies on the shelf for too long away, and return who runs the errands."""
    shelf = Shelf(paths.files)
    shelf.tidy(engine.clock.now())
    looks: dict[str, Look] = {
        "peek": peek,
        "diff": Diff(shelf, paths.home),
        "get": Get(shelf, paths.home),
        **(lookout.looks() if lookout else {}),
    }
    return Errands(engine, looks)


def workshop(engine: Engine) -> Workshop:
    """Who looks after what jobs want done outside; nobody can be started yet."""
    return Workshop(engine, prove)
