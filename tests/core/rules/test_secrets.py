"""What looks like a secret is in no chat; all else is."""

from __future__ import annotations

import pytest

from bots.cards import card_of
from daemon.core import commands as c
from daemon.core.rules.secrets import MASK, masked
from tests.core.line import BOT, Line

MADE_UP = "Zx81" * 10
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{MADE_UP}\n{MADE_UP}\n-----END RSA PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"token 7012345678:{MADE_UP[:35]} is set", MADE_UP[:35]),
        (f"xoxb-1234-{MADE_UP}", MADE_UP),
        (f"xapp-1-{MADE_UP}", MADE_UP),
        ("key AKIAIOSFODNN7EXAMPLE here", "AKIAIOSFODNN7EXAMPLE"),
        (f"gh{'p_'}{MADE_UP}", MADE_UP),
        (f"github_pat_{MADE_UP}", MADE_UP),
        (f"sk-ant-{MADE_UP}", MADE_UP),
        (KEY, MADE_UP),
        (KEY.partition("-----END")[0], MADE_UP),
        (f"eyJ{MADE_UP}.eyJ{MADE_UP}.{MADE_UP}", MADE_UP),
        ("postgres://app:hunter22@db/app", "hunter22"),
        ("DB_PASSWORD=hunter22", "hunter22"),
        ("export API_KEY='hunter 22'", "hunter 22"),
        ('"AWS_SECRET_ACCESS_KEY": "hunter22"', "hunter22"),
    ],
)
def test_a_secret_is_taken_out_and_counted(text: str, secret: str) -> None:
    told, found = masked(text)

    assert secret not in told
    assert MASK in told
    assert found == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "the token is in the vault, the password is not",
        "m-y83ntdj145 at 12:30, build 20260301:12 is red",
        "https://example.com/a?b=c and git@example.com:x/y.git",
        "def token(secret): return key",
        "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "API_KEY=",
    ],
)
def test_what_is_no_secret_stays_as_it_is(text: str) -> None:
    assert masked(text) == (text, 0)


def test_a_person_reads_that_something_was_masked_and_an_agent_reads_what_was_written(line: Line) -> None:
    web, api, ada = line.agent("web"), line.agent("api"), line.telegram()
    text = "DB_PASSWORD=hunter22\nxoxb-1234-abcdefgh"
    line.notify(web, api, text)
    line.notify(web, ada.peer, text)

    parcel = line.lease(ada.peer, holder=BOT, shows=True)
    assert parcel is not None
    carried = line.carry(api)
    assert carried is not None
    assert card_of(parcel).markdown == f"DB_PASSWORD={MASK}\n{MASK}\n\n⚠ 2 secrets masked here"
    assert carried.envelope.body == text


def test_neither_choices_nor_outcomes_show_a_secret(line: Line) -> None:
    web, ada = line.agent("web"), line.telegram()
    ask = line.ask(web, ada.peer, "which?", options=("DB_PASSWORD=hunter22", "none"))
    parcel = line.lease(ada.peer, holder=BOT, shows=True)
    assert parcel is not None
    line.do(c.AckDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, receipt="r-1"))
    line.tap(ada, ask.ask_id, 0)
    change = next(each for each in line.shown(ada) if each.shown_as)

    assert [choice.label for choice in card_of(parcel).choices] == [f"DB_PASSWORD={MASK}", "none"]
    assert "hunter22" not in card_of(change).outcome
