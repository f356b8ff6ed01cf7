"""Cards on Slack: posted, changed and marked; what may be there already is looked for first.

What belongs to a person's words stands in their thread. A long card is several messages, shown one by one; the caller
knows how far that is. Only posts are counted by channel; everything else is paced by its method (``api``).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

from bots import enclosed
from bots.cards import doubt_of
from bots.interface import Card, NotEver, NotNow, Shown, Unsure
from bots.pacing import Pace
from bots.pages import Part, without_file
from bots.slack import blocks, finding
from bots.slack.finding import Spot
from bots.slack.ids import (
    address_of,
    is_direct,
    receipt_of,
    room_of,
    team_and_user,
    thread_in,
    thread_of,
    ts_in,
)
from bots.slack.markup import Message
from bots.slack.verdicts import Lacking, Refused
from bots.turnstile import AGAIN_S, Turnstile, patiently

LARGEST_FILE: Final = 50 * 1024 * 1024  #: bytes, which are read at once
SIGNS: Final = {"seen": "eyes", "answered": "+1", "declined": "-1"}
SHARED_S: Final = (0.0, 0.3, 0.7)  #: when to ask where a file is shown, which Slack does not say at once
BLOCKS_REFUSED: Final = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})
THREAD_GONE: Final = frozenset({"thread_not_found", "invalid_thread_ts", "cannot_reply_to_message"})
DONE_ALREADY: Final = frozenset({
    "message_not_found", "cant_update_message", "edit_window_closed", "is_inactive", "already_reacted", "no_reaction",
})  # fmt: skip
Told = Mapping[str, Any]
log = logging.getLogger(__name__)


class Asks(Protocol):
    """What of the Web API is needed for it."""

    async def call(self, method: str, **parameters: Any) -> Told: ...
    async def look_for(self, method: str, **parameters: Any) -> Told: ...
    async def channel_of(self, room: str) -> str: ...
    async def upload(self, url: str, content: bytes) -> None: ...


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a card is shown, as the line and as Slack calls it."""

    room: str
    spot: Spot

    def receipt(self, ts: str) -> str:
        return receipt_of(address_of(self.room, self.spot.thread), ts)

    def at_top(self) -> _Place:
        return replace(self, spot=Spot(self.spot.channel))


class Screen:
    def __init__(self, api: Asks, pace: Pace, clock: Callable[[], float]) -> None:
        self._api = api
        self._turnstile = Turnstile("Slack", pace, clock, "this channel")
        self._user = ""

    async def ready(self, address: str, *, edits: bool = False) -> None:
        """Return when one message may be posted at once; it is counted as posted."""
        if not edits:
            await self._turnstile.ready(room_of(address))

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        """Post the card, or its next part. Its files come first, so that what holds the buttons can be found again."""
        with patiently():
            place = await self._place(address, card)
            if card.alone and not is_direct(address):
                return await self._whisper(place, card, begun)
            return await self._shown(place, card, begun)

    async def _shown(self, place: _Place, card: Card, begun: tuple[str, ...]) -> Shown:
        kept = await asyncio.to_thread(enclosed.content, card.attachment, LARGEST_FILE)
        parts = await asyncio.to_thread(blocks.parts_of, replace(card, doubts=0), sent=kept is not None)
        last = len(parts) - 1
        at = min(len(begun), last)
        file = enclosed.file_of(parts[at].carries, card, kept)
        if file is None:
            return Shown(await self._post(place, parts[at], card, begun, holds=at == last), more=at < last)
        try:
            return Shown(await self._bring(place, file, card, begun), more=True)
        except Lacking:
            if card.attachment is None:
                raise
        return await self._shown(place, without_file(card), begun)

    async def change(self, receipt: str, card: Card) -> None:
        """Edit what was shown. An edit made twice is one edit, so one in doubt is made again."""
        ts, channel = ts_in(receipt), await self._api.channel_of(room_of(receipt))
        page = await asyncio.to_thread(blocks.last_page, replace(card, doubts=0))

        async def edit(content: blocks.Content) -> None:
            await self._api.call("chat.update", channel=channel, ts=ts, parse="none", **content)

        try:
            await _drawn(edit, page, card)
        except Unsure as unsure:
            raise NotNow(str(unsure), AGAIN_S) from None
        except Refused as refused:
            if refused.word not in DONE_ALREADY:
                raise

    async def mark(self, receipt: str, sign: str) -> None:
        """React to what a person said, in place of what is there; where that is not allowed, nothing is lost."""
        ts, wanted = ts_in(receipt), SIGNS.get(sign, "")
        try:
            channel = await self._api.channel_of(room_of(receipt))
            if wanted:
                await self._reacted("reactions.add", channel, ts, wanted)
            if wanted != SIGNS["seen"]:
                await self._reacted("reactions.remove", channel, ts, SIGNS["seen"])
        except (NotEver, Lacking) as never:
            log.debug("no reaction: %s", never)
        except Unsure as unsure:
            raise NotNow(str(unsure), AGAIN_S) from None

    async def _place(self, address: str, card: Card) -> _Place:
        room, thread = room_of(address), thread_of(address)
        near = card.reply_to or card.asked_as
        if not thread and room_of(near) == room:
            thread = thread_in(near) or ("" if is_direct(address) else ts_in(near))
        return _Place(room, Spot(await self._api.channel_of(room), thread))

    async def _post(
        self, place: _Place, part: Part[Message], card: Card, begun: tuple[str, ...], *, holds: bool
    ) -> str:
        key, mark = f"{card.key}/{len(begun)}", ""
        if card.doubts and card.key:
            mark, ts = await self._looked(place, card, begun, finding.posted_as(key))
            if ts:
                return place.receipt(ts)
        elif card.doubts:
            mark = doubt_of(card)
        metadata = blocks.metadata(key) if card.key else None

        async def post(content: blocks.Content, spot: Spot) -> str:
            told = await self._api.call(
                "chat.postMessage",
                channel=spot.channel,
                thread_ts=spot.thread or None,
                metadata=metadata,
                unfurl_links=False,
                unfurl_media=False,
                **content,
            )
            return _ts(told.get("ts"))

        page = blocks.marked(part.message, mark)
        with self._turnstile.spared(place.room):
            return await _threaded(post, place, page, card if holds else None)

    async def _whisper(self, place: _Place, card: Card, begun: tuple[str, ...]) -> Shown:
        """Show it to one person alone: nobody can look for that, so what is in doubt is marked."""
        parts = await asyncio.to_thread(blocks.parts_of, replace(blocks.aside(card), doubts=0), sent=False)
        last = len(parts) - 1
        at = min(len(begun), last)
        user = team_and_user(card.alone)[1]

        async def post(content: blocks.Content, spot: Spot) -> str:
            told = await self._api.call(
                "chat.postEphemeral",
                channel=spot.channel,
                user=user,
                thread_ts=spot.thread or None,
                **content,
            )
            return _ts(told.get("message_ts"))

        page = blocks.marked(parts[at].message, doubt_of(card))
        with self._turnstile.spared(place.room):
            receipt = await _threaded(post, place, page, card if at == last else None)
        return Shown(receipt, more=at < last)

    async def _looked(
        self, place: _Place, card: Card, begun: tuple[str, ...], fits: finding.Fits
    ) -> tuple[str, str]:
        """The mark it needs, and the ts where it stands already. Where nobody can look, it is marked."""
        before = ts_in(begun[-1]) if begun else ""
        earliest = finding.since(card.made_at, before if "." in before else "")
        try:
            return "", await finding.found(self._api, place.spot, earliest, fits)
        except (NotEver, Lacking) as never:
            if isinstance(never, Refused) and never.word in THREAD_GONE:
                return "", await finding.found(self._api, place.at_top().spot, earliest, fits)
            log.debug("what is in doubt cannot be looked for: %s", never)
        return doubt_of(card), ""

    async def _bring(self, place: _Place, file: tuple[bytes, str], card: Card, begun: tuple[str, ...]) -> str:
        """Upload a file and have it shown; only that last step can be in doubt."""
        content, name = file
        if card.doubts:
            fits = finding.brought(name, len(content), await self._me())
            _, ts = await self._looked(place, card, begun, fits)
            if ts:
                return place.receipt(ts)
        told = await self._api.look_for("files.getUploadURLExternal", filename=name, length=len(content))
        await self._api.upload(str(told.get("upload_url")), content)
        file_id = str(told.get("file_id"))
        with self._turnstile.spared(place.room):
            await self._api.call(
                "files.completeUploadExternal",
                files=[{"id": file_id, "title": name}],
                channel_id=place.spot.channel,
                thread_ts=place.spot.thread or None,
            )
        return place.receipt(await self._shown_at(file_id, place.spot.channel) or file_id)

    async def _shown_at(self, file_id: str, channel: str) -> str:
        """The ts of the message that shows a file; "" if Slack does not say so soon."""
        for pause in SHARED_S:
            await asyncio.sleep(pause)
            try:
                told = await self._api.look_for("files.info", file=file_id)
            except (NotNow, NotEver) as failure:
                log.debug("where a file is shown is not known: %s", failure)
                return ""
            if ts := finding.shown_in(told, channel):
                return ts
        return ""

    async def _me(self) -> str:
        if not self._user:
            self._user = str((await self._api.look_for("auth.test")).get("user_id", ""))
        return self._user

    async def _reacted(self, method: str, channel: str, ts: str, name: str) -> None:
        try:
            await self._api.call(method, channel=channel, timestamp=ts, name=name)
        except Refused as refused:
            if refused.word not in DONE_ALREADY:
                raise


async def _threaded(post: Any, place: _Place, page: Message, card: Card | None) -> str:
    """In its thread; if somebody deleted that, into the channel."""
    try:
        return place.receipt(await _drawn(lambda content: post(content, place.spot), page, card))
    except Refused as refused:
        if not place.spot.thread or refused.word not in THREAD_GONE:
            raise
    top = place.at_top()
    return top.receipt(await _drawn(lambda content: post(content, top.spot), page, card))


async def _drawn(send: Callable[[blocks.Content], Any], page: Message, card: Card | None) -> Any:
    """As Markdown; if Slack refuses how it is formatted, as plain words."""
    try:
        return await send(blocks.content(page, card))
    except Refused as refused:
        if refused.word not in BLOCKS_REFUSED:
            raise
        log.warning("Slack refused how a message is formatted, so it goes plain: %s", refused)
    return await send(blocks.plainly(page, card))


def _ts(told: object) -> str:
    if not isinstance(told, str) or not told:
        raise Unsure("Slack's answer makes no sense")
    return told
