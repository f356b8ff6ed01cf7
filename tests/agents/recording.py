"""What the real agents send to hooks and plugins, written down: `python -m tests.agents.recording codex`.

Rule: a record is what was sent, with this machine's places, keys and names replaced; of the environment only the names
are kept, and of a text that is longer than a screen its beginning. The model is the emulated one.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.agents.kinds import KINDS, Kind
from tests.agents.real_agent import REPOSITORY, RealAgent
from tests.emulators.model_api import ModelApi, Rule, Runs, Says, Script

RECORDED = Path(__file__).parent / "payloads"
LONG = 1000

SCRIPT = Script(
    (
        Rule("take your time", Says("at last"), gate="later"),
        Rule("leave a trace", Runs("echo been here | tee trace.txt", asking=True), times=1),
        Rule("look around", Runs("ls -a", asking=False), times=1),
        Rule("leave no trace", Runs("rm trace.txt", asking=True), times=1),
    )
)
# What makes two payloads of one event different things.
KINDS_OF_EVENT = ("source", "reason", "trigger", "notification_type")


async def record(kind: Kind) -> int:
    """Play the scene and write `payloads/<kind>/<event>.json`; the number of files."""
    with tempfile.TemporaryDirectory(prefix="recording-") as folder:
        home, project = Path(folder, "home"), Path(folder, "project")
        project.mkdir()
        tap = kind.tap(home, Path(folder, "taps"))
        async with ModelApi(SCRIPT) as model:
            await _play(kind, model, home, project)
            places = {
                model.url: "http://127.0.0.1:4000",
                str(project): "/home/ada/project",
                str(home): "/home/ada",
            }
        into = RECORDED / kind.name
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        program = await _version(kind)
        for seen in tap.seen():
            path = into / f"{name_of(seen['event'], seen['payload'])}.json"
            if not path.exists():
                path.write_text(
                    json.dumps(_placed({"program": program, **_kept(seen)}, places), indent=2) + "\n"
                )
    return len(list(into.iterdir()))


async def _play(kind: Kind, model: ModelApi, home: Path, project: Path) -> None:
    places = (home, project, model.url, f"recording-{os.getpid()}", "scene")
    async with kind.start(*places) as agent:
        await _say(agent, "look around", kind)
        await _say(agent, "leave a trace", kind, "Enter")
        await _say(agent, "leave no trace", kind, "Escape")
        await agent.type("take your time")
        await model.reached("later")
        await agent.interrupt()
        await agent.until_shown(kind.interrupted)
        await agent.until_idle()
        await _leave(agent, kind)
    session_id = model.heard[0].session_id
    async with kind.start(*places, **kind.resume(session_id)) as agent:
        await _say(agent, "and once more", kind)
        await _leave(agent, kind)


async def _say(agent: RealAgent, text: str, kind: Kind, *keys: str) -> None:
    """Say it; whatever asks for permission is answered with `keys`, or with Enter."""
    await agent.type(text)
    asked = f"stub: .*|{re.escape(kind.dialog)}"
    await agent.until_screen(lambda shown: bool(re.search(asked, shown.partition(text)[2])), "to answer")
    if kind.dialog in await agent.capture():
        await agent.press(*(keys or ("Enter",)))
    await agent.until_idle()


async def _leave(agent: RealAgent, kind: Kind) -> None:
    await agent.type(kind.leave)
    await agent.until_gone()


def name_of(event: str, payload: Mapping[str, Any]) -> str:
    """The event, and which kind of it: `SessionStart-resume`, `session.status-busy`."""
    return re.sub(r"[^\w.-]+", "_", "-".join([event, *_which(payload)]))


def _which(payload: Mapping[str, Any]) -> Iterator[str]:
    yield from (payload[key] for key in KINDS_OF_EVENT if isinstance(payload.get(key), str))
    told = payload.get("properties", {})
    for thing in (told.get("part"), told.get("status"), told.get("info")):
        if isinstance(thing, Mapping):
            yield from (str(thing[key]) for key in ("type", "role") if key in thing)
            if isinstance(state := thing.get("state"), Mapping):
                yield str(state.get("status"))


def _kept(seen: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"HOME", "LANG", "PATH", "PWD", "OLDPWD", "SHLVL", "SHELL", "TERM", "TERM_PROGRAM", "_"}
    names = (
        name for name in seen["environment"] if name not in plain and not name.upper().endswith("_PROXY")
    )
    return {"event": seen["event"], "environment": sorted(names), "payload": seen["payload"]}


def _placed(value: Any, places: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for place, name in places.items():
            value = value.replace(place, name)
        value = value.replace(str(REPOSITORY), "/home/ada/peerline").replace(os.uname().nodename, "box")
        value = re.sub(r"(dummy-peerline|sk-dummy)[\w-]*", "KEY", value)
        return value if len(value) <= LONG else f"{value[:LONG]}… ({len(value) - LONG} characters more)"
    if isinstance(value, Mapping):
        return {_placed(key, places): _placed(each, places) for key, each in value.items()}
    return [_placed(each, places) for each in value] if isinstance(value, list) else value


async def _version(kind: Kind) -> str:
    with tempfile.TemporaryDirectory() as home:
        child = await asyncio.create_subprocess_exec(
            str(kind.binary()), "--version", env={**os.environ, "HOME": home}, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await child.communicate()
    return f"{kind.name} {out.decode().split()[-1]}"


async def _main(names: list[str]) -> None:
    for kind in KINDS:
        if not names or kind.name in names:
            print(kind.name, await record(kind))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1:]))
