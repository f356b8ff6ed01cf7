"""What OpenCode asks its person, as people read it; and what they decide, as its plugin hears it.

Measured on 1.18.33: ``permission.asked`` names the permission, what it is about (``metadata``, ``patterns``) and what
an "always" would let through until OpenCode ends (``always``); a reply is ``once``, ``always`` or ``reject``, and a
rejection with words goes on with the turn, while one without ends it.

Rule: what is shown is all of what is decided about.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from daemon.agents import requests
from daemon.agents.interface import Json
from daemon.agents.speech import given, text
from daemon.core import commands as c
from daemon.core.deciding import ALLOW, ALWAYS, DENY
from daemon.core.model import Approval, Question
from daemon.core.rules.approval import What
from daemon.core.rules.cleaning import line

QUESTION: Final = "question"
RULE: Final = 400  #: characters of a rule that can be shown whole
BETWEEN: Final = ", "  #: stands between several choices


def doing(tool: str, args: Json) -> str:
    """A tool call in a few words."""
    named = {"file_path": args["filePath"]} if isinstance(args.get("filePath"), str) else {}
    return requests.doing(tool, {**args, **named})


def permission(session_id: str, payload: Json) -> c.RequestApproval | None:
    """None when it says nothing that could be decided about."""
    asked, cwd = given(payload, "properties"), text(payload, "cwd")
    tool, subagent = text(asked, "permission"), text(payload, "subagent")
    if not tool:
        return None
    about = given(asked, "metadata") or {"patterns": _texts(asked, "patterns")}
    rules = _rules(asked)
    who = f"a subagent ({line(subagent, requests.LABEL)}) " if subagent else ""
    shown = requests.wants(who, tool, _plainly(about), cwd)
    if rules:
        named = ", ".join(requests.fenced_word(each) for each in rules)
        shown = f"{shown}\n\n*{ALWAYS}* lets through, until OpenCode ends: {named}"
    return c.RequestApproval(
        session_id=session_id,
        what=What.PERMISSION,
        tool=tool,
        shown=shown,
        digest=requests.digest(session_id, cwd, tool, asked),
        request=requests.request(asked),
        options=(ALLOW, ALWAYS, DENY) if rules else (ALLOW, DENY),
        subagent=subagent,
    )


def questioned(session_id: str, payload: Json) -> c.RequestApproval | None:
    """None when it is in no form we know: it can be answered at OpenCode only."""
    asked = given(payload, "properties")
    found = requests.questions({"questions": [_as_known(each) for each in _objects(asked, "questions")]})
    if not found:
        return None
    known = requests.questioned(session_id, text(payload, "cwd"), QUESTION, asked, found)
    return replace(known, subagent=text(payload, "subagent"))


def answered(session_id: str, payload: Json) -> c.CloseApprovals:
    """``asked`` is what the plugin had been asked."""
    asked = given(payload, "asked")
    reply = text(given(payload, "properties"), "reply")
    return c.CloseApprovals(
        session_id=session_id,
        tool=text(asked, "permission") or QUESTION,
        request=requests.request(asked),
        outcome="denied at the agent itself" if reply == "reject" else "decided at the agent itself",
    )


def decision(approval: Approval) -> Json:
    """What the plugin replies: to a question ``answers``, or none for a refusal."""
    if approval.what == What.QUESTION:
        whole = len(approval.answers) >= len(approval.questions)
        pairs = zip(approval.questions, approval.answers, strict=False)
        answers = {"answers": [_chosen(question, answer) for question, answer in pairs]}
        return {"reply": "answer", **answers} if whole else {"reply": "reject"}
    if approval.choice not in {ALLOW, ALWAYS}:
        return {"reply": "reject", "message": approval.words or f"denied by {approval.by}"}
    return {"reply": "always" if approval.choice == ALWAYS else "once"}


def _plainly(about: Json) -> Json:
    """In the names that are known here; a change of a file comes as its difference, and nothing is left out."""
    path = about.get("filepath")
    return {**{k: v for k, v in about.items() if k != "filepath"}, "file_path": path} if path else about


def _chosen(question: Question, answer: str) -> list[str]:
    several = answer.split(BETWEEN)
    return several if question.many and set(several) <= set(question.options) else [answer]


def _as_known(asked: Mapping[str, Any]) -> Json:
    return {**asked, "multiSelect": asked.get("multiple") is True}


def _rules(asked: Json) -> tuple[str, ...]:
    """What "always" would let through, if all of it can be shown."""
    told = asked.get("always")
    named = _texts(asked, "always")
    whole = isinstance(told, list) and len(named) == len(told)
    return tuple(named) if whole and all(line(each, RULE) == each for each in named) else ()


def _texts(payload: Json, name: str) -> list[str]:
    told = payload.get(name)
    return [each for each in told if isinstance(each, str)] if isinstance(told, list) else []


def _objects(payload: Json, name: str) -> Sequence[Mapping[str, Any]]:
    told = payload.get(name)
    return [each for each in told if isinstance(each, Mapping)] if isinstance(told, list) else []
