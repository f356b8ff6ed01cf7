"""Where agents may be started: what somebody wrote becomes a folder without links, inside an allowed one.

Rule: a folder is compared as it really lies, part by part, after ``..`` and links; and remembered by its device and
inode, so that whoever goes there sees whether it is another by then.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from daemon.core.errors import Malformed, NotAllowed, NotFound

LONGEST: Final = 4096
SHOWN: Final = 120
CANDIDATES: Final = 5
ORCHESTRATOR: Final = "orchestrator"  #: the folder inside our own home in which an agent may work


def real_folder(text: str, roots: Sequence[str], home: Path) -> str:
    """The folder that is meant, without links.

    Args:
        text: a whole path, one that begins with ``~``, or one inside an allowed folder.
        roots: the allowed folders, as the config names them.
        home: our own, in which nobody works.

    Raises:
        Malformed: no folder can be called that.
        NotFound: there is none.
        NotAllowed: it is not inside an allowed folder.

    """
    real = os.path.realpath(_whole(_checked(text), roots))
    own = os.path.realpath(home)
    allowed = inside(real, roots)
    if is_inside(real, own):
        if not is_inside(real, f"{own}/{ORCHESTRATOR}"):
            raise NotAllowed(f'"{_shown(text)}" is Peerline\'s own', "agents work elsewhere")
    elif not allowed:
        listed = ", ".join(roots)
        raise NotAllowed(
            f'"{_shown(text)}" is outside the folders that agents may start in', f"allowed are: {listed}"
        )
    if not os.path.isdir(real):  # noqa: PTH112 -- no Path of what is compared as text
        raise NotFound(f'there is no folder "{_shown(text)}"', _like(real, allowed))
    return real


def identity(folder: str) -> str:
    """Its device and inode.

    Raises:
        NotFound: it is gone.

    """
    try:
        found = os.stat(folder, follow_symlinks=False)  # noqa: PTH116
    except OSError as error:
        raise NotFound(f'there is no folder "{_shown(folder)}"', str(error.strerror)) from error
    return f"{found.st_dev}:{found.st_ino}"


def inside(real: str, roots: Sequence[str]) -> list[str]:
    """The allowed folders that hold it."""
    return [root for root in _real(roots) if is_inside(real, root)]


def is_inside(real: str, root: str) -> bool:
    """Part by part: ``/src`` holds ``/src/app``, and not ``/srcs``."""
    return Path(real).is_relative_to(root)


def _checked(text: str) -> str:
    if not text or len(text) > LONGEST or text.startswith("-"):
        raise Malformed(f'"{_shown(text)}" is no folder', "give its path, such as ~/projects/app")
    if any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text):
        raise Malformed("a folder with control characters or newlines in its name", "give it another name")
    if text.startswith("~") and text != "~" and not text.startswith("~/"):
        raise Malformed(f'"{_shown(text)}" is in another user\'s home', "give a path of your own")
    return text


def _whole(text: str, roots: Sequence[str]) -> str:
    """The path from the root on; what is said without one lies in the allowed folders."""
    path = os.path.expanduser(text)  # noqa: PTH111
    if os.path.isabs(path):  # noqa: PTH117
        return path
    real = _real(roots)
    found = [there for root in real if os.path.isdir(there := os.path.join(root, path))]  # noqa: PTH112, PTH118
    if len(found) > 1:
        raise Malformed(f'"{_shown(text)}" could be {" or ".join(found)}', "give its whole path")
    if not found:
        raise NotFound(f'there is no folder "{_shown(text)}" in the allowed ones', _like(path, real))
    return found[0]


def _real(roots: Sequence[str]) -> list[str]:
    whole = [os.path.expanduser(root) for root in roots]  # noqa: PTH111
    return [os.path.realpath(root) for root in whole if os.path.isabs(root)]  # noqa: PTH117


def _like(path: str, roots: Sequence[str]) -> str:
    """What is there and looks like it."""
    names: dict[str, str] = {}
    for root in roots:
        try:
            names |= {each.name: each.path for each in os.scandir(root) if each.is_dir()}
        except OSError:
            continue
    close = get_close_matches(os.path.basename(path), names, CANDIDATES, 0.5)  # noqa: PTH119
    return (
        f"there is {', '.join(names[name] for name in close)}"
        if close
        else f"allowed are: {', '.join(roots)}"
    )


def _shown(text: str) -> str:
    return "".join(sign if sign.isprintable() else "?" for sign in text[:SHOWN])
