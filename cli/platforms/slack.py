"""Slack: a bot in a workspace, heard by sockets of its own, or by what Slack brings where there is no app token."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from bots.pacing import Pace
from bots.slack import trouble
from bots.slack.ids import SURFACE, Tokens, account_of
from cli.platforms.interface import Listed, Live, Means, owner_of, persons
from daemon.core.addressing import slug
from daemon.core.model import Person, Place
from daemon.settings import Settings
from daemon.wire import routes

UNHEARD: Final = "slack.bot_token is set without slack.app_token or slack.signing_secret"


class Slack:
    name: Final = SURFACE
    title: Final = "Slack"
    path: Final = routes.SLACK

    def mode(self, settings: Settings) -> str:
        told = settings.slack
        by = "http" if told.signing_secret and not told.app_token else "socket"
        return by if told.bot_token else ""

    def made_of(self, settings: Settings) -> tuple[object, ...]:
        told = settings.slack
        return (told.bot_token, told.app_token, told.signing_secret, told.api_base, told.command)

    def flaw(self, settings: Settings) -> str:
        told = settings.slack
        return "" if told.app_token or told.signing_secret else UNHEARD

    def people(self, settings: Settings) -> tuple[Person, ...]:
        listed = [
            Listed(account_of(each.team, each.id), each.name, each.rights) for each in settings.slack.people
        ]
        return persons(self.name, listed, owner_of(settings))

    def places(self, settings: Settings) -> tuple[Place, ...]:
        return tuple(
            Place(
                surface=self.name,
                address=each.id,
                name=slug(each.name) if each.name else "",
                circles=tuple(each.circles),
                listed=True,
            )
            for each in settings.slack.channels
        )

    def has_topics(self, _: Settings, /) -> bool:
        return False

    def fix(self, said: str) -> str:
        return "`peerline slack start` asks for it" if said == UNHEARD else trouble.fix(said)

    @asynccontextmanager
    async def live(self, settings: Settings, means: Means) -> AsyncIterator[Live]:
        from bots.slack.surface import SlackSurface  # type: ignore[import-untyped]

        told = settings.slack
        tokens = Tokens(bot=told.bot_token, app=told.app_token, signing_secret=told.signing_secret)
        async with SlackSurface(
            tokens,
            told.api_base,
            pace=Pace().times(means.haste),
            intake=means.intake,
            sight=means.sight,
            command=told.command,
        ) as surface:
            yield Live(surface)
