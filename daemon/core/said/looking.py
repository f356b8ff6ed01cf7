"""What a person can have looked at: what an agent last said, its work tree's difference, a file from its folder.

A word puts an errand. Somebody outside runs it and says ``FinishErrand``, which posts what was found, once. What was
found may offer choices; choosing one puts the next errand. Rule: whom a conversation does not meet, it is told
nothing of; that is looked at when the words are said, when a choice is taken, and when the result comes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from daemon.core import addressing, sending
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, UnknownPeer
from daemon.core.model import Ask, Errand, Event, Heard, Kind, Peer, Role
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.cleaning import fitted, line
from daemon.core.rules.words import BY_NAME, called
from daemon.core.said import deeds
from daemon.core.said.deeds import Talk
from daemon.core.view import Plan

CHOICE_LIFE: Final = timedelta(minutes=30)
LONGEST_ARGUMENT: Final = 4096  #: characters; no path of a system is longer
TOLD_OF: Final = 200  #: characters of an argument that the story keeps
PATCH: Final = "patch"  #: instead of a file's name: the whole difference
_UNSTORABLE: Final = dict.fromkeys((0, *range(0xD800, 0xE000)))  #: in no path that we can find again
_LABELS: Final = {PATCH: "whole patch", "..": "up"}


def _peek(talk: Talk, rest: str) -> Heard:
    return _sent(talk, "peek", _named(talk, rest, "peek"))


def _diff(talk: Talk, rest: str) -> Heard:
    name, argument = [*rest.split(maxsplit=1), "", ""][:2]
    if not argument and _is_file(name) and _perhaps(talk, name) is None:
        name, argument = "", name
    return _sent(talk, "diff", _named(talk, name, "diff"), argument)


def _get(talk: Talk, rest: str) -> Heard:
    if rest.startswith("/"):
        return _sent(talk, "get", *_inside(talk, rest))
    if named := called(rest):
        return _sent(talk, "get", deeds.peer_called(talk, named[0]), named[1])
    name, colon, path = rest.partition(":")
    if colon and (peer := _perhaps(talk, name)):
        return _sent(talk, "get", peer, path.strip())
    return _sent(talk, "get", _named(talk, "", "get"), rest)


def _new(talk: Talk, rest: str) -> Heard:
    """Somebody is to be started; whoever looks where that is says so under this errand's id, once."""
    if not rest:
        raise NotAllowed("no folder is named", "say /new PATH [backend] [text]")
    who = {"surface": talk.conversation.surface, "account": talk.person.account, "person": talk.person.name}
    argument = json.dumps({**who, "wish": fitted(rest)})
    return put(talk, "new", talk.here, argument, "looking at the folder…")


DEEDS: Final = {"peek": _peek, "diff": _diff, "get": _get, "new": _new}


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """One of what was found is to be looked at further."""
    what, peer_id, told = ask.subject.split("\n", 2)
    right = BY_NAME[what].right
    if right not in talk.person.rights:
        raise NotAllowed(f"/{what} needs the right to {right}", "the owner can grant it")
    arguments: list[str] = json.loads(told)
    peer = deeds.peer_called(talk, peer_id)
    return _sent(talk, what, peer, arguments[ask.options.index(choice)])


def changes(talk: Talk, ask: Ask) -> Heard:
    """What is changed in the work tree of an agent that waits for a decision; the decision stays open."""
    return _sent(talk, "diff", deeds.peer_called(talk, ask.asker))


def finish(plan: Plan, command: c.FinishErrand) -> None:
    """Tell what was found where it was wished for; what is told already is not told again."""
    errand = plan.errand(command.errand_id)
    if errand is None or not done(plan, errand):
        return
    here, peer = plan.peer(errand.conversation), plan.peer(errand.peer_id)
    if here is None or here.forgotten_at or peer is None:
        return
    if not addressing.standpoint_of(plan, here).meets(peer):
        return
    if command.choices:
        _offer(plan, errand, here, command)
        return
    letter = Letter(
        kind=Kind.REPLY,
        text=fitted(command.text),
        correlation_id=errand.errand_id,
        reply_to=errand.reply_to or None,
        silent=True,
        attachment=command.attachment,
        alone=errand.alone,
    )
    post(plan, LINE, [here], letter)


def done(plan: Plan, errand: Errand) -> bool:
    """Whether this is the first that is heard of its end; noted."""
    if errand.done_at:
        return False
    plan.put(replace(errand, done_at=plan.now))
    return True


def _offer(plan: Plan, errand: Errand, here: Peer, command: c.FinishErrand) -> None:
    arguments = command.choices[: sending.OPTIONS_LIMIT]
    question = c.SendAsk(
        sender=LINE.peer_id,
        to=(),
        question=fitted(command.text),
        options=labels(arguments),
        deadline=CHOICE_LIFE,
        reply_to=errand.errand_id,
    )
    subject = f"{errand.what}\n{errand.peer_id}\n{json.dumps(arguments)}"
    sending.ask_of(plan, LINE, [here], question, subject=subject, alone=errand.alone, near=errand.reply_to)


def labels(arguments: Sequence[str]) -> tuple[str, ...]:
    """What stands on the keys: the end of what is too long, and a number where two would look alike."""
    made: list[str] = []
    for n, argument in enumerate(arguments, 1):
        words = line(_LABELS.get(argument, argument), LONGEST_ARGUMENT) or f"({n})"
        label = words if len(words) <= sending.OPTION_LENGTH else f"…{words[1 - sending.OPTION_LENGTH :]}"
        number = f"{n}: "
        made.append(f"{number}{label[len(number) :]}" if label in made else label)
    return tuple(made)


def _sent(talk: Talk, what: str, peer: Peer, argument: str = "") -> Heard:
    if len(argument) > LONGEST_ARGUMENT:
        raise NotAllowed(f"a path of {len(argument)} characters", f"the limit is {LONGEST_ARGUMENT}")
    heard = put(talk, what, peer, argument, f"looking at {peer.name}…")
    evidence = line(f"{talk.person.name}: {argument}" if argument else talk.person.name, TOLD_OF)
    talk.plan.tell(Event("looked", heard.errand_id or "", peer.peer_id, what, evidence))
    return heard


def put(talk: Talk, what: str, peer: Peer, argument: str, told: str) -> Heard:
    """Put the errand, and say ``told`` meanwhile."""
    errand = Errand(
        errand_id=talk.plan.new_id("e"),
        what=what,
        peer_id=peer.peer_id,
        argument=argument.translate(_UNSTORABLE),
        conversation=talk.here.peer_id,
        reply_to=talk.near,
        asked_at=talk.plan.now,
        alone=talk.alone,
    )
    talk.plan.put(errand)
    talk.tell(told, passing=True)
    return Heard("errand", errand_id=errand.errand_id)


def _named(talk: Talk, name: str, word: str) -> Peer:
    """Who is named, else who gets this person's plain words."""
    wanted = name or talk.said.to
    peer = deeds.peer_called(talk, wanted) if wanted else deeds.chosen(talk)
    if peer is None:
        raise NotAllowed("nobody is named, and nobody is chosen", _HINTS[word])
    return peer


_HINTS: Final[Mapping[str, str]] = {
    "peek": "say /peek NAME, or choose with /to NAME first",
    "diff": "say /diff NAME, or choose with /to NAME first",
    "get": "say /get @peer PATH, or choose with /to NAME first",
}


def _is_file(word: str) -> bool:
    return word == PATCH or "." in word or "/" in word


def _perhaps(talk: Talk, name: str) -> Peer | None:
    """Who is called so, if anybody is: what stands before a colon may as well belong to a path."""
    try:
        return deeds.peer_called(talk, name) if name.strip() else None
    except UnknownPeer:
        return None


def _inside(talk: Talk, path: str) -> tuple[Peer, str]:
    """Whose folder the absolute path lies in: the deepest folder, and of several peers there the chosen one."""
    near = deeds.chosen(talk)
    seen = addressing.visible(talk.plan.view.peers(), deeds.standpoint(talk), "*")
    owning = [peer for peer in seen if peer.role is not Role.HUMAN and _lies_in(path, peer.path)]
    if not owning:
        raise NotAllowed(f'no peer here works in a folder above "{line(path, TOLD_OF)}"', _HINTS["get"])
    peer = max(owning, key=lambda one: (len(one.path), one == near))
    return peer, path.removeprefix(peer.path.rstrip("/")).lstrip("/")


def _lies_in(path: str, folder: str) -> bool:
    return folder.startswith("/") and f"{path}/".startswith(f"{folder.rstrip('/')}/")
