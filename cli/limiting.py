"""How much may be sent, as the configuration says: by everybody, to one peer, and by the tools of claude-peers."""

from __future__ import annotations

from daemon.api.limits import Limits, Narrow, Window
from daemon.settings import Settings
from mcp_server.profiles import CLAUDE_PEERS


def limits_of(settings: Settings) -> Limits:
    told = settings.limits
    seldom = Window("limits.claude_peers_per_minute", told.claude_peers_per_minute)
    return Limits(
        Window("limits.peer_per_minute", told.peer_per_minute),
        Window("limits.pair_per_minute", told.pair_per_minute),
        {CLAUDE_PEERS: Narrow("limits.claude_peers_characters", told.claude_peers_characters, seldom)},
    )
