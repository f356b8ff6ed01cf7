"""Whether somebody may be started where that is wished for: by the config as it is then, the disk and the memory."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from daemon.core.errors import Conflict, NotAllowed, PeerlineError, Throttled
from daemon.core.model import Spawn
from daemon.paths import Paths
from daemon.settings import Settings
from daemon.settings import Spawn as Rules
from daemon.starting import ground, orders
from daemon.starting.interface import Place, Wish

_MEMORY: Final = Path("/proc/meminfo")


class Survey:
    """Args as of ``Starter``."""

    def __init__(self, load: Callable[[], Settings], paths: Paths, environment: Mapping[str, str]) -> None:
        self._load = load
        self._paths = paths
        self._environment = environment
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
            return tuple(self.rules().commands)
        return ()

    def looked(self, wish: Wish) -> Place:
        """Where that is, if it may be. Raises as ``Starting.looked``."""
        rules = self.rules()
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

    def rules(self) -> Rules:
        """What the config says. Raises: Refused, where it lets nobody be started, or cannot be read."""
        rules = self._load().daemon.spawn
        orders.refuse_unset(rules, str(self._paths.config))
        return rules

    def check_still(self, spawn: Spawn) -> None:
        """Raises: Refused, where it is not allowed any more, or is another folder by now."""
        path = ground.real_folder(spawn.path, self.rules().allowed_paths, self._paths.home)
        if path != spawn.path or ground.identity(path) != spawn.folder:
            raise Conflict("its folder is another one by now", "look what became of it, and start it again")


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
