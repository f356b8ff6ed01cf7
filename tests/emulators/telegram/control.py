"""The strings for another process: JSON routes below `/emulator/` that do what the Python side can do.

A body or query names its person by `person` (id), its chat by `chat_id` (absent: the private one) and a
message by `message_id`. What cannot be (no such person or button) is 404, what did not come in time 408.
"""

from __future__ import annotations

import base64
from operator import attrgetter
from typing import Protocol

from aiohttp import web

from tests.emulators import control
from tests.emulators.control import Body, Wanted, mount
from tests.emulators.telegram.chat import Chat, Message
from tests.emulators.telegram.person import Person
from tests.emulators.telegram.world import World


class Platform(control.Platform, Protocol):
    people: dict[int, Person]

    def person(self, user_id: int, name: str, username: str = "", *, started: bool = True) -> Person: ...
    def group(self, chat_id: int, title: str, *members: Person, forum: bool = False) -> Chat: ...
    def topic(self, chat: Chat, creator: Person, name: str) -> int: ...


class Controls(control.Controls[Platform]):
    def __init__(self, world: World, platform: Platform) -> None:
        super().__init__(platform)
        self._world = world

    def mount(self, app: web.Application) -> None:
        super().mount(app)
        mount(
            app,
            self.people, self.groups, self.topics, self.says, self.edits, self.deletes, self.taps,
            self.reacts, self.sends_file, self.blocks, self.unblocks, self.sees, self.toast, self.redeliver,
        )  # fmt: skip
        app.router.add_get("/emulator", self._about)
        app.router.add_get("/emulator/screen", self._screen)

    # Who is there.

    async def people(self, body: Body) -> Body:
        person = self._platform.person(
            body["id"], body["name"], body.get("username", ""), started=body.get("started", True)
        )
        return person.user.shape()

    async def groups(self, body: Body) -> Body:
        members = [self._platform.people[user_id] for user_id in body.get("members", [])]
        return self._platform.group(
            body["id"], body["title"], *members, forum=body.get("forum", False)
        ).shape()

    async def topics(self, body: Body) -> Body:
        thread = self._platform.topic(self._world.chats[body["chat_id"]], self._person(body), body["name"])
        return {"thread": thread}

    # What a person does and sees.

    async def says(self, body: Body) -> Body:
        words = {"reply_to": body.get("reply_to"), "thread": body.get("thread"), "chat": self._chat(body)}
        return shown(self._person(body).says(body["text"], **words))

    async def edits(self, body: Body) -> Body:
        return shown(self._person(body).edits(self._message(body), body["text"]))

    async def deletes(self, body: Body) -> None:
        self._person(body).deletes(self._message(body))

    async def taps(self, body: Body) -> Body:
        tap = self._person(body).taps(self._message(body), body["label"], stale=body.get("stale", False))
        return {"query_id": tap.query_id}

    async def reacts(self, body: Body) -> None:
        self._person(body).reacts(self._message(body), *body["emoji"])

    async def sends_file(self, body: Body) -> Body:
        content = base64.b64decode(body.get("content", ""))
        more = {name: body[name] for name in ("caption", "kind", "size") if name in body}
        return shown(self._person(body).sends_file(body["name"], content, chat=self._chat(body), **more))

    async def blocks(self, body: Body) -> None:
        self._person(body).blocks_the_bot()

    async def unblocks(self, body: Body) -> None:
        self._person(body).unblocks_the_bot()

    async def sees(self, body: Body) -> Body:
        """Wait for a message of others that has all of: `contains`, `label`, `after` (a message id)."""
        wanted = Wanted(
            body.get("contains", ""), body.get("label", ""), body.get("after", 0), attrgetter("message_id")
        )
        return shown(
            await self._person(body).sees(wanted, within=body.get("within", 5), chat=self._chat(body))
        )

    async def toast(self, body: Body) -> Body:
        query = self._world.queries[body["query_id"]]
        await self._world.pulse.until(lambda: query.answered, body.get("within", 5))
        return {"toast": query.toast, "alert": query.alert}

    # What the platform itself does.

    async def redeliver(self, body: Body) -> None:
        self._world.updates.redeliver(body.get("update_id"))

    async def _about(self, request: web.Request) -> web.Response:
        return web.json_response(
            {"root": self._platform.root, "token": self._world.token, "bot": self._world.bot.shape()}
        )

    async def _screen(self, request: web.Request) -> web.Response:
        asked = {name: int(value) for name, value in request.query.items()}
        chat = self._chat(asked) or self._person(asked).chat
        lines = [shown(message) for message in chat.messages.values()]
        return web.json_response(
            {"messages": lines, "pinned": chat.pinned, "actions": chat.actions, "keyboard": chat.keyboard}
        )

    def _person(self, body: Body) -> Person:
        return self._platform.people[body["person"]]

    def _chat(self, body: Body) -> Chat | None:
        return self._world.chats[body["chat_id"]] if "chat_id" in body else None

    def _message(self, body: Body) -> Message:
        return (self._chat(body) or self._person(body).chat).messages[body["message_id"]]


def shown(message: Message) -> Body:
    """Return a message as a person sees it."""
    return {
        "message_id": message.message_id,
        "chat_id": message.chat_id,
        "from": message.sender.shape(),
        "text": message.text,
        "entities": list(message.entities),
        "buttons": [[button.shape() for button in row] for row in message.buttons],
        "reply_to": message.reply_to,
        "thread": message.thread_id,
        "silent": message.silent,
        "file": message.document.name if message.document else None,
        "reactions": list(message.reactions),
        "history": [old.text for old in message.history],
    }
