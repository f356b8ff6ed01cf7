"""Files that people send: our own copy of each, or why there is none; and a voice in words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from bots.intake import LARGEST, Intake
from bots.interface import NotEver, NotNow, Unsure
from bots.slack.ids import Web
from bots.slack.wording import Sent, files_in
from daemon.core.errors import PeerlineError
from daemon.core.measures import size
from daemon.core.model import File

FETCHES: Final = 6  #: how often a file is asked for
AGAIN_S: Final = 2.0


class Fetching:
    def __init__(self, web: Web, intake: Intake) -> None:
        self._web = web
        self._intake = intake

    async def fetched(self, message: Mapping[str, Any]) -> tuple[tuple[File, ...], list[str]]:
        """The files of a message, and what is said in those that are voices."""
        files = tuple([await self._fetched(each) for each in files_in(message)])
        return files, [await self._spoken(file) for file in files]

    @staticmethod
    def named(message: Mapping[str, Any]) -> tuple[File, ...]:
        """The same files, left where they are."""
        return tuple(
            File(kind=each.kind, name=each.name, size=each.size, note="not fetched")
            for each in files_in(message)
        )

    async def _fetched(self, sent: Sent) -> File:
        file = File(kind=sent.kind, name=sent.name, size=sent.size)
        if self._intake.keep is None:
            return replace(file, note="files are not taken here")
        if not sent.url:
            return replace(file, note="not fetched: it does not lie at Slack")
        if sent.size > LARGEST:
            return replace(file, note=f"not fetched, larger than {size(LARGEST)}")
        try:
            content = await self._insisted(sent.url)
            kept = await asyncio.to_thread(self._intake.keep, [content], sent.name or sent.kind)
        except (NotNow, NotEver, Unsure, PeerlineError, OSError) as error:
            return replace(file, note=f"not fetched: {error}")
        return replace(file, path=kept.path, size=kept.size)

    async def _spoken(self, file: File) -> str:
        if self._intake.transcribe is None or file.kind != "voice" or not file.path:
            return ""
        return await self._intake.transcribe(file.path)

    async def _insisted(self, url: str) -> bytes:
        """Slack may be away for a while."""
        for _ in range(FETCHES - 1):
            try:
                return await self._web.fetch(url, LARGEST)
            except (NotNow, Unsure) as failure:
                wish = failure.after_s if isinstance(failure, NotNow) else None
                await asyncio.sleep(wish or AGAIN_S)
        return await self._web.fetch(url, LARGEST)
