"""The one implementation of ``PeerClient``, over any exchange."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import quote

from daemon.client.interface import Exchange, Json, Question
from daemon.client.reviewing import ReviewVerbs
from daemon.client.starts import StartVerbs
from daemon.client.times import TimeVerbs
from daemon.core.errors import Unavailable
from daemon.wire import routes

RECONNECT_S: Final = (0.05, 0.1, 0.2)


class Client(TimeVerbs, ReviewVerbs, StartVerbs):
    """A ``PeerClient``."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def whoami(self) -> Json:
        return await self._get(routes.WHOAMI)

    async def peers(
        self,
        *,
        circle: str | None = None,
        scope: str | None = None,
        show_offline: bool = False,
        include_self: bool = False,
        orphans: bool = False,
    ) -> Json:
        return await self._get(
            routes.PEERS,
            circle=circle,
            scope=scope,
            show_offline=show_offline,
            include_self=include_self,
            orphans=orphans,
        )

    async def peer(self, name: str, *, circle: str | None = None) -> Json:
        return await self._get(_at(routes.PEER, name), circle=circle)

    async def describe(self, peer: str, description: str) -> Json:
        return await self._send("PATCH", _at(routes.PEER, peer), {"description": description})

    async def rename(self, peer: str, name: str) -> Json:
        return await self._send("PATCH", _at(routes.PEER, peer), {"name": name})

    async def move(self, peer: str, circle: str) -> Json:
        return await self._send("PATCH", _at(routes.PEER, peer), {"circle": circle})

    async def forget(self, peer: str) -> Json:
        return await self._send("DELETE", _at(routes.PEER, peer), None)

    async def kill(self, peer: str) -> Json:
        return await self._post(_at(routes.KILL, peer), {}, None)

    async def claim_role(self, peer: str, role: str, *, force: bool = False, key: str | None = None) -> Json:
        return await self._post(_at(routes.ROLE, peer), {"role": role, "force": force}, key)

    async def choose_persona(self, peer: str, name: str | None, *, key: str | None = None) -> Json:
        return await self._post(_at(routes.PERSONA, peer), {"name": name}, key)

    async def overview(self, circle: str | None = None) -> Json:
        return await self._get(routes.OVERVIEW, circle=circle)

    async def restart(self, peer: str, *, now: bool = False, key: str | None = None) -> Json:
        return await self._post(_at(routes.RESTART, peer), {"now": now}, key)

    async def down(self) -> Json:
        return await self._post(routes.DOWN, {}, None)

    async def started(self) -> Json:
        return await self._get(routes.STARTED)

    async def adopt(
        self, tmux: str, pane: str, *, name: str | None = None, circle: str | None = None
    ) -> Json:
        told = {"tmux": tmux, "pane": pane, "name": name, "circle": circle}
        return await self._post(routes.ADOPT, told, None)

    async def lock(self) -> Json:
        return await self._post(routes.LOCK, {}, None)

    async def unlock(self) -> Json:
        return await self._post(routes.UNLOCK, {}, None)

    async def freeze(self, circle: str) -> Json:
        return await self._post(routes.FREEZE.format(name=quote(circle, safe="")), {}, None)

    async def thaw(self, circle: str) -> Json:
        return await self._post(routes.THAW.format(name=quote(circle, safe="")), {}, None)

    async def roads(self) -> Json:
        told: Json = await self._exchange.request("GET", routes.ROADS)
        return told

    async def ask(self, question: Question, *, key: str | None = None) -> Json:
        body = {"kind": "ask", **asdict(question), "to": list(question.to), "options": list(question.options)}
        return await self._post(routes.MESSAGES, body, key)

    async def asked(self, ask_id: str, *, wait_s: float = 0) -> Json:
        query = {"wait_s": f"{wait_s:g}"} if wait_s else {}
        told: Json = await self._exchange.request("GET", _at(routes.ASK, ask_id), query=query, wait_s=wait_s)
        return told

    async def asks(self, whose: str = "mine") -> Json:
        return await self._get(routes.ASKS, whose=whose)

    async def answer(
        self,
        ask_id: str,
        text: str = "",
        *,
        option: str | None = None,
        decline: bool = False,
        key: str | None = None,
    ) -> Json:
        body = {"text": text, "option": option, "decline": decline}
        return await self._post(_at(routes.ANSWER, ask_id), body, key)

    async def cancel(self, ask_id: str, *, key: str | None = None) -> Json:
        return await self._post(_at(routes.CANCEL, ask_id), {}, key)

    async def notify(
        self,
        peer: str,
        text: str,
        *,
        circle: str | None = None,
        urgency: str = "normal",
        key: str | None = None,
    ) -> Json:
        body = {"kind": "notice", "to": [peer], "text": text, "circle": circle, "urgency": urgency}
        return await self._post(routes.MESSAGES, body, key)

    async def broadcast(self, text: str, *, circle: str | None = None, key: str | None = None) -> Json:
        return await self._post(routes.MESSAGES, {"kind": "broadcast", "text": text, "circle": circle}, key)

    async def messages(self, *, limit: int = 50) -> Json:
        return await self._get(routes.MESSAGES, limit=limit)

    async def history(self, *, limit: int = 20) -> Json:
        return await self._get(routes.HISTORY, limit=limit)

    async def collect(self, call: str, *, limit: int = 20, ask_id: str | None = None) -> Json:
        return await self._post(routes.COLLECT, {"call": call, "limit": limit, "ask_id": ask_id}, None)

    async def confirm(self, call: str, *, others: bool = False) -> Json:
        return await self._post(routes.CONFIRM, {"call": call, "others": others}, None)

    async def why(self, message_id: str) -> Json:
        return await self._get(_at(routes.WHY, message_id))

    async def feed(self, after: int = 0) -> AsyncIterator[Json]:
        """Yield committed events after ``after``, without an end; resumes by itself."""
        query = {"after": str(after)}
        async for _, told in self._lasting(routes.EVENTS, query):
            query["after"] = str(told["seq"])
            yield told

    async def status(self) -> Json:
        return await self._get(routes.STATUS)

    async def stop(self) -> Json:
        return await self._post(routes.STOP, {}, None)

    async def people(self, surface: str) -> Json:
        return await self._get(routes.PEOPLE, surface=surface)

    async def invite(self, surface: str) -> Json:
        return await self._post(routes.PAIRING, {"surface": surface}, None)

    async def change_right(self, surface: str, account: str, right: str, *, granted: bool) -> Json:
        path = routes.PERSON.format(surface=quote(surface, safe=""), account=quote(account, safe=""))
        return await self._send("PATCH", path, {"right": right, "granted": granted})

    async def surface(self, name: str) -> Json:
        """How a chat surface is: what is known here, and what the platform says when asked."""
        return await self._get(routes.SURFACE.format(surface=quote(name, safe="")))

    async def host(self, name: str) -> Json:
        """Have the daemon read the config again and host the surface as it stands there."""
        return await self._post(routes.SURFACE.format(surface=quote(name, safe="")), {}, None)

    async def remove_person(self, surface: str, account: str) -> Json:
        path = routes.PERSON.format(surface=quote(surface, safe=""), account=quote(account, safe=""))
        return await self._send("DELETE", path, None)

    async def close(self) -> None:
        await self._exchange.close()

    async def _get(self, path: str, **query: Any) -> Json:
        told: Json = await self._exchange.request("GET", path, query=_texts(query))
        return told

    async def _send(self, method: str, path: str, body: Json | None) -> Json:
        told: Json = await self._exchange.request(method, path, body=body)
        return told

    async def _post(self, path: str, body: Json, key: str | None) -> Json:
        told: Json = await self._exchange.request("POST", path, body=body, key=key)
        return told

    async def _lasting(self, path: str, query: dict[str, str]) -> AsyncIterator[tuple[str, Any]]:
        """Open the stream again whenever it ends, with the query as it is then."""
        tried = 0
        while True:
            try:
                async for event in self._exchange.stream(path, dict(query)):
                    tried = 0
                    yield event
            except Unavailable:
                pass
            await asyncio.sleep(RECONNECT_S[min(tried, len(RECONNECT_S) - 1)])
            tried += 1


def _at(path: str, wanted: str) -> str:
    return path.format(id=quote(wanted, safe="", errors="replace"))


def _texts(query: dict[str, Any]) -> dict[str, str]:
    return {
        name: _text(value) for name, value in query.items() if value not in {None, ""} and value is not False
    }


def _text(value: Any) -> str:
    return "1" if value is True else str(value)
