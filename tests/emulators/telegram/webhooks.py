"""The other way updates reach a bot: brought to its webhook, in order, until one is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.updates import Updates

HEADER = "X-Telegram-Bot-Api-Secret-Token"
_LONGEST_SECRET = 256


@dataclass(slots=True)
class Hook:
    """Where updates are brought; no ``url``: nowhere."""

    url: str = ""
    secret: str = ""
    connections: int = 40
    complaint: str = ""

    def set(self, call: Call, updates: Updates) -> bool:
        url, secret = call.text("url"), call.text("secret_token")
        parts = urlsplit(url)
        if url and parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
            raise Refusal("bad webhook: An HTTPS URL must be provided for webhook")
        allowed = secret.replace("_", "").replace("-", "")
        if len(secret) > _LONGEST_SECRET or (secret and not (allowed.isascii() and allowed.isalnum())):
            raise Refusal("secret token contains unallowed characters")
        updates.allow(call.tree("allowed_updates"))
        if call.flag("drop_pending_updates"):
            updates.drop_pending()
        self.url, self.secret, self.complaint = url, secret, ""
        self.connections = call.number("max_connections", 40)
        return True

    def shape(self, updates: Updates) -> dict[str, Any]:
        told = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(updates.pending),
        }
        if self.complaint:
            told |= {"last_error_date": 1, "last_error_message": self.complaint}
        return told

    async def bring(self, updates: Updates) -> list[int]:
        """Bring what waits, in order, until one is not taken; returns the status of each try."""
        tried = []
        async with aiohttp.ClientSession() as session:
            for update_id, update in list(updates.pending.items()):
                headers = {HEADER: self.secret} if self.secret else {}
                async with session.post(self.url, json=update, headers=headers) as answer:
                    tried.append(answer.status)
                if not 200 <= tried[-1] < 300:
                    self.complaint = f"Wrong response from the webhook: {tried[-1]}"
                    break
                self.complaint = ""
                updates.confirmed[update_id] = updates.pending.pop(update_id)
        return tried
