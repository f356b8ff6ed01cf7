"""A Slack that fits on a loopback port: Web API and Socket Mode on one side, people on the other.

    async with SlackEmulator() as slack:
        ada = slack.person("U0000ADA", "Ada")
        work = slack.channel("C0000WORK", "work", ada)
        client = AsyncWebClient(slack.tokens.bot, base_url=slack.root)
        ada.mentions("how far?", channel=work)
        answer = await ada.sees("half way", channel=work)

What a person sees is `text`: of a message with blocks that is what they read, not the fallback (`raw`).
Slack's own waiting (three seconds for an acknowledgement, up to five minutes between attempts) is a `Patience`;
`Patience().times(30)` runs its clock thirty times as fast, `.retrying(0.1, 0.2, 0.4)` changes the pauses alone.
What goes wrong is a `Fault` for a method, a `socket` or an `envelope` (`slack.faults`), or done at once:
`slack.sockets.disconnect(reason)`, `.freeze()`, `.cut()`; `slack.unplug()`; `slack.away()` for a long absence.
`slack.checks()` says what a correct client never does.
As a process: `python -m tests.emulators.slack --port N`; then scripted through `/emulator/...`.
"""

from __future__ import annotations

from tests.emulators.slack.faults import LINK_DISABLED, REFRESH, TOO_MANY, WARNING, Fault, Kind
from tests.emulators.slack.limits import Patience
from tests.emulators.slack.meter import Allowance
from tests.emulators.slack.nouns import TEAM, Button, Channel, File, Message, User, View
from tests.emulators.slack.person import Person
from tests.emulators.slack.server import SlackEmulator
from tests.emulators.slack.storm import Storm
from tests.emulators.slack.taps import Tap
from tests.emulators.slack.world import BOT, Tokens

__all__ = [
    "BOT",
    "LINK_DISABLED",
    "REFRESH",
    "TEAM",
    "TOO_MANY",
    "WARNING",
    "Allowance",
    "Button",
    "Channel",
    "Fault",
    "File",
    "Kind",
    "Message",
    "Patience",
    "Person",
    "SlackEmulator",
    "Storm",
    "Tap",
    "Tokens",
    "User",
    "View",
]
