"""Files that people send: our own copy of each, or why there is none; and a voice in words."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final

from bots.intake import LARGEST, Intake
from bots.interface import NotEver, NotNow, Said, Unsure
from daemon.core.errors import PeerlineError
from daemon.core.model import File
from daemon.core.rules.measures import size

FETCHES: Final = 6  #: how often a file is asked for
Fetch = Callable[[], Awaitable[bytes]]
#: Seconds until the next try, from how often it failed and what the platform wishes.
Pause = Callable[[int, float | None], float]


async def kept(intake: Intake, file: File, fetch: Fetch, pause: Pause) -> File:
    """The file with our own copy of it, or with a note why there is none."""
    if intake.keep is None:
        return replace(file, note="files are not taken here")
    if file.size > LARGEST:
        return replace(file, note=f"not fetched, larger than {size(LARGEST)}")
    try:
        content = await _insisted(fetch, pause)
        copy = await asyncio.to_thread(intake.keep, [content], file.name or file.kind)
    except (NotNow, NotEver, Unsure, PeerlineError, OSError) as error:
        return replace(file, note=f"not fetched: {error}")
    return replace(file, path=copy.path, size=copy.size)


async def brought(intake: Intake, said: Said, files: tuple[File, ...]) -> Said:
    """The words with the files that came with them, and with what is said in those that are voices."""
    spoken = [await _spoken(intake, file) for file in files]
    return replace(said, text="\n".join(filter(None, [said.text, *spoken])), files=files)


async def _spoken(intake: Intake, file: File) -> str:
    """What is said in a voice; "" where nobody puts it into words."""
    if intake.transcribe is None or file.kind != "voice" or not file.path:
        return ""
    return await intake.transcribe(file.path)


async def _insisted(fetch: Fetch, pause: Pause) -> bytes:
    """The platform may be away for a while."""
    failures = 0
    while True:
        try:
            return await fetch()
        except (NotNow, Unsure) as failure:
            failures += 1
            if failures == FETCHES:
                raise
            await asyncio.sleep(pause(failures, failure.after_s))
