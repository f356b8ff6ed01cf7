"""Handing over what somebody did: told until the daemon has it, its effect and that it is done in one commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, TypeVar

from bots.interface import Deleted, Edited, Heard, PlaceChanged, Reacted, Said, Tapped
from daemon.client.hosting import HostClient, Utterance
from daemon.core.errors import Refused, Unavailable

AGAIN_S: Final = 0.5
Result = TypeVar("Result")
log = logging.getLogger(__name__)


async def hand_over(client: HostClient, surface: str, heard: Heard, does: Sequence[str] = ()) -> str | None:
    """Repeat until the daemon has it; the update's id makes repeats harmless. Returns the ask or errand it opened.

    ``does``: the kept updates that are done with it.
    """
    try:
        told = await insisted(lambda: _told(client, surface, heard, does))
    except Refused as error:
        log.warning("update %s refused: %s", heard.update_id, error)
        if does:
            await insisted(lambda: client.finish_updates(surface, does))
        return None
    opened: str | None = told["ask_id"] if told["understood"] == "ask" else told.get("errand_id")
    return opened


async def insisted(deed: Callable[[], Awaitable[Result]]) -> Result:
    """Repeat while the daemon is away.

    Raises:
        Refused: it does not want it.

    """
    while True:
        try:
            return await deed()
        except Unavailable as error:
            await asyncio.sleep(error.after_s or AGAIN_S)


async def _told(client: HostClient, surface: str, heard: Heard, does: Sequence[str]) -> dict[str, Any]:
    key = f"{surface}:{heard.update_id}"
    match heard:
        case Said():
            return await client.say(_utterance(surface, heard), key=key, does=does)
        case Tapped():
            return await client.tap(
                surface,
                heard.address,
                heard.account,
                heard.ask_id,
                heard.option,
                receipt=heard.receipt,
                key=key,
                does=does,
            )
        case Edited():
            words = Utterance(
                surface=surface,
                address=heard.address,
                account=heard.account,
                text=heard.text,
                receipt=heard.receipt,
            )
            return await client.edit(words, key=key, does=does)
        case Deleted():
            gone = (heard.address, heard.account, heard.receipt)
            return await client.unsay(surface, *gone, key=key, does=does)
        case Reacted():
            where = (heard.address, heard.account, heard.receipt, heard.sign)
            return await client.mark(surface, *where, key=key, does=does)
        case PlaceChanged():
            change = {"closed": heard.closed, "moved_to": heard.moved_to}
            return await client.place(surface, heard.address, **change, key=key, does=does)


def _utterance(surface: str, said: Said) -> Utterance:
    return Utterance(
        surface=surface,
        address=said.address,
        account=said.account,
        text=said.text,
        author=said.author,
        reply_to=said.reply_to,
        private=said.private,
        to=said.to,
        receipt=said.receipt,
        title=said.title,
        topic=said.topic,
        called=said.called,
        files=said.files,
        forwarded=said.forwarded,
        thread=said.thread,
        around=said.around,
        aside=said.aside,
    )
