"""The terminal: the owner's words as the agent's own prompt, pasted into its pane.

Only into an idle agent without a dialog, into an empty prompt of the right pane, which is looked at in the moment of
the act. The delivery's mark in the prompt hook that follows is the evidence. What an interrupted attempt left in the
prompt is sent off with Enter alone, so nothing is pasted twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

from daemon.callers import processes, registry
from daemon.core.frame import framed
from daemon.core.model import Pane, Parcel, Session
from daemon.tmux import PaneNotReady, PaneNow, Tmux, TmuxFailed, TmuxSilent
from daemon.transports.interface import Blocked, Carried, Failed, Outcome
from daemon.transports.prompt import Prompt, read

PROOF_WITHIN: Final = timedelta(seconds=5)
LOOK_AGAIN: Final = timedelta(seconds=2)
BEFORE_ENTER_S: Final = 0.1  #: 0 is enough on an idle machine (36 of 36 pastes); a loaded one may need more
SHELLS: Final = frozenset({"sh", "bash", "zsh", "dash", "fish", "ksh", "tmux"})


class Terminal:
    """A ``Transport``."""

    def __init__(self, *, passed: Callable[[str], None] = lambda _: None) -> None:
        self._passed = passed

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:
        pane = session.pane
        if pane is None:
            return Failed("the session has no pane")
        tmux, text = Tmux(pane.tmux), framed(parcel)
        try:
            prompt = await self._gate(tmux, pane, session)
            if isinstance(prompt, Blocked):
                return prompt
            if prompt.text and not (again and prompt.is_paste_of(text)):
                return Blocked("there is a draft in the prompt", LOOK_AGAIN)
            if not prompt.text:
                await tmux.paste(pane.pane_id, text, ref=pane)
                self._passed("terminal.pasted")
                await asyncio.sleep(BEFORE_ENTER_S)
            await tmux.enter(pane.pane_id, ref=pane)
            self._passed("terminal.entered")
        except PaneNotReady as error:
            return Blocked(str(error), LOOK_AGAIN)
        except TmuxSilent:
            return Carried(PROOF_WITHIN)  # it may have happened: the evidence decides
        except (TmuxFailed, OSError) as error:
            return Failed(f"tmux: {error}")
        return Carried(PROOF_WITHIN)

    async def _gate(self, tmux: Tmux, pane: Pane, session: Session) -> Prompt | Blocked:
        """The prompt, if everything is as it must be."""
        if why := await tmux.verify(pane, processes.started):
            return Blocked(why, LOOK_AGAIN)
        if why := _not_the_agent(await tmux.describe(pane.pane_id), session):
            return Blocked(why, LOOK_AGAIN)
        found = await asyncio.to_thread(registry.read_session, Path(session.config_dir), session.pid)
        if found is None or found.status != "idle":
            return Blocked(f"the agent is {found.status if found else 'gone'}", LOOK_AGAIN)
        prompt = read(await tmux.screen(pane.pane_id))
        return prompt or Blocked("no prompt is to be seen", LOOK_AGAIN)


def _not_the_agent(now: PaneNow, session: Session) -> str:
    """Why keys typed into this pane would not be the agent's; "" if they are."""
    agent = processes.process(session.pid)
    if agent is None or agent.started != session.started:
        return "the agent is gone from its pane"
    if now.command in SHELLS or not agent.foreground:
        return f"the pane listens with {now.command or 'nothing'}, not with the agent"
    return ""
