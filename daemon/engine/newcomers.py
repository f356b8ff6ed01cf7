"""``/new``: what a person wished for in a chat is looked at, and somebody is started, once for each errand."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final

from daemon.core.model import Spawned
from daemon.engine.engine import Engine, Once
from daemon.errands.interface import Found, Sight
from daemon.starting.interface import Starting, Wish, want

PRINCIPAL: Final = "errand"
KNOWN: Final = frozenset({"claude-code", "codex", "gemini", "opencode"})


class Newcomers:
    def __init__(self, engine: Engine, starting: Starting) -> None:
        self._engine = engine
        self._starting = starting

    async def start(self, sight: Sight) -> Found:
        """Start whoever is wished for, and say who it is.

        Raises:
            PeerlineError: nobody may be started there, or by this person.

        """
        told = json.loads(sight.argument)
        path, backend, text = self._split(told["wish"])
        once = Once(PRINCIPAL, sight.errand_id, "")
        if not await self._engine.read(lambda tx: tx.remembered(once.principal, once.key) is not None):
            command = replace(
                want(await self._starting.looked(Wish(path=path, backend=backend)), by=sight.conversation),
                surface=told["surface"],
                account=told["account"],
                person=told["person"],
                message=text,
            )
            return Found(await self._engine.handle_once((command,), once, self._said))
        return Found(await self._engine.handle_once((), once, self._said))

    def _said(self, results: list[Any]) -> str:
        told: Spawned = results[0]
        where = f"{told.peer.circle}/{told.peer.name}"
        attach = self._starting.attach(told.peer)
        return (
            f"{where} is being started in {told.spawn.path}; what you send it waits\n\nlook at it: `{attach}`"
        )

    def _split(self, wish: str) -> tuple[str, str, str]:
        """The folder, in quotes if it has spaces; whom to start, if the next word says so; what to ask."""
        if wish[:1] == '"' and '"' in wish[1:]:
            path, _, rest = wish[1:].partition('"')
        else:
            path, rest = [*wish.split(maxsplit=1), ""][:2]
        word, *more = [*rest.split(maxsplit=1), ""]
        named = word.rstrip(":") in {*KNOWN, *self._starting.backends()}
        return path, word.rstrip(":") if named else "", (more[0] if more else "") if named else rest.strip()
