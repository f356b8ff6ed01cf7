"""What a slash command, a key, a menu, a shortcut or a filled-in modal of Slack means. Pure.

Rule: what a key chooses stands in its value, and whose finger it was in the envelope; words come from the modal alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from bots.interface import Said, Tapped
from bots.payload import text_in
from bots.slack.ids import address_of, receipt_of, reply_in, tap_in
from bots.slack.proper import is_channel, is_plain, is_ts, person_of
from daemon.core.rules.words import spoken

Shape = Mapping[str, Any]
ASK: Final = "peerline_ask"  #: callback id of the shortcut and of the modal to ask an agent
ASK_ABOUT: Final = "peerline_ask_about"  #: of the shortcut on a message; no two of an app may have the same
REPLY: Final = "peerline_reply"  #: of the modal for words of one's own
TO: Final = "to"  #: block and field of whom is asked
WORDS: Final = "words"  #: of what is said
MOST_ABOUT: Final = 3000  #: characters that Slack keeps with a modal for us


@dataclass(frozen=True, slots=True)
class About:
    """What a modal is about; Slack keeps it for us, out of sight of whoever fills it in."""

    address: str = ""
    receipt: str = ""
    around: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody wants a modal, now: the trigger lasts three seconds."""

    account: str
    trigger: str
    callback: str
    about: About


def commanded(payload: Shape) -> Said | None:
    """A slash command: an address and words, and no message that others see."""
    account = person_of(payload.get("team_id"), payload.get("user_id"))
    channel, trigger, text = payload.get("channel_id"), payload.get("trigger_id"), payload.get("text")
    if not (account and is_channel(channel) and is_plain(trigger)):
        return None
    private = channel.startswith("D")
    words = text.strip() if isinstance(text, str) else ""
    return Said(
        update_id=trigger,
        address=account if private else channel,
        account=account,
        text=spoken(words) if words else "/help",
        author=text_in(payload.get("user_name"))[:80],
        private=private,
        called=True,
        aside=True,
    )


def pressed(payload: Shape) -> Said | Tapped | None:
    match payload.get("type"):
        case "block_actions":
            return _tapped(payload)
        case "view_submission":
            return _filled_in(payload)
        case _:
            return None


def wished(payload: Shape) -> Wish | None:
    """The modal that is to be opened at once, if one is."""
    trigger, account = payload.get("trigger_id"), account_in(payload)
    if not (is_plain(trigger) and account):
        return None
    match payload:
        case {"type": "shortcut", "callback_id": "peerline_ask"}:
            return Wish(account, trigger, ASK, About(account))
        case {"type": "message_action", "callback_id": "peerline_ask_about", "message": Mapping() as message}:
            place = place_in(payload, account)
            return Wish(account, trigger, ASK, _about(place, message)) if place else None
        case {"type": "block_actions"}:
            ask = next((ask for value, _ in _chosen(payload) if (ask := reply_in(value))), "")
            place = place_in(payload, account)
            return Wish(account, trigger, REPLY, About(*place)) if ask and place else None
        case _:
            return None


def account_in(payload: Shape) -> str:
    """Whose deed it is, with their own team."""
    user, team = payload.get("user"), payload.get("team")
    if not isinstance(user, Mapping):
        return ""
    own = user.get("team_id") or (team.get("id") if isinstance(team, Mapping) else None)
    return person_of(own, user.get("id"))


def place_in(payload: Shape, account: str) -> tuple[str, str] | None:
    """The address at which the message stands that was touched, and its receipt."""
    box, message, channel = payload.get("container"), payload.get("message"), payload.get("channel")
    box, message = (each if isinstance(each, Mapping) else {} for each in (box, message))
    where = channel.get("id") if isinstance(channel, Mapping) else box.get("channel_id")
    ts, thread = box.get("message_ts") or message.get("ts"), box.get("thread_ts") or message.get("thread_ts")
    if not (is_channel(where) and is_ts(ts)):
        return None
    address = address_of(
        account if where.startswith("D") else where, thread if is_ts(thread) and thread != ts else ""
    )
    return address, receipt_of(address, ts)


def packed(about: About) -> str:
    """As Slack keeps it with the modal; what was said around is cut to what it takes."""
    told = json.dumps(asdict(about))
    shorter = replace(about, around=about.around[: len(about.around) // 2])
    return told if len(told) <= MOST_ABOUT or shorter == about else packed(shorter)


def unpacked(told: object) -> About | None:
    try:
        found = json.loads(told) if isinstance(told, str) else None
    except ValueError:
        return None
    match found:
        case {"address": str(address), "receipt": str(receipt), "around": str(around)}:
            return About(address, receipt, around)
        case _:
            return None


def _tapped(payload: Shape) -> Tapped | None:
    account = account_in(payload)
    place = place_in(payload, account) if account else None
    for value, stamp in _chosen(payload):
        chosen = tap_in(value)
        if chosen and place and is_ts(stamp):
            address, receipt = place
            return Tapped(
                update_id=f"{_channel(payload)}/{receipt.rpartition('/')[2]}/{stamp}/{account}",
                address=address,
                account=account,
                ask_id=chosen[0][:200],
                option=chosen[1],
                receipt=receipt,
            )
    return None


def _filled_in(payload: Shape) -> Said | None:
    account, view = account_in(payload), payload.get("view")
    view = view if isinstance(view, Mapping) else {}
    about = unpacked(view.get("private_metadata"))
    words, to = _field(view, WORDS), _field(view, TO)
    if not (account and about and words and is_plain(view.get("id")) and is_plain(view.get("hash"))):
        return None
    if text_in(view.get("callback_id")) not in {ASK, REPLY} or not _is_place(about.address, account):
        return None
    is_reply = view["callback_id"] == REPLY
    direct = about.address.partition("/")[0] == account
    return Said(
        update_id=f"{view['id']}/{view['hash']}",
        address=about.address,
        account=account,
        text=words,
        reply_to=about.receipt if is_reply else "",
        private=direct,
        to=to or None,
        called=True,
        thread=about.address if "/" in about.address else "",
        around=about.around,
        aside=not direct,  # whom they may ask, others there may not even know of
    )


def _is_place(address: str, account: str) -> bool:
    room, _, thread = address.partition("/")
    return (room == account or is_channel(room)) and (not thread or is_ts(thread))


def _about(place: tuple[str, str], message: Shape) -> About:
    """To ask about a message is to ask in its thread."""
    address, receipt = place
    thread = address if "/" in address else receipt
    return About(
        thread, receipt, f"{text_in(message.get('user')) or 'an app'}: {text_in(message.get('text'))}"
    )


def _chosen(payload: Shape) -> Iterator[tuple[str, str]]:
    """What stands behind each key or entry that was chosen, and when that was."""
    actions = payload.get("actions")
    for action in actions if isinstance(actions, list) else ():
        match action:
            case {"selected_option": {"value": str(value)}, "action_ts": str(stamp)}:
                yield value, stamp
            case {"value": str(value), "action_ts": str(stamp)}:
                yield value, stamp
            case _:
                pass


def _field(view: Shape, name: str) -> str:
    state = view.get("state")
    values = state.get("values") if isinstance(state, Mapping) else None
    block = values.get(name) if isinstance(values, Mapping) else None
    match block.get(name) if isinstance(block, Mapping) else None:
        case {"value": str(words)}:
            return words.strip()
        case {"selected_option": {"value": str(value)}}:
            return value
        case _:
            return ""


def _channel(payload: Shape) -> str:
    box, channel = payload.get("container"), payload.get("channel")
    where = channel.get("id") if isinstance(channel, Mapping) else None
    return text_in(where) or text_in(box.get("channel_id") if isinstance(box, Mapping) else None)
