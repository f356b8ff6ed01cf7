"""What is told of agents that are ended or restarted."""

from __future__ import annotations

from daemon.api.answers import Killed, Told


class Started(Told):
    peers: list[str]  #: circle/name


class AllKilled(Told):
    killed: list[Killed]


class Restarting(Told):
    peer_id: str
    name: str
    circle: str
    spawn_id: str
    state: str  #: of the start that goes on with its conversation
    path: str
