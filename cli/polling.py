"""What a client that polls is: told by its command line or its variables, else by what it calls itself.

``antigravity-client`` is what others report of Google's Antigravity; we have not seen it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from daemon.core.errors import Malformed

PLAIN: Final = "mcp"
NAMED: Final = {"antigravity": "antigravity", "antigravity-client": "antigravity"}
KNOWN: Final = (*sorted(set(NAMED.values())), PLAIN)
WISH: Final = "Peerline-Backend"
ABOUT: Final = (
    "io.modelcontextprotocol/clientInfo"  #: in the ``_meta`` of every request of the newest protocol
)


def backend_of(wish: str, said: Mapping[str, Any]) -> str:
    """The client's backend, from the header ``WISH`` and the request that it begins with.

    Raises:
        Malformed: it is to be what no client that polls can be.

    """
    if wish and wish not in KNOWN:
        raise Malformed(f'no backend "{wish[:80]}" for a client that polls', f"it may be {', '.join(KNOWN)}")
    return wish or NAMED.get(name_of(said).lower(), PLAIN)


def name_of(said: Mapping[str, Any]) -> str:
    """What the client calls itself in this request; "" if it does not."""
    params = _member(said, "params")
    about = _member(params, "clientInfo") or _member(_member(params, "_meta"), ABOUT)
    name = _member(about, "name")
    return name if isinstance(name, str) else ""


def _member(holder: object, key: str) -> object:
    return holder.get(key) if isinstance(holder, Mapping) else None
