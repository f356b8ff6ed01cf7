"""What may be looked at: peers as a list shows them, unread messages, and the story of one message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from daemon.core import addressing, allowance, arriving, attending, braking, threads
from daemon.core.errors import Gone, NotFound, PeerlineError
from daemon.core.model import Authority, Delivery, Envelope, Peer, PeerShown, Role, Status, Story, Told
from daemon.core.rules import presence, roads
from daemon.core.rules.delivery import State
from daemon.core.view import Plan

STARTED: Final = "being started"


def shown(plan: Plan, peer: Peer, authority: Authority = Authority.PEER) -> PeerShown:
    """The peer with what it is doing, and how words of that authority would reach it."""
    session, conversation = plan.session_of(peer), plan.conversation(peer.peer_id)
    status = presence.status(peer, session, conversation, plan.now)
    reach = roads.reach(peer, session, conversation, status, authority)
    start = arriving.awaited(plan, peer) if session is None and conversation is None else None
    available = attending.availability(plan, peer) or allowance.limit_of(plan, peer.backend, peer.circle)
    return PeerShown(peer, status, reach, session, STARTED if start else available, started=start is not None)


def peers(
    plan: Plan,
    caller: Peer,
    *,
    circle: str | None = None,
    scope: str | None = None,
    show_offline: bool = False,
    include_self: bool = False,
) -> tuple[PeerShown, ...]:
    """The caller's circle (an orchestrator's: all), or the one named, or all with ``*``.

    A scope without a circle looks in all circles.

    Raises:
        Malformed: there is no such scope.

    """
    who = addressing.standpoint_of(plan, caller)
    if circle is None and (who.everywhere or scope):
        circle = "*"
    found = addressing.visible(threads.listed(plan, plan.view.peers()), who, circle)
    if scope:
        found = addressing.in_scope(found, scope, caller)
    rows = [shown(plan, peer) for peer in found if include_self or peer.peer_id != caller.peer_id]
    return tuple(row for row in rows if show_offline or _is_listed(row))


def there(plan: Plan, here: Peer) -> list[Peer]:
    """Who can be spoken to from a conversation now, people too."""
    everybody = threads.listed(plan, plan.view.peers())
    seen = addressing.visible(everybody, addressing.standpoint_of(plan, here), "*")
    return [
        peer
        for peer in seen
        if peer.peer_id != here.peer_id
        and peer.role is not Role.SERVICE
        and shown(plan, peer).status is not Status.OFFLINE
    ]


def story(plan: Plan, message_id: str, told: Sequence[Told]) -> Story:
    """All that is known of a message.

    Raises:
        NotFound: there is none of that id, or no longer.
        Gone: its text is lost.

    """
    envelope = plan.envelope(message_id)
    if envelope is None:
        raise _unknown(message_id, told)
    deliveries = [(x, peer) for x in plan.view.deliveries_of(message_id) if (peer := plan.peer(x.peer_id))]
    waits = [(x.delivery_id, why) for x, peer in deliveries if (why := _waits_for(plan, envelope, x, peer))]
    return Story(envelope, plan.ask(message_id), tuple(deliveries), tuple(told), tuple(waits))


def _unknown(message_id: str, told: Sequence[Told]) -> PeerlineError:
    lost = next((each.event for each in told if each.event.type == "message_lost"), None)
    if lost:
        return Gone(f'"{message_id}" is lost: {lost.evidence}', "what is left of it is kept in the database")
    hint = "ids look like m-… or a-…; what is over is forgotten after a while (`limits.keep_days`)"
    return NotFound(f'no message "{message_id}"', hint)


def _waits_for(plan: Plan, envelope: Envelope, delivery: Delivery, peer: Peer) -> str:
    """Why it has not gone yet, as things are now; "" when it has, or what holds it says so itself."""
    if delivery.state != State.QUEUED:
        return ""
    if plan.conversation(peer.peer_id) is not None or peer.backend in roads.POLLING:
        return roads.reach(
            peer,
            plan.session_of(peer),
            plan.conversation(peer.peer_id),
            shown(plan, peer).status,
            envelope.sender.authority,
        ).reason
    first = next(iter(plan.view.waiting(peer.peer_id, 1)), None)
    if why := braking.frozen(plan, peer):
        return why
    if first and first.delivery_id != delivery.delivery_id:
        return "others wait before it"
    chosen = roads.choose(envelope, plan.session_of(peer))
    return chosen.reason if isinstance(chosen, roads.Wait) else ""


def _is_listed(row: PeerShown) -> bool:
    return (
        row.status is not Status.OFFLINE
        or row.started
        or row.peer.role in {Role.SERVICE, Role.HUMAN, Role.ORCHESTRATOR}
    )
