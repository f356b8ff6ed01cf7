"""One conversation on a terminal, as a chat surface like any other.

The rule: ids are made of the run and a counter, so that no two runs ever speak of the same update or card.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from itertools import count
from typing import Final

from bots.cards import marked
from bots.console.api import Status, Terminal
from bots.console.translate import Board, Spoken, decided, placed, pressed, reply_label, towards
from bots.interface import Card, Choice, Heard, NotEver, NotNow, Said, Shown, Tapped

BEAT_S: Final = 30.0
GONE_S: Final = 5.0


class ConsoleSurface:
    """A ``ChatSurface`` with one conversation.

    ``account`` is whose words they are, ``address`` where: the daemon says both when the conversation is
    joined, and gives a vacant one's address again.
    """

    def __init__(
        self, name: str, run: str, terminal: Terminal, *, account: str, to: str | None = None
    ) -> None:
        self.name = name
        self.account = account
        self.address = run
        self._run = run
        self._terminal = terminal
        self._board = Board(to=to)
        self._ids = count(1)
        self._tell()

    async def heard(self) -> AsyncIterator[Heard]:
        async for key in self._terminal.keys():
            self._board, meant = pressed(self._board, key)
            self._tell()
            if meant is not None:
                yield self._heard(meant)

    async def pulses(self) -> AsyncIterator[str]:
        """A terminal is there as long as its program is."""
        while True:
            yield ""
            await asyncio.sleep(BEAT_S)

    async def ready(self, address: str, *, edits: bool = False) -> None:
        """A terminal always is."""

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:  # noqa: ARG002  there is one only, and no parts
        try:
            await self._terminal.show(marked(card))
        except OSError as gone:
            raise NotNow("nobody reads this terminal any more", GONE_S) from gone
        receipt = self._new_id()
        self._board = placed(self._board, receipt, card)
        self._tell()
        return Shown(receipt)

    async def arrange(self, address: str, deed: str, title: str) -> Shown:  # noqa: ARG002
        raise NotEver("a terminal has no topics")

    async def mark(self, address: str, receipt: str, sign: str) -> None:
        """What was said here has scrolled away."""

    async def change(self, address: str, receipt: str, card: Card) -> None:  # noqa: ARG002
        try:
            await self._terminal.change(card)
        except OSError as gone:
            raise NotNow("nobody reads this terminal any more", GONE_S) from gone
        self._board = decided(self._board, receipt, card)
        self._tell()

    def _heard(self, meant: Spoken | Choice) -> Heard:
        if isinstance(meant, Choice):
            return Tapped(
                update_id=self._new_id(),
                address=self.address,
                account=self.account,
                ask_id=meant.ask_id,
                option=meant.option,
            )
        return Said(
            update_id=self._new_id(),
            address=self.address,
            account=self.account,
            text=meant.text,
            author=self.account,
            reply_to=meant.reply_to,
            to=meant.to,
        )

    def _new_id(self) -> str:
        return f"{self._run}:{next(self._ids)}"

    def _tell(self) -> None:
        self._terminal.tell(Status(towards=towards(self._board), replying=reply_label(self._board)))
