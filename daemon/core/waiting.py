"""Who does nothing but wait for an answer, and that no ring of them closes.

Rule: a wait is refused if it could never end. Whoever does not wait can answer; whoever waits can, once enough of
those that it waits for can: of an ask to several as many as it still needs, so that nobody counts without whom it can
be satisfied. Who is left over would wait for each other until time is up. People are never left over, nor are the
programs that share the name of the command line: they do not wait as agents do.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from daemon.core import commands as c
from daemon.core.errors import WaitingRing
from daemon.core.model import AGENTS, Ask, Peer, Sender
from daemon.core.rules import asking
from daemon.core.view import Plan

Waits = Mapping[str, Sequence[Ask]]  #: by who waits


def held(plan: Plan, sender: Sender, ask: Ask, wait: timedelta | None) -> Ask:
    """A new ask, as one whose asker waits from the start.

    Raises:
        WaitingRing: it would wait for somebody who waits for it.

    """
    if not wait or not _blocks(sender):
        return ask
    _check(plan, ask)
    return replace(ask, waited_until=plan.now + wait)


def begin(plan: Plan, command: c.AwaitAsk) -> datetime | None:
    """Until when its asker is known to wait for it; None: whoever looks is not held up by it.

    Raises:
        WaitingRing: as above.

    """
    ask, asker = plan.ask(command.ask_id), plan.peer(command.by)
    if ask is None or asker is None or asking.is_over(ask) or ask.asker != command.by or not _blocks(asker):
        return None
    _check(plan, ask)
    until = max(plan.now + command.wait, ask.waited_until or plan.now)  # it was asked with a wait perhaps
    if until != ask.waited_until:
        plan.put(replace(ask, waited_until=until))
    return until


def leave(plan: Plan, command: c.LeaveAsk) -> None:
    ask = plan.ask(command.ask_id)
    if ask and ask.asker == command.by and ask.waited_until and ask.waited_until <= command.until:
        plan.put(replace(ask, waited_until=None))


def forget(plan: Plan) -> None:
    """A new run of the daemon: nobody who waited is connected any more."""
    for ask in plan.view.asks_waited_for():
        plan.put(replace(plan.ask(ask.ask_id) or ask, waited_until=None))


def _blocks(who: Peer | Sender) -> bool:
    return who.role in AGENTS and who.backend != "cli"


def _check(plan: Plan, ask: Ask) -> None:
    waits: dict[str, list[Ask]] = {ask.asker: [ask]}
    for stale in plan.view.asks_waited_for():
        other = plan.ask(stale.ask_id) or stale
        if _goes_on(plan, other) and other.ask_id != ask.ask_id:
            waits.setdefault(other.asker, []).append(other)
    stuck = _stuck(waits)
    if ask.asker in stuck:
        raise _refusal(plan, ask, _ring(ask.asker, waits, stuck))


def _goes_on(plan: Plan, ask: Ask) -> bool:
    """Its asker is there, and waits."""
    asker = plan.peer(ask.asker)
    waits = ask.waited_until is not None and ask.waited_until > plan.now and not asking.is_over(ask)
    return waits and asker is not None and plan.session_of(asker) is not None


def _stuck(waits: Waits) -> set[str]:
    """Those whose waiting never ends, however much everybody else answers."""
    stuck = set(waits)
    while freed := {who for who in stuck if all(_is_met(ask, stuck) for ask in waits[who])}:
        stuck -= freed
    return stuck


def _is_met(ask: Ask, stuck: set[str]) -> bool:
    able = sum(peer_id not in stuck for peer_id in asking.awaited(ask))
    return able >= asking.lacking(ask)


def _ring(start: str, waits: Waits, stuck: set[str]) -> list[tuple[str, Ask]]:
    """From who would wait, each with the ask by which it waits for the next, and back."""
    found = deque[list[tuple[str, Ask]]]([[]])
    met = set[str]()
    while found:
        way = found.popleft()
        here = _next(way) if way else start
        for there, ask in _onward(here, waits, stuck):
            if there == start:
                return [*way, (there, ask)]
            if there not in met:
                met.add(there)
                found.append([*way, (there, ask)])
    return []


def _next(way: Sequence[tuple[str, Ask]]) -> str:
    return way[-1][0]


def _onward(here: str, waits: Waits, stuck: set[str]) -> Iterator[tuple[str, Ask]]:
    for ask in waits.get(here, ()):
        if not _is_met(ask, stuck):
            yield from ((there, ask) for there in asking.awaited(ask) if there in stuck)


def _refusal(plan: Plan, ask: Ask, ring: Sequence[tuple[str, Ask]]) -> WaitingRing:
    asker = plan.peer(ask.asker)
    circle = asker.circle if asker else ""
    names = [_name(plan, ask.asker, circle), *(_name(plan, there, circle) for there, _ in ring)]
    steps = [f"{one} waits for {other}" for one, other in pairwise(names[1:])]
    would = f"{names[0]} would wait for {names[1]}" if ring else f"{names[0]} would wait for itself"
    first = (
        f"answer {ring[-1][1].ask_id} of {names[-2]} first" if ring else "answer first what you were asked"
    )
    return WaitingRing(", ".join([*steps, would]), f"ask without waiting, or {first}")


def _name(plan: Plan, peer_id: str, circle: str) -> str:
    peer = plan.peer(peer_id)
    if peer is None:
        return peer_id
    return peer.name if peer.circle == circle else f"{peer.circle}/{peer.name}"
