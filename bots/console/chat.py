"""``peerline chat``: one conversation, from joining to leaving.

The rule: what was asked through pipes is waited for, but never longer than the linger; a person at a prompt
leaves at once.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from bots.bridge import AGAIN_S, speak
from bots.console.api import Pipes, Terminal
from bots.console.surface import ConsoleSurface
from bots.console.translate import addressed
from bots.handover import hand_over
from bots.interface import Heard, Said
from daemon.client.hosting import HostClient
from daemon.client.interface import Json
from daemon.core.errors import AnswerLost, PeerlineError, Refused, Unavailable
from daemon.core.model import Kind, Parcel
from daemon.core.posting import LINE
from daemon.core.rules.asking import State

LINGER_S: Final = 5.0
LEAVING_S: Final = 2.0
UNFINISHED: Final = 3
PATIENCE_S: Final = 1.0
WAITING: Final = "waiting for the daemon…"


async def chat(
    client: HostClient,
    *,
    interactive: bool,
    to: str | None = None,
    circle: str | None = None,
    linger_s: float = LINGER_S,
    history: Path | None = None,
    owner: str = "owner",
) -> int:
    """Talk over the standard streams until the person leaves or the input ends; return the exit code.

    ``to`` gets plain words until somebody else is chosen. ``linger_s`` is how long after the end of piped
    input answers are waited for. ``owner`` is whose words they are, if the daemon does not say it on joining.

    Raises:
        PeerlineError: the daemon refused, or (piped) cannot be reached.

    """
    terminal = _terminal(client, interactive=interactive, history=history)
    name = "console" if interactive else "cli"
    surface = ConsoleSurface(name, secrets.token_hex(6), terminal, account=owner, to=addressed(to, circle))
    return await converse(Visit(client, surface, terminal, linger_s=0 if interactive else linger_s))


async def converse(visit: Visit) -> int:
    """Hold the conversation; 3 if the end came while words still waited for the daemon."""
    try:
        async with asyncio.TaskGroup() as both:
            visiting = both.create_task(visit.run())
            await visit.terminal.run()
            while not visiting.done():
                before = visit.handed
                await asyncio.wait({visiting}, timeout=visit.linger_s + LEAVING_S)
                if visit.handed == before:
                    visiting.cancel()
    except ExceptionGroup as failed:
        raise _reason(failed) from failed
    return UNFINISHED if visiting.cancelled() else 0


class Visit:
    """A conversation that is there for as long as somebody sits at the terminal."""

    def __init__(
        self,
        client: HostClient,
        surface: ConsoleSurface,
        terminal: Terminal,
        *,
        linger_s: float,
    ) -> None:
        self.terminal, self.linger_s = terminal, linger_s
        self.handed = 0  #: how many lines and choices the daemon has
        self._client, self._surface = client, surface
        self._owed = Owed()

    async def run(self) -> None:
        joined = await self._join()
        self._surface.account = joined.get("account") or self._surface.account
        self._surface.address = joined.get("address") or self._surface.address
        try:
            async with asyncio.TaskGroup() as loops:
                carrying = loops.create_task(
                    speak(self._client, self._surface, peer_id=joined["peer_id"], shown=self._owed.shown)
                )
                beating = loops.create_task(self._beat())
                await self._listen()
                await self._linger()
                carrying.cancel()
                beating.cancel()
        finally:
            await self._leave(joined["peer_id"])

    async def _join(self) -> Json:
        waits = self.terminal.interactive
        async with self._patiently():
            while True:
                try:
                    return await self._client.join(self._surface.name, self._surface.address, shared=True)
                except Unavailable as error:
                    waits = waits or isinstance(error, AnswerLost)  # it was there: it will be again
                    if not waits:
                        raise
                    await asyncio.sleep(AGAIN_S)

    async def _listen(self) -> None:
        async for heard in self._surface.heard():
            async with self._patiently():
                opened = await hand_over(self._client, self._surface.name, heard)
            self.handed += 1
            self._owed.owe(heard, opened)

    async def _beat(self) -> None:
        """Like every bot's, and the prompt says when nobody is there to hear it."""
        async for trouble in self._surface.pulses():
            try:
                async with self._patiently():
                    await self._client.beat(self._surface.name, trouble)
            except Unavailable:
                self.terminal.wait(WAITING)

    async def _linger(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self.linger_s), asyncio.TaskGroup() as asks:
                for ask_id in self._owed.asks:
                    asks.create_task(self._forgo_if_cancelled(ask_id))
                await self._owed.paid()

    async def _forgo_if_cancelled(self, ask_id: str) -> None:
        """An ask that was taken back brings no answer; every other end of one does."""
        while True:
            try:
                told = await self._client.asked(ask_id, wait_s=self.linger_s)
            except Unavailable:
                await asyncio.sleep(AGAIN_S)
                continue
            except Refused:
                return self._owed.forgo(ask_id)
            if told["state"] == State.CANCELLED:
                self._owed.forgo(ask_id)
            if not told["pending"]:
                return None

    async def _leave(self, peer_id: str) -> None:
        with suppress(PeerlineError, TimeoutError):
            async with asyncio.timeout(LEAVING_S):
                await self._client.leave(peer_id)

    @asynccontextmanager
    async def _patiently(self) -> AsyncIterator[None]:
        """Whatever takes longer than a second is shown to be waited for."""
        soon = asyncio.get_running_loop().call_later(PATIENCE_S, self.terminal.wait, WAITING)
        try:
            yield
        finally:
            soon.cancel()
            self.terminal.wait("")


class Owed:
    """What is still to be shown: one card of the line for each line typed, one answer for each ask or errand."""

    def __init__(self) -> None:
        self.answers: set[str] = set()  #: by the id of what they answer
        self._replies = 0
        self._early: set[str] = set()  #: answers that were shown before what they answer was known here
        self._changed = asyncio.Event()

    @property
    def asks(self) -> list[str]:
        return [each for each in self.answers if not each.startswith("e-")]

    def owe(self, heard: Heard, opened: str | None) -> None:
        if opened and opened not in self._early:
            self.answers.add(opened)
        if isinstance(heard, Said) or opened:
            self._replies += 1

    def shown(self, parcel: Parcel) -> None:
        envelope = parcel.envelope
        ours = envelope.sender.peer_id == LINE.peer_id and envelope.kind in {Kind.REPLY, Kind.ASK}
        if envelope.correlation_id and (ours or envelope.kind is Kind.ANSWER):
            self._early.add(envelope.correlation_id)
            self.forgo(envelope.correlation_id)
        elif ours:
            self._replies -= 1
            self._changed.set()

    def forgo(self, ask_id: str) -> None:
        self.answers.discard(ask_id)
        self._changed.set()

    async def paid(self) -> None:
        while self.answers or self._replies > 0:
            self._changed.clear()
            await self._changed.wait()


def _terminal(client: HostClient, *, interactive: bool, history: Path | None) -> Terminal:
    if not interactive:
        return Pipes()
    from bots.console.prompt import Prompt  # a fifth of a second that pipes need not wait

    async def peers() -> Sequence[str]:
        try:
            return names((await client.peers(circle="*"))["peers"])
        except (Refused, Unavailable):
            return ()

    return Prompt(peers=peers, history=history)


def names(peers: Sequence[Json]) -> list[str]:
    """Return how each can be addressed: by its name, or with its circle where the name is not enough."""
    every = [peer["name"] for peer in peers if peer["role"] != "service"]
    return sorted(_name(peer, every) for peer in peers if peer["role"] != "service")


def _name(peer: Json, every: Sequence[str]) -> str:
    name: str = peer["name"]
    return name if every.count(name) == 1 else f"{peer['circle']}/{name}"


def _reason(failed: BaseException) -> BaseException:
    """What went wrong first, out of however many groups it is wrapped in."""
    leaves = list(_leaves(failed))
    return next((leaf for leaf in leaves if isinstance(leaf, PeerlineError)), leaves[0])


def _leaves(failed: BaseException) -> Iterator[BaseException]:
    if isinstance(failed, BaseExceptionGroup):
        for each in failed.exceptions:
            yield from _leaves(each)
    else:
        yield failed
