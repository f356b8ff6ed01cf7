"""Who is at the other end, once the guards have found out, and what such a caller may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from daemon.core.errors import NotAllowed


class Standing(StrEnum):
    AGENT = "agent"  #: inside the process tree of a registered session, or a client that polls
    OWNER = "owner"  #: at a terminal outside every agent's tree, or with the owner's token
    CLI = "cli"  #: any other program of this user
    SERVICE = "service"  #: a part of the daemon that hosts conversations


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    standing: Standing
    peer_id: str  #: whom they send as
    host: str  #: what they are called as carriers of conversations and holders of leases
    remote: bool = False  #: known by a token alone
    profile: str = ""  #: the set of tools that an MCP client calls by, where it has limits of its own

    @property
    def principal(self) -> str:
        """Whose idempotency keys they use."""
        return self.host if self.standing is Standing.SERVICE else self.peer_id


OWNER: Final = frozenset({Standing.OWNER})
ENDERS: Final = frozenset({Standing.OWNER, Standing.AGENT})  #: agents only whom they may
OUTSIDE: Final = frozenset({Standing.OWNER, Standing.CLI})  #: outside every agent
ANYBODY: Final = frozenset(Standing)
PEOPLE: Final = frozenset({Standing.OWNER, Standing.SERVICE})
HOSTS: Final = frozenset({Standing.OWNER, Standing.CLI, Standing.SERVICE})


NAMES: Final = {
    Standing.AGENT: "agents",
    Standing.OWNER: "the owner",
    Standing.CLI: "unverified programs",
    Standing.SERVICE: "surfaces",
}


def authorise(caller: Caller, may: frozenset[Standing], what: str, *, here: bool = False) -> None:
    """Let the caller pass. ``here``: only who is at the machine.

    Raises:
        NotAllowed: callers of this standing may not do that.

    """
    if caller.standing not in may:
        raise NotAllowed(
            f"to {what} is not for {NAMES[caller.standing]}",
            "do it at a terminal, outside every agent" if Standing.OWNER in may else "",
        )
    if here and caller.remote:
        raise NotAllowed(
            f"to {what} is not for who has a token only",
            "do it at the machine, at a terminal outside every agent",
        )
