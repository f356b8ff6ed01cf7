"""Authority: an agent, or any program, gets no further than its standing allows, by whatever endpoint."""

from __future__ import annotations

import json
from typing import Any

import pytest

from daemon.api.caller import Standing
from daemon.api.table import ENDPOINTS
from daemon.wire import routes
from tests.api.test_callers import Agent, asked
from tests.daemon_process import DaemonProcess
from tests.hostile.effects import no_effect

#: id: (method, path, body) that no agent may.
NOT_FOR_AGENTS: dict[str, tuple[str, str, Any]] = {
    "AUTH-01 forget a peer": ("DELETE", "/v1/peers/alice", None),
    "AUTH-02 follow all that happens": ("GET", "/v1/events?after=0", None),
    "AUTH-03 open a conversation": ("POST", "/v1/conversations", {"surface": "console", "address": "x"}),
    "AUTH-04 close a conversation": ("DELETE", "/v1/conversations/p-0000000000", None),
    "AUTH-05 say that a surface lives": ("POST", "/v1/beats", {"surface": "telegram"}),
    "AUTH-06 speak as a person": (
        *("POST", "/v1/says"),
        {"surface": "telegram", "address": "7", "account": "7", "text": "approve it"},
    ),
    "AUTH-07 tap as a person": (
        *("POST", "/v1/taps"),
        {"surface": "telegram", "address": "7", "account": "7", "ask_id": "a-0000000000", "option": 0},
    ),
    "AUTH-23 change what a person said": (
        *("POST", "/v1/edits"),
        {"surface": "telegram", "address": "7", "account": "7", "receipt": "7/3", "text": "approve it"},
    ),
    "AUTH-43 take away what a person said": (
        *("POST", "/v1/deletions"),
        {"surface": "telegram", "address": "7", "account": "7", "receipt": "7/3"},
    ),
    "AUTH-24 put a person's mark on something": (
        *("POST", "/v1/marks"),
        {"surface": "telegram", "address": "7", "account": "7", "receipt": "7/3", "sign": "x"},
    ),
    "AUTH-25 shut a chat": ("POST", "/v1/places", {"surface": "telegram", "address": "7", "closed": "x"}),
    "AUTH-26 put something into the inbox": (
        *("POST", "/v1/updates"),
        {"surface": "telegram", "updates": [{"update_id": "1/1", "lane": "7", "body": "{}"}]},
    ),
    "AUTH-27 read the inbox": ("GET", "/v1/updates?surface=telegram", None),
    "AUTH-28 empty the inbox": (
        *("POST", "/v1/updates/done"),
        {"surface": "telegram", "update_ids": ["1/1"]},
    ),
    "AUTH-08 take what a person is to see": ("GET", "/v1/parcels?surface=console", None),
    "AUTH-09 settle another's delivery": (
        "POST",
        "/v1/deliveries/d-0000000000/ack",
        {"holder": "telegram-bot"},
    ),
    "AUTH-10 see who may speak": ("GET", "/v1/people?surface=telegram", None),
    "AUTH-11 invite a person": ("POST", "/v1/pairing", {"surface": "telegram"}),
    "AUTH-12 take a person's voice away": ("DELETE", "/v1/people/telegram/7", None),
    "AUTH-29 give a person a right": (
        *("PATCH", "/v1/people/telegram/7"),
        {"right": "approve", "granted": True},
    ),
    "AUTH-30 see how a surface is": ("GET", "/v1/surfaces/telegram", None),
    "AUTH-31 have a surface hosted": ("POST", "/v1/surfaces/telegram", {}),
    "AUTH-13 freeze a circle": ("POST", "/v1/circles/default/freeze", {}),
    "AUTH-14 thaw a circle": ("POST", "/v1/circles/default/thaw", {}),
    "AUTH-15 try every road": ("GET", "/v1/roads", None),
    "AUTH-16 end the daemon": ("POST", "/v1/stop", {}),
    "AUTH-21 lock the line": ("POST", "/v1/lock", {}),
    "AUTH-22 unlock the line": ("POST", "/v1/unlock", {}),
    "AUTH-44 say that it is time": ("POST", "/v1/schedules/fire", {}),
    "AUTH-45 hear when it is time": ("GET", "/v1/schedules/alarms", None),
    "AUTH-46 see what people wish": ("GET", "/v1/attention", None),
    "AUTH-47 keep a person from being rung": ("PATCH", "/v1/attention/owner", {"quiet": "00:00-23:59"}),
    "AUTH-48 have a person told": ("POST", "/v1/attention/owner/digest", {}),
    "AUTH-17 describe another": ("PATCH", "/v1/peers/alice", {"description": "owned"}),
    "AUTH-18 rename another": ("PATCH", "/v1/peers/alice", {"name": "eve"}),
    "AUTH-19 move another": ("PATCH", "/v1/peers/alice", {"circle": "elsewhere"}),
    "AUTH-32 end another's agent": ("POST", "/v1/peers/alice/kill", {}),
    "AUTH-50 claim a role for another": ("POST", "/v1/peers/alice/role", {"role": "orchestrator"}),
    "AUTH-51 choose another's persona": ("POST", "/v1/peers/alice/persona", {"name": "reviewer"}),
    "AUTH-49 restart another's agent": ("POST", "/v1/peers/alice/restart", {}),
    "AUTH-50 end all that was started from here, and the daemon": ("POST", "/v1/down", {}),
    "AUTH-51 see who was started from here": ("GET", "/v1/started", None),
    "AUTH-52 take an agent over": ("POST", "/v1/adopt", {"tmux": "/x", "pane": "%0"}),
}
#: Of these routes an agent may do what is its own; what is another's is in IDENTITY.
FOR_AGENTS = {
    *(routes.WHOAMI, routes.PEERS, routes.PEER, routes.MESSAGES, routes.COLLECT, routes.CONFIRM, routes.ASKS),
    *(routes.ASK, routes.ANSWER, routes.CANCEL, routes.WHY, routes.STATUS, routes.HISTORY),
    *(routes.SCHEDULES, routes.SCHEDULE, routes.RUN_SCHEDULE),
    *(routes.CHECKINS, routes.CHECKIN, routes.RUN_CHECKIN),
    *(routes.JOBS, routes.JOB, routes.CANCEL_JOB, routes.RETRY_JOB),
    *(routes.ROLE, routes.PERSONA, routes.OVERVIEW),
    *(routes.REVIEWS, routes.MARK_REVIEW),
    *(routes.KILL, routes.RESTART),
}
#: id: what ``cli`` may not.
NOT_FOR_CLI = {
    name.replace("AUTH-", "AUTH-P"): told
    for name, told in NOT_FOR_AGENTS.items()
    if name[:7] in {"AUTH-01", "AUTH-04", "AUTH-05", "AUTH-06", "AUTH-07", "AUTH-09", "AUTH-11", "AUTH-12"}
    or name[:7]
    in {
        "AUTH-13",
        "AUTH-14",
        "AUTH-23",
        "AUTH-24",
        "AUTH-25",
        "AUTH-26",
        "AUTH-27",
        "AUTH-28",
        "AUTH-29",
        "AUTH-21",
        "AUTH-22",
        "AUTH-17",
        "AUTH-18",
        "AUTH-19",
        "AUTH-32",
        "AUTH-49",
        "AUTH-52",
        "AUTH-46",
        "AUTH-47",
        "AUTH-48",
        "AUTH-50",
        "AUTH-51",
    }
}


def words(told: tuple[str, str, Any]) -> list[str]:
    method, path, body = told
    return [method, path] if body is None else [method, path, json.dumps(body)]


@pytest.mark.parametrize("case", NOT_FOR_AGENTS, ids=NOT_FOR_AGENTS)
def test_an_agent_may_not(daemon: DaemonProcess, alice: Agent, mallory: Agent, case: str) -> None:
    with no_effect(daemon):
        told = mallory.asks(*words(NOT_FOR_AGENTS[case]))
        assert (told["status"], told["told"]["code"]) == (403, "not_allowed"), told
    assert alice.asks("GET", "/v1/whoami")["told"]["name"] == "alice"
    assert alice.asks("GET", "/v1/whoami")["told"]["description"] == ""


@pytest.mark.parametrize("case", NOT_FOR_CLI, ids=NOT_FOR_CLI)
def test_a_program_may_not(daemon: DaemonProcess, alice: Agent, case: str) -> None:
    with no_effect(daemon):
        told = asked(daemon, *words(NOT_FOR_CLI[case]))
        assert told["status"] in {403, 404} or told["told"] == {
            "left": "p-0000000000"
        }  # which nobody ever was in
    assert alice.asks("GET", "/v1/whoami")["told"]["name"] == "alice"


def test_every_route_is_in_one_of_the_lists() -> None:
    """AUTH-20: whoever adds a route says here what an agent may do there."""
    open_to_agents = {each.path for each in ENDPOINTS if Standing.AGENT in each.may}
    assert open_to_agents == FOR_AGENTS
    refused = {path.partition("?")[0].split("/")[2] for _, path, _ in NOT_FOR_AGENTS.values()}
    shut = {each.path.split("/")[2] for each in ENDPOINTS if Standing.AGENT not in each.may}
    assert shut <= refused


def test_what_another_scheduled_is_its_own(daemon: DaemonProcess, alice: Agent, mallory: Agent) -> None:
    """AUTH-49: nobody but who made it and the owner runs, changes or takes away a schedule or a check-in."""
    said = {"to": ["mallory"], "text": "well?", "every": "1h"}
    made = alice.asks("POST", "/v1/schedules", json.dumps(said))["told"]["schedule_id"]
    asked = {"name": "standup", "ask": "well?", "of": ["mallory"], "every": "1h"}
    assert alice.asks("POST", "/v1/checkins", json.dumps(asked))["status"] == 200
    for told in (
        ("POST", f"/v1/schedules/{made}/run", "{}"),
        ("PATCH", f"/v1/schedules/{made}", '{"state": "paused"}'),
        ("DELETE", f"/v1/schedules/{made}"),
        ("POST", "/v1/checkins/standup/run", "{}"),
        ("DELETE", "/v1/checkins/standup"),
    ):
        with no_effect(daemon):
            assert mallory.asks(*told)["status"] == 403, told
    assert alice.asks("DELETE", f"/v1/schedules/{made}")["status"] == 200
    assert alice.asks("DELETE", "/v1/checkins/standup")["status"] == 200


def test_a_program_holds_no_role_and_works_by_no_persona(daemon: DaemonProcess, alice: Agent) -> None:
    """AUTH-52: whoever is no agent takes none for itself either."""
    with no_effect(daemon):
        for path, body in (
            ("role", {"role": "orchestrator", "force": True}),
            ("persona", {"name": "reviewer"}),
        ):
            told = asked(daemon, "POST", f"/v1/peers/cli/{path}", json.dumps(body))
            assert told["status"] in {403, 404}, told
    assert alice.asks("GET", "/v1/overview?circle=*")["told"]["orchestrators"] == []


@pytest.mark.parametrize("name", ["../../config", "/etc/passwd", "..%2fx", "Reviewer", "a/../reviewer"])
def test_a_personas_name_is_no_path(daemon: DaemonProcess, alice: Agent, name: str) -> None:
    """AUTH-53: what is no name of one is refused, and no file is looked for."""
    with no_effect(daemon):
        told = alice.asks("POST", "/v1/peers/alice/persona", json.dumps({"name": name}))
        assert (told["status"], told["told"]["code"]) == (400, "malformed"), told


def test_a_role_is_no_name(daemon: DaemonProcess, alice: Agent, mallory: Agent) -> None:
    """AUTH-54: neither a name nor a description makes anybody more than an agent; a holder that is there keeps it."""
    renamed = mallory.asks("PATCH", "/v1/peers/mallory", '{"name": "orchestrator"}')
    assert renamed["status"] in {400, 403}
    mallory.asks("PATCH", "/v1/peers/mallory", '{"description": "role: orchestrator"}')
    assert mallory.asks("GET", "/v1/whoami")["told"]["role"] == "agent"
    claim = '{"role": "orchestrator", "force": true}'
    assert alice.asks("POST", "/v1/peers/alice/role", claim)["told"]["role"] == "orchestrator"
    refused = mallory.asks("POST", "/v1/peers/mallory/role", claim)
    assert (refused["status"], refused["told"]["code"]) == (409, "conflict")
    assert mallory.asks("POST", "/v1/peers/alice/role", '{"role": "agent"}')["status"] == 403
    assert alice.asks("POST", "/v1/peers/alice/role", '{"role": "agent"}')["told"]["role"] == "agent"


def test_what_an_agent_may_it_can(daemon: DaemonProcess, alice: Agent, mallory: Agent) -> None:
    """AUTH-C1: it lists, tells, asks, answers, describes itself."""
    assert "alice" in json.dumps(mallory.asks("GET", "/v1/peers?circle=*"))
    body = json.dumps({"kind": "ask", "to": ["alice"], "text": "how far?"})
    ask_id = mallory.asks("POST", "/v1/messages", body)["told"]["ask_id"]
    assert alice.asks("POST", f"/v1/asks/{ask_id}/answer", '{"text": "half way"}')["status"] == 200
    assert mallory.asks("GET", f"/v1/asks/{ask_id}")["told"]["answers"][0]["from"] == "alice"
    assert mallory.asks("PATCH", "/v1/peers/mallory", '{"description": "working"}')["status"] == 200
