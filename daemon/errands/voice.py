"""A voice note put into words by a program of the user's choice. What goes wrong with that leaves the note as it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Final

FILE: Final = "{file}"
WITHIN_S: Final = 120.0
LONGEST: Final = 16_000  #: characters
log = logging.getLogger(__name__)


class Voice:
    """``command``: a program and its arguments, with ``{file}`` where the path belongs."""

    def __init__(self, command: Sequence[str], *, within_s: float = WITHIN_S) -> None:
        self._command = tuple(command)
        self._within_s = within_s

    async def heard(self, path: str) -> str:
        """Return what is said in it; "" if that cannot be told."""
        words = [each.replace(FILE, path) for each in self._command]
        try:
            async with asyncio.timeout(self._within_s):
                return await _printed(words)
        except (OSError, TimeoutError) as error:
            log.warning("voice.command failed: %s", str(error) or "it took too long")
            return ""


async def _printed(words: Sequence[str]) -> str:
    child = await asyncio.create_subprocess_exec(
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        out, _ = await child.communicate()
    except BaseException:
        child.kill()
        await child.wait()
        raise
    if child.returncode:
        log.warning("voice.command ended with %s", child.returncode)
        return ""
    return out.decode("utf-8", "replace").strip()[:LONGEST]
