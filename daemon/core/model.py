"""The nouns: frozen, comparable, and free of behaviour that could surprise.

Times are aware UTC datetimes, ids are strings: ``p-`` a peer, ``m-`` a message, ``a-`` an ask
(its envelope and its row share the id), ``d-`` a delivery, ``e-`` an errand.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from daemon.core.rules.timetable import Missed
from daemon.core.rules.unattended import Row


class Role(StrEnum):
    AGENT = "agent"
    ORCHESTRATOR = "orchestrator"
    SERVICE = "service"
    HUMAN = "human"


AGENTS: Final = frozenset({Role.AGENT, Role.ORCHESTRATOR})  #: the roles that coding agents have


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
    turn_cause: str = ""  #: the envelope that it acts upon; "": a person's words, or nothing known
    caused_at: datetime | None = None
    works: int = 0  #: tool calls since then that did anything but talk on the line
    failed_at: datetime | None = None  #: when its last turn ended, if that failed


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
    role_at: datetime | None = None  #: since when it has its role, if it ever claimed or lost one
    persona: str = ""  #: how it is to work: the name of a ``Persona``


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """How a peer is to work, in the words that its file had when it was chosen. There is one of each peer at most."""

    peer_id: str
    name: str = ""  #: "": none
    text: str = ""
    chosen_at: datetime
    chosen_by: str = ""  #: in words


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
    schedule: str = ""  #: the schedule that said it
    matter: str = ""  #: what it is to a person (`attention.Matter`), where its kind does not tell
    trace: str = ""  #: the envelope with which the chain began that led to it
    hops: int = 0  #: how many of agents stand in that chain before it, itself counted
    talk: bool = False  #: its agent did nothing but talk since the message of an agent that it acts upon


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
    kept: str = ""  #: for whose digest it is held back; "": it goes its way
    told_in: str = ""  #: the envelope of the digest that tells of it
    hushed: bool = False  #: shown without a sound, whatever it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """Nothing is sent there for now: the platform's own wish. A room is a chat with all its topics."""

    surface: str
    room: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Rang:
    """It rang for that, at that time."""

    envelope_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What one person wishes to be rung for, on all their surfaces; and what is held back for them."""

    person: str  #: ``attending.whose``
    zone: str = ""  #: by whose wall their hours are meant; "": they set none
    quiet: str = ""  #: ``23:00-07:00``; "": never
    per_hour: int = 0  #: how often it may ring in an hour; 0: as often as there is reason to
    muted: tuple[str, ...] = ()  #: peer ids
    breaks: tuple[str, ...] = ("approval",)  #: matters that ring in quiet hours, too
    here: str = ""  #: the conversation in which they spoke last
    rang: tuple[Rang, ...] = ()  #: within the last hour, while there is a limit
    digest_at: datetime | None = None  #: when what is held back is told of
    report_at: datetime | None = None  #: when the next night of one of their circles ends
    reported_at: datetime | None = None  #: when they were last told of one
    wakes_at: datetime | None = None  #: when time is to look at this


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionShown:
    """With what people ask about it."""

    attention: Attention
    muted: tuple[str, ...]  #: circle/name
    held: int  #: messages
    quiet_until: datetime | None
    told: bool = False  #: what was held back was told now


@dataclass(frozen=True, slots=True, kw_only=True)
class Custom:
    """What the config says about people's attention. There is one of the whole line."""

    name: str = "line"
    escalate_after_s: int = 0  #: 0: an ask that nobody answers just waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """What was done so far about an ask that a person does not answer."""

    ask_id: str
    step: int = 0  #: how many of ``escalating.LADDER`` are done
    at: datetime | None  #: when the next is; None: never


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
    waited_until: datetime | None = None  #: its asker does nothing else until it has ended, or then


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
    what: str  #: ``peek``, ``diff``, ``get``, ``new``; ``reviews`` and ``verdict`` look at heads
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
class Briefing:
    """What a session is told at its start; "": nothing."""

    text: str = ""


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
    #: ``available from 07:00, answers approvals``; ``usage limit of … until 04:00``; "": nothing stands against asking
    availability: str = ""
    started: bool = False  #: it is being started, and has not arrived


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


class Standing(StrEnum):
    """How a schedule stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    OVER = "over"  #: it has no more occurrences
    REMOVED = "removed"


class Overlap(StrEnum):
    """What happens when an ask is due and the last one of the same schedule is still open."""

    SKIP = "skip"
    ALLOW = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Words that are said to somebody at times to come. The rule is one of ``at``, ``every_s`` and ``cron``."""

    schedule_id: str
    owner: str  #: peer id of who made it, and as whom it speaks
    surface: str = ""  #: of the person who made it
    account: str = ""
    person: str = ""  #: their name
    to: tuple[str, ...]  #: as they were named: names, ``role:…``, ``circle:…``; ``me``
    circle: str = ""
    text: str
    kind: Kind
    at: datetime | None = None
    every_s: int = 0
    first_at: datetime | None = None
    cron: str = ""
    zone: str
    missed: Missed = Missed.ONCE
    most: int = 10
    overlap: Overlap = Overlap.SKIP
    until: datetime | None = None
    jitter_s: int = 0
    state: Standing = Standing.ACTIVE
    next_at: datetime | None  #: the first occurrence that nothing was decided of
    wakes_at: datetime | None  #: when something is to be decided; None: never
    last_at: datetime | None = None  #: when one was fired last
    last_ask: str = ""  #: what it asked then
    checkin: str = ""  #: the check-in whose rounds it begins
    reason: str = ""  #: why it is paused, where nobody paused it
    created_at: datetime


class Outcome(StrEnum):
    """What became of an occurrence."""

    SENT = "sent"
    SKIPPED = "skipped"  #: missed, and not made up for
    FOLDED = "folded"  #: missed, and made up for by a later one
    OVERLAPPED = "overlapped"  #: the last ask was still open
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Occurrence:
    """One time of a schedule, or several in a row that nobody was awake for. Written once, when it is decided."""

    schedule_id: str
    due_at: datetime
    last_at: datetime  #: of several, the last
    count: int = 1
    more: bool = False  #: there were more than were counted
    outcome: Outcome
    reason: str = ""
    envelope_id: str = ""
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """How somebody who is checked in on stands, by what they said last."""

    peer_id: str
    name: str
    text: str = ""  #: "": nothing so far
    blocked: bool = False
    silent: bool = False  #: the last round brought no answer
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkin:
    """A question that is put to several again and again, of whose answers only what changed is told. By its name."""

    name: str
    schedule_id: str  #: what begins its rounds
    report_to: str  #: as named; ``me``
    within_s: int  #: how long a round gathers answers
    ask_id: str = ""  #: of the round that runs, or ran last
    states: tuple[Situation, ...] = ()
    heard: int = 0  #: how many answered in the last round
    looked_at: datetime | None = None  #: when the last round was over
    news_at: datetime | None = None  #: when a report was sent last
    removed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckinShown:
    """A check-in with the schedule that begins its rounds."""

    checkin: Checkin
    schedule: Schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a worker says is so, and whether that was looked at."""

    claim: str  #: ``commit 1a2b3c``, ``file src/x.py``, ``tests``, or words
    verified: bool | None = None  #: None: it cannot be looked at mechanically
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Durable work; its life is in ``jobs.py``. Its worker is a peer, or one that is to be started in a folder."""

    job_id: str
    title: str
    prompt: str
    owner: str  #: peer id
    surface: str = ""  #: of the person who made it
    account: str = ""
    person: str = ""
    to: str = ""  #: peer id of its worker; "": none yet
    path: str = ""  #: else where one is to be started
    backend: str = ""
    circle: str  #: by whose window and limits it goes
    after: tuple[str, ...] = ()  #: jobs that must be done first
    state: str
    reason: str = ""
    ask_id: str = ""  #: of the try that runs, or ran last
    tries: int = 0
    retries: int = 0
    held: bool = False  #: its worker says itself when it is done
    tonight: bool = False  #: it runs in its circle's window
    due_at: datetime | None = None  #: not before this
    deadline_at: datetime | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    created_at: datetime
    result: str = ""
    note: str = ""  #: what was said of it last while it went on
    claims: tuple[Claim, ...] = ()
    claimed: bool = False  #: its claims are still to be looked at
    wakes_at: datetime | None = None  #: when time brings something about; None: never
    messages: int = 0  #: how many whoever does it may send meanwhile; 0: as the config says
    wakes: int = 0
    minutes: int = 0
    sent: int = 0  #: messages, in all its tries
    woken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where what is to be reviewed lies: a branch of a repository on this machine, or a pull request."""

    kind: str  #: ``branch`` or ``pull-request``
    folder: str = ""  #: a work tree of the repository, its real path
    repository: str = ""  #: the common git folder: one of all its work trees
    branch: str = ""
    url: str = ""
    base: str = ""  #: the branch it is to become a part of; "": nobody knows


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """How it stood when it was looked at."""

    head: str = ""  #: the commit, whole
    merged: bool = False
    closed: str = ""  #: why nothing is there to be reviewed any more
    trouble: str = ""  #: why it could not be looked at
    help: str = ""  #: what can be done about that


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was said of one commit."""

    verdict: str  #: ``approved`` or ``changes-requested``
    sha: str
    note: str = ""
    by: str = ""  #: who said it, as others call them
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """Somebody is to look at a branch or a pull request; its life is in ``reviews.py``."""

    review_id: str
    what: str  #: as it was given
    source: Source
    author: str  #: peer id of whose work it is
    requester: str  #: peer id of who asks for it; mostly the author
    reviewer: str  #: peer id
    person: str = ""  #: who speaks for the requester, where that is a person
    submitted_sha: str  #: the head when it was requested last; "": it could not be looked at
    head_sha: str  #: the head when it was looked at last
    state: str
    reason: str = ""  #: why it is unknown, or closed
    wanted: bool = True  #: it was requested since the last verdict
    verdicts: tuple[Verdict, ...] = ()  #: one for a commit at most, the newest last
    ask_id: str = ""  #: by which the reviewer was asked last
    asked_sha: str = ""  #: the head that this ask names
    requested_at: datetime
    looked_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewShown:
    """With what people ask about it."""

    review: Review
    author: str  #: names; "": gone
    reviewer: str
    next: str  #: what is to be done now, and by whom


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """In which window of the day the jobs of a circle that are for the night run."""

    circle: str = "*"
    window: str = "22:00-07:00"  #: by the wall of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Which account pays for the agents of a kind in a circle, where it is not one for all of that kind."""

    backend: str
    circle: str = "*"
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is paid for together, and whether any of it is left to use; its life is in ``usage.py``."""

    name: str
    state: str = "free"
    since_at: datetime | None = None  #: when it was said last that nothing is left
    until_at: datetime | None = None
    told: bool = False  #: the agent said until when; else it is a pause of ours
    guesses: int = 0  #: such pauses in a row
    job_id: str = ""  #: that tries whether it is free again


@dataclass(frozen=True, slots=True, kw_only=True)
class Rota:
    """How many jobs run at once, and when: what the config says. There is one of the whole line."""

    name: str = "line"
    per_circle: int = 4  #: 0: as many as there are
    per_backend: int = 8
    minutes: int = 0  #: how long a try may take; 0: as long as it takes
    zone: str = "UTC"
    nights: tuple[Night, ...] = (Night(),)  #: the first that fits a circle is its own
    unattended: tuple[Row, ...] = ()
    spawns: bool = False  #: somebody can be started in a folder
    accounts: tuple[Payer, ...] = ()  #: the first that fits pays; none: one for all of a kind
    messages: int = 0  #: how many whoever does a job may send meanwhile; 0: any
    wakes: int = 0  #: how many turns they may begin meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class Spawn:
    """One start of an agent from here; its life is in ``spawns.py``. Whoever is started is a peer from the first."""

    spawn_id: str
    peer_id: str
    by: str  #: peer id of who wanted it
    surface: str = ""  #: of the person who wanted it
    account: str = ""
    person: str = ""
    backend: str
    profile: str = ""
    path: str  #: the real folder, without links
    folder: str = ""  #: device and inode that it had when it was looked at, as ``42:1066``
    branch: str = ""  #: of the worktree of its own that it gets; "": it works in the folder itself
    worktree: str = ""  #: where that is
    resume: str = ""  #: the session that it goes on with; "": a new one
    role: str = ""  #: which it gets when it is there; "": none
    job_id: str = ""  #: for which it was started
    depth: int = 1  #: started by a person: 1; by one of depth 1: 2
    state: str
    reason: str = ""  #: why it failed or ended, or what it waits for
    pane: Pane | None = None  #: where it was started
    wanted_at: datetime
    began_at: datetime | None = None  #: its pane was made
    ended_at: datetime | None = None
    told_at: datetime | None = None  #: whoever wanted it was told that it waits for somebody at the machine


@dataclass(frozen=True, slots=True)
class Spawned:
    """Somebody is being started: who that is from now on, and what is asked of them already."""

    spawn: Spawn
    peer: Peer
    ask_id: str = ""
