"""The strings for another process: JSON routes below `/emulator/` that do what the Python side can do.

A body names its person by `person` (id), its channel by `channel` (absent: the direct messages), a thread by `thread`
(ts), a message by `ts`. What cannot be (no such person or button) is 404, what did not come in time 408.
"""

from __future__ import annotations

import base64
from operator import attrgetter
from typing import Any, Protocol

from aiohttp import web

from tests.emulators import control
from tests.emulators.control import Body, Wanted, mount
from tests.emulators.slack.crowd import bot_says
from tests.emulators.slack.nouns import TEAM, Channel, Message, View
from tests.emulators.slack.person import Person
from tests.emulators.slack.taps import Tap
from tests.emulators.slack.world import World


class Platform(control.Platform, Protocol):
    people: dict[str, Person]

    def person(self, user_id: str, name: str, *, team: str = TEAM) -> Person: ...
    def channel(
        self,
        channel_id: str,
        name: str,
        *members: Person,
        private: bool = False,
        bot_in: bool = True,
        shared: bool = False,
    ) -> Channel: ...
    def away(self, *, channel: str = "") -> int: ...
    def pushes_to(self, url: str) -> Any: ...
    def checks(self, *forgiven: str, settled: bool = True) -> list[str]: ...


class Controls(control.Controls[Platform]):
    def __init__(self, world: World, platform: Platform) -> None:
        super().__init__(platform)
        self._world = world

    def mount(self, app: web.Application) -> None:
        super().mount(app)
        mount(
            app,
            self.people, self.channels, self.says, self.edits, self.deletes, self.taps, self.selects, self.slash,
            self.shortcut, self.submits, self.opens_home, self.reacts, self.sends_file, self.bot_says, self.sees,
            self.modal, self.home, self.disconnect, self.freeze, self.thaw, self.away,
            self.enable, self.pushes, self.checks,
        )  # fmt: skip
        app.router.add_get("/emulator", self._about)
        app.router.add_get("/emulator/screen", self._screen)
        app.router.add_get("/emulator/deliveries", self._deliveries)

    # Who is there.

    async def people(self, body: Body) -> Body:
        return self._platform.person(body["id"], body["name"], team=body.get("team", TEAM)).user.shape()

    async def channels(self, body: Body) -> Body:
        members = [self._platform.people[user_id] for user_id in body.get("members", [])]
        more = {name: body[name] for name in ("private", "bot_in", "shared") if name in body}
        return self._platform.channel(body["id"], body["name"], *members, **more).shape()

    # What a person does and sees.

    async def says(self, body: Body) -> Body:
        return shown(self._person(body).says(body["text"], **self._place(body)))

    async def edits(self, body: Body) -> Body:
        return shown(self._person(body).edits(self._message(body), body["text"]))

    async def deletes(self, body: Body) -> None:
        self._person(body).deletes(self._message(body))

    async def taps(self, body: Body) -> Body:
        person, stale = self._person(body), body.get("stale", False)
        return await _told(body, person.taps(self._message(body), body["label"], stale=stale))

    async def selects(self, body: Body) -> Body:
        return await _told(body, self._person(body).selects(self._message(body), body["label"]))

    async def slash(self, body: Body) -> Body:
        channel = self._channel(body)
        return await _told(
            body, self._person(body).slash(body["command"], body.get("text", ""), channel=channel)
        )

    async def shortcut(self, body: Body) -> Body:
        message = self._message(body) if "ts" in body else None
        return await _told(body, self._person(body).shortcut(body["callback_id"], message))

    async def submits(self, body: Body) -> Body:
        person = self._person(body)
        view = await person.sees_modal(within=body.get("within", 5))
        return await _told(body, person.submits(view, **body.get("values", {})))

    async def opens_home(self, body: Body) -> None:
        self._person(body).opens_home(body.get("tab", "home"))

    async def reacts(self, body: Body) -> None:
        self._person(body).reacts(self._message(body), body["emoji"], removed=body.get("removed", False))

    async def sends_file(self, body: Body) -> Body:
        content = base64.b64decode(body.get("content", ""))
        more = {name: body[name] for name in ("caption", "size", "mimetype") if name in body}
        return shown(self._person(body).sends_file(body["name"], content, **self._place(body), **more))

    async def bot_says(self, body: Body) -> Body:
        channel = self._world.channels[body["channel"]]
        return shown(bot_says(self._world, channel, body["text"], thread_ts=body.get("thread", "")))

    async def sees(self, body: Body) -> Body:
        """Wait for a message of others that has all of: `contains`, `label`, `after` (a ts)."""
        wanted = Wanted(
            body.get("contains", ""), body.get("label", ""), body.get("after", ""), attrgetter("ts")
        )
        person = self._person(body)
        return shown(await person.sees(wanted, within=body.get("within", 5), **self._place(body)))

    async def modal(self, body: Body) -> Body:
        """Wait for a modal that `contains` something."""
        person = self._person(body)
        return _view(await person.sees_modal(body.get("contains", ""), within=body.get("within", 5)))

    async def home(self, body: Body) -> Body:
        person = self._person(body)
        return _view(await person.sees_home(body.get("contains", ""), within=body.get("within", 5)))

    # What the platform itself does.

    async def disconnect(self, body: Body) -> None:
        await self._world.sockets.disconnect(body["reason"])

    async def enable(self, body: Body) -> None:
        self._world.sockets.enabled = True

    async def freeze(self, body: Body) -> None:
        self._world.sockets.freeze()

    async def thaw(self, body: Body) -> None:
        self._world.sockets.thaw()

    async def away(self, body: Body) -> Body:
        return {"given_up": self._platform.away(channel=body.get("channel", ""))}

    async def pushes(self, body: Body) -> None:
        self._platform.pushes_to(body["url"])

    async def checks(self, body: Body) -> list[str]:
        return self._platform.checks(*body.get("forgiven", []), settled=body.get("settled", True))

    async def _about(self, request: web.Request) -> web.Response:
        tokens = self._world.tokens
        told = {"bot": tokens.bot, "app": tokens.app, "signing_secret": tokens.signing_secret}
        return web.json_response({"root": self._platform.root, "tokens": told})

    async def _screen(self, request: web.Request) -> web.Response:
        asked = dict(request.query)
        lines = [shown(message) for message in self._person(asked).screen(**self._place(asked))]
        return web.json_response({"messages": lines})

    async def _deliveries(self, request: web.Request) -> web.Response:
        told = [
            {"name": each.name, "outcome": each.outcome, "latency": each.latency, "line": each.line()}
            for each in self._world.deliveries.all
        ]
        return web.json_response({"deliveries": told, "sockets": len(self._world.sockets.open)})

    def _person(self, body: Body) -> Person:
        return self._platform.people[body["person"]]

    def _channel(self, body: Body) -> Channel | None:
        return self._world.channels[body["channel"]] if "channel" in body else None

    def _place(self, body: Body) -> dict[str, Any]:
        return {"channel": self._channel(body), "thread": body.get("thread", "")}

    def _message(self, body: Body) -> Message:
        room = self._channel(body) or self._person(body).chat
        return next(each for each in [*room.messages.values(), *room.only_for] if each.ts == body["ts"])


async def _told(body: Body, tap: Tap) -> Body:
    """Answer at once, or (`within`) when it was decided whether the tap was acknowledged."""
    told: Body = {"trigger_id": tap.trigger_id}
    if "within" in body:
        told |= {"acknowledged": await tap.ended(within=body["within"]), "answer": tap.delivery.answer}
    return told


def shown(message: Message) -> Body:
    """Return a message as a person sees it."""
    return {
        "ts": message.ts,
        "channel": message.channel_id,
        "from": message.sender.shape(),
        "text": message.text,
        "fallback": message.raw,
        "blocks": list(message.blocks),
        "buttons": list(message.labels),
        "options": list(message.options),
        "thread": message.thread_ts,
        "only_for": message.only_for,
        "files": [file.name for file in message.files],
        "reactions": [list(pair) for pair in message.reactions],
        "history": [old.raw for old in message.history],
        "metadata": dict(message.metadata) if message.metadata else None,
    }


def _view(view: View) -> Body:
    labels = [button.label for button in view.buttons]
    return {"title": view.title, "text": view.text, "buttons": labels, "errors": view.errors}
