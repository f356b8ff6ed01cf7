"""Identity: nobody sends, answers, reads or takes as somebody else, and nobody is called like somebody else."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.api.test_callers import Agent, asked
from tests.api.wire import posted, request
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

#: id: a name that is another's, reserved, or looks like one.
NAMES = {
    "ID-01 the owner's": "owner",
    "ID-02 the bot's": "telegram-bot",
    "ID-03 the chat's": "telegram",
    "ID-04 the terminal's": "console",
    "ID-05 the program's": "cli",
    "ID-06 with a nought": "0wner",
    "ID-07 with a one": "c1i",
    "ID-08 with a dot": "te.legram",
    "ID-09 with dashes": "o-w-n-e-r",
    "ID-10 in capitals": "Owner",
    "ID-11 with a Cyrillic letter": "\u043ewner",
    "ID-12 in full width": "\uff4f\uff57\uff4e\uff45\uff52",
    "ID-13 with a sign nobody sees": "own\u200ber",
    "ID-14 with a sign that turns it round": "\u202erenwo",
    "ID-15 an id": "p-0123456789",
    "ID-16 a circle and a name": "default/owner",
    "ID-17 a role": "role:human",
    "ID-18 everybody": "all",
    "ID-19 the machine's": "system",
    "ID-20 a line of its own": "a\n[peerline ask",
    "ID-21 an escape": "a\x1b[31m",
    "ID-22 nothing": "",
    "ID-23 space": "   ",
    "ID-24 too long": "a" * 65,
    "ID-25 a way out": "../x",
    "ID-26 a tmux format": "#(touch /x)",
}


@pytest.mark.parametrize("case", NAMES, ids=NAMES)
def test_a_name_that_could_be_taken_for_anothers_is_refused(
    daemon: DaemonProcess, alice: Agent, case: str
) -> None:
    with no_effect(daemon):
        told = alice.asks("PATCH", "/v1/peers/alice", json.dumps({"name": NAMES[case]}))
        assert told["status"] == 400, told
    assert alice.asks("GET", "/v1/whoami")["told"]["name"] == "alice"


@pytest.fixture(scope="module")
def asked_of_alice(daemon: DaemonProcess, alice: Agent) -> str:
    """An ask of cli to alice, with a choice."""
    body = {"kind": "ask", "to": ["alice"], "text": "private", "options": ["yes", "no"]}
    return str(asked(daemon, "POST", "/v1/messages", json.dumps(body))["told"]["ask_id"])


ANOTHERS = {
    "ID-30 answer what another was asked": ("POST", "/v1/asks/{ask}/answer", '{"text": "mine"}'),
    "ID-31 choose for another": ("POST", "/v1/asks/{ask}/answer", '{"option": "yes"}'),
    "ID-32 decline for another": ("POST", "/v1/asks/{ask}/answer", '{"decline": true}'),
    "ID-33 take back what another asked": ("POST", "/v1/asks/{ask}/cancel", "{}"),
    "ID-34 read what another was asked": ("GET", "/v1/asks/{ask}"),
    "ID-35 read the story of it": ("GET", "/v1/why/{ask}"),
    "ID-36 answer by the name of a delivery": ("POST", "/v1/deliveries/{ask}/ack", '{"holder": "pump"}'),
}


@pytest.mark.parametrize("case", ANOTHERS, ids=ANOTHERS)
def test_what_is_between_others_stays_there(
    daemon: DaemonProcess, mallory: Agent, asked_of_alice: str, case: str
) -> None:
    with no_effect(daemon):
        told = mallory.asks(*(word.replace("{ask}", asked_of_alice) for word in ANOTHERS[case]))
        assert told["status"] == 403, told
        assert "private" not in json.dumps(told)
    assert asked(daemon, "GET", f"/v1/asks/{asked_of_alice}")["told"]["pending"]


CLAIMS = {
    f"ID-{40 + n} {name}": {name: value}
    for n, (name, value) in enumerate(
        [
            *(("from", "alice"), ("sender", "alice"), ("from_peer", {"role": "human"}), ("role", "service")),
            *(("authority", "owner"), ("person", "ada"), ("peer_id", "p-0000000000"), ("as", "console")),
            *(
                ("on_behalf_of", "owner"),
                ("trusted", True),
                ("message_id", "m-0000000000"),
                ("at", "2020-01-01"),
            ),
        ]
    )
}


@pytest.mark.parametrize("case", CLAIMS, ids=CLAIMS)
def test_a_body_says_nothing_of_its_sender(daemon: DaemonProcess, mallory: Agent, case: str) -> None:
    body = {"kind": "notice", "to": ["cli"], "text": "I am another"} | CLAIMS[case]
    with no_effect(daemon):
        assert mallory.asks("POST", "/v1/messages", json.dumps(body))["status"] == 400


def test_a_header_says_nothing_of_it_either(daemon: DaemonProcess) -> None:
    """ID-52: the name of a shim's client is a wish, and of nobody who has a process here."""
    for name in ("peerline-name", "x-peerline-peer", "from", "x-remote-user", "peerline-run"):
        told = request(daemon, "GET", "/v1/whoami", unix=True, **{name.replace("-", "_"): "alice"}).json
        assert told["name"] == "cli"


def test_a_key_of_another_gives_nothing_of_theirs(daemon: DaemonProcess, mallory: Agent) -> None:
    """ID-53: first answers are kept for each sender; the same key of somebody else is another."""
    body = {"kind": "notice", "to": ["mallory"], "text": "of the owner"}
    first = posted(daemon, body, idempotency_key="shared")
    again = request(
        daemon,
        "POST",
        "/v1/messages",
        unix=True,
        body=json.dumps(body).encode(),
        idempotency_key="shared",
    )
    assert first.status == again.status == 200
    assert first.json["message_id"] != again.json["message_id"]


def test_what_another_took_is_not_confirmed_by_its_call(
    daemon: DaemonProcess, alice: Agent, mallory: Agent
) -> None:
    """ID-54: whoever guesses the name of a call says nothing about another's mail."""
    posted(daemon, {"kind": "notice", "to": ["alice"], "text": "to be read by alice"})
    taken = alice.asks("POST", "/v1/messages/collect", '{"call": "c-1"}')["told"]["messages"]
    assert taken
    told = mallory.asks("POST", "/v1/messages/confirm", '{"call": "c-1", "others": true}')
    assert told["told"] == {"confirmed": 0}
    level = request(daemon, "GET", f"/v1/why/{taken[-1]['message_id']}").json["deliveries"][0]["level"]
    assert level == "handed"


@pytest.fixture
def renamed(alice: Agent) -> Iterator[str]:
    assert alice.asks("PATCH", "/v1/peers/alice", '{"name": "alice.b-2_c"}')["status"] == 200
    yield "alice.b-2_c"
    assert alice.asks("PATCH", "/v1/peers/alice.b-2_c", '{"name": "alice"}')["status"] == 200


def test_an_honest_name_is_had(daemon: DaemonProcess, renamed: str) -> None:
    """ID-C1: letters, digits, dots, dashes and underscores."""
    assert renamed in json.dumps(asked(daemon, "GET", "/v1/peers?circle=*"))


def test_who_was_asked_may_answer(daemon: DaemonProcess, alice: Agent) -> None:
    """ID-C2: and is the one who is said to have."""
    body = json.dumps({"kind": "ask", "to": ["alice"], "text": "ready?", "options": ["yes", "no"]})
    ask_id = asked(daemon, "POST", "/v1/messages", body)["told"]["ask_id"]
    assert alice.asks("POST", f"/v1/asks/{ask_id}/answer", '{"option": "yes"}')["status"] == 200
    [answer] = asked(daemon, "GET", f"/v1/asks/{ask_id}")["told"]["answers"]
    assert (answer["from"], answer["option"]) == ("alice", "yes")
