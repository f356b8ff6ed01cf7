"""What a bot may ask for: the table of the Bot API's methods, and the small ones among them.

A function takes the world and the call, and returns the `result`; it refuses by raising.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tests.emulators.telegram import limits, sending, topics, webhook
from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.sending import chat_of, message_of
from tests.emulators.telegram.text import units
from tests.emulators.telegram.world import World


def get_me(world: World, call: Call) -> Any:
    can = {"can_join_groups": True, "supports_inline_queries": False, "has_topics_enabled": True}
    return world.bot.shape() | can | {"can_read_all_group_messages": not world.privacy}


def answer_callback_query(world: World, call: Call) -> Any:
    query = world.queries.get(call.text("callback_query_id"))
    if query is None or query.answered or query.too_old:
        raise Refusal("query is too old and response timeout expired or query ID is invalid")
    if units(call.text("text")) > limits.CALLBACK_ANSWER_UNITS:
        raise Refusal("MESSAGE_TOO_LONG")
    query.answered, query.toast, query.alert = True, call.text("text"), call.flag("show_alert")
    world.pulse.beat()
    return True


def send_chat_action(world: World, call: Call) -> Any:
    chat = chat_of(world, call)
    if call.text("action") not in limits.CHAT_ACTIONS:
        raise Refusal("wrong parameter action in request")
    chat.actions.append(call.text("action"))
    world.pulse.beat()
    return True


def set_message_reaction(world: World, call: Call) -> Any:
    message = message_of(chat_of(world, call), call, "react")
    emoji = tuple(str(one.get("emoji", "")) for one in call.tree("reaction") or [])
    if not limits.REACTIONS.issuperset(emoji):
        raise Refusal("REACTION_INVALID")
    if len(emoji) > 1:
        raise Refusal("REACTIONS_TOO_MANY")
    world.change(replace(message, reactions=emoji), "reacted")
    return True


def pin_chat_message(world: World, call: Call) -> Any:
    chat = chat_of(world, call)
    chat.pinned.append(message_of(chat, call, "pin").message_id)
    world.pulse.beat()
    return True


def unpin_chat_message(world: World, call: Call) -> Any:
    chat = chat_of(world, call)
    pinned = call.number("message_id", (chat.pinned or [0])[-1])
    if pinned not in chat.pinned:
        raise Refusal("message to unpin not found")
    chat.pinned.remove(pinned)
    world.pulse.beat()
    return True


def get_chat(world: World, call: Call) -> Any:
    limits_of_every_chat = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": _NO_GIFTS}
    return chat_of(world, call).shape() | limits_of_every_chat


_NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"), False
)


def set_my_commands(world: World, call: Call) -> Any:
    commands = call.tree("commands") or []
    if len(commands) > limits.COMMANDS:
        raise Refusal("BOT_COMMANDS_TOO_MUCH")
    for one in commands:
        if not limits.COMMAND.fullmatch(one.get("command", "").removeprefix("/")):
            raise Refusal("BOT_COMMAND_INVALID")
        if units(one.get("description", "")) not in limits.COMMAND_DESCRIPTION:
            raise Refusal("BOT_COMMAND_DESCRIPTION_INVALID")
    if (call.tree("scope") or {"type": "default"}).get("type") not in limits.COMMAND_SCOPES:
        raise Refusal("Unsupported type specified")
    world.commands[_scope(call)] = commands
    world.pulse.beat()
    return True


def get_my_commands(world: World, call: Call) -> Any:
    return world.commands.get(_scope(call), [])


def delete_my_commands(world: World, call: Call) -> Any:
    world.commands.pop(_scope(call), None)
    return True


def get_file(world: World, call: Call) -> Any:
    document = world.files.get(call.text("file_id"))
    if document is None:
        raise Refusal("wrong file_id or the file is temporarily unavailable")
    if document.size > limits.DOWNLOAD_BYTES:
        raise Refusal("file is too big")
    unique = f"u{document.file_id}"
    return {
        "file_id": document.file_id,
        "file_unique_id": unique,
        "file_size": document.size,
        "file_path": document.path,
    }


def unpin_all(world: World, call: Call) -> Any:
    chat_of(world, call).pinned.clear()
    world.pulse.beat()
    return True


def get_chat_member(world: World, call: Call) -> Any:
    chat, user_id = chat_of(world, call), call.number("user_id")
    if user_id == world.bot.user_id:
        return {"user": world.bot.shape(), "status": "administrator" if chat.bot_may_manage else "member"}
    if user_id not in chat.members:
        raise Refusal("PARTICIPANT_ID_INVALID")
    return {"user": chat.members[user_id].shape(), "status": "member"}


def leave_chat(world: World, call: Call) -> Any:
    chat_of(world, call).closed_because = "bot is not a member of the chat"
    return True


Method = Callable[[World, Call], Any]
# Names are lower case here because the real server does not mind the case either.
METHODS: dict[str, Method] = {
    "getme": get_me,
    "sendmessage": sending.send_message,
    "senddocument": sending.send_document,
    "sendmessagedraft": sending.send_message_draft,
    "editmessagetext": sending.edit_message_text,
    "editmessagereplymarkup": sending.edit_message_reply_markup,
    "deletemessage": sending.delete_message,
    "answercallbackquery": answer_callback_query,
    "sendchataction": send_chat_action,
    "setmessagereaction": set_message_reaction,
    "pinchatmessage": pin_chat_message,
    "unpinchatmessage": unpin_chat_message,
    "createforumtopic": topics.create_forum_topic,
    "editforumtopic": topics.edit_forum_topic,
    "closeforumtopic": topics.close_forum_topic,
    "reopenforumtopic": topics.reopen_forum_topic,
    "deleteforumtopic": topics.delete_forum_topic,
    "editgeneralforumtopic": topics.edit_general_forum_topic,
    "unpinallforumtopicmessages": topics.unpin_all_in_topic,
    "getforumtopiciconstickers": topics.icon_stickers,
    "unpinallchatmessages": unpin_all,
    "getchatmember": get_chat_member,
    "leavechat": leave_chat,
    "sendphoto": sending.send_photo,
    "editmessagecaption": sending.edit_message_caption,
    "getchat": get_chat,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "getfile": get_file,
    "setwebhook": webhook.set_webhook,
    "deletewebhook": webhook.delete_webhook,
    "getwebhookinfo": webhook.webhook_as_told,
}


async def perform(world: World, call: Call) -> Any:
    """Return the result of any method, the waiting one too.

    Raises:
        Refusal: the server says no.
    """
    name = call.method.lower()
    if name == "getupdates":
        if world.webhook:
            raise Refusal(
                "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
                code=409,
            )
        world.updates.allow(call.tree("allowed_updates"))
        seconds = min(max(call.number("timeout"), 0), limits.POLL_SECONDS)
        limit = min(max(call.number("limit", limits.POLL_UPDATES), 1), limits.POLL_UPDATES)
        return await world.updates.poll(call.number("offset"), limit, seconds)
    if name not in METHODS:
        raise Refusal("Not Found", code=404)
    return METHODS[name](world, call)


def _scope(call: Call) -> str:
    scope = call.tree("scope") or {"type": "default"}
    return ":".join(str(value) for value in (*scope.values(), call.text("language_code")) if value)
