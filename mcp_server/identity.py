"""Which tool call of which agent this is, as the agent's own client says in ``_meta``.

The same id was announced by the agent's hook a moment before (PreToolUse), so a call that came over a shared
or unknown connection can still be matched with its session. It is a claim to be matched, never a proof.
The shim puts it into headers, where the daemon's door sees it before the body is parsed.

Sources: Claude Code 2.1.329 sends ``claudecode/toolUseId``, Codex 0.169 ``threadId`` and ``callId``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

TOOL_USE: Final = "Peerline-Tool-Use"
THREAD: Final = "Peerline-Thread"

_ID: Final = re.compile(r"[!-~]{1,200}")  # what may stand in a header as it is


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """Both empty when the client says nothing."""

    tool_use_id: str = ""
    thread_id: str = ""

    def headers(self) -> dict[str, str]:
        said = {TOOL_USE: self.tool_use_id, THREAD: self.thread_id}
        return {name: value for name, value in said.items() if value}


def from_meta(meta: Mapping[str, Any]) -> CallIdentity:
    tool_use = _first(meta.get("claudecode/toolUseId"), meta.get("callId"))
    return CallIdentity(tool_use, _first(meta.get("threadId")))


def from_headers(headers: Mapping[str, str]) -> CallIdentity:
    return CallIdentity(_first(headers.get(TOOL_USE)), _first(headers.get(THREAD)))


def _first(*claims: object) -> str:
    return next((one for one in claims if isinstance(one, str) and _ID.fullmatch(one)), "")
