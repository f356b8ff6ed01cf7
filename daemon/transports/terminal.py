"""The terminal: the owner's words as the agent's own prompt, pasted into its pane.

Only into an idle agent without a dialog, into an empty prompt of the right pane at which nobody types. It is looked at
in the moment of the act, and again before Enter: that is pressed only when the paste, and nothing else, lies in the
prompt, since a person may type, or a dialog open, in between; and tmux itself makes sure that between look and act no
key was pressed and nothing moved. The delivery's mark in the prompt hook that follows is the evidence. An Enter that
did not empty the prompt is pressed once more; after that nothing is repeated, since it might be a second prompt. What
an attempt left in the prompt without its Enter is sent off with Enter alone, so nothing is pasted twice.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from daemon.core.model import Pane, Parcel, Session
from daemon.core.rules.delivery import ENTERED
from daemon.core.rules.frame import framed
from daemon.panes import PaneNow
from daemon.tmux import PaneNotReady, Tmux, TmuxFailed, TmuxSilent
from daemon.transports.interface import Blocked, Carried, Failed, Outcome, Proof
from daemon.transports.keyboard import reached
from daemon.transports.screens import Draft, Screen, screen_of

PROOF_WITHIN: Final = timedelta(seconds=8)
LOOK_AGAIN: Final = timedelta(seconds=2)
QUIET_FOR: Final = timedelta(seconds=3)  #: who pressed a key so long ago is not typing any more
BETWEEN_LOOKS_S: Final = 0.05
TAKEN_S: Final = 0.5  #: how long an Enter takes to empty the prompt, at most
SENT: Final = Carried(PROOF_WITHIN, ENTERED)


@dataclass(frozen=True, slots=True)
class Ready:
    """Everything is as it must be, in this moment."""

    prompt: Draft
    now: PaneNow


class Terminal:
    """A ``Transport``. Args: ``now``, the time; ``passed``, told the name of every step done."""

    def __init__(
        self, now: Callable[[], datetime], *, passed: Callable[[str], None] = lambda _: None
    ) -> None:
        self._now = now
        self._passed = passed

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        pane = session.pane
        if pane is None:
            return Failed("the session has no pane")
        at = _At(Tmux(pane.tmux), pane, session, framed(parcel), screen_of(session))
        try:
            found = await self._gate(at)
            if isinstance(found, Blocked):
                return found
            if found.prompt.text and not (again and found.prompt.is_paste_of(at.text)):
                return Blocked("there is a draft in the prompt", LOOK_AGAIN)
            if not found.prompt.text and (trouble := await self._paste(at, found)):
                return trouble
            return await self._send(at)
        except (TmuxFailed, ValueError, OSError) as error:
            return Failed(f"tmux: {error}")

    async def prove(self, session: Session) -> Proof:
        """The gate as it stands now; nothing is typed."""
        pane = session.pane
        if pane is None:
            return Proof("it runs in no tmux pane", works=False)
        try:
            found = await self._gate(_At(Tmux(pane.tmux), pane, session, "", screen_of(session)))
        except (TmuxFailed, ValueError, OSError) as error:
            return Proof(f"tmux: {error}", works=False)
        if isinstance(found, Blocked):
            return Proof(found.reason, works=False)
        draft = ", and a draft lies in it" if found.prompt.text else ", and it is empty"
        return Proof(f"its prompt is to be seen in pane {pane.pane_id}{draft}", works=not found.prompt.text)

    async def _paste(self, at: _At, found: Ready) -> Blocked | None:
        try:
            await at.tmux.paste(at.pane.pane_id, at.text, ref=at.pane, seen=found.now)
        except PaneNotReady as error:
            return Blocked(str(error), LOOK_AGAIN)
        self._passed("terminal.pasted")
        return None

    async def _send(self, at: _At) -> Carried | Failed:
        """Press Enter once the paste is seen to lie in the prompt, alone; else say why it must not be pressed."""
        loop, why = asyncio.get_running_loop(), ""
        until, shown_at = loop.time() + at.screen.shown_s, 0.0
        while loop.time() < until:
            found = await self._gate(at)
            if isinstance(found, Ready) and found.prompt.is_paste_of(at.text):
                shown_at = shown_at or loop.time()
                settled = loop.time() - shown_at >= at.screen.pause_s(at.text)
                why = await self._enter(at, found) if settled else "it has only just been drawn"
                if not why:
                    return await self._taken(at)
            else:
                shown_at = 0.0
                why = found.reason if isinstance(found, Blocked) else "something else lies in the prompt, too"
            await asyncio.sleep(BETWEEN_LOOKS_S)
        # It costs an attempt, so that the next one knows whose text lies in the prompt.
        return Failed(f"pasted, but not sent: {why}")

    async def _taken(self, at: _At) -> Carried:
        """Press Enter once more, or as often as this agent needs it, if it let the one before pass."""
        loop = asyncio.get_running_loop()
        left, until = at.screen.enters - 1, loop.time() + TAKEN_S
        with contextlib.suppress(TmuxFailed, ValueError, OSError):
            while left and loop.time() < until + TAKEN_S:
                await asyncio.sleep(BETWEEN_LOOKS_S)
                found = await self._gate(at)
                if isinstance(found, Blocked):
                    if at.screen.redraws:
                        continue
                    break
                if not found.prompt.is_paste_of(at.text):
                    break
                if loop.time() > until and not await self._enter(at, found):
                    left, until = left - 1, loop.time() + TAKEN_S
        return SENT

    async def _enter(self, at: _At, found: Ready) -> str:
        """Press Enter; return why it was not pressed."""
        try:
            await at.tmux.enter(at.pane.pane_id, ref=at.pane, seen=found.now)
        except PaneNotReady as error:
            return str(error)
        except TmuxSilent:
            pass  # it may have happened: the evidence decides
        self._passed("terminal.entered")
        return ""

    async def _gate(self, at: _At) -> Ready | Blocked:
        """The prompt, if everything is as it must be."""
        found = await reached(at.tmux, at.pane, at.session)
        if isinstance(found, str):
            return Blocked(found, LOOK_AGAIN)
        now, screen = found.look.now, found.look.screen
        if found.stands.status != "idle":
            return Blocked(f"the agent is {found.stands.status}", LOOK_AGAIN)
        if self._is_typed_at(found.look.touched_at):
            return Blocked("somebody is typing there", LOOK_AGAIN)
        prompt = at.screen.prompt(screen, now.cursor_y)
        return Ready(prompt, now) if prompt else Blocked("no prompt is to be seen", LOOK_AGAIN)

    def _is_typed_at(self, touched_at: datetime | None) -> bool:
        return touched_at is not None and abs(self._now() - touched_at) < QUIET_FOR


@dataclass(frozen=True, slots=True)
class _At:
    """Where something is to be typed, and what."""

    tmux: Tmux
    pane: Pane
    session: Session
    text: str
    screen: Screen
