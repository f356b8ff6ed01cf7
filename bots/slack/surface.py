"""Slack as a chat surface: heard over sockets or by HTTP (``listening``), shown by posts and edits (``showing``).

Both halves share one way to the Web API (``api``), and so one count of what may be asked how often.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final, Self

from bots.health import Health
from bots.intake import Intake
from bots.interface import Card, Heard, NotEver, Raw, Shown
from bots.looking import Looked
from bots.pacing import Pace
from bots.slack.fetching import Fetching
from bots.slack.ids import SURFACE, Sight, Tokens, room_of
from bots.slack.listening import Ear, Way
from bots.slack.looking import looked
from bots.slack.proper import moment_of
from bots.slack.pushing import Hook
from bots.slack.showing import Screen

ROOT: Final = "https://slack.com/api/"
ALLOWED: Final = Pace(
    burst=1, per_second=5, per_minute=60
)  #: one post a second in a channel, 300 a minute in all
EVERY_S: Final = 20.0  #: how often it is told that nothing changed
NOTHING_TAKEN: Final = Intake()


class SlackSurface:
    """``async with SlackSurface(tokens) as surface``, or ``close()`` it in the end. ``http``: it is heard by that."""

    name: Final = SURFACE

    def __init__(  # noqa: PLR0913 -- all that both halves are made of
        self,
        tokens: Tokens,
        api_base: str = ROOT,
        *,
        sight: Sight,
        pace: Pace = ALLOWED,
        clock: Callable[[], float] = time.monotonic,
        intake: Intake = NOTHING_TAKEN,
        command: str = "/peerline",
        http: Hook | None = None,
    ) -> None:
        from bots.slack.api import Api

        self._api = Api(tokens, api_base, clock=clock, haste=ALLOWED.gap / pace.gap if pace.gap else None)
        self._clock = clock
        self._health = Health(EVERY_S, clock)
        fetching, way = Fetching(self._api, intake), Way(hook=http, command=command)
        self._ear = Ear(self._api, sight, self._health.note, fetching, clock, way)
        self._screen = Screen(self._api, pace, clock)
        self._looked = Looked()

    def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        return self._ear.arrivals()

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        return await self._ear.understood(raws)

    def moment(self, raw: Raw) -> float:
        return moment_of(raw.update_id)

    async def settled(self, lane: str) -> None:
        await self._ear.settled(lane)

    async def pulses(self) -> AsyncIterator[str]:
        """Yield "" for round trips, or what is wrong: at once when that changes, else now and then."""
        while True:
            yield await self._health.news()

    async def look(self) -> Looked:
        """Ask Slack who we are; the answer is good for a while."""
        self._looked = await looked(self._api, self._looked, self._clock, self._ear.sockets)
        return self._looked

    async def ready(self, address: str, *, edits: bool = False) -> None:
        """Return when one message may be posted at once; it is counted as posted."""
        await self._screen.ready(address, edits=edits)

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        """Post the card, or its next part."""
        return await self._screen.show(address, card, begun)

    async def arrange(self, address: str, deed: str, title: str) -> Shown:  # noqa: ARG002
        raise NotEver("a channel of Slack has no topics")

    async def mark(self, address: str, receipt: str, sign: str) -> None:
        """React to what the person said."""
        if room_of(receipt) == room_of(address):
            await self._screen.mark(receipt, sign)

    async def change(self, address: str, receipt: str, card: Card) -> None:
        """Edit what was shown."""
        if room_of(receipt) != room_of(address):
            raise NotEver(f'"{receipt}" was not shown there')
        await self._screen.change(receipt, card)

    async def close(self) -> None:
        await self._api.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()
