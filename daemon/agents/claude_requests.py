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
from collections.abc import Mapping, Sequence
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
    who = f"a subagent ({clean(subagent)}) " if subagent else ""
    if tool == PLAN_TOOL:
        plan = given.get("plan")
        return f"{who}made a plan:\n\n{clean(plan) if isinstance(plan, str) else '(none was written)'}"
    head = f"{who}wants to use **{line(tool, LABEL)}** in `{line(cwd, BRIEF * 4)}`"
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
    return tuple({**each, "destination": "session"} for each in adding if _named([each]))


def grants(rules: Sequence[Json]) -> str:
    return json.dumps(list(rules), ensure_ascii=False) if rules else ""


def decision(approval: Approval) -> Json:
    """What the hook prints for what was decided."""
    given = json.loads(approval.request)
    refused = {DENY, KEEP_PLANNING}
    if approval.choice in refused or (approval.what != What.QUESTION and not approval.choice):
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


def _decided(what: Json) -> Json:
    return {"hookSpecificOutput": {"hookEventName": "PermissionRequest", "decision": what}}


def _refusal(approval: Approval) -> str:
    if approval.what == What.PLAN:
        return f"{approval.by} does not approve the plan yet: keep planning"
    return f"denied by {approval.by}"


def _details(given: Json) -> str:
    old, new = given.get("old_string"), given.get("new_string")
    path, content, command = given.get("file_path"), given.get("content"), given.get("command")
    about = given.get("description")
    rest = {k: v for k, v in given.items() if k not in {"command", "description"}}
    if isinstance(command, str):
        more = f"\n\n{_fenced(_pretty(rest), 'json')}" if rest else ""
        said = f"\n\n{clean(about)}" if isinstance(about, str) else ""
        return _fenced(command, "bash") + said + more
    if isinstance(path, str) and isinstance(old, str) and isinstance(new, str):
        every = " (every occurrence)" if given.get("replace_all") else ""
        return f"{_fenced_word(path)}{every}\n\n{_fenced(_difference(old, new), 'diff')}"
    if isinstance(path, str) and isinstance(content, str):
        return f"{_fenced_word(path)}\n\n{_fenced(content)}"
    return _fenced(_pretty(given), "json") if given else ""


def _difference(old: str, new: str) -> str:
    lines = difflib.ndiff(old.splitlines(), new.splitlines())
    return "\n".join(each for each in lines if not each.startswith("?"))


def _pretty(given: Json) -> str:
    return json.dumps(given, ensure_ascii=False, indent=2)


def _fenced(text: str, language: str = "") -> str:
    """A code block that its own content cannot end."""
    ticks = "```"
    while ticks in text:
        ticks += "`"
    return f"{ticks}{language}\n{clean(text)}\n{ticks}"


def _fenced_word(text: str) -> str:
    word = line(text, BRIEF * 4)
    return f"`` {word} ``" if "`" in word else f"`{word}`"


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


def _question(asked: Mapping[str, Any], number: int, of: int) -> Question:
    listed = asked.get("options")
    choices = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    labels = tuple(dict.fromkeys(line(str(each.get("label", "")), LABEL) for each in choices))
    text = asked.get("question")
    question = text if isinstance(text, str) else ""
    many = asked.get("multiSelect") is True
    head = f"**{line(question, 500)}**" + (f" ({number} of {of})" if of > 1 else "")
    means = [
        f"{n}. {line(str(each.get('label', '')), LABEL)}{_meaning(each)}" for n, each in enumerate(choices, 1)
    ]
    hint = "Several may be chosen: reply with their numbers." if many else ""
    return Question(
        text=question,
        shown="\n\n".join(part for part in (head, "\n".join(means), hint) if part),
        options=tuple(label for label in labels if label),
        many=many,
    )


def _meaning(choice: Mapping[str, Any]) -> str:
    about = choice.get("description")
    return f": {line(about, 500)}" if isinstance(about, str) and about.strip() else ""
