"""`reply_markup`: the buttons under a message and the keyboard below the chat, checked as the server does."""

from __future__ import annotations

from typing import Any

from tests.emulators.telegram import limits
from tests.emulators.telegram.chat import Button, Rows
from tests.emulators.telegram.limits import Refusal

_WORDS = """
url callback_data web_app login_url switch_inline_query switch_inline_query_current_chat
switch_inline_query_chosen_chat copy_text callback_game pay
"""
_ACTIONS = frozenset(_WORDS.split())


def inline_rows(markup: Any) -> Rows:
    """Return the buttons of an inline keyboard, empty when it is another kind or none.

    Raises:
        Refusal: a keyboard or button that the server would not take.
    """
    if markup is None:
        return ()
    if not isinstance(markup, dict):
        raise Refusal("object expected as reply markup")
    rows = markup.get("inline_keyboard", [])
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Refusal('can\'t parse inline keyboard: Field "inline_keyboard" must be of type Array')
    keys = tuple(tuple(map(_button, row)) for row in rows if row)
    if sum(map(len, keys)) > limits.BUTTONS or any(len(row) > limits.BUTTONS_PER_ROW for row in keys):
        raise Refusal("reply markup is too long")
    return keys


def reply_keyboard(markup: Any) -> tuple[tuple[str, ...], ...] | None:
    """Return the labels of a keyboard below the chat; () takes it away, None leaves it as it is."""
    if not isinstance(markup, dict):
        return None
    if markup.get("remove_keyboard"):
        return ()
    if "keyboard" not in markup:
        return None
    return tuple(tuple(_label(key) for key in row) for row in markup["keyboard"])


def _label(key: Any) -> str:
    text = key.get("text", "") if isinstance(key, dict) else key
    if not isinstance(text, str) or not text:
        raise Refusal('can\'t parse keyboard button: Field "text" must be of type String')
    return text


def _button(key: Any) -> Button:
    if not isinstance(key, dict) or not isinstance(key.get("text"), str) or not key["text"].strip():
        raise Refusal('can\'t parse inline keyboard button: Field "text" must be of type String')
    named = sorted(_ACTIONS & key.keys())
    callback = key.get("callback_data", "")
    if not named or (named == ["callback_data"] and not callback):
        raise Refusal("can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard")
    if len(named) > 1:
        raise Refusal("can't parse inline keyboard button: exactly one action must be used")
    if not isinstance(callback, str) or len(callback.encode()) > limits.CALLBACK_BYTES:
        raise Refusal("BUTTON_DATA_INVALID")
    return Button(key["text"], callback, str(key.get("url", "")))
