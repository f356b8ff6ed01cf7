"""Turning Telegram on: one token, from @BotFather."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from bots.telegram.trouble import fix
from cli.keeping import keep
from cli.starting import Token
from daemon.settings import Settings

TOKEN: Final = Token(
    key="bot_token",
    looks=re.compile(r"\d{3,20}:[A-Za-z0-9_-]{10,200}"),
    called="token of a Telegram bot",
    like="those are a number, a colon and 35 signs",
    prompt="token: ",
    ask="paste the token that @BotFather gave you",
    hint="get one from @BotFather in Telegram (/newbot), then run this again and paste it",
)


class Telegram:
    surface: Final = "telegram"
    title: Final = "Telegram"
    final: Final = ("refuses the token", "another program polls")
    fix = staticmethod(fix)

    def tokens(self, _: Settings, /) -> Sequence[Token]:
        return (TOKEN,)

    def prepare(self, config: Path, settings: Settings) -> None:
        if settings.telegram.webhook_url and not settings.telegram.webhook_secret:
            keep(config, "telegram", "webhook_secret", secrets.token_urlsafe(32))

    async def check(self, settings: Settings, given: Mapping[str, str]) -> None:
        """Ask Telegram whose token it is."""
        from bots.telegram.api import Api

        told = settings.telegram
        api = Api(given.get("bot_token", told.bot_token), told.api_base.rstrip("/"), grace_s=1)
        try:
            await api.account()
        finally:
            await api.close()
