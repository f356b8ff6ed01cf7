"""The description is kept: whatever is asked within it or beside it, the daemon answers as it says.

Schemathesis makes the requests of ``/openapi.json``: every operation with all that its schema allows, at its edges and
far outside, without the token and with a wrong one, with methods that are not listed. All its checks hold: no failure
of ours, no status, header or body that is not described, nothing good refused and nothing bad let in.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.failures import FailureGroup
from schemathesis.pytest.lazy import get_all_tests
from schemathesis.specs.openapi.checks import (
    IgnoredAuth,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from daemon.api import openapi
from daemon.api.table import ENDPOINTS
from daemon.wire import routes
from tests.api.sockets import Brief, Local
from tests.api.wire import posted, request
from tests.daemon_process import DaemonProcess

SEED = int(os.environ.get("PEERLINE_SEED", "1"))
FEW, MANY = 2, 100
#: Ending the daemon ends the test; and who sends hooks becomes an agent, which has tests of its own.
LEFT_OUT = (routes.STOP, routes.DOWN, routes.HOOKS)
REFUSED = ["400", "401", "403", "404", "405", "409", "413", "429"]
#: What holds of a request that is about something: it may ask too much of it, but not in a way that is not described.
WHATEVER = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
Ask = Callable[[schemathesis.Case], None]

CALM = settings(deadline=None, database=None, suppress_health_check=[*HealthCheck])
BESIDE = [("GET", routes.HEALTH), ("GET", routes.OPENAPI)]
OPERATIONS = [each for each in [*((e.method, e.path) for e in ENDPOINTS), *BESIDE] if each[1] not in LEFT_OUT]
operations = pytest.mark.parametrize(
    ("method", "path"), OPERATIONS, ids=[" ".join(each) for each in OPERATIONS]
)


def described(**instead: object) -> schemathesis.BaseSchema:
    load_all_checks()
    how = {"seed": SEED, "checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}}
    document = openapi.document(ENDPOINTS, "0") | instead
    return schemathesis.openapi.from_dict(document, config=SchemathesisConfig.from_dict(how))


@pytest.fixture(scope="module")
def to_strangers() -> schemathesis.BaseSchema:
    """As the daemon tells it."""
    return described()


@pytest.fixture(scope="module")
def to_its_user() -> schemathesis.BaseSchema:
    """On the socket, the process that speaks is its own proof."""
    return described(security=[])


@pytest.fixture(scope="module")
def by_tcp(daemon: DaemonProcess) -> Iterator[Ask]:
    """As the owner, with the token."""
    with requests.Session() as session:
        session.mount("http://", Brief())
        headers = {"Authorization": f"Bearer {daemon.token()}"}
        yield asking(session, Known.of(daemon, "console", "cli"), base_url=daemon.url, headers=headers)


@pytest.fixture(scope="module")
def by_socket(daemon: DaemonProcess) -> Iterator[Ask]:
    """As the peer ``cli``."""
    with requests.Session() as session:
        session.mount("http://", Local(daemon.paths.socket))
        yield asking(session, Known.of(daemon, "cli", "console"), base_url=daemon.url)


@dataclass(frozen=True)
class Known:
    """What is there, for requests that get further than to "nobody of that name"."""

    surface: str
    other: str
    ask_id: str
    message_id: str
    conversation: str
    address: str

    @classmethod
    def of(cls, daemon: DaemonProcess, caller: str, other: str) -> Known:
        ours, theirs = {"unix": caller == "cli"}, {"unix": other == "cli"}
        for here in (False, True):
            assert request(daemon, "GET", "/v1/whoami", unix=here).status == 200
        asked = posted(
            daemon, {"kind": "ask", "to": [caller], "text": "well?", "options": ["a", "b"]}, **theirs
        )
        told = posted(daemon, {"kind": "notice", "to": [caller], "text": "so"}, **theirs)
        joined = posted(
            daemon, {"surface": caller, "address": "here"}, path=routes.CONVERSATIONS, **ours
        ).json
        return cls(
            caller, other, asked.json["ask_id"], told.json["message_id"], joined["peer_id"], joined["address"]
        )

    def named_in(self, case: schemathesis.Case) -> schemathesis.Case | None:
        """The same request about what is there, if it is about anything."""
        places = {
            routes.PEER: self.other,
            routes.ASK: self.ask_id,
            routes.ANSWER: self.ask_id,
            routes.WHY: self.message_id,
            routes.CONVERSATION: self.conversation,
        }
        words = {
            "to": [self.other],
            "surface": self.surface,
            "address": self.address,
            "account": "owner",
            "ask_id": self.ask_id,
            "circle": "default",
        }
        path, body = case.path_parameters, case.body
        if case.path in places and case.method != "DELETE":
            path = {"id": places[case.path]}
        elif isinstance(body, dict) and body.keys() & words.keys():
            body = {name: words.get(name, value) for name, value in body.items()}
        else:
            return None
        return case.operation.Case(
            method=case.method,
            path_parameters=path,
            query={} if case.path == routes.ASK else case.query,  # it could wait there for minutes
            headers=case.headers,
            body=body,
            media_type=case.media_type,
        )


def asking(session: requests.Session, known: Known, **how: Any) -> Ask:
    def ask(case: schemathesis.Case) -> None:
        case.call_and_validate(session=session, **how)
        if deeper := known.named_in(case):
            deeper.call_and_validate(session=session, checks=WHATEVER, **how)

    return ask


def tried(described: schemathesis.BaseSchema, method: str, path: str, ask: Ask, most: int) -> None:
    """Try one operation at its edges, and with ``most`` requests between them."""

    def test(case: schemathesis.Case) -> None:
        try:
            ask(case)
        except FailureGroup as group:
            wrong = [each for each in group.exceptions if not (throttled(each) or in_words(each, path))]
            if wrong:
                raise AssertionError(f"PEERLINE_SEED={SEED}: {group.message}") from group

    one = described.include(path=path, method=method)
    how = settings(CALM, max_examples=most)
    [found] = get_all_tests(schema=one, test_func=test, settings=how, given_kwargs=None)
    _, tries = found.ok()
    tries()


def throttled(failure: BaseException) -> bool:
    """Wrong tokens are refused with 401, and from the eleventh in a minute on with 429: as much of a refusal."""
    return isinstance(failure, IgnoredAuth) and "got `429" in str(failure)


def in_words(failure: BaseException, path: str) -> bool:
    """A time in a person's words is text like any other to a schema, and one of several may be wanted."""
    return path in {routes.SCHEDULES, routes.JOBS, routes.REVIEWS} and "Schema-valid request rejected" in str(
        failure
    )


@operations
def test_by_tcp_it_is_as_described(
    to_strangers: schemathesis.BaseSchema, by_tcp: Ask, method: str, path: str
) -> None:
    tried(to_strangers, method, path, by_tcp, FEW)


@pytest.mark.thorough
@operations
def test_by_the_socket_it_is_as_described(
    to_its_user: schemathesis.BaseSchema, by_socket: Ask, method: str, path: str
) -> None:
    tried(to_its_user, method, path, by_socket, FEW)


@pytest.mark.rig
@operations
def test_it_is_as_described_however_often_one_asks(
    to_strangers: schemathesis.BaseSchema,
    to_its_user: schemathesis.BaseSchema,
    by_tcp: Ask,
    by_socket: Ask,
    method: str,
    path: str,
) -> None:
    tried(to_strangers, method, path, by_tcp, MANY)
    tried(to_its_user, method, path, by_socket, MANY)
