"""Reading words about people's attention: what they wish, what is held back for them, what nobody answers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from daemon.core import model as m


class AttentionView(Protocol):
    """A part of ``View``."""

    def attentions(self) -> Sequence[m.Attention]: ...
    def attentions_due(self, now: datetime) -> Sequence[m.Attention]: ...
    def kept(self, person: str) -> Sequence[m.Delivery]:
        """What is held back for them, and in no digest yet."""
        ...

    def told_in(self, envelope_id: str) -> Sequence[m.Delivery]:
        """What that digest tells of, and is still held back."""
        ...

    def stuck(self) -> Sequence[m.Delivery]:
        """Stalled and uncertain deliveries: they may have arrived or not, and nothing repeats them by itself."""
        ...

    def escalations_due(self, now: datetime) -> Sequence[m.Escalation]: ...
