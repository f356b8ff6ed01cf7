"""Many finish at once, and in the middle of it something must be decided: how long the person waits for the card."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from cli.actors import PIPE
from tests.chatrig.grounds import TELEGRAM
from tests.chatrig.setting import CIRCLE, Line, Shim, line, p95, shims
from tests.scenarios.house import PATIENCE_S


@dataclass(frozen=True, slots=True)
class Plan:
    """``each`` notices of ``length`` characters from each of ``senders``, and approvals meanwhile, one by one."""

    surface: str = TELEGRAM
    senders: int = 20
    each: int = 5
    length: int = 300
    approvals: int = 20
    scale: float = 1.0


@dataclass(slots=True)
class Verdict:
    wrong: list[str] = field(default_factory=list)
    idle_s: list[float] = field(default_factory=list)
    busy_s: list[float] = field(default_factory=list)
    overtook: int = 0

    def added_s(self) -> float:
        return p95(self.busy_s) - min(self.idle_s)

    def told(self) -> str:
        return (
            f"{self.overtook} of {len(self.busy_s)} approvals came before notices that were earlier;"
            f" p95 {p95(self.busy_s):.2f} s, {self.added_s():.2f} s more than when idle"
        )


async def run(plan: Plan) -> Verdict:
    names = [f"s{n}" for n in range(plan.senders)]
    async with line(surface=plan.surface, scale=plan.scale) as here, shims(here.house, *names) as senders:
        verdict = Verdict()
        with working(here, "boss") as boss:
            for n in range(3):
                verdict.idle_s.append(await _decided(here, boss, f"idle-{n}"))
            async with asyncio.TaskGroup() as all_of_them:
                for sender in senders:
                    all_of_them.create_task(_finishes(here, sender, plan))
            for n in range(plan.approvals):
                waiting = _waiting(here, plan)
                verdict.busy_s.append(await _decided(here, boss, f"busy-{n}"))
                verdict.overtook += waiting > 0 and _waiting(here, plan) > 0
        await here.people[0].sees_screen(lambda _: not _waiting(here, plan), within=300)
        verdict.wrong = here.ground.emulator.checks()
    return verdict


async def _finishes(here: Line, sender: Shim, plan: Plan) -> None:
    for n in range(plan.each):
        await sender.notify(
            here.ground.peer(here.people[0]), f"{sender.name}n{n}; {'done ' * (plan.length // 5)}"
        )


def _waiting(here: Line, plan: Plan) -> int:
    shown = "\n".join(message.text for message in here.people[0].heard())
    wanted = [f"s{sender}n{n};" for sender in range(plan.senders) for n in range(plan.each)]
    return sum(each not in shown for each in wanted)


async def _decided(here: Line, boss: Working, name: str) -> float:
    """Seconds from the agent's hook to the card before the person's eyes, who then allows it."""
    ada = here.people[0]
    async with asyncio.TaskGroup() as both:
        began = time.monotonic()
        hook = both.create_task(boss.asks(f"make {name};"))
        card = await ada.sees(f"make {name};", within=PATIENCE_S)
        key = here.ground.key_of
        took = next(sight.at for sight in ada.saw() if key(sight.message) == key(card)) - began
        await ada.taps(card, "Allow").answered(within=PATIENCE_S)
    if "allow" not in hook.result():
        raise AssertionError(f"the agent was told {hook.result()!r}")
    return took


class Working:
    """A session of Claude Code as far as its hooks go; this process is it."""

    def __init__(self, here: Line, name: str) -> None:
        self._socket, self._home, self._name = here.house.socket, here.house.place / name, name
        self._session = f"session-{os.urandom(6).hex()}"
        self._registry = self._home / f".claude/sessions/{os.getpid()}.json"
        self._registry.parent.mkdir(parents=True)
        self._is("busy")

    def report(self, event: str, **more: object) -> str:
        payload = {
            "session_id": self._session,
            "hook_event_name": event,
            "cwd": str(self._home),
            "transcript_path": str(self._home / "transcript"),
            **more,
        }
        words = [sys.executable, "-I", "-S", "-E", str(PIPE), str(self._socket), "claude-code", event, "60"]
        env = {"HOME": str(self._home), "PEERLINE_NAME": self._name, "PEERLINE_CIRCLE": CIRCLE}
        done = subprocess.run(
            words, input=json.dumps(payload).encode(), stdout=subprocess.PIPE, env=env, check=False
        )
        return done.stdout.decode()

    async def asks(self, command: str) -> str:
        """Want to run this; what the hook then tells the agent."""
        self._is("waiting")  # whoever says anything else has been answered at the agent itself
        try:
            return await asyncio.to_thread(
                self.report, "PermissionRequest", tool_name="Bash", tool_input={"command": command}
            )
        finally:
            self._is("busy")

    def _is(self, status: str) -> None:
        self._registry.write_text(
            json.dumps({"pid": os.getpid(), "sessionId": self._session, "status": status})
        )


@contextmanager
def working(here: Line, name: str) -> Iterator[Working]:
    made = Working(here, name)
    made.report("SessionStart", source="startup")
    made.report("UserPromptSubmit", prompt="make it", prompt_id="p1")
    try:
        yield made
    finally:
        made.report("SessionEnd", reason="other")
