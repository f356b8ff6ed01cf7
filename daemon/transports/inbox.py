"""An agent's own inbox: newline JSON on a Unix socket that its process listens on.

The recipe is Claude Code 2.1.329's (its debug log prints it): an optional line ``{"type": "auth", "token": …}``, then
one ``{"type": "user", …}``. It never answers; the evidence is the prompt hook that follows. The token came with a
hook, is kept in memory only, and matters where the session asks before taking strangers' messages.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from daemon.core.model import Parcel, Session
from daemon.core.rules.frame import framed
from daemon.transports.allowance import Allowance
from daemon.transports.interface import Blocked, Carried, Failed, Gone, Outcome, Proof

PROOF_WITHIN: Final = timedelta(seconds=5)
WRITE_S: Final = 3.0


class Inbox:
    """A ``Transport``."""

    def __init__(self, tokens: Mapping[str, str], allowance: Allowance | None = None) -> None:
        self._tokens = tokens  #: by session id
        self._allowance = allowance or Allowance()

    async def carry(self, parcel: Parcel, session: Session, *, again: bool) -> Outcome:  # noqa: ARG002 -- a write leaves nothing half done
        if wait_s := self._allowance.wait_s(session.session_id):
            return Blocked(
                "the agent's inbox takes one message in two seconds now", timedelta(seconds=wait_s)
            )
        lines = [{"type": "user", "message": {"role": "user", "content": framed(parcel)}, "priority": "next"}]
        if token := self._tokens.get(session.session_id):
            lines.insert(0, {"type": "auth", "token": token})
        wire = "".join(json.dumps(line) + "\n" for line in lines)
        try:
            async with asyncio.timeout(WRITE_S):
                await _written(session.inbox, wire.encode())
        except (FileNotFoundError, ConnectionRefusedError) as error:
            return Gone(f"the agent's inbox is gone: {error.strerror}")
        except (OSError, TimeoutError) as error:
            return Failed(f"the agent's inbox did not take it: {error!r}")
        self._allowance.spend(session.session_id)
        return Carried(PROOF_WITHIN)

    async def prove(self, session: Session) -> Proof:
        """It takes connections; what is written to it is another matter, which the prompt hook tells."""
        if not session.inbox:
            return Proof("it has no messaging socket", works=False)
        try:
            async with asyncio.timeout(WRITE_S):
                await _written(session.inbox, b"")
        except (OSError, TimeoutError) as error:
            return Proof(f"its messaging socket takes no connection: {error!r}", works=False)
        return Proof("its messaging socket takes connections")


async def _written(path: str, wire: bytes) -> None:
    _, writer = await asyncio.open_unix_connection(path)
    try:
        writer.write(wire)
        writer.close()
        await writer.wait_closed()  # until the other end has taken all of it
    except asyncio.CancelledError:
        # What was not taken is neither waited for nor written later behind our back: half a line is no message.
        writer.transport.abort()
        raise
