"""What the journal keeps of a request to Telegram."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from tests.emulators import journal


@dataclass(slots=True)
class Record(journal.Record):
    chat_id: int | None = None

    def is_held_up_by(self, told: Self) -> bool:
        asked_alike = told.method == self.method or told.chat_id is not None
        return asked_alike and told.chat_id == self.chat_id
