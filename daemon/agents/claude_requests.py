"""What Claude Code asks its person, as people read it; and what they decide, as Claude Code hears it.

Measured on 2.1.329, in the answer of a ``PermissionRequest`` hook: ``AskUserQuestion`` and ``ExitPlanMode`` need an
``updatedInput``, a plain ``allow`` is ignored for them; a denial's message is exactly what the model reads. Of the
``permission_suggestions`` only rules are offered, and for the session only: others change the session's mode, or stand
in the project's settings for ever.

Rule: what is shown is all of what is decided about.
"""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from daemon.agents.interface import Json
from daemon.core.approval import What
from daemon.core.cleaning import clean, line
from daemon.core.deciding import ACCEPT_EDITS, ALLOW, ALWAYS, APPROVE, DENY, KEEP_PLANNING
from daemon.core.model import Approval, Question

PLAN_TOOL: Final = "ExitPlanMode"
QUESTION_TOOL: Final = "AskUserQuestion"
LABEL: Final = 64
BRIEF: Final = 100
DESCRIPTION: Final = 500
MOST_LINES: Final = 1000  #: of an edit whose lines are compared
#: Which part of a tool's input says most about a call, in the order of looking.
TELLING: Final = ("command", "file_path", "url", "pattern", "query", "description", "prompt", "skill")


def kind_of(tool: str) -> What:
    return {QUESTION_TOOL: What.QUESTION, PLAN_TOOL: What.PLAN}.get(tool, What.PERMISSION)


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


def shown(tool: str, given: Json, cwd: str, *, subagent: str = "", rules: Sequence[Json] = ()) -> str:
    """The whole request as Markdown."""
    who = f"a subagent ({line(subagent, LABEL)}) " if subagent else ""
    if tool == PLAN_TOOL:
        plan = given.get("plan")
        return f"{who}made a plan:\n\n{clean(plan) if isinstance(plan, str) else '(none was written)'}"
    head = f"{who}wants to use **{line(tool, LABEL)}** in {_fenced_word(cwd)}"
    parts = [head, _details(given)]
    if rules:
        named = ", ".join(_fenced_word(name) for name in _named(rules))
        parts.append(f"*{ALWAYS}* lets through, for this session: {named}")
    return "\n\n".join(part for part in parts if part)


def options(tool: str, rules: Sequence[Json]) -> tuple[str, ...]:
    """The first is a yes, the last a no."""
    if tool == PLAN_TOOL:
        return (APPROVE, ACCEPT_EDITS, KEEP_PLANNING)
    return (ALLOW, ALWAYS, DENY) if rules else (ALLOW, DENY)


def questions(given: Json) -> tuple[Question, ...]:
    """What the agent asks, one after the other; empty when it is in no form we know."""
    listed = given.get("questions")
    found = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    made = tuple(_question(each, n, len(found)) for n, each in enumerate(found, 1))
    return made if all(each.text for each in made) else ()


def rules(payload: Json) -> tuple[Json, ...]:
    """The suggestions that do no more than let the same through again, and only in this session."""
    told = payload.get("permission_suggestions")
    found = [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []
    adding = [each for each in found if (each.get("type"), each.get("behavior")) == ("addRules", "allow")]
    return tuple({**each, "destination": "session"} for each in adding if _is_shown(each))


def grants(rules: Sequence[Json]) -> str:
    return json.dumps(list(rules), ensure_ascii=False) if rules else ""


def decision(approval: Approval) -> Json:
    """What the hook prints for what was decided."""
    given = json.loads(approval.request)
    if _is_refused(approval):
        return _decided({"behavior": "deny", "message": approval.words or _refusal(approval)})
    match approval.what:
        case What.QUESTION:
            texts = [question.text for question in approval.questions]
            answers = dict(zip(texts, approval.answers, strict=False))
            return _decided({"behavior": "allow", "updatedInput": {**given, "answers": answers}})
        case What.PLAN:
            mode = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
            more = {"updatedPermissions": [mode]} if approval.choice == ACCEPT_EDITS else {}
            return _decided({"behavior": "allow", "updatedInput": given, **more})
        case _:
            more = {"updatedPermissions": json.loads(approval.grants)} if approval.choice == ALWAYS else {}
            return _decided({"behavior": "allow", **more})


def _is_refused(approval: Approval) -> bool:
    if approval.what == What.QUESTION:  # its options may be called anything
        return len(approval.answers) < len(approval.questions)
    return approval.choice not in {ALLOW, ALWAYS, APPROVE, ACCEPT_EDITS}


def _decided(what: Json) -> Json:
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": what}}


def _refusal(approval: Approval) -> str:
    if approval.what == What.PLAN:
        return f"{approval.by} does not approve the plan yet: keep planning"
    return f"denied by {approval.by}"


def _details(given: Json) -> str:
    for names, say in FORMS:
        if all(isinstance(given.get(name), str) for name in names):
            rest = {k: v for k, v in given.items() if k not in names}
            return "\n\n".join(part for part in (say(given), _rest(rest)) if part)
    return _rest(given)


def _command(given: Json) -> str:
    return _fenced(given["command"], "bash")


def _described(given: Json) -> str:
    """The agent's own words for the call are quoted, so that they pass for nothing else."""
    return f"{_command(given)}\n\n> {line(given['description'], DESCRIPTION)}"


def _edit(given: Json) -> str:
    changed = _difference(given["old_string"], given["new_string"])
    return f"{_path(given)}\n\n{_fenced(changed, 'diff')}"


def _written(given: Json) -> str:
    return f"{_path(given)}\n\n{_fenced(given['content'])}"


def _path(given: Json) -> str:
    path = given["file_path"]
    return _fenced_word(path) if line(path, BRIEF * 4) == path else _fenced(path)


def _rest(given: Json) -> str:
    return _fenced(_pretty(given), "json") if given else ""


def _difference(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    if len(before) + len(after) > MOST_LINES:  # comparing takes time that grows with the square
        return "\n".join([*(f"- {each}" for each in before), *(f"+ {each}" for each in after)])
    compared = difflib.unified_diff(before, after, n=len(before), lineterm="")
    return "\n".join(f"{each[:1]} {each[1:]}" for each in list(compared)[3:])


def _pretty(given: Json) -> str:
    return json.dumps(given, ensure_ascii=False, indent=2)


def _fenced(text: str, language: str = "") -> str:
    """A code block that its own content cannot end."""
    shown, ticks = clean(text), "```"
    while ticks in shown:
        ticks += "`"
    return f"{ticks}{language}\n{shown}\n{ticks}"


def _fenced_word(text: str) -> str:
    word, ticks = line(text, BRIEF * 4), "`"
    while ticks in word:
        ticks += "`"
    return f"{ticks} {word} {ticks}" if len(ticks) > 1 else f"`{word}`"


def _named(rules: Sequence[Json]) -> list[str]:
    """``Bash(npm view *)`` for each rule."""
    names = []
    for each in rules:
        for rule in each.get("rules") or ():
            if isinstance(rule, Mapping) and isinstance(rule.get("toolName"), str):
                content = rule.get("ruleContent")
                names.append(
                    f"{rule['toolName']}({content})" if isinstance(content, str) else rule["toolName"]
                )
    return names


def _is_shown(suggestion: Json) -> bool:
    """Every rule in it can be named whole."""
    told = suggestion.get("rules")
    if not isinstance(told, list):
        return False
    names = _named([suggestion])
    return bool(names) and len(names) == len(told) and all(line(name, BRIEF * 4) == name for name in names)


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
