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
import shutil
import stat
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.callers.watch import ExitWatch
from daemon.core.errors import Conflict, NotAllowed, PeerlineError, Throttled, Unavailable
from daemon.core.model import Pane, Peer, Spawn
from daemon.panes import PaneNow
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.settings import Spawn as Rules
from daemon.starting import ground, orders, seeds
from daemon.starting.interface import Made, Place, Wish
from daemon.starting.screen import last_lines, one_line
from daemon.tmux import Tmux, TmuxFailed, default_socket

LAUNCHER: Final = Path(__file__).with_name("launcher.py")
SETTLES_S: Final = 0.7  #: between two looks that must be alike
TAKEN: Final = ".taken"
_NO_WORD: Final = re.compile(r"[^a-z0-9_-]")
_MEMORY: Final = Path("/proc/meminfo")


class Starter:
    """A ``Starting``.

    Args:
        load: reads the configuration as it is now.
        paths: where our own things lie.
        environment: the daemon's.

    """

    def __init__(self, load: Callable[[], Settings], paths: Paths, environment: Mapping[str, str]) -> None:
        self._load = load
        self._paths = paths
        self._environment = environment
        self._socket = default_socket(environment)
        self._tmux = Tmux(self._socket)
        self._starts = paths.home / "run" / "starts"
        self._one = asyncio.Lock()
        self._known = (-1, False)  #: when the config was written, and whether it lets anybody be started

    def ready(self) -> bool:
        """By the config as it was written last: it is read once for each time that it is."""
        config = self._paths.config
        stamp = config.stat().st_mtime_ns if config.exists() else 0
        if self._known[0] != stamp:
            self._known = (stamp, bool(self.backends()))
        return self._known[1]

    def backends(self) -> tuple[str, ...]:
        with contextlib.suppress(PeerlineError):
            return tuple(self._rules().commands)
        return ()

    async def looked(self, wish: Wish) -> Place:
        return await asyncio.to_thread(self._looked, wish)

    async def make(self, spawn: Spawn, peer: Peer) -> Made:
        async with self._one:
            now = await self._found(spawn)
            if now is None:
                await asyncio.to_thread(self._same_place, spawn)
                now = await self._opened(spawn, peer)
            pane = _pane(self._socket, now)
            with contextlib.suppress(TmuxFailed):  # it ended already: so it is told that it did
                await self._tmux.keep(pane.pane_id, spawn.spawn_id)
            return Made(pane)

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
            now = await self._tmux.describe(spawn.pane.pane_id)
            if (now.server_pid, now.pane_pid) == (spawn.pane.server_pid, spawn.pane.pane_pid):
                how = await self._tmux.ended_how(spawn.pane.pane_id)
                lines = last_lines((await self._tmux.look(spawn.pane.pane_id)).screen)
                await self._tmux.close(spawn.pane.pane_id, spawn.pane)
        return ": ".join(
            part for part in (f"its program ended ({how})" if how else "its program ended", lines) if part
        )

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

    def _looked(self, wish: Wish) -> Place:
        rules = self._rules()
        backend = orders.backend_of(rules, wish.backend, wish.profile)
        orders.argv(rules, backend, wish.profile)
        path = ground.real_folder(wish.path, rules.allowed_paths, self._paths.home)
        folder = ground.identity(path)
        if shutil.which("tmux", path=self._environment.get("PATH")) is None:
            raise NotAllowed("tmux is not installed: agents are started in its windows", "install tmux")
        _leave_room(rules)
        return Place(
            path=path,
            folder=folder,
            backend=backend,
            profile=wish.profile,
            branch=wish.branch,
            live=rules.live,
            per_minute=rules.per_minute,
            depth=rules.depth,
        )

    def _rules(self) -> Rules:
        rules = self._load().daemon.spawn
        orders.refuse_unset(rules, str(self._paths.config))
        return rules

    def _same_place(self, spawn: Spawn) -> None:
        """Raises: Refused, where it is not allowed any more, or is another folder by now."""
        path = ground.real_folder(spawn.path, self._rules().allowed_paths, self._paths.home)
        if path != spawn.path or ground.identity(path) != spawn.folder:
            raise Conflict("its folder is another one by now", "look what became of it, and start it again")

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
        told = {
            "argv": orders.argv(self._rules(), spawn.backend, spawn.profile),
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
    root, above = processes.process(now.pane_pid), processes.process(now.server_pid)
    if root is None or above is None:
        raise Unavailable("its window was closed at once", "start it again")
    return Pane(
        tmux=socket,
        server_pid=now.server_pid,
        server_started=above.started,
        pane_id=now.pane_id,
        pane_pid=now.pane_pid,
        pane_started=root.started,
        tmux_session=now.session,
    )


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


def _leave_room(rules: Rules) -> None:
    """Raises: Throttled, where too little memory is left; systems that do not tell are not asked."""
    with contextlib.suppress(OSError, StopIteration, ValueError):
        told = next(line for line in _MEMORY.read_text().splitlines() if line.startswith("MemAvailable"))
        free = int(told.split()[1]) // 1024
        if rules.free_mb and free < rules.free_mb:
            raise Throttled(
                f"{free} MB of memory are left: daemon.spawn.free_mb is {rules.free_mb}",
                "end an agent, or try again later",
                after_s=60.0,
            )
