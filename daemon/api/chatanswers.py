"""What is answered to who hosts chats, and about them: conversations, updates, people, surfaces."""

from __future__ import annotations

from typing import Any, Literal

from daemon.api.answers import Moment, Told


class Conversation(Told):
    peer_id: str
    name: str
    address: str
    account: str


class Left(Told):
    left: str


class Heard(Told):
    understood: str
    ask_id: str | None


class Fresh(Told):
    fresh: list[str]


class Updates(Told):
    updates: list[dict[str, Any]]
    newest: dict[str, str]


class Settled(Told):
    delivery_id: str
    state: str


class Person(Told):
    surface: str
    id: str
    name: str
    rights: list[str]
    owner: bool
    source: Literal["paired", "config"]


class OpenPairing(Told):
    tries_left: int
    expires_at: Moment


class People(Told):
    """``pairing``: the open invitation, without its code."""

    people: list[Person]
    pairing: OpenPairing | None


class Surface(Told):
    """``since``: of the trouble; ``proven``: there was a round trip since hosting began; ``sockets``: that we hold."""

    surface: str
    hosted: bool
    mode: Literal["", "polling", "webhook", "socket", "http"]
    bot: str
    workspace: str
    lacks: list[str]
    sockets: int | None
    proven: bool
    round_trip_age_s: float | None
    lag_s: float | None
    trouble: str
    since: Moment | None
    fix: str
    pending: int | None
    people: int
    waiting: int


class Pairing(Told):
    code: str
    expires_at: Moment
