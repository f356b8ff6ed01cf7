"""What Slack tells means this. Pure.

One person, in person, in their direct messages or in a channel: whatever kind of thing it is, nobody else is heard. Not
bots, not what an app posted in somebody's name, not ourselves. Whose it is comes from the envelope alone, with the team
of whoever did it: a shared channel has people of other teams.

Rule: the same deed has the same id however it is told. A mention comes as two events, and all come again when in doubt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bots.interface import Deleted, Edited, Heard, PlaceChanged, Raw, Reacted, Said, Tapped
from bots.payload import timed
from bots.slack import pressing
from bots.slack.ids import address_of, receipt_of
from bots.slack.proper import is_channel, is_plain, is_ts, number_of, person_of
from bots.slack.wording import Words, files_in, words_of
from daemon.core.model import File
from daemon.core.rules.words import hurries, spoken

Shape = Mapping[str, Any]
EVENTS, INTERACTIVE, COMMANDS = "events_api", "interactive", "slash_commands"
#: Messages of other subtypes tell of the channel, not of what somebody says.
SAID: Final = frozenset({"file_share", "thread_broadcast", "me_message"})
#: A message with one of these is not the words of the person it is from.
NOT_IN_PERSON: Final = ("bot_id", "bot_profile", "hidden", "app_id", "inviter")
#: What nobody reads again, or nobody else is to read.
NOT_KEPT: Final = frozenset(
    {"blocks", "token", "response_url", "response_urls", "authorizations", "elements"}
)
SHUT: Final = {
    "channel_left": "we were removed from the channel",
    "group_left": "we were removed from the channel",
    "channel_archive": "the channel is archived",
    "group_archive": "the channel is archived",
    "channel_deleted": "the channel is deleted",
    "group_deleted": "the channel is deleted",
}
STOP: Final = "/stop"
OPENED: Final = frozenset({"channel_unarchive", "group_unarchive", "member_joined_channel"})


@dataclass(frozen=True, slots=True)
class Me:
    """Our app in its workspace."""

    team: str
    user: str
    bot: str = ""


@dataclass(frozen=True, slots=True)
class Scene:
    """Where a message stands, and whose it is."""

    channel: str
    account: str
    ts: str
    thread: str = ""

    @property
    def private(self) -> bool:
        return self.channel.startswith("D")

    @property
    def room(self) -> str:
        return self.account if self.private else self.channel

    @property
    def address(self) -> str:
        return address_of(self.room, self.thread)

    @property
    def receipt(self) -> str:
        return receipt_of(self.address, self.ts)


def raw_of(kind: str, payload: Shape, me: Me) -> Raw | None:
    """What is to be kept of an envelope, or None: it is nothing to us, whatever else is known."""
    heard = heard_in(kind, payload, me)
    if heard is None:
        return None
    brake = isinstance(heard, Said) and not heard.forwarded and hurries(heard.text)
    return Raw(
        update_id=heard.update_id,
        lane=heard.address,
        body=json.dumps({"kind": kind, "payload": slim(payload)}),
        hurried=brake or isinstance(heard, Tapped),
        said_at=_said_at(payload),
    )


def _said_at(payload: Shape) -> str | None:
    """Of a word, a change or a key that was pressed; a slash command has no time of its own."""
    event, actions = payload.get("event"), payload.get("actions")
    match event or (actions[:1] if isinstance(actions, list) else None):
        case {"event_ts": stamp} | {"ts": stamp} | [{"action_ts": stamp}]:
            return timed(number_of(stamp)) if is_ts(stamp) else None
        case _:
            return None


def heard_in(kind: str, payload: Shape, me: Me, files: Sequence[File] | None = None) -> Heard | None:
    """Return what somebody did, or None: not for us, or not in a shape that we know.

    ``files``: those that came with it; None: they are not looked at yet.
    """
    match kind:
        case "events_api":
            return _told(payload, me, files)
        case "interactive":
            return pressing.pressed(payload)
        case "slash_commands":
            return pressing.commanded(payload)
        case _:
            return None


def message_in(payload: Shape) -> Shape:
    """The message that an event brings; {} where there is none."""
    event = payload.get("event")
    return event if isinstance(event, Mapping) else {}


def slim(shape: Any) -> Any:
    """The same without what is not kept."""
    if isinstance(shape, Mapping):
        return {name: slim(each) for name, each in shape.items() if name not in NOT_KEPT}
    return [slim(each) for each in shape] if isinstance(shape, list) else shape


def _told(payload: Shape, me: Me, files: Sequence[File] | None) -> Heard | None:
    event, team = message_in(payload), payload.get("team_id")
    match event.get("type"):
        case "message" if event.get("subtype") == "message_changed":
            return _changed(event, team, me)
        case "message" if event.get("subtype") == "message_deleted":
            return _deleted(event, event.get("deleted_ts"), team, me)
        case "message" | "app_mention":
            return _said(event, team, me, files)
        case "agent_session_stopped":
            return _stopped(event, payload.get("event_id"), team)
        case "reaction_added":
            return _reacted(event, payload.get("event_id"), team, me)
        case str(kind) if kind in SHUT or kind in OPENED:
            return _moved(event, kind, payload.get("event_id"), me)
        case _:
            return None


def scene_of(message: Shape, channel: object, team: object, me: Me) -> Scene | None:
    """The gate: a person by their ids, in person, and not ourselves."""
    ts, thread, user = message.get("ts"), message.get("thread_ts"), message.get("user")
    own = next((x for x in (message.get(n) for n in ("user_team", "source_team", "team")) if x), team)
    account = person_of(own, user)
    if not (
        isinstance(channel, str) and is_channel(channel) and isinstance(ts, str) and is_ts(ts) and account
    ):
        return None
    if user in {me.user, "USLACKBOT"} or any(message.get(sign) for sign in NOT_IN_PERSON):
        return None
    if thread is not None and not is_ts(thread):
        return None
    return Scene(channel, account, ts, thread if isinstance(thread, str) and thread != ts else "")


def _said(event: Shape, team: object, me: Me, files: Sequence[File] | None) -> Said | None:
    scene = scene_of(event, event.get("channel"), team, me)
    if scene is None or not _is_said(event):
        return None
    words = words_of(event, me.user)
    brings = files_in(event) if files is None else files
    if words.elsewhere and not scene.private and event.get("type") != "app_mention":
        return None
    if not (words.text or brings or words.called):
        return None
    return Said(
        update_id=f"{scene.channel}/{scene.ts}",
        address=scene.address,
        account=scene.account,
        text=_meant(words),
        reply_to=receipt_of(scene.room, scene.thread) if scene.thread else "",
        private=scene.private,
        receipt=scene.receipt,
        called=not scene.private and words.called,
        files=tuple(files or ()),
        forwarded=words.author,
        thread=_thread(scene),
    )


def _is_said(message: Shape) -> bool:
    subtype = message.get("subtype")
    return subtype is None or (isinstance(subtype, str) and subtype in SAID)


def _thread(scene: Scene) -> str:
    """Direct messages at top level are plain talk; in a channel each line may begin a thread."""
    return scene.address if scene.thread else "" if scene.private else address_of(scene.room, scene.ts)


def _meant(words: Words) -> str:
    """Whoever calls us by name needs no slash, which cannot be typed in a thread."""
    return spoken(words.text) if words.called and not words.author else words.text


def _changed(event: Shape, team: object, me: Me) -> Heard | None:
    message, before = event.get("message"), event.get("previous_message")
    if not isinstance(message, Mapping):
        return None
    if message.get("subtype") == "tombstone":
        return _deleted(event, message.get("ts"), team, me)
    edited, scene = message.get("edited"), scene_of(message, event.get("channel"), team, me)
    stamp = edited.get("ts") if isinstance(edited, Mapping) else None
    if scene is None or not is_ts(stamp) or not _is_said(message):
        return None
    words = words_of(message, me.user)
    same = isinstance(before, Mapping) and before.get("text") == message.get("text")
    if words.author or not words.text or same:
        return None
    return Edited(
        update_id=f"{scene.channel}/{scene.ts}/{stamp}",
        address=scene.address,
        account=scene.account,
        receipt=scene.receipt,
        text=_meant(words),
    )


def _deleted(event: Shape, ts: object, team: object, me: Me) -> Deleted | None:
    """Whose it was is told with what it was."""
    before = event.get("previous_message")
    scene = scene_of(before, event.get("channel"), team, me) if isinstance(before, Mapping) else None
    if scene is None or scene.ts != ts:
        return None
    return Deleted(
        update_id=f"{scene.channel}/{scene.ts}/deleted",
        address=scene.address,
        account=scene.account,
        receipt=scene.receipt,
    )


def _reacted(event: Shape, event_id: object, team: object, me: Me) -> Reacted | None:
    """On what we showed; in which thread that stands Slack does not say."""
    item, sign = event.get("item"), event.get("reaction")
    account = person_of(event.get("user_team") or team, event.get("user"))
    if not (isinstance(item, Mapping) and isinstance(sign, str) and account and is_plain(event_id)):
        return None
    channel, ts = item.get("channel"), item.get("ts")
    if not (isinstance(channel, str) and is_channel(channel) and is_ts(ts)) or event.get("user") == me.user:
        return None
    if event.get("item_user", me.user) != me.user:
        return None
    scene = Scene(channel, account, str(ts))
    return Reacted(
        update_id=str(event_id), address=scene.room, account=account, receipt=scene.receipt, sign=sign[:64]
    )


def _stopped(event: Shape, event_id: object, team: object) -> Said | None:
    """Slack's own stop key, in the thread of whoever is at work: the same as the word."""
    channel, thread = event.get("channel"), event.get("thread_ts")
    account = person_of(team, event.get("user"))
    if not (account and isinstance(channel, str) and is_channel(channel) and is_plain(event_id)):
        return None
    scene = Scene(channel, account, "", thread if is_ts(thread) else "")  # a key is no message
    return Said(
        update_id=str(event_id),
        address=scene.address,
        account=account,
        text=STOP,
        private=scene.private,
        called=not scene.private,
        thread=scene.address if scene.thread else "",
    )


def _moved(event: Shape, kind: str, event_id: object, me: Me) -> PlaceChanged | None:
    channel = event.get("channel")
    about_us = kind != "member_joined_channel" or event.get("user") == me.user
    if not (isinstance(channel, str) and is_channel(channel) and about_us and is_plain(event_id)):
        return None
    return PlaceChanged(update_id=str(event_id), address=channel, closed=SHUT.get(kind, ""))
