"""Telegram's life: from nothing to a paired phone, through every bad day, and looked at meanwhile."""

from __future__ import annotations

import itertools
import stat
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import yaml

from tests.daemon_process import free_port
from tests.emulators.telegram import Fault, Kind, Person, TelegramEmulator
from tests.emulators.telegram.pushes import HEADER, Webhook
from tests.scenarios import life
from tests.scenarios.house import ADA, PATIENCE_S, House, Json, telegram_of
from tests.scenarios.life import code_on

CANARY = "8123456789:AAcanary-7f3qZkW9xL_0123456789abcdef"
RECOVERY_S = 15.0
until_state = partial(life.until_state, "telegram")
tells_the_token = partial(life.tells, [CANARY.partition(":")[2]])


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator(token=CANARY) as telegram:
        yield telegram


@pytest.fixture
async def house(telegram: TelegramEmulator) -> AsyncIterator[House]:
    """Everybody knows where Telegram is, nobody the token."""
    async with House(PEERLINE_TELEGRAM__API_BASE=telegram.root) as house:
        yield house


async def state(house: House) -> Json:
    return await house.daemon.client().surface("telegram")


async def test_from_a_token_to_a_paired_phone_in_one_command(
    house: House, telegram: TelegramEmulator
) -> None:
    await house.start()
    ada = telegram.person(7, "Ada", started=False)
    async with house.terminal("telegram", "start") as screen:
        await screen.shows("token:")
        screen.type(CANARY)
        await screen.shows("@peerline_bot is on the line, by polling")
        await screen.shows("waiting for it")
        code = code_on(screen)
        assert f"https://t.me/peerline_bot?start={code}" in screen.text
        ada.says(f"/start {code}")
        await screen.shows("paired: ada (7), the owner")
        assert await screen.ended() == 0
    await ada.sees("Paired. Hello ada", within=PATIENCE_S)
    config = house.daemon.paths.config
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert yaml.safe_load(config.read_text()) == {"telegram": {"bot_token": CANARY}}
    assert CANARY not in screen.text
    assert tells_the_token(house) == []

    again = await house.at_terminal("telegram", "start")
    assert (again.code, "send this" in again.out) == (0, False)


@pytest.mark.thorough
async def test_a_piped_token_is_put_in_and_the_rest_of_the_config_stays(
    house: House, telegram: TelegramEmulator
) -> None:
    house.home.mkdir(mode=0o700)
    config = house.home / "config.yaml"
    config.write_text("# mine\nowner:\n  name: ada  # me\n")
    await house.start()
    told = await house.cli("telegram", "start", "--json", typed=f"{CANARY}\n")
    assert told.code == 0, told
    assert {name: told.json[name] for name in ("hosted", "bot", "mode", "proven", "trouble", "paired")} == {
        "hosted": True,
        "bot": "peerline_bot",
        "mode": "polling",
        "proven": True,
        "trouble": "",
        "paired": None,
    }
    assert config.read_text() == f'# mine\nowner:\n  name: ada  # me\ntelegram:\n  bot_token: "{CANARY}"\n'
    assert CANARY not in told.out + told.err
    assert tells_the_token(house) == []


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (Fault(Kind.UNAUTHORIZED, "getMe"), 2, "refuses the token (401)"),
        pytest.param(
            Fault(Kind.SERVER_ERROR, "getMe"), 3, "Telegram answers 502", marks=pytest.mark.thorough
        ),
        (Fault(Kind.GARBAGE, "getMe"), 3, "makes no sense"),
        pytest.param(Fault(Kind.RESET, "getMe"), 3, "no answer from Telegram", marks=pytest.mark.thorough),
    ],
)
async def test_a_token_that_cannot_be_checked_is_not_kept(
    house: House, telegram: TelegramEmulator, fault: Fault, code: int, says: str
) -> None:
    await house.start()
    telegram.faults.add(fault)
    told = await house.cli("telegram", "start", typed=CANARY)
    assert (told.code, says in told.err, "hint:" in told.err) == (code, True, True), told
    assert not house.daemon.paths.config.exists()
    assert CANARY not in told.out + told.err
    assert tells_the_token(house) == []


async def test_what_is_no_token_is_not_repeated(house: House) -> None:
    await house.start()
    told = await house.cli("telegram", "start", typed="canary canary")
    assert (told.code, "canary" in told.out + told.err) == (2, False)
    assert "BotFather" in told.err


@pytest.mark.thorough
async def test_without_telegram_start_says_so_and_the_daemon_goes_on(
    house: House, telegram: TelegramEmulator
) -> None:
    await house.start()
    await telegram.unplug()
    told = await house.cli("telegram", "start", typed=CANARY)
    assert (told.code, "cannot be reached" in told.err) == (3, True)
    assert (await house.cli("telegram", "status")).out.startswith("the daemon does not host Telegram")


@pytest.mark.rig
async def test_a_token_that_somebody_else_polls_with_is_told_with_what_to_do(
    house: House, telegram: TelegramEmulator
) -> None:
    await house.start()
    telegram.faults.add(Fault(Kind.CONFLICT, "getUpdates", times=None))
    told = await house.cli("telegram", "start", typed=CANARY)
    assert (told.code, "another program polls with this token (409)" in told.err) == (2, True), told
    assert "BotFather" in told.err
    status = await house.cli("telegram", "status")
    assert "another program polls" in status.out
    assert "what to do" in status.out
    assert "another program polls" in (await house.cli("status")).out
    found = (await house.cli("doctor", "--json")).json["findings"]
    assert [each["fix"] != "" for each in found if each["code"] == "telegram_deaf"] == [True]

    telegram.faults.lift()
    await until_state(house, "well again", trouble="", since=None)


FAULTS = [
    Fault(Kind.HANG, "getUpdates", times=None),
]
MORE_FAULTS = [
    Fault(Kind.UNAUTHORIZED, "getUpdates", times=None),
    Fault(Kind.CONFLICT, "getUpdates", times=None),
    Fault(Kind.FLOOD, "getUpdates", times=None, retry_after=1),
    Fault(Kind.SERVER_ERROR, "getUpdates", times=None),
    Fault(Kind.SERVER_ERROR, "getUpdates", times=None, status=504),
    Fault(Kind.GARBAGE, "getUpdates", times=None, handled=False),
    Fault(Kind.RESET, "getUpdates", times=None),
    Fault(Kind.FREEZE, "getUpdates", times=None),
]


@pytest.mark.parametrize(
    "fault",
    [*FAULTS, *(pytest.param(each, marks=pytest.mark.rig) for each in MORE_FAULTS)],
    ids=lambda fault: f"{fault.kind} {fault.status}",
)
async def test_inbound_works_again_soon_after_the_fault_and_meanwhile_nobody_is_pestered(
    house: House, telegram: TelegramEmulator, fault: Fault
) -> None:
    ada = telegram.person(7, "Ada")
    await house.start(**telegram_of(telegram, ADA))
    await until_state(house, "heard", proven=True)
    telegram.faults.add(fault)
    met = len(telegram.journal.of("getUpdates"))
    ada.says("/peers")  # ends the poll that is out: the next ones meet the fault
    lasting = fault.kind not in {Kind.HANG, Kind.FREEZE}
    await telegram.journal.reaches("getUpdates", met + (3 if lasting else 1), within=PATIENCE_S)
    telegram.faults.lift()
    ada.says("/help")
    await ada.sees("/notify", within=RECOVERY_S)
    polls = [each.at for each in telegram.journal.of("getUpdates") if each.fault]
    gaps = [after - before for before, after in itertools.pairwise(polls)]
    assert min(gaps, default=1.0) > 0.95
    assert tells_the_token(house) == [str(Path(f"/proc/{house.daemon.pid}/environ"))]  # it was put there


async def test_a_webhook_of_earlier_is_taken_away_and_what_waited_there_is_kept(
    house: House, telegram: TelegramEmulator
) -> None:
    ada = telegram.person(7, "Ada")
    telegram.world.webhook = Webhook("http://127.0.0.1:9/x", "", 40)
    ada.says("/help")
    await house.start(**telegram_of(telegram, ADA))
    await ada.sees("/notify", within=RECOVERY_S)
    assert telegram.world.webhook is None


def webhook_of(port: int) -> dict[str, str]:
    return {
        "PEERLINE_DAEMON__PORT": str(port),
        "PEERLINE_TELEGRAM__WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram/webhook",
    }


async def test_telegram_may_bring_updates_to_a_webhook_and_nobody_else_may(
    house: House, telegram: TelegramEmulator, ada: Person
) -> None:
    port, secret = free_port(), "canary_secret-1"
    settings = {"PEERLINE_TELEGRAM__WEBHOOK_SECRET": secret} | webhook_of(port)
    await house.start(**telegram_of(telegram, ADA), **settings)
    await until_state(house, "reached", proven=True, mode="webhook")
    hook = telegram.world.webhook
    assert hook
    assert (hook.secret, hook.most) == (secret, 1)
    ada.says("/help")
    await ada.sees("/notify", within=PATIENCE_S)
    assert [status for _, status in hook.pushed] == [200]
    assert telegram.journal.of("getUpdates") == []

    forged = {"update_id": 1, "message": {"text": "/lock", "chat": {"id": 7, "type": "private"}}}
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {HEADER: ""}, {HEADER: "guess"}, {HEADER: secret[:-1]}):
            async with session.post(hook.url, json=forged, headers=headers) as answer:
                assert answer.status == 401
        for body in (b"", b"[]", b"{", b'{"update_id": "x"}'):
            async with session.post(hook.url, data=body, headers={HEADER: secret}) as answer:
                assert answer.status == 400
        async with session.get(hook.url, headers={HEADER: secret}) as answer:
            assert answer.status == 405
    assert not (await house.daemon.client().status())["lock"]["locked"]
    assert secret not in house.daemon.log


@pytest.mark.thorough
async def test_the_webhook_answers_only_when_the_update_is_on_disk(
    house: House, telegram: TelegramEmulator, ada: Person
) -> None:
    settings = {"PEERLINE_TELEGRAM__WEBHOOK_SECRET": "s3cret"} | webhook_of(free_port())
    await house.start(crash_at="store.committed", **telegram_of(telegram, ADA), **settings)
    await until_state(house, "reached", proven=True)
    first = telegram.world.webhook
    house.arm()
    ada.says("/help")
    await house.crashed(**telegram_of(telegram, ADA), **settings)
    assert first
    assert first.pushed[0][1] != 200
    await ada.sees("/notify", within=PATIENCE_S)
    assert len([each for each in ada.heard() if "/notify" in each.text]) == 1


@pytest.mark.thorough
async def test_a_webhook_without_a_secret_is_not_hosted_and_start_makes_one(
    house: House, telegram: TelegramEmulator
) -> None:
    port = free_port()
    house.home.mkdir(mode=0o700)
    config = house.home / "config.yaml"
    url = webhook_of(port)["PEERLINE_TELEGRAM__WEBHOOK_URL"]
    config.write_text(f'telegram:\n  bot_token: "{CANARY}"\n  webhook_url: "{url}"\n')
    await house.start(PEERLINE_DAEMON__PORT=str(port))
    told = await until_state(house, "unguarded", fix="`peerline telegram start` makes one")
    assert not told["proven"]
    assert (await house.cli("telegram", "start", "--no-pair")).code == 0
    secret = yaml.safe_load(config.read_text())["telegram"]["webhook_secret"]
    assert telegram.world.webhook
    assert (telegram.world.webhook.secret, len(secret) >= 32) == (secret, True)
    assert secret not in (await house.cli("config", "show")).out


@pytest.mark.thorough
async def test_people_are_granted_rights_and_removed_at_the_owners_terminal_alone(
    house: House, telegram: TelegramEmulator
) -> None:
    await house.start(**telegram_of(telegram, ADA))
    ben = telegram.person(8, "Ben")
    async with house.terminal("telegram", "pair") as screen:
        await screen.shows("waiting for it")
        ben.says(code_on(screen))
        await screen.shows("paired: ben (8) may talk")
    granted = await house.at_terminal("telegram", "people", "grant", "ben", "approve", "--json")
    assert granted.json["rights"] == ["talk", "approve"]
    revoked = await house.at_terminal("telegram", "people", "revoke", "8", "talk")
    assert "ben may approve" in revoked.out
    for words in (("grant", "ada", "spawn"), ("grant", "nobody", "talk"), ("grant", "ben", "fly")):
        assert (await house.at_terminal("telegram", "people", *words)).code == 2
    assert (await house.cli("telegram", "people", "grant", "ben", "spawn")).code == 2
    assert "removed: ben" in (await house.at_terminal("telegram", "people", "remove", "ben")).out
    known = (await house.cli("telegram", "people", "--json")).json["people"]
    assert [each["name"] for each in known] == ["ada"]


@pytest.mark.thorough
async def test_status_tells_what_waits_on_both_sides(house: House, telegram: TelegramEmulator) -> None:
    await house.start(**telegram_of(telegram, ADA))
    await until_state(house, "heard", proven=True)
    told = (await house.cli("telegram", "status", "--json")).json
    assert (told["bot"], told["pending"], told["people"], told["waiting"]) == ("peerline_bot", 0, 1, 0)
    assert told["lag_s"] < 5
    asked = len(telegram.journal.of("getWebhookInfo"))
    for _ in range(3):
        await state(house)
    assert len(telegram.journal.of("getWebhookInfo")) == asked == 1
    text = (await house.cli("telegram", "status")).out
    assert "@peerline_bot" in text
    assert "last round trip" in text
