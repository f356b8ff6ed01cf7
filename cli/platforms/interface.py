"""What a platform is to whoever hosts it: how it is configured, who and where, what a surface of it is made of.

A platform describes, and hosting (``cli.hosting``) does; so what is true of one is true of all.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from bots.intake import Intake
from bots.looking import Looks
from bots.slack.ids import Sight
from daemon.chatsettings import ListedPerson, ListedPlace
from daemon.core.addressing import slug
from daemon.core.model import Person, Place
from daemon.engine.auditor import Count
from daemon.settings import Settings

Take = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the house gives to a surface. ``count`` is told of whoever is turned away."""

    intake: Intake
    sight: Sight
    count: Count
    haste: float = 1.0  #: how much faster than usual the platform's clock runs


@dataclass(frozen=True, slots=True)
class Live:
    """A surface while it is hosted; ``take`` takes what the platform brings, where it is to bring something."""

    surface: Looks
    take: Take | None = None


class Platform(Protocol):
    @property
    def name(self) -> str:
        """``telegram``: of the surface, of its section in the config, and of its peers' backend."""
        ...

    @property
    def title(self) -> str:
        """What it is called by people."""
        ...

    @property
    def path(self) -> str:
        """Where the platform brings what happened, if it is to."""
        ...

    def mode(self, settings: Settings) -> str:
        """Return how it is heard, or "": it is not to be hosted."""
        ...

    def made_of(self, settings: Settings) -> tuple[object, ...]:
        """Return all that a surface is made of: when any of it changes, it begins anew."""
        ...

    def flaw(self, settings: Settings) -> str:
        """Return why it cannot be hosted as it is configured, if so."""
        ...

    def people(self, settings: Settings) -> tuple[Person, ...]: ...
    def places(self, settings: Settings) -> tuple[Place, ...]: ...
    def has_topics(self, settings: Settings, /) -> bool:
        """Whether every agent is to have a topic of its own."""
        ...

    def fix(self, trouble: str) -> str:
        """Return what a person can do about it."""
        ...

    def load(self) -> None:
        """Import what its surface is made of."""
        ...

    def live(self, settings: Settings, means: Means) -> AbstractAsyncContextManager[Live]:
        """Return the surface, which proves itself by its pulses; at its end all of it is closed."""
        ...


def persons(surface: str, listed: Iterable[tuple[str, ListedPerson]], owner: str) -> tuple[Person, ...]:
    """The people of the config, each with their account; whoever is called as the owner is has every right."""
    return tuple(
        Person(
            surface=surface,
            account=account,
            name=each.name,
            rights=("talk", "approve", "spawn") if each.name == owner else tuple(each.rights),
            owner=each.name == owner,
        )
        for account, each in listed
    )


def places(surface: str, listed: Iterable[tuple[str, ListedPlace]]) -> tuple[Place, ...]:
    """The places of the config, each with its address."""
    return tuple(
        Place(
            surface=surface,
            address=address,
            name=slug(each.name) if each.name else "",
            circles=tuple(each.circles),
            listed=True,
        )
        for address, each in listed
    )


def owner_of(settings: Settings) -> str:
    """The owner's name: as the config says, or else the first who is listed, on Telegram before Slack."""
    named = [
        *(each.name for each in settings.telegram.people),
        *(each.name for each in settings.slack.people),
    ]
    return settings.owner.name if settings.owner.name in named else (named[0] if named else "")
