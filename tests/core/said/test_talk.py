"""What a person's words mean, on every surface alike; and the person is always told what became of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from daemon.core import commands as c
from daemon.core.errors import NotAllowed, for_people
from daemon.core.model import Heard, Kind, Peer, Person, Role, Rota
from daemon.core.rules.cleaning import TEXT_LIMIT
from daemon.core.rules.words import WORDS, help_text, parsed
from daemon.core.said import verbs
from tests.core.line import A_MINUTE, BOT, Chat, Line
from tests.core.test_closing import flood


@pytest.fixture(params=["telegram", "console"])
def ada(line: Line, request: pytest.FixtureRequest) -> Chat:
    chat: Chat = getattr(line, request.param)()
    return chat


def asked_of(line: Line, heard: Heard) -> tuple[str, str]:
    """Whom the words became an ask to, and its question."""
    assert heard.ask_id is not None
    ask = line.asked(heard.ask_id)
    [peer_id] = ask.to
    return line.peer(peer_id).name, ask.question


def last(line: Line, chat: Chat) -> str:
    return line.told(chat)[-1]


# --- plain words ----------------------------------------------------------------------------------------------------


def test_plain_words_go_to_the_chosen_peer_and_the_receipt_says_so(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/to api")

    heard = line.say(ada, "how far?")

    assert (heard.understood, asked_of(line, heard)) == ("ask", ("api", "how far?"))
    assert line.told(ada) == ["your words go to api", "to api"]


def test_the_receipt_says_how_many_are_before_it_and_that_nobody_is_there(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "@api one")
    line.say(ada, "@api two")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.say(ada, "@api three")

    assert line.told(ada) == ["to api", "to api, behind 1", "to api, which is offline: kept until it is back"]


def test_the_choice_is_kept_for_each_conversation_and_person(line: Line) -> None:
    ada = line.telegram()
    line.telegram("ben", "8", owner=False)
    line.agent("api")
    line.agent("web")
    group = line.group(("*",))
    line.say(ada, "/to api")
    line.say(group, "/to web")
    line.say(group.by("8"), "@api hello")

    for chat, name in ((ada, "api"), (group, "web"), (group.by("8"), "api")):
        assert asked_of(line, line.say(chat, "and now?"))[0] == name


def test_the_choice_outlives_the_agents_absence(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.agent("web")
    line.say(ada, "/to api")
    line.do(c.EndSession(session_id=line.session(api).session_id, why="exit"))
    line.passes(1000 * A_MINUTE)
    line.do(c.Beat(surface=ada.surface, host=line.plan().conversation(ada.peer.peer_id).host))

    assert asked_of(line, line.say(ada, "still?"))[0] == "api"


def test_with_nobody_chosen_words_go_to_the_live_orchestrator(line: Line, ada: Chat) -> None:
    lead = line.orchestrator("lead")
    line.agent("api")

    assert asked_of(line, line.say(ada, "how far?"))[0] == "lead"

    line.do(c.EndSession(session_id=line.session(lead).session_id, why="exit"))
    assert line.say(ada, "how far?").understood == "kept"


def test_else_the_words_are_kept_and_delivered_after_the_choice(line: Line, ada: Chat) -> None:
    line.agent("api")
    web = line.agent("web")

    assert line.say(ada, "fix the\nbuild").understood == "kept"
    [question] = line.shown(ada)
    assert question.envelope.body == "To whom?"
    assert question.envelope.options == ("dev/api", "dev/web")
    assert question.ask is not None
    heard = line.tap(ada, question.ask.ask_id, 1)

    assert asked_of(line, heard) == ("web", "fix the\nbuild")
    assert line.inbox(web) == [(Kind.ASK, "fix the\nbuild")]
    assert asked_of(line, line.say(ada, "and the tests"))[0] == "web"


@pytest.mark.parametrize("typed", ["2", "dev/web", " DEV/WEB "])
def test_a_bare_number_or_label_chooses_as_well(line: Line, ada: Chat, typed: str) -> None:
    line.agent("api")
    line.agent("web")
    line.say(ada, "fix it")
    line.shown(ada)

    assert asked_of(line, line.say(ada, typed)) == ("web", "fix it")


def test_a_choice_of_long_names_can_be_made(line: Line, ada: Chat) -> None:
    line.agent("a" * 60, "c" * 60)
    line.agent("a" * 60 + "b", "c" * 60)
    line.say(ada, "fix it")
    [question] = line.shown(ada)

    assert len(set(question.envelope.options)) == 2
    assert asked_of(line, line.say(ada, "2")) == ("a" * 60 + "b", "fix it")


def test_with_nobody_there_the_person_is_told_that_nothing_was_sent(line: Line, ada: Chat) -> None:
    assert line.say(ada, "anybody?") == Heard("nothing")
    assert "not sent" in last(line, ada)


def test_kept_words_are_forgotten_when_nobody_chooses(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "fix it")
    [question] = line.shown(ada)
    line.passes(31 * A_MINUTE)
    assert question.ask is not None

    heard = line.tap(ada, question.ask.ask_id, 0)

    assert heard == Heard("nothing")
    assert line.inbox(api) == []
    assert "that is expired already" in line.told(ada)


def test_where_the_surface_fixes_the_recipient_words_go_there(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.agent("web")
    line.say(ada, "/to api")

    assert asked_of(line, line.say(ada, "hello", to="web"))[0] == "web"
    assert asked_of(line, line.say(ada, "hello"))[0] == "api"


# --- @name ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["@api how far?", "@api\nhow far?", "@dev/api  how far?", "@API how far?"])
def test_a_name_in_front_asks_that_peer_and_chooses_it(line: Line, ada: Chat, typed: str) -> None:
    line.agent("api")
    line.agent("web")

    assert asked_of(line, line.say(ada, typed)) == ("api", "how far?")
    assert asked_of(line, line.say(ada, "and now?"))[0] == "api"


def test_a_bare_name_only_chooses(line: Line, ada: Chat) -> None:
    line.agent("api")

    assert line.say(ada, "@api") == Heard("command")
    assert last(line, ada) == "your words go to api"


def test_an_unknown_or_ambiguous_name_is_told_in_the_conversation_and_chooses_nobody(
    line: Line, ada: Chat
) -> None:
    line.agent("backend")
    line.agent("web")
    line.agent("web", "home")
    before = line.rows()["ask"]

    assert line.say(ada, "@backedn how far?") == line.say(ada, "@web how far?") == Heard("nothing")

    slip, double = line.told(ada)
    assert 'did you mean "backend"' in slip
    assert "dev/web" in double
    assert "home/web" in double
    assert line.rows()["ask"] == before
    assert line.rows()["sticky"] == []


def test_a_service_is_not_asked_but_the_right_address_is_named(line: Line) -> None:
    ada = line.telegram()
    line.do(
        c.OpenConversation(
            surface="telegram",
            address="bot",
            host="telegram-bot",
            wish="telegram-bot",
            authority=ada.peer.authority,
            role_service=True,
        )
    )

    line.say(ada, "@telegram-bot hello")

    assert "ask telegram" in last(line, ada)


# --- replies --------------------------------------------------------------------------------------------------------


def test_a_reply_to_a_question_is_its_answer(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    ask = line.ask(api, ada.peer, "which port?")
    [card] = line.shown(ada)

    heard = line.say(ada, "8377", reply_to=card.delivery.receipt)

    assert heard == Heard("answer", ask.ask_id)
    assert [(x.text, x.option, x.sender.person) for x in line.asked(ask).answers] == [("8377", None, "ada")]
    assert line.inbox(api) == [(Kind.ANSWER, "8377")]
    assert line.state(ask, ada.peer) == "settled"


def test_a_reply_that_names_an_option_chooses_it(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    ask = line.ask(api, ada.peer, options=("Merge", "Wait"))
    [card] = line.shown(ada)

    line.say(ada, "2", reply_to=card.delivery.receipt)

    assert [(x.text, x.option) for x in line.asked(ask).answers] == [("2", "Wait")]


def test_a_reply_to_a_notice_is_an_ask_to_its_author_and_proves_it_was_read(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    message = line.notify(api, ada.peer, "tests are red")
    [shown] = line.shown(ada)
    assert line.state(message, ada.peer) == "handed"

    heard = line.say(ada, "which ones?", reply_to=shown.delivery.receipt)

    assert asked_of(line, heard) == ("api", "which ones?")
    assert line.state(message, ada.peer) == "settled"
    assert line.plan().envelope(heard.ask_id).correlation_id == message


def test_a_reply_goes_to_the_author_whoever_is_chosen_and_changes_no_choice(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.agent("web")
    line.say(ada, "@web hello")
    line.notify(api, ada.peer)
    receipt = line.shown(ada)[-1].delivery.receipt

    assert asked_of(line, line.say(ada, "hm?", reply_to=receipt))[0] == "api"
    assert asked_of(line, line.say(ada, "and you?"))[0] == "web"


def test_a_reply_weeks_later_is_attached_as_late_and_the_person_is_told(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    ask = line.ask(api, ada.peer, "which port?")
    [card] = line.shown(ada)
    line.passes(45 * 24 * 60 * A_MINUTE)
    line.shown(ada)

    heard = line.say(ada, "8377", reply_to=card.delivery.receipt)

    assert heard == Heard("answer", ask.ask_id)
    assert line.asked(ask).state == "expired"
    assert [(x.text, x.late) for x in line.asked(ask).answers] == [("8377", True)]
    assert line.inbox(api)[-1] == (Kind.ANSWER, "(late) 8377")
    assert line.told(ada) == ["that is expired already; your answer is passed on as late"]


def test_a_second_reply_to_a_question_one_has_answered_goes_to_its_author(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    ask = line.ask(api, ada.peer, "which port?")
    [card] = line.shown(ada)
    line.say(ada, "8377", reply_to=card.delivery.receipt)

    heard = line.say(ada, "no, wait: why?", reply_to=card.delivery.receipt)

    assert asked_of(line, heard) == ("api", "no, wait: why?")
    assert len(line.asked(ask).answers) == 1


def test_a_reply_to_what_is_not_known_is_plain_words(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/to api")

    assert asked_of(line, line.say(ada, "hello", reply_to="r-unknown"))[0] == "api"


def test_a_reply_to_somebody_forgotten_is_plain_words(line: Line, ada: Chat) -> None:
    api, web = line.agent("api"), line.agent("web")
    line.notify(web, ada.peer)
    [shown] = line.shown(ada)
    line.do(c.EndSession(session_id=line.session(web).session_id, why="exit"))
    line.do(c.ForgetPeer(peer_id=web.peer_id))
    line.say(ada, "@api")

    assert asked_of(line, line.say(ada, "hm?", reply_to=shown.delivery.receipt))[0] == api.name


# --- options --------------------------------------------------------------------------------------------------------


def test_a_tap_answers_with_the_option(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    ask = line.ask(api, ada.peer, options=("Merge", "Wait"))
    line.shown(ada)

    assert line.tap(ada, ask.ask_id, 0) == Heard("answer", ask.ask_id)

    assert [(x.text, x.option) for x in line.asked(ask).answers] == [("Merge", "Merge")]
    assert line.inbox(api) == [(Kind.ANSWER, "Merge")]


def test_a_bare_label_answers_the_newest_question_that_has_options(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    older = line.ask(api, ada.peer, options=("yes", "no"))
    newer = line.ask(api, ada.peer, options=("go", "no"))
    line.ask(api, ada.peer, "and why?")
    line.say(ada, "@api")

    assert line.say(ada, "yes").understood == "ask"
    assert line.say(ada, "NO") == Heard("answer", newer.ask_id)
    assert line.asked(older).state == "open"


def test_words_that_are_no_option_are_plain_words(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.ask(api, ada.peer, options=("yes", "no"))
    line.say(ada, "/to api")

    assert line.say(ada, "3").understood == line.say(ada, "yes but").understood == "ask"


@pytest.mark.parametrize("option", [-1, 2])
def test_a_tap_that_does_not_fit_is_refused(line: Line, ada: Chat, option: int) -> None:
    ask = line.ask(line.agent("api"), ada.peer, options=("yes", "no"))

    assert line.tap(ada, ask.ask_id, option) == Heard("nothing")

    assert "was not asked here" in "\n".join(line.told(ada))
    assert line.asked(ask).answers == ()


def test_a_card_of_another_conversation_cannot_be_tapped_here(line: Line) -> None:
    ada, console = line.telegram(), line.console()
    ask = line.ask(line.agent("api"), ada.peer, options=("yes", "no"))

    assert line.tap(console, ask.ask_id, 0) == Heard("nothing")

    assert "was not asked here" in "\n".join(line.told(console))
    assert line.asked(ask).answers == ()


def test_the_second_of_two_taps_is_told_that_it_is_over(line: Line, ada: Chat) -> None:
    ask = line.ask(line.agent("api"), ada.peer, options=("yes", "no"))
    line.shown(ada)
    line.tap(ada, ask.ask_id, 0)

    assert line.tap(ada, ask.ask_id, 1) == Heard("nothing")

    assert line.told(ada) == ["that is answered already"]
    assert [x.option for x in line.asked(ask).answers] == ["yes"]


# --- commands -------------------------------------------------------------------------------------------------------

TYPED = {
    "peers": ("/peers", "- `dev/api` idle: builds"),
    "to": ("/to api", "your words go to api"),
    "clear": ("/clear", "your words go to nobody now"),
    "notify": ("/notify @api hi", "to api"),
    "broadcast": ("/broadcast hi", "told api"),
    "status": ("/status", "- `dev/api` idle"),
    "peek": ("/peek api", "looking at api…"),
    "diff": ("/diff api", "looking at api…"),
    "get": ("/get @api README.md", "looking at api…"),
    "asks": ("/asks", "nothing is open"),
    "cancel": ("/cancel", "no open ask of yours"),
    "stop": ("/stop api", '"api" is idle'),
    "freeze": ("/freeze dev", "circle dev is frozen: api may make no tool call"),
    "thaw": ("/thaw dev", 'circle "dev" is not frozen'),
    "lock": ("/lock", "the line is locked by ada on"),
    "follow": ("/follow api", "following api"),
    "watch": ("/watch api", "watching api"),
    "schedule": ("/schedule @api every 2h how far?", "api is asked every 2 h"),
    "job": ("/job @api tidy up", "is running for api"),
    "new": ("/new ~/app", "looking at the folder…"),
    "jobs": ("/jobs", "there are no jobs"),
    "tonight": ("/tonight @api tidy up", "The night of dev"),
    "schedules": ("/schedules", "nothing is scheduled"),
    "checkin": ("/checkin standup @api every 2h how far?", "check-in standup: asked every 2 h"),
    "checkins": ("/checkins", "nothing is checked"),
    "mute": ("/mute api", "api is muted"),
    "quiet": ("/quiet 23-7", "quiet 23:00-07:00 UTC: then only this rings: what is urgent, approvals"),
    "tz": ("/tz Europe/Lisbon", "your hours are those of Europe/Lisbon"),
    "pushes": ("/pushes 6", "it rings 6 times an hour at most"),
    "digest": ("/digest", "nothing is held back"),
    "reviews": ("/reviews", "there is nothing to be reviewed"),
    "kill": ("/kill api", "End dev/api?"),
    "restart": ("/restart api", "restarting api…"),
    "help": ("/help", "/peers"),
    "start": ("/start", "Hello ada"),
}


def test_every_word_of_the_table_is_tried_and_has_its_deed() -> None:
    names = {word.name for word in WORDS}

    assert names == set(TYPED) == set(verbs.DEEDS)
    assert all(f"/{name}" in help_text() for name in names)


@pytest.mark.parametrize("name", sorted(TYPED))
def test_every_word_does_something_that_the_person_sees(line: Line, ada: Chat, name: str) -> None:
    api = line.agent("api")
    line.do(c.DescribePeer(peer_id=api.peer_id, description="builds"))
    line.do(c.ConfigureWork(rota=Rota()))
    typed, seen = TYPED[name]

    line.say(ada, typed)

    assert seen in "\n".join(parcel.envelope.body for parcel in line.shown(ada))


@pytest.mark.parametrize(("typed", "name", "rest"), [
    ("/to api", "to", "api"),
    ("/TO@peerline_bot api", "to", "api"),
    ("/notify @api a\nb", "notify", "@api a\nb"),
    ("/notify\nhello", "notify", "hello"),
    ("/peers", "peers", ""),
])  # fmt: skip
def test_how_a_command_is_read(typed: str, name: str, rest: str) -> None:
    assert parsed(typed) == (name, rest)


@pytest.mark.parametrize("typed", ["to api", "//to", "/usr/bin/x is broken", "/", "/ to", "a /to"])
def test_what_is_no_command(typed: str) -> None:
    assert parsed(typed) is None


def test_an_unknown_command_is_answered_with_the_table_and_sent_to_nobody(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "@api")

    line.say(ada, "/frobnicate now")

    assert last(line, ada) == f"there is no /frobnicate\n{help_text()}"
    assert line.inbox(api) == []


def test_the_list_of_peers_is_a_choice_too(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.agent("web", "home")
    line.say(ada, "/peers")
    line.shown(ada)

    assert line.say(ada, "2") == Heard("command")

    assert last(line, ada) == "your words go to web"
    assert asked_of(line, line.say(ada, "hello"))[0] == "web"


def test_clearing_forgets_the_choice(line: Line, ada: Chat) -> None:
    line.agent("api")
    line.say(ada, "/to api")
    line.say(ada, "/clear")

    assert line.say(ada, "hello").understood == "kept"
    line.say(ada, "/to")
    assert last(line, ada) == "your words go to nobody yet; say /to NAME"


def test_telling_wants_no_answer(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "/notify @api\nred again")
    line.say(ada, "/to api")
    line.say(ada, "/notify and green")

    assert line.inbox(api) == [(Kind.NOTICE, "red again"), (Kind.NOTICE, "and green")]
    assert line.rows()["ask"] == []


@pytest.mark.parametrize("typed", ["/notify", "/notify hello", "/notify @api", "/notify @api  "])
def test_telling_nobody_or_nothing_is_refused_in_the_conversation(line: Line, ada: Chat, typed: str) -> None:
    line.agent("api")

    assert line.say(ada, typed) == Heard("nothing")
    assert "nobody to tell, or nothing" in last(line, ada)


def test_open_asks_are_listed_from_both_sides(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    line.say(ada, "@api how far?")
    line.ask(api, ada.peer, "which port?")
    line.say(ada, "/asks")

    listed = last(line, ada)

    assert "to api: " in listed
    assert "how far?" in listed
    assert "of you: " in listed
    assert "which port?" in listed


def test_ones_own_ask_is_withdrawn_and_nobody_elses(line: Line, ada: Chat) -> None:
    api = line.agent("api")
    first, second = (line.say(ada, f"@api {word}").ask_id for word in ("one", "two"))
    theirs = line.ask(api, ada.peer)

    line.say(ada, "/cancel")
    line.say(ada, f"/cancel {theirs.ask_id}")
    line.say(ada, f"/cancel {first}")

    assert [line.asked(x or "").state for x in (first, second)] == ["cancelled", "cancelled"]
    assert line.asked(theirs).state == "open"
    assert line.inbox(api) == []


def test_a_word_needs_its_right(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    locked = {
        word.name: word if word.name != "peers" else type(word)("peers", "/peers", "", "approve")
        for word in WORDS
    }
    monkeypatch.setattr("daemon.core.said.talk.BY_NAME", locked)

    line.say(ben, "/peers")

    assert "needs the right to approve" in last(line, ben)


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", ["@nobody hello", "/to nobody", "@api " + "x" * (TEXT_LIMIT + 1), "/cancel a-1"]
)
def test_what_is_refused_leaves_nothing_but_the_reply(line: Line, ada: Chat, typed: str) -> None:
    line.agent("api")
    before = line.rows()

    assert line.say(ada, typed) == Heard("nothing")

    after = line.rows()
    changed = {name for name in after if after[name] != before[name]}
    assert changed <= {"envelope", "delivery", "event", "attention", "sqlite_sequence"}  # they were there
    assert len(after["envelope"]) == len(before["envelope"]) + 1
    assert len(line.told(ada)) == 1


def test_a_full_inbox_is_told_to_the_person_who_meets_it(line: Line, ada: Chat) -> None:
    """An error that says "later" would have the surface repeat the same words for ever."""
    api = line.agent("api")
    flood(line, api)

    assert line.say(ada, "@api hello") == Heard("nothing")
    assert "10000 unread messages" in last(line, ada)


def test_a_conversation_that_has_lost_a_circle_reaches_nobody_there(line: Line) -> None:
    line.telegram()
    group, secret = line.group(("dev", "home")), line.agent("secret", "home")
    line.say(group, "@secret hello")
    assert len(line.inbox(secret)) == 1
    group = line.group(("dev",))

    for typed in ("hello again", "/notify hello", "@secret hello", "/notify @secret hello"):
        line.say(group, typed)
    line.say(group, "/to")

    assert len(line.inbox(secret)) == 1
    assert "secret" not in last(line, group)


# --- who is heard ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["hello", "/start", "/peers", "@api hello", "AAAABBBB"])
@pytest.mark.parametrize("private", [True, False])
def test_strangers_get_silence(line: Line, text: str, private: bool) -> None:
    line.telegram()
    line.agent("api")
    before = line.rows()

    for address in ("99", "-100", "7"):
        said = c.Say(surface="telegram", address=address, account="99", text=text, private=private)
        assert line.do(said).understood in {"nothing", "aside"}
    assert line.do(c.Tap(surface="telegram", address="7", account="99", ask_id="a-1", option=0)) == Heard(
        "nothing"
    )

    assert line.rows() == before


def test_what_is_not_said_to_us_in_a_group_is_not_heard(line: Line) -> None:
    line.telegram()
    before = line.rows()

    said = c.Say(surface="telegram", address="-555", account="7", text="hello", private=False)

    assert line.do(said) == Heard("aside")
    assert line.rows() == before


def test_who_lost_the_right_to_talk_gets_silence(line: Line) -> None:
    ada = line.telegram()
    mute = Person(surface="telegram", account="7", name="ada", rights=())
    line.do(c.ConfigurePeople(surface="telegram", people=(mute,)))

    assert line.say(ada, "/peers") == Heard("nothing")
    assert line.told(ada) == []


def test_an_account_of_another_surface_is_a_stranger(line: Line) -> None:
    ada = line.telegram()

    assert line.do(c.Say(surface="slack", address=ada.address, account=ada.account, text="hi")) == Heard(
        "nothing"
    )


def test_a_conversation_never_lists_itself_nor_the_services(line: Line) -> None:
    ada = line.telegram()
    line.console()
    line.say(ada, "/peers")

    assert last(line, ada).startswith("- `default/console`")


def test_a_message_says_who_said_it_and_with_what_authority(line: Line) -> None:
    line.telegram()
    ben = line.telegram("ben", "8", owner=False)
    api: Peer = line.agent("api", "default")
    line.say(ben, "@api hello")

    [(_, envelope)] = line.view.unread(api.peer_id, 10)

    assert (envelope.sender.person, envelope.sender.role, envelope.sender.authority) == (
        "ben",
        Role.HUMAN,
        "person",
    )


def test_a_colleagues_own_chat_meets_the_default_circle_only(line: Line) -> None:
    line.telegram()
    ben, secret = line.telegram("ben", "8", owner=False), line.agent("secret", "home")

    line.say(ben, "@secret hello")
    line.say(ben, "@home/secret hello")

    assert line.inbox(secret) == []
    assert not [text for text in line.told(ben) if "home" in text.partition("\n")[2]]


def test_a_tap_on_a_card_that_a_crash_left_behind_changes_both(line: Line, ada: Chat) -> None:
    ask = line.ask(line.agent("api"), ada.peer, options=("yes", "no"))
    [again] = line.shown(ada)
    tapped = c.Tap(surface=ada.surface, address=ada.address, account=ada.account, ask_id=ask.ask_id, option=0)
    line.do(replace(tapped, receipt="7/3"))

    changed = [x.shown_as for x in line.shown(ada) if x.envelope.kind is Kind.CHANGE]
    assert sorted(changed) == sorted(["7/3", again.delivery.receipt])


def test_a_tap_tells_that_a_card_in_doubt_was_shown_and_so_it_can_be_changed(line: Line, ada: Chat) -> None:
    ask = line.ask(line.agent("api"), ada.peer, options=("yes", "no"))
    parcel = line.lease(ada.peer, holder=BOT, shows=True)
    assert parcel is not None
    line.do(c.DoubtDelivery(delivery_id=parcel.delivery.delivery_id, holder=BOT, reason="cut off"))

    tapped = c.Tap(
        surface=ada.surface,
        address=ada.address,
        account=ada.account,
        ask_id=ask.ask_id,
        option=0,
        receipt="7/3",
    )
    line.do(tapped)

    (change,) = [x for x in line.shown(ada) if x.envelope.kind is Kind.CHANGE]
    assert change.shown_as == "7/3"


def test_lines_of_a_hint_keep_their_shape() -> None:
    error = NotAllowed("nobody starts", "write:\ndaemon:\n  spawn:")
    assert for_people(error) == "nobody starts\nwrite:\n```\ndaemon:\n  spawn:\n```"
    assert for_people(NotAllowed("no")) == "no"
