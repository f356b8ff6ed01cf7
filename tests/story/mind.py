"""A model that thinks: what it does next follows from what it reads in its conversation, and from nothing else.

Two tables. Somebody who is asked does what the newest ask says (``DEEDS``: words in it, what is done about them).
Somebody with a task from a phone goes through ``PLAN`` from the top, at every call: the first step that is not done
yet is what it does now. So it goes on after whatever came in between, as a model with a good memory would.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from tests.emulators.model_api import Answer, Calls, Runs, Says, Words
from tests.story.plan import PLAN, TASK
from tests.story.reading import SERVER, Conversation, Letter

TRIES: Final = 10
SHA: Final = re.compile(r"\b[0-9a-f]{40}\b")
_REMINDER: Final = re.compile(r"ask (a-\w+) still waits for your answer")
_NUDGE: Final = "Call check_messages, or end your turn."

Deed = Callable[[Conversation, Letter, "re.Match[str]"], Answer]


def thinks(pieces: Sequence[Words]) -> Answer | None:
    """What the model says to this conversation; None: it is about nothing that it knows."""
    read = Conversation(pieces)
    if pieces and _NUDGE in pieces[-1].text:
        return Calls(f"{SERVER}check_messages", {})
    if read.newest("ask", TASK) is not None:
        return next((answer for step in PLAN if (answer := step(read)) is not None), Says("all is done"))
    return _deed(read)


def _deed(read: Conversation) -> Answer | None:
    letter = _asked(read)
    if letter is None:
        return None
    for pattern, deed in DEEDS:
        if found := re.search(pattern, letter.body, re.DOTALL):
            return deed(read, letter, found)
    return Says(f"I do not know what to do about: {letter.body[:80]}")


def _asked(read: Conversation) -> Letter | None:
    """The newest ask; or the one of which a later letter reminds."""
    asked = read.newest("ask")
    reminder = read.newest("notice", _REMINDER.pattern)
    if reminder and asked and reminder.place > asked.place and (found := _REMINDER.search(reminder.body)):
        return next((one for one in read.letters if one.kind == "ask" and one.about == found[1]), asked)
    return asked


def _commits(read: Conversation, letter: Letter, found: re.Match[str]) -> Answer:
    words, file, branch = found.group("words", "file", "branch")
    ran = read.ran(after=letter.place)
    if ran and (sha := SHA.search(ran[-1])):
        return Says(f"committed {sha[0]} on {branch}")
    command = (
        f"test \"$(git branch --show-current)\" = '{branch}' && printf '%s\\n' '{words}' > '{file}' && "
        f"git add '{file}' && git commit -q -m 'Say {words}' && git rev-parse HEAD"
    )
    return Runs(command) if len(ran) < TRIES else Says(f"it cannot be done: {ran[-1]}")


def _reads(read: Conversation, letter: Letter, found: re.Match[str]) -> Answer:
    ran = read.ran(after=letter.place)
    if ran:
        return Says(f"I have read it: {ran[-1].strip().splitlines()[-1]}")
    return Runs(f"git -C '{found['folder']}' log --oneline")


def _tells(read: Conversation, letter: Letter, _found: re.Match[str]) -> Answer:
    """By the tool; where there is none (yet), the last words of the turn do as well."""
    acked = read.results("ack", after=letter.place)
    said = read.ran()
    words = f"ready: {said[-1].strip().splitlines()[-1]}" if said else "ready"
    if acked:
        return Says("told" if letter.about in acked[-1].text else words)
    return Calls(f"{SERVER}ack", {"ask_id": letter.about, "message": words})


def _reviews(read: Conversation, letter: Letter, found: re.Match[str]) -> Answer:
    """Look at what is to be looked at, then say so of exactly that commit."""
    review, folder, branch = found.group("review", "folder", "branch")
    ran = read.ran(after=letter.place)
    marked = read.results("mark_reviewed", after=letter.place)
    if marked and "approved" in marked[-1].text:
        return Says("approved")
    if len(ran) >= TRIES:
        return Says(f"no verdict: {(marked[-1].text if marked else ran[-1])[:300]}")
    sha = SHA.search(ran[-1]) if ran else None
    if sha is None or (marked and len(ran) <= len(marked)):
        return Runs(f"git -C '{folder}' show --stat '{branch}' && git -C '{folder}' rev-parse '{branch}'")
    verdict = {"review": review, "verdict": "approved", "sha": sha[0], "note": "says what it should"}
    return Calls(f"{SERVER}mark_reviewed", verdict)


DEEDS: Final[tuple[tuple[str, Deed], ...]] = (
    (r"(?P<review>r-[0-9a-z]{10}).*?(?P<folder>/[^\s#]+)#(?P<branch>[\w./-]*\w)", _reviews),
    (r"(?P<folder>/[^\s#]+)#(?P<branch>[\w./-]*\w).*?(?P<review>r-[0-9a-z]{10})", _reviews),
    (
        r'write the words "(?P<words>[^"]+)" into (?P<file>\S+) of your worktree, on branch (?P<branch>[\w./-]*\w)',
        _commits,
    ),
    (r"read what is in (?P<folder>/[^\s,]+)", _reads),
    (r"are you ready", _tells),
)
