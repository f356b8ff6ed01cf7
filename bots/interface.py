"""What a chat platform must be able to do. Implement this and you have a bot.

What people did comes in as ``Said`` and ``Tapped``; what they are to see goes out as cards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from daemon.core.model import Attachment


class NotNow(Exception):
    """The platform surely did not take it, and may later. ``after_s``: its own wish, to be honoured in full."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class NotEver(Exception):
    """The platform will never take it: the chat is gone, we are blocked."""


class Unsure(Exception):
    """The request left and no answer came: it may be before the person, and nobody can say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Somebody said something. ``update_id`` is the platform's own: the same one is the same words."""

    update_id: str
    address: str
    account: str
    text: str
    author: str = ""
    reply_to: str = ""  #: receipt of the message replied to
    private: bool = True
    to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """Somebody chose an option of a card."""

    update_id: str
    address: str
    account: str
    ask_id: str
    option: int  #: 0-based
    receipt: str = ""  #: of the message that holds the card, where the platform tells


Heard = Said | Tapped


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a card, as a button or a key."""

    label: str
    ask_id: str
    option: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person is to see, before any platform's own form.

    ``who`` is the sender's name, ``headline`` how they are introduced; ``markdown`` the body as the agent wrote it;
    ``outcome`` stands in place of the choices once it is decided.
    """

    who: str
    headline: str
    markdown: str
    choices: tuple[Choice, ...] = ()
    outcome: str = ""
    silent: bool = False
    passing: bool = False  #: a mere receipt of the person's own words
    reply_to: str = ""
    attachment: Attachment | None = None
    pinned: bool = False  #: it stays at the top
    keyboard: tuple[str, ...] = ()  #: what may be typed next, as keys
    steers: bool = False  #: choosing from it says to whom words go


class ChatSurface(Protocol):
    @property
    def name(self) -> str:
        """``telegram``; also the backend of its peers."""
        ...

    def heard(self) -> AsyncIterator[Heard]:
        """Yield what people did. Asking for the next one confirms the previous one to the platform."""
        ...

    def pulses(self) -> AsyncIterator[str]:
        """Yield "" for every proven round trip, or what is wrong, in words."""
        ...

    async def show(self, address: str, card: Card) -> str:
        """Put it before the person; return the platform's id for it.

        Raises:
            NotNow: surely not shown; try again, perhaps after some time.
            NotEver: never.
            Unsure: perhaps shown.

        """
        ...

    async def change(self, address: str, receipt: str, card: Card) -> None:
        """Show anew what was shown as ``receipt``. Raises as ``show``; repeating it is harmless."""
        ...
