"""From our cards to Slack's forms: messages, buttons and selects. Pure.

A file comes before its words, since only a message of words can hold buttons and be found again. What a button brings
back is ``ids.tap_value``; the button for words of one's own brings back which ask it is about.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

from bots import pages as paging
from bots.interface import Card, Choice
from bots.pages import Carries, Part, is_long, label, without_file
from bots.slack.ids import reply_value, tap_value
from bots.slack.markup import LONGEST_FALLBACK, LONGEST_SOURCE, Message, escaped, fallback, messages
from bots.splitting import units

MOST_PAGES: Final = 3  #: what is longer goes as a file
MOST_BUTTONS: Final = 5  #: what is more is a select
MOST_OPTIONS: Final = 100
LONGEST_LABEL: Final = 75
CHOOSE: Final = "choose"  #: how an action's id begins: an option of the card was chosen
WORDS: Final = "words"  #: the action's id: somebody wants to answer in words of their own
EVENT: Final = "peerline"
REPLY: Final = "reply…"
PICK: Final = "choose…"
SECTION: Final = 3_000
Shape = dict[str, Any]
Content = dict[str, Any]


class _Form:
    """Slack's messages, for ``bots.pages``."""

    longest: Final = LONGEST_SOURCE
    most: Final = MOST_PAGES

    def messages(self, markdown: str, limit: int) -> list[Message]:
        return messages(markdown, limit)

    def words(self, text: str) -> Message:
        return Message(escaped(text), fallback(text))

    def length(self, message: Message, more: str = "") -> int:
        return units(message.source + escaped(more))

    def between(self, above: str, message: Message, below: str) -> Message:
        # The fallback is cut where the words are long: how it was decided stands there all the same.
        room = LONGEST_FALLBACK - units(escaped(above + below))
        said = message.fallback if units(message.fallback) <= room else f"{_cut(message.fallback, room - 1)}…"
        return Message(
            escaped(above) + message.source + escaped(below), escaped(above) + said + escaped(below)
        )


FORM: Final = _Form()


@lru_cache(maxsize=16)  # its parts are shown one by one, and what is long takes a while to cut
def parts_of(card: Card, *, sent: bool) -> tuple[Part[Message], ...]:
    """The messages of a card, in their order; ``sent``: its file is there."""
    if card.attachment and not sent:
        return parts_of(without_file(card), sent=False)
    files = [Part(FORM.words(""), Carries.TEXT)] if is_long(FORM, card) else []
    files += [Part(FORM.words(""), Carries.FILE)] if card.attachment else []
    return (*files, *(Part(message) for message in paging.pages(FORM, card)))


def last_page(card: Card) -> Message:
    """What stands in the message that holds the buttons."""
    return paging.pages(FORM, card)[-1]


def aside(card: Card) -> Card:
    """The card as it can be shown to one person alone: without files, and cut where it would need one."""
    bare = without_file(card)
    if not is_long(FORM, bare):
        return bare
    return replace(bare, markdown=f"{bare.markdown[: LONGEST_SOURCE // 2]}\n\n… cut here")


def marked(message: Message, mark: str) -> Message:
    return paging.marked(FORM, message, mark)


def blocks(message: Message, card: Card | None = None) -> list[Shape]:
    """The words and, with a card, what can be done about it."""
    shown: list[Shape] = [{"type": "markdown", "text": message.source}]
    elements = _elements(card) if card else []
    return [*shown, {"type": "actions", "elements": elements}] if elements else shown


def content(message: Message, card: Card | None = None) -> Content:
    """What is sent to show it."""
    return {"text": message.fallback, "blocks": blocks(message, card)}


def plainly(message: Message, card: Card | None = None) -> Content:
    """The same without any form, where Slack would not take it."""
    pieces = [message.source[n : n + SECTION] for n in range(0, len(message.source), SECTION)]
    shown = [{"type": "section", "text": plain_text(piece)} for piece in pieces]
    return {"text": message.fallback, "blocks": [*shown, *blocks(message, card)[1:]]}


def metadata(key: str) -> Shape:
    """By what a message is found again, if nobody knows whether it was posted."""
    return {"event_type": EVENT, "event_payload": {"id": key}}


def key_in(message: object) -> str:
    """The key that a message was posted with; "" for anybody else's."""
    match message:
        case {"metadata": {"event_type": str(event), "event_payload": {"id": str(key)}}} if event == EVENT:
            return key
        case _:
            return ""


def _elements(card: Card) -> list[Shape]:
    few = len(card.choices) <= MOST_BUTTONS
    made = [_choice(each) for each in card.choices] if few else [_select(card.choices[:MOST_OPTIONS])]
    return [*made, _button(REPLY, WORDS, reply_value(card.words_for))] if card.words_for else made


def _choice(choice: Choice) -> Shape:
    return _button(
        label(choice, LONGEST_LABEL), f"{CHOOSE}:{choice.option}", tap_value(choice.ask_id, choice.option)
    )


def _button(text: str, action: str, value: str) -> Shape:
    return {"type": "button", "action_id": action, "text": plain_text(text), "value": value}


def _select(choices: Sequence[Choice]) -> Shape:
    options = [
        {"text": plain_text(label(each, LONGEST_LABEL)), "value": tap_value(each.ask_id, each.option)}
        for each in choices
    ]
    return {"type": "static_select", "action_id": CHOOSE, "placeholder": plain_text(PICK), "options": options}


def plain_text(text: str) -> Shape:
    return {"type": "plain_text", "text": text, "emoji": False}


def _cut(said: str, room: int) -> str:
    """What is escaped already, cut: not within an escape."""
    kept = said[:room]
    start = kept.rfind("&")
    return kept[:start] if start >= 0 and ";" not in kept[start:] else kept
