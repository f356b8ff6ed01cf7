"""Checks of what is around the home: the settings, programs, the port, the process, other programs' files."""

from __future__ import annotations

import re
import shutil
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from daemon.core.vigil import program
from daemon.safety.files import MEND
from daemon.safety.scene import OTHERS, WRITING, Check, Scene
from daemon.settings import secret_variables

OLDEST: Final = {  # and why
    "tmux": ("3.1c", "before it, escape sequences could overflow its buffers"),
    "sqlite": ("3.37", "the database's tables are strict since then"),
    "aiohttp": ("3.14.1", "before it, requests could be smuggled and memory exhausted"),
    "claude": ("2.1.118", "before it, a prompt could carry settings that run commands"),
}
HERE: Final = frozenset({"127.0.0.1", "localhost", "::1"})
PORT_S: Final = 1.0
PLATFORMS: Final = ("Telegram", "Slack")
LOCKED: Final = "SELECT locked_at, locked_by FROM lock WHERE name = 'line' AND locked_at IS NOT NULL"
SPEAKING: Final = "SELECT surface, owner FROM person WHERE removed_at IS NULL"


def _old(name: str) -> Check:
    least, why = OLDEST[name]

    def look(scene: Scene) -> Iterator[str]:
        told = scene.versions.get(name)
        if told and _numbers(told) < _numbers(least):
            yield f"{name} {told} is installed: {why}"

    return Check(
        f"{name}_old",
        "error",
        f"{name} is {least} or newer, or not there",
        look,
        f"install {name} {least} or newer",
    )


def _numbers(told: str) -> list[tuple[int, str]]:
    """``3.1c`` -> [(3, ""), (1, "c")]."""
    return [(int(number), letter) for number, letter in re.findall(r"(\d+)([a-z]?)", told)]


def _squatted(scene: Scene) -> Iterator[str]:
    """Somebody listens where the daemon would; it is connected to and told nothing."""
    port = scene.settings.daemon.port
    if not port or (scene.status and scene.status["tcp"] == "on"):
        return
    try:
        socket.create_connection(("127.0.0.1", port), PORT_S).close()
    except OSError:
        return
    yield f"port {port} is in other hands"


def _hosted(scene: Scene) -> Iterator[tuple[str, list[bool]]]:
    """The title of each platform that has a bot; for each who may speak there, whether it may be the owner."""
    rows = scene.rows(SPEAKING)
    for title in PLATFORMS:
        section = getattr(scene.settings, title.lower())
        if section.bot_token:
            listed = [n == 0 for n in range(len(section.people))]
            yield title, [*listed, *(bool(owner) for surface, owner in rows if surface == title.lower())]


def _nobody(scene: Scene) -> Iterator[str]:
    for title, speaking in _hosted(scene):
        if not speaking:
            yield f"a {title} bot is hosted, and nobody may speak to it"


def _ownerless(scene: Scene) -> Iterator[str]:
    for title, speaking in _hosted(scene):
        if speaking and not any(speaking):
            yield f"people may speak on {title}, and none of them is the owner"


def _trusted(scene: Scene) -> Iterator[str]:
    if scene.settings.owner.trust_terminal:
        yield "approvals are taken from a terminal: whatever types there can give them"


def _plain(surface: str) -> Callable[[Scene], Iterator[str]]:
    def look(scene: Scene) -> Iterator[str]:
        parts = urlsplit(getattr(scene.settings, surface).api_base)
        if parts.scheme != "https" and parts.hostname not in HERE:
            yield f"{surface}.api_base is not https: the bot's token crosses the network in clear"

    return look


def _root(scene: Scene) -> Iterator[str]:
    if scene.uid == 0:
        yield "this is user 0: every agent can do everything on this machine"


def _sleepy(scene: Scene) -> Iterator[str]:
    """Asked of machines alone on which nights are kept."""
    wanted = scene.settings.daemon.keep_awake and scene.settings.nights
    if wanted and not program(0, lambda name: shutil.which(name, path=scene.environment.get("PATH"))):
        yield "nothing here keeps the machine awake while jobs of the night run"


def _umask(scene: Scene) -> Iterator[str]:
    if not scene.umask & stat.S_IWOTH:
        yield f"the umask is {scene.umask:03o}: everybody can write what you make"


def _hooks(mask: int, what: str) -> Callable[[Scene], Iterator[str]]:
    def look(scene: Scene) -> Iterator[str]:
        for path in _hook_files(scene):
            if path.exists() and path.stat().st_mode & mask:
                yield f"{path} can be {what} by others"

    return look


def _hook_files(scene: Scene) -> tuple[Path, ...]:
    named = scene.environment.get("CLAUDE_CONFIG_DIR")
    return ((Path(named) if named else scene.user / ".claude") / "settings.json",)


def _close_hooks(scene: Scene) -> None:
    for path in _hook_files(scene):
        if path.exists() and not path.is_symlink() and path.stat().st_uid == scene.uid:
            path.chmod(stat.S_IMODE(path.stat().st_mode) & ~WRITING)


def _tmux_folder(scene: Scene) -> Iterator[str]:
    folder = scene.tmux_folder
    if folder.exists():
        told = folder.stat()
        if told.st_mode & OTHERS:
            yield f"{folder}, where tmux has its sockets, has mode {stat.S_IMODE(told.st_mode):04o}"
        if told.st_uid != scene.uid:
            yield f"{folder}, where tmux has its sockets, belongs to user {told.st_uid}"


def _close_tmux(scene: Scene) -> None:
    if scene.tmux_folder.exists() and scene.tmux_folder.stat().st_uid == scene.uid:
        scene.tmux_folder.chmod(0o700)


def locked(scene: Scene) -> Iterator[str]:
    for since, by in scene.rows(LOCKED):
        yield f"the line is locked by {by} since {since[:16].replace('T', ' ')} UTC: nothing is taken from any chat"


def _visible(scene: Scene) -> Iterator[str]:
    """What a process began with can be read by all of the user's programs for as long as it runs."""
    told = scene.daemon_told("environ")
    variables = [each.partition("=")[0] for each in told.split("\0")]
    for name in {*secret_variables(scene.environment), *secret_variables(dict.fromkeys(variables, ""))}:
        yield f"{name} stands in the environment"


def _cores(scene: Scene) -> Iterator[str]:
    for line in scene.daemon_told("limits").splitlines():
        if line.startswith("Max core file size") and line.split()[4] != "0":
            yield "the daemon may leave its memory in a file when it crashes"


IS_LOCKED: Final = Check("locked", "warning", "the line is open", locked, "`peerline unlock`")
CHECKS: Final = (
    Check(
        "port_squatted",
        "error",
        "the port is the daemon's, or free",
        _squatted,
        "end that program, or set daemon.port",
    ),
    Check(
        "nobody_may_speak",
        "warning",
        "somebody may speak to each bot",
        _nobody,
        "`peerline telegram pair`, `peerline slack pair`",
    ),
    Check(
        "no_owner",
        "warning",
        "the owner may speak to each bot",
        _ownerless,
        "put yourself first in telegram.people or slack.people",
    ),
    Check(
        "terminal_trusted",
        "warning",
        "no terminal gives approvals",
        _trusted,
        "take owner.trust_terminal away",
    ),
    *(
        Check(
            f"{title.lower()}_in_clear",
            "error",
            f"{title} is spoken to by https",
            _plain(title.lower()),
            f"begin {title.lower()}.api_base with https",
        )
        for title in PLATFORMS
    ),
    Check(
        "sleeps_at_night",
        "info",
        "the machine is kept awake while jobs of the night run",
        _sleepy,
        "have it not sleep, or set daemon.keep_awake to false",
    ),
    Check("root", "warning", "this is no superuser", _root, "run it as a user of its own"),
    Check(
        "umask", "warning", "what you make is not everybody's to write", _umask, "set `umask 022` or stricter"
    ),
    Check(
        "hooks_writable",
        "error",
        "nobody else writes your agents' hooks",
        _hooks(WRITING, "written"),
        MEND,
        _close_hooks,
    ),
    Check(
        "hooks_readable",
        "info",
        "nobody else reads your agents' hooks",
        _hooks(stat.S_IROTH, "read"),
        "`chmod 600` it",
    ),
    Check("tmux_folder", "error", "tmux's sockets are yours alone", _tmux_folder, MEND, _close_tmux),
    *(_old(name) for name in OLDEST),
    Check(
        "secret_in_environment",
        "warning",
        "no secret stands in the environment",
        _visible,
        "put it into config.yaml, and restart the daemon",
    ),
    Check("core_dumps", "warning", "a crash leaves no memory behind", _cores, "restart the daemon"),
    IS_LOCKED,
)
