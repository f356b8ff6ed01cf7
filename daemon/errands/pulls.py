"""How a pull request stands, asked of GitHub by its own program, ``gh``, where that is installed.

It runs without a shell, in no repository, and is told no word of anybody but a URL that was taken apart first. Rule: a
token of the environment is shown to no host that it is not meant for.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import shutil
import signal
from collections.abc import Mapping
from typing import Any, Final

from daemon.core.errors import Malformed, Unavailable
from daemon.core.model import Seen

OUTPUT: Final = 64 * 1024  #: bytes
FIELDS: Final = "state,headRefOid,mergedAt"
MISSING: Final = "install gh and log in, or review a local branch"
HOME_HOST: Final = "github.com"
_NAME: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_URL: Final = re.compile(rf"https://({_NAME}(?:\.{_NAME})+)/({_NAME})/({_NAME})/pull/([1-9][0-9]{{0,9}})/?")
_SHA: Final = re.compile(r"[0-9a-f]{40,64}")
_ENTERPRISE: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")


def checked(url: str) -> str:
    """The URL of a pull request as we say it.

    Raises:
        Malformed: it is none.

    """
    found = _URL.fullmatch(url)
    if found is None or ".." in url:
        raise Malformed("that is no pull request's URL", "as in https://github.com/OWNER/REPO/pull/7")
    host, owner, name, number = found.groups()
    return f"https://{host.lower()}/{owner}/{name}/pull/{number}"


async def look(url: str) -> Seen:
    """How it stands; what ``gh`` does not say is told with why.

    Raises:
        Unavailable: there is no ``gh``, or it could not be asked.
        TimeoutError, OSError: by whoever waits, and by the system.

    """
    program = shutil.which("gh")
    if program is None:
        raise Unavailable("gh is not installed here", MISSING)
    said, code = await _said(program, checked(url))
    if code:
        raise Unavailable(
            "gh did not say how it stands", "log in with `gh auth login`, or review a local branch"
        )
    return _seen(said)


def environment(told: Mapping[str, str], host: str) -> dict[str, str]:
    """For ``gh``: nothing that asks, pages or prints, and no token that is another host's."""
    ours = {
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
        "NO_COLOR": "1",
        "GH_PAGER": "cat",
        "GH_DEBUG": "",
    }
    mine = host == HOME_HOST or told.get("GH_HOST", "").lower() == host
    return {name: value for name, value in told.items() if mine or name not in _ENTERPRISE} | ours


def _seen(said: bytes) -> Seen:
    try:
        told: Any = json.loads(said)
        state, head = str(told["state"]).upper(), str(told["headRefOid"])
    except (ValueError, LookupError, TypeError):
        raise Unavailable("gh says something else than was asked", "try a newer gh") from None
    if state == "MERGED":
        return Seen(head=head if _SHA.fullmatch(head) else "", merged=True)
    if state == "CLOSED":
        return Seen(closed="its pull request was closed")
    if state != "OPEN" or not _SHA.fullmatch(head):
        raise Unavailable("gh says something else than was asked", "try a newer gh")
    return Seen(head=head)


async def _said(program: str, url: str) -> tuple[bytes, int]:
    child = await asyncio.create_subprocess_exec(
        *(program, "pr", "view", url, "--json", FIELDS),
        cwd="/",
        env=environment(os.environ, url.split("/")[2]),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        said = await child.stdout.read(OUTPUT) if child.stdout else b""
        while child.stdout and (piece := await child.stdout.read(OUTPUT)):
            said += piece[: max(0, OUTPUT - len(said))]
        return said, await child.wait()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        await child.wait()
        raise
