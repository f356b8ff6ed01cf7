"""What Claude Code asks its person, as people read it; and what they decide, as Claude Code hears it.

Measured on 2.1.329, in the answer of a ``PermissionRequest`` hook: ``AskUserQuestion`` and ``ExitPlanMode`` need an
``updatedInput``, a plain ``allow`` is ignored for them; a denial's message is exactly what the model reads. Of the
``permission_suggestions`` only rules are offered, and for the session only: others change the session's mode, or stand
in the project's settings for ever.

Rule: what is shown is all of what is decided about.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Final

from daemon.agents.interface import Json
from daemon.agents.requests import BRIEF, LABEL, decided, fenced_word, plan, wants
from daemon.core.deciding import ACCEPT_EDITS, ALLOW, ALWAYS, APPROVE, DENY, KEEP_PLANNING
from daemon.core.model import Approval
from daemon.core.rules.approval import What
from daemon.core.rules.cleaning import line

PLAN_TOOL: Final = "ExitPlanMode"
QUESTION_TOOL: Final = "AskUserQuestion"


def kind_of(tool: str) -> What:
    return {QUESTION_TOOL: What.QUESTION, PLAN_TOOL: What.PLAN}.get(tool, What.PERMISSION)


def shown(tool: str, given: Json, cwd: str, *, subagent: str = "", rules: Sequence[Json] = ()) -> str:
    """The whole request as Markdown."""
    who = f"a subagent ({line(subagent, LABEL)}) " if subagent else ""
    if tool == PLAN_TOOL:
        return plan(who, given)
    parts = [wants(who, tool, given, cwd)]
    if rules:
        named = ", ".join(fenced_word(name) for name in _named(rules))
        parts.append(f"*{ALWAYS}* lets through, for this session: {named}")
    return "\n\n".join(part for part in parts if part)


def options(tool: str, rules: Sequence[Json]) -> tuple[str, ...]:
    """The first is a yes, the last a no."""
    if tool == PLAN_TOOL:
        return (APPROVE, ACCEPT_EDITS, KEEP_PLANNING)
    return (ALLOW, ALWAYS, DENY) if rules else (ALLOW, DENY)


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
        return decided({"behavior": "deny", "message": approval.words or _refusal(approval)})
    match approval.what:
        case What.QUESTION:
            texts = [question.text for question in approval.questions]
            answers = dict(zip(texts, approval.answers, strict=False))
            return decided({"behavior": "allow", "updatedInput": {**given, "answers": answers}})
        case What.PLAN:
            mode = {"type": "setMode", "mode": "acceptEdits", "destination": "session"}
            more = {"updatedPermissions": [mode]} if approval.choice == ACCEPT_EDITS else {}
            return decided({"behavior": "allow", "updatedInput": given, **more})
        case _:
            more = {"updatedPermissions": json.loads(approval.grants)} if approval.choice == ALWAYS else {}
            return decided({"behavior": "allow", **more})


def _is_refused(approval: Approval) -> bool:
    if approval.what == What.QUESTION:  # its options may be called anything
        return len(approval.answers) < len(approval.questions)
    return approval.choice not in {ALLOW, ALWAYS, APPROVE, ACCEPT_EDITS}


def _refusal(approval: Approval) -> str:
    if approval.what == What.PLAN:
        return f"{approval.by} does not approve the plan yet: keep planning"
    return f"denied by {approval.by}"


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
