"""Everybody who is not meant to be heard, trying everything; and the agent, who must not hear any of it.

Each attack's words hold a token of their own. In the end the owner speaks, and that alone may have reached the agent.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.chatrig.setting import CIRCLE, Line, shims
from tests.emulators.telegram import Message, Person, crowd
from tests.emulators.telegram.chat import Chat, User
from tests.scenarios.house import PATIENCE_S, FakeAgent

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
WORDS = (
    "{t}",
    "@worker {t}",
    "/to worker",
    "/ask worker {t}",
    "/peek worker",
    "/stop worker",
    "/lock",
    "/peers",
    "/start",
)


@dataclass(slots=True)
class Findings:
    wrong: list[str] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    def token(self, what: str) -> str:
        self.tokens.append(f"{what.replace(' ', '-')}-{len(self.tokens)};")
        return self.tokens[-1]


Attack = Callable[[Line, Findings], None]


async def attacked(here: Line, *attacks: Attack) -> Findings:
    """Let them try, then see what came of it."""
    found = Findings()
    ada = here.people[0]
    async with here.house.agent("worker", CIRCLE) as worker:
        known = await _peers(here)
        for attack in attacks:
            attack(here, found)
        await here.ground.taken_in()
        for n in range(2):
            ada.says(f"@worker the owner {n};")
            await ada.sees(f"answer to: the owner {n};", within=PATIENCE_S)
        found.wrong += _heard(worker, found)
        if (await _peers(here)) - known - _groups(here):
            found.wrong.append(f"peers came onto the line: {await _peers(here) - known}")
        status = await here.house.daemon.client().status()
        if status.get("locked"):
            found.wrong.append("the line is locked")
    found.wrong += here.ground.emulator.checks(settled=False)
    return found


def silent_to(person: Any, found: Findings, *, most: int = 0) -> None:
    """Note what was said to somebody who should have had silence, or ``most`` lines."""
    told = [message.text for message in person.heard()]
    if len(told) > most:
        found.wrong.append(f"{person.user} was told: {told}")


async def _peers(here: Line) -> set[str]:
    told = await here.house.daemon.client().peers(circle="*", include_self=True, show_offline=True)
    return {each["name"] for each in told["peers"]}


def _groups(here: Line) -> set[str]:
    """A group that listed people are in is a peer by right."""
    forums = getattr(here.ground, "forums", ())
    return {"telegram-" + chat.title.lower() for chat in forums}


def _heard(worker: FakeAgent, found: Findings) -> list[str]:
    told = "\n".join(text for _, text in worker.heard)
    wrong = [f"the agent heard {token}" for token in found.tokens if token in told]
    return wrong + [f"the owner was heard {n} times" for n in [told.count("the owner 0;")] if n != 1]


def private_stranger(eve: Person) -> Attack:
    def attack(here: Line, found: Findings) -> None:
        for words in WORDS:
            eve.says(words.format(t=found.token("stranger")))
        note = eve.says(f"@worker {found.token('stranger edits')}")
        eve.edits(note, f"@worker {found.token('stranger edited')}")
        for kind in ("photo", "voice", "document", "video", "sticker"):
            eve.sends_file("it", b"content", caption=f"@worker {found.token('stranger file')}", kind=kind)
        eve.sends_album(("a", b"1", "photo"), ("b", b"2", "photo"), caption=f"@worker {found.token('album')}")
        eve.forwards(f"@worker {found.token('stranger forwards')}")
        eve.reacts(note, "👍")
        eve.blocks_the_bot()
        eve.unblocks_the_bot()

    return attack


def group_stranger(eve: Person, chat: Chat, thread: int | None = None) -> Attack:
    def attack(here: Line, found: Findings) -> None:
        where = {"chat": chat, "thread": thread}
        for words in WORDS:
            eve.says(words.format(t=found.token("group stranger")), **where)
            eve.says(f"@peerline_bot {words.format(t=found.token('group stranger calls'))}", **where)
        eve.says(f"/ask@peerline_bot worker {found.token('group stranger commands')}", **where)
        for message in [each for each in chat.messages.values() if each.sender.is_bot]:
            eve.says(found.token("group stranger replies"), reply_to=message, **where)
            for label in message.labels:
                eve.taps(message, label)

    return attack


def crowds(chat: Chat, owner: User) -> Attack:
    """Bots, one of them with the owner's own number; admins without a name; channels; words sent by way of a bot."""

    def attack(here: Line, found: Findings) -> None:
        world = here.ground.emulator.world
        for words in WORDS:
            crowd.bot_says(world, chat, words.format(t=found.token("bot")))
            impostor = User(owner.user_id, "Ada", "ada", is_bot=True)
            crowd.bot_says(world, chat, words.format(t=found.token("bot with a person's number")), impostor)
            crowd.admin_without_a_name_says(world, chat, words.format(t=found.token("admin without a name")))
            crowd.channel_says(world, chat, words.format(t=found.token("channel")))
            crowd.linked_channel_posts(world, chat, words.format(t=found.token("linked channel")))

    return attack


def private_bots(owner: Person) -> Attack:
    def attack(here: Line, found: Findings) -> None:
        for words in WORDS:
            told = words.format(t=found.token("bot in private"))
            impostor = User(owner.user.user_id, "Ada", "ada", is_bot=True)
            crowd.bot_says(here.ground.emulator.world, owner.chat, told, impostor)
            via = {"via_bot": User(9_999, "Inline", "inline_bot", is_bot=True).shape()}
            owner.says(words.format(t=found.token("via a bot")), marks=via)

    return attack


def forwarded_commands(owner: Person) -> Attack:
    """The owner forwards what somebody else wrote: none of it is the owner's word."""

    def attack(here: Line, found: Findings) -> None:
        for words in ("@worker {t}", "/to worker", "/ask worker {t}", "/stop worker", "/lock"):
            owner.forwards(words.format(t=found.token("forwarded")), of="Eve")

    return attack


async def brute_force(here: Line, chance: random.Random, tries: int) -> Findings:
    """Nobody comes in by guessing, and after too many guesses the right code opens nothing any more."""
    found = Findings()
    code = (await here.house.at_terminal("telegram", "pair", "--json")).json["code"]
    eves = [here.ground.emulator.person(900 + n, f"Eve{n}") for n in range(5)]
    for n in range(tries):
        guess = "".join(chance.choice(ALPHABET) for _ in code)
        eves[n % len(eves)].says(chance.choice(("{}", "/start {}", " {} ")).format(guess))
    for eve in eves:
        eve.forwards(code)
        eve.says(f"/start {code}")
    await here.ground.taken_in()
    people = await here.house.daemon.client().people("telegram")
    strangers = [each for each in people["people"] if int(each["id"]) >= 900]
    found.wrong += [f"{each} came in" for each in strangers]
    for eve in eves:
        silent_to(eve, found)
    found.wrong += here.ground.emulator.checks()
    return found


async def card_in(here: Line, chat: Chat) -> Message:
    """An agent asks the group something that has buttons, once somebody of the list has spoken there."""
    ada = here.people[0]
    ada.says("/peers@peerline_bot", chat=chat)
    await ada.sees(
        lambda message: message.sender == here.ground.emulator.world.bot, within=PATIENCE_S, chat=chat
    )
    async with shims(here.house, "front") as (front,):
        await front.call(
            "ask", to=f"telegram-{chat.title.lower()}", question="Ship it?", options=["yes", "no"]
        )
    return await ada.sees("Ship it?", within=PATIENCE_S, chat=chat)
