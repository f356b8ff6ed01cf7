"""What the engine wants of whoever starts agents."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from daemon.core import commands as c
from daemon.core.model import Pane, Peer, Spawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """Where somebody is to be started, in the words of whoever wishes it."""

    path: str
    backend: str = ""
    profile: str = ""
    branch: str = ""  #: of the worktree of its own that it gets


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The same, looked at: it is there, and it may be."""

    path: str  #: without links
    folder: str  #: device and inode
    backend: str
    profile: str
    branch: str
    live: int
    per_minute: int
    depth: int


def want(place: Place, *, by: str, name: str = "") -> c.WantSpawn:
    """What is to be decided, once a place was looked at. ``by``: a peer's id; ``name``: a wish."""
    return c.WantSpawn(
        by=by,
        backend=place.backend,
        profile=place.profile,
        path=place.path,
        folder=place.folder,
        branch=place.branch,
        wish=name or place.branch.rpartition("/")[2] or place.path.rpartition("/")[2],
        live=place.live,
        per_minute=place.per_minute,
        depth=place.depth,
    )


@dataclass(frozen=True, slots=True)
class Made:
    """The pane of a start; ``worktree``: the folder that it works in, if it got one of its own."""

    pane: Pane
    worktree: str = ""


class Starting(Protocol):
    """Each word may be said again after a crash: what is done already is found, and not done twice."""

    def ready(self) -> bool:
        """Whether the config lets anybody be started."""
        ...

    def backends(self) -> tuple[str, ...]:
        """Who can be started, by the config."""
        ...

    async def looked(self, wish: Wish) -> Place:
        """Where that is, by the config as it is now.

        Raises:
            Refused: nobody may be started there.
            Unavailable: not now.

        """
        ...

    async def make(self, spawn: Spawn, peer: Peer) -> Made:
        """Its pane, in which nothing begins yet. Raises as ``looked``."""
        ...

    async def order(self, spawn: Spawn, peer: Peer) -> None:
        """Let its program begin. Raises as ``looked``."""
        ...

    async def arrived(self, spawn: Spawn) -> None:
        """It is there: its pane is one like any other."""
        ...

    async def ended(self, spawn: Spawn) -> None:
        """Return when its pane's process is over."""
        ...

    async def last_words(self, spawn: Spawn) -> str:
        """Why its program is over, as far as its pane tells; the pane goes with that."""
        ...

    async def discard(self, spawn_id: str, pane: Pane) -> None:
        """Close the pane of a start that is not wanted any more."""
        ...

    def wants_seed(self, spawn: Spawn) -> bool:
        """Whether it tells of itself only once it has had a prompt."""
        ...

    async def seed(self, spawn: Spawn, peer: Peer) -> bool:
        """Give it one, if it is ready for that; whether it was."""
        ...

    async def screen(self, spawn: Spawn) -> str:
        """What its pane shows, in one line."""
        ...

    def attach(self, peer: Peer) -> str:
        """The command that shows its terminal."""
        ...
