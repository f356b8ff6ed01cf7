"""Topics of a forum, or of a private chat in threaded mode: made, renamed, closed and opened again.

Rule: what is so already is as good as done. A private chat's topics cannot be closed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol

from bots.interface import NotEver
from bots.telegram.translate import room_of, thread_of
from daemon.core.topics import CLOSE, MAKE, RENAME, REOPEN

LONGEST_NAME: Final = 128
GONE: Final = ("thread not found", "topic_deleted", "topic_id_invalid")
_SO_ALREADY: Final = ("not_modified", "not modified")


class Arranges(Protocol):
    """What of the Bot API is needed for it."""

    async def account(self) -> Mapping[str, Any]: ...
    async def make_topic(self, chat: int, name: str) -> int: ...
    async def change_topic(self, method: str, chat: int, topic: int, **more: str) -> None: ...


async def arrange(api: Arranges, address: str, deed: str, title: str) -> str:
    """Return the address of the topic.

    Raises:
        NotEver: the chat has no topics, or we may not; and whatever else a request raises.

    """
    chat, topic, private = int(room_of(address)), thread_of(address), not address.startswith("-")
    if deed == MAKE:
        if private and not (await api.account()).get("has_topics_enabled"):
            raise NotEver("the bot's private chats have no topics: switch on Threaded Mode at BotFather")
        return f"{chat}/{await api.make_topic(chat, title[:LONGEST_NAME])}"
    if topic is not None and not (private and deed in {CLOSE, REOPEN}):
        more = {"name": title[:LONGEST_NAME]} if deed == RENAME else {}
        try:
            await api.change_topic(_METHODS[deed], chat, topic, **more)
        except NotEver as never:
            if not any(known in str(never).lower() for known in _SO_ALREADY):
                raise
    return address


def is_gone(never: NotEver) -> bool:
    """Whether it was the topic that was refused: somebody deleted it."""
    return any(known in str(never).lower() for known in GONE)


_METHODS: Final = {RENAME: "editForumTopic", CLOSE: "closeForumTopic", REOPEN: "reopenForumTopic"}
