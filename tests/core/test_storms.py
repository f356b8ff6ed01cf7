"""Agents that answer whatever they read, each politely, come to rest: a word of a person wakes so many at most.

Each does by chance: it asks back, tells others, thanks, or tells everybody, and never uses a tool for anything else.
Whatever they do, what one word of a person began ends by itself.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, field

import pytest

from daemon.core import commands as c
from daemon.core.errors import ChainTooLong
from daemon.core.model import Envelope, Kind, Parcel, Peer
from daemon.core.tracing import TALK_LIMIT
from tests.core.line import Chat, Line

TURNS = 4_000  #: far more than ever come, so that a storm is found out


@dataclass
class Agents:
    """They take what is carried to them, one turn each, until nothing is carried to anybody."""

    line: Line
    peers: list[Peer]
    chance: random.Random
    most: int  #: messages of one turn
    always: bool = False  #: in each turn, and not by chance
    woken: Counter[str] = field(default_factory=Counter)  #: how often, by trace
    refused: int = 0

    def rest(self) -> int:
        """Returns after how many turns nobody was woken any more."""
        turns = 0
        while woken := [each for peer in self.peers if (each := self.wakes(peer))]:
            turns += len(woken)
            assert turns < TURNS, "they do not come to rest"
        return turns

    def wakes(self, peer: Peer) -> Parcel | None:
        parcel = self.line.carry(peer)
        if parcel is None:
            return None
        self.woken[parcel.envelope.trace] += 1
        self.line.prompt(peer, parcel)
        for _ in range(self.most if self.always else self.chance.randrange(self.most + 1)):
            self.speaks(peer, parcel.envelope)
        self.line.stop(peer, self.chance.choice(["", "you are welcome"]))
        return parcel

    def speaks(self, peer: Peer, read: Envelope) -> None:
        others = [each.peer_id for each in self.peers if each != peer]
        back = read.sender.peer_id if read.sender.peer_id in others else self.chance.choice(others)
        to = self.chance.choice([back, back, self.chance.choice(others)])
        me = peer.peer_id
        ways: list[c.Command] = [
            c.SendNotice(sender=me, to=(to,), text="thank you"),
            c.SendAsk(sender=me, to=(to,), question="anything else?"),
            c.SendBroadcast(sender=me, text="thank you all"),
        ]
        said = self.chance.choice(ways[: 1 + self.most])
        try:
            self.line.do(said)
        except ChainTooLong:
            self.refused += 1


def most_woken(agents: Agents) -> int:
    """A message wakes whom it is for; an ask its asker as well, and who does not answer it once more by a reminder."""
    of_the_first = 2 * agents.most  # its turn and its reminder's, upon a person's word
    return 2 + 3 * (of_the_first + TALK_LIMIT * len(agents.peers))


@pytest.mark.parametrize("seed", range(12))
def test_agents_that_say_something_in_many_turns_come_to_rest(line: Line, ada: Chat, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 -- chance that can be repeated
    peers = [line.agent(f"p{n}") for n in range(chance.randrange(2, 6))]
    agents = Agents(line, peers, chance, most=1)

    line.say(ada, f"@{peers[0].name} say hello to the others")
    agents.rest()

    assert sum(agents.woken.values()) <= most_woken(agents)
    assert all(not line.carry(peer) for peer in peers)


def test_two_that_always_have_something_to_say_come_to_rest(line: Line, ada: Chat) -> None:
    api, web = line.agent("api"), line.agent("web")
    agents = Agents(line, [api, web], random.Random(5), most=1, always=True)  # noqa: S311

    line.say(ada, "@api say hello to web")
    agents.rest()

    assert agents.refused
    assert sum(agents.woken.values()) <= most_woken(agents)


def test_nobody_who_only_answers_is_ever_woken_twice(line: Line, api: Peer, web: Peer) -> None:
    line.prompt(api)
    line.ask(api, web)
    line.stop(api)
    turns = []
    for _ in range(20):
        for peer in (api, web):
            if parcel := line.carry(peer):
                line.prompt(peer, parcel)
                turns.append((peer.name, parcel.envelope.kind))
                if parcel.envelope.kind is Kind.ANSWER:
                    line.notify(peer, web if peer == api else api, "thank you")
                line.stop(peer, "you are welcome")

    assert turns == [("web", Kind.ASK), ("api", Kind.ANSWER)]


def test_a_crowd_that_tells_everybody_everything_comes_to_rest(line: Line, ada: Chat) -> None:
    peers = [line.agent(f"p{n}") for n in range(4)]
    agents = Agents(line, peers, random.Random(1), most=2)  # noqa: S311
    line.do(c.SendBroadcast(sender=ada.peer.peer_id, text="hello"))

    agents.rest()

    for peer in peers:
        assert line.session(peer).turn == "idle"
