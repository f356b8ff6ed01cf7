"""The methods that put messages into a chat, change them and take them away.

Each takes the world and the call and returns the `result`; it refuses by raising.
"""

from __future__ import annotations

from typing import Any

from tests.emulators.telegram import limits
from tests.emulators.telegram.calls import Call
from tests.emulators.telegram.chat import Chat, Message, Rows
from tests.emulators.telegram.keyboards import inline_rows, reply_keyboard
from tests.emulators.telegram.limits import Refusal
from tests.emulators.telegram.markup import parsed
from tests.emulators.telegram.text import Formatted, cleaned, units
from tests.emulators.telegram.world import World


def send_message(world: World, call: Call) -> Any:
    chat, content = chat_of(world, call), content_of(call, "text", limits.TEXT_UNITS)
    return _sent(world, call, chat, text=content.text, entities=content.entities, link_preview=_preview(call))


def send_document(world: World, call: Call) -> Any:
    chat, content = chat_of(world, call), content_of(call, "caption", limits.CAPTION_UNITS)
    upload = call.files.get(call.text("document").removeprefix("attach://") or "document")
    known = world.files.get(call.text("document"))
    if upload is None and known is None:
        raise Refusal("there is no document in the request")
    if upload is not None and len(upload.content) == 0:
        raise Refusal("file must be non-empty")
    if upload is not None and len(upload.content) > limits.UPLOAD_BYTES:
        raise Refusal("Request Entity Too Large", code=413)
    document = known or world.keep(upload.name, upload.content, "document")
    return _sent(world, call, chat, text=content.text, entities=content.entities, document=document)


def send_photo(world: World, call: Call) -> Any:
    chat, content = chat_of(world, call), content_of(call, "caption", limits.CAPTION_UNITS)
    upload = call.files.get(call.text("photo").removeprefix("attach://") or "photo")
    known = world.files.get(call.text("photo"))
    if upload is None and known is None:
        raise Refusal("there is no photo in the request")
    if upload is not None and len(upload.content) > limits.PHOTO_BYTES:
        raise Refusal("Request Entity Too Large", code=413)
    photo = known or world.keep(upload.name, upload.content, "photo")
    return _sent(world, call, chat, text=content.text, entities=content.entities, document=photo)


def edit_message_caption(world: World, call: Call) -> Any:
    message = _own_message(world, call, "edit")
    if message.document is None:
        raise Refusal("there is no caption in the message to edit")
    content = content_of(call, "caption", limits.CAPTION_UNITS)
    return _edited(world, message, content, inline_rows(call.tree("reply_markup")))


def send_message_draft(world: World, call: Call) -> Any:
    chat = chat_of(world, call)
    if chat.kind != "private":
        raise Refusal("TEXTDRAFT_PEER_INVALID")
    if not call.number("draft_id"):
        raise Refusal("RANDOM_ID_INVALID")
    chat.drafts[call.number("draft_id")] = content_of(call, "text", limits.TEXT_UNITS).text
    world.pulse.beat()
    return True


def edit_message_text(world: World, call: Call) -> Any:
    message = _own_message(world, call, "edit")
    if message.document is not None:
        raise Refusal("there is no text in the message to edit")
    content = content_of(call, "text", limits.TEXT_UNITS)
    return _edited(world, message, content, inline_rows(call.tree("reply_markup")))


def edit_message_reply_markup(world: World, call: Call) -> Any:
    message = _own_message(world, call, "edit")
    return _edited(
        world, message, Formatted(message.text, message.entities), inline_rows(call.tree("reply_markup"))
    )


def delete_message(world: World, call: Call) -> Any:
    chat = chat_of(world, call)
    message = message_of(chat, call, "delete")
    if chat.kind != "private" and message.sender != world.bot:
        raise Refusal("message can't be deleted")
    world.remove(message)
    return True


def content_of(call: Call, name: str, most: int) -> Formatted:
    """Return a text as people will see it; only a caption may be missing."""
    raw, entities = call.text(name), call.tree("caption_entities" if name == "caption" else "entities") or []
    if not raw:
        if name == "caption":
            return Formatted("")
        raise Refusal("message text is empty")
    if not isinstance(entities, list):
        raise Refusal("can't parse entities JSON object")
    mode = call.text("parse_mode")
    marked = parsed(raw, mode) if mode else Formatted(raw, tuple(entities))
    content = cleaned(marked.text, marked.entities)
    if not content.text and name == "text":
        raise Refusal("text must be non-empty")
    if units(content.text) > most:
        raise Refusal("message is too long" if name == "text" else "message caption is too long")
    return content


def _sent(world: World, call: Call, chat: Chat, **content: Any) -> Any:
    markup = call.tree("reply_markup")
    buttons, keyboard = inline_rows(markup), reply_keyboard(markup)
    thread, reply_to = _thread(chat, call), _reply(chat, call)
    silent = call.flag("disable_notification")
    message = world.post(
        chat, world.bot, buttons=buttons, reply_to=reply_to, thread_id=thread, silent=silent, **content
    )
    chat.keyboard = chat.keyboard if keyboard is None else keyboard
    chat.drafts.clear()
    return chat.shape_of(message)


def _thread(chat: Chat, call: Call) -> int | None:
    thread = call.number("message_thread_id")
    # "General" is the absence of a thread; its number is refused, although updates may carry it.
    if thread and thread not in chat.topics:
        raise Refusal("message thread not found")
    if thread in chat.closed_topics and not chat.bot_may_manage:
        raise Refusal("TOPIC_CLOSED")
    return thread or None


def _reply(chat: Chat, call: Call) -> int | None:
    asked = call.tree("reply_parameters") or {}
    answered = int(asked.get("message_id", 0)) or call.number("reply_to_message_id")
    if not answered or answered in chat.messages:
        return answered or None
    if asked.get("allow_sending_without_reply") or call.flag("allow_sending_without_reply"):
        return None
    raise Refusal("message to be replied not found")


def _preview(call: Call) -> dict[str, Any] | None:
    options = call.tree("link_preview_options")
    if options is not None and not isinstance(options, dict):
        raise Refusal("can't parse link preview options JSON object")
    return options


def _own_message(world: World, call: Call, verb: str) -> Message:
    message = message_of(chat_of(world, call), call, verb)
    if message.sender != world.bot:
        raise Refusal(f"message can't be {verb}ed")
    return message


def _edited(world: World, message: Message, content: Formatted, buttons: Rows) -> Any:
    if (content.text, content.entities, buttons) == (message.text, message.entities, message.buttons):
        raise Refusal(
            "message is not modified: specified new message content and reply markup are exactly the same as"
            " a current content and reply markup of the message"
        )
    changed = world.change(message.edited(world.now(), content, buttons))
    return world.chats[message.chat_id].shape_of(changed)


def chat_of(world: World, call: Call) -> Chat:
    if not call.text("chat_id"):
        raise Refusal("chat_id is empty")
    return world.chat(call.chat_id)


def message_of(chat: Chat, call: Call, verb: str) -> Message:
    if call.number("message_id") not in chat.messages:
        raise Refusal(f"message to {verb} not found")
    return chat.messages[call.number("message_id")]
