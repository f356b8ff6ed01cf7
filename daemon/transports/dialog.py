"""An agent's own dialog on its screen: read, recognised, and answered by one key.

The way in for a decision that comes when no hook waits for it any more. Rule: a key is pressed only into the dialog
that this very decision is about: the agent waits in that session, nothing else of it waits, the screen shows the
request's own words, and the option is read off the screen, where its number varies. What can only be said in words is
not typed into a dialog.

Claude Code 2.1.329: options are numbered lines at the end of the screen, one of them behind U+276F; a digit acts at
once; ``AskUserQuestion`` takes one for its only question. Of a request too long for the screen the end is shown.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path, PurePath
from typing import Any, Final

from daemon.callers import processes, registry
from daemon.callers.registry import ClaudeSession
from daemon.core.approval import What
from daemon.core.deciding import ACCEPT_EDITS, DENY, KEEP_PLANNING
from daemon.core.model import Approval, Pane, Session
from daemon.tmux import PaneNotReady, Tmux, TmuxFailed
from daemon.transports.interface import Blocked, Carried, Failed, Outcome

LOOK_AGAIN: Final = timedelta(seconds=2)
TAKEN_S: Final = 1.0  #: how long a key takes to close the dialog, at most
TRIES: Final = 3
LOOK_S: Final = 0.05
NEEDLE: Final = 60  #: characters of a request that are looked for
ESCAPE: Final = "Escape"
_OPTION: Final = re.compile(
    r"^\s*(\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} )?([1-9])\. (\S.*)$"
)
_RULE: Final = re.compile(r"^─{10,}")
_CLIPPED: Final = re.compile(r"↑ \d+ more lines")
_SEEN: Final = re.compile(r"[^!-~]+")  #: what a screen wraps, frames or draws in its own way
_NO: Final = re.compile(r"no\b", re.IGNORECASE)
_EDITS: Final = re.compile(r"accept|auto-accept", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialog:
    """``text`` stands above the options; ``options`` are (number, label)."""

    text: str
    options: tuple[tuple[str, str], ...]


def read(screen: Sequence[str]) -> Dialog | None:
    """The dialog at the end of the screen; None when there is none."""
    found = [(n, match) for n, line in enumerate(screen) if (match := _OPTION.match(line))]
    marked = [n for n, match in found if match[1]]
    if not marked:
        return None
    rules = [n for n, line in enumerate(screen) if _RULE.match(line.strip())]
    above = [n for n in rules if n < marked[-1]]
    if not above and not any(_CLIPPED.search(line) for line in screen):
        return None
    top = above[-1] if above else -1
    options = tuple((match[2], match[3].strip()) for n, match in found if n > top)
    first = min(n for n, _ in found if n > top)
    numbers = [number for number, _ in options]
    return Dialog("\n".join(screen[top + 1 : first]), options) if len(set(numbers)) == len(numbers) else None


def is_about(dialog: Dialog, approval: Approval) -> bool:
    """Whether the dialog shows this request: its last words, which are shown however long it is."""
    needle = _needle(approval)
    return bool(needle) and needle.casefold() in _seen(dialog.text).casefold()


def key(dialog: Dialog, approval: Approval) -> str:
    """The key that says what was decided; "" when there is none for it."""
    match approval.what:
        case What.QUESTION:
            wanted = _seen(approval.choice)
            alone = len(approval.questions) == 1 and not approval.questions[0].many
            chosen = [n for n, label in dialog.options if wanted and _seen(label) == wanted]
            return chosen[0] if alone and len(chosen) == 1 else ""
        case What.PLAN:
            return _plan_key(dialog, approval)
        case _:
            return _permission_key(dialog, approval)


class DialogKeys:
    """A ``Presser``."""

    async def press(self, approval: Approval, session: Session) -> Outcome:
        """Answer the agent's dialog by a key; ``Carried`` once it has closed.

        A dialog that has just opened lets a key pass (2.1.329): as long as nothing happened, it is pressed again.
        """
        pane = session.pane
        if pane is None:
            return Failed("it runs outside tmux, where nobody can press a key for you")
        tmux = Tmux(pane.tmux)
        try:
            waits = await _waiting(tmux, pane, session)
            if isinstance(waits, str):
                return Blocked(waits, LOOK_AGAIN)
            pressed = key(dialog, approval) if (dialog := await _shown(tmux, pane, approval)) else None
            if not pressed:
                return Failed(
                    "its dialog is not to be seen" if pressed is None else "its dialog has no key for that"
                )
            for _ in range(TRIES):
                await tmux.press(pane.pane_id, pressed, ref=pane)
                if await _closed(tmux, pane, session, approval, waits):
                    return Carried(timedelta(), receipt=f"pressed {pressed} in its own dialog")
        except PaneNotReady as error:
            return Blocked(str(error), LOOK_AGAIN)
        except (TmuxFailed, ValueError, OSError) as error:
            return Failed(f"tmux: {error}")
        return Failed("its dialog did not take the key")


async def _waiting(tmux: Tmux, pane: Pane, session: Session) -> ClaudeSession | str:
    """The session as it waits at a dialog, or why keys would not go to one."""
    if why := await tmux.verify(pane, processes.started):
        return why
    found = await asyncio.to_thread(registry.read_session, Path(session.config_dir), session.pid)
    if found is None or found.session_id != session.session_id:
        return "the agent is gone, or in another session by now"
    agent, now = processes.process(session.pid), await tmux.describe(pane.pane_id)
    if agent is None or agent.terminal != now.tty or not agent.foreground:
        return "the pane listens with another program"
    return found if found.status == "waiting" else f"the agent is {found.status}"


async def _shown(tmux: Tmux, pane: Pane, approval: Approval) -> Dialog | None:
    dialog = read((await tmux.capture(pane.pane_id)).split("\n"))
    return dialog if dialog and is_about(dialog, approval) else None


async def _closed(
    tmux: Tmux, pane: Pane, session: Session, approval: Approval, before: ClaudeSession
) -> bool:
    """Whether the agent took the key: it waits no longer, or anew, or at another dialog."""
    try:
        async with asyncio.timeout(TAKEN_S):
            while True:
                now = await _waiting(tmux, pane, session)
                if isinstance(now, str) or now.status_at != before.status_at:
                    return True
                if not await _shown(tmux, pane, approval):
                    return True
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        return False


def _permission_key(dialog: Dialog, approval: Approval) -> str:
    if approval.choice in {DENY, ""}:
        return next((n for n, label in dialog.options if _NO.match(label)), "")
    # Its own "don't ask again" goes further than what was shown: a plain yes is what was surely meant.
    return next((n for n, label in dialog.options if label.casefold() == "yes"), "")


def _plan_key(dialog: Dialog, approval: Approval) -> str:
    if approval.choice in {KEEP_PLANNING, DENY, ""}:
        return ESCAPE
    yes = [(n, label) for n, label in dialog.options if label.casefold().startswith("yes")]
    edits = next((n for n, label in yes if _EDITS.search(label)), "")
    plain = next((n for n, label in yes if "manually" in label), "")
    return edits if edits and approval.choice == ACCEPT_EDITS else plain


def _needle(approval: Approval) -> str:
    """What of a request is surely on the screen."""
    if approval.what == What.PLAN:
        return _seen("Claude has written up a plan")
    given: dict[str, Any] = json.loads(approval.request)
    if approval.what == What.QUESTION:
        return _seen(approval.questions[0].text)[:NEEDLE]
    for name in ("command", "url"):
        if isinstance(given.get(name), str) and (lines := given[name].strip().splitlines()):
            return _seen(lines[-1])[-NEEDLE:]
    if isinstance(given.get("file_path"), str):
        return _seen(PurePath(given["file_path"]).name)
    return _seen(approval.tool.rpartition("__")[2])


def _seen(text: str) -> str:
    return _SEEN.sub("", text)
