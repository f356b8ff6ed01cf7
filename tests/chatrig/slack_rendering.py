"""A text through the real rendering, past Slack's own checks and its own reading of Markdown: what a reader loses, or
whoever is called by it, is a sentence."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

from bots.interface import Card
from bots.slack.blocks import content, parts_of, plainly
from bots.slack.markup import Message, messages
from tests.chatrig.rendering import Findings
from tests.chatrig.writings import TOKEN, Writer
from tests.emulators.slack import blocks as kit
from tests.emulators.slack import limits
from tests.emulators.slack.text import live, seen_markdown


def judged(writer: Writer, findings: Findings) -> None:
    """One text that holds together and one that does not."""
    text = writer.text()
    tokens, hidden = list(writer.tokens), list(writer.hidden)
    parts = messages(text)
    noise = writer.noise()
    found = [*_wrong(text, findings), *lost(parts, tokens, hidden)]
    findings.wrong += [f"{sentence} in {text!r}" for sentence in found]
    found = [*_wrong(noise, findings), *_unseen(noise, messages(noise))]
    findings.wrong += [f"{sentence} in {noise!r}" for sentence in found]


def _wrong(text: str, findings: Findings) -> Iterator[str]:
    card = Card(who="ada", headline="ada@dev says", markdown=text)
    shown = parts_of(card, sent=False)
    findings.texts += 1
    findings.parts += len(shown)
    findings.most_parts = max(findings.most_parts, len(shown))
    for part in [each.message for each in shown if each.message.source]:
        yield from refusals(part)


def refusals(part: Message) -> Iterator[str]:
    """What Slack would not take, or would take as a call."""
    for form in (content(part), plainly(part)):
        yield from (f"refused: {problem}" for problem in kit.problems_of(form["blocks"]))
        if kit.too_long(form["blocks"]):
            yield "refused: its blocks are too long"
        if not 0 < len(form["text"]) <= limits.TEXT_ADVISED:
            yield f"its fallback has {len(form['text'])} characters"
        yield from (f"{call} is live" for call in live(form["text"]))
    yield from (f"{call} is live" for call in live(part.source, markdown=True))


def lost(parts: Sequence[Message], tokens: Sequence[str], hidden: Sequence[str]) -> Iterator[str]:
    read = "".join("".join(seen_markdown(part.source).split()) for part in parts)
    seen = [token for token in TOKEN.findall(read) if token not in set(hidden)]
    if seen != list(tokens):
        gone, more = Counter(tokens) - Counter(seen), Counter(seen) - Counter(tokens)
        yield f"lost {sorted(gone)}, repeated {sorted(more)}" if gone or more else "the order has changed"
    whole = "".join(part.source for part in parts)
    if missing := set(hidden) - set(TOKEN.findall(whole)):
        yield f"addresses lost: {sorted(missing)}"


def _unseen(noise: str, parts: Sequence[Message]) -> Iterator[str]:
    """Letters outside ASCII are never markup, wherever they stand."""
    kinds = {"Lu", "Ll", "Lo", "So"}
    wanted = Counter(char for char in noise if ord(char) > 127 and unicodedata.category(char) in kinds)
    if missing := wanted - Counter("".join(part.source for part in parts)):
        yield f"lost {dict(missing)}"
