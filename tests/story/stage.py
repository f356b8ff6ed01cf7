"""The stage: a machine of its own (home, tmux server, settings of the agents), a phone, and a model that thinks.

Rule: nothing here decides anything of the story. Agents run in the tmux server of this stage alone, which has the
surroundings that a user's terminal would have; what is left at the end is ended by pid and told.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.agents import claude_code, codex
from tests.agents.real_agent import ONLY_LOOPBACK
from tests.agents.settings_files import merge_json
from tests.emulators.model_api import ModelApi
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import ADA, LOOK_S, House, Json, telegram_of
from tests.story.mind import thinks

PATIENCE_S = 150.0
# What starts or ends a process asks first (the phone is asked); the rest of our tools this user has let go unasked.
UNASKED = [
    *(
        "schedule",
        "job_create",
        "job_list",
        "job_result",
        "orchestrator_status",
        "request_review",
        "review_queue",
    ),
    *(
        "mark_reviewed",
        "claim_orchestrator_role",
        "ask",
        "ack",
        "wait_for",
        "notify_peer",
        "list_peers",
        "whoami",
    ),
]


@dataclass(slots=True)
class Stage:
    house: House
    model: ModelApi
    telegram: TelegramEmulator
    ada: Person
    tapped: set[int] = field(default_factory=set)

    @property
    def terminals(self) -> Path:
        return self.house.place / "t"

    @property
    def project(self) -> Path:
        return self.house.place / "src" / "project"

    async def begin(self) -> None:
        """A daemon: the first, or another after the one before it is gone."""
        env = {"HOME": str(self.house.user), "TMUX_TMPDIR": str(self.terminals)}
        await self.house.start(**telegram_of(self.telegram, ADA), **env)

    async def tmux(self, *words: str) -> str:
        """On the server that the user of this stage has."""
        env = surroundings(self.house, self.model) | {"TMUX_TMPDIR": str(self.terminals)}
        return await run("tmux", "-u", "-f", "/dev/null", *words, env=env)

    async def cli(self, *words: str) -> Json:
        told = await self.house.cli(*words, "--json")
        assert told.code == 0, told
        return told.json

    async def peer(self, name: str) -> Json:
        return next((each for each in await self.peers() if each["name"] == name), {})

    async def peers(self) -> list[Json]:
        """By the socket: a command for each look would cost more than the story."""
        found = await self.house.daemon.client().peers(circle="*", show_offline=True, include_self=True)
        return list(found["peers"])

    @property
    def desk(self) -> Path:
        """Where the user's own terminal stands."""
        return self.house.user

    def phone(self) -> str:
        return "\n".join(message.line() for message in self.ada.screen())

    async def story(self) -> str:
        """All that can be seen, for a failure."""
        turns = [
            f"{turn.session_id[:6]} {turn.words[-1].tool if turn.words else ''} "
            f"{turn.words[-1].text[-300:] if turn.words else ''!r}\n  -> {turn.answer}"
            for turn in self.model.heard
        ]
        model = "\n".join(turns)
        return f"{await self.screens()}\n--- phone\n{self.phone()}\n--- model\n{model}\n{self.house.daemon.log[-4000:]}"

    async def screens(self) -> str:
        """What all panes show: for a failure."""
        with suppress(RuntimeError):
            panes = await self.tmux(
                "list-panes", "-a", "-F", "#{pane_id} #{session_name} #{pane_current_path}"
            )
            shown = [
                f"--- {pane}\n{await self.tmux('capture-pane', '-p', '-t', pane.split()[0])}"
                for pane in panes.splitlines()
            ]
            return "\n".join(shown)
        return "no pane is left"

    async def allows(self) -> None:
        """Ada at her phone lets everything go on that asks her. It never ends by itself."""
        while True:
            for message in self.ada.heard():
                if "Allow" in message.labels and message.message_id not in self.tapped:
                    self.tapped.add(message.message_id)
                    self.ada.taps(message, "Allow")
            await asyncio.sleep(LOOK_S)


@asynccontextmanager
async def stage() -> AsyncIterator[Stage]:
    claude_code.claude_binary()
    codex.codex_binary()
    path = f"{codex.codex_binary().parent}:{os.environ['PATH']}"
    async with House(PATH=path) as house, ModelApi(mind=thinks) as model, TelegramEmulator() as telegram:
        made = Stage(house, model, telegram, telegram.person(7, "Ada"))
        await furnish(made)
        try:
            await open_up(made)
            yield made
        except BaseException as error:
            error.add_note(await made.story())
            raise
        finally:
            await clear(made)


async def open_up(made: Stage) -> None:
    """What the user has done before: a daemon with the phone, hooks in the agents' settings, a terminal."""
    await made.begin()
    told = await made.house.cli("hooks", "install", "--agent", "claude-code", "--agent", "codex", "--trust")
    assert told.code == 0, told
    await made.tmux(
        "new-session", "-d", "-s", "desk", "-c", str(made.desk), "-x", "160", "-y", "50", "cat", "-"
    )


async def furnish(made: Stage) -> None:
    """A project under git, settings files that keep every start dialog away, and where agents may start."""
    house = made.house
    made.terminals.mkdir()
    made.project.mkdir(parents=True)
    house.home.mkdir(mode=0o700)
    (house.home / "config.yaml").write_text(json.dumps(config(house)))  # every JSON is YAML
    (house.user / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
    (made.project / "README.md").write_text("A project\n")
    git = ("git", "-C", str(made.project))
    for words in (("init", "-q", "-b", "main"), ("add", "."), ("commit", "-q", "-m", "Begin")):
        await run(*git, *words, env=surroundings(house, made.model))
    for folder in (house.place, made.project, house.home / "orchestrator"):
        claude_code.write_settings(house.user, folder)
        codex.write_settings(house.user, folder, made.model.url)
    allow = ["Bash", *(f"mcp__peerline__{tool}" for tool in UNASKED)]
    merge_json(house.user / ".claude/settings.json", {"permissions": {"allow": allow}})


def config(house: House) -> Json:
    profiles = {"reviewing": {"backend": "codex", "args": ["-s", "danger-full-access", "-a", "never"]}}
    allowed = [str(house.place / "src")]
    commands = {"claude-code": "claude", "codex": "codex"}
    return {"daemon": {"spawn": {"allowed_paths": allowed, "commands": commands, "profiles": profiles}}}


def surroundings(house: House, model: ModelApi) -> dict[str, str]:
    """Of a terminal of this user: where programs are, and where the agents find their model."""
    return {
        **{name: house.env[name] for name in ("PATH", "HOME", "LANG", "PEERLINE_HOME")},
        **ONLY_LOOPBACK,
        "TERM": "xterm-256color",
        "SHELL": "/bin/sh",
        "STUB_KEY": codex.KEY,
        **claude_code.QUIET,
        "ANTHROPIC_BASE_URL": model.url,
        "ANTHROPIC_API_KEY": claude_code.KEY,
    }


async def clear(made: Stage) -> None:
    """End what is left: the tmux server of this stage, then by pid whoever still stands in its folders."""
    with suppress(RuntimeError):
        await made.tmux("kill-server")
    with suppress(TimeoutError):
        async with asyncio.timeout(10):
            while left(made):
                await asyncio.sleep(LOOK_S)
    for pid in left(made):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def left(made: Stage, *, besides: int = 0) -> dict[int, str]:
    """Processes that know this stage's folder by their command, their surroundings or where they stand."""
    mine = str(made.house.place).encode()
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) in (os.getpid(), made.house.daemon.pid, besides):
            continue
        with suppress(OSError):
            words = (process / "cmdline").read_bytes()
            known = words + (process / "environ").read_bytes() + bytes((process / "cwd").readlink())
            if mine in known and (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z":
                found[int(process.name)] = words.replace(b"\0", b" ").decode(errors="replace")
    return found


async def run(*words: str, env: Mapping[str, str]) -> str:
    child = await asyncio.create_subprocess_exec(
        *words, env=dict(env), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"{words[0]}: {err.decode().strip()}")
    return out.decode().strip()


def shape(told: Json) -> str:
    return json.dumps(told, indent=1)
