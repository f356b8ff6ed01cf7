"""Every URL, once. Both the daemon's router and the clients are made of these names."""

from __future__ import annotations

from typing import Final

V1: Final = "/v1"
HEALTH: Final = "/health"
OPENAPI: Final = "/openapi.json"
MCP: Final = "/mcp"
MCP_RECEIPTS: Final = "/mcp/receipts"
MCP_CHANNEL: Final = "/mcp/channel"  #: where a shim hears what is said to its agent of our own accord

WHOAMI: Final = f"{V1}/whoami"
PEERS: Final = f"{V1}/peers"
PEER: Final = f"{V1}/peers/{{id}}"
KILL: Final = f"{V1}/peers/{{id}}/kill"
MESSAGES: Final = f"{V1}/messages"
COLLECT: Final = f"{V1}/messages/collect"
CONFIRM: Final = f"{V1}/messages/confirm"
HISTORY: Final = f"{V1}/messages/history"
ASKS: Final = f"{V1}/asks"
ASK: Final = f"{V1}/asks/{{id}}"
ANSWER: Final = f"{V1}/asks/{{id}}/answer"
CANCEL: Final = f"{V1}/asks/{{id}}/cancel"
WHY: Final = f"{V1}/why/{{id}}"
EVENTS: Final = f"{V1}/events"
HOOKS: Final = f"{V1}/hooks/{{agent}}/{{event}}"
SAYS: Final = f"{V1}/says"
TAPS: Final = f"{V1}/taps"
EDITS: Final = f"{V1}/edits"
DELETIONS: Final = f"{V1}/deletions"
MARKS: Final = f"{V1}/marks"
PLACES: Final = f"{V1}/places"
UPDATES: Final = f"{V1}/updates"
UPDATES_DONE: Final = f"{V1}/updates/done"
PARCELS: Final = f"{V1}/parcels"
DELIVERY: Final = f"{V1}/deliveries/{{id}}/{{verb}}"
CONVERSATIONS: Final = f"{V1}/conversations"
CONVERSATION: Final = f"{V1}/conversations/{{id}}"
BEATS: Final = f"{V1}/beats"
PEOPLE: Final = f"{V1}/people"
PERSON: Final = f"{V1}/people/{{surface}}/{{account}}"
SURFACE: Final = f"{V1}/surfaces/{{surface}}"
TELEGRAM: Final = "/telegram/webhook"  #: where Telegram brings updates; everybody else is asked who they are
FROM_TELEGRAM: Final = "X-Telegram-Bot-Api-Secret-Token"
SLACK: Final = (
    "/slack/events"  #: where Slack brings what happened, if it is to; the signature shows that it is Slack
)
PAIRING: Final = f"{V1}/pairing"
FREEZE: Final = f"{V1}/circles/{{name}}/freeze"
THAW: Final = f"{V1}/circles/{{name}}/thaw"
LOCK: Final = f"{V1}/lock"
UNLOCK: Final = f"{V1}/unlock"
ROADS: Final = f"{V1}/roads"
STATUS: Final = f"{V1}/status"
STOP: Final = f"{V1}/stop"

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
SSE: Final = "text/event-stream"
TROUBLE: Final = "problem"  #: the last event of a stream that an error ends
WAKE: Final = "Peerline-Wake"  #: the answer to a hook begins a turn
KEY: Final = "Idempotency-Key"
SERVER: Final = "peerline"
