"""Who watches a peer is told, aloud, when it ends, stalls or asks. Rule: nobody is told what they learn anyway."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from daemon.core.model import Follow, Kind
from daemon.core.posting import LINE, Letter, post
from daemon.core.rules.attention import Matter
from daemon.core.view import Plan

WATCH: Final = "watch"


def tell(plan: Plan, peer_id: str, text: str, knowing: Collection[str] = ()) -> None:
    """Tell every conversation that watches the peer; ``knowing``: ids of those that learn it anyway."""
    for follow in plan.view.follows(peer_id):
        if follow.what == WATCH and follow.conversation not in knowing:
            say(plan, follow, text)


def say(plan: Plan, follow: Follow, text: str, matter: Matter = Matter.FAILURE) -> None:
    """Tell one of them."""
    here, peer = plan.peer(follow.conversation), plan.peer(follow.peer_id)
    if here and peer:
        post(plan, LINE, [here], Letter(kind=Kind.NOTICE, text=f"{peer.name} {text}", matter=matter))
