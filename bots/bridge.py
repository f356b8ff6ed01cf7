"""The whole bot, for every platform: what is heard goes in, what is to be seen goes out, and they never meet."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from bots.cards import card_of
from bots.interface import ChatSurface, Hosted, NotEver, NotNow, Shown, Unsure, Verdict
from bots.lanes import listen
from daemon.client.hosting import HostClient
from daemon.core import signs
from daemon.core.errors import Refused, Unavailable
from daemon.core.model import Kind, Parcel

SENDING_S: Final = 60.0  #: how long one send may take before its lease lapses
SENDING_FILE_S: Final = 300.0
LONG_TEXT: Final = 20_000  #: characters from which on it may go as a file
AGAIN_S: Final = 0.5
Passed = Callable[[str], None]
Lease = tuple[str, int, int]
log = logging.getLogger(__name__)


def _unwatched(step: str) -> None:
    """Nobody wants to know which step was done."""


async def run(client: HostClient, surface: Hosted, *, passed: Passed = _unwatched) -> None:
    """Carry both ways until cancelled, or until one loop ends or fails. ``passed`` is told each step's name."""
    async with asyncio.TaskGroup() as loops:
        loops.create_task(listen(client, surface, passed))
        loops.create_task(speak(client, surface, passed=passed))
        loops.create_task(beat(client, surface))


async def speak(
    client: HostClient,
    surface: ChatSurface,
    *,
    peer_id: str | None = None,
    shown: Callable[[Parcel], None] = lambda _: None,
    passed: Passed = _unwatched,
) -> None:
    """Show what is to be seen. Each conversation has at most one parcel out, so they do not hold each other up."""
    in_hand: set[Lease] = set()
    async with asyncio.TaskGroup() as sends:
        async for parcel in client.parcels(surface.name, peer_id):
            # A stream that began anew may bring again what we are still about to tell the daemon of.
            if _lease_of(parcel) not in in_hand:
                in_hand.add(_lease_of(parcel))
                send = sends.create_task(_deliver(client, surface, parcel, shown, passed))
                send.add_done_callback(partial(_done, in_hand, parcel))


def _lease_of(parcel: Parcel) -> Lease:
    """The next part of it, or its next try, may come before we are done with the last one."""
    delivery = parcel.delivery
    return delivery.delivery_id, len(delivery.parts), delivery.doubts


def _done(in_hand: set[Lease], parcel: Parcel, _: object) -> None:
    in_hand.discard(_lease_of(parcel))


async def beat(client: HostClient, surface: ChatSurface) -> None:
    async for trouble in surface.pulses():
        try:
            await client.beat(surface.name, trouble)
        except Unavailable:
            log.debug("no daemon to tell that %s is alive", surface.name)


async def _deliver(
    client: HostClient,
    surface: ChatSurface,
    parcel: Parcel,
    shown: Callable[[Parcel], None],
    passed: Passed,
) -> None:
    """Begin, show, tell. While the daemon is away it is waited for: only we know what became of the parcel.

    It begins only when the platform would take it at once, so that a crash leaves no more in doubt than it must.
    """
    try:
        if not signs.is_sign(parcel):
            await surface.ready(parcel.recipient, edits=bool(parcel.shown_as))
        await _surely(lambda: client.extend(parcel, _patience(parcel)))
        passed("bridge.begun")
        outcome = await _tried(surface, parcel)
        passed("bridge.shown")
    except NotNow as later:
        outcome = later
    except Refused as error:
        log.warning("delivery %s is not ours any more: %s", parcel.delivery.delivery_id, error)
        return
    try:
        await _surely(lambda: _settled(client, parcel, outcome))
    except Refused as error:
        # It was told before and the answer got lost, or the lease lapsed: what stands in the store is right.
        log.warning("delivery %s was not settled: %s", parcel.delivery.delivery_id, error)
    if isinstance(outcome, Shown) and not outcome.more:
        shown(parcel)


def _patience(parcel: Parcel) -> float:
    """A long text may go as a file."""
    long = len(parcel.envelope.body) > LONG_TEXT
    return SENDING_FILE_S if parcel.envelope.attachment or long else SENDING_S


async def _surely(deed: Callable[[], Awaitable[None]]) -> None:
    """Repeat until the daemon has it, or refuses."""
    while True:
        try:
            return await deed()
        except Unavailable as error:
            await asyncio.sleep(error.after_s or AGAIN_S)


async def _tried(surface: ChatSurface, parcel: Parcel) -> Shown | Verdict:
    """What is shown now, or why it is not."""
    card = card_of(parcel)
    try:
        if signs.is_sign(parcel):
            await surface.mark(parcel.recipient, parcel.shown_as, parcel.envelope.body)
            return Shown(parcel.shown_as)
        if parcel.envelope.kind is Kind.TOPIC:
            return await surface.arrange(parcel.recipient, parcel.envelope.options[0], parcel.envelope.body)
        if parcel.shown_as:
            await surface.change(parcel.recipient, parcel.shown_as, card)
            return Shown(parcel.shown_as)
        return await surface.show(parcel.recipient, card, parcel.delivery.parts)
    except (NotNow, NotEver, Unsure) as verdict:
        return verdict


async def _settled(client: HostClient, parcel: Parcel, outcome: Shown | Verdict) -> None:
    match outcome:
        case NotNow() as later:
            await client.nak(parcel, str(later), after_s=later.after_s, quiet=later.quiet)
        case NotEver() as never:
            await client.reject(parcel, str(never))
        case Unsure() as unsure:
            await client.doubt(parcel, str(unsure))
        case Shown(receipt, more=True):
            await client.part(parcel, receipt)
        case Shown(receipt):
            await client.ack(parcel, receipt=receipt)
