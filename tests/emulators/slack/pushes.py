"""HTTP mode: what happens is posted to one address, signed with the secret, as the Events API does."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp

from tests.emulators.slack.deliveries import COMMAND, EVENT, Attempt, Delivery
from tests.emulators.slack.faults import Kind
from tests.emulators.slack.world import World

_REASONS = {"timeout": "http_timeout", "no connection": "connection_failed"}


@dataclass(slots=True)
class Hook:
    """One address. `pushed` has (name, status) of each attempt; 0 is a connection that failed."""

    url: str
    world: World
    pushed: list[tuple[str, int]] = field(default_factory=list)
    enough: bool = False  #: the last answer asked for no further attempt

    async def carry(self, delivery: Delivery, attempt: Attempt) -> None:
        body, kind = _body(delivery)
        more = {}
        if attempt.number and delivery.kind == EVENT:
            reason = _REASONS.get(attempt.retry_reason, attempt.retry_reason or "http_error")
            more = {"X-Slack-Retry-Num": str(attempt.number), "X-Slack-Retry-Reason": reason}
        fault = attempt.fault
        if fault and fault.kind == Kind.RESET:
            attempt.fail("no connection")
            return
        status, answer = await self.post(body, kind, **more)
        self.pushed.append((delivery.name, status))
        if fault and fault.kind == Kind.DROP:
            attempt.fail("timeout")
        elif status == 200:
            attempt.ack(answer)
        else:
            attempt.fail("http_error" if status else "no connection")
        if self.enough:
            delivery.given_up.set()

    async def post(
        self,
        body: str,
        kind: str = "application/json",
        *,
        secret: str | None = None,
        at: int | None = None,
        signed: bool = True,
        **headers: str,
    ) -> tuple[int, dict[str, Any] | None]:
        """Post once; `secret`, `at` (seconds since 1970) and `signed` are for those who forge."""
        stamp = str(int(time.time()) if at is None else at)
        key = self.world.tokens.signing_secret if secret is None else secret
        headers |= {"Content-Type": kind, "User-Agent": "Slackbot 1.0 (+https://api.slack.com/robots)"}
        if signed:
            headers |= {
                "X-Slack-Request-Timestamp": stamp,
                "X-Slack-Signature": signature(key, stamp, body),
            }
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.post(self.url, data=body.encode(), headers=headers, allow_redirects=False) as answer,
            ):
                self.enough = answer.headers.get("X-Slack-No-Retry") == "1"
                return answer.status, _answer(await answer.text())
        except aiohttp.ClientError:
            return 0, None

    async def verifies(self) -> str:
        """Ask the address whether it is ours; return the challenge it gives back."""
        body = json.dumps({"token": "emulated", "challenge": "c3po", "type": "url_verification"})
        _, answer = await self.post(body)
        return str((answer or {}).get("challenge", (answer or {}).get("text", "")))


def signature(secret: str, stamp: str, body: str) -> str:
    digest = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256)
    return f"v0={digest.hexdigest()}"


def _body(delivery: Delivery) -> tuple[str, str]:
    if delivery.kind == EVENT:
        return json.dumps(delivery.payload), "application/json"
    form = delivery.payload if delivery.kind == COMMAND else {"payload": json.dumps(delivery.payload)}
    return urlencode(form), "application/x-www-form-urlencoded"


def _answer(text: str) -> dict[str, Any] | None:
    try:
        answer = json.loads(text) if text else None
    except ValueError:
        return {"text": text}
    return answer if isinstance(answer, dict) else None
