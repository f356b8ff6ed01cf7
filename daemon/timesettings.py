"""The parts of the configuration about the hours of the day, and who pays for what is done in them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator

from daemon.chatsettings import Section
from daemon.core.errors import Malformed
from daemon.core.rules import unattended


def _checked_window(window: str) -> str:
    try:
        unattended.span(window)
    except Malformed as error:
        raise ValueError(f"{error}: {error.hint}") from None
    return window


class Unattended(Section):
    """When nobody is there: what becomes of what an agent wants decided, by circle and time of the day."""

    circle: str = "*"
    window: str = "00:00-00:00"
    policy: Literal["wait", "deny"] = "deny"
    reason: str = unattended.REASON

    _is_window = field_validator("window")(_checked_window)


class Night(Section):
    """In which window of the day the jobs of a circle that are for the night run."""

    circle: str = "*"
    window: str = "22:00-07:00"

    _is_window = field_validator("window")(_checked_window)


class Account(Section):
    """Which account pays for the agents of a kind in a circle; without a row all of a kind are paid by one."""

    backend: Annotated[str, Field(min_length=1)]
    circle: str = "*"
    account: Annotated[str, Field(min_length=1, max_length=64)]
