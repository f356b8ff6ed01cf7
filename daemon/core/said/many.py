"""Asking everybody of a circle or a role by talking: ``@circle:dev text``, ``@role:agent text``.

Rule: it costs the attention of each of them, so it needs the same right as a broadcast does.
"""

from __future__ import annotations

from dataclasses import replace

from daemon.core import addressing, sending
from daemon.core import commands as c
from daemon.core.errors import NotAllowed
from daemon.core.model import Heard, Status
from daemon.core.posting import stamp
from daemon.core.rules.words import BY_NAME
from daemon.core.said import deeds
from daemon.core.said.deeds import Talk


def asked(talk: Talk, group: str, text: str) -> Heard | None:
    """One question to all of them; their answers come together, as one message. None: one peer is called.

    Raises:
        NotAllowed: the person may not, or nothing is asked.
        UnknownPeer: nobody is meant.

    """
    if not addressing.is_group(group):
        return None
    right = BY_NAME["broadcast"].right
    if right not in talk.person.rights:
        raise NotAllowed(f"asking all of {group} needs the right to {right}", "the owner can grant it")
    if not text.strip() and not talk.said.files:
        raise NotAllowed(f"nothing is asked of {group}", f"say @{group} text")
    to = addressing.several(talk.plan, deeds.standpoint(talk), (group,))
    command = c.SendAsk(sender=talk.here.peer_id, to=(group,), question=deeds.words_of(talk, text))
    shown = sending.ask_of(talk.plan, stamp(talk.plan, talk.here, talk.person.name), to, command)
    talk.plan.put(replace(shown.ask, conversation=talk.here.peer_id, said_as=talk.said.receipt))
    away = [each.peer.name for each in shown.carriages if each.status is Status.OFFLINE]
    kept = f"; offline, and asked when they are back: {', '.join(away)}" if away else ""
    talk.tell(f"to {', '.join(peer.name for peer in to)}{kept}", passing=True)
    return Heard("ask", shown.ask.ask_id)
