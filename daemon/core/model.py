"""The nouns: frozen, comparable, and free of behaviour that could surprise.

Times are aware UTC datetimes, ids are strings: ``p-`` a peer, ``m-`` a message, ``a-`` an ask
(its envelope and its row share the id), ``d-`` a delivery, ``e-`` an errand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    AGENT = "agent"
    ORCHESTRATOR = "orchestrator"
    SERVICE = "service"
    HUMAN = "human"


class Kind(StrEnum):
    ASK = "ask"  #: wants exactly one answer
    ANSWER = "answer"  #: closes the ask it correlates with
    NOTICE = "notice"  #: wants nothing back
    BROADCAST = "broadcast"  #: a notice to everybody of a circle
    REPLY = "reply"  #: what the line itself says to a person about their own words
    BOARD = "board"  #: what the line keeps up to date for a person, at the top of the conversation
    TOPIC = "topic"  #: how the topic of an agent is to be; correlates with the agent
    CHANGE = "change"  #: shows anew what was shown before; correlates with the ask whose card it is


class Urgency(StrEnum):
    FYI = "fyi"
    NORMAL = "normal"
    URGENT = "urgent"


class Turn(StrEnum):
    UNKNOWN = ""
    IDLE = "idle"
    WORKING = "working"
    AWAITING_INPUT = "awaiting_input"
    PENDING_FIRST_TURN = "pending_first_turn"


class Status(StrEnum):
    ONLINE = "online"
    BUSY = "busy"
    OFFLINE = "offline"


class Authority(StrEnum):
    """What stands behind a sender's words. A message itself never carries any."""

    OWNER = "owner"
    PERSON = "person"
    PEER = "peer"
    UNVERIFIED = "unverified"


class Road(StrEnum):
    INBOX = "inbox"
    CHANNEL = "channel"
    HOOK = "hook"
    TERMINAL = "terminal"
    POLL = "poll"
    CHAT = "chat"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """A tmux pane with all that tells it from a later one of the same number."""

    tmux: str  #: the server's socket path
    server_pid: int
    pane_id: str  #: ``%7``
    pane_pid: int
    pane_started: int
    server_started: int = 0
    tmux_session: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Something was seen to arrive by a road."""

    road: Road
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One run of an agent, or of a client that polls. Peers outlive sessions."""

    session_id: str
    peer_id: str
    pid: int  #: the incarnation: process and start time
    started: int
    began_at: datetime
    backend: str = ""  #: which agent's; roads differ from one to the next
    shared: bool = False  #: others live in the same process
    config_dir: str = ""
    pane: Pane | None = None
    inbox: str = ""  #: the agent's own messaging socket
    transcript: str = ""
    turn: Turn = Turn.UNKNOWN
    turn_source: str = ""
    turn_at: datetime
    turn_ask: str | None = None  #: the ask this turn was started by
    turn_prompt: str = ""  #: the agent's own id of the prompt that carried it
    ended_at: datetime | None = None
    ended_why: str = ""
    doing: str = ""  #: its last tool call, in a few words
    calls: int = 0  #: tool calls of this turn
    turn_began_at: datetime | None = None
    stopped: str = ""  #: why no further tool call of this turn is let through; "": they are
    arrivals: tuple[Arrival, ...] = ()  #: when something last arrived, by each road
    wakes: bool = False  #: something waits in its background that can wake it
    channel: bool = False  #: a channel into it is open, by which it can be told that something waits
    nudged_at: datetime | None = None  #: when it was last told so
    said: str = ""  #: its last words, of one that keeps no transcript for us to read
    said_at: datetime | None = None
    halted_at: datetime | None = None  #: since when calls wait for the agent to read what cannot wait


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    peer_id: str
    name: str
    wish: str
    circle: str
    role: Role
    backend: str
    authority: Authority
    registered_at: datetime
    last_seen: datetime
    path: str = ""
    repo: str = ""  #: the common git folder, equal for all worktrees of one repository
    branch: str = ""
    machine: str = ""
    description: str = ""
    person: str = ""
    session_id: str | None = None  #: the session that is, or was last, this peer
    lasting: bool = True  #: False: it is there for one prompt at a time
    forgotten_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Where a person sees and types: what a peer of role human is on its surface."""

    peer_id: str
    surface: str  #: ``telegram``, ``console``
    address: str  #: the surface's own id, fixed for ever
    host: str  #: who carries it: the service peer's name, or the run of a console
    circles: tuple[str, ...] = ("*",)  #: which circles it sees; ``*`` is all
    beat_at: datetime | None = None  #: the last proven round trip; None: gone
    trouble: str = ""  #: why it is not reached, if it is not
    trusted: bool = True  #: approvals are taken from there
    closed: str = ""  #: why nothing gets there, whatever its host: we were shut out
    topic_of: str = ""  #: the peer whose own topic it is: every line said there is for it
    topics: bool = False  #: every agent that it sees has a topic of its own in it
    thread: bool = False  #: one thread of a chat: it bears one ask and what belongs to it, and is in no list


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A group or a channel: where several people meet. Each of its topics is a conversation, and so is it itself."""

    surface: str
    address: str  #: the surface's own id
    name: str  #: what its conversations are named after
    circles: tuple[str, ...] = ("default",)
    listed: bool = False  #: it stands in the config
    moved_to: str = ""  #: the id it has now, where the surface gave it another


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """What a platform told, as it came: on disk before that is confirmed, and emptied once its effect is."""

    surface: str
    update_id: str  #: the platform's own: the same one is the same thing
    lane: str  #: what is in one is worked off in order
    body: str
    came_at: datetime
    hurried: bool = False  #: it does not wait in its lane
    album: str = ""  #: what bears the same belongs together
    said_at: datetime | None = None  #: by the platform's clock, if it tells: not later than this
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """Something a person sent along."""

    kind: str  #: ``photo``, ``document``, ``voice``, ``video``, ``audio``
    name: str = ""  #: as the person knows it
    path: str = ""  #: where our own copy lies; "": there is none
    size: int = 0  #: bytes
    note: str = ""  #: why there is no copy


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody who may speak on a surface, by the surface's numeric id."""

    surface: str
    account: str
    name: str
    rights: tuple[str, ...]
    owner: bool = False
    paired_at: datetime | None = None  #: None: from the config
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """The one open invitation of a surface."""

    surface: str
    code: str
    expires_at: datetime
    tries_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who sent it, as stamped by the daemon at the moment of sending."""

    peer_id: str
    name: str
    circle: str
    role: Role
    authority: Authority
    person: str = ""
    backend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that goes with an envelope, as it was when it was taken."""

    path: str  #: where our own copy lies
    name: str  #: as a person knows it
    size: int  #: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    envelope_id: str
    kind: Kind
    sender: Sender
    to: tuple[str, ...]  #: peer ids
    body: str
    created_at: datetime
    expires_at: datetime
    urgency: Urgency = Urgency.NORMAL
    options: tuple[str, ...] = ()
    correlation_id: str | None = None
    reply_to: str | None = None  #: the receipt or envelope this replies to, for threading on a surface
    silent: bool = False
    attachment: Attachment | None = None
    alone: str = ""  #: the account of the one person whom it is for, where others would see it, too


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One envelope on its way to one peer; its life is in ``delivery.py``."""

    delivery_id: str
    envelope_id: str
    peer_id: str
    kind: Kind
    state: str
    due_at: datetime
    expires_at: datetime
    attempts: int = 0
    holder: str | None = None
    leased_until: datetime | None = None
    road: Road = Road.NONE
    session_id: str | None = None  #: the session it was given to
    mark: str = ""
    receipt: str = ""  #: the surface's own id for what it showed, or the call that took it
    reason: str = ""
    urgency: Urgency = Urgency.NORMAL
    parts: tuple[str, ...] = ()  #: receipts of what was shown of it, while more of it waits
    doubts: int = 0  #: how often what is to be shown next may have been shown already


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nothing is sent there for now: the platform's own wish. A room is a chat with all its topics."""

    surface: str
    room: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    sender: Sender
    text: str
    how: str  #: answered, acknowledged or declined
    at: datetime
    option: str | None = None
    late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """A question and all that belongs to it; its life is in ``asking.py``."""

    ask_id: str
    asker: str
    to: tuple[str, ...]
    state: str
    need: int
    created_at: datetime
    deadline_at: datetime
    question: str = ""
    options: tuple[str, ...] = ()
    default: str | None = None
    subject: str = ""  #: what the line itself does when it is answered
    conversation: str | None = None  #: where it was said
    answers: tuple[Answer, ...] = ()
    lost: tuple[str, ...] = ()  #: recipients that are gone for good
    reminded: tuple[str, ...] = ()
    ended_at: datetime | None = None
    said_as: str = ""  #: the receipt of the person's own message, by which an edit finds it
    slip: str | None = None  #: the ask by which the line says what becomes of it, with keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """What an agent waits for a person to decide; its life is in ``approval.py``.

    Its ask carries it to people; how that ends is the decision, bound to exactly what was shown.
    """

    approval_id: str  #: the id of its first ask
    ask_id: str  #: the ask that is open, or was last
    peer_id: str
    session_id: str
    what: str  #: ``permission``, ``question`` or ``plan``
    tool: str
    digest: str  #: SHA-256 of the tool and its input
    request: str  #: the tool's input, JSON
    grants: str = ""  #: JSON of the rules that "do not ask again" would add
    questions: tuple[Question, ...] = ()  #: of an agent that asks several at once
    state: str
    asked_at: datetime
    shown_at: datetime  #: when people could first read what is to be decided now
    again: tuple[Shown, ...] = ()  #: where it was shown once more, and when
    choice: str = ""  #: the option that was chosen
    words: str = ""  #: what was said instead of, or with it
    answers: tuple[str, ...] = ()  #: to the questions so far
    by: str = ""  #: who decided
    reason: str = ""  #: said to the agent when nobody decides in time; "": then nothing is decided
    subagent: str = ""  #: the agent's own id of the subagent that asks, if one does


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Something was put before people in a conversation."""

    conversation: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question of an agent, with its choices."""

    text: str
    shown: str  #: the same as a person reads it, with what each choice means
    options: tuple[str, ...]
    many: bool = False  #: several may be chosen


@dataclass(frozen=True, slots=True, kw_only=True)
class Circle:
    """What is to be known of a circle, beside who is in it."""

    name: str
    frozen_at: datetime | None = None
    frozen_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Whether what is said and tapped in chats is taken. There is one of the whole line, and those that are over."""

    name: str = "line"
    locked_at: datetime | None = None
    locked_by: str = ""
    told: tuple[str, ...] = ()  #: the conversations whose owner spoke since, and was told
    unlocked_at: datetime | None = None  #: one that is over, kept by the name of its beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """How long a surface has been without a round trip. There is one of each surface, kept when it is over."""

    surface: str
    since_at: datetime | None = None  #: None: all is well
    trouble: str = ""
    told: bool = False  #: the owner knows
    ended_at: datetime | None = None  #: of the last one that was told of


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Something to be looked up for a person, outside the core: its result comes back as a message."""

    errand_id: str
    what: str  #: ``peek``, ``diff`` or ``get``
    peer_id: str  #: about whom
    argument: str
    conversation: str  #: where it was wished for
    reply_to: str = ""
    asked_at: datetime
    done_at: datetime | None = None
    alone: str = ""  #: the account of the one person who is to see what is found


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """Somebody wants to see how a peer gets on."""

    conversation: str
    peer_id: str
    what: str  #: ``follow``, ``watch``, ``stop`` (told of the next end), ``status`` (of everybody), ``topic``
    since: datetime
    envelope_id: str = ""  #: the message that is kept up to date
    shown_at: datetime | None = None
    due_at: datetime | None = None  #: when there is something to show
    shown: str = ""  #: the words it shows now, where nothing is said twice
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sticky:
    """Whom a person's plain words go to, in one conversation."""

    conversation: str
    person: str
    peer_id: str | None
    recent: tuple[str, ...] = ()  #: peer ids, the last chosen first


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How a message would get there now, and how well that is proven."""

    road: Road
    proof: str
    reason: str


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery as its recipient sees it: the envelope, and what is needed to settle it."""

    delivery: Delivery
    envelope: Envelope
    ask: Ask | None = None
    shown_as: str = ""  #: for a change: the receipt of what is to be shown anew
    recipient: str = ""  #: the recipient's address on its surface


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened, for the feed and for ``why``."""

    type: str
    ref: str  #: the envelope, ask or peer it is about
    peer_id: str = ""
    what: str = ""
    evidence: str = ""
    detail: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Nudge:
    """What an agent's channel says now; nothing, but look again at ``due_at``; or nothing at all."""

    text: str = ""
    sender: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Denial:
    """A tool call is not to be made: why, in words for the agent, and what it is to read instead."""

    reason: str
    parcels: tuple[Parcel, ...] = ()


@dataclass(frozen=True, slots=True)
class Carriage:
    """One recipient of what was sent: how far it is, and what state they are in."""

    delivery: Delivery
    peer: Peer
    reach: Reach
    status: Status
    turn: Turn
    ahead: int = 0  #: how many messages wait before it


@dataclass(frozen=True, slots=True)
class Sent:
    envelope: Envelope
    carriages: tuple[Carriage, ...]


@dataclass(frozen=True, slots=True)
class AskShown:
    """An ask with the names of those asked."""

    ask: Ask
    to: tuple[Peer, ...]
    carriages: tuple[Carriage, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of a person's words."""

    understood: (
        str  #: ``ask``, ``answer``, ``command``, ``errand``, ``kept``, ``paired``, ``aside`` or ``nothing``
    )
    ask_id: str | None = None
    errand_id: str | None = None  #: what is found is told in an envelope that correlates with it


@dataclass(frozen=True, slots=True)
class PeerShown:
    """A peer as a list shows it: with what it is doing and how it would be reached."""

    peer: Peer
    status: Status
    reach: Reach
    session: Session | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One line of a story: what happened to what, when, and by what evidence."""

    seq: int
    at: datetime
    event: Event


@dataclass(frozen=True, slots=True)
class Story:
    """All that is known of one envelope, for ``why``."""

    envelope: Envelope
    ask: Ask | None
    deliveries: tuple[tuple[Delivery, Peer], ...]
    told: tuple[Told, ...]
    waits: tuple[tuple[str, str], ...] = ()  #: by delivery id, what one that waits is waiting for
