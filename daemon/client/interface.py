"""Everything a peer can do.

Bots, the MCP server, the scheduler and the command line have this and nothing else. It is written once, in
``client.peer``, over an ``Exchange``: one request, one answer. There are two exchanges: ``http`` over the daemon's
socket and ``local`` inside its process; tests/contracts/test_client.py runs the same tests over both.

Answers are the JSON shapes of ``wire.shapes``. Every method raises what the daemon raised (``core.errors``), or
``DaemonUnreachable``. ``key`` is an idempotency key: the same key and body give the first result.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from daemon.client.reviewing import ReviewClient
from daemon.client.starts import StartClient
from daemon.client.times import TimeClient

Json = dict[str, Any]


class Exchange(Protocol):
    """One request and its answer, or a stream of server-sent events."""

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        key: str | None = None,
        wait_s: float = 0,
    ) -> Any:
        """Return the decoded JSON of a 2xx answer; raise the error of any other.

        ``wait_s`` is how long the daemon may take beyond the usual bound, for questions that wait.
        """
        ...

    def stream(self, path: str, query: Mapping[str, str]) -> AsyncIterator[tuple[str, Any]]:
        """Yield (event name, decoded data) until the connection ends; never reconnects by itself."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What ``ask`` takes."""

    to: Sequence[str]
    text: str
    circle: str | None = None
    options: Sequence[str] = ()
    need: str = "all"
    deadline_s: float | None = None
    reply_to: str | None = None
    urgency: str = "normal"


class PeerClient(TimeClient, ReviewClient, StartClient, Protocol):
    async def whoami(self) -> Json: ...
    async def peers(
        self,
        *,
        circle: str | None = None,
        scope: str | None = None,
        show_offline: bool = False,
        include_self: bool = False,
        orphans: bool = False,
    ) -> Json:
        """``{"peers": [...]}``; ``circle="*"`` is the whole mesh; ``orphans``: tell of each whether it is one."""
        ...

    async def peer(self, name: str, *, circle: str | None = None) -> Json: ...
    async def describe(self, peer: str, description: str) -> Json: ...
    async def rename(self, peer: str, name: str) -> Json: ...
    async def move(self, peer: str, circle: str) -> Json: ...
    async def forget(self, peer: str) -> Json: ...
    async def kill(self, peer: str) -> Json:
        """``{"pid", "ended", "evidence", …}``: the peer's agent was told to end, on proof that it is the one."""
        ...

    async def claim_role(self, peer: str, role: str, *, force: bool = False, key: str | None = None) -> Json:
        """``role``: ``orchestrator`` or ``agent``; ``force``: also from one that is offline or silent."""
        ...

    async def choose_persona(self, peer: str, name: str | None, *, key: str | None = None) -> Json:
        """None: none any more."""
        ...

    async def overview(self, circle: str | None = None) -> Json:
        """Who coordinates, who does what, what is open and what is stuck; ``text``: in few words."""

    async def restart(self, peer: str, *, now: bool = False, key: str | None = None) -> Json:
        """``{"peer_id", "spawn_id", "state", …}``: its agent is to end, and to go on with its conversation.

        ``now``: a turn under way may be broken off.
        """
        ...

    async def down(self) -> Json:
        """``{"killed": [...]}``, as of ``kill``: every agent that was started from here, and the daemon, were ended."""
        ...

    async def started(self) -> Json:
        """``{"peers": ["circle/name", …]}``: whoever was started from here, and is there or on the way."""
        ...

    async def adopt(
        self, tmux: str, pane: str, *, name: str | None = None, circle: str | None = None
    ) -> Json:
        """The peer whose agent runs in that pane of the tmux server at that socket."""
        ...

    async def lock(self) -> Json: ...
    async def unlock(self) -> Json: ...
    async def freeze(self, circle: str) -> Json: ...
    async def thaw(self, circle: str) -> Json: ...
    async def roads(self) -> Json:
        """Every road into every agent, tried now."""
        ...

    async def ask(self, question: Question, *, key: str | None = None) -> Json:
        """Return the ask object at once; the answer comes as a message, or by ``asked``."""
        ...

    async def asked(self, ask_id: str, *, wait_s: float = 0) -> Json:
        """The ask object, after at most ``wait_s`` seconds or as soon as it has ended."""
        ...

    async def asks(self, whose: str = "mine") -> Json:
        """``{"asks": [...]}``, the open ones: ``mine``, ``to-me`` or ``all``."""
        ...

    async def answer(
        self,
        ask_id: str,
        text: str = "",
        *,
        option: str | None = None,
        decline: bool = False,
        key: str | None = None,
    ) -> Json: ...
    async def cancel(self, ask_id: str, *, key: str | None = None) -> Json: ...
    async def notify(
        self,
        peer: str,
        text: str,
        *,
        circle: str | None = None,
        urgency: str = "normal",
        key: str | None = None,
    ) -> Json: ...
    async def broadcast(self, text: str, *, circle: str | None = None, key: str | None = None) -> Json: ...
    async def messages(self, *, limit: int = 50) -> Json:
        """``{"messages": [...]}``: what is unread, without taking it."""
        ...

    async def history(self, *, limit: int = 20) -> Json:
        """``{"messages": [...]}``: what was sent and had last, oldest first, each with its ``direction``."""
        ...

    async def collect(self, call: str, *, limit: int = 20, ask_id: str | None = None) -> Json:
        """Take what is unread (with ``ask_id``: only its answers) under the name ``call``; repeatable.

        It counts as handed until ``confirm(call)``.
        """
        ...

    async def confirm(self, call: str, *, others: bool = False) -> Json: ...
    async def why(self, message_id: str) -> Json: ...
    def feed(self, after: int = 0) -> AsyncIterator[Json]: ...
    async def status(self) -> Json: ...
    async def stop(self) -> Json: ...

    async def people(self, surface: str) -> Json: ...
    async def invite(self, surface: str) -> Json:
        """``{"code", "expires_at"}``: show it at the machine."""
        ...

    async def remove_person(self, surface: str, account: str) -> Json: ...
    async def close(self) -> None: ...
