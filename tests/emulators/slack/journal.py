"""What the journal keeps of a request to Slack."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from tests.emulators import journal


@dataclass(slots=True)
class Record(journal.Record):
    channel: str = ""
    token_in_query: bool = False

    def is_held_up_by(self, told: Self) -> bool:
        return told.method == self.method and told.channel in {"", self.channel}
