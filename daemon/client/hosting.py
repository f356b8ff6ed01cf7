"""What a surface needs beside ``PeerClient``: people's words in, parcels out, each settled by whoever was given it.

It has a file of its own because parcels bring all nouns of the core with them, and most commands need none.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol
from urllib.parse import quote

from daemon.client.interface import Json, PeerClient
from daemon.client.peer import Client
from daemon.core.model import File, Parcel
from daemon.wire import routes
from daemon.wire.codec import decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """What a person said on a surface; ``account`` is the surface's own id of the person."""

    surface: str
    address: str
    account: str
    text: str
    author: str = ""
    reply_to: str = ""
    private: bool = True
    to: str | None = None
    receipt: str = ""  #: of this very message
    title: str = ""  #: of the group
    topic: str = ""  #: of the topic in it
    called: bool = False  #: the platform says that we are meant
    files: tuple[File, ...] = ()
    forwarded: str = ""  #: whose words these are, if they were passed on
    thread: str = ""  #: address of the thread it stands in, or begins if it is for us
    around: str = ""  #: what was said in that thread before
    aside: bool = False  #: what the line says to it is for its speaker's eyes alone


class HostClient(PeerClient, Protocol):
    async def join(self, surface: str, address: str, *, shared: bool = False) -> Json:
        """Open a conversation on a surface; returns its peer."""
        ...

    async def leave(self, peer_id: str) -> Json: ...
    async def beat(self, surface: str, trouble: str = "") -> Json: ...
    async def keep_updates(self, surface: str, updates: Sequence[Json]) -> list[str]:
        """Have on disk what the platform told; returns the ids of those that are new, in order."""
        ...

    async def open_updates(self, surface: str) -> list[Json]:
        """What is kept and not done, oldest first."""
        ...

    async def finish_updates(self, surface: str, update_ids: Sequence[str]) -> None:
        """They have no effect; others are done by naming them in ``does``, with the effect."""
        ...

    async def edit(self, words: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        """What is said as ``receipt`` was changed to these words."""
        ...

    async def unsay(
        self, surface: str, address: str, account: str, receipt: str, *, key: str, does: Sequence[str] = ()
    ) -> Json:
        """What was said as ``receipt`` was taken away by who said it."""
        ...

    async def mark(
        self,
        surface: str,
        address: str,
        account: str,
        receipt: str,
        sign: str,
        *,
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        """Somebody put a sign on what they were shown."""
        ...

    async def place(
        self,
        surface: str,
        address: str,
        *,
        closed: str = "",
        moved_to: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        """We were shut out of a chat (``closed`` says how), or let in, or it has another id."""
        ...

    async def say(self, said: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        """``{"understood", "ask_id"}``; what the person is to see of it comes as parcels.

        With ``errand_id`` something is looked up: what is found comes in an envelope that correlates with it.
        """
        ...

    async def tap(  # noqa: PLR0913 -- where, who, what, and what is done with it
        self,
        surface: str,
        address: str,
        account: str,
        ask_id: str,
        option: int,
        *,
        receipt: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json: ...
    def parcels(self, surface: str, peer_id: str | None = None) -> AsyncIterator[Parcel]:
        """Yield what is to be shown, one lease at a time in each conversation, for as long as we live.

        All conversations of ``surface`` that we host, or the one. Reconnects.
        """
        ...

    async def ack(self, parcel: Parcel, *, receipt: str = "") -> None:
        """It is before the person; ``receipt`` is the surface's own id for it."""
        ...

    async def part(self, parcel: Parcel, receipt: str) -> None:
        """A part of it is before the person, as ``receipt``; the rest comes again when its turn comes."""
        ...

    async def nak(
        self, parcel: Parcel, reason: str, *, after_s: float | None = None, quiet: bool = False
    ) -> None:
        """Not now, but after so long. ``quiet``: nothing at all is to be sent there before."""
        ...

    async def hold(self, parcel: Parcel, reason: str, *, for_s: float | None = None) -> None: ...
    async def reject(self, parcel: Parcel, reason: str) -> None: ...
    async def doubt(self, parcel: Parcel, reason: str) -> None:
        """It may have arrived and nobody can say: it comes again by itself, marked."""
        ...

    async def extend(self, parcel: Parcel, ttl_s: float) -> None:
        """We are about to send it: from here on a crash leaves doubt."""
        ...


class HostingClient(Client):
    """A ``HostClient``."""

    async def join(self, surface: str, address: str, *, shared: bool = False) -> Json:
        body = {"surface": surface, "address": address, "shared": shared}
        return await self._post(routes.CONVERSATIONS, body, None)

    async def leave(self, peer_id: str) -> Json:
        return await self._send("DELETE", routes.CONVERSATION.format(id=quote(peer_id, safe="")), None)

    async def beat(self, surface: str, trouble: str = "") -> Json:
        return await self._post(routes.BEATS, {"surface": surface, "trouble": trouble}, None)

    async def keep_updates(self, surface: str, updates: Sequence[Json]) -> list[str]:
        told = await self._post(routes.UPDATES, {"surface": surface, "updates": list(updates)}, None)
        fresh: list[str] = told["fresh"]
        return fresh

    async def open_updates(self, surface: str) -> list[Json]:
        told = await self._get(routes.UPDATES, surface=surface)
        found: list[Json] = told["updates"]
        return found

    async def finish_updates(self, surface: str, update_ids: Sequence[str]) -> None:
        await self._post(routes.UPDATES_DONE, {"surface": surface, "update_ids": list(update_ids)}, None)

    async def edit(self, words: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        told = {"surface": words.surface, "address": words.address, "account": words.account}
        told |= {"receipt": words.receipt, "text": words.text}
        return await self._post(routes.EDITS, told | {"does": list(does)}, key)

    async def unsay(
        self, surface: str, address: str, account: str, receipt: str, *, key: str, does: Sequence[str] = ()
    ) -> Json:
        body = {"surface": surface, "address": address, "account": account, "receipt": receipt}
        return await self._post(routes.DELETIONS, body | {"does": list(does)}, key)

    async def mark(
        self,
        surface: str,
        address: str,
        account: str,
        receipt: str,
        sign: str,
        *,
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        body = {"surface": surface, "address": address, "account": account, "receipt": receipt, "sign": sign}
        return await self._post(routes.MARKS, body | {"does": list(does)}, key)

    async def place(
        self,
        surface: str,
        address: str,
        *,
        closed: str = "",
        moved_to: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        body = {"surface": surface, "address": address, "closed": closed, "moved_to": moved_to}
        return await self._post(routes.PLACES, body | {"does": list(does)}, key)

    async def say(self, said: Utterance, *, key: str, does: Sequence[str] = ()) -> Json:
        told = asdict(said) | {"files": [asdict(each) for each in said.files], "does": list(does)}
        return await self._post(routes.SAYS, told, key)

    async def tap(  # noqa: PLR0913 -- where, who, what, and what is done with it
        self,
        surface: str,
        address: str,
        account: str,
        ask_id: str,
        option: int,
        *,
        receipt: str = "",
        key: str,
        does: Sequence[str] = (),
    ) -> Json:
        body = {"surface": surface, "address": address, "account": account, "ask_id": ask_id}
        return await self._post(
            routes.TAPS, body | {"option": option, "receipt": receipt, "does": list(does)}, key
        )

    async def parcels(self, surface: str, peer_id: str | None = None) -> AsyncIterator[Parcel]:
        """Yield what is to be shown, without an end; reconnects by itself."""
        query = {"surface": surface} | ({"peer_id": peer_id} if peer_id else {})
        async for name, told in self._lasting(routes.PARCELS, query):
            if name == "parcel":
                yield decode(Parcel, told)

    async def ack(self, parcel: Parcel, *, receipt: str = "") -> None:
        await self._settle(parcel, "ack", {"receipt": receipt})

    async def part(self, parcel: Parcel, receipt: str) -> None:
        await self._settle(parcel, "part", {"receipt": receipt})

    async def nak(
        self, parcel: Parcel, reason: str, *, after_s: float | None = None, quiet: bool = False
    ) -> None:
        await self._settle(parcel, "nak", {"reason": reason, "after_s": after_s, "quiet": quiet})

    async def hold(self, parcel: Parcel, reason: str, *, for_s: float | None = None) -> None:
        await self._settle(parcel, "hold", {"reason": reason, "for_s": for_s})

    async def reject(self, parcel: Parcel, reason: str) -> None:
        await self._settle(parcel, "reject", {"reason": reason})

    async def doubt(self, parcel: Parcel, reason: str) -> None:
        await self._settle(parcel, "doubt", {"reason": reason})

    async def extend(self, parcel: Parcel, ttl_s: float) -> None:
        await self._settle(parcel, "extend", {"ttl_s": ttl_s})

    async def _settle(self, parcel: Parcel, verb: str, body: Json) -> None:
        path = routes.DELIVERY.format(id=parcel.delivery.delivery_id, verb=verb)
        await self._exchange.request("POST", path, body=body | {"holder": parcel.delivery.holder})
