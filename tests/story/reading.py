"""What can be read in the conversation that an agent sends to its model: letters in their frames, results of tools.

Rule: nothing is known here but the conversation. Who reads it finds a letter wherever it stands (a prompt, a hook's
words, a result) and each once, however often it is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.emulators.model_api import Words

SERVER = "mcp__peerline__"
SHELLS = ("Bash", "exec_command")
ID = r"[0-9a-z]{10}"
_FRAME = re.compile(
    rf"\[peerline (?P<kind>[a-z]+) (?P<about>[a-z]-{ID}) from (?P<sender>[^·\]]+?) · (?P<whose>[^·\]]+?)"
    r"(?: · #(?P<mark>\w{8}))?\]\n(?P<body>.*?)(?=\n\[end #|\n\[peerline|\Z)",
    re.DOTALL,
)
_IDS = {
    "ask_id": "a",
    "job_id": "j",
    "schedule_id": "s",
    "review_id": "r",
    "message_id": "m",
    "spawn_id": "w",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """``about``: its id, or of an answer the ask it belongs to; ``place``: of the piece in which it first stood."""

    kind: str
    about: str
    sender: str
    whose: str
    body: str
    place: int


@dataclass(frozen=True, slots=True)
class Result:
    given: Mapping[str, Any]
    text: str
    place: int

    @property
    def told(self) -> Any:
        """The object that some agents give their model; {}: it is words."""
        try:
            found = json.loads(self.text)
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    def field(self, name: str) -> str:
        """A field of the object, or the first id of that kind in the words; "": there is none."""
        if name in self.told:
            return str(self.told[name] or "")
        if name in _IDS and (found := re.search(rf"\b{_IDS[name]}-{ID}\b", self.text)):
            return found[0]
        found = re.search(rf"\b{name}\b[\"']?[:=]? ?[\"']?([^\s\"',;:]+)", self.text)
        return found[1] if found else ""


class Conversation:
    def __init__(self, pieces: Sequence[Words]) -> None:
        self.pieces = pieces

    @cached_property
    def letters(self) -> tuple[Letter, ...]:
        found: dict[tuple[str, str, str, str], Letter] = {}
        for place, piece in enumerate(self.pieces):
            for match in _FRAME.finditer(piece.text):
                kind, about, sender, whose, body = match.group("kind", "about", "sender", "whose", "body")
                letter = Letter(kind, about, sender.strip(), whose, body.strip(), place)
                found.setdefault((kind, about, letter.sender, letter.body), letter)
        return tuple(found.values())

    def newest(self, kind: str, pattern: str = "") -> Letter | None:
        fitting = [
            one for one in self.letters if one.kind == kind and re.search(pattern, one.body, re.DOTALL)
        ]
        return fitting[-1] if fitting else None

    def results(self, tool: str, *, after: int = -1, **given: Any) -> list[Result]:
        """Of that tool of ours, in order; ``given``: with these arguments among others."""
        found = [
            Result(_parsed(each.given), each.text, place)
            for place, each in enumerate(self.pieces)
            if place > after and each.tool == f"{SERVER}{tool}"
        ]
        return [each for each in found if given.items() <= each.given.items()]

    def ran(self, *, after: int = -1) -> list[str]:
        """What shell commands printed."""
        return [each.text for place, each in enumerate(self.pieces) if place > after and each.tool in SHELLS]


def _parsed(given: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(given)
    except ValueError:
        return {}
    return found
