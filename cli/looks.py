"""What people can have looked at, put together: each errand with what it needs."""

from __future__ import annotations

from collections.abc import Mapping

from daemon.engine.engine import Engine
from daemon.engine.errands import Errands
from daemon.engine.lookout import Lookout
from daemon.engine.newcomers import Newcomers
from daemon.errands import heads
from daemon.errands.diff import Diff
from daemon.errands.get import Get
from daemon.errands.interface import Look
from daemon.errands.peek import peek
from daemon.errands.shelf import Shelf
from daemon.paths import Paths
from daemon.starting.interface import Starting


def lookout(engine: Engine) -> Lookout:
    """Who looks at the heads of what is reviewed."""
    return Lookout(engine, heads.submitted, heads.look)


def errands(
    engine: Engine,
    paths: Paths,
    lookout: Lookout | None,
    starting: Starting | None,
    more: Mapping[str, Look],
) -> Errands:
    """Take what lies on the shelf for too long away, and return who runs the errands."""
    shelf = Shelf(paths.files)
    shelf.tidy(engine.clock.now())
    looks: dict[str, Look] = {
        "peek": peek,
        "diff": Diff(shelf, paths.home),
        "get": Get(shelf, paths.home),
        **(lookout.looks() if lookout else {}),
    }
    if starting:
        looks["new"] = Newcomers(engine, starting).start
    return Errands(engine, {**looks, **more})
