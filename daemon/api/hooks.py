"""Hooks of coding agents: find who it is, let the agent's own file say what it means, answer in its words.

A hook replayed from the spool goes the same way as one that waits for its answer, but that it is handed nothing. What
lies in the spool is older than what comes in, so it goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from daemon import spool
from daemon.agents import claude_code, codex, gemini, limits, opencode, practice
from daemon.agents.interface import AgentHooks, Surroundings
from daemon.api import jsontext
from daemon.api.guards import Placed
from daemon.api.hookcaller import belongs_elsewhere, header, is_gone, is_over, really, seconds, surroundings
from daemon.api.verdicts import MARGIN_S, Alarm, Alive, Verdicts
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotFound, Refused, Unavailable
from daemon.core.model import Briefing, Delivery, Denial, Road, Session, Turn
from daemon.core.rules.delivery import State
from daemon.core.rules.frame import marks_in
from daemon.core.view import live_sessions
from daemon.engine.engine import Engine, Once, Reading

AGENTS: Final[Mapping[str, AgentHooks]] = {
    claude_code.BACKEND: claude_code,
    codex.BACKEND: codex,
    gemini.BACKEND: gemini,
    opencode.BACKEND: opencode,
    practice.BACKEND: practice,
}
TOKEN: Final = "CLAUDE_CODE_MESSAGING_TOKEN"  # noqa: S105 -- a variable's name
WAKE: Final = "Wake"  #: what our own command calls itself that waits in an agent's background
RECORD: Final = "peerline-record"
LOOK_S: Final = 2.0
REGISTERS_S: Final = (1.0, 1.0, 3.0)  #: between looks for a session that another hook is to register
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What a hook is answered; ``wakes``: it begins a turn."""

    text: str
    wakes: bool = False


@dataclass(frozen=True, slots=True)
class Ear:
    """Who listens for the answer of a hook."""

    placed: Placed
    alive: Alive = lambda: True


class HookDesk:
    """Hears every hook.

    Args:
        engine, folder: decides; the spool's.
        tokens: where messaging tokens are kept (memory only), by session.
        alarm: where hooks wait that can wake their agent.
        nobody_at: when a request for approval of that circle is denied for want of a person, and with what words.

    """

    def __init__(
        self,
        engine: Engine,
        folder: Path,
        tokens: dict[str, str],
        alarm: Alarm,
        nobody_at: Callable[[str, datetime], tuple[datetime | None, str]] = lambda _circle, _now: (None, ""),
    ) -> None:
        self._engine = engine
        self._folder = folder
        self._tokens = tokens
        self._alarm = alarm
        self._nobody_at = nobody_at
        self.verdicts = Verdicts(engine)
        self._lock = asyncio.Lock()
        self._handed: dict[str, int] = {}  #: how many ends of turns in a row were handed something
        self._in_turn: set[str] = set()  #: sessions of which another hook must come
        self._expecting = asyncio.Event()

    async def hear(self, agent: str, event: str, headers: Mapping[str, str], raw: bytes, ear: Ear) -> Told:
        """Take one live hook; return what it is to print, "" for nothing.

        Raises:
            NotFound: no such agent.
            Malformed: the payload is not that agent's.

        """
        if spool.waiting(self._folder):
            await self.replay()
        if event == WAKE:
            return await self._watched_over(agent, headers, raw, ear)
        return Told(await self._take(agent, event, headers, raw, ear))

    async def replay(self) -> None:
        """Hear all that lies in the spool, in order, and delete it."""
        async with self._lock:
            for record in spool.records(self._folder):
                try:
                    await self._again(record)
                except Refused as error:
                    log.warning("a spooled %s hook was dropped: %s", record.event, error)
                self._engine.passed("hook.replayed")
                record.path.unlink(missing_ok=True)

    async def run(self) -> None:
        """While a turn runs, its end may be said into the spool by a hook that found us too slow."""
        while True:
            await self._expecting.wait()
            await asyncio.sleep(LOOK_S)
            if spool.waiting(self._folder):
                with contextlib.suppress(Unavailable):  # it keeps until the store can be written again
                    await self.replay()

    async def _again(self, record: spool.Record) -> None:
        try:
            if record.event != WAKE:  # it had nothing to tell
                await self._take(record.agent, record.event, record.headers, record.body, None)
        finally:
            # Only now: until it is taken here, the same hook may still be on its way to an answer that nobody hears.
            await self._take_back(record.event, _record(record.headers, record.agent, record.event))

    async def _take_back(self, event: str, once: Once | None) -> None:
        """A hook that had our answer keeps nothing in the spool: what that answer handed over waits again."""
        lost = await self._engine.read(lambda tx: _handed_by(tx, once)) if once else []
        if not lost:
            return
        reason = "the hook did not get our answer"
        commands: list[c.Command] = [
            c.MissDelivery(delivery_id=each.delivery_id, reason=reason) for each in lost
        ]
        if lost[0].session_id and is_over(event):  # so the turn did end there
            rested = c.TurnObserved(session_id=lost[0].session_id, turn=Turn.IDLE, source="spool")
            commands.append(rested)
        await self._engine.handle_all(commands)

    async def _take(
        self, agent: str, event: str, headers: Mapping[str, str], raw: bytes, ear: Ear | None
    ) -> str:
        hooks = AGENTS.get(agent)
        if hooks is None:
            raise NotFound(f'no agent "{agent[:80]}"', f"known are {', '.join(AGENTS)}")
        headers, payload = jsontext.mended(dict(headers)), jsontext.loads_loosely(raw)
        if not isinstance(payload, Mapping):
            raise Malformed("a hook's payload is an object")
        placed = ear.placed if ear else None
        around = await surroundings(event, headers, payload, placed, live=placed is not None, agent=agent)
        session_id = str(payload.get("session_id", ""))
        known: Session | None = await self._engine.read(lambda tx: tx.get(Session, session_id))
        if known and belongs_elsewhere(known, around):
            raise NotAllowed(
                "that session belongs to another process, which is alive", "start a session of your own"
            )
        if known is None:
            await self._bury()
        self._note(session_id, around, over=is_over(event, payload))
        said = hooks.commands(event, payload, replace(around, handed=self._handed.get(session_id, 0)))
        meant = limits.limited(agent, event, payload, said)
        commands = [self._attended(really(each, around), around) for each in meant]
        once = _record(headers, agent, event)
        if ear and commands and isinstance(commands[-1], c.RequestApproval):
            return await self._awaited(hooks, commands, once, around, seconds(headers), ear)
        told = await self._handled(hooks, event, commands, once)
        self._answered(event, session_id, told)
        return told

    def _answered(self, event: str, session_id: str, told: str) -> None:
        if event == "SessionEnd":
            self._alarm.disturb(session_id)
        before = self._handed.pop(session_id, 0) if is_over(event) else 0
        if told and is_over(event):  # what is handed over goes on with the turn
            self._handed[session_id] = before + 1
            self._in_turn.add(session_id)
            self._expecting.set()

    async def _bury(self) -> None:
        """Whose process is gone is gone, told of or not: an unknown session may be their heir."""
        live = await self._engine.read(live_sessions)
        gone = [c.EndProcess(pid=each.pid, started=each.started) for _, each in live if is_gone(each)]
        if gone:
            await self._engine.handle_all(gone)

    async def _awaited(
        self,
        hooks: AgentHooks,
        commands: Sequence[c.Command],
        once: Once | None,
        around: Surroundings,
        seconds: float,
        ear: Ear,
    ) -> str:
        """A person is asked; the hook waits for what is decided. The same hook again waits for the same."""
        approval_id = await self._done(commands, once, lambda results: str(results[-1]))
        asked = commands[-1]
        if not approval_id or (around.pane and isinstance(asked, c.RequestApproval) and asked.hidden):
            return ""  # its dialog opens only when its hook has ended
        return await self.verdicts.wait(approval_id, hooks, seconds, ear.alive)

    async def _watched_over(self, agent: str, headers: Mapping[str, str], raw: bytes, ear: Ear) -> Told:
        """Something waits in an agent's background: keep it where it is the only way to wake that agent."""
        headers, payload = jsontext.mended(dict(headers)), jsontext.loads_loosely(raw)
        session_id = str(payload.get("session_id", "")) if isinstance(payload, Mapping) else ""
        session = await self._begun(session_id)
        if session is None or session.ended_at or session.inbox:
            return Told("")
        around = await surroundings(WAKE, headers, payload, ear.placed, live=True, agent=agent)
        if not around.lasting:  # it would not end before its hook does
            return Told("")
        if belongs_elsewhere(session, around):
            raise NotAllowed("that session belongs to another process, which is alive", "wait for your own")
        await self._engine.handle(c.WakeWaits(session_id=session_id, waits=True))
        text = await self._alarm.wait(session_id, seconds(headers) - MARGIN_S, ear.alive)
        if not self._alarm.waits(session_id):
            await self._engine.handle(c.WakeWaits(session_id=session_id, waits=False))
        return Told(text, wakes=bool(text))

    async def _begun(self, session_id: str) -> Session | None:
        """The session, which another hook of the same event may be about to register, or to take up again.

        That one may have found us too slow, and lie in the spool by now.
        """
        with self._engine.feed.watching(f"session:{session_id}") as watch:
            for pause_s in (*REGISTERS_S, 0.0):
                found: Session | None = await self._engine.read(lambda tx: tx.get(Session, session_id))
                if (found and not found.ended_at) or not session_id:
                    return found
                await watch.wait(pause_s)
                if spool.waiting(self._folder):
                    await self.replay()
        return None

    def _attended(self, command: c.Command, around: Surroundings) -> c.Command:
        """The command; in a request for approval, what becomes of it when nobody is there to decide."""
        asks = command.asks if isinstance(command, c.BeginCall) else command
        if not isinstance(asks, c.RequestApproval):
            return command
        deny_at, reason = self._nobody_at(around.circle, self._engine.clock.now())
        asks = replace(asks, deny_at=deny_at, reason=reason)
        return replace(command, asks=asks) if isinstance(command, c.BeginCall) else asks

    async def _handled(
        self, hooks: AgentHooks, event: str, commands: Sequence[c.Command], once: Once | None
    ) -> str:
        if not commands:
            return ""

        def render(results: Sequence[Any]) -> str:
            outcome = results[-1] if isinstance(results[-1], tuple | Denial | Briefing) else ()
            told = hooks.answer(event, outcome)
            return json.dumps(told, ensure_ascii=False) if told else ""

        return await self._done(commands, once, render)

    async def _done(
        self, commands: Sequence[c.Command], once: Once | None, render: Callable[[Sequence[Any]], str]
    ) -> str:
        """Commit them; the same hook again is answered what it was answered first."""
        if once is None:
            return render(await self._engine.handle_all(commands))
        return await self._engine.handle_once(commands, once, render)

    def _note(self, session_id: str, around: Surroundings, *, over: bool) -> None:
        if token := around.environment.get(TOKEN):
            self._tokens[session_id] = token
        if over:
            self._in_turn.discard(session_id)
        else:
            self._in_turn.add(session_id)
        if self._in_turn:
            self._expecting.set()
        else:
            self._expecting.clear()


def _handed_by(tx: Reading, once: Once) -> list[Delivery]:
    """What the answer remembered under this key handed over, as far as nobody saw it yet."""
    first = tx.remembered(once.principal, once.key)
    found = (tx.marked(mark) for mark in marks_in(first.answer)) if first else ()
    return [each for each in found if each and each.state == State.HANDED and each.road is Road.HOOK]


def _record(headers: Mapping[str, str], agent: str, event: str) -> Once | None:
    """The name of one hook: of another event, the same name is another hook."""
    record = header(headers, RECORD)
    return Once(f"hook:{agent}:{event[:200]}", record[:200], "") if record else None
