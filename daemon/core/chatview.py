"""Reading words about chats: conversations, people, groups, what came from there and what is shown there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from daemon.core import model as m


class ChatView(Protocol):
    """A part of ``View``."""

    def conversation_at(self, surface: str, address: str) -> m.Conversation | None: ...
    def conversations(self, surface: str) -> Sequence[m.Conversation]: ...  #: but threads that are forgotten
    def people(self, surface: str) -> Sequence[m.Person]: ...
    def places(self, surface: str) -> Sequence[m.Place]: ...
    def ended_locks(self) -> Sequence[m.Lock]: ...  #: the newest first, no more than a few
    def incoming(self, surface: str) -> Sequence[m.Incoming]:
        """What came and is not done."""
        ...

    def newest_incoming(self, surface: str) -> Sequence[tuple[str, str]]: ...  #: (lane, update id)
    def next_shown(self, peer_id: str) -> m.Delivery | None:
        """What a conversation shows, or is to show next: by lanes (``outbox.lane``), in each the oldest first."""
        ...

    def changes_waiting(self, peer_id: str, card: str) -> Sequence[m.Delivery]:
        """Changes of what that envelope shows that are not under way."""
        ...

    def shown(self, peer_id: str, receipt: str) -> m.Delivery | None:
        """The delivery that was shown, or a part of which was shown, as that."""
        ...

    def said_as(self, receipt: str) -> m.Ask | None:
        """The last ask that the words of that message became."""
        ...
