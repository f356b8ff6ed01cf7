"""Ending by itself, where the configuration wishes it (``daemon.idle_exit_s``)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from cli.house import House
from daemon.engine.idling import Idling


def idling(house: House) -> list[Coroutine[Any, Any, None]]:
    """What runs for it: nothing, where nobody wishes it or a chat is listened to."""
    after_s, patience = house.settings.daemon.idle_exit_s, house.patience
    if not after_s:
        return []
    watcher = Idling(
        house.engine,
        after_s,
        visits=lambda: patience.visits,
        busy=lambda: patience.present > 0 or house.chats.hosting,
        stop=house.stopping.set,
    )
    return [watcher.run()]
