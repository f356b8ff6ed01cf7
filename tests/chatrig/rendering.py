"""A text through the real rendering and past the platform's own reading of it: what a reader loses is a sentence."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from bots.interface import Card
from bots.telegram.markup import Message, messages
from bots.telegram.translate import pages
from tests.chatrig.writings import TOKEN, Writer
from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.limits import ENTITIES, TEXT_UNITS, Refusal
from tests.emulators.telegram.sending import content_of
from tests.emulators.telegram.text import VANISHES, Formatted, units

WHOLE = 10_000_000  #: a limit that splits nothing
#: what alone or together the platform does not take apart
_STYLES = frozenset({"bold", "italic", "strikethrough", "underline", "spoiler"})


@dataclass(slots=True)
class Findings:
    texts: int = 0
    parts: int = 0
    most_parts: int = 0
    wrong: list[str] = field(default_factory=list)


def judged(writer: Writer, findings: Findings) -> None:
    """One text that holds together and one that does not."""
    text = writer.text()
    tokens, hidden = list(writer.tokens), list(writer.hidden)
    parts = messages(text)
    findings.wrong += [f"{sentence} in {text!r}" for sentence in _wrong(text, parts, findings)]
    findings.wrong += [f"{sentence} in {text!r}" for sentence in lost(parts, tokens, hidden)]
    noise = writer.noise()
    parts = messages(noise)
    findings.wrong += [f"{sentence} in {noise!r}" for sentence in _wrong(noise, parts, findings)]
    findings.wrong += [f"{sentence} in {noise!r}" for sentence in _unseen(noise, parts)]


def _wrong(text: str, parts: Sequence[Message], findings: Findings) -> Iterator[str]:
    """Everything about the parts that can be said without knowing the text."""
    shown = pages(Card(who="ada", headline="ada@dev says", markdown=text))
    findings.texts += 1
    findings.parts += len(shown)
    findings.most_parts = max(findings.most_parts, len(shown))
    for part in (*shown, *parts):
        yield from refusals(part)
    yield from torn(parts, messages(text, WHOLE))


def refusals(part: Message) -> Iterator[str]:
    if units(part.text) > TEXT_UNITS or len(part.entities) > ENTITIES:
        yield f"a part has {units(part.text)} units and {len(part.entities)} entities"
    try:
        taken = content_of(
            Call("sendMessage", {"text": part.text, "entities": _shapes(part)}), "text", TEXT_UNITS
        )
    except Refusal as refusal:
        yield f"refused: {refusal}"
        return
    if _visible(taken.text) != _visible(part.text):
        yield "the platform takes visible characters away"
    if len(taken.entities) != len(part.entities):
        yield f"the platform drops {len(part.entities) - len(taken.entities)} entities"
    yield from _crossing(taken)


def _crossing(taken: Formatted) -> Iterator[str]:
    """The platform takes these too, but shows something else than was meant."""
    ordered = sorted(taken.entities, key=lambda mark: (mark["offset"], -mark["length"]))
    for at, outer in enumerate(ordered):
        for inner in ordered[at + 1 :]:
            if inner["offset"] >= outer["offset"] + outer["length"]:
                break
            if inner["offset"] + inner["length"] > outer["offset"] + outer["length"]:
                yield f"{outer['type']} and {inner['type']} cross"
            if outer["type"] in {"pre", "code"} or (
                inner["type"] in {"pre", "code"} and outer["type"] in _STYLES
            ):
                yield f"{inner['type']} stands within {outer['type']}"


def torn(parts: Sequence[Message], whole: Sequence[Message]) -> Iterator[str]:
    """Parts joined are the whole, but for white space at the seams."""
    together = "".join(_visible(part.text) for part in parts)
    if together != "".join(_visible(part.text) for part in whole):
        yield "the parts joined are not the whole"
    for before, after in pairwise(parts):
        if unicodedata.combining(after.text[:1] or " ") or before.text.endswith("\u200d"):
            yield "a character is torn apart"


def lost(parts: Sequence[Message], tokens: Sequence[str], hidden: Sequence[str]) -> Iterator[str]:
    text = "".join("".join(part.text.split()) for part in parts)
    found = TOKEN.findall(text)
    aside = {
        token
        for part in parts
        for mark in part.entities
        for token in TOKEN.findall(f"{mark.url} {mark.language}")
    }
    seen = [token for token in found if token not in set(hidden)]
    if seen != list(tokens):
        gone = Counter(tokens) - Counter(seen)
        more = Counter(seen) - Counter(tokens)
        yield f"lost {sorted(gone)}, repeated {sorted(more)}" if gone or more else "the order has changed"
    if missing := set(hidden) - aside - set(found):
        yield f"addresses lost: {sorted(missing)}"


def _unseen(noise: str, parts: Sequence[Message]) -> Iterator[str]:
    """Letters outside ASCII are never markup, wherever they stand."""
    wanted = Counter(
        char for char in noise if ord(char) > 127 and unicodedata.category(char) in {"Lu", "Ll", "Lo", "So"}
    )
    told = "".join(
        part.text + "".join(f"{mark.url}{mark.language}" for mark in part.entities)
        for part in messages(noise)
    )
    if missing := wanted - Counter(told):
        yield f"lost {dict(missing)}"


def _visible(text: str) -> str:
    """What the platform itself always takes away cannot be kept."""
    return "".join(
        char
        for char in text
        if not char.isspace() and unicodedata.category(char)[0] not in "CZ" and char not in VANISHES
    )


def _shapes(part: Message) -> list[dict[str, Any]]:
    return [
        {
            name: value
            for name in ("type", "offset", "length", "language", "url")
            if (value := getattr(mark, name)) is not None
        }
        for mark in part.entities
    ]
