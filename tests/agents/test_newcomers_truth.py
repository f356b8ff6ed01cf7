"""The same truth of turns for Codex, Gemini CLI and OpenCode, told in the words of each.

What an agent does is decided as for Claude Code; what is told of it goes through that agent's own file, where it can in
payloads that were really sent. Codex tells of
every turn that is broken off, and has no registry; a start of it comes with a prompt. Gemini CLI names no prompt, so of
what is typed in a turn it tells when that is over.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from hypothesis import settings
from hypothesis.stateful import precondition, rule

from daemon.agents import codex, gemini, opencode
from daemon.agents.interface import Surroundings
from daemon.core import commands as c
from daemon.core.model import Pane, Parcel, Road, Turn
from tests.core.test_turns_truth import PUSHED, Running, Truth

PAYLOADS = Path(__file__).parent / "payloads"
PANE = Pane(tmux="/s", server_pid=2, pane_id="%7", pane_pid=3, pane_started=4, server_started=5)
FEW = settings(max_examples=30, stateful_step_count=40)
Told = tuple[str, Mapping[str, Any]]


@cache
def recorded(agent: str, name: str) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((PAYLOADS / agent / f"{name}.json").read_text())["payload"]
    return found


def framed(marks: Sequence[str]) -> str:
    """A prompt in which so many messages are."""
    texts = [f"[peerline ask a-1 from x@y · agent · #{mark}]\nhow far?\n[end #{mark}]" for mark in marks]
    return "\n\n".join(texts) or "a person's own words"


class Newcomer(Truth):
    """`told` says an abstract command in the agent's words."""

    module: ModuleType
    pane: Pane | None = PANE
    inbox = ""

    def told(self, command: c.Command) -> Iterator[Told]:
        raise NotImplementedError

    def started(self, turn: Turn) -> Iterator[Told]:
        raise NotImplementedError

    def hook(
        self, *commands: c.Command, registers: Turn = Turn.UNKNOWN, hands: c.HandOut | None = None
    ) -> tuple[Parcel, ...]:
        events = [each for command in commands for each in self.told(command)] or list(
            self.started(registers)
        )
        parcels: tuple[Parcel, ...] = ()
        for event, payload in events:
            around = Surroundings(
                pid=self.agent.pid,
                started=1,
                machine="box",
                circle="dev",
                wish="api",
                pane=self.pane,
                inbox=self.inbox,
                live=hands is not None and not self.away,
            )
            whole = {
                **payload,
                "session_id": self.agent.session_id,
                "cwd": "/src/api",
                "transcript_path": "/t",
            }
            meant = self.module.commands(event, whole, around)
            self.tell(*(each for each in meant if not isinstance(each, c.HandOut)))
            for each in meant:
                if isinstance(each, c.HandOut):
                    parcels = self.do(each)
        return parcels


class CodexTruth(Newcomer):
    module = codex
    inbox = "queue:/bin/codex"

    def told(self, command: c.Command) -> Iterator[Told]:
        match command:
            case c.TurnBegan():
                more = {"prompt": framed(command.marks), "turn_id": command.prompt_id}
                yield "UserPromptSubmit", {**recorded("codex", "UserPromptSubmit"), **more}
            case c.TurnWent():
                name = "PreToolUse" if command.doing else "PostToolUse"
                yield name, recorded("codex", name)
            case c.TurnWaits():
                yield "PermissionRequest", recorded("codex", "PermissionRequest")
            case c.TurnEnded():
                said = "" if command.failed else command.text
                more = {"last_assistant_message": said, "turn_id": command.prompt_id}
                yield "Stop", {**recorded("codex", "Stop"), **more, "stop_hook_active": command.continuing}

    def started(self, turn: Turn) -> Iterator[Told]:
        if turn is Turn.WORKING:
            yield "SessionStart", {**recorded("codex", "SessionStart-startup"), "source": "compact"}
        else:
            yield "PreCompact", {}

    def looks(self) -> None:
        """It has no registry."""

    def escapes(self) -> None:
        super().escapes()
        if self.agent.alive:
            self.is_told_of("Interrupt", recorded("codex", "Interrupt"))

    def is_told_of(self, event: str, payload: Mapping[str, Any]) -> None:
        whole = {**payload, "session_id": self.agent.session_id}
        around = Surroundings(
            pid=self.agent.pid, started=1, machine="box", circle="dev", wish="api", inbox=self.inbox
        )
        self.tell(*codex.commands(event, {**whole, "cwd": "/src/api"}, around))

    def is_killed(self) -> None:
        self.agent.alive = False
        super().is_killed()

    def starts_with_a_prompt(self) -> None:
        self.is_told_of("SessionStart", recorded("codex", "SessionStart-startup"))
        self.agent.turn = Running(f"prompt-{self.new()}")
        self.prompted(self.agent.turn.prompt_id)

    def hook(
        self, *commands: c.Command, registers: Turn = Turn.UNKNOWN, hands: c.HandOut | None = None
    ) -> tuple[Parcel, ...]:
        if not commands and registers is Turn.IDLE:
            self.starts_with_a_prompt()
            return ()
        return super().hook(*commands, registers=registers, hands=hands)


class GeminiTruth(Newcomer):
    module = gemini

    def told(self, command: c.Command) -> Iterator[Told]:
        match command:
            case c.TurnBegan():
                yield "BeforeAgent", {**recorded("gemini", "BeforeAgent"), "prompt": framed(command.marks)}
            case c.TurnWent():
                name = "BeforeTool" if command.doing else "AfterTool"
                yield name, recorded("gemini", name)
            case c.TurnWaits():
                yield "Notification", recorded("gemini", "Notification-ToolPermission")
            case c.TurnEnded():
                said = "" if command.failed else command.text
                more = {"prompt_response": said, "stop_hook_active": command.continuing}
                yield "AfterAgent", {**recorded("gemini", "AfterAgent"), **more}

    def started(self, turn: Turn) -> Iterator[Told]:
        yield (
            ("SessionStart" if turn is Turn.IDLE else "PreCompress"),
            recorded("gemini", "SessionStart-startup"),
        )

    @precondition(lambda self: self.agent.alive and self.agent.turn and not self.agent.in_dialog)
    @rule()
    def is_typed_at_in_a_turn(self) -> None:
        self.stops("words")
        if self.agent.turn is None:
            self.is_typed_at()


class OpenCodeTruth(Newcomer):
    module = opencode
    pushed = frozenset({*PUSHED, Road.HOOK})

    def told(self, command: c.Command) -> Iterator[Told]:
        match command:
            case c.TurnBegan():
                yield "chat.message", {"prompt": framed(command.marks), "prompt_id": command.prompt_id}
            case c.TurnWent():
                call = {"tool": "bash", "args": {"command": "ls"}, "carries": True}
                yield f"tool.execute.{'before' if command.doing else 'after'}", call
            case c.TurnWaits():
                yield "permission.asked", recorded("opencode", "permission.asked")
            case c.TurnEnded():
                error = "APIError" if command.failed else ""
                said = {"last_assistant_message": command.text, "prompt_id": command.prompt_id}
                yield "session.idle", {**said, "error": error}

    def started(self, turn: Turn) -> Iterator[Told]:
        yield "here", {"turn": str(turn)}

    def hook(
        self, *commands: c.Command, registers: Turn = Turn.UNKNOWN, hands: c.HandOut | None = None
    ) -> tuple[Parcel, ...]:
        parcels = super().hook(*commands, registers=registers, hands=hands)
        self.tell(c.WakeWaits(session_id=self.agent.session_id, waits=True))
        ending = any(isinstance(each, c.TurnEnded) for each in commands)
        return () if ending else parcels  # what waits becomes a prompt of its own


TestCodex = CodexTruth.TestCase
TestCodex.settings = FEW
TestGemini = GeminiTruth.TestCase
TestGemini.settings = FEW
TestOpenCode = OpenCodeTruth.TestCase
TestOpenCode.settings = FEW
