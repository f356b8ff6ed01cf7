"""What an id of Slack's looks like; whatever does not is nothing to us. Pure."""

from __future__ import annotations

import re
from typing import Final, TypeGuard

from bots.slack.ids import account_of

_TS: Final = re.compile(r"[0-9]{1,16}\.[0-9]{1,16}")
_CHANNEL: Final = re.compile(r"[CDG][A-Z0-9]{1,30}")
_USER: Final = re.compile(r"[UW][A-Z0-9]{1,30}")
_TEAM: Final = re.compile(r"[TE][A-Z0-9]{1,30}")
_PLAIN: Final = re.compile(r"[!-~]{1,120}")


def is_channel(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _CHANNEL.fullmatch(value) is not None


def is_ts(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _TS.fullmatch(value) is not None


def is_plain(value: object) -> TypeGuard[str]:
    """Any other id that can be kept as it is."""
    return isinstance(value, str) and _PLAIN.fullmatch(value) is not None


def person_of(team: object, user: object) -> str:
    """An account, or "": these are no ids of Slack's."""
    if not (isinstance(team, str) and isinstance(user, str)):
        return ""
    return account_of(team, user) if _TEAM.fullmatch(team) and _USER.fullmatch(user) else ""


def moment_of(update_id: str) -> float:
    """The time of the message in an id such as ``C1/1700000000.000100``; 0.0 where there is none."""
    parts = update_id.split("/")
    return number_of(parts[1]) if len(parts) > 1 else 0.0


def number_of(ts: object) -> float:
    """Seconds since 1970; 0.0 if that is none of Slack's."""
    return float(ts) if is_ts(ts) else 0.0
