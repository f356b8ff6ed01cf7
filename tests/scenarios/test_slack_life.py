"""Slack's life: from nothing to a paired person, through bad days, and looked at meanwhile."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from functools import partial
from io import BytesIO

import aiohttp
import pytest
import yaml

from tests.daemon_process import free_port
from tests.emulators.slack import TEAM, Fault, Kind, SlackEmulator, Tokens
from tests.scenarios import life
from tests.scenarios.house import LOOK_S, PATIENCE_S, SLACK_ADA, House, slack_of
from tests.scenarios.life import code_on

BOT = "xoxb-1111-canary-7f3qZkW9xL"
APP = "xapp-1-A1-canary-8g4rAlX0yM"
SECRET = "canary9h5sBmY1zN0a6tCnZ2bO7uDo3c"
CANARIES = (BOT, APP, SECRET)
until_state = partial(life.until_state, "slack")
tells_a_token = partial(life.tells, CANARIES)


@pytest.fixture
async def slack() -> AsyncIterator[SlackEmulator]:
    async with SlackEmulator(tokens=Tokens(BOT, APP, SECRET)) as slack:
        yield slack


@pytest.fixture
async def house(slack: SlackEmulator) -> AsyncIterator[House]:
    """Everybody knows where Slack is, nobody a token."""
    async with House(PEERLINE_SLACK__API_BASE=slack.root, PEERLINE_CHAT_PACE="50") as house:
        yield house


async def test_from_tokens_to_a_paired_person_and_the_first_answer(
    house: House, slack: SlackEmulator
) -> None:
    await house.start()
    ada = slack.person("U0000ADA", "Ada")
    async with house.terminal("slack", "start") as screen:
        await screen.shows("bot token:")
        screen.type(BOT)
        await screen.shows("app token:")
        screen.type(APP)
        await screen.shows("is on the line, by socket")
        await screen.shows("waiting for it")
        ada.says(code_on(screen))
        await screen.shows(f"paired: ada ({TEAM}:U0000ADA), the owner")
        assert await screen.ended() == 0
    await ada.sees("Paired. Hello ada", within=PATIENCE_S)
    config = house.daemon.paths.config
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert yaml.safe_load(config.read_text()) == {"slack": {"bot_token": BOT, "app_token": APP}}
    assert not any(canary in screen.text for canary in CANARIES)
    assert tells_a_token(house) == []
    async with house.agent("backend"):
        ada.says("@backend how far?")
        await ada.sees("backend@dev", within=PATIENCE_S)

    again = await house.at_terminal("slack", "start")
    assert (again.code, "send this" in again.out) == (0, False)


@pytest.mark.parametrize(
    "lines", [f"{BOT}\n{APP}\n", pytest.param(f"{APP}\n{BOT}\n", marks=pytest.mark.thorough)]
)
async def test_piped_tokens_are_put_in_and_the_rest_of_the_config_stays(
    house: House, slack: SlackEmulator, lines: str
) -> None:
    house.home.mkdir(mode=0o700)
    config = house.home / "config.yaml"
    config.write_text("# mine\nslack:\n  # ours\n  channels: [C1]\n")
    await house.start()
    told = await house.cli("slack", "start", "--json", typed=lines)
    assert told.code == 0, told
    assert {
        name: told.json[name] for name in ("hosted", "mode", "proven", "trouble", "paired", "sockets")
    } == {
        "hosted": True,
        "mode": "socket",
        "proven": True,
        "trouble": "",
        "paired": None,
        "sockets": 1,
    }
    assert config.read_text() == (
        f'# mine\nslack:\n  # ours\n  app_token: "{APP}"\n  bot_token: "{BOT}"\n  channels: [C1]\n'
    )
    assert not any(canary in told.out + told.err for canary in CANARIES)
    peers = (await house.daemon.client().peers(circle="*"))["peers"]
    assert {"slack", "slack-bot"} <= {each["name"] for each in peers}


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (Fault(Kind.ERROR, "auth.test", error="invalid_auth"), 2, "refuses the token (invalid_auth"),
        (Fault(Kind.ERROR, "apps.connections.open", error="not_allowed_token_type"), 2, "refuses the token"),
        pytest.param(
            Fault(Kind.SERVER_ERROR, "auth.test"), 3, "Slack answers 503", marks=pytest.mark.thorough
        ),
        pytest.param(Fault(Kind.RESET, "auth.test"), 3, "no answer from Slack", marks=pytest.mark.thorough),
    ],
)
async def test_tokens_that_cannot_be_tried_are_not_kept(
    house: House, slack: SlackEmulator, fault: Fault, code: int, says: str
) -> None:
    await house.start()
    slack.faults.add(fault)
    told = await house.cli("slack", "start", typed=f"{BOT}\n{APP}\n")
    assert (told.code, says in told.err, "hint:" in told.err) == (code, True, True), told
    assert not house.daemon.paths.config.exists()
    assert not any(canary in told.out + told.err for canary in CANARIES)
    assert tells_a_token(house) == []


@pytest.mark.thorough
async def test_what_is_no_token_is_not_repeated_and_one_alone_is_not_enough(house: House) -> None:
    await house.start()
    for typed in ("canary canary\n", "xoxb-canary9999\n", "\n"):
        told = await house.cli("slack", "start", typed=typed)
        assert (told.code, "canary" in told.out + told.err, "hint:" in told.err) == (2, False, True), told
    assert not house.daemon.paths.config.exists()


@pytest.mark.thorough
async def test_a_bot_token_alone_is_not_hosted_and_start_asks_for_the_other(
    house: House, slack: SlackEmulator
) -> None:
    house.home.mkdir(mode=0o700)
    (house.home / "config.yaml").write_text(f'slack:\n  bot_token: "{BOT}"\n')
    await house.start()
    told = await until_state(house, "unheard", fix="`peerline slack start` asks for it")
    assert not told["proven"]
    assert "slack.app_token" in (await house.cli("slack", "status")).out
    assert (await house.cli("slack", "start", "--no-pair", typed=f"{APP}\n")).code == 0
    assert (await until_state(house, "heard", trouble=""))["proven"]


@pytest.mark.thorough
async def test_status_tells_the_bot_its_workspace_and_its_sockets(house: House, slack: SlackEmulator) -> None:
    await house.start(**slack_of(slack, SLACK_ADA))
    await until_state(house, "heard", proven=True)
    told = (await house.cli("slack", "status", "--json")).json
    assert (told["sockets"], told["people"], told["waiting"], told["pending"]) == (1, 1, 0, None)
    assert told["bot"]
    assert told["lag_s"] < 5
    asked = len(slack.journal.of("auth.test"))
    for _ in range(3):
        await until_state(house, "heard", proven=True)
    assert len(slack.journal.of("auth.test")) == asked
    text = (await house.cli("slack", "status")).out
    assert f"@{told['bot']}" in text
    assert "open sockets" in text


async def test_what_the_app_is_not_allowed_to_do_is_said_before_and_after(
    house: House, slack: SlackEmulator
) -> None:
    await house.start()
    slack.world.scopes.discard("chat:write")
    told = await house.cli("slack", "start", "--no-pair", typed=f"{BOT}\n{APP}\n")
    assert told.code == 2
    assert "it lacks chat:write" in told.err
    assert "peerline slack manifest" in told.err

    slack.world.scopes.add("chat:write")
    slack.world.scopes.discard("files:read")
    assert (await house.cli("slack", "start", "--no-pair", typed=f"{BOT}\n{APP}\n")).code == 0
    told = await house.cli("slack", "status")
    assert "files:read" in told.out
    assert "chat:write" not in told.out


@pytest.mark.thorough
async def test_a_token_that_is_revoked_is_told_with_what_to_do_everywhere(
    house: House, slack: SlackEmulator
) -> None:
    await house.start(**slack_of(slack, SLACK_ADA))
    await until_state(house, "heard", proven=True)
    slack.world.revoked = "token_revoked"
    slack.sockets.cut()
    async with asyncio.timeout(PATIENCE_S):
        while "refuses the token" not in (told := await house.daemon.client().surface("slack"))["trouble"]:
            await asyncio.sleep(LOOK_S)
    assert "slack start --new-token" in told["fix"]
    assert "refuses the token" in (await house.cli("slack", "status")).out
    assert "refuses the token" in (await house.cli("status")).out
    found = (await house.cli("doctor", "--json")).json["findings"]
    assert [each["fix"] != "" for each in found if each["code"] == "slack_deaf"] == [True]
    slack.world.revoked = ""
    await until_state(house, "well again", trouble="", since=None)


@pytest.mark.thorough
async def test_people_are_granted_rights_and_removed_at_the_owners_terminal_alone(
    house: House, slack: SlackEmulator
) -> None:
    await house.start(**slack_of(slack, SLACK_ADA))
    await until_state(house, "heard", proven=True)
    ben = slack.person("U0000BEN", "Ben")
    async with house.terminal("slack", "pair") as screen:
        await screen.shows("waiting for it")
        ben.says(code_on(screen))
        await screen.shows(f"paired: ben ({TEAM}:U0000BEN) may talk")
    granted = await house.at_terminal("slack", "people", "grant", "ben", "approve", "--json")
    assert granted.json["rights"] == ["talk", "approve"]
    assert (await house.at_terminal("slack", "people", "grant", "ada", "spawn")).code == 2
    assert (await house.cli("slack", "people", "grant", "ben", "spawn")).code == 2
    assert "removed: ben" in (await house.at_terminal("slack", "people", "remove", f"{TEAM}:U0000BEN")).out
    known = (await house.cli("slack", "people", "--json")).json["people"]
    assert [each["name"] for each in known] == ["ada"]


@pytest.mark.thorough
async def test_slack_may_bring_events_by_http_and_nobody_else_may(house: House, slack: SlackEmulator) -> None:
    port = free_port()
    await house.start(PEERLINE_DAEMON__PORT=str(port))
    url = f"http://127.0.0.1:{port}/slack/events"
    slack.pushes_to(url)
    async with house.terminal("slack", "start", "--http") as screen:
        await screen.shows("bot token:")
        screen.type(BOT)
        await screen.shows("signing secret:")
        screen.type(SECRET)
        ada = slack.person("U0000ADA", "Ada")
        await screen.shows("is on the line, by http")
        await screen.shows("waiting for it")
        ada.says(code_on(screen))
        await screen.shows("the owner")
    ada.says("/help")
    await ada.sees("/notify", within=PATIENCE_S)
    assert slack.journal.of("apps.connections.open") == []
    assert tells_a_token(house) == []


async def test_what_slack_did_not_sign_is_not_let_in(house: House, slack: SlackEmulator) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}/slack/events"
    hook = slack.pushes_to(url)
    http = {"PEERLINE_SLACK__APP_TOKEN": "", "PEERLINE_SLACK__SIGNING_SECRET": SECRET}
    await house.start(PEERLINE_DAEMON__PORT=str(port), **slack_of(slack, SLACK_ADA) | http)
    await until_state(house, "heard", proven=True, mode="http", sockets=None)
    forged = json.dumps({"type": "event_callback", "event": {"type": "message", "text": "/lock"}})
    for secret, at in (("guess", None), (SECRET, 1_000_000_000)):
        status, _ = await hook.post(forged, secret=secret, at=at)
        assert status == 401
    status, _ = await hook.post(forged, signed=False)
    assert status == 401
    async with aiohttp.ClientSession() as session:
        async with session.post(url, data=b"\xff\xfe") as answer:
            assert answer.status == 400
        async with session.post(url, data=BytesIO(b"x" * (2 * 1024 * 1024))) as answer:
            assert answer.status == 413
        async with session.get(url) as answer:
            assert answer.status == 405
    assert not (await house.daemon.client().status())["lock"]["locked"]


async def test_the_manifest_is_printed_as_json(house: House) -> None:
    told = await house.cli("slack", "manifest", "--name", "Line")
    assert (told.code, json.loads(told.out)["display_information"]["name"]) == (0, "Line")
