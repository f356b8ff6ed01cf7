"""Codex's own server on its standard input and output: trust in hooks, asked of it, and the end of its shared daemon.

Rule: trust is written by Codex itself, for the hooks as they stand now; a command that is changed later is untrusted
again. What is asked ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.agents.codex import KEY, codex_binary
from tests.agents.real_agent import ONLY_LOOPBACK


async def trust_hooks(home: Path, cwd: Path) -> list[str]:
    """Every hook of that home is trusted from now on, as after "Trust all" in its dialog; their keys."""
    found = await hooks_of(home, cwd)
    edits = [
        {
            "keyPath": f"hooks.state.{json.dumps(each['key'])}.trusted_hash",
            "value": each["currentHash"],
            "mergeStrategy": "upsert",
        }
        for each in found
    ]
    await asked(home, "config/batchWrite", {"edits": edits})
    return [each["key"] for each in found]


async def hooks_of(home: Path, cwd: Path) -> list[dict[str, Any]]:
    """`key, eventName, command, currentHash, trustStatus` (untrusted, trusted) of each, and more."""
    [place] = (await asked(home, "hooks/list", {"cwds": [str(cwd)]}))["data"]
    hooks: list[dict[str, Any]] = place["hooks"]
    return hooks


async def asked(home: Path, method: str, parameters: Mapping[str, Any]) -> Any:
    """One request to a server of its own; RuntimeError if it refuses."""
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "STUB_KEY": KEY, **ONLY_LOOPBACK}
    child = await asyncio.create_subprocess_exec(
        *(str(codex_binary()), "app-server"),
        env=env,
        cwd=home,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        limit=2**24,
    )
    client = {"clientInfo": {"name": "rig", "version": "1"}}
    lines = ({"id": 0, "method": "initialize", "params": client}, {"method": "initialized"})
    request = {"id": 1, "method": method, "params": parameters}
    assert child.stdin
    child.stdin.writelines(json.dumps(each).encode() + b"\n" for each in (*lines, request))
    try:
        async with asyncio.timeout(60):
            answer = await _answer(child, 1)
    finally:
        child.stdin.close()
        await child.wait()
    if "error" in answer:
        raise RuntimeError(f"{method}: {answer['error']}")
    return answer["result"]


async def _answer(child: asyncio.subprocess.Process, number: int) -> dict[str, Any]:
    assert child.stdout
    async for line in child.stdout:
        told: dict[str, Any] = json.loads(line)
        if told.get("id") == number and "method" not in told:
            return told
    raise RuntimeError("the server ended without an answer")


async def end_daemon(home: Path) -> None:
    """What the shared daemon of that home left running: it outlives its terminals, and its updater outlives it."""
    child = await asyncio.create_subprocess_exec(
        "ps", "-ax", "-o", "pid=,args=", stdout=asyncio.subprocess.PIPE
    )
    out, _ = await child.communicate()
    for pid, words in (line.split(maxsplit=1) for line in out.decode().splitlines()):
        if words.startswith(f"{home}/.codex/packages/app-server-daemon/"):
            with suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
