"""What a chat platform must be able to do. Implement this and you have a bot.

What a platform tells comes in raw, is kept, and is then understood: ``Said``, ``Tapped``, ``Edited`` and so on.
What people are to see goes out as cards.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from daemon.core.model import Attachment, File


class Failure(Exception):
    """A request to a platform did not succeed; what became of it is one of three (``Verdict``)."""

    after_s: float | None = None  #: how long the platform itself wants to be left alone, where it says so


class NotNow(Failure):
    """The platform surely did not take it, and may later. ``after_s``: its own wish, to be honoured in full.

    ``quiet``: the wish is about all that goes to this chat, and not about this message.
    """

    def __init__(self, reason: str, after_s: float | None = None, *, quiet: bool = False) -> None:
        super().__init__(reason)
        self.after_s = after_s
        self.quiet = quiet


class NotEver(Failure):
    """The platform will never take it: the chat is gone, we are blocked."""


class Unsure(Failure):
    """The request left and no answer came: it may be before the person, and nobody can say."""


Verdict = NotNow | NotEver | Unsure


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
    receipt: str = ""  #: of this very message
    title: str = ""  #: of the group
    topic: str = ""  #: of the topic in it
    called: bool = False  #: the platform says that we are meant: our name, or a reply to us
    files: tuple[File, ...] = ()
    forwarded: str = ""  #: whose words these are, if they were only passed on
    thread: str = (
        ""  #: address of the thread it stands in, or begins at top level if it is for us; "": there are none
    )
    around: str = ""  #: what was said in that thread before, by whomever: nobody's words to us
    aside: bool = False  #: what the line says to it is shown to its speaker alone


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapped:
    """Somebody chose an option of a card."""

    update_id: str
    address: str
    account: str
    ask_id: str
    option: int  #: 0-based
    receipt: str = ""  #: of the message that holds the card, where the platform tells


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """Somebody changed what they had said as ``receipt``."""

    update_id: str
    address: str
    account: str
    receipt: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """Somebody took away what they had said as ``receipt``."""

    update_id: str
    address: str
    account: str
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Somebody put a sign on what they were shown as ``receipt``."""

    update_id: str
    address: str  #: of the whole chat, if the platform does not say which topic
    account: str
    receipt: str
    sign: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceChanged:
    """We were shut out of a chat (``closed`` says how), or let in again, or it has another id."""

    update_id: str
    address: str
    closed: str = ""
    moved_to: str = ""


Heard = Said | Tapped | Edited | Deleted | Reacted | PlaceChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """What a platform told, as it came. Nothing of it is lost or done twice once it is kept."""

    update_id: str  #: the platform's own, and the bot's: the same one is the same thing
    lane: str  #: what is in one is worked off in order; lanes do not wait for each other
    body: str
    hurried: bool = False  #: it does not wait in its lane: a tap, a brake
    album: str = ""  #: what bears the same was sent as one
    said_at: str | None = None  #: by the platform's own clock: not later than this (RFC 3339)


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
    asked_as: str = ""  #: of an answer: what it answers, below which it belongs where there are threads
    attachment: Attachment | None = None
    pinned: bool = False  #: it stays at the top
    keyboard: tuple[str, ...] = ()  #: what may be typed next, as keys
    steers: bool = False  #: choosing from it says to whom words go
    doubts: int = 0  #: how often what is to be shown now may have been shown already
    key: str = ""  #: the same whenever it is shown again: by it a platform may find what it was given
    made_at: datetime | None = None  #: it cannot have been shown before
    alone: str = ""  #: the account of the one person whom it is for, if it is not for everybody there
    words_for: str = ""  #: the ask that may be answered in words of one's own


@dataclass(frozen=True, slots=True)
class Shown:
    """What is before the person now; with ``more`` it is a part of the card, and the rest is shown by the next call."""

    receipt: str
    more: bool = False


class ChatSurface(Protocol):
    @property
    def name(self) -> str:
        """``telegram``; also the backend of its peers."""
        ...

    def pulses(self) -> AsyncIterator[str]:
        """Yield "" for every proven round trip, or what is wrong, in words."""
        ...

    async def ready(self, address: str, *, edits: bool = False) -> None:
        """Return when one request may be made for that conversation at once; it is counted as made.

        ``edits``: what is there already is to be changed, which some platforms count apart.

        Raises:
            NotNow: after so long. What is to be shown then is decided then, as something else may be urgent.

        """
        ...

    async def show(self, address: str, card: Card, begun: tuple[str, ...] = ()) -> Shown:
        """Put it, or the next part of it, before the person; ``begun`` are the receipts of the parts before.

        Raises:
            NotNow: surely not shown; try again, perhaps after some time.
            NotEver: never.
            Unsure: perhaps shown.

        """
        ...

    async def arrange(self, address: str, deed: str, title: str) -> Shown:
        """Make, rename, close or reopen a topic (``daemon.core.topics``). Raises as ``show``.

        To make one, ``address`` is the chat; the receipt is the topic's own.
        """
        ...

    async def mark(self, address: str, receipt: str, sign: str) -> None:
        """Put ``seen``, ``answered``, ``declined`` or ``none`` on the person's own message. Raises as ``show``."""
        ...

    async def change(self, address: str, receipt: str, card: Card) -> None:
        """Show anew what was shown as ``receipt``. Raises as ``show``; repeating it is harmless."""
        ...


class Listening(Protocol):
    """The other half, of a surface that is not at this machine."""

    def arrivals(self) -> AsyncIterator[Sequence[Raw]]:
        """Yield what came. Asking for the next confirms the last to the platform."""
        ...

    async def understood(self, raws: Sequence[Raw]) -> Heard | None:
        """Return what it means, files and all, or None: it is nothing to us. Several are one album.

        This may take long; it is called again after a crash.
        """
        ...

    def moment(self, raw: Raw) -> float:
        """Return when it was said, in seconds since 1970: its place in its lane; 0.0: behind all that came before."""
        ...

    async def settled(self, lane: str) -> None:
        """Return when nothing older is still to come into this lane, or is not waited for any longer."""
        ...


class Hosted(ChatSurface, Listening, Protocol):
    """Both halves: what ``bridge.run`` carries."""
