"""Conversations: joining one, what people say and choose there, what they are to see, and who may speak."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from daemon.api.caller import Caller, Standing
from daemon.api.door import Call, Room
from daemon.core import commands as c
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Authority, Conversation, File, Heard, Parcel, Person
from daemon.core.people import is_open
from daemon.core.rules.frame import ALPHABET
from daemon.core.view import Plan
from daemon.engine import mailbox
from daemon.wire import shapes
from daemon.wire.codec import encode

Json = dict[str, Any]

CODE_LENGTH: Final = 8
CODE_LIFE: Final = timedelta(minutes=10)
SURFACES: Final = {Standing.OWNER: "console", Standing.CLI: "cli"}


async def join(room: Room, call: Call) -> Json:
    """Open a conversation on the caller's own surface, and be who types there."""
    body, caller = call.body, call.caller
    own_surface(caller, body.surface)
    owner = caller.standing is Standing.OWNER
    command = c.OpenConversation(
        surface=body.surface,
        address=body.address,
        host=caller.host,
        wish=body.surface,
        authority=Authority.OWNER if owner else Authority.UNVERIFIED,
        shared=body.shared,
        account="owner" if owner else "cli",
        person=room.owner if owner else "",
        trusted=owner and room.trusts_terminal,
    )
    peer = await room.engine.handle(command)
    found: Conversation | None = await room.look(lambda plan: plan.conversation(peer.peer_id))
    return {
        "peer_id": peer.peer_id,
        "name": peer.name,
        "address": found.address if found else body.address,
        "account": command.account,
    }


async def leave(room: Room, call: Call) -> Json:
    await room.engine.handle(c.CloseConversation(peer_id=call.params["id"], host=call.caller.host))
    return {"left": call.params["id"]}


async def beat(room: Room, call: Call) -> Json:
    own_surface(call.caller, call.body.surface)
    command = c.Beat(surface=call.body.surface, host=call.caller.host, trouble=call.body.trouble)
    return await room.write(call, (command,), lambda _: {})


async def say(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    command = c.Say(
        surface=body.surface,
        address=body.address,
        account=body.account,
        text=body.text,
        author=body.author,
        reply_to=body.reply_to,
        private=body.private,
        to=body.to,
        receipt=body.receipt,
        title=body.title,
        topic=body.topic,
        called=body.called,
        files=tuple(File(**each.model_dump()) for each in body.files),
        forwarded=body.forwarded,
        thread=body.thread,
        around=body.around,
        aside=body.aside,
        zone=room.zone,
    )
    return await taken(room, call, command)


async def tap(room: Room, call: Call) -> Json:
    body = call.body
    await hosts(room, call.caller, body.surface, body.address)
    command = c.Tap(
        surface=body.surface,
        address=body.address,
        account=body.account,
        ask_id=body.ask_id,
        option=body.option,
        receipt=body.receipt,
    )
    return await taken(room, call, command)


async def taken(room: Room, call: Call, command: c.Say | c.Tap | c.Edit | c.Unsay | c.React) -> Json:
    """Its effect, and that the updates that told of it are done, in one commit."""
    finish = c.FinishIncoming(surface=command.surface, update_ids=tuple(call.body.does))
    told = await room.write(call, (replace(command, does=finish.update_ids), finish), heard)
    if told["understood"] == "nothing" and not await room.look(
        lambda plan: plan.person(command.surface, command.account)
    ):
        room.count("stranger", command.surface)
    return told


async def parcels(room: Room, call: Call) -> AsyncIterator[tuple[str, int, Any]]:
    """What is to be shown in the conversations the caller hosts, leased one at a time in each."""
    host, query = call.caller.host, call.query
    own_surface(call.caller, query.surface)
    return _encoded(room, mailbox.parcels(room.engine, query.surface, host, host, peer_id=query.peer_id))


async def _encoded(room: Room, stream: AsyncIterator[Parcel]) -> AsyncIterator[tuple[str, int, Any]]:
    async for parcel in stream:
        room.engine.passed("api.leased")
        yield "parcel", 0, encode(parcel)


async def people(room: Room, call: Call) -> Json:
    """Both at one moment: whoever waits for somebody sees the code void and nobody new only if it is so."""
    surface = call.query.surface
    told: Json = await room.look(lambda plan: _people(plan, surface))
    return told


def _people(plan: Plan, surface: str) -> Json:
    found = plan.view.people(surface)
    return {
        "people": [shapes.person(each) for each in found if each.removed_at is None],
        "pairing": _open_pairing(plan, surface),
    }


def _open_pairing(plan: Plan, surface: str) -> Json | None:
    found = plan.pairing(surface)
    if found is None or not is_open(plan, found):
        return None
    return {"tries_left": found.tries_left, "expires_at": shapes.moment(found.expires_at)}


async def change_right(room: Room, call: Call) -> Json:
    command = c.ChangeRight(
        surface=call.params["surface"],
        account=call.params["account"],
        right=call.body.right,
        granted=call.body.granted,
    )
    person: Person = await room.engine.handle(command)
    return shapes.person(person)


async def invite(room: Room, call: Call) -> Json:
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    command = c.InvitePerson(surface=call.body.surface, code=code, ttl=CODE_LIFE)

    def shown(told: list[Any]) -> Json:
        return {"code": told[0].code, "expires_at": shapes.moment(told[0].expires_at)}

    return await room.write(call, (command,), shown)


async def remove(room: Room, call: Call) -> Json:
    command = c.RemovePerson(surface=call.params["surface"], account=call.params["account"])
    person: Person = await room.engine.handle(command)
    return shapes.person(person)


def heard(told: list[Any]) -> Json:
    first: Heard = told[0]
    understood = {"understood": first.understood, "ask_id": first.ask_id}
    return understood | ({"errand_id": first.errand_id} if first.errand_id else {})


def own_surface(caller: Caller, surface: str) -> None:
    own = SURFACES.get(caller.standing, caller.host.removesuffix("-bot"))
    if surface != own:
        raise NotAllowed(f'"{surface}" is not your surface', f'yours is "{own}"')


async def hosts(room: Room, caller: Caller, surface: str, address: str) -> None:
    """A host acts for the conversations it carries and no others.

    A service is also the one who hears strangers first, in chats that are no conversation yet.
    """
    own_surface(caller, surface)
    found: Conversation | None = await room.look(lambda plan: plan.view.conversation_at(surface, address))
    if found is None and caller.standing is not Standing.SERVICE:
        raise NotFound(f'no conversation "{address}" on {surface}', "join it first")
    if found is not None and found.host != caller.host:
        raise NotAllowed(f'conversation "{address}" is carried by somebody else', "join again")
