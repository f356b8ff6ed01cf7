"""Updates that are pushed: the methods that say where to, and the pushing."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import aiohttp

from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.pushes import Webhook
from tests.emulators.telegram.world import World

_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
AGAIN_S = 0.2  #: the real platform waits longer each time
PATIENCE_S = 5.0


def set_webhook(world: World, call: Call) -> Any:
    url, secret = call.text("url"), call.text("secret_token")
    if url and not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise Refusal("bad webhook: An HTTPS URL must be provided for webhook")
    if secret and not _SECRET.fullmatch(secret):
        raise Refusal("secret token contains unallowed characters")
    if call.flag("drop_pending_updates"):
        world.updates.drop_pending()
    world.updates.allow(call.tree("allowed_updates"))
    world.webhook = Webhook(url, secret, call.number("max_connections", 40)) if url else None
    world.pulse.beat()
    return True


def delete_webhook(world: World, call: Call) -> Any:
    if call.flag("drop_pending_updates"):
        world.updates.drop_pending()
    world.webhook = None
    world.pulse.beat()
    return True


def webhook_as_told(world: World, call: Call) -> Any:
    hook = world.webhook
    told: dict[str, Any] = {
        "url": hook.url if hook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(world.updates.pending),
    }
    if hook:
        told["max_connections"] = hook.most
    if hook and hook.error_at:
        told |= {
            "last_error_date": hook.error_at,
            "last_error_message": hook.error or "Connection reset by peer",
        }
    return told


async def pushing(world: World) -> None:
    """Push what waits, one after the other, each until it is taken, for as long as there is an address."""
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=PATIENCE_S)) as session:
        while True:
            await world.pulse.until(lambda: world.webhook and world.updates.pending)
            hook, update = world.webhook, next(iter(world.updates.pending.values()))
            assert hook is not None
            if await hook.push(session, update):
                world.updates.confirm(update["update_id"])
            else:
                await asyncio.sleep(AGAIN_S)
