"""The line at a glance in few words, for an agent that pays for each: 20 peers in under 600 tokens.

Rule: what there is no room for is the end of a description and of an evidence, never a peer, an ask or what is stuck.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Final

from daemon.core.model import Status
from daemon.core.overview import Overview, Row, Stuck, named
from daemon.core.rules.cleaning import gist
from daemon.core.rules.measures import ago, counted

BYTES_EACH: Final = 86  #: for a peer, and its part of what stands around
LEAST: Final = 1_200  #: bytes that a small line may take in any case
WIDTHS: Final = ((60, 120), (40, 80), (24, 48), (16, 32), (8, 24), (0, 16), (0, 0))


def compact(found: Overview) -> str:
    """One line for each, as wide as there is room."""
    room = max(LEAST, BYTES_EACH * len(found.rows))
    text = ""
    for about, evidence in WIDTHS:
        text = "\n".join(_lines(found, about, evidence))
        if len(text.encode()) <= room:
            break
    return text


def presence(found: Overview) -> str:
    """Whether somebody coordinates, and by what that is known."""
    said = [
        f"orchestrator {row.peer.circle}/{row.peer.name}: {row.found.evidence(found.at)}"
        for row in found.orchestrators
    ]
    return "\n".join(said) or "no orchestrator"


def _lines(found: Overview, about: int, evidence: int) -> Iterator[str]:
    yield presence(found)
    away = 0
    for circle, inside in groupby(found.rows, key=lambda row: row.peer.circle):
        yield f"{circle}:"
        for row in inside:
            if row.found.status is Status.OFFLINE and not (row.stuck or row.asks or row.jobs):
                away += 1
            else:
                yield _row(row, found.at, about, evidence)
    if away:
        yield f"offline, nothing open: {away}"
    if found.schedules:
        more = f" +{found.more_schedules}" if found.more_schedules else ""
        yield "next: " + "; ".join(_ahead(found)) + more


def _row(row: Row, now: datetime, about: int, evidence: int) -> str:
    asks = f"{counted(len(row.asks), 'ask')} {short(row.asks[0].created_at, now)}" if row.asks else ""
    parts = [
        f"{row.peer.name} {_state(row)} {short(row.found.sign.at, now)}",
        asks,
        counted(len(row.jobs), "job") if row.jobs else "",
        counted(len(row.reviews), "review") if row.reviews else "",
        _stuck(row.stuck[0], now, evidence) if row.stuck else "",
        gist(row.peer.description, about) if about else "",
    ]
    return " · ".join(filter(None, parts))


def _state(row: Row) -> str:
    return row.found.status if row.found.status is Status.OFFLINE else row.found.turn or row.found.status


def _stuck(stuck: Stuck, now: datetime, evidence: int) -> str:
    why = f": {gist(stuck.evidence, evidence)}" if evidence else ""
    return f"STUCK {stuck.why} {short(stuck.since, now)}{why}"


def _ahead(found: Overview) -> Iterator[str]:
    for each in found.schedules:
        at = f"{each.next_at:%a %H:%M}Z" if each.next_at else ""
        yield f"{at} {gist(', '.join(each.to), 30)}"


def short(at: datetime, now: datetime) -> str:
    """``3s``, ``14m``, ``2h``, ``3d``."""
    return ago(at, now).replace(" min", "m").replace(" ", "")


def board(stuck: Stuck) -> str:
    """Without its age, for what is changed only when something happens."""
    return f"{named(stuck.why)} ({gist(stuck.evidence, 80)})"
