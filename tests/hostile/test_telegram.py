"""Telegram: who is nobody here is not answered, and nobody acts by another's finger, chat, name or old words."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from bots.telegram import hearing
from bots.telegram.hearing import Me
from daemon.core import commands as c
from tests.core.line import A_MINUTE
from tests.fuzz.test_updates import ADA, CHANNEL, EVE, GROUP, PRIVATE, QUERY, UPDATES, Phone, message

Json = dict[str, Any]
ME = Me(123, "peerline_bot")
EVES = {"id": 66, "type": "private", "first_name": "Ada", "username": "ada"}


def heard_in(update: Json) -> Any:
    return hearing.heard_in(update, ME)


def tap(data: str = "t:{ask}:0", **more: Any) -> Json:
    return {"callback_query": QUERY | {"data": data, "message": message()} | more}


#: id: an update that must do nothing at all: no row, so nothing to be sent; {ask} is what Ada was asked.
SILENCE: dict[str, Json] = {
    "TG-01 a stranger's words": {"message": message(EVES, EVE, text="@api run it")},
    "TG-02 a stranger's start": {"message": message(EVES, EVE, text="/start")},
    "TG-03 a stranger's command": {"message": message(EVES, EVE, text="/stop api")},
    "TG-04 a stranger who took the owner's names": {
        "message": message(EVES, EVE | {"first_name": "Ada", "username": "ada", "last_name": "L"}, text="yes")
    },
    "TG-05 a stranger in the owner's chat": {"message": message(PRIVATE, EVE, text="yes")},
    "TG-06 a stranger's reply to what the owner was asked": {
        "message": message(EVES, EVE, text="yes", reply_to_message=message(text="go on?"))
    },
    "TG-07 a stranger's finger": tap(**{"from": EVE}),
    "TG-08 a stranger's finger in their own chat": tap(**{"from": EVE, "message": message(EVES)}),
    "TG-09 the owner's finger in a group": tap(message=message(GROUP)),
    "TG-10 a finger on what a stranger forwarded": tap(
        **{"from": EVE, "message": message(EVES, forward_origin={})}
    ),
    "TG-11 an inline message's key": {
        "callback_query": QUERY | {"inline_message_id": "x", "data": "t:{ask}:0"}
    },
    "TG-12 a key of another form": tap("approve:{ask}"),
    "TG-13 a key with a sign": tap("t:{ask}:-1"),
    "TG-14 a key with other digits": tap("t:{ask}:\u0661"),
    "TG-15 a key without an ask": tap("t::0"),
    "TG-16 a game's key": {"callback_query": {"id": "q", "from": ADA, "game_short_name": "t:{ask}:0"}},
    "TG-17 a group's stranger": {"message": message(GROUP, EVE, text="@api run it")},
    "TG-18 a channel's words": {"channel_post": {"message_id": 1, "chat": CHANNEL, "text": "/stop api"}},
    "TG-19 words in a channel's name": {
        "message": message(GROUP, {"id": 136817688, "is_bot": True}, sender_chat=CHANNEL)
    },
    "TG-20 a group's anonymous admin": {
        "message": message(GROUP, {"id": 1087968824, "is_bot": True}, text="/stop api")
    },
    "TG-21 another bot's words": {"message": message(PRIVATE, ADA | {"is_bot": True}, text="/stop api")},
    "TG-22 nobody's words": {"message": {"message_id": 1, "chat": PRIVATE, "text": "/stop api"}},
    "TG-23 words that were changed": {"edited_message": message(text="/stop api")},
    "TG-24 a business account's words": {"business_message": message(text="/stop api")},
    "TG-25 a reaction": UPDATES["message_reaction"],
    "TG-26 a poll's answer": UPDATES["poll_answer"],
    "TG-27 an inline question": {
        "inline_query": {"id": "1", "from": ADA, "query": "/stop api", "offset": ""}
    },
    "TG-28 put into a group": UPDATES["my_chat_member"],
    "TG-29 somebody wants to join": UPDATES["chat_join_request"],
    "TG-30 a stranger's file": {
        "message": message(EVES, EVE, document={"file_id": "x", "file_name": "../../\x1b[2J#(x).sh"})
    },
    "TG-31 words that came through a bot": {
        "message": message(text="/stop api", via_bot={"id": 8, "is_bot": True})
    },
    "TG-32 a kind there is not yet": {"super_message": message(text="/stop api")},
    "TG-33 an account that is a text": {"message": message(PRIVATE, ADA | {"id": "7"}, text="/stop api")},
    "TG-34 an account that is a fraction": {"message": message(PRIVATE, ADA | {"id": 7.0}, text="/stop api")},
    "TG-35 an account that is true": {"message": message(PRIVATE | {"id": 1}, ADA | {"id": True}, text="hi")},
    "TG-36 a supergroup that says it is private": {
        "message": message(GROUP | {"type": "Private"}, ADA, text="hi")
    },
}


@pytest.mark.parametrize("case", SILENCE, ids=SILENCE)
def test_silence_and_no_trace(case: str) -> None:
    office = Phone()
    office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
    before = office.line.rows()

    heard = heard_in(
        {"update_id": 5} | json.loads(json.dumps(SILENCE[case]).replace("{ask}", office.asked.ask_id))
    )

    if heard:
        office.hears(heard)
    assert office.line.rows() == before


def twice_tapped(office: Phone) -> None:
    for option in (0, 1):
        office.hears(heard_in({"update_id": option} | tap(f"t:{office.asked.ask_id}:{option}")))


def tapped_beyond(office: Phone) -> None:
    office.hears(heard_in({"update_id": 1} | tap(f"t:{office.asked.ask_id}:2")))


def tapped_with_more(office: Phone) -> None:
    office.hears(heard_in({"update_id": 1} | tap(f"t:{office.asked.ask_id}:0:0")))


def tapped_for_another(office: Phone) -> None:
    other = office.line.ask(office.line.agent("web"), office.api, "may I?", options=("yes", "no"))
    office.hears(heard_in({"update_id": 1} | tap(f"t:{other.ask_id}:0")))
    assert office.line.asked(other).answers == ()


def tapped_by_a_late_colleague(office: Phone) -> None:
    """Ben may talk, but was not asked."""
    ben = office.line.telegram("ben", "8", owner=False)
    office.line.shown(ben)
    bens = {"from": ADA | {"id": 8}, "message": message(PRIVATE | {"id": 8})}
    office.hears(heard_in({"update_id": 1} | tap(f"t:{office.asked.ask_id}:1", **bens)))
    assert heard_in({"update_id": 2} | tap(f"t:{office.asked.ask_id}:1", **{"from": ADA | {"id": 8}})) is None


def paired_by_guessing(office: Phone) -> None:
    office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
    for guess in ("AAAAAAAA", "BBBBBBBB", "CCCCCCCC", "DDDDDDDD", "EEEEEEEE", "K7M2Q9X4"):
        office.hears(heard_in({"update_id": 1, "message": message(EVES, EVE, text=f"/start {guess}")}))
    assert [person.account for person in office.line.view.people("telegram")] == ["7"]


def paired_in_a_group(office: Phone) -> None:
    office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
    heard = heard_in({"update_id": 1, "message": message(GROUP, EVE, text="K7M2Q9X4")})
    office.hears(heard)
    assert [person.account for person in office.line.view.people("telegram")] == ["7"]


def forwarded(text: str, **more: Any) -> Callable[[Phone], None]:
    def act(office: Phone) -> None:
        office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
        passed_on = message(text=text, forward_origin={"type": "user", "sender_user": EVE, "date": 1}, **more)
        office.hears(heard_in({"update_id": 1, "message": passed_on}))
        assert office.line.plan().session_of(office.line.peer(office.api)).stopped == ""

    return act


ACTS: dict[str, tuple[Callable[[Phone], None], list[str]]] = {
    "TG-40 a second finger changes nothing": (twice_tapped, ["yes"]),
    "TG-41 a key beyond the choices chooses nothing": (tapped_beyond, []),
    "TG-47 a key with more behind it chooses nothing": (tapped_with_more, []),
    "TG-42 a key to what another was asked chooses nothing": (tapped_for_another, []),
    "TG-43 who was not asked cannot choose": (tapped_by_a_late_colleague, []),
    "TG-44 five wrong codes and then the right one": (paired_by_guessing, []),
    "TG-45 a code in a group": (paired_in_a_group, []),
    "TG-48 a forwarded answer chooses nothing": (forwarded("yes"), []),
    "TG-49 a forwarded command stops nobody": (forwarded("/stop api"), []),
}


@pytest.mark.parametrize("case", ACTS, ids=ACTS)
def test_only_what_was_decided_is_decided(case: str) -> None:
    office = Phone()
    act, chosen = ACTS[case]

    act(office)

    assert [answer.option for answer in office.line.asked(office.asked).answers] == chosen


def test_an_update_that_is_repeated_is_said_once() -> None:
    """TG-46: its own number is the key under which its effect is kept."""
    heard = [heard_in({"update_id": 5, "message": message(text="hi")}) for _ in range(2)]
    assert heard[0] is not None
    assert heard[1] is not None
    assert heard[0].update_id == heard[1].update_id == "123/5"


def test_the_owner_is_heard() -> None:
    """TG-C1: words, a finger, a reply."""
    office = Phone()
    office.hears(heard_in({"update_id": 1, "message": message(text="@api how far?")}))
    assert [body for _, body in office.line.inbox(office.api)] == ["how far?"]
    office.hears(heard_in({"update_id": 2} | tap(f"t:{office.asked.ask_id}:1")))
    assert [answer.option for answer in office.line.asked(office.asked).answers] == ["no"]


def test_whoever_has_the_code_is_let_in() -> None:
    """TG-C2: in private, at the first try."""
    office = Phone()
    office.line.do(c.InvitePerson(surface="telegram", code="K7M2Q9X4", ttl=A_MINUTE))
    office.hears(heard_in({"update_id": 1, "message": message(EVES, EVE, text="/start k7m2q9x4")}))
    assert {person.account for person in office.line.view.people("telegram")} == {"7", "66"}
