"""What somebody who is checked in on said, compared with what they said last. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from daemon.core.model import Ask, Checkin, Peer, Situation
from daemon.core.rules import asking
from daemon.core.rules.cleaning import line

BRIEF: Final = 400  #: characters of each in a report
BLOCKED: Final = re.compile(r"\W*(?:i am |i'm |we are |still )?(?:blocked|stuck)\b", re.IGNORECASE)
AS_BEFORE: Final = re.compile(
    r"\W*(?:no (?:change|changes|news|update|updates)|(?:nothing )?unchanged|nothing (?:new|changed)|(?:the )?same)"
    r"(?: as before| since(?: last time)?)?\W*",
    re.IGNORECASE,
)


def heard(ask: Ask, peer: Peer, before: Situation | None, now: datetime) -> Situation:
    """How the peer stands after that round."""
    said = next((each for each in reversed(ask.answers) if each.sender.peer_id == peer.peer_id), None)
    so_far = before or Situation(peer_id=peer.peer_id, name=peer.name, at=now)
    if said is None:
        return replace(so_far, name=peer.name, silent=True)
    here = replace(so_far, name=peer.name, silent=False, at=said.at)
    if AS_BEFORE.fullmatch(said.text) and before is not None:
        return here
    text = said.text or ("declines" if said.how == asking.State.DECLINED else "")
    return replace(here, text=text, blocked=BLOCKED.match(text) is not None)


def news(before: Sequence[Situation], now: Sequence[Situation]) -> list[str]:
    """What changed, a line each: who is held up, who says something else, who fell silent, who is back or gone."""
    last = {each.peer_id: each for each in before}
    changed = [(each, last.get(each.peer_id)) for each in now]
    told = [(_weight(each), _line(each, was)) for each, was in changed if _differs(each, was)]
    there = {each.peer_id for each in now}
    gone = [f"gone · {each.name}" for each in before if each.peer_id not in there]
    return [text for _, text in sorted(told, key=lambda each: each[0])] + gone


def report(checkin: Checkin, news: Sequence[str]) -> str:
    """What is told of a round in which something changed."""
    of = len(checkin.states)
    head = f"check-in {checkin.name}: {len(news)} changed, {checkin.heard} of {of} answered"
    return "\n".join([head, *news])


def whole(checkin: Checkin, told: str) -> str:
    """The same, with all that was said, for whoever is to decide what follows."""
    return "\n".join([told, "", "everybody's state:", *_states(checkin)])


def _states(checkin: Checkin) -> Iterator[str]:
    for each in checkin.states:
        silent = " (silent now)" if each.silent else ""
        yield f"- {each.name}{silent}: {each.text or 'nothing said so far'}"


def _differs(now: Situation, was: Situation | None) -> bool:
    if was is None:
        return True
    return (_core(now.text), now.blocked, now.silent) != (_core(was.text), was.blocked, was.silent)


def _core(text: str) -> str:
    """What it says, however it is spaced, spelled out or ended."""
    return " ".join(re.findall(r"\w+", text.casefold()))


def _weight(now: Situation) -> int:
    return 1 if now.silent else 0 if now.blocked else 2


def _line(now: Situation, was: Situation | None) -> str:
    said = line(now.text, BRIEF)
    if now.silent:
        return f"silent · {now.name}: no answer{f'; last it said: {said}' if said else ''}"
    if was and was.silent and _core(was.text) == _core(now.text):
        return f"back · {now.name}: {said or 'nothing new'}"
    return f"{'blocked' if now.blocked else 'new'} · {now.name}: {said or '(acknowledged)'}"
