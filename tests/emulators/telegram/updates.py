"""The queue behind getUpdates: an offset confirms, one poller at a time, the newest poll wins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.emulators.pulse import Pulse
from tests.emulators.telegram import limits

Update = dict[str, Any]


class Updates:
    def __init__(self, pulse: Pulse, first_id: int = 500_001) -> None:
        self._pulse = pulse
        self._next_id = first_id
        self._newest_poll = 0
        self._closed = False
        self._wanted: frozenset[str] | None = None
        self._again: list[Update] = []
        self._upside_down = False
        self._handed = first_id - 1
        self.blind: list[int] = []  #: offsets that confirm what nobody was given
        self.pending: dict[int, Update] = {}
        self.confirmed: dict[int, Update] = {}

    def add(self, kind: str, body: dict[str, Any]) -> int | None:
        """Queue an update, or drop it as the server does when the bot has not asked for that kind."""
        if not self._wants(kind):
            return None
        update_id, self._next_id = self._next_id, self._next_id + 1
        self.pending[update_id] = {"update_id": update_id, kind: body}
        self._pulse.beat()
        return update_id

    def allow(self, kinds: Sequence[str] | None) -> None:
        """Remember which kinds the bot wants; None leaves the setting as it was."""
        if kinds is not None:
            self._wanted = frozenset(kinds) or None

    def redeliver(self, update_id: int | None = None) -> None:
        """Hand an update out once more although it was confirmed; the last one confirmed unless named."""
        if not self.confirmed:
            return
        self._again.append(self.confirmed[max(self.confirmed) if update_id is None else update_id])
        self._pulse.beat()

    def reorder(self) -> None:
        """Hand out what waits with the last of it first, once."""
        self._upside_down = True

    def drop_pending(self) -> None:
        self.confirmed |= self.pending
        self.pending.clear()

    def close(self) -> None:
        self._closed = True
        self._pulse.beat()

    async def poll(self, offset: int, limit: int, seconds: float) -> list[Update]:
        """Return what waits, after at most `seconds`.

        Raises:
            Refusal: 409, since a younger poll took over.
        """
        mine = self._newest_poll = self._newest_poll + 1
        self._pulse.beat()
        self._confirm(offset)
        try:
            await self._pulse.until(
                lambda: self._newest_poll != mine or self._closed or self._waiting, seconds
            )
        except TimeoutError:
            return []
        if self._newest_poll != mine:
            raise limits.conflict()
        return self._taken(limit)

    @property
    def _waiting(self) -> bool:
        return bool(self._again or self.pending)

    def _taken(self, limit: int) -> list[Update]:
        again, self._again = self._again, []
        taken = [*again, *self.pending.values()][:limit]
        self._handed = max([self._handed, *(update["update_id"] for update in taken)])
        upside_down, self._upside_down = self._upside_down, False
        return taken[::-1] if upside_down else taken

    def confirm(self, update_id: int) -> None:
        """A pushed one was taken."""
        if update_id in self.pending:
            self.confirmed[update_id] = self.pending.pop(update_id)
            self._pulse.beat()

    def _confirm(self, offset: int) -> None:
        if offset < 0:
            offset = (sorted(self.pending)[offset:] or [0])[0]
        if offset > self._handed + 1:
            self.blind.append(offset)
        for update_id in [known for known in self.pending if known < offset]:
            self.confirmed[update_id] = self.pending.pop(update_id)

    def _wants(self, kind: str) -> bool:
        return kind in self._wanted if self._wanted else kind not in limits.UNASKED_UPDATES
