"""What a model is told to say: rules, answers, and the words they are about. No program's protocol is known here.

Rule: a script is data, and the same script serves every agent; what only one of them calls a thing
(its shell, the name of a tool of an MCP server) is its dialect's to translate.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Says:
    """Words; `{1}` or `{name}` stands for a group of the rule's pattern.

    "" is an answer without content. Claude Code asks once more then ("Your previous response had no visible
    output"), so a turn that ends without words needs a rule for that question too.
    """

    text: str


@dataclass(frozen=True, slots=True)
class Calls:
    """A tool call; groups of the pattern are filled into every string of the input, as in `Says`.

    `mcp__<server>__<tool>` is a tool of an MCP server, whatever the agent calls it; other names go as they are.
    """

    name: str
    input: Mapping[str, Any]
    saying: str = ""


@dataclass(frozen=True, slots=True)
class Runs:
    """A shell command, by the tool that the agent has for it.

    `asking` wants a person to be asked first. Codex is told so with the call; the others ask as they are set up to.
    """

    command: str
    saying: str = ""
    asking: bool = False


@dataclass(frozen=True, slots=True)
class Fails:
    """An HTTP error: repeated, 429 and 5xx with pauses, then the turn fails."""

    status: int
    message: str = "the script says so"
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Says | Calls | Runs | Fails


@dataclass(frozen=True, slots=True)
class Words:
    role: str  # "user", "system" or "tool"
    text: str
    addressed: bool = True  # somebody says this now, so that an answer should depend on it
    # Of a tool's result: what was called (`mcp__<server>__<tool>`, or what the agent calls its shell), and the JSON
    # that it was given. Dialects without it leave both empty.
    tool: str = ""
    given: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Newest words with `pattern` in them get `answer`, once `gate` is open and `after` seconds went by.

    `then`: what the next calls of that session get, one after the other, whatever is said in between.
    """

    pattern: str
    answer: Answer
    gate: str = ""
    after: float = 0.0
    times: int | None = None
    then: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """The first rule that fits the newest words decides; else the answer is `stub: <their last line>`."""

    rules: tuple[Rule, ...] = ()
    aside: str = "{}"  # to titles, summaries and suggestions of a next prompt


@dataclass(frozen=True, slots=True)
class Turn:
    """One request of an agent: only the words that its session had not sent before, and what was answered."""

    session_id: str
    words: tuple[Words, ...]
    answer: Answer

    @property
    def text(self) -> str:
        return "\n".join(each.text for each in self.words)


def filled(answer: Answer, match: re.Match[str]) -> Answer:
    match answer:
        case Says():
            return Says(_fill(answer.text, match))
        case Calls():
            return replace(answer, input=_fill(answer.input, match))
        case Runs():
            return replace(answer, command=_fill(answer.command, match))
        case Fails():
            return answer


def _fill(value: Any, match: re.Match[str]) -> Any:
    if isinstance(value, str):
        return re.sub(r"\{(\w+)\}", lambda hole: _group(match, hole), value)
    if isinstance(value, Mapping):
        return {key: _fill(each, match) for key, each in value.items()}
    return [_fill(each, match) for each in value] if isinstance(value, list | tuple) else value


def _group(match: re.Match[str], hole: re.Match[str]) -> str:
    groups = {str(n): text for n, text in enumerate((match[0], *match.groups()))} | match.groupdict()
    return groups.get(hole[1]) or hole[0]
