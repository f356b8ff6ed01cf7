"""Secrets in a daemon that tells all it can while everything goes wrong: they stand where they belong alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.api.wire import request, said
from tests.daemon_process import free_port
from tests.emulators.telegram import TelegramEmulator
from tests.scenarios.house import ADA, LOOK_S, PATIENCE_S, House, telegram_of

MADE_UP = "7f3qZkW9xLcanary"
IN_URL, OFFERED, ASKED, COOKIE, INBOX, PROXY = (
    f"{name}{MADE_UP}" for name in ("url", "offered", "asked", "cookie", "inbox", "proxy")
)
SLACK, MODEL, FIELD, BASIC, ECHOED = (
    f"{name}{MADE_UP}" for name in ("xoxb-1-", "sk-ant-", "field", "basic", "echoed")
)


HOOK = {
    "Peerline-Env-CLAUDE-CODE-MESSAGING-TOKEN": INBOX,
    "Peerline-Env-TMUX": "/nowhere/tmux,1,0",
    "Peerline-Env-TMUX-PANE": "%250",
}
PRINTING = (
    ("status", "--json"),
    ("doctor", "--json"),
    ("doctor", "--security", "--json"),
    ("audit", "tail", "--json"),
    ("logs",),
    ("config", "show", "--json"),
)


def dumping(place: Path, program: str) -> Path:
    """Put one that tells its environment in the place of a program that the daemon starts; where it tells it."""
    made = place / "bin" / program
    made.parent.mkdir()
    made.write_text(f"#!/bin/sh\nenv >> {place / 'dump'}\nexit 1\n")
    made.chmod(0o700)
    return place / "dump"


def holding(folder: Path, secret: str, *but: str) -> list[str]:
    raw = secret.encode()
    return [
        path.name
        for path in folder.rglob("*")
        if path.is_file() and path.name not in but and raw in path.read_bytes()
    ]


async def test_no_secret_stands_where_it_does_not_belong(house: House, telegram: TelegramEmulator) -> None:
    port, dump = free_port(), dumping(house.place, "tmux")
    await house.start(
        **telegram_of(telegram, ADA)
        | {
            # Nobody listens there: every poll fails, with a URL that holds two secrets.
            "PEERLINE_TELEGRAM__API_BASE": f"http://bot:{IN_URL}@127.0.0.1:1",
            "PEERLINE_DAEMON__PORT": str(port),
            "PEERLINE_DAEMON__LOG_LEVEL": "debug",
            "ALL_PROXY": f"http://proxy:{PROXY}@127.0.0.1:1",
            "PATH": f"{house.place / 'bin'}:/usr/bin:/bin",
        }
    )
    daemon = house.daemon
    daemon.port = port
    token = daemon.token()
    errors = [
        request(daemon, "GET", "/v1/peers", token=OFFERED).body,
        request(daemon, "GET", f"/v1/peers?token={ASKED}", Cookie=f"peerline={COOKIE}").body,
        request(daemon, "GET", f"/v1/{ASKED}?{ASKED}=1", token=None, Authorization=f"Basic {BASIC}").body,
        request(daemon, "POST", "/v1/messages", body=f'{{"kind": "notice", "text": {FIELD}'.encode()).body,
        request(daemon, "POST", "/v1/messages", body=f'{{"kind": "{FIELD}", "to": ["x"]}}'.encode()).body,
        said(daemon, f"GET /v1/peers HTTP/1.1\r\nCookie {ECHOED}\r\n\r\n".encode()).body,
        request(daemon, "POST", "/v1/hooks/claude-code/Stop", body=b"{}", unix=True, **HOOK).body,
    ]
    for words in (SLACK, MODEL):  # words of people: in the database, and there alone
        await daemon.client().notify("cli", f"look: {words}")
    code = (await house.at_terminal("telegram", "pair", "--json")).json["code"]
    async with asyncio.timeout(PATIENCE_S):
        while not any(each["trouble"] for each in (await daemon.client().status())["surfaces"]):
            await asyncio.sleep(LOOK_S)
    printed = [(await house.cli(*words)).out.encode() for words in PRINTING]
    argv = Path(f"/proc/{daemon.pid}/cmdline").read_bytes()
    assert b"PATH=" in dump.read_bytes()
    assert await daemon.stop() == 0

    everywhere = dict.fromkeys(
        (telegram.token, IN_URL, OFFERED, ASKED, COOKIE, INBOX, BASIC, FIELD, ECHOED), ()
    )
    stored = dict.fromkeys((SLACK, MODEL, code), ("peerline.db", "peerline.db-wal"))
    places = everywhere | stored | {PROXY: (), token: ("token",)}
    assert {
        secret: found for secret, but in places.items() if (found := holding(house.home, secret, *but))
    } == {}
    # What was asked for is told to who asked, in the answer to it.
    aloud = b"".join([*errors, *printed, argv, daemon.said.encode()])
    assert [secret for secret in places if secret not in {ASKED, ECHOED} and secret.encode() in aloud] == []
    assert [secret for secret in places if secret != PROXY and secret.encode() in dump.read_bytes()] == []
    assert "DEBUG" in daemon.log


async def test_what_the_configuration_holds_is_shown_as_set(house: House) -> None:
    house.home.mkdir()
    secret = f"8123456789:{MADE_UP}"
    (house.home / "config.yaml").write_text(
        f"telegram:\n  bot_token: {secret}\n  api_base: http://bot:{IN_URL}@127.0.0.1:1\n"
    )
    told = await house.cli("config", "show", "--json")
    assert told.code == 0
    assert MADE_UP not in told.out
    assert '"(set)"' in told.out
    assert "http://(set)@127.0.0.1:1" in told.out
