"""Who is behind one request, and how what they took comes to count as read.

A shim says so itself, call by call, once an answer that has ``RECEIPT`` in its ``_meta`` is out of its hands
(``McpDoor.receipts``). Without a shim the only evidence is that the same peer calls again: it then has what
we wrote before, provided that we wrote it whole. So a call is kept here only after the last byte of its answer
went out without an error, and confirmed by name: ``others=True`` would also confirm the call whose answer broke
off. What is lost with a restart, or with a confirmation that fails, is given again: better twice than never.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from daemon.client.interface import PeerClient
from daemon.core.errors import PeerlineError
from daemon.core.model import Road
from mcp_server.listed import Listed, Tools
from mcp_server.profiles import Profile

SCOPE: Final = "peerline.caller"  #: where the ASGI scope has the caller of its request
RECEIPT: Final = "peerline/receipt"  #: in the ``_meta`` of an answer: the shim is to say that it wrote it


class Unconfirmed:
    """Calls of peers without a shim whose answers were written whole and not yet followed by another call."""

    def __init__(self) -> None:
        self._calls: dict[str, list[str]] = {}

    def add(self, peer_id: str, call_id: str) -> None:
        self._calls.setdefault(peer_id, []).append(call_id)

    async def confirm(self, client: PeerClient) -> None:
        """The client calls again, so it has what it took before."""
        if self._calls:
            with suppress(PeerlineError):
                me = await client.whoami()
                for call_id in self._calls.pop(me["peer_id"], ()):
                    await client.confirm(call_id)


@dataclass(frozen=True, slots=True)
class Caller:
    """Of one request.

    Args:
        run: the shim's, None without one.
        served: whether hooks bring this client its messages; None: that is not known yet.

    """

    client: PeerClient
    run: str | None
    every_s: float
    unconfirmed: Unconfirmed
    profile: Profile
    served: bool | None = False
    listed: Listed = field(default_factory=Listed)
    stale: bool = False  #: it is to be told that its list is another
    took: list[tuple[str, str]] = field(default_factory=list)  #: (peer id, call id), of calls without a shim

    def call_id(self, request_id: object) -> str:
        """Equal for a call that its shim repeats; without a shim nobody repeats."""
        return f"{self.run}:{request_id}" if self.run else f"http-{secrets.token_hex(8)}"

    async def begin(self) -> None:
        if self.run is None:
            await self.unconfirmed.confirm(self.client)

    async def took_with(self, call_id: str) -> None:
        """Messages went into the answer of this call; whether it arrives is not known yet."""
        if self.run is None:
            with suppress(PeerlineError):
                self.took.append(((await self.client.whoami())["peer_id"], call_id))

    async def shows(self) -> tuple[str, Tools]:
        """By what its list is remembered, and what it is shown now; one who is nobody yet, what all are."""
        with suppress(PeerlineError):
            me = await self.client.whoami()
            return self.run or me["peer_id"], self.profile.listed(
                me["role"], me["backend"], spawns=bool(me.get("may_spawn"))
            )
        return self.run or "", self.profile.listed("", "")

    async def list(self) -> Tools:
        client, tools = await self.shows()
        self.listed.show(client, tools)
        return tools

    async def is_stale(self) -> bool:
        """Whether the list that it read is no longer the one it would be shown."""
        return bool(self.listed) and self.listed.is_other(*await self.shows())

    async def changed(self) -> None:
        """It is told by this very call that its list is another, and by no other call."""
        client, _ = await self.shows()
        self.listed.forget(client)

    async def unread(self) -> int:
        """How much waits for a client that nobody pushes anything to."""
        if self.served is not False:
            return 0
        with suppress(PeerlineError):
            me = await self.client.whoami()
            return int(me["unread"]) if me["reach"]["road"] == Road.POLL else 0
        return 0

    def written(self) -> None:
        """The answer went out to its last byte."""
        for peer_id, call_id in self.took:
            self.unconfirmed.add(peer_id, call_id)
