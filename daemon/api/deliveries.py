"""Deliveries: what became of a parcel, told by the one who holds its lease."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from daemon.api.door import Call, Room
from daemon.core import commands as c
from daemon.core.errors import Malformed, NotAllowed, NotFound

Json = dict[str, Any]


async def settle(room: Room, call: Call) -> Json:
    """``ack part nak hold reject doubt extend``: only the holder may."""
    if call.body.holder != call.caller.host:
        raise NotAllowed("that lease is not yours", "settle only what was given to you")

    def settled(told: list[Any]) -> Json:
        return {"delivery_id": told[0].delivery_id, "state": told[0].state}

    return await room.write(call, (_command(room, call),), settled)


def _command(room: Room, call: Call) -> c.Command:
    body, delivery_id = call.body, call.params["id"]
    holder = body.holder
    match call.params["verb"]:
        case "ack":
            return c.AckDelivery(delivery_id=delivery_id, holder=holder, receipt=body.receipt)
        case "part":
            return c.PartDelivery(delivery_id=delivery_id, holder=holder, receipt=_named(body.receipt))
        case "nak":
            after = timedelta(seconds=body.after_s) if body.after_s is not None else None
            return c.NakDelivery(
                delivery_id=delivery_id, holder=holder, reason=body.reason, after=after, quiet=body.quiet
            )
        case "hold":
            until = room.engine.clock.now() + timedelta(seconds=body.for_s or 0)
            return c.HoldDelivery(delivery_id=delivery_id, holder=holder, reason=body.reason, until=until)
        case "reject":
            return c.RejectDelivery(delivery_id=delivery_id, holder=holder, reason=body.reason)
        case "doubt":
            return c.DoubtDelivery(delivery_id=delivery_id, holder=holder, reason=body.reason)
        case "extend":
            ttl = timedelta(seconds=body.ttl_s)
            return c.ExtendDelivery(delivery_id=delivery_id, holder=holder, ttl=ttl)
        case verb:
            raise NotFound(
                f'a delivery cannot be "{verb}"', "say ack, part, nak, hold, reject, doubt or extend"
            )


def _named(receipt: str) -> str:
    if not receipt:
        raise Malformed("a part has a receipt", "send as `receipt` what it was shown as")
    return receipt
