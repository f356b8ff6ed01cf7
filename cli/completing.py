"""What the shell offers when a name or an id is begun. No daemon, no offer: completion never complains."""

from __future__ import annotations

from typing import Any

from cli.output import ask_daemon
from daemon.core.errors import PeerlineError

Json = dict[str, Any]
Offers = list[tuple[str, str]]


def peers(incomplete: str) -> Offers:
    told = _asked("peers", circle="*", show_offline=True, include_self=True)
    return _begun(incomplete, [(each["name"], each["circle"]) for each in told.get("peers", ())])


def schedules(incomplete: str) -> Offers:
    told = _asked("schedules", "all", over=True)
    return _begun(incomplete, [(each["schedule_id"], each["rule"]) for each in told.get("schedules", ())])


def checkins(incomplete: str) -> Offers:
    told = _asked("checkins")
    return _begun(incomplete, [(each["name"], each["rule"]) for each in told.get("checkins", ())])


def reviews(incomplete: str) -> Offers:
    told = _asked("review_queue")
    return _begun(incomplete, [(each["review_id"], each["what"]) for each in told.get("reviews", ())])


def _asked(verb: str, *words: str, **named: Any) -> Json:
    try:
        return ask_daemon(lambda line: getattr(line, verb)(*words, **named))
    except (PeerlineError, OSError):
        return {}


def _begun(incomplete: str, offers: Offers) -> Offers:
    return [each for each in offers if each[0].startswith(incomplete)]
