"""Everything the platform knows: people, channels, files, views, and what it grants for a short time."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.faults import Faults
from tests.emulators.journal import Journal
from tests.emulators.pulse import Pulse
from tests.emulators.slack.deliveries import COMMAND, EVENT, INTERACTIVE, Deliveries, Delivery
from tests.emulators.slack.faults import Fault
from tests.emulators.slack.journal import Record
from tests.emulators.slack.limits import Patience, Refusal
from tests.emulators.slack.meter import Allowance, Meter
from tests.emulators.slack.nouns import TEAM, Channel, File, Message, User, View
from tests.emulators.slack.sockets import APP, Sockets

DOMAIN = "home"
BOT = User("U0000PEER", "Peerline", bot_id="B0000PEER")
_SCOPES = """
app_mentions:read assistant:write channels:history groups:history im:history mpim:history channels:read groups:read
im:read im:write chat:write commands files:read files:write reactions:read reactions:write users:read
"""
SCOPES = frozenset(_SCOPES.split())
SUBSCRIBED = frozenset(
    {"app_mention", "message", "reaction_added", "app_home_opened", "agent_session_stopped"}
)


@dataclass(frozen=True, slots=True)
class Tokens:
    bot: str = "xoxb-emulated-token-that-opens-nothing"
    app: str = "xapp-emulated-token-that-opens-nothing"
    signing_secret: str = "emulated-secret-that-signs-nothing"


@dataclass(slots=True)
class Grant:
    """A trigger_id or response_url: of whom, where, until when, and how often still."""

    owner: User
    channel: str
    until: float
    left: int
    message: Message | None = None


@dataclass(frozen=True, slots=True)
class Sight:
    """What stood newly before the people of a channel; `at` is the clock of `time.monotonic`."""

    at: float
    what: str  #: new, edited, deleted
    message: Message


@dataclass(slots=True)
class World:
    tokens: Tokens
    patience: Patience
    allowance: Allowance | None = None
    root: str = ""
    echo: bool = True  #: the app's own messages come back to it as events, as they do
    scopes: set[str] = field(default_factory=lambda: set(SCOPES))
    subscribed: set[str] = field(default_factory=lambda: set(SUBSCRIBED))
    history_most: int = (
        1000  #: messages a page of history; 15 for new apps that are sold outside the marketplace
    )
    revoked: str = ""  #: the error word that every call is answered with, such as token_revoked
    people: dict[str, User] = field(default_factory=dict)
    channels: dict[str, Channel] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    uploads: dict[str, File] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    homes: dict[str, View] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    streams: set[tuple[str, str]] = field(default_factory=set)
    prompts: dict[str, list[Any]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    wrongs: list[str] = field(default_factory=list)  #: what was taken and should not have been said

    pulse: Pulse = field(default_factory=Pulse)
    _last: int = 0
    _serial: int = 0
    journal: Journal[Record] = field(init=False)
    faults: Faults[Fault] = field(init=False)
    deliveries: Deliveries = field(init=False)
    sockets: Sockets = field(init=False)
    meter: Meter = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.pulse, Record)
        self.faults = Faults(self.pulse, Fault)
        self.deliveries = Deliveries(self.pulse, self.faults, self.patience)
        self.sockets = Sockets(self.pulse, self.faults, self.deliveries)
        self.deliveries.route = self.sockets.carry
        self.deliveries.disconnect = self.sockets.disconnect
        self.meter = Meter(self.allowance)
        self.people[BOT.user_id] = BOT

    # Names and times.

    def ts(self) -> str:
        """Return the name of a message: the time, and never the same one twice."""
        self._last = max(self._last + 1, time.time_ns() // 1000)
        return f"{self._last // 1_000_000}.{self._last % 1_000_000:06d}"

    def passes(self, seconds: float) -> None:
        """Let what is said from now on be said so much later."""
        self._last = max(self._last, time.time_ns() // 1000) + int(seconds * 1_000_000)

    def serial(self) -> int:
        self._serial += 1
        return self._serial

    def named(self, target: str) -> str:
        """Return what a mention of that id is read as."""
        if target in self.people:
            return self.people[target].name
        return self.channels[target].name if target in self.channels else target

    # Channels and what is in them.

    def channel(self, channel_id: str) -> Channel:
        """Return a channel that the app may know of.

        Raises:
            Refusal: there is none of that id, or it is a private one without the app.
        """
        channel = self.channels.get(channel_id)
        if channel is None or (channel.kind == "group" and not channel.bot_in):
            raise Refusal("channel_not_found")
        return channel

    def direct(self, person: User) -> Channel:
        """Return the direct messages of a person with the app."""
        channel_id = f"D{person.user_id[1:]}"
        if channel_id not in self.channels:
            members = {person.user_id: person}
            self.channels[channel_id] = Channel(channel_id, "im", members=members, opened=False)
        return self.channels[channel_id]

    def post(self, channel: Channel, sender: User, *, only_for: str = "", **content: Any) -> Message:
        """Put a message under the others, where everybody in the channel sees it (or one alone)."""
        message = Message(channel.channel_id, self.ts(), sender, only_for=only_for, **content)
        if only_for:
            channel.only_for.append(message)
        else:
            channel.messages[message.ts] = message
            if message.thread_ts:
                channel.threads.setdefault(message.thread_ts, []).append(message.ts)
        self.seen("new", message)
        return message

    def change(self, message: Message, what: str = "edited") -> Message:
        channel = self.channels[message.channel_id]
        if message.only_for:
            channel.only_for = [message if old.ts == message.ts else old for old in channel.only_for]
        else:
            channel.messages[message.ts] = message
        self.seen(what, message)
        return message

    def seen(self, what: str, message: Message) -> None:
        self.sights.append(Sight(time.monotonic(), what, message))
        self.pulse.beat()

    # What is granted for a while.

    def grant(self, name: str, owner: User, channel: str, message: Message | None = None) -> str:
        """Return a new trigger_id or response_url."""
        lasts = self.patience.trigger_s if name == "trigger" else self.patience.response_url_s
        uses = 1 if name == "trigger" else 5
        key = f"{self.serial()}.{name}.{owner.user_id}"
        self.grants[key] = Grant(owner, channel, time.monotonic() + lasts, uses, message)
        return key if name == "trigger" else f"{self.root}response/{key}"

    # What the client is told.

    def tell(self, event: dict[str, Any], channel: Channel | None = None) -> Delivery | None:
        """Send an event, unless the app did not subscribe to it or is not in the channel."""
        if event["type"] not in self.subscribed or (channel and not channel.bot_in):
            return None
        authorization = {"enterprise_id": None, "team_id": TEAM, "user_id": BOT.user_id, "is_bot": True}
        payload = {
            "token": "emulated",
            "team_id": TEAM,
            "context_team_id": TEAM,
            "context_enterprise_id": None,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{self.serial():08d}",
            "event_time": int(time.time()),
            "authorizations": [authorization | {"is_enterprise_install": False}],
            "is_ext_shared_channel": bool(channel and channel.shared),
            "event_context": f"4-{self.serial():08d}",
        }
        return self.deliveries.add(EVENT, event["type"], payload, channel.channel_id if channel else "")

    def interaction(self, kind: str, owner: User, channel: str, body: dict[str, Any]) -> Delivery:
        """Send what a person did with a button, a modal or a shortcut."""
        payload = {
            "type": kind,
            "token": "emulated",
            "team": {"id": TEAM, "domain": DOMAIN},
            "user": owner.actor(),
            "api_app_id": APP,
            "enterprise": None,
            "is_enterprise_install": False,
            "trigger_id": self.grant("trigger", owner, channel),
        }
        return self.deliveries.add(INTERACTIVE, kind, payload | body, channel)

    def command(self, owner: User, channel: Channel, command: str, text: str) -> Delivery:
        payload = {
            "token": "emulated",
            "team_id": owner.team,
            "team_domain": DOMAIN,
            "channel_id": channel.channel_id,
            "channel_name": channel.name or "directmessage",
            "user_id": owner.user_id,
            "user_name": owner.name.lower(),
            "command": command,
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self.grant("response", owner, channel.channel_id),
            "trigger_id": self.grant("trigger", owner, channel.channel_id),
        }
        return self.deliveries.add(COMMAND, command, payload, channel.channel_id)
