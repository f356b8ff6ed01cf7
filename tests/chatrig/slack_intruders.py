"""The same for a workspace: strangers by name and by team, other apps, old integrations, and every door Slack has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bots.slack.pressing import ASK, ASK_ABOUT
from tests.chatrig.intruders import WORDS, Attack, Findings
from tests.chatrig.setting import Line, shims
from tests.emulators.slack import TEAM, Channel, Message, Person, User, crowd
from tests.scenarios.house import PATIENCE_S


def stranger(eve: Person, channel: Channel | None = None, thread: Message | str = "") -> Attack:
    """Somebody who is not listed says, edits, files, marks and commands, in private or where others talk."""

    def attack(here: Line, found: Findings) -> None:
        where: dict[str, Any] = {"channel": channel, "thread": thread}
        for words in _words(found, "stranger"):
            eve.says(words, **where)
        for words in _words(found, "stranger calls"):
            eve.says(f"@Peerline {words}", **where)
        for words in _words(found, "stranger commands"):
            eve.slash("/peerline", words, channel=channel)
        note = eve.says(f"@worker {found.token('stranger edits')}", **where)
        eve.edits(note, f"@worker {found.token('stranger edited')}")
        eve.sends_file("it", b"content", caption=f"@worker {found.token('stranger file')}", **where)
        eve.reacts(note, "+1")
        eve.deletes(note)
        eve.shortcut(ASK)
        eve.shortcut(ASK_ABOUT, eve.says(f"@worker {found.token('stranger shortcut')}", **where))

    return attack


def meddler(eve: Person, channel: Channel) -> Attack:
    """What stands there is answered, tapped and marked by somebody who may not."""

    def attack(here: Line, found: Findings) -> None:
        for message in eve.heard(channel):
            eve.says(found.token("meddler replies"), channel=channel, thread=message)
            eve.reacts(message, "+1")
            for label in message.labels:
                eve.taps(message, label)

    return attack


def apps(channel: Channel, owner: Person) -> Attack:
    """Other bots, one of them with the owner's own id, and integrations without a user; all of them call us."""

    def attack(here: Line, found: Findings) -> None:
        world = here.ground.emulator.world
        impostor = User(owner.user.user_id, owner.user.name, bot_id="B0000FAKE")
        for call in ("", "<@U0000PEER> "):
            for words in _words(found, "bot"):
                crowd.bot_says(world, channel, call + words)
            for words in _words(found, "bot with a person's id"):
                crowd.bot_says(world, channel, call + words, impostor)
            for words in _words(found, "integration"):
                crowd.integration_says(world, channel, call + words)

    return attack


def namesake(owner: Person, channel: Channel) -> Attack:
    """Somebody of another team who has the owner's id there."""

    def attack(here: Line, found: Findings) -> None:
        world = here.ground.emulator.world
        mine = world.people[owner.user.user_id]
        other = Person(world, User(owner.user.user_id, "Ada", "T0000ELSE"))
        for words in _words(found, "namesake"):
            other.says(f"@Peerline {words}", channel=channel)
        world.people[mine.user_id] = mine
        channel.members[mine.user_id] = mine

    return attack


async def card_in(here: Line, channel: Channel) -> Message:
    ada = here.people[0]
    async with shims(here.house, "front") as (front,):
        await front.call("ask", to="slack", question="Ship it?", options=["yes", "no"])
    card: Message = await ada.sees("Ship it?", within=PATIENCE_S, channel=channel)
    return card


def silent(eve: Person, found: Findings, *channels: Channel) -> None:
    """Nothing was said to somebody who should have had silence, and no modal opened."""
    told = [message.text for message in eve.heard()]
    told += [m.text for channel in channels for m in eve.heard(channel) if m.only_for == eve.user.user_id]
    if told or eve.modal:
        found.wrong.append(f"{eve.user.name} was told: {told or eve.modal}")


def _words(found: Findings, who: str) -> Iterator[str]:
    return (words.format(t=found.token(who)) for words in WORDS)


def foreigner(here: Line) -> Person:
    found: Person = here.ground.emulator.person("U0000FAR", "Far", team="T0000ELSE")
    assert found.user.team != TEAM
    return found
