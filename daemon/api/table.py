"""The whole interface as a table: what may be asked, by whom, with what, and which room answers."""

from __future__ import annotations

from typing import Final

from daemon.api import (
    asks,
    bodies,
    circles,
    conversations,
    deliveries,
    events,
    locks,
    messages,
    peers,
    status,
)
from daemon.api.caller import HOSTS, PEOPLE, Standing
from daemon.api.door import Endpoint
from daemon.wire import routes

OWNER: Final = frozenset({Standing.OWNER})
OUTSIDE: Final = frozenset({Standing.OWNER, Standing.CLI})

ENDPOINTS: Final = (
    Endpoint("GET", routes.WHOAMI, peers.whoami, "see who the caller is"),
    Endpoint("GET", routes.PEERS, peers.listed, "list who is there", query=bodies.PeersQuery),
    Endpoint("GET", routes.PEER, peers.shown, "look at one peer", query=bodies.PeerQuery),
    Endpoint("PATCH", routes.PEER, peers.change, "describe, rename or move a peer", body=bodies.PeerChange),
    Endpoint("DELETE", routes.PEER, peers.forget, "forget an offline peer", may=OWNER),
    Endpoint("GET", routes.MESSAGES, messages.unread, "list what is unread", query=bodies.MessagesQuery),
    Endpoint(
        "POST", routes.MESSAGES, messages.send, "send an ask, a notice or a broadcast", body=bodies.Send
    ),
    Endpoint("POST", routes.COLLECT, messages.collect, "take what is unread", body=bodies.CollectBody),
    Endpoint("POST", routes.CONFIRM, messages.confirm, "confirm what was taken", body=bodies.ConfirmBody),
    Endpoint("GET", routes.ASKS, asks.listed, "list the open asks", query=bodies.AsksQuery),
    Endpoint(
        "GET", routes.ASK, asks.shown, "look at one ask, perhaps when it has ended", query=bodies.AskQuery
    ),
    Endpoint("POST", routes.ANSWER, asks.answer, "answer, acknowledge or decline", body=bodies.AnswerBody),
    Endpoint("POST", routes.CANCEL, asks.cancel, "take an ask back", body=bodies.Nothing),
    Endpoint("GET", routes.WHY, messages.why, "read the story of one message"),
    Endpoint(
        "GET",
        routes.EVENTS,
        events.feed,
        "follow the feed",
        query=bodies.EventsQuery,
        may=HOSTS,
        streams=True,
    ),
    Endpoint(
        "POST",
        routes.CONVERSATIONS,
        conversations.join,
        "join a conversation",
        body=bodies.ConversationBody,
        may=HOSTS,
    ),
    Endpoint("DELETE", routes.CONVERSATION, conversations.leave, "leave a conversation", may=HOSTS),
    Endpoint("POST", routes.BEATS, conversations.beat, "prove a round trip", body=bodies.BeatBody, may=HOSTS),
    Endpoint(
        "POST", routes.SAYS, conversations.say, "hand over a person's words", body=bodies.SayBody, may=HOSTS
    ),
    Endpoint(
        "POST", routes.TAPS, conversations.tap, "hand over a person's choice", body=bodies.TapBody, may=HOSTS
    ),
    Endpoint(
        "GET",
        routes.PARCELS,
        conversations.parcels,
        "take what is to be shown",
        query=bodies.ParcelsQuery,
        may=HOSTS,
        streams=True,
    ),
    Endpoint(
        "POST", routes.DELIVERY, deliveries.settle, "settle a lease", body=bodies.DeliveryBody, may=HOSTS
    ),
    Endpoint(
        "GET",
        routes.PEOPLE,
        conversations.people,
        "list who may speak",
        query=bodies.PeopleQuery,
        may=OUTSIDE,
    ),
    Endpoint(
        "POST",
        routes.PAIRING,
        conversations.invite,
        "show a pairing code",
        body=bodies.PairingBody,
        may=OWNER,
        here=True,
    ),
    Endpoint("DELETE", routes.PERSON, conversations.remove, "take a voice away", may=PEOPLE, here=True),
    Endpoint("POST", routes.FREEZE, circles.freeze, "freeze a circle", body=bodies.Nothing, may=OWNER),
    Endpoint("POST", routes.THAW, circles.thaw, "let a frozen circle go on", body=bodies.Nothing, may=OWNER),
    Endpoint("POST", routes.LOCK, locks.lock, "lock the line", body=bodies.Nothing, may=OWNER, here=True),
    Endpoint(
        "POST", routes.UNLOCK, locks.unlock, "unlock the line", body=bodies.Nothing, may=OWNER, here=True
    ),
    Endpoint("GET", routes.ROADS, status.roads, "try every road into every agent", may=OUTSIDE),
    Endpoint("GET", routes.STATUS, status.status, "see how the daemon is"),
    Endpoint("POST", routes.STOP, status.stop, "end the daemon", body=bodies.Nothing, may=OUTSIDE),
)
