"""What stands around a mention: the thread before it, and the names of whoever speaks there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from bots.interface import Failure, NotEver, Said
from bots.slack.conversations import pages
from bots.slack.ids import Web, room_of, team_and_user, thread_of, ts_in
from bots.slack.wording import plain

LAST: Final = 50  #: messages
PAGE: Final = 1000  #: all that Slack gives at once: a thread comes from its beginning, and its end is wanted
MOST_PAGES: Final = 20
LONGEST: Final = 600  #: characters of one message
MOST_NAMES: Final = 500


class Around:
    """It asks once for each name."""

    def __init__(self, web: Web) -> None:
        self._web = web
        self._names: dict[str, str] = {}

    async def told(self, said: Said) -> str:
        """What was said in the thread before these words, by whomever; "" where nobody can tell."""
        try:
            messages = await self._before(said)
        except Failure:
            return ""
        lines = [
            f"{await self._speaker(each)}: {plain(str(each.get('text') or ''))[:LONGEST]}"
            for each in messages
        ]
        return "\n".join(lines)

    async def name_of(self, account: str) -> str:
        """What somebody is called in Slack, for labels; "" if nobody says."""
        user = team_and_user(account)[1]
        if user not in self._names:
            try:
                told = await self._web.call("users.info", user=user)
            except Failure:
                return ""
            if len(self._names) >= MOST_NAMES:
                self._names.clear()
            self._names[user] = _called(told.get("user"))
        return self._names[user]

    async def _before(self, said: Said) -> Sequence[Mapping[str, Any]]:
        channel, ts = await self._web.channel_of(room_of(said.address)), ts_in(said.receipt)
        found: list[Mapping[str, Any]] = []
        with suppress(NotEver):  # what came until then stands around it, too
            async for page in pages(
                self._web.call, MOST_PAGES, channel, thread_of(said.thread), latest=ts, limit=PAGE
            ):
                found += page
        before = [each for each in found if str(each.get("ts")) < ts and each.get("text")]
        return sorted(before, key=lambda each: str(each.get("ts")))[-LAST:]

    async def _speaker(self, message: Mapping[str, Any]) -> str:
        profile = message.get("bot_profile")
        if isinstance(profile, Mapping):
            return str(profile.get("name") or "an app")
        user = str(message.get("user") or "")
        return await self.name_of(f":{user}") or user or "somebody"


def _called(user: object) -> str:
    if not isinstance(user, Mapping):
        return ""
    profile = user.get("profile")
    names = [
        profile.get("display_name") if isinstance(profile, Mapping) else None,
        user.get("real_name"),
        user.get("name"),
    ]
    return next((name[:80] for name in names if isinstance(name, str) and name), "")
