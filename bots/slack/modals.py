"""Modals: to ask an agent, and to answer in words of one's own. The views are pure; opening one is two requests.

Rule: the trigger lasts three seconds, so a skeleton is opened at once and filled in when it is known with what.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from bots.interface import Failure
from bots.slack.blocks import LONGEST_LABEL, plain_text
from bots.slack.ids import Met, Sight, Web
from bots.slack.pressing import ASK, REPLY, TO, WORDS, About, Wish, packed

Json = dict[str, Any]
MOST: Final = 100  #: entries of a menu
LONGEST_WORDS: Final = 3000
log = logging.getLogger(__name__)


async def opened(web: Web, sight: Sight, wish: Wish) -> None:
    """Show whoever wished for it the modal; a stranger nothing, and what fails is to be pressed again."""
    if not await sight.glance(wish.account):
        return
    about = await _placed(sight, wish)
    try:
        if wish.callback == REPLY:
            await web.call("views.open", trigger_id=wish.trigger, view=reply_view(about))
            return
        told = await web.call("views.open", trigger_id=wish.trigger, view=skeleton())
        shown = told.get("view")
        filled = ask_view(about, await sight.peers(wish.account))
        await web.call("views.update", view_id=shown["id"] if isinstance(shown, dict) else "", view=filled)
    except Failure as failure:
        log.warning("a modal was not opened: %s", failure)


async def _placed(sight: Sight, wish: Wish) -> About:
    """Where nobody hears us, the question is asked from the person's own chat."""
    room = wish.about.address.partition("/")[0]
    if room == wish.account or room in await sight.known():
        return wish.about
    return replace(wish.about, address=wish.account, receipt="")


def skeleton() -> Json:
    return _modal(ASK, [_section("One moment …")], submit=False)


def ask_view(about: About, peers: Sequence[Met]) -> Json:
    """Whom, and what."""
    if not peers:
        return _modal(
            ASK, [_section("Nobody is on the line yet. Start an agent, then come back.")], submit=False
        )
    options = [_option(met) for met in peers[:MOST]]
    menu = {"type": "static_select", "action_id": TO, "placeholder": plain_text("whom"), "options": options}
    who = {"type": "input", "block_id": TO, "label": plain_text("To"), "element": menu}
    return _modal(ASK, [who, _words("What do you want to ask?")], about=about)


def reply_view(about: About) -> Json:
    return _modal(REPLY, [_words("Your answer")], about=about)


def _modal(callback: str, blocks: list[Json], *, submit: bool = True, about: About | None = None) -> Json:
    title = "Answer" if callback == REPLY else "Ask an agent"
    view = {"type": "modal", "callback_id": callback, "title": plain_text(title), "blocks": blocks}
    view["close"] = plain_text("Cancel")
    return (
        view
        | ({"submit": plain_text("Send")} if submit else {})
        | ({"private_metadata": packed(about)} if about else {})
    )


def _option(met: Met) -> Json:
    told = {"text": plain_text(met.name[:LONGEST_LABEL]), "value": met.name[:LONGEST_LABEL]}
    return told | ({"description": plain_text(met.note[:LONGEST_LABEL])} if met.note else {})


def _words(label: str) -> Json:
    element = {
        "type": "plain_text_input",
        "action_id": WORDS,
        "multiline": True,
        "max_length": LONGEST_WORDS,
    }
    return {"type": "input", "block_id": WORDS, "label": plain_text(label), "element": element}


def _section(text: str) -> Json:
    return {"type": "section", "text": plain_text(text)}
