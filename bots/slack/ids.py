"""How Slack's ids are written on the line, and what its surface is handed. Pure.

    account  ``<team>:<user>``
    room     ``<channel>``, or the account of the person whose direct messages it is
    address  ``<room>``, or ``<room>/<ts of the thread's first message>``
    receipt  ``<address>/<ts>``

Rule: a direct message has its person's account as room, whatever channel Slack keeps it in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from bots.interface import Said

SURFACE: Final = "slack"
LONGEST_NUMBER: Final = 3  #: digits of an option


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """``app`` opens sockets; ``signing_secret`` proves what Slack brings by HTTP. None of them is ever shown."""

    bot: str = field(repr=False)
    app: str = field(default="", repr=False)
    signing_secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Met:
    """Somebody on the line whom words can go to."""

    name: str  #: with the circle, as it is understood after an at: ``dev/backend``
    note: str = ""  #: what they are doing, in one line


@dataclass(frozen=True, slots=True)
class Concern:
    """How words concern us before all of them is known."""

    heard: bool  #: they may be for us, of somebody who may say them
    first: bool = False  #: nobody was asked in their thread yet


class Sight(Protocol):
    """What of the line its modals and its home show, and where hearing goes on."""

    async def concern(self, said: Said) -> Concern:
        """Whether anything is to be asked for that stands around these words, such as their files."""
        ...

    async def peers(self, account: str) -> Sequence[Met]:
        """Whom that person meets in their direct messages; nobody for one who may not talk."""
        ...

    async def glance(self, account: str) -> str:
        """Everything at a glance, as Markdown; "" for one who may not talk."""
        ...

    async def known(self) -> Mapping[str, str]:
        """Every conversation by its address, with the newest update kept of it; "" where there was none."""
        ...


class Web(Protocol):
    """The Web API as hearing needs it: paced and judged by whoever makes the requests."""

    async def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one request. None of ``parameters`` is sent if it is None.

        Raises:
            NotNow, NotEver, Unsure: as in ``bots.interface``.

        """
        ...

    async def open_socket(self) -> str:
        """Return the URL of a new socket, asked for with the app's own token. Raises as ``call``."""
        ...

    async def channel_of(self, room: str) -> str:
        """Return the channel of a room; a direct message is opened once and remembered. Raises as ``call``."""
        ...

    async def fetch(self, url: str, largest: int) -> bytes:
        """Return a file's content. Raises as ``call``; ``NotEver`` too if it is larger."""
        ...


def account_of(team: str, user: str) -> str:
    return f"{team}:{user}"


def team_and_user(account: str) -> tuple[str, str]:
    team, _, user = account.partition(":")
    return team, user


def address_of(room: str, thread: str = "") -> str:
    return f"{room}/{thread}" if thread else room


def room_of(address: str) -> str:
    """The channel or person, without the thread."""
    return address.partition("/")[0]


def thread_of(address: str) -> str:
    """The ts of the thread's first message; "" at top level."""
    return address.partition("/")[2].partition("/")[0]


def is_direct(address: str) -> bool:
    return ":" in room_of(address)


def receipt_of(address: str, ts: str) -> str:
    return f"{address}/{ts}"


def ts_in(receipt: str) -> str:
    """The ts of the message itself; "" if that is no receipt."""
    room, slash, rest = receipt.partition("/")
    return rest.rpartition("/")[2] if room and slash else ""


def thread_in(receipt: str) -> str:
    """The thread a receipt's message stands in; "" at top level."""
    parts = receipt.split("/")
    return parts[1] if len(parts) == 3 else ""  # noqa: PLR2004


def tap_value(ask_id: str, option: int) -> str:
    """Return what stands behind a key, or an entry of a menu, that chooses this option."""
    return f"t:{ask_id}:{option}"


def tap_in(value: str) -> tuple[str, int] | None:
    """Read it back: the ask and the option, from 0; None for any other value."""
    ask_id, _, option = value.removeprefix("t:").rpartition(":")
    is_ours = value.startswith("t:") and ask_id and option.isascii() and option.isdecimal()
    return (ask_id, int(option)) if is_ours and len(option) <= LONGEST_NUMBER else None


def reply_value(ask_id: str) -> str:
    """Return what stands behind the key that opens a modal for words of one's own."""
    return f"w:{ask_id}"


def reply_in(value: str) -> str:
    """Read it back: the ask; "" for any other value."""
    return value[2:] if value.startswith("w:") else ""
