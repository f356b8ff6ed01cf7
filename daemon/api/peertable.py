"""The part of the table that is about peers: who is there, what may be changed of one, starting and ending one."""

from __future__ import annotations

from typing import Final

from daemon.api import (
    answers,
    bodies,
    ending,
    endinganswers,
    endingbodies,
    peers,
    roleanswers,
    rolebodies,
    roles,
    spawnbodies,
    spawns,
)
from daemon.api.caller import ENDERS, OUTSIDE, OWNER, Standing
from daemon.api.door import Endpoint
from daemon.wire import routes

PEERS: Final = (
    Endpoint("GET", routes.WHOAMI, peers.whoami, "see who the caller is", answers=answers.Myself),
    Endpoint(
        "GET", routes.PEERS, peers.listed, "list who is there", query=bodies.PeersQuery, answers=answers.Peers
    ),
    Endpoint(
        "GET", routes.PEER, peers.shown, "look at one peer", query=bodies.PeerQuery, answers=answers.Peer
    ),
    Endpoint(
        "PATCH",
        routes.PEER,
        peers.change,
        "describe, rename or move a peer",
        body=bodies.PeerChange,
        answers=answers.Peer,
    ),
    Endpoint("DELETE", routes.PEER, peers.forget, "forget an offline peer", may=OWNER, answers=answers.Peer),
    Endpoint(
        "POST",
        routes.SPAWN,
        spawns.spawn,
        "start an agent",
        body=spawnbodies.SpawnBody,
        may=frozenset({Standing.OWNER, Standing.AGENT}),
        here=True,
        answers=answers.Spawned,
    ),
    Endpoint("GET", routes.SPAWNED, spawns.shown, "see how a start is", answers=answers.Spawned),
    Endpoint(
        "POST",
        routes.KILL,
        ending.kill,
        "end a peer's agent",
        body=bodies.Nothing,
        may=ENDERS,
        here=True,
        answers=answers.Killed,
    ),
    Endpoint(
        "POST",
        routes.RESTART,
        ending.restart,
        "restart a peer's agent",
        body=endingbodies.Restart,
        may=ENDERS,
        here=True,
        answers=endinganswers.Restarting,
    ),
    Endpoint(
        "GET",
        routes.STARTED,
        ending.started,
        "see who was started from here",
        may=OUTSIDE,
        answers=endinganswers.Started,
    ),
    Endpoint(
        "POST",
        routes.DOWN,
        ending.down,
        "end every agent that was started from here, and the daemon",
        body=bodies.Nothing,
        may=OUTSIDE,
        here=True,
        answers=endinganswers.AllKilled,
    ),
    Endpoint(
        "POST",
        routes.ADOPT,
        ending.adopt,
        "take an agent's pane over",
        body=endingbodies.Adopt,
        may=OWNER,
        here=True,
        answers=answers.Peer,
    ),
    Endpoint(
        "POST",
        routes.ROLE,
        roles.claim,
        "claim a role",
        query=bodies.PeerQuery,
        body=rolebodies.RoleBody,
        answers=answers.Peer,
    ),
    Endpoint(
        "POST",
        routes.PERSONA,
        roles.persona,
        "choose a persona",
        query=bodies.PeerQuery,
        body=rolebodies.PersonaBody,
        answers=answers.Peer,
    ),
    Endpoint(
        "GET",
        routes.OVERVIEW,
        roles.overview,
        "see the line at a glance",
        query=rolebodies.OverviewQuery,
        answers=roleanswers.Overview,
    ),
)
