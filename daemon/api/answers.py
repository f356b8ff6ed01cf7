"""What an answer looks like, for the description of the interface and for nothing else.

Nothing is made of these: ``wire/shapes`` makes the answers, and ``tests/api/test_described.py`` holds the two together.
Fields may be added at any time, so a reader passes over what it does not know.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Moment = str  #: RFC 3339 in UTC with milliseconds
RoleWord = Literal["agent", "orchestrator", "service", "human"]
AuthorityWord = Literal["owner", "person", "peer", "unverified"]


class Told(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)


class Reach(Told):
    road: Literal["inbox", "channel", "hook", "terminal", "poll", "chat", "none"]
    proof: str
    reason: str


class Peer(Told):
    peer_id: str
    name: str
    circle: str
    role: RoleWord
    backend: str
    path: str
    machine: str
    branch: str
    status: Literal["online", "busy", "offline"]
    turn_state: Literal["", "idle", "working", "awaiting_input", "pending_first_turn"]
    turn_source: str
    turn_age_s: float | None
    description: str
    last_seen: Moment
    role_since: Moment | None  #: if it ever claimed or lost it
    persona: str
    availability: str
    reach: Reach
    orphan: str = ""  #: why it is one, where that was asked for
    started_by: str = ""  #: circle/name of whoever had it started, where one peer is looked at


class Spawned(Told):
    """Somebody is being started, or was."""

    spawn_id: str
    peer_id: str
    name: str
    circle: str
    backend: str
    profile: str
    path: str
    branch: str
    worktree: str
    state: Literal["wanted", "starting", "running", "failed", "over"]
    reason: str
    by: str
    depth: int
    attach: str
    ask_id: str
    wanted_at: Moment


class Myself(Peer):
    unread: int  #: messages that wait for the caller
    may_spawn: bool  #: agents can be started from here


class SenderPeer(Told):
    peer_id: str
    circle: str
    role: RoleWord
    authority: AuthorityWord
    person: str


class Signed(Told):
    """``from`` is always the name; who that is stands beside it."""

    from_: str = Field(alias="from")
    from_peer: SenderPeer


class Answer(Signed):
    text: str
    option: str | None
    how: Literal["answered", "acknowledged", "declined"]
    at: Moment
    late: bool


class Carriage(Told):
    peer: str
    peer_id: str
    level: str
    road: str
    recipient_state: str
    reason: str
    ahead: int


class Ask(Told):
    ask_id: str
    state: str
    to: list[str]
    question: str
    options: list[str]
    need: int
    answers: list[Answer]
    absent: list[str]
    deadline_at: Moment
    created_at: Moment
    ended_at: Moment | None
    pending: bool
    deliveries: list[Carriage] = []


class Sent(Told):
    message_id: str
    deliveries: list[Carriage]


class Dispatched(Told):
    """An ask (``ask_id``) or another message (``message_id``), as asked for by ``kind``."""

    ask_id: str = ""
    message_id: str = ""
    deliveries: list[Carriage] = []


class Message(Signed):
    message_id: str
    kind: str
    text: str
    ask_id: str | None
    options: list[str]
    urgency: Literal["fyi", "normal", "urgent"]
    schedule_id: str | None
    at: Moment
    level: str


class Past(Signed):
    message_id: str
    kind: str
    direction: Literal["sent", "received"]
    to: list[str]
    text: str
    ask_id: str | None
    at: Moment


class History(Told):
    messages: list[Past]


class Killed(Told):
    peer_id: str
    name: str
    circle: str
    pid: int
    ended: bool  #: it was seen to
    evidence: str  #: what was looked at before it was told to


class Happened(Told):
    at: Moment
    what: str
    evidence: str


class Way(Told):
    peer: str
    peer_id: str
    level: str
    reason: str
    road: str
    attempts: int
    events: list[Happened]


class Ending(Told):
    how: str
    at: Moment


class Story(Signed):
    id: str
    kind: str
    state: str
    text: str
    schedule_id: str | None
    at: Moment
    deliveries: list[Way]
    events: list[Happened]
    ended: Ending | None


class Peers(Told):
    peers: list[Peer]


class Messages(Told):
    messages: list[Message]


class Asks(Told):
    asks: list[Ask]


class Confirmed(Told):
    confirmed: int


class Circle(Told):
    circle: str
    frozen: bool
    peers: list[str]


class Roads(Told):
    roads: list[dict[str, Any]]


class Word(Told):
    status: Literal["ok", "degraded"]


class Status(Word):
    version: str
    uptime_s: float
    surfaces: list[dict[str, Any]]
    deliveries: dict[str, int]
    warnings: list[str]
    peers: list[Peer]


class Stopping(Told):
    stopping: Literal[True]


class Locked(Told):
    """If it is, with ``since`` and ``by``."""

    locked: bool
