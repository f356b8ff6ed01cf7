"""An agent's own dialog on its screen: read, recognised, and answered by one key.

The way in for a decision that comes when no hook waits for it any more. Rule: a key is pressed only into the dialog
that this very decision is about: the agent waits in that session, nothing else of it waits, the screen shows the
request's own words, and the option is read off the screen, where its number varies. What can only be said in words is
not typed into a dialog.

Only the beginning of what is asked may be seen, or only its end: each agent's own file says so.

Claude Code 2.1.329: options are numbered lines at the end of the screen, one of them behind U+276F; a digit acts at
once; ``AskUserQuestion`` takes one for its only question. Of a request too long for the screen the end is shown.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import PurePath
from typing import Any, Final

from daemon.core.deciding import ACCEPT_EDITS, DENY, KEEP_PLANNING
from daemon.core.model import Approval, Pane, Question, Session
from daemon.core.rules.approval import What
from daemon.tmux import PaneNotReady, Tmux, TmuxFailed, TmuxSilent
from daemon.transports import dialog_codex, dialog_gemini
from daemon.transports.dialog_shape import Dialog
from daemon.transports.interface import Blocked, Carried, Failed, Outcome
from daemon.transports.keyboard import Reached, reached
from daemon.transports.prompt import plain

LOOK_AGAIN: Final = timedelta(seconds=2)
TAKEN_S: Final = 1.0  #: how long a key takes to close the dialog, at most
TRIES: Final = 3
LOOK_S: Final = 0.05
NEEDLE: Final = 60  #: characters of a request that are looked for
ESCAPE: Final = "Escape"
PLANS: Final = ("Claude has written up a plan", "Implement this plan?")
PATCH: Final = "apply_patch"  #: Codex's tool for changes of files
_OPTION: Final = re.compile(
    r"^\s*(\N{HEAVY RIGHT-POINTING ANGLE QUOTATION MARK ORNAMENT} )?([1-9])\. (\S.*)$"
)
_RULE: Final = re.compile(r"^─{10,}")
_CLIPPED: Final = re.compile(r"↑ \d+ more lines")
_SEEN: Final = re.compile(r"[^!-~]+")  #: what a screen wraps, frames or draws in its own way
YES: Final = frozenset({"yes", "allow once", "yes, proceed"})
NONE_OF_THEM: Final = "none of the above"
_NO: Final = re.compile(r"no\b", re.IGNORECASE)
_PATCHED: Final = re.compile(r"^\*\*\* (?:Add|Update|Delete) File: (.+)$", re.MULTILINE)
_PLAINLY: Final = re.compile(r"manually|^yes, implement this plan$", re.IGNORECASE)
_EDITS: Final = re.compile(r"accept|auto-accept", re.IGNORECASE)


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
    """Whether the dialog shows this request: its own words, as many as are shown however long it is."""
    shown = _seen(dialog.text).casefold()
    return any(needle and needle.casefold() in shown for needle in _needles(approval, dialog))


def key(dialog: Dialog, approval: Approval) -> str:
    """The key that says what was decided; "" when there is none for it."""
    match approval.what:
        case What.QUESTION:
            return _answer_key(dialog, approval)
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
        at = _At(Tmux(pane.tmux), pane, session, approval)
        try:
            return await _answered(at)
        except PaneNotReady as error:
            return Blocked(str(error), LOOK_AGAIN)
        except (TmuxFailed, ValueError, OSError) as error:
            return Failed(f"tmux: {error}")


@dataclass(frozen=True, slots=True)
class _At:
    """Whose dialog it is, and what was decided."""

    tmux: Tmux
    pane: Pane
    session: Session
    approval: Approval


async def _answered(at: _At) -> Outcome:
    found = await _waiting(at)
    if isinstance(found, str):
        return Blocked(found, LOOK_AGAIN)
    dialog = _shown(found, at)
    if dialog is None:
        return Failed("its dialog is not to be seen")
    for _ in range(TRIES + len(at.approval.questions)):
        pressed = key(dialog, at.approval)
        if not pressed:
            return Failed("its dialog has no key for that")
        await at.tmux.press(at.pane.pane_id, pressed, ref=at.pane, seen=found.look.now)
        still = await _still_open(at, found)
        if still is None:
            return Carried(timedelta(), receipt=f"pressed {pressed} in its own dialog")
        found, dialog = still, _shown(still, at) or dialog
    return Failed("its dialog did not take the key")


async def _waiting(at: _At) -> Reached | str:
    """The agent as it waits at a dialog, or why keys would not go to one."""
    try:
        found = await reached(at.tmux, at.pane, at.session)
    except TmuxSilent as error:  # only looked at: nothing was pressed
        return str(error)
    if isinstance(found, str) or found.stands.status == "waiting":
        return found
    return f"the agent is {found.stands.status}"


READERS: Final[Mapping[str, Callable[[Sequence[str]], Dialog | None]]] = {
    "codex": dialog_codex.read,
    "gemini": dialog_gemini.read,
}


def _shown(found: Reached, at: _At) -> Dialog | None:
    reader = READERS.get(at.session.backend, read)
    dialog, approval = reader([plain(line) for line in found.look.screen]), at.approval
    return dialog if dialog and is_about(dialog, approval) else None


async def _still_open(at: _At, before: Reached) -> Reached | None:
    """The dialog as it stands when it should have closed; None once the agent took the key.

    It waits no longer then, or anew, or at another dialog.
    """
    last = before
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(TAKEN_S):
            while True:
                now = await _waiting(at)
                if isinstance(now, str) or now.stands.at != before.stands.at:
                    return None
                if not _shown(now, at):
                    return None
                last = now
                await asyncio.sleep(LOOK_S)
    return last


def _permission_key(dialog: Dialog, approval: Approval) -> str:
    if approval.choice in {DENY, ""}:
        return next((n for n, label in dialog.options if _NO.match(label)), "")
    # Its own "don't ask again" goes further than what was shown: a plain yes is what was surely meant.
    return next((n for n, label in dialog.options if label.casefold() in YES), "")


def _plan_key(dialog: Dialog, approval: Approval) -> str:
    if approval.choice in {KEEP_PLANNING, DENY, ""}:
        return ESCAPE
    yes = [(n, label) for n, label in dialog.options if label.casefold().startswith("yes")]
    edits = next((n for n, label in yes if _EDITS.search(label)), "")
    plain = next((n for n, label in yes if _PLAINLY.search(label)), "")
    return edits if edits and approval.choice == ACCEPT_EDITS else plain


def _answer_key(dialog: Dialog, approval: Approval) -> str:
    """A person's own words are typed into no dialog: they follow, where it can be said that no option holds."""
    if dialog.one_by_one:
        pairs = itertools.zip_longest(approval.questions, approval.answers, fillvalue="")
        answers = [
            answer for question, answer in pairs if isinstance(question, Question) and _asks(dialog, question)
        ]
    else:
        alone = len(approval.questions) == 1 and not approval.questions[0].many
        answers = [approval.choice] if alone else []
    if len(answers) != 1:
        return ""
    labels = [(n, _seen(label)) for n, label in dialog.options]
    wanted = _seen(answers[0])
    chosen = [n for n, label in labels if wanted and label == wanted]
    other = [n for n, label in labels if label.casefold() == _seen(NONE_OF_THEM)]
    return (chosen or other)[0] if len(chosen or other) == 1 else ""


def _asks(dialog: Dialog, question: Question) -> bool:
    return _seen(question.text)[:NEEDLE] in _seen(dialog.text)


def _needles(approval: Approval, dialog: Dialog) -> tuple[str, ...]:
    """What of a request is surely on the screen: any of these."""
    if approval.what == What.PLAN:
        return tuple(map(_seen, PLANS))
    if approval.what == What.QUESTION:
        asked = approval.questions if dialog.one_by_one else approval.questions[:1]
        return tuple(_seen(question.text)[:NEEDLE] for question in asked)
    needle = _needle(approval, json.loads(approval.request), clipped=dialog.clipped)
    return (needle, *_titles(approval.tool, needle))


def _titles(tool: str, needle: str) -> tuple[str, ...]:
    """As Claude Code writes the name of an MCP server's tool: `spawn_peer` is "Spawn Peer"."""
    return (needle.replace("_", ""),) if tool.startswith("mcp__") and tool.endswith(f"__{needle}") else ()


def _needle(approval: Approval, given: dict[str, Any], *, clipped: bool) -> str:
    """Of a patch the dialog names the files."""
    for name in ("command", "url"):
        if isinstance(given.get(name), str) and (lines := given[name].strip().splitlines()):
            if files := _PATCHED.findall(given[name]) if approval.tool == PATCH else []:
                return _seen(PurePath(files[-1]).name)
            return _seen(lines[0])[:NEEDLE] if clipped else _seen(lines[-1])[-NEEDLE:]
    if isinstance(given.get("file_path"), str):
        return _seen(PurePath(given["file_path"]).name)
    return _seen(approval.tool.rpartition("__")[2])


def _seen(text: str) -> str:
    return _SEEN.sub("", text)
