"""What comes in from chats, put together: groups of the config, where files are kept, who puts voices into words."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from bots.intake import Intake
from daemon.core.addressing import slug
from daemon.core.model import Attachment, Place
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


def places(settings: Settings) -> tuple[Place, ...]:
    """The groups that may be spoken to us in, and what they see."""
    return tuple(
        Place(
            surface="telegram",
            address=str(each.id),
            name=slug(each.name) if each.name else "",
            circles=tuple(each.circles),
            listed=True,
        )
        for each in settings.telegram.chats
    )
