"""The numbers the Bot API enforces, and the one way it says no.

Sources: the Bot API documentation and tdlib/telegram-bot-api's Client.cpp (wording of the errors). The
wording for too many buttons (in all, per row), which Telegram does not document, is ours.
"""

from __future__ import annotations

import re
from typing import Any

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
ENTITIES = 100
CALLBACK_BYTES = 64
BUTTONS = 100
BUTTONS_PER_ROW = 8
CALLBACK_ANSWER_UNITS = 200
COMMANDS = 100
COMMAND = re.compile(r"[a-z0-9_]{1,32}")
COMMAND_DESCRIPTION = range(1, 257)
COMMAND_SCOPES = frozenset(
    {"default", "all_private_chats", "all_group_chats", "all_chat_administrators"}
    | {"chat", "chat_administrators", "chat_member"}
)
TOPIC_NAME = range(1, 129)
DOWNLOAD_BYTES = 20 * 1024 * 1024
UPLOAD_BYTES = 50 * 1024 * 1024
PHOTO_BYTES = 10 * 1024 * 1024
POLL_SECONDS = 50
POLL_UPDATES = 100
GENERAL_TOPIC = 1

_ACTIONS = """
typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker
find_location record_video_note upload_video_note
"""
_EMOJI = """
👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤️‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾
💋 🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂️ 🤷 🤷‍♀️ 😡
"""
CHAT_ACTIONS = frozenset(_ACTIONS.split())
REACTIONS = frozenset(_EMOJI.split())
# Switched off until a bot asks for them by name.
UNASKED_UPDATES = frozenset({"chat_member", "message_reaction", "message_reaction_count"})

_PREFIX = {400: "Bad Request: ", 403: "Forbidden: ", 409: "Conflict: "}


class Refusal(Exception):
    """The answer `ok: false`, with the code and the sentence that the real server uses."""

    def __init__(self, why: str, *, code: int = 400, parameters: dict[str, Any] | None = None) -> None:
        self.code = code
        self.description = _PREFIX.get(code, "") + why
        self.parameters = parameters
        super().__init__(self.description)

    def shape(self) -> dict[str, Any]:
        answer: dict[str, Any] = {"ok": False, "error_code": self.code, "description": self.description}
        return answer | ({"parameters": self.parameters} if self.parameters else {})


def unauthorized() -> Refusal:
    return Refusal("Unauthorized", code=401)


def conflict() -> Refusal:
    return Refusal(
        "terminated by other getUpdates request; make sure that only one bot instance is running", code=409
    )


def flood(seconds: int) -> Refusal:
    sentence = f"Too Many Requests: retry after {seconds}"
    return Refusal(sentence, code=429, parameters={"retry_after": seconds})
