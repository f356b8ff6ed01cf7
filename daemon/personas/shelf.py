"""Where the personas lie: the user's own in ``$PEERLINE_HOME/personas/NAME.md``, which win by name, and ours.

Rule: only a regular file inside its folder is read, 16 kB at most; a link that leads out of it is no file of it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from daemon.core.errors import Malformed, NotFound, PeerlineError
from daemon.core.personas import MOST, PersonaFile, checked, read

SHIPPED: Final = Path(__file__).parent / "shipped"
OURS, OWN = "shipped", "your own"


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is no persona, and why."""

    name: str
    why: str


class Shelf:
    """Args: ``own`` is the user's folder, which need not be there."""

    def __init__(self, own: Path) -> None:
        self._folders = ((own, OWN), (SHIPPED, OURS))

    def named(self, name: str) -> PersonaFile:
        """Raises: Malformed, TooLarge: by the file. NotFound: there is none of that name."""
        file_name = f"{checked(name)}.md"
        for folder, source in self._folders:
            if (raw := _bytes(folder, file_name)) is not None:
                return replace(read(name, raw, str(folder / file_name)), source=source)
        known = ", ".join(sorted({each.name for each in self.listed()}))
        raise NotFound(
            f'no persona "{name}"', f"there are {known}; your own are {self._folders[0][0]}/NAME.md"
        )

    def listed(self) -> list[PersonaFile | Broken]:
        """All there are by name, the user's instead of ours."""
        return [self._one(name) for name in sorted(set(self._names()))]

    def _names(self) -> Iterator[str]:
        for folder, _ in self._folders:
            if folder.is_dir():
                yield from (each.stem for each in folder.iterdir() if each.suffix == ".md")

    def _one(self, name: str) -> PersonaFile | Broken:
        try:
            return self.named(name)
        except PeerlineError as error:
            return Broken(name, str(error))


def _bytes(folder: Path, name: str) -> bytes | None:
    """What stands in it, one byte more than may; None: there is none."""
    path = folder / name
    try:
        inside = os.path.realpath(path)
        if os.path.dirname(inside) != os.path.realpath(folder):  # noqa: PTH120  realpath gave text
            raise Malformed(f"{path} leads out of its folder", "put the file itself there")
        with open(inside, "rb", opener=_opener) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Malformed(f"{path} is no file", "put a Markdown file there")
            return file.read(MOST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Malformed(f"{path} cannot be read: {error.strerror}", "put a Markdown file there") from error


def _opener(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
