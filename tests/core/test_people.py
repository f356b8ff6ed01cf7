"""Who may speak: an empty list is nobody, and one code, shown at the machine, opens the door once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from daemon.core import commands as c
from daemon.core.errors import NotAllowed, NotFound
from daemon.core.model import Ask, Authority, Heard, Person
from tests.core.line import A_MINUTE, Line

CODE = "7K2M9Q4X"
WRONG = "7K2M9Q4Y"


@pytest.fixture
def line() -> Line:
    line = Line()
    line.do(c.InvitePerson(surface="telegram", code=CODE, ttl=10 * A_MINUTE))
    return line


def says(line: Line, text: str, account: str = "7", *, private: bool = True) -> Heard:
    said = c.Say(
        surface="telegram", address=account, account=account, text=text, author="Ada L", private=private
    )
    heard: Heard = line.do(said)
    return heard


def persons(line: Line) -> list[Person]:
    return [person for person in line.view.people("telegram") if person.removed_at is None]


@pytest.mark.parametrize("typed", [CODE, CODE.lower(), f"  {CODE}\n", f"/start {CODE}"])
def test_the_code_lets_its_sender_in_and_says_so(line: Line, typed: str) -> None:
    assert says(line, typed) == Heard("paired")

    [ada] = persons(line)
    assert (ada.name, ada.account, ada.owner, ada.rights) == (
        "ada-l",
        "7",
        True,
        ("talk", "approve", "spawn"),
    )
    conversation = line.view.conversation_at("telegram", "7")
    assert conversation is not None
    chat = line.peer(conversation.peer_id)
    assert (chat.name, chat.authority) == ("telegram", Authority.OWNER)
    [(_, greeting)] = line.view.unread(chat.peer_id, 10)
    assert greeting.body.startswith("Paired. Hello ada-l")


def test_the_code_is_good_once_and_the_second_person_may_only_talk(line: Line) -> None:
    says(line, CODE)
    assert says(line, CODE, "8") == Heard("nothing")

    line.do(c.InvitePerson(surface="telegram", code=WRONG, ttl=10 * A_MINUTE))
    assert says(line, WRONG, "8") == Heard("paired")

    assert [(x.account, x.owner, x.rights) for x in persons(line)][1] == ("8", False, ("talk",))
    conversation = line.view.conversation_at("telegram", "8")
    assert conversation is not None
    assert line.peer(conversation.peer_id).authority is Authority.PERSON


def test_five_wrong_codes_close_the_door(line: Line) -> None:
    for _ in range(5):
        assert says(line, WRONG) == Heard("nothing")

    assert says(line, CODE) == Heard("nothing")
    assert persons(line) == []


def test_four_wrong_codes_do_not(line: Line) -> None:
    for _ in range(4):
        says(line, WRONG)

    assert says(line, CODE) == Heard("paired")


def test_what_is_no_code_at_all_is_no_try_and_gets_silence(line: Line) -> None:
    before = line.rows()

    for text in ("hello", "/start", "", CODE + "X", "é" * 9, "ß" * 5):
        assert says(line, text) == Heard("nothing")

    assert line.rows() == before


def test_after_ten_minutes_the_code_is_void(line: Line) -> None:
    line.now += 10 * A_MINUTE

    assert says(line, CODE) == Heard("nothing")
    assert persons(line) == []


def test_a_code_is_taken_in_private_only(line: Line) -> None:
    assert says(line, CODE, private=False) == Heard("aside")
    assert persons(line) == []


def test_a_new_invitation_voids_the_old_one(line: Line) -> None:
    line.do(c.InvitePerson(surface="telegram", code=WRONG, ttl=timedelta(minutes=10)))

    assert says(line, CODE) == Heard("nothing")
    assert says(line, WRONG) == Heard("paired")


def test_a_code_of_one_surface_opens_no_other(line: Line) -> None:
    assert line.do(c.Say(surface="slack", address="7", account="7", text=CODE)) == Heard("nothing")


def test_who_is_removed_is_a_stranger_and_can_be_paired_again(line: Line) -> None:
    says(line, CODE)
    line.do(c.RemovePerson(surface="telegram", account="7"))
    assert says(line, "/peers") == Heard("nothing")

    line.do(c.InvitePerson(surface="telegram", code=WRONG, ttl=10 * A_MINUTE))

    assert says(line, WRONG) == Heard("paired")
    assert [x.owner for x in persons(line)] == [True]


def test_people_of_the_config_are_there_until_they_are_dropped_from_it(line: Line) -> None:
    ada = line.telegram()
    line.telegram("ben", "8", owner=False)
    assert line.say(ada, "/start").understood == "command"

    line.do(c.ConfigurePeople(surface="telegram", people=()))

    assert persons(line) == []
    assert line.say(ada, "/start") == Heard("nothing")


def test_people_of_the_config_are_read_only_and_the_paired_are_not_in_it(line: Line) -> None:
    says(line, CODE, "9")
    line.telegram("ben", "8", owner=False)

    with pytest.raises(NotAllowed):
        line.do(c.RemovePerson(surface="telegram", account="8"))
    with pytest.raises(NotFound):
        line.do(c.RemovePerson(surface="telegram", account="12345"))
    line.do(c.ConfigurePeople(surface="telegram", people=()))

    assert [person.account for person in persons(line)] == ["9"]


def test_an_empty_list_is_nobody() -> None:
    line = Line()

    assert says(line, "hello") == says(line, CODE) == Heard("nothing")
    assert line.view.peers() == []


def two_people(line: Line) -> None:
    says(line, CODE)
    line.do(c.InvitePerson(surface="telegram", code=WRONG, ttl=10 * A_MINUTE))
    says(line, WRONG, "8")


def change(line: Line, account: str, right: str, *, granted: bool = True) -> Person:
    command = c.ChangeRight(surface="telegram", account=account, right=right, granted=granted)
    person: Person = line.do(command)
    return person


def test_rights_are_granted_and_revoked_one_by_one(line: Line) -> None:
    two_people(line)
    assert change(line, "8", "spawn").rights == ("talk", "spawn")
    assert change(line, "8", "approve").rights == ("talk", "approve", "spawn")
    assert change(line, "8", "approve").rights == ("talk", "approve", "spawn")
    assert change(line, "8", "spawn", granted=False).rights == ("talk", "approve")


def test_who_may_not_talk_any_more_is_not_heard(line: Line) -> None:
    two_people(line)
    change(line, "8", "talk", granted=False)
    assert says(line, "/peers", "8") == Heard("nothing")


def test_who_may_approve_now_is_asked_what_waits_already(line: Line) -> None:
    two_people(line)
    api = line.agent("api", circle="default")
    approval = line.request(api)
    conversation = line.view.conversation_at("telegram", "8")
    assert conversation is not None
    assert conversation.peer_id not in line.view.get(Ask, approval.ask_id).to

    change(line, "8", "approve")

    assert conversation.peer_id in line.view.get(Ask, approval.ask_id).to


def test_the_owner_keeps_every_right_and_the_config_is_read_only(line: Line) -> None:
    two_people(line)
    line.telegram("cleo", "9", owner=False)
    for account in ("7", "9"):
        with pytest.raises(NotAllowed):
            change(line, account, "approve", granted=False)
    with pytest.raises(NotFound):
        change(line, "12345", "approve")
