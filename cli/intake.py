"""What comes in from chats, put together: where files are kept, who puts voices into words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bots.intake import Intake
from daemon.core.model import Attachment
from daemon.engine.engine import Engine
from daemon.errands.shelf import Shelf
from daemon.errands.voice import Voice
from daemon.settings import Settings

MOST: Final = 500 * 1024 * 1024  #: bytes of all files of the last days


def intake(files: Path, engine: Engine, settings: Settings) -> Intake:
    """Files go below ``files/in``, and lie there as long as our other copies do."""
    shelf = Shelf(files / "in", most=MOST)

    def keep(pieces: Iterable[bytes], name: str) -> Attachment:
        shelf.tidy(engine.clock.now())
        return shelf.keep(pieces, name)

    command = settings.voice.command
    return Intake(keep, Voice(command).heard) if command else Intake(keep)
