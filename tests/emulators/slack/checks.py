"""What a correct client never does, as a list of sentences about what this one did.

Each check reads the journal and the platform's own memory. An empty list is a client that may be let loose on the
real platform.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from tests.emulators.slack.deliveries import EVENT, Attempt
from tests.emulators.slack.journal import Record
from tests.emulators.slack.world import World

HASTE_S = 0.9  #: a failed connection is followed by another attempt a second later at the soonest
OPEN_AT_ONCE = 2  #: the old socket and the one that takes over
# A client cannot know these before it asks: what it speaks of was changed by somebody else, or the asking went
# unanswered and was repeated.
FORGIVEN = (
    "message_not_found",
    "thread_not_found",
    "already_reacted",
    "no_reaction",
    "hash_conflict",
    "not_found",
    "expired_trigger_id",
    "expired_url",
    "is_archived",
    "link_disabled",
)


def checks(world: World, *, forgiven: tuple[str, ...] = (), settled: bool = True) -> list[str]:
    """Return everything that went wrong; `forgiven` are error words that the test itself provoked, `settled` means that
    nothing is under way any more, so whatever is still unacknowledged stays so."""
    wrong = [*world.meter.breaches, *world.wrongs, *world.deliveries.strays]
    for rule in (_bans, _tokens, _haste, _sockets, _pongs, _late, _twice):
        wrong += rule(world)
    wrong += _refusals(world, {*FORGIVEN, *forgiven})
    return wrong + (list(_unacknowledged(world)) if settled else [])


def _bans(world: World) -> Iterator[str]:
    for record in world.journal.impatient():
        yield f"{_named(record)} came before its Retry-After was over"


def _refusals(world: World, forgiven: set[str]) -> Iterator[str]:
    for record in world.journal.records:
        if record.refusal and record.status != 429 and record.refusal not in forgiven:
            yield f"{_named(record)} was refused: {record.refusal}"


def _tokens(world: World) -> Iterator[str]:
    for record in world.journal.records:
        if record.token_in_query:
            yield f"{_named(record)} has its token in the address, where logs keep it"


def _haste(world: World) -> Iterator[str]:
    """Attempts begin with apps.connections.open; one that no socket came of was a failed one."""
    tried = [each for each in world.journal.records if each.method == "apps.connections.open"]
    opened = [each.at for each in world.journal.records if each.method == "socket" and each.status == 101]
    for before, after in pairwise(tried):
        failed = not any(before.at <= at <= after.at for at in opened)
        if (
            failed
            and after.at - before.at < HASTE_S
            and not world.journal.restarted_between(before.at, after.at)
        ):
            yield f"a failed connection was followed by another attempt after {after.at - before.at:.2f} s"


def _sockets(world: World) -> Iterator[str]:
    opened = [(socket.opened_at, 1) for socket in world.sockets.every]
    closed = [(socket.closed_at, -1) for socket in world.sockets.every if socket.closed_at]
    there = most = 0
    for _, step in sorted([*opened, *closed]):
        there += step
        most = max(most, there)
    ghosts = sum(socket.frozen or socket.ghost for socket in world.sockets.every)
    if most - ghosts > OPEN_AT_ONCE:
        yield f"{most} sockets were open at once"


def _pongs(world: World) -> Iterator[str]:
    for socket in world.sockets.every:
        if socket.closed_at is None and not socket.frozen and socket.pinged - socket.pongs > 1:
            yield f"socket {socket.number} left {socket.pinged - socket.pongs} pings unanswered"


def _late(world: World) -> Iterator[str]:
    for delivery in world.deliveries.all:
        for attempt in delivery.attempts:
            if attempt.late and attempt.reason == "timeout":
                yield f"{delivery.line()} was acknowledged after the deadline"
            if attempt.acks > 1:
                yield f"{delivery.line()} was acknowledged {attempt.acks} times"


def _unacknowledged(world: World) -> Iterator[str]:
    """What was sent, and neither acknowledged nor lost with its connection."""
    for delivery in world.deliveries.all:
        if not delivery.acked and any(map(_ignored, delivery.attempts)):
            what = "an event" if delivery.kind == EVENT else "an interaction"
            yield f"{what} was never acknowledged: {delivery.line()}"


def _ignored(attempt: Attempt) -> bool:
    return attempt.reason == "timeout" and not attempt.fault and not attempt.dead


def _twice(world: World) -> Iterator[str]:
    """Two posts of the same metadata are one that was repeated though it had been shown."""
    shown = Counter(
        (message.channel_id, json.dumps(message.metadata, sort_keys=True))
        for channel in world.channels.values()
        for message in channel.messages.values()
        if message.metadata
    )
    for (channel_id, metadata), times in shown.items():
        if times > 1:
            yield f"{times} messages in {channel_id} are the same: {metadata[:120]}"


def _named(record: Record) -> str:
    text = str(record.arguments.get("text") or "")
    where = f" to {record.channel}" if record.channel else ""
    return f"{record.method}{where} ({text[:40]!r})" if text else f"{record.method}{where}"
