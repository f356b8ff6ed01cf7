"""What a correct client never does, as a list of sentences about what this one did.

Each check reads the journal and the platform's own memory. An empty list is a client that may be let loose on the
real platform.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from tests.emulators.telegram.journal import Record
from tests.emulators.telegram.world import World

HASTE_S = 0.9  #: a failed poll is followed by another one a second later at the soonest
SPEAKING = ("sendmessage", "editmessagetext")
# A client cannot know these before it asks: what it speaks of was changed by somebody else, or the asking went
# unanswered and was repeated.
FORGIVEN = (
    "message is not modified",
    "message to edit not found",
    "message to be replied not found",
    "message to react not found",
    "message to delete not found",
    "message to pin not found",
    "message to unpin not found",
    "query is too old",
    "bot was blocked by the user",
    "was upgraded to a supergroup",
    "file is too big",
    "topic_not_modified",
    "bot was kicked",
)


def checks(world: World, *, forgiven: tuple[str, ...] = (), settled: bool = True) -> list[str]:
    """Return everything that went wrong; `forgiven` are refusals that the test itself provoked, `settled` means that
    nothing is under way any more, so whatever still waits for an answer waits in vain."""
    wrong = list(world.meter.breaches)
    for rule in (_bans, _polls, _haste, _styles, _threads, _previews, _twice, _offsets, _dropping):
        wrong += rule(world)
    wrong += _refusals(world, (*FORGIVEN, *forgiven))
    if settled:
        wrong += [
            f"a tap on {query.label!r} was never answered" for query in world.queries.values() if query.waits
        ]
    return wrong


def _bans(world: World) -> Iterator[str]:
    for record in world.journal.impatient():
        yield f"{_named(record)} came before its flood wait was over"


def _refusals(world: World, forgiven: tuple[str, ...]) -> Iterator[str]:
    for record in world.journal.records:
        said = record.refusal.lower()
        if (
            said
            and record.status not in {401, 409, 429}
            and not any(each.lower() in said for each in forgiven)
        ):
            yield f"{_named(record)} was refused: {record.refusal}"


def _polls(world: World) -> Iterator[str]:
    for record in _of(world, "getupdates"):
        if record.refusal and record.status == 409:
            yield f"two polls at once: {record.refusal}"
        if "allowed_updates" not in record.arguments:
            yield "a poll does not say which updates it wants"


def _haste(world: World) -> Iterator[str]:
    polls = list(_of(world, "getupdates"))
    for before, after in pairwise(polls):
        failed = before.status != 200 and before.ended_at is not None and before.ended_at <= after.at
        if (
            failed
            and after.at - before.at < HASTE_S
            and not world.journal.restarted_between(before.at, after.at)
        ):
            yield f"a failed poll was followed by another after {after.at - before.at:.2f} s"


def _styles(world: World) -> Iterator[str]:
    for record in world.journal.records:
        if record.arguments.get("parse_mode"):
            yield f"{_named(record)} uses a parse mode, which an agent's text can break"


def _threads(world: World) -> Iterator[str]:
    for record in world.journal.records:
        if str(record.arguments.get("message_thread_id", "")) == "1":
            yield f"{_named(record)} names the general topic, which has no thread"


def _previews(world: World) -> Iterator[str]:
    for record in world.journal.records:
        if record.method.lower() in SPEAKING and "is_disabled" not in str(
            record.arguments.get("link_preview_options")
        ):
            yield f"{_named(record)} leaves previews of links on"


def _twice(world: World) -> Iterator[str]:
    """An answer that nobody heard of may be given again; one that was taken may not."""
    taken: set[Any] = set()
    for record in _of(world, "answercallbackquery"):
        query = record.arguments.get("callback_query_id")
        if query in taken:
            yield f"tap {query} was answered twice"
        if record.status == 200 and not record.fault:
            taken.add(query)


def _offsets(world: World) -> Iterator[str]:
    for offset in world.updates.blind:
        yield f"a poll confirmed {offset - 1}, which was never handed out"
    for record in _of(world, "getupdates"):
        if str(record.arguments.get("offset", "0")).startswith("-"):
            yield "a poll throws away what waits, by a negative offset"


def _dropping(world: World) -> Iterator[str]:
    for record in world.journal.records:
        if str(record.arguments.get("drop_pending_updates", "")).lower() in {"true", "1"}:
            yield f"{record.method} throws away what people said meanwhile"


def _of(world: World, method: str) -> Iterator[Record]:
    return (record for record in world.journal.records if record.method.lower() == method)


def _named(record: Record) -> str:
    text = str(record.arguments.get("text") or record.arguments.get("caption") or "")
    return (
        f"{record.method} to {record.chat_id} ({text[:40]!r})"
        if text
        else f"{record.method} to {record.chat_id}"
    )
