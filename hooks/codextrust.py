"""Codex runs a hook only when its user trusts it: which of ours those are, told by Codex itself.

``codex app-server`` (hooks/list) tells of each a digest of the command as it stands now; one that is changed later is
untrusted again (0.169.0).
"""

from __future__ import annotations

import json
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hooks.agents import CODEX, Agent
from hooks.entries import HomePaths, is_ours
from hooks.errors import NotSpliceable, SettingsError
from hooks.files import content_of
from hooks.jsontext import BOM, Node, parse
from hooks.tomltext import read

PATIENCE_S = 30.0
QUIET = "analytics.enabled = false\n[features]\nplugins = false\nremote_plugin = false\napps = false\n"
CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class CodexSilent(SettingsError):
    """Codex did not tell, or did not write."""

    code = "codex_silent"
    retryable = True


@dataclass(frozen=True, slots=True)
class Hook:
    """``name``: the key by which Codex knows it; ``digest``: of the command as it stands now."""

    name: str
    digest: str
    is_trusted: bool


def names_of(agent: Agent, path: Path) -> frozenset[str]:
    """By which names Codex knows the hooks of ours in that file, wherever the file really lies."""
    try:
        text = (content_of(path) or b"").decode().removeprefix(BOM)
        places = list(places_of(parse(text), agent.name)) if text.strip() else []
    except (OSError, ValueError, NotSpliceable):
        return frozenset()
    within = Path(os.path.realpath(path.parent)) / path.name
    return frozenset(f"{file}:{place}" for file in (path, within, os.path.realpath(path)) for place in places)


def places_of(root: Node, agent: str) -> Iterator[str]:
    hooks = root.get("hooks")
    for event in hooks.children if hooks else ():
        for number, group in enumerate(event.node.children):
            runs = group.node.get("hooks")
            for index, run in enumerate(runs.children if runs else ()):
                there = run.node.value
                if isinstance(there, dict) and is_ours(there.get("command"), agent):
                    yield f"{CAPITAL.sub('_', event.key or '').lower()}:{number}:{index}"


def listed(home: HomePaths) -> list[Hook]:
    """Ours, as Codex sees them now. Raises: CodexSilent.

    It is asked in a home that is thrown away, with the same hooks and what is written down of them: a server puts some
    forty files into the one that it finds. A digest tells nothing of the file's place (0.169.0).
    """
    with TemporaryDirectory(prefix="peerline-codex-", ignore_cleanup_errors=True) as folder:
        apart = Path(os.path.realpath(folder))
        file = apart / CODEX.settings
        file.write_bytes(content_of(home.settings(CODEX)) or b"{}")
        (apart / CODEX.mcp_file).write_text(QUIET + states(home, f"{file}"), "utf-8")
        variables = {**home.variables, CODEX.folder_variable: str(apart)}
        told = asked(replace(home, variables=variables), "hooks/list", {"cwds": [str(apart)]})
    found = [each for place in told.get("data", ()) for each in place.get("hooks", ())]
    return [
        Hook(
            each["key"].replace(f"{file}", known_as(home), 1),
            each["currentHash"],
            each["trustStatus"] == "trusted",
        )
        for each in found
        if is_ours(each.get("command"), CODEX.name)
    ]


def known_as(home: HomePaths) -> str:
    """What Codex calls its file of hooks: it follows links to its folder, and none from there (0.169.0)."""
    return str(Path(os.path.realpath(home.folder(CODEX))) / CODEX.settings)


def states(home: HomePaths, file: str) -> str:
    """What is written down of the hooks in Codex's file, as if they stood in this one."""
    return "".join(
        f"\n[hooks.state.{json.dumps(name.replace(known_as(home), file, 1), ensure_ascii=False)}]\n"
        + "".join(
            f"{key} = {json.dumps(value)}\n" for key, value in row.items() if isinstance(value, str | bool)
        )
        for name, row in written_down(home).items()
        if name.startswith(f"{known_as(home)}:")
    )


def written_down(home: HomePaths) -> dict[str, dict[str, Any]]:
    """Name -> what config.toml says of that hook; nothing where that cannot be read."""
    try:
        text = (content_of(home.mcp_file(CODEX)) or b"").decode()
        told = read(text).get("hooks", {}).get("state", {})
    except (OSError, ValueError, NotSpliceable, AttributeError):
        return {}
    return (
        {name: row for name, row in told.items() if isinstance(row, dict)} if isinstance(told, dict) else {}
    )


def asked(home: HomePaths, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """One request to a server of its own, which ends with its standard input. Raises: CodexSilent."""
    program = shutil.which(CODEX.program, path=home.variables.get("PATH"))
    if program is None:
        raise CodexSilent("no codex is on the PATH")
    client = {"clientInfo": {"name": "peerline", "version": "1"}}
    lines = (
        {"id": 0, "method": "initialize", "params": client},
        {"method": "initialized"},
        {"id": 1, "method": method, "params": parameters},
    )
    try:
        with subprocess.Popen(
            [program, "app-server"],
            env=dict(home.variables),
            cwd=home.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child:
            try:
                return exchanged(child, "".join(json.dumps(each) + "\n" for each in lines), method)
            finally:
                ended(child)
    except OSError as why:
        raise CodexSilent(f"codex app-server: {why}") from why


def exchanged(child: subprocess.Popen[bytes], wire: str, method: str) -> dict[str, Any]:
    if child.stdin is None or child.stdout is None:
        raise CodexSilent("codex app-server has no standard input")
    child.stdin.write(wire.encode())
    child.stdin.flush()
    for line in lines_of(child.stdout.fileno()):
        with suppress(ValueError):
            told = json.loads(line)
            if told.get("id") == 1 and "method" not in told:
                if "error" in told:
                    raise CodexSilent(f"codex refuses {method}: {told['error'].get('message')}")
                result: dict[str, Any] = told["result"]
                return result
    raise CodexSilent(f"codex app-server did not answer {method}", "see whether `codex --version` works")


def lines_of(source: int) -> Iterator[bytes]:
    """What comes, line by line, until it ends or the patience does."""
    deadline, rest = time.monotonic() + PATIENCE_S, b""
    while select.select([source], [], [], max(0.0, deadline - time.monotonic()))[0]:
        if not (more := os.read(source, 1 << 16)):
            return
        *whole, rest = (rest + more).split(b"\n")
        yield from whole


def ended(child: subprocess.Popen[bytes]) -> None:
    if child.stdin:
        child.stdin.close()
    try:
        child.wait(5)
    except subprocess.TimeoutExpired:
        child.kill()
