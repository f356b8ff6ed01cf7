"""What becomes of a message whose text the disk does not give back: it is shown to nobody, and that is told.

Whoever asked learns that nobody will answer, and whoever sent learns that it did not arrive; as far as the disk still
says who that was.
"""

from __future__ import annotations

from daemon.core import closing, settling
from daemon.core import commands as c
from daemon.core.model import Delivery, Event, Kind, Road, Urgency
from daemon.core.posting import LINE, Letter, post, reply
from daemon.core.rules import asking
from daemon.core.rules import delivery as d
from daemon.core.view import Plan


def lose_message(plan: Plan, command: c.LoseMessage) -> int:
    """End what can be ended; returns how many deliveries died of it."""
    plan.tell(Event("message_lost", command.message_id, what="damaged", evidence=command.reason))
    lost = [x for x in plan.view.deliveries_of(command.message_id) if _is_spoiled(x)]
    for delivery in lost:
        settling.spoil(plan, delivery, command.reason)
    ask = plan.ask(command.message_id)
    if ask is None:
        _tell_sender(plan, command)
    for peer_id in ask.to if ask else ():
        still = plan.ask(command.message_id)
        if still and not asking.is_over(still):
            closing.lose(plan, still, peer_id)
    return len(lost)


def _is_spoiled(delivery: Delivery) -> bool:
    """What a chat showed was shown whole, and stays so."""
    shown = delivery.state == d.State.HANDED and delivery.road is Road.CHAT
    return d.can(delivery, d.Spoil) and not shown


def _tell_sender(plan: Plan, command: c.LoseMessage) -> None:
    envelope = plan.envelope(command.message_id)
    sender = plan.peer(envelope.sender.peer_id) if envelope else None
    if sender is None or sender.forgotten_at:
        return
    text = f"your message ({command.message_id}) is lost: {command.reason}"
    if plan.conversation(sender.peer_id):
        reply(plan, sender, text, aloud=True)
    else:
        post(plan, LINE, [sender], Letter(kind=Kind.NOTICE, text=text, urgency=Urgency.FYI))
