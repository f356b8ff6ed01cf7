"""Files that people send on Slack: which of them can be fetched at all, and by which address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from bots import fetching
from bots.intake import LARGEST, Intake
from bots.interface import Said
from bots.slack.ids import Web
from bots.slack.wording import Sent, files_in
from daemon.core.model import File

AGAIN_S: Final = 2.0


class Fetching:
    def __init__(self, web: Web, intake: Intake) -> None:
        self._web = web
        self._intake = intake

    async def fetched(self, said: Said, message: Mapping[str, Any]) -> Said:
        """The words with the message's files."""
        files = tuple([await self._fetched(each) for each in files_in(message)])
        return await fetching.brought(self._intake, said, files)

    @staticmethod
    def named(message: Mapping[str, Any]) -> tuple[File, ...]:
        """The same files, left where they are."""
        return tuple(
            File(kind=each.kind, name=each.name, size=each.size, note="not fetched")
            for each in files_in(message)
        )

    async def _fetched(self, sent: Sent) -> File:
        file = File(kind=sent.kind, name=sent.name, size=sent.size)
        if self._intake.keep and not sent.url:
            return replace(file, note="not fetched: it does not lie at Slack")
        return await fetching.kept(self._intake, file, partial(self._web.fetch, sent.url, LARGEST), _pause)


def _pause(failures: int, wish: float | None) -> float:  # noqa: ARG001 -- the same time, however often
    return wish or AGAIN_S
