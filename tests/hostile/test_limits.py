"""Limits: at each everything works, one beyond it is refused by name, and far beyond it is no trouble for anybody."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from daemon.wire import routes
from tests.api.wire import request
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

ASK = {"kind": "ask", "to": ["cli"], "text": "x"}
NOTICE = {"kind": "notice", "to": ["cli"], "text": "x"}
SAY = {"surface": "console", "address": "here", "account": "owner", "text": "x"}
JOIN = {"surface": "console", "address": "here"}


def options(n: int) -> dict[str, Any]:
    return ASK | {"options": [f"{each}" for each in range(n)]}


#: id: (path, what is let in, what is one beyond, what is far beyond)
EDGES: dict[str, tuple[str, Any, Any, Any]] = {
    "LIM-01 bytes of a text": (
        *("/v1/messages", NOTICE | {"text": "y" * 65_536}, NOTICE | {"text": "y" * 65_537}),
        NOTICE | {"text": "y" * 900_000},
    ),
    "LIM-02 bytes, not letters": (
        *("/v1/messages", NOTICE | {"text": "é" * 32_768}, NOTICE | {"text": "é" * 32_769}),
        NOTICE | {"text": "\U0001f469" * 100_000},
    ),
    "LIM-03 choices": ("/v1/messages", options(10), options(11), options(5_000)),
    "LIM-04 letters of a choice": (
        *("/v1/messages", ASK | {"options": ["z" * 400, "b"]}, ASK | {"options": ["z" * 401, "b"]}),
        ASK | {"options": ["z" * 200_000, "b"]},
    ),
    "LIM-05 recipients": (
        *("/v1/messages", NOTICE, NOTICE | {"to": ["cli"] * 101}, NOTICE | {"to": ["cli"] * 50_000}),
    ),
    "LIM-06 letters of a name": (
        *("/v1/messages", NOTICE, NOTICE | {"to": ["n" * 201]}, NOTICE | {"to": ["n" * 900_000]}),
    ),
    "LIM-07 seconds of a life": (
        *("/v1/messages", ASK | {"deadline_s": 30 * 86_400}, ASK | {"deadline_s": 30 * 86_400 + 1}),
        ASK | {"deadline_s": 1e18},
    ),
    "LIM-08 seconds that are none": (
        *("/v1/messages", ASK | {"deadline_s": 1}, ASK | {"deadline_s": 0}, ASK | {"deadline_s": -1e300}),
    ),
    "LIM-09 messages at once": (
        *("/v1/messages/collect", {"call": "c", "limit": 200}, {"call": "c", "limit": 201}),
        {"call": "c", "limit": 10**18},
    ),
    "LIM-10 letters of a call": (
        *("/v1/messages/collect", {"call": "c" * 200}, {"call": "c" * 201}, {"call": "c" * 900_000}),
    ),
    "LIM-11 depth": (
        "/v1/messages",
        NOTICE,
        NOTICE | {"circle": json.loads("[" * 33 + "]" * 33)},
        NOTICE | {"circle": json.loads("[" * 400 + "]" * 400)},
    ),
    "LIM-12 how many must answer": (
        "/v1/messages",
        ASK | {"need": "1"},
        ASK | {"need": "2"},
        ASK | {"need": "9" * 11},
    ),
    "LIM-13 letters of an address": (
        *("/v1/conversations", JOIN, JOIN | {"address": "a" * 201}, JOIN | {"address": "a" * 900_000}),
    ),
    "LIM-14 bytes of what a person says": (
        *("/v1/says", SAY, SAY | {"text": "y" * 262_145}, SAY | {"text": "y" * 1_000_000}),
    ),
    "LIM-15 choices of a finger": (
        "/v1/taps",
        None,
        {"surface": "console", "address": "here", "account": "owner", "ask_id": "a-1", "option": 101},
        {"surface": "console", "address": "here", "account": "owner", "ask_id": "a-1", "option": 10**18},
    ),
}


def done_with(daemon: DaemonProcess, told: dict[str, Any]) -> None:
    """An ask that lapses in a second would be seen as the effect of whatever comes next."""
    if told.get("ask_id"):
        assert request(daemon, "POST", routes.CANCEL.format(id=told["ask_id"]), body=b"{}").status == 200


@pytest.mark.parametrize("case", EDGES, ids=EDGES)
def test_at_the_limit_it_works_and_beyond_it_is_refused(daemon: DaemonProcess, case: str) -> None:
    path, fits, *beyond = EDGES[case]
    if path == "/v1/says":
        assert request(daemon, "POST", "/v1/conversations", body=json.dumps(JOIN).encode()).status == 200
    if fits is not None:
        answer = request(daemon, "POST", path, body=json.dumps(fits).encode())
        assert answer.status == 200, answer
        done_with(daemon, answer.json)
    with no_effect(daemon):
        for each in beyond:
            began = time.monotonic()
            answer = request(daemon, "POST", path, body=json.dumps(each).encode())
            assert answer.status in {400, 413}, answer
            assert answer.json["detail"]
            assert len(answer.body) < 1500
            assert time.monotonic() - began < 5


QUERIES = {
    "LIM-20 messages at once": (
        "/v1/messages?limit=200",
        "/v1/messages?limit=201",
        f"/v1/messages?limit={'9' * 4000}",
    ),
    "LIM-21 seconds to wait": (
        "/v1/asks/a-1?wait_s=0",
        "/v1/asks/a-1?wait_s=601",
        "/v1/asks/a-1?wait_s=1e300",
    ),
    "LIM-22 letters of a circle": (
        *(f"/v1/peers?circle={'c' * 200}", f"/v1/peers?circle={'c' * 201}", f"/v1/peers?circle={'c' * 7000}"),
    ),
    "LIM-23 a place in the feed": (
        "/v1/peers",
        f"/v1/events?after={2**62 + 1}",
        f"/v1/events?after={'9' * 4000}",
    ),
    "LIM-24 bytes of an address": ("/v1/peers", f"/v1/peers/{'a' * 9000}", f"/v1/peers/{'a' * 100_000}"),
}


@pytest.mark.parametrize("case", QUERIES, ids=QUERIES)
def test_in_an_address_too(daemon: DaemonProcess, case: str) -> None:
    fits, *beyond = QUERIES[case]
    assert request(daemon, "GET", fits).status in {200, 404}
    for each in beyond:
        assert request(daemon, "GET", each).status in {400, 404, 414}, each[:60]
