"""The line at a glance, for a person: who does what, what waits for them, what is open.

A board shows it at the top of a conversation and is changed when it is no longer true, at most every so often. Rule: it
holds no spans of time, so that as long as nothing happens there is nothing to change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import Final

from daemon.core import addressing, deciding, overview, overviewwords
from daemon.core.model import Follow, Kind, Peer, Status
from daemon.core.overview import Overview, Row
from daemon.core.posting import LINE, Letter, post, reply
from daemon.core.rules import presence
from daemon.core.rules.measures import counted
from daemon.core.rules.timetable import place
from daemon.core.view import Plan

STATUS: Final = "status"
EVERY: Final = timedelta(seconds=20)  #: between two changes of a board


def begin(plan: Plan, here: Peer, *, alone: str = "") -> None:
    """Put a new board, where there can be one; an older one is changed no more. What one sees alone is no board."""
    shown = text(plan, here)
    if alone:
        reply(plan, here, shown, alone=alone)
        return
    letter = Letter(kind=Kind.BOARD, text=shown, silent=True)
    envelope, _ = post(plan, LINE, [here], letter)
    conversation = plan.conversation(here.peer_id)
    if conversation is None or conversation.surface in presence.OWN_SCREENS:
        return  # what scrolls away cannot be kept up to date
    board = Follow(
        conversation=here.peer_id,
        peer_id=LINE.peer_id,
        what=STATUS,
        since=plan.now,
        envelope_id=envelope.envelope_id,
        shown_at=plan.now,
        shown=shown,
    )
    plan.put(board)


def moved(plan: Plan) -> None:
    """Something happened that a board may show."""
    for board in plan.view.follows(LINE.peer_id):
        if board.due_at is None:
            plan.put(replace(board, due_at=max(plan.now, (board.shown_at or plan.now) + EVERY)))


def text(plan: Plan, here: Peer) -> str:
    """What a conversation may know, circle by circle."""
    found = overview.of(plan, addressing.standpoint_of(plan, here))
    lines = [line for name, rows in _circles(found.rows) for line in _circle(plan, name, rows)]
    there_is = "\n".join(lines or ["nobody is on the line yet"])
    return "\n\n".join([there_is, *_coordinated(plan, found), *_stuck(found), *_waiting(plan, here)])


def state(plan: Plan, peer: Peer) -> str:
    """Somebody in a few words."""
    session, conversation = plan.session_of(peer), plan.conversation(peer.peer_id)
    status = presence.status(peer, session, conversation, plan.now)
    doing = session.turn if session and status is not Status.OFFLINE else ""
    return f"`{peer.circle}/{peer.name}` {doing or status}"


def _circles(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    for name, inside in groupby(rows, key=lambda row: row.peer.circle):
        yield name, list(inside)


def _circle(plan: Plan, name: str, rows: list[Row]) -> Iterator[str]:
    away = 0
    yield f"**{name}**"
    for row in rows:
        if row.found.status is Status.OFFLINE:
            away += 1
            continue
        waits = plan.view.waiting_count(row.peer.peer_id)
        yield f"- {state(plan, row.peer)}{f' · {waits} waiting' if waits else ''}"
    if away:
        yield f"- {counted(away, 'other')} offline"


def _coordinated(plan: Plan, found: Overview) -> Iterator[str]:
    """Who has the role, there or not."""
    if found.orchestrators:
        yield f"orchestrator: {', '.join(state(plan, row.peer) for row in found.orchestrators)}"


def _stuck(found: Overview) -> Iterator[str]:
    """Why somebody does not get on: the first reason of each."""
    lines = [
        f"- `{row.peer.circle}/{row.peer.name}` {overviewwords.board(row.stuck[0])}"
        for row in found.rows
        if row.stuck
    ]
    if lines:
        yield "\n".join(["stuck:", *lines])


def _waiting(plan: Plan, here: Peer) -> Iterator[str]:
    asked = [ask for ask in plan.view.open_asks_to(here.peer_id) if ask.asker != LINE.peer_id]
    approvals = [ask for ask in asked if ask.subject == deciding.SUBJECT]
    parts = [
        counted(len(approvals), "approval") if approvals else "",
        counted(len(asked) - len(approvals), "question") if len(asked) > len(approvals) else "",
    ]
    if any(parts):
        yield f"waiting for you: {', '.join(filter(None, parts))}"
    yield from _checkins(plan, here)
    if own := plan.view.open_asks_by(here.peer_id):
        yield f"open: {counted(len(own), 'ask')} of yours"


def _checkins(plan: Plan, here: Peer) -> Iterator[str]:
    """The last round of each that is told here, with the hour by its own wall."""
    for checkin in plan.view.checkins():
        schedule = plan.schedule(checkin.schedule_id)
        if schedule is None or checkin.looked_at is None:
            continue
        if checkin.report_to == here.name or (checkin.report_to, schedule.owner) == ("me", here.peer_id):
            at = f"{checkin.looked_at.astimezone(place(schedule.zone)):%a %H:%M}"
            news = "" if checkin.news_at == checkin.looked_at else ", nothing new"
            yield f"check-in {checkin.name}, {at}: {checkin.heard} of {len(checkin.states)} answered{news}"
