"""A request for approval, whichever agent's: what people read of a tool call, and what is decided about it.

Rule: what is shown is all of what is decided about.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from daemon.agents.interface import Json
from daemon.core import commands as c
from daemon.core.model import Question
from daemon.core.rules.approval import What
from daemon.core.rules.cleaning import clean, line

BRIEF: Final = 100
LABEL: Final = 64
DESCRIPTION: Final = 500
MOST_LINES: Final = 1000  #: of an edit whose lines are compared
#: Which part of a tool's input says most about a call, in the order of looking.
TELLING: Final = ("command", "file_path", "url", "pattern", "query", "description", "prompt", "skill")


def doing(tool: str, given: Json) -> str:
    """A tool call in a few words."""
    telling = next((given[name] for name in TELLING if isinstance(given.get(name), str)), "")
    return line(f"{tool}: {telling}" if telling else tool, BRIEF)


def digest(session_id: str, cwd: str, tool: str, given: Json) -> str:
    """SHA-256 over everything that is decided about."""
    told = json.dumps([session_id, cwd, tool, given], sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()


def request(given: Json) -> str:
    return json.dumps(given, ensure_ascii=False, sort_keys=True)


def decided(what: Json) -> Json:
    """What a ``PermissionRequest`` hook prints."""
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": what}}


def wants(who: str, tool: str, given: Json, cwd: str) -> str:
    """The whole call as Markdown; ``who`` wants it, if somebody else than the agent itself does."""
    head = f"{who}wants to use **{line(tool, LABEL)}** in {fenced_word(cwd)}"
    return "\n\n".join(part for part in (head, details(given)) if part)


def plan(who: str, given: Json) -> str:
    """A plan that waits to be approved; ``who`` as for ``wants``."""
    told = given.get("plan")
    return f"{who}made a plan:\n\n{clean(told) if isinstance(told, str) else '(none was written)'}"


def questions(given: Json) -> tuple[Question, ...]:
    """What the agent asks, one after the other; empty when it is in no form we know."""
    listed = given.get("questions")
    found = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    made = tuple(_question(each, n, len(found)) for n, each in enumerate(found, 1))
    return made if all(each.text for each in made) else ()


def questioned(
    session_id: str, cwd: str, tool: str, given: Json, found: Sequence[Question]
) -> c.RequestApproval:
    """What is asked in those questions, the first of them before all others; ``given`` is how the agent asked."""
    return c.RequestApproval(
        session_id=session_id,
        what=What.QUESTION,
        tool=tool,
        shown=found[0].shown,
        digest=digest(session_id, cwd, tool, given),
        request=request(given),
        options=found[0].options,
        questions=tuple(found),
    )


def details(given: Json) -> str:
    for names, say in FORMS:
        if all(isinstance(given.get(name), str) for name in names):
            rest = {k: v for k, v in given.items() if k not in names}
            return "\n\n".join(part for part in (say(given), _rest(rest)) if part)
    return _rest(given)


def _command(given: Json) -> str:
    return fenced(given["command"], "bash")


def _described(given: Json) -> str:
    """The agent's own words for the call are quoted, so that they pass for nothing else."""
    return f"{_command(given)}\n\n> {line(given['description'], DESCRIPTION)}"


def _edit(given: Json) -> str:
    changed = _difference(given["old_string"], given["new_string"])
    return f"{_path(given)}\n\n{fenced(changed, 'diff')}"


def _written(given: Json) -> str:
    return f"{_path(given)}\n\n{fenced(given['content'])}"


def _path(given: Json) -> str:
    path = given["file_path"]
    return fenced_word(path) if line(path, BRIEF * 4) == path else fenced(path)


def _rest(given: Json) -> str:
    return fenced(_pretty(given), "json") if given else ""


def _difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MOST_LINES:  # comparing takes time that grows with the square
        return "\n".join([*(f"- {each}" for each in before), *(f"+ {each}" for each in after)])
    compared = difflib.unified_diff(before, after, n=len(before), lineterm="")
    return "\n".join(f"{each[:1]} {each[1:]}" for each in list(compared)[3:])


def _pretty(given: Json) -> str:
    return json.dumps(given, ensure_ascii=False, indent=2)


def fenced(text: str, language: str = "") -> str:
    """A code block that its own content cannot end."""
    shown, ticks = clean(text), "```"
    while ticks in shown:
        ticks += "`"
    return f"{ticks}{language}\n{shown}\n{ticks}"


def fenced_word(text: str) -> str:
    word, ticks = line(text, BRIEF * 4), "`"
    while ticks in word:
        ticks += "`"
    return f"{ticks} {word} {ticks}" if len(ticks) > 1 else f"`{word}`"


def _question(asked: Mapping[str, Any], number: int, of: int) -> Question:
    listed = asked.get("options")
    choices = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    meant = {line(str(each.get("label", "")), LABEL): _meaning(each) for each in reversed(choices)}
    labels = tuple(label for label in reversed(meant) if label)
    text = asked.get("question")
    question = text if isinstance(text, str) else ""
    many = asked.get("multiSelect") is True
    asks = clean(question) if "\n" in question or len(question) > BRIEF else f"**{clean(question)}**"
    head = asks + (f" ({number} of {of})" if of > 1 else "")
    means = [f"{n}. {label}{meant[label]}" for n, label in enumerate(labels, 1)]
    hint = "Several may be chosen: reply with their numbers." if many else ""
    return Question(
        text=question,
        shown="\n\n".join(part for part in (head, "\n".join(means), hint) if part),
        options=labels,
        many=many,
    )


def _meaning(choice: Mapping[str, Any]) -> str:
    about = choice.get("description")
    return f": {line(about, 500)}" if isinstance(about, str) and about.strip() else ""


#: Inputs that are read more easily than as JSON; whatever else stands in them is shown as that.
FORMS: Final[Sequence[tuple[tuple[str, ...], Callable[[Json], str]]]] = (
    (("command", "description"), _described),
    (("command",), _command),
    (("file_path", "old_string", "new_string"), _edit),
    (("file_path", "content"), _written),
)
