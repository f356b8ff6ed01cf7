"""Starts agents in panes of the user's own tmux server.

The pane is made first, and what runs in it waits for its orders; so a start that is not written down begins nothing,
and one that is written down is found again by what its pane was made to run. Rule: of what people wrote nothing is an
argument of tmux: names of sessions and windows are plain words, everything else stands in the orders' file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from daemon.callers import whole
from daemon.callers.processes import Process
from daemon.callers.watch import ExitWatch
from daemon.core.errors import NotAllowed, Unavailable
from daemon.core.model import Pane, Peer, Spawn
from daemon.panes import PaneNow
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.starting import ground, orders, resuming, seeds, worktrees
from daemon.starting.interface import Made, Place, Wish
from daemon.starting.screen import last_lines, one_line
from daemon.starting.survey import Survey
from daemon.tmux import Tmux, TmuxFailed, default_socket

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
SETTLES_S: Final = 0.7  #: between two looks that must be alike
DRAINED: Final = 50  #: looks, at most
DRAINS_S: Final = 0.02
TAKEN: Final = ".taken"
_NO_WORD: Final = re.compile(r"[^a-z0-9_-]")


class Starter:
    """A ``Starting``.

    Args:
        load: reads the configuration as it is now.
        paths: where our own things lie.
        environment: the daemon's.

    """

    def __init__(self, load: Callable[[], Settings], paths: Paths, environment: Mapping[str, str]) -> None:
        self._survey = Survey(load, paths, environment)
        self._paths = paths
        self._environment = environment
        self._socket = default_socket(environment)
        self._tmux = Tmux(self._socket)
        self._starts = paths.home / "run" / "starts"
        self._one = asyncio.Lock()

    def ready(self) -> bool:
        return self._survey.ready()

    def backends(self) -> tuple[str, ...]:
        return self._survey.backends()

    async def looked(self, wish: Wish) -> Place:
        place = await asyncio.to_thread(self._survey.looked, wish)
        if wish.branch:
            await worktrees.checked(place.path, wish.branch)
        return place

    async def make(self, spawn: Spawn, peer: Peer) -> Made:
        worktree = await self._worktree(spawn)
        async with self._one:
            now = await self._found(spawn)
            if now is None:
                await asyncio.to_thread(self._survey.check_still, spawn)
                now = await self._opened(spawn, peer)
            pane = _pane(self._socket, now)
            with contextlib.suppress(TmuxFailed):  # it ended already: so it is told that it did
                await self._tmux.keep(pane.pane_id, spawn.spawn_id)
            return Made(pane, worktree)

    async def order(self, spawn: Spawn, peer: Peer) -> None:
        if not self._orders(spawn.spawn_id).with_suffix(TAKEN).exists():
            try:
                await asyncio.to_thread(self._write, spawn, peer)
            except OSError as error:
                raise Unavailable(
                    f"its orders cannot be written: {error.strerror}", "make room on the disk"
                ) from error

    async def arrived(self, spawn: Spawn) -> None:
        self._forget(spawn.spawn_id)
        if spawn.pane:
            with contextlib.suppress(TmuxFailed):
                await self._tmux.keep_not(spawn.pane.pane_id)

    async def ended(self, spawn: Spawn) -> None:
        if spawn.pane is None:
            return
        watch = ExitWatch()
        watch.watch([Process(spawn.pane.pane_pid, spawn.pane.pane_started)])
        try:
            await anext(watch.ended())
        finally:
            watch.close()

    def wants_seed(self, spawn: Spawn) -> bool:
        return spawn.backend in seeds.SEEDED

    async def seed(self, spawn: Spawn, peer: Peer) -> bool:
        """Type the first prompt of one that tells of itself only then, if its input line is there and empty."""
        pane = spawn.pane
        if pane is None:
            return False
        with contextlib.suppress(TmuxFailed):
            before = await self._tmux.look(pane.pane_id)
            await asyncio.sleep(SETTLES_S)
            found = await self._tmux.look(pane.pane_id)
            if found.screen != before.screen or not seeds.is_empty(found):
                return False
            words = seeds.text_for(peer)
            await self._tmux.paste(pane.pane_id, words, ref=pane, seen=found.now)
            await asyncio.sleep(SETTLES_S)
            typed = await self._tmux.look(pane.pane_id)
            if seeds.draft(typed) == words:
                await self._tmux.enter(pane.pane_id, ref=pane, seen=typed.now)
                return True
        return False

    async def last_words(self, spawn: Spawn) -> str:
        self._forget(spawn.spawn_id)
        if spawn.pane is None:
            return "it was never begun"
        how, lines = "", ""
        with contextlib.suppress(TmuxFailed):
            if await self._is_dead(spawn.pane):
                how = await self._tmux.ended_how(spawn.pane.pane_id)
                lines = await self._said(spawn.pane)
                await self._tmux.close(spawn.pane.pane_id, spawn.pane)
        ended = f"its program ended ({how})" if how else "its program ended"
        return f"{ended}: {lines}" if lines else ended

    async def _said(self, pane: Pane) -> str:
        """What it said last; on a busy machine tmux shows that a moment after it says that its program has ended."""
        for _ in range(DRAINED):
            if lines := last_lines(await self._tmux.tail(pane.pane_id)):
                return lines
            await asyncio.sleep(DRAINS_S)
        return ""

    async def _is_dead(self, pane: Pane) -> bool:
        """Whether it is there still, without its program; tmux reads what that said last before it says so."""
        for _ in range(DRAINED):
            now = await self._tmux.describe(pane.pane_id)
            if (now.server_pid, now.pane_pid) != (pane.server_pid, pane.pane_pid):
                return False
            if now.dead:
                return True
            await asyncio.sleep(DRAINS_S)
        return False

    async def discard(self, spawn_id: str, pane: Pane) -> None:
        self._forget(spawn_id)
        with contextlib.suppress(TmuxFailed):
            await self._tmux.close(pane.pane_id, pane)

    async def screen(self, spawn: Spawn) -> str:
        with contextlib.suppress(TmuxFailed):
            return one_line((await self._tmux.look(spawn.pane.pane_id)).screen) if spawn.pane else ""
        return ""

    def attach(self, peer: Peer) -> str:
        return f"tmux attach -t {_word(peer.circle)}:{_word(peer.name)}"

    async def _worktree(self, spawn: Spawn) -> str:
        if not spawn.branch:
            return ""
        await asyncio.to_thread(self._survey.check_still, spawn)
        yard = worktrees.Yard(self._survey.rules().allowed_paths, self._paths.home)
        return await worktrees.made(spawn.path, spawn.branch, yard)

    async def _found(self, spawn: Spawn) -> PaneNow | None:
        """The pane that was made for it by a run of ours that was killed then."""
        made_with = str(self._orders(spawn.spawn_id))
        with contextlib.suppress(TmuxFailed):
            for pane_id, command in await self._tmux.running():
                if made_with in command and not (now := await self._tmux.describe(pane_id)).dead:
                    return now
        return None

    async def _opened(self, spawn: Spawn, peer: Peer) -> PaneNow:
        _private(Path(self._socket).parent)
        _private(self._starts, parents=True)
        argv = [sys.executable, "-I", "-S", "-E", str(LAUNCHER), str(self._orders(spawn.spawn_id))]
        try:
            return await self._tmux.open(
                _word(peer.circle), _word(peer.name), argv, orders.of_server(self._environment)
            )
        except TmuxFailed as error:
            raise Unavailable(f"tmux made no window: {error}", "look at it with `tmux ls`") from error

    def _write(self, spawn: Spawn, peer: Peer) -> None:
        """All at once: who waits for it finds it whole."""
        place = spawn.worktree or spawn.path
        going_on = resuming.words(spawn.backend, spawn.resume) if spawn.resume else ()
        told = {
            "argv": [*orders.argv(self._survey.rules(), spawn.backend, spawn.profile), *going_on],
            "path": place,
            "folder": ground.identity(place) if spawn.worktree else spawn.folder,
            "set": orders.set_for(peer, self._environment),
            "unset": orders.OF_AGENTS,
        }
        path = self._orders(spawn.spawn_id)
        fresh = path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(told, file)
        fresh.rename(path)

    def _orders(self, spawn_id: str) -> Path:
        return self._starts / spawn_id

    def _forget(self, spawn_id: str) -> None:
        for path in (self._orders(spawn_id), self._orders(spawn_id).with_suffix(TAKEN)):
            path.unlink(missing_ok=True)


def _word(name: str) -> str:
    """As tmux can have it: a dot or a colon means something else there."""
    return _NO_WORD.sub("_", name)


def _pane(socket: str, now: PaneNow) -> Pane:
    """The pane with its full identity.

    Raises:
        Unavailable: it is gone already.

    """
    if found := whole.pane_of(socket, now):
        return found
    raise Unavailable("its window was closed at once", "start it again")


def _private(folder: Path, *, parents: bool = False) -> None:
    """Make it, for nobody but us.

    Raises:
        NotAllowed: it is somebody else's, or open to others.

    """
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(0o700, parents=parents)
        found = folder.lstat()
    except OSError as error:
        raise NotAllowed(f"{folder} cannot be made: {error.strerror}", "look who may write there") from error
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise NotAllowed(f"{folder} is not this user's alone", "look at who made it, and take it away")
