"""What the world may ask of the core: imperatives, frozen, complete. ``decide.py`` answers each.

A command holds what its edge knows and proved; ids of things to be made come from the seed that the engine adds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from daemon.core.model import (
    Attachment,
    Authority,
    Claim,
    File,
    Incoming,
    Kind,
    Overlap,
    Pane,
    Person,
    Place,
    Question,
    Road,
    Role,
    Rota,
    Seen,
    Source,
    Standing,
    Turn,
    Urgency,
)
from daemon.core.rules.timetable import Missed, Rule

# --- who is there -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterSession:
    """An agent's session, or a client that polls, is there. Repeating it is harmless."""

    session_id: str
    backend: str
    pid: int
    started: int
    wish: str
    circle: str
    path: str = ""
    repo: str = ""
    branch: str = ""
    machine: str = ""
    config_dir: str = ""
    transcript: str = ""
    pane: Pane | None = None
    inbox: str | None = None  #: "": there is none; None: nobody said
    forked: bool = False
    shared: bool = False  #: several sessions live in that process, which says nothing of which
    lasting: bool = True  #: False: a run for one prompt, which takes nobody's place
    turn: Turn = Turn.UNKNOWN
    turn_source: str = ""
    briefs: bool = False  #: a ``BriefSession`` of this start follows
    amid: bool = False  #: something happened in it, of an agent that tells of each start of a session as well


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    session_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EndProcess:
    """The operating system says that this process is gone."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LosePeer:
    """Its agent was told to end, and did: nobody will answer for this run of it."""

    peer_id: str
    session_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseStart:
    """One that was started from here was told to end before its hooks said anything, and did."""

    spawn_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """An agent is to end and to go on with its conversation in a new process; everything outside was looked at."""

    peer_id: str
    by: str  #: peer id of who wants it
    now: bool = False  #: a turn under way may be broken off
    session_id: str = ""  #: which session was looked at; another one is not restarted instead
    folder: str = ""  #: device and inode of its folder, as it was looked at
    live: int = 0  #: how many that were started may be there at once; 0: nobody counts
    per_minute: int = 0
    surface: str = ""
    account: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopt:
    """An agent was seen in a pane. Returns its ``Peer``."""

    pane: Pane
    backend: str
    pid: int
    started: int
    session_id: str = ""  #: "": which it has cannot be seen
    path: str = ""
    repo: str = ""
    branch: str = ""
    machine: str = ""
    config_dir: str = ""
    transcript: str = ""
    inbox: str | None = None
    turn: Turn = Turn.UNKNOWN
    name: str = ""  #: "": as it would be called by itself
    circle: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConversation:
    """A surface hosts a conversation; the same address is the same peer for ever."""

    trusted: bool = True  #: approvals are taken from there

    surface: str
    address: str
    host: str
    wish: str
    authority: Authority
    role_service: bool = False  #: the surface's own service peer
    live: bool = True  #: somebody is there now
    shared: bool = False  #: any address of this surface that is not live may be taken over (consoles)
    circles: tuple[str, ...] = ("*",)
    thread: bool = False  #: it is one thread of a chat
    person: str = ""
    account: str = ""  #: who types there, found by the edge; they may speak
    machine: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Proof that a surface is alive, or why it is not."""

    surface: str
    host: str
    trouble: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseConversation:
    peer_id: str
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribePeer:
    peer_id: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RenamePeer:
    peer_id: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MovePeer:
    peer_id: str
    circle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRole:
    """Take the role of orchestrator, or give it back by claiming that of an agent. Returns the ``Peer``."""

    peer_id: str
    role: Role
    by: str  #: in words
    force: bool = False  #: also from one that is offline or silent


@dataclass(frozen=True, slots=True, kw_only=True)
class ChoosePersona:
    """How the peer is to work, in the words of a file; "": as it is by itself. Returns the ``Peer``."""

    peer_id: str
    name: str
    text: str
    by: str  #: in words


@dataclass(frozen=True, slots=True, kw_only=True)
class BriefSession:
    """A session starts and can be told beside that how it is to work. Returns a ``Briefing``.

    ``limit``: characters that arrive whole that way; what is longer comes as a notice.
    """

    session_id: str
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetPeer:
    peer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetThreads:
    """Some of those in which nobody has spoken for long. Result: how many; 0: there are no more."""


# --- messages ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAsk:
    sender: str  #: peer id, stamped by the edge
    to: tuple[str, ...]  #: names, ``role:…``, ``circle:…``
    question: str
    circle: str | None = None
    options: tuple[str, ...] = ()
    need: str = "all"
    deadline: timedelta | None = None
    default: str | None = None
    urgency: Urgency = Urgency.NORMAL
    reply_to: str | None = None
    person: str = ""
    schedule: str = ""  #: the one that asks
    wait: timedelta | None = None  #: the asker does nothing else meanwhile


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitAsk:
    """The asker does nothing else until the ask has ended, or for so long; said anew as long as it goes on."""

    ask_id: str
    by: str
    wait: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveAsk:
    """It does so no longer; nothing, if somebody began to wait until later than ``until``."""

    ask_id: str
    by: str
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TellLoop:
    """A message of that peer was refused, since the chain that led to it is as long as one may be."""

    peer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendNotice:
    sender: str
    to: tuple[str, ...]
    text: str
    circle: str | None = None
    urgency: Urgency = Urgency.NORMAL
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBroadcast:
    sender: str
    text: str
    circle: str | None = None
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseAsk:
    """The recipient ends its part of an ask; the asker ends the whole of it by cancelling."""

    ask_id: str
    by: str
    text: str = ""
    option: str | None = None
    decline: bool = False
    person: str = ""
    trusted: bool = False  #: what agents wait for may be decided by this caller


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelAsk:
    ask_id: str
    by: str
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect:
    """A client that polls takes what waits for it; ``call_id`` is what its receipt will name.

    With ``ask_id`` only the answers to that ask are taken.
    """

    peer_id: str
    call_id: str
    limit: int = 20
    ask_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmCall:
    """The client has the answer of that call; with ``others`` all its earlier calls as well."""

    peer_id: str
    call_id: str
    others: bool = False


# --- a person's words -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Somebody said something on a surface. The core decides what it means."""

    surface: str
    address: str
    account: str
    text: str
    author: str = ""  #: the surface's name for them, for labels only
    reply_to: str = ""  #: receipt of the message replied to
    private: bool = True
    to: str | None = None  #: fixed by the surface itself, such as ``chat --to``
    receipt: str = ""  #: the surface's own id of this very message
    title: str = ""  #: of the group
    topic: str = ""  #: of the topic in it
    called: bool = False  #: the surface says that we are meant: by our name, or by a reply to us
    files: tuple[File, ...] = ()
    forwarded: str = ""  #: whose words these are, if the person only passed them on
    thread: str = ""  #: address of the thread it stands in, or would begin; "": the surface has none there
    around: str = ""  #: what was said in that thread before, by whomever
    aside: bool = False  #: what the line says to it is for its speaker's eyes alone
    zone: str = "UTC"  #: by whose wall times are meant
    does: tuple[str, ...] = ()  #: ids of the updates that told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """Somebody chose an option of an ask's card."""

    surface: str
    address: str
    account: str
    ask_id: str
    option: int  #: 0-based
    receipt: str = ""  #: of the card, where the surface tells
    does: tuple[str, ...] = ()  #: ids of the updates that told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """Somebody changed what they had said."""

    surface: str
    address: str
    account: str
    receipt: str  #: of the changed message
    text: str
    does: tuple[str, ...] = ()  #: ids of the updates that told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsay:
    """Somebody took away what they had said."""

    surface: str
    address: str
    account: str
    receipt: str  #: of the message that is gone
    does: tuple[str, ...] = ()  #: ids of the updates that told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class React:
    """Somebody put a mark on what they were shown."""

    surface: str
    address: str  #: of the group, where the surface does not say which topic
    account: str
    receipt: str
    sign: str
    does: tuple[str, ...] = ()  #: ids of the updates that told of it


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlace:
    """The platform says what became of us in a chat, or of the chat."""

    surface: str
    address: str  #: of the whole chat, with all its topics
    closed: str = ""  #: why nothing gets there any more; "": it does
    moved_to: str = ""  #: its new id


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurePlaces:
    """The groups of the config, and nobody else's from there."""

    surface: str
    places: tuple[Place, ...]
    topics: bool = False  #: every agent is to have a topic of its own


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepIncoming:
    """A platform told these. Returns the ids of those that are new."""

    surface: str
    updates: tuple[Incoming, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishIncoming:
    """Their effect stands in this commit, or they have none."""

    surface: str
    update_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvitePerson:
    """Open the one invitation of a surface."""

    surface: str
    code: str
    ttl: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurePeople:
    """The people of the config, and nobody else from there."""

    surface: str
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRight:
    """Give a person a right, or take it away."""

    surface: str
    account: str
    right: str
    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovePerson:
    surface: str
    account: str


# --- deliveries -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseNext:
    """Give the holder the next thing there is to carry to one of these peers.

    ``shows``: the holder shows things to people; else it carries into agents.
    """

    peer_ids: tuple[str, ...]
    holder: str
    ttl: timedelta
    shows: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AckDelivery:
    """The road took it. ``proven``: taking it is being seen."""

    delivery_id: str
    holder: str | None
    receipt: str = ""
    proven: str = ""
    proof_within: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartDelivery:
    """A part of it is before the person, as ``receipt``; the rest waits for its turn."""

    delivery_id: str
    holder: str | None
    receipt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NakDelivery:
    """``quiet``: for so long nothing at all is to be sent there."""

    delivery_id: str
    holder: str | None
    reason: str
    after: timedelta | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldDelivery:
    delivery_id: str
    holder: str | None
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectDelivery:
    delivery_id: str
    holder: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtDelivery:
    delivery_id: str
    holder: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendDelivery:
    delivery_id: str
    holder: str | None
    ttl: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeDelivery:
    delivery_id: str
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissDelivery:
    delivery_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayDelivery:
    delivery_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseMessage:
    """What was sent is not to be read any more: the disk gives back something else."""

    message_id: str
    reason: str


# --- what an agent's hooks tell ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnBegan:
    session_id: str
    marks: tuple[str, ...] = ()
    prompt_id: str = ""
    source: str = "hook"
    automatic: bool = False  #: nobody wanted this turn: a brake still holds
    nudged: bool = False  #: the prompt has the words by which a channel tells that something waits


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeWaits:
    """Something waits in the background that can wake the session; ``waits``: it does, or no longer."""

    session_id: str
    waits: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenChannel:
    """A channel into the session is there; ``opened``: it is, or no longer."""

    session_id: str
    opened: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class NudgeSession:
    """Its channel can take a word, if there is one to say."""

    session_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseInbox:
    """Nobody listens at the session's inbox any more."""

    session_id: str
    inbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWent:
    """A sign from inside a turn: evidence that the last hand-out arrived.

    ``doing``: the tool call that begins, in a few words. ``batch_over``: all calls of one answer of the model are
    done; it reads their results next.
    """

    session_id: str
    source: str = "hook"
    doing: str = ""
    batch_over: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnWaits:
    """It waits for a person at a dialog of its own; ``what``: its words for that."""

    session_id: str
    what: str = ""
    source: str = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnEnded:
    """The turn is over; ``text`` are its last words, empty when it failed or said nothing.

    ``continuing``: the turn went on after a hand-out at an earlier end.
    """

    session_id: str
    text: str = ""
    prompt_id: str = ""
    continuing: bool = False
    failed: bool = False
    source: str = "hook"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnObserved:
    session_id: str
    turn: Turn
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HitLimit:
    """The agent was told that nothing is left to use. ``how`` its end is ``said``: see ``resets.How``."""

    session_id: str
    how: str = "none"
    said: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOut:
    """Hand over what waits, at a boundary of the turn, within ``limit`` characters of framed text.

    ``passing``: only what wakes nobody, beside a prompt of somebody else. ``changes``: characters that arrive as others
    this way, so what holds one of them waits for another way.
    """

    session_id: str
    limit: int
    changes: str = ""
    prompt_id: str = ""
    passing: bool = False
    between: bool = False  #: between two tool calls: notices only


# --- what an agent waits for a person to decide -----------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestApproval:
    """An agent asks its person. Returns the approval's id, "" when there is nobody to ask for.

    Exactly ``shown`` is what people read, and ``digest`` is of exactly that request.
    """

    session_id: str
    what: str  #: ``permission``, ``question`` or ``plan``
    tool: str
    shown: str
    digest: str
    request: str
    options: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    grants: str = ""
    subagent: str = ""
    rests: bool = False  #: its turn is over, and it takes prompts all the same
    hidden: bool = False  #: the agent shows no dialog of its own while its hook waits
    deny_at: datetime | None = None  #: when it is denied for want of a person
    reason: str = ""  #: what the agent is told then


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginCall:
    """The agent is about to make a tool call. Returns a ``Denial``, or None to let it.

    ``limit``: characters of what may be said instead; 0: somebody calls who has nothing to read, a subagent.
    ``asks``: what the call asks its person, if it is made.
    """

    session_id: str
    limit: int
    asks: RequestApproval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseApprovals:
    """It was decided at the agent itself: that request for that tool; without them, all of the session.

    ``request`` is the tool's input; "" where the agent adds to it what was answered. ``subagent``: only what that one
    asked. ``answers``: what was answered to each of its questions, where that is told.
    """

    session_id: str
    tool: str = ""
    request: str = ""
    subagent: str = ""
    outcome: str = ""  #: in words for people
    allowed: bool = False  #: the call was made
    answers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TellApproval:
    """The agent took the decision; ``without_words``: but not what was said with it."""

    approval_id: str
    evidence: str
    without_words: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FailApproval:
    """There is no way to tell the agent what was decided."""

    approval_id: str
    reason: str


# --- errands ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishErrand:
    """What was looked up; ``choices`` can be looked at further, each by its argument."""

    errand_id: str
    text: str
    attachment: Attachment | None = None
    choices: tuple[str, ...] = ()


# --- brakes -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StopTurn:
    """No further tool call of the turn that runs; the one that runs already may end."""

    peer_id: str
    by: str  #: in words, for the agent and whoever asks why


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeCircle:
    circle: str
    by: str  #: in words


@dataclass(frozen=True, slots=True, kw_only=True)
class ThawCircle:
    circle: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """Nothing more is taken from any chat."""

    by: str  #: in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlock:
    by: str


# --- time -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AddSchedule:
    """Say that to somebody at times to come. The rule is checked by the core. Returns a ``Schedule``."""

    owner: str  #: peer id, stamped by the edge
    to: tuple[str, ...]
    text: str
    rule: Rule
    zone: str
    kind: Kind = Kind.NOTICE
    circle: str = ""
    missed: Missed = Missed.ONCE
    most: int = 10
    overlap: Overlap | None = None  #: None: skip, but with ``all`` allow
    until: datetime | None = None
    jitter: timedelta = timedelta()
    surface: str = ""
    account: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSchedule:
    """Let it rest, go on, or be gone. Returns it as it is then."""

    schedule_id: str
    by: str  #: peer id; "": the owner of the machine
    state: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSchedule:
    """Fire it now, beside its times. Returns what became of that."""

    schedule_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddCheckin:
    """Ask several again and again, and tell what changed. Returns a ``CheckinShown``."""

    owner: str  #: peer id, stamped by the edge
    name: str
    question: str
    of: tuple[str, ...]
    rule: Rule
    zone: str
    report_to: str  #: a name; ``me``
    circle: str = ""
    within: timedelta | None = None  #: how long answers are gathered
    surface: str = ""
    account: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCheckin:
    """Begin a round now, beside its times. Returns what became of that, an ``Occurrence``."""

    name: str
    by: str  #: peer id; "": the owner of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveCheckin:
    """No more of it. Returns it as it was, a ``CheckinShown``."""

    name: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FireSchedules:
    """Decide whatever is due. Returns how much was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureWork:
    """How many jobs run at once, and when, as the config says."""

    rota: Rota


@dataclass(frozen=True, slots=True, kw_only=True)
class AddJob:
    """Have something done, by a peer or in a folder by somebody who is started there. Returns a ``Job``."""

    owner: str  #: peer id, stamped by the edge
    title: str
    prompt: str = ""  #: "": the title says it all
    to: str = ""
    path: str = ""
    backend: str = ""
    circle: str = ""
    after: tuple[str, ...] = ()  #: jobs that must be done first
    due_at: datetime | None = None
    tonight: bool = False
    deadline: timedelta | None = None
    retries: int = 0
    messages: int | None = None  #: that whoever does it may send meanwhile; None: as the config says
    wakes: int | None = None  #: turns they may begin meanwhile
    minutes: int | None = None  #: that a try may take
    surface: str = ""
    account: str = ""
    person: str = ""
    may_spawn: bool = False  #: whoever wants it may have somebody started


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateJob:
    """Whoever does it says how far it is. Returns the ``Job``."""

    job_id: str
    by: str  #: peer id; "": the owner of the machine
    state: str  #: ``running``, ``blocked``, ``done`` or ``failed``
    note: str = ""
    claims: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    job_id: str
    by: str  #: peer id; "": the owner of the machine
    named: str  #: in words


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob:
    job_id: str
    by: str  #: peer id; "": the owner of the machine


@dataclass(frozen=True, slots=True, kw_only=True)
class WantSpawn:
    """Have an agent started, where whoever says this has looked. Returns ``Spawned``."""

    by: str  #: peer id, stamped by the edge
    backend: str
    path: str  #: the real folder, without links
    folder: str  #: its device and inode
    wish: str  #: for its name
    live: int  #: how many may be there at once
    per_minute: int
    depth: int  #: how deep those who were started may start others
    profile: str = ""
    circle: str = ""  #: "": where whoever wants it is
    branch: str = ""
    message: str = ""  #: asked of it when it is there
    role: str = ""
    job_id: str = ""
    surface: str = ""
    account: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginSpawn:
    """Its pane is there; its program begins when this is written. Returns the ``Spawn``."""

    spawn_id: str
    pane: Pane
    worktree: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LingerSpawn:
    """It has not arrived for long. Returns the ``Spawn``."""

    spawn_id: str
    why: str
    attach: str  #: the command that shows its terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSpawn:
    """Its program is over, or never began. Returns the ``Spawn``."""

    spawn_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BeginJobs:
    """Decide what time brought about for jobs, and begin those that may. Returns how much was decided."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveJob:
    """A peer was started for it."""

    job_id: str
    to: str  #: peer id


@dataclass(frozen=True, slots=True, kw_only=True)
class FailJob:
    """Nobody could be started for it; ``again``: another try may help."""

    job_id: str
    why: str
    again: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgeClaims:
    """These claims were looked at."""

    job_id: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureAttention:
    """What the config says about people's attention: said once by every run of the daemon, after ``ConfigureWork``."""

    escalate_after: timedelta = timedelta()  #: none: an ask that nobody answers just waits


@dataclass(frozen=True, slots=True, kw_only=True)
class WishAttention:
    """What somebody at the machine wishes for a person. "": as it is. Returns an ``AttentionShown``."""

    by: str
    person: str
    quiet: str = ""  #: as for ``/quiet``
    zone: str = ""
    pushes: str = ""  #: as for ``/pushes``
    mute: tuple[str, ...] = ()
    hear: tuple[str, ...] = ()
    here: str = "UTC"  #: the zone of a person who never said one


@dataclass(frozen=True, slots=True, kw_only=True)
class TellDigest:
    """Tell a person what is held back for them, where they spoke last. Returns an ``AttentionShown``."""

    person: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Time passed: lapse leases, expire what is over, remind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StepClock:
    """The wall clock was set: by so much it is now ahead of where it would be, or behind if that is negative."""

    by: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Recover:
    """Holders of this name begin anew: what they held and had not begun is free again.

    ``gone``: and there is nobody left who could say what became of what they had begun.
    """

    holder_prefix: str
    gone: bool = True


# --- reviews ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestReview:
    """Have somebody look at a branch or a pull request. Returns a ``ReviewShown``."""

    requester: str
    what: str
    reviewer: str  #: as it was said
    circle: str | None = None
    author: str = ""  #: whose work it is, if it is not the requester's; for the owner to say
    person: str = ""
    source: Source
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkReviewed:
    """A verdict on the head, as it was seen just now. Returns a ``ReviewShown``."""

    review_id: str
    by: str
    verdict: str
    sha: str = ""  #: the commit that is meant, or how its name begins; "": the one that was asked about
    note: str = ""
    person: str = ""
    owner: bool = False  #: the owner of the machine says it
    seen: Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class SeeHeads:
    """How reviews stand, by id, as they were looked at just now."""

    seen: tuple[tuple[str, Seen], ...]


Command = (
    RegisterSession
    | EndSession
    | EndProcess
    | LosePeer
    | OpenConversation
    | Beat
    | CloseConversation
    | DescribePeer
    | RenamePeer
    | MovePeer
    | ClaimRole
    | ChoosePersona
    | BriefSession
    | ForgetPeer
    | ForgetThreads
    | SendAsk
    | AwaitAsk
    | LeaveAsk
    | TellLoop
    | SendNotice
    | SendBroadcast
    | CloseAsk
    | CancelAsk
    | Collect
    | ConfirmCall
    | Say
    | Tap
    | Edit
    | Unsay
    | React
    | ChangePlace
    | ConfigurePlaces
    | KeepIncoming
    | FinishIncoming
    | InvitePerson
    | ConfigurePeople
    | ChangeRight
    | RemovePerson
    | LeaseNext
    | AckDelivery
    | PartDelivery
    | NakDelivery
    | HoldDelivery
    | RejectDelivery
    | DoubtDelivery
    | ExtendDelivery
    | SeeDelivery
    | MissDelivery
    | ReplayDelivery
    | LoseMessage
    | TurnBegan
    | WakeWaits
    | OpenChannel
    | NudgeSession
    | CloseInbox
    | TurnWent
    | TurnWaits
    | TurnEnded
    | HitLimit
    | TurnObserved
    | HandOut
    | BeginCall
    | StopTurn
    | RequestApproval
    | CloseApprovals
    | TellApproval
    | FailApproval
    | FreezeCircle
    | ThawCircle
    | Lock
    | Unlock
    | FinishErrand
    | LoseStart
    | Restart
    | Adopt
    | AddSchedule
    | ChangeSchedule
    | RunSchedule
    | AddCheckin
    | RunCheckin
    | RemoveCheckin
    | FireSchedules
    | ConfigureWork
    | AddJob
    | UpdateJob
    | CancelJob
    | RetryJob
    | WantSpawn
    | BeginSpawn
    | LingerSpawn
    | EndSpawn
    | BeginJobs
    | GiveJob
    | FailJob
    | JudgeClaims
    | RequestReview
    | MarkReviewed
    | SeeHeads
    | ConfigureAttention
    | WishAttention
    | TellDigest
    | Tick
    | StepClock
    | Recover
)

__all__ = ["Authority", "Command", "Road"]
