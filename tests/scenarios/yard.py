"""A house whose daemon may start the scripted agent in its yard, in windows of a tmux server of its own."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from tests.scenarios.house import AGENT, PATIENCE_S, House, Told

Json = dict[str, Any]
LOOK_S = 0.05


class Yard:
    """``folder``: inside which agents may be started; ``tmux``: where the windows are."""

    def __init__(self, house: House, **rules: object) -> None:
        self.house = house
        self.folder = house.place / "yard"
        self.folder.mkdir()
        self.allow(**rules)

    @property
    def tmux(self) -> Path:
        return self.house.place / "t" / f"tmux-{os.getuid()}" / "default"

    def allow(self, **rules: object) -> None:
        """What the config says of starting agents; nothing needs to be started anew for it."""
        usual = {
            "allowed_paths": [str(self.folder)],
            "commands": {"claude-code": [sys.executable, "-I", str(AGENT), str(self.house.socket)]},
            "free_mb": 0,
            "live": 8,
            "per_minute": 60,
        }
        self.house.home.mkdir(mode=0o700, exist_ok=True)
        config = self.house.home / "config.yaml"
        config.write_text(json.dumps({"daemon": {"spawn": usual | rules}}))
        config.chmod(0o600)

    def make(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir()
        return folder

    async def new(self, *words: str) -> Told:
        """``peer new`` as the owner at a terminal."""
        return await self.house.at_terminal("peer", "new", "--wait", "20", *words, "--json")

    async def panes(self) -> list[str]:
        """What was started, by the command that each window was made with."""
        told = await self.tell_tmux("list-panes", "-a", "-F", "#{pane_start_command}")
        return told.splitlines()

    async def screens(self) -> str:
        """What is to be seen in every pane, for a test that fails."""
        panes = (await self.tell_tmux("list-panes", "-a", "-F", "#{pane_id}")).split()
        return "\n".join([await self.tell_tmux("capture-pane", "-p", "-t", each) for each in panes])

    async def clear(self) -> None:
        """End all that was started, and wait until it has."""
        pids = [int(pid) for pid in (await self.tell_tmux("list-panes", "-a", "-F", "#{pane_pid}")).split()]
        await self.tell_tmux("kill-server")
        async with asyncio.timeout(PATIENCE_S):
            while any(Path(f"/proc/{pid}").exists() for pid in pids):
                await asyncio.sleep(LOOK_S)

    async def tell_tmux(self, *words: str) -> str:
        child = await asyncio.create_subprocess_exec(
            *("tmux", "-S", str(self.tmux), *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        out, _ = await child.communicate()
        return out.decode()

    async def peers(self) -> list[Json]:
        told = await self.house.cli("peer", "list", "--json")
        return [each for each in told.json["peers"] if each["backend"] == "claude-code"]

    async def until_peer(self, name: str, **wanted: object) -> Json:
        seen: list[Json] = []
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    seen = await self.peers()
                    for each in seen:
                        if each["name"] == name and wanted.items() <= each.items():
                            return each
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise AssertionError(f"{name} is not {wanted}: {seen}\n{self.house.daemon.log}") from None


@asynccontextmanager
async def yard(**rules: object) -> AsyncIterator[Yard]:
    """No daemon runs yet; at the end nothing runs any more."""
    async with House() as house:
        place = house.place / "t"
        place.mkdir()
        house._given["TMUX_TMPDIR"] = str(place)
        house.daemon = house._daemon()
        made = Yard(house, **rules)
        try:
            yield made
        finally:
            with suppress(FileNotFoundError):
                await made.clear()
