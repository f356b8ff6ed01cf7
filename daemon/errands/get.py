"""A file from a peer's folder: shown if it is short text, else as our own copy; a folder as a list.

Rule: the way is walked name by name and no link is followed, so nothing outside the folder is ever opened; and what
is no plain file with one name is not read.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from daemon.core.errors import NotAllowed, NotFound, TooLarge
from daemon.core.rules.measures import size
from daemon.core.rules.secrets import is_secret
from daemon.errands.interface import Found, Sight
from daemon.errands.shelf import Shelf
from daemon.errands.showing import block, inline

LARGEST: Final = 20 * 1024 * 1024  #: bytes
LONGEST_SHOWN: Final = 3000  #: characters of a text that is shown in place
MOST_LISTED: Final = 60
MOST_CHOICES: Final = 8
PIECE: Final = 1024 * 1024
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class Get:
    """``shelf`` keeps the copies; nothing below ``home`` is ever handed out."""

    def __init__(self, shelf: Shelf, home: Path) -> None:
        self._shelf, self._home = shelf, home

    async def __call__(self, sight: Sight) -> Found:
        """Walk and read in a thread: a disk may be slow, or not there at all."""
        self._shelf.tidy(sight.now)
        return await asyncio.to_thread(self._found, sight)

    def _found(self, sight: Sight) -> Found:
        names = _names(sight.argument)
        with contextlib.ExitStack() as closing:
            folder = self._entered(sight.peer.path, names[:-1], closing)
            if not names:
                return _listing(sight, folder, names)
            found = _look(folder, names[-1])
            if stat.S_ISDIR(found.st_mode):
                inside = self._step(folder, names[-1], closing)
                return _listing(sight, inside, names)
            return self._file(sight, folder, names, found)

    def _entered(self, path: str, names: Sequence[str], closing: contextlib.ExitStack) -> int:
        if not path:
            raise NotFound("it has told of no folder")
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise NotFound(f"its folder {inline(path)} is not there") from error
        closing.callback(os.close, folder)
        self._refuse_home(folder)
        for name in names:
            folder = self._step(folder, name, closing)
        return folder

    def _step(self, folder: int, name: str, closing: contextlib.ExitStack) -> int:
        _look(folder, name)
        try:
            inside = os.open(name, _FOLDER, dir_fd=folder)
        except OSError as error:
            raise NotFound(f"{inline(name)} is no folder") from error
        closing.callback(os.close, inside)
        self._refuse_home(inside)
        return inside

    def _refuse_home(self, folder: int) -> None:
        with contextlib.suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(folder), self._home.stat()):
                raise NotAllowed("that is Peerline's own folder", "look at it at the machine itself")

    def _file(self, sight: Sight, folder: int, names: Sequence[str], seen: os.stat_result) -> Found:
        where = f"{inline('/'.join(names))} of {inline(sight.peer.name)}"
        file = _opened(folder, names[-1], seen)
        try:
            if not seen.st_size:
                return Found(f"{where} is empty")
            if seen.st_size <= 4 * LONGEST_SHOWN and (text := _short_text(file)):
                return Found(f"{where}, {size(seen.st_size)}\n\n{block(text, _language(names[-1]))}")
            attachment = self._shelf.keep(_pieces(file), names[-1])
        finally:
            os.close(file)
        return Found(f"{where}, {size(attachment.size)}", attachment)


def _names(argument: str) -> list[str]:
    """The way, name by name.

    Raises:
        NotAllowed: it leads upwards, or to what is never handed out.

    """
    names = [name for name in argument.split("/") if name not in {"", "."}]
    if ".." in names:
        raise NotAllowed("`..` leads out of the folder", "say a path inside it")
    if is_secret("/".join(names)):
        hint = "such files are never handed out; look at it at the machine itself"
        raise NotAllowed(f"{inline(argument)} looks like a secret by its name", hint)
    return names


def _look(folder: int, name: str) -> os.stat_result:
    """What lies there under this name.

    Raises:
        NotFound: nothing does.
        NotAllowed: a link, a device, a mount, or a file that has other names, too.

    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except (OSError, ValueError) as error:
        raise NotFound(f"there is no {inline(name)}", "/get with a folder's path lists it") from error
    if stat.S_ISLNK(found.st_mode):
        with contextlib.suppress(OSError):
            target = os.readlink(name, dir_fd=folder)
            raise NotAllowed(
                f"{inline(name)} is a link", f"it leads to {inline(target)}; links are not followed"
            )
        raise NotAllowed(f"{inline(name)} is a link", "links are not followed")
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise NotAllowed(f"{inline(name)} is no plain file", "devices, pipes and sockets are not read")
    if found.st_dev != os.fstat(folder).st_dev:
        raise NotAllowed(f"{inline(name)} lies on another file system", "look at it at the machine itself")
    if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
        raise NotAllowed(
            f"{inline(name)} has other names as well", "a file that is linked to twice is not read"
        )
    return found


def _opened(folder: int, name: str, seen: os.stat_result) -> int:
    if seen.st_size > LARGEST:
        raise TooLarge(f"{inline(name)} has {size(seen.st_size)}", f"the limit is {size(LARGEST)}")
    try:
        file = os.open(name, _FILE, dir_fd=folder)
    except OSError as error:
        raise NotFound(f"{inline(name)} cannot be read: {error.strerror}") from error
    if not os.path.samestat(seen, os.fstat(file)):
        os.close(file)
        raise NotAllowed(f"{inline(name)} was put in another's place just now", "say it again")
    return file


def _short_text(file: int) -> str:
    """What stands in it, if that is text and short; else ""."""
    told = os.pread(file, 4 * LONGEST_SHOWN + 1, 0)
    try:
        text = told.decode()
    except UnicodeDecodeError:
        return ""
    return text if len(text) <= LONGEST_SHOWN and "\0" not in text and text.strip() else ""


def _pieces(file: int) -> Iterator[bytes]:
    """The content, which may have grown since it was looked at."""
    read = 0
    while piece := os.pread(file, PIECE, read):
        read += len(piece)
        if read > LARGEST:
            raise TooLarge("the file grows while it is read", f"the limit is {size(LARGEST)}")
        yield piece


def _listing(sight: Sight, folder: int, names: Sequence[str]) -> Found:
    with os.scandir(folder) as found:
        entries = sorted(((not _is_folder(each), each.name) for each in found), key=lambda x: (x[0], x[1]))
    shown = [name if is_file else f"{name}/" for is_file, name in entries]
    where = f"{inline('/'.join(names) or '.')} of {inline(sight.peer.name)}"
    if not shown:
        return Found(f"{where} is an empty folder")
    more = f"\n… and {len(shown) - MOST_LISTED} more" if len(shown) > MOST_LISTED else ""
    rows = "\n".join(f"- {inline(name)}" for name in shown[:MOST_LISTED])
    return Found(f"{where}:\n{rows}{more}", choices=_choices(shown, names))


def _choices(shown: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    paths = ("/".join([*names, name]) for name in shown)
    told = [path for path in paths if not is_secret(path) and _is_text(path)]
    return tuple(told[:MOST_CHOICES])


def _is_text(path: str) -> bool:
    return not any("\ud800" <= char <= "\udfff" for char in path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _language(name: str) -> str:
    suffix = PurePosixPath(name).suffix.removeprefix(".")
    return suffix if suffix.isascii() and suffix.isalnum() else ""
