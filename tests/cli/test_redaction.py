"""What is logged holds no secret: known to the letter or by its looks, in every part of a record, by every logger."""

from __future__ import annotations

import logging
import string
from collections.abc import Iterator
from contextlib import suppress
from io import StringIO

import pytest

from cli.redaction import Redacting, masked
from daemon.settings import Settings, Slack, Telegram, secret_variables, secrets

BODY = string.ascii_letters + "0123456789"
KNOWN = "gAlN3x/odd+shape=="
LOOKS = {  # what stands in a line -> the part that must not be read there
    f"POST https://api.telegram.org/bot8123456789:{BODY}/getUpdates failed": BODY,
    f"file/bot8123456789%3A{BODY}/photo.jpg": BODY,
    f"the token is 8123456789:{BODY}.": BODY,
    f"Authorization: Bearer {BODY}": BODY,
    f"{{'authorization': 'Basic {BODY}'}}": BODY,
    f"[(b'Authorization', b'Token {BODY}')]": BODY,
    f"Cookie: session=1; peerline={BODY}": BODY,
    f"set-cookie: peerline={BODY}; HttpOnly": BODY,
    f"slack xoxb-1234-{BODY} and more": BODY,
    f"slack xapp-1-A1-{BODY}": BODY,
    f"signing_secret={BODY}": BODY,
    f"key sk-ant-api03-{BODY}-x": BODY,
    f"proxy http://user:{BODY}@proxy.example:3128/ refused": BODY,
    f"GET /v1/events?after=3&code={BODY} HTTP/1.1": BODY,
    f"Peerline-Env-CLAUDE-CODE-MESSAGING-TOKEN: {BODY}": BODY,
    f"CLAUDE_CODE_MESSAGING_TOKEN={BODY}": BODY,
    f'{{"api_key": "{BODY}"}}': BODY,
    f"password='{BODY}'": BODY,
    "send 7K2M9Q4X to the bot": "7K2M9Q4X",
    f"the owner's is {KNOWN} here": KNOWN,
    "quoted: gAlN3x%2Fodd%2Bshape%3D%3D": "gAlN3x",
}
PLAIN = (
    "update 123456789 refused: the text is empty",
    "delivery d-0123456789 was not settled: the lease lapsed",
    "telegram ended; it begins again in 5.0 s",
    "GET /v1/peers failed",
    "what is due waits: the database cannot be written",
)


@pytest.fixture
def written() -> Iterator[StringIO]:
    told = StringIO()
    stream = logging.StreamHandler(told)
    stream.setFormatter(Redacting([KNOWN, "", "abc"]))
    root = logging.getLogger()
    # A bot that ran before in this process has hushed the libraries it speaks through.
    levels = {each: each.level for each in (root, logging.getLogger("httpx"), logging.getLogger("httpcore"))}
    root.addHandler(stream)
    for each in levels:
        each.setLevel(logging.DEBUG)
    yield told
    root.removeHandler(stream)
    for each, level in levels.items():
        each.setLevel(level)


def fail(told: logging.Logger, line: str) -> None:
    try:
        int(line)
    except ValueError as error:
        told.exception("failed", stack_info=True)
        raise ValueError(line) from error


@pytest.mark.parametrize("line", LOOKS)
@pytest.mark.parametrize("name", ["peerline", "httpcore.http11", "asyncio"])
def test_no_part_of_a_record_shows_a_secret(written: StringIO, line: str, name: str) -> None:
    told = logging.getLogger(name)
    told.debug(line)
    told.debug("it says %s, %r", line, {"inner": line})
    with suppress(ValueError):
        fail(told, line)
    assert written.getvalue().count("DEBUG") == 2
    assert LOOKS[line] not in written.getvalue()


@pytest.mark.parametrize("line", PLAIN)
def test_what_is_no_secret_stays_readable(line: str) -> None:
    assert masked(line) == line


def test_a_line_cannot_be_forged_nor_a_terminal_steered(written: StringIO) -> None:
    logging.getLogger("peerline").warning("%s", "x\n2026-01-01 00:00:00 INFO fake: all is well\x1b[2J")
    first, second, _ = written.getvalue().split("\n")
    assert first.endswith("x")
    assert second.startswith("  2026")
    assert "\x1b" not in written.getvalue()


def test_every_secret_of_the_settings_is_known() -> None:
    telegram = Telegram(bot_token="8123456789:secret", api_base="http://bot:hunter22@127.0.0.1:1")
    assert secrets(Settings(telegram=telegram)) == ["8123456789:secret", "bot:hunter22", "hunter22"]
    slack = Slack(bot_token="xoxb-secret", app_token="xapp-secret", signing_secret="0123abcd")
    assert secrets(Settings(slack=slack)) == ["xoxb-secret", "xapp-secret", "0123abcd"]
    assert secrets(Settings()) == []
    given = dict.fromkeys(
        ("PEERLINE_SLACK__APP_TOKEN", "PEERLINE_SLACK__SIGNING_SECRET", "PEERLINE_SLACK__COMMAND"), "x"
    )
    assert secret_variables(given) == ["PEERLINE_SLACK__APP_TOKEN", "PEERLINE_SLACK__SIGNING_SECRET"]
    given = {"PEERLINE_TELEGRAM__BOT_TOKEN": "x", "PEERLINE_HOME": "y", "PATH": "z", "BOT_TOKEN": "q"}
    assert secret_variables(given) == ["PEERLINE_TELEGRAM__BOT_TOKEN"]
    assert secret_variables({"PEERLINE_TOKEN": "x", "PEERLINE_URL": "y"}) == ["PEERLINE_TOKEN"]
