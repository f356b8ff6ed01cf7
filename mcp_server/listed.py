"""What each client was shown when it last read its list, so that it can be told when that is no longer all.

Lost with a restart, when nobody is told: who claims the role by the tool is told by that call, and a tool that is not
listed may be called all the same.
"""

from __future__ import annotations

from typing import Final

from mcp_server.tool import Tool

Tools = tuple[Tool, ...]
MOST: Final = 2_000  #: clients; of more than that the ones that read theirs first are forgotten


class Listed:
    """By the run of a shim; without one, by the peer."""

    def __init__(self) -> None:
        self._shown: dict[str, Tools] = {}

    def show(self, client: str, tools: Tools) -> None:
        self._shown.pop(client, None)
        self._shown[client] = tools
        if len(self._shown) > MOST:
            del self._shown[next(iter(self._shown))]

    def forget(self, client: str) -> None:
        self._shown.pop(client, None)

    def is_other(self, client: str, tools: Tools) -> bool:
        """Whether it was shown others than these."""
        return client in self._shown and self._shown[client] != tools

    def __bool__(self) -> bool:
        return bool(self._shown)
