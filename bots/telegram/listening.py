"""Hearing Telegram by long polls, or by what it brings, and fetching the files that people send.

What is heard is confirmed by the next poll, and that is made only when the next thing is asked for. Hearing heals by
itself: a poll that fails or stays out too long is followed by another, at most one a second.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, Protocol

from bots import fetching
from bots.health import resting
from bots.intake import LARGEST, Intake
from bots.interface import Failure, Heard, Raw, Said, Unsure
from bots.telegram.hearing import Me, heard_in, raw_of, spinner_of
from bots.telegram.sent import Sent, file_in
from bots.telegram.trouble import Contested, Hooked
from bots.telegram.webhook import Webhook
from daemon.core.model import File
from daemon.core.rules.words import WORDS

LOST_IN_A_ROW: Final = 2  #: one poll lost on the way is weather, two are trouble
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds. ``poll + grace`` is how long a dead connection stays unnoticed; the rest is rhythm."""

    poll: int = 8
    grace: float = 4.0
    least: float = 1.0
    most: float = 8.0
    pulse: float = 20.0
    contested: float = (
        12.0  #: so long after a poll was cut off by another's, polls that go well prove nothing
    )

    def pause(self, failures: int, wish: float | None) -> float:
        """Return the time from one failed poll's beginning to the next: ever longer, or as Telegram says."""
        return float(max(wish or 0, min(self.least * 2 ** min(failures - 1, 10), self.most)))


class Asked(Protocol):
    """What of the Bot API is needed for it."""

    async def account(self) -> dict[str, Any]: ...
    async def delete_webhook(self) -> None: ...
    async def fetch(self, file_id: str, largest: int) -> bytes: ...
    async def introduce(self, words: Sequence[tuple[str, str]]) -> None: ...
    async def renew(self) -> None: ...
    async def stop_spinner(self, query_id: str) -> None: ...
    async def updates(self, offset: int, wait_s: int) -> list[dict[str, Any]]: ...


class Ear:
    """Args: ``bot``: its account, which stands in its token; ``note``: is told what is wrong, or ""."""

    def __init__(
        self,
        api: Asked,
        bot: int,
        patience: Patience,
        note: Callable[[str], None],
        intake: Intake,
        clock: Callable[[], float],
        webhook: Webhook | None = None,
    ) -> None:
        self._api = api
        self._me = Me(bot)
        self._patience = patience
        self._note = note
        self._intake = intake
        self._clock = clock
        self._webhook = webhook
        self._contested_until = 0.0
        self._heard_once = self._has_menu = False

    async def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        """Yield what came, for ever."""
        offset, spinners = 0, list[str]()
        while True:
            batch = sorted(await self._next(offset, spinners), key=lambda update: update["update_id"])
            if raws := [raw for update in batch if (raw := raw_of(update, self._me.account))]:
                yield raws
            # Asked for the next, so these are on disk: they may be confirmed, and fingers told. After an empty poll
            # without an offset Telegram gives what it has, also when it has begun to count anew, as it may after a
            # week of silence.
            offset = max((update["update_id"] + 1 for update in batch), default=0)
            spinners = [query_id for update in batch if (query_id := spinner_of(update))]

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        """What it means, with its files; several are one album, whose words stand in one of them."""
        updates = [json.loads(raw.body) for raw in raws]
        me = await self._named() if any("callback_query" not in each for each in updates) else self._me
        heard = [heard_in(update, me) for update in updates]
        messages = [update.get("message") for update in updates]
        sent = [each for message in messages if isinstance(message, dict) and (each := file_in(message))]
        if not sent:
            return next((each for each in heard if each), None)
        return await self._with_files(updates, me, sent)

    async def _with_files(self, updates: Sequence[Any], me: Me, sent: Sequence[Sent]) -> Heard | None:
        unfetched = tuple(File(kind=each.kind, name=each.name, size=each.size) for each in sent)
        found = [each for update in updates if isinstance(each := heard_in(update, me, unfetched), Said)]
        if not found:
            return None
        files = tuple([await self._fetched(each) for each in sent])
        worded = next((each for each in found if each.text), found[0])
        # Its first piece gives the whole its id, so that it is the same whenever it is put together.
        return await fetching.brought(self._intake, replace(worded, update_id=found[0].update_id), files)

    async def _fetched(self, sent: Sent) -> File:
        file = File(kind=sent.kind, name=sent.name, size=sent.size)
        fetch = partial(self._api.fetch, sent.file_id, LARGEST)
        return await fetching.kept(self._intake, file, fetch, self._patience.pause)

    async def _named(self) -> Me:
        """Our name is needed where others talk; it is asked for once."""
        failures = 0
        while not self._me.name:
            try:
                self._me = replace(self._me, name=str((await self._api.account()).get("username", "")) or "?")
            except Failure as failure:
                failures += 1
                await asyncio.sleep(self._patience.pause(failures, failure.after_s))
        return self._me

    async def _introduced(self) -> None:
        """Tell Telegram what may be typed, for its menu; a menu of yesterday is no harm."""
        try:
            await self._api.introduce([(word.name, word.summary) for word in WORDS])
        except Failure as failure:
            log.debug("the menu was not taken: %s", failure)

    async def _next(self, offset: int, spinners: Sequence[str]) -> list[dict[str, Any]]:
        async with asyncio.TaskGroup() as calls:
            if self._heard_once and not self._has_menu:
                self._has_menu = True
                calls.create_task(self._introduced())
            poll = calls.create_task(self._webhook.next() if self._webhook else self._polled(offset))
            for query_id in spinners:
                calls.create_task(self._api.stop_spinner(query_id))
        return poll.result()

    async def _polled(self, offset: int) -> list[dict[str, Any]]:
        """Poll until an answer comes."""
        failures = 0
        while True:
            begun = self._clock()
            try:
                updates = await self._api.updates(offset, self._patience.poll)
            except Failure as failure:
                failures += 1
                await self._recover(failure, failures, begun)
            else:
                self._well()
                return updates

    def _well(self) -> None:
        """A poll went well. While another polls, too, each of us gets some through: that is no health."""
        self._heard_once = True
        if self._clock() >= self._contested_until:
            self._note("")

    async def _recover(self, failure: Failure, failures: int, begun: float) -> None:
        if isinstance(failure, Contested):
            self._contested_until = self._clock() + self._patience.contested
        if not isinstance(failure, Unsure) or failures >= LOST_IN_A_ROW:
            self._note(str(failure))
        if isinstance(failure, Unsure):
            await self._api.renew()
        # Counted from the beginning of the poll: one that hung long enough is followed at once.
        left = begun + self._patience.pause(failures, failure.after_s) - self._clock()
        await resting(self._note, str(failure), left, self._patience.pulse)
        if isinstance(failure, Hooked):
            await self._unhook()

    async def _unhook(self) -> None:
        """We are to poll: whoever set a webhook once does not need it now. What waits there is kept."""
        try:
            await self._api.delete_webhook()
        except Failure as failure:
            self._note(str(failure))
        await asyncio.sleep(self._patience.least)
