"""What every ``PeerClient`` does, whichever exchange carries it: inside the daemon, or over its socket."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from daemon.client.hosting import HostClient, HostingClient, Utterance
from daemon.client.interface import PeerClient, Question
from daemon.client.peer import Client
from daemon.client.times import Round, Wish
from daemon.core import commands as c
from daemon.core import errors as e
from daemon.core.model import Attachment, Kind, Turn
from tests.contracts.rig import ADA, Rig, rigged, shown, ticking

EXCHANGES = ("local", "http")
PEER = {
    *("peer_id", "name", "circle", "role", "backend", "path", "machine", "branch", "status", "turn_state"),
    *("turn_source", "turn_age_s", "description", "last_seen", "reach"),
}
FROM_PEER = {"peer_id", "circle", "role", "authority", "person"}
Line = Callable[[str], Client]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    with tempfile.TemporaryDirectory(prefix="pl-") as folder:  # tmp_path can be too long for a socket
        async with rigged(Path(folder)) as made:
            yield made


@pytest.fixture(params=EXCHANGES)
def line(request: pytest.FixtureRequest, rig: Rig) -> Line:
    """``line("backend")`` is the client of that one."""
    return lambda who: rig.client(who, request.param)


def question(*to: str, text: str = "ready?", **more: Any) -> Question:
    return Question(to=to, text=text, **more)


def said(text: str, **more: Any) -> Utterance:
    return Utterance(surface="telegram", address=ADA, account=ADA, author="Ada", text=text, **more)


def names(told: dict[str, Any]) -> list[str]:
    return [each["name"] for each in told["peers"]]


def test_the_client_has_every_method_of_the_interface() -> None:
    asked: PeerClient = Client(None)
    hosting: HostClient = HostingClient(None)
    for interface, made in ((PeerClient, asked), (HostClient, hosting)):
        assert all(name.startswith("_") or callable(getattr(made, name)) for name in vars(interface))


# --- peers ------------------------------------------------------------------------------------------------------


async def test_whoami_is_a_peer(line: Line) -> None:
    me = await line("backend").whoami()

    assert set(me) >= PEER
    assert (me["name"], me["circle"], me["role"], me["backend"]) == (
        "backend",
        "default",
        "agent",
        "practice",
    )
    assert (me["status"], me["turn_state"], me["path"], me["machine"]) == (
        *("online", "idle", "/default/backend", "m"),
    )
    assert set(me["reach"]) == {"road", "proof", "reason"}
    assert me["last_seen"].endswith("Z")
    assert isinstance(me["turn_age_s"], float)


async def test_an_agent_lists_its_own_circle_and_people_but_not_itself(line: Line) -> None:
    told = await line("backend").peers()

    assert set(told) == {"peers"}
    assert set(told["peers"][0]) >= PEER
    assert names(told) == ["frontend", "console", "cli", "telegram"]
    assert names(await line("backend").peers(include_self=True))[0] == "backend"


async def test_the_whole_mesh_another_circle_and_a_scope(line: Line) -> None:
    backend = line("backend")
    assert "far" in names(await backend.peers(circle="*"))
    assert names(await backend.peers(circle="elsewhere")) == ["far"]
    assert "far" in names(await backend.peers(scope="machine"))
    with pytest.raises(e.Malformed):
        await backend.peers(scope="galaxy")


async def test_the_offline_are_listed_on_request(line: Line, rig: Rig) -> None:
    from daemon.core import commands as c

    await rig.engine.handle(c.EndSession(session_id="s-default-frontend", why="exit"))

    assert "frontend" not in names(await line("backend").peers())
    assert "frontend" in names(await line("backend").peers(show_offline=True))


async def test_one_peer_by_name_by_circle_and_by_id(line: Line) -> None:
    owner = line("owner")
    far = await owner.peer("far")
    assert far["circle"] == "elsewhere"
    assert await owner.peer(far["peer_id"]) | {"turn_age_s": 0} == far | {"turn_age_s": 0}
    assert (await line("backend").peer("far", circle="elsewhere"))["peer_id"] == far["peer_id"]
    assert (await line("backend").peer("elsewhere/far"))["peer_id"] == far["peer_id"]


@pytest.mark.parametrize(
    "name",
    ["fronted", "a b", "x/y/z", "größe", "50%", "%2F", "a?b=c", "#1", "a\r\nHost: x", "..", "\x00", "\ud800"],
)
async def test_an_unknown_name_is_an_unknown_peer_whatever_is_in_it(line: Line, name: str) -> None:
    with pytest.raises(e.UnknownPeer) as refused:
        await line("backend").peer(name)
    assert refused.value.hint


async def test_a_hint_names_who_was_meant_and_a_doubt_names_the_candidates(line: Line, rig: Rig) -> None:
    with pytest.raises(e.UnknownPeer) as unknown:
        await line("backend").peer("fronted")
    assert "frontend" in unknown.value.hint
    with pytest.raises(e.UnknownPeer) as elsewhere:
        await line("backend").peer("far")
    assert "elsewhere/far" in elsewhere.value.hint

    await rig.agent("frontend", circle="elsewhere")
    with pytest.raises(e.AmbiguousPeer, match=r"default/frontend.*elsewhere/frontend"):
        await line("cli").peer("frontend")


async def test_describe_rename_move_and_forget(line: Line, rig: Rig) -> None:
    owner = line("owner")
    assert (await line("backend").describe("backend", "builds it"))["description"] == "builds it"
    assert (await owner.rename("backend", "builder"))["name"] == "builder"
    assert (await owner.move("builder", "dev"))["circle"] == "dev"

    with pytest.raises(e.NotAllowed, match="online"):
        await owner.forget("builder")
    from daemon.core import commands as c

    await rig.engine.handle(c.EndSession(session_id="s-default-backend", why="exit"))
    assert (await owner.forget("builder"))["name"] == "builder"
    with pytest.raises(e.UnknownPeer):
        await owner.peer("builder")


async def test_another_s_peer_is_not_for_an_agent_to_change(line: Line) -> None:
    for change in (line("backend").describe("frontend", "x"), line("cli").rename("backend", "x")):
        with pytest.raises(e.NotAllowed):
            await change
    with pytest.raises(e.NotAllowed):
        await line("backend").forget("frontend")
    with pytest.raises(e.Malformed, match="reserved"):
        await line("owner").rename("backend", "telegram")


# --- asks -------------------------------------------------------------------------------------------------------


async def test_an_ask_and_its_answer(line: Line) -> None:
    told = await line("backend").ask(question("frontend", options=("yes", "no"), deadline_s=60))

    assert set(told) >= {"ask_id", "state", "to", "answers"}
    assert told["ask_id"].startswith("a-")
    assert (told["state"], told["to"], told["answers"]) == ("open", ["frontend"], [])
    assert set(told["deliveries"][0]) >= {"peer", "level", "road", "recipient_state"}

    ended = await line("frontend").answer(told["ask_id"], "sure", option="YES")

    assert ended["state"] == "answered"
    (answer,) = ended["answers"]
    assert set(answer) >= {"from", "text", "option", "at", "late", "from_peer"}
    assert (answer["from"], answer["text"], answer["option"], answer["late"]) == (
        *("frontend", "sure", "yes", False),
    )
    assert set(answer["from_peer"]) == FROM_PEER


async def test_an_ask_is_shown_to_its_parties_and_to_who_looks_from_outside(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]

    for who in ("backend", "frontend", "owner", "cli"):
        assert (await line(who).asked(ask_id))["question"] == "ready?"
    with pytest.raises(e.NotAllowed):
        await line("far").asked(ask_id)
    with pytest.raises(e.NotFound):
        await line("backend").asked("a-0000000000")


async def test_waiting_ends_as_soon_as_the_ask_does(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]
    async with asyncio.timeout(10), asyncio.TaskGroup() as group:
        waiting = [group.create_task(line("backend").asked(ask_id, wait_s=300)) for _ in range(3)]
        early = await line("backend").asked(ask_id)
        await line("frontend").answer(ask_id, "now")

    assert early["pending"]
    assert [each.result()["answers"][0]["text"] for each in waiting] == ["now"] * 3
    over = await asyncio.wait_for(line("backend").asked(ask_id, wait_s=300), 5)
    assert not over["pending"]


async def test_a_waiting_time_that_is_up_gives_the_ask_as_it_is(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]
    told = await line("backend").asked(ask_id, wait_s=0.01)
    assert (told["state"], told["pending"]) == ("open", True)


async def test_open_asks_by_whom_and_to_whom(line: Line) -> None:
    first = (await line("backend").ask(question("frontend")))["ask_id"]
    second = (await line("frontend").ask(question("backend")))["ask_id"]

    async def ids(who: str, whose: str) -> list[str]:
        return [each["ask_id"] for each in (await line(who).asks(whose))["asks"]]

    assert await ids("backend", "mine") == [first]
    assert await ids("backend", "to-me") == [second]
    assert await ids("owner", "all") == [first, second]
    await line("frontend").answer(first)
    assert await ids("backend", "mine") == []
    with pytest.raises(e.Malformed):
        await ids("backend", "everybody's")


async def test_without_words_it_is_acknowledged_and_no_is_declined(line: Line) -> None:
    one, two = [(await line("backend").ask(question("frontend")))["ask_id"] for _ in range(2)]

    assert (await line("frontend").answer(one))["state"] == "acknowledged"
    assert (await line("frontend").answer(two, "never", decline=True))["state"] == "declined"


async def test_a_late_answer_is_attached_and_shown_as_late(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]
    await line("backend").cancel(ask_id)

    told = await line("frontend").answer(ask_id, "too late?")

    assert told["state"] == "cancelled"
    assert told["answers"][0]["late"]


async def test_the_first_of_several_is_enough_if_that_was_asked_for(line: Line, rig: Rig) -> None:
    await rig.agent("third")
    first = await line("backend").ask(question("frontend", "third", need="first"))
    all_of_them = await line("backend").ask(question("frontend", "third"))

    assert first["to"] == ["frontend", "third"]
    assert (await line("third").answer(first["ask_id"], "me"))["state"] == "answered"
    assert (await line("third").answer(all_of_them["ask_id"], "me"))["state"] == "seen"
    assert (await line("frontend").answer(all_of_them["ask_id"], "me too"))["state"] == "answered"


async def test_only_its_asker_cancels_and_only_who_was_asked_answers(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]

    for act in (line("frontend").cancel(ask_id), line("far").answer(ask_id, "x"), line("cli").cancel(ask_id)):
        with pytest.raises(e.NotAllowed):
            await act
    assert (await line("backend").cancel(ask_id))["state"] == "cancelled"
    with pytest.raises(e.Conflict, match="already"):
        await line("backend").cancel(ask_id)


async def test_an_option_that_is_none_of_its_options(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend", options=("yes", "no"))))["ask_id"]
    with pytest.raises(e.Malformed, match="maybe") as refused:
        await line("frontend").answer(ask_id, option="maybe")
    assert "yes, no" in refused.value.hint
    assert (await line("frontend").answer(ask_id, option="2"))["answers"][0]["option"] == "no"


@pytest.mark.parametrize(
    "bad",
    [
        {"to": ()},
        {"text": ""},
        {"text": " \x1b"},
        {"need": "most"},
        {"deadline_s": 0},
        {"deadline_s": 1e9},
        {"options": ("a", "a")},
        {"options": ("",)},
        {"options": tuple("abcdefghijk")},
        {"urgency": "now"},
    ],
)
async def test_an_ask_that_makes_no_sense_is_refused(line: Line, bad: dict[str, Any]) -> None:
    with pytest.raises(e.Malformed) as refused:
        await line("backend").ask(Question(**{"to": ("frontend",), "text": "x", **bad}))
    assert str(refused.value)
    assert refused.value.hint


async def test_nobody_asks_themselves_and_nobody_asks_nobody(line: Line) -> None:
    with pytest.raises(e.NotAllowed, match="itself"):
        await line("backend").ask(question("backend"))
    with pytest.raises(e.UnknownPeer):
        await line("backend").ask(question("frontend", "nobody"))
    assert (await line("frontend").messages())["messages"] == []


async def test_a_text_at_the_limit_passes_and_one_byte_more_does_not(line: Line) -> None:
    at_limit = "ü" * (32 * 1024)
    await line("backend").notify("frontend", at_limit)
    with pytest.raises(e.TooLarge, match="65537 bytes, the limit is 65536"):
        await line("backend").notify("frontend", at_limit + "x")
    assert [len(each["text"]) for each in (await line("frontend").messages())["messages"]] == [32 * 1024]


# --- keys -------------------------------------------------------------------------------------------------------


async def test_the_same_key_and_body_gives_the_first_result(line: Line) -> None:
    backend = line("backend")
    for send in (
        lambda: backend.ask(question("frontend"), key="k1"),
        lambda: backend.notify("frontend", "x", key="k2"),
        lambda: backend.broadcast("y", key="k3"),
    ):
        first = await send()
        assert await send() == first
    assert len((await line("frontend").messages())["messages"]) == 3


async def test_the_same_key_and_another_body_is_a_duplicate_id(line: Line) -> None:
    await line("backend").notify("frontend", "x", key="k")
    with pytest.raises(e.DuplicateId) as refused:
        await line("backend").notify("frontend", "y", key="k")
    assert isinstance(refused.value, e.Conflict)
    assert (refused.value.status, refused.value.hint) == (409, "use a new key")
    await line("far").notify("cli", "another's key is another key", key="k")


async def test_a_key_may_be_any_short_text(line: Line) -> None:
    for key in ("a b", "schlüssel", "50%", "x\r\nHost: y", "k" * 200, "\U0001f511"):
        first = await line("backend").notify("frontend", "x", key=key)
        assert await line("backend").notify("frontend", "x", key=key) == first


async def test_answers_cancels_words_and_choices_take_keys(line: Line) -> None:
    one, two = [(await line("backend").ask(question("frontend")))["ask_id"] for _ in range(2)]
    assert await line("frontend").answer(one, "x", key="k") == await line("frontend").answer(
        one, "x", key="k"
    )
    assert await line("backend").cancel(two, key="k") == await line("backend").cancel(two, key="k")
    with pytest.raises(e.DuplicateId):
        await line("backend").cancel(one, key="k")

    heard = await line("bot").say(said("@backend are you there?"), key="update-1")
    assert await line("bot").say(said("@backend are you there?"), key="update-1") == heard
    assert len((await line("backend").messages())["messages"]) == 2  # the answer and her question


# --- notices, mail ----------------------------------------------------------------------------------------------


async def test_a_notice_tells_its_level_road_and_recipient(line: Line, rig: Rig) -> None:
    told = await line("backend").notify("frontend", "hello")

    assert set(told) == {"message_id", "deliveries"}
    assert told["message_id"].startswith("m-")
    (delivery,) = told["deliveries"]
    assert set(delivery) >= {"peer", "level", "road", "recipient_state"}
    assert (delivery["peer"], delivery["level"], delivery["recipient_state"]) == (
        "frontend",
        "stored",
        "idle",
    )
    assert delivery["road"] in {"inbox", "channel", "hook", "terminal", "poll", "chat", "none"}

    with pytest.raises(e.UnknownPeer):
        await line("backend").notify("far", "x")
    assert (await line("backend").notify("far", "x", circle="elsewhere", urgency="fyi"))["deliveries"]


async def test_a_broadcast_goes_to_every_agent_of_the_circle_that_is_not_offline(
    line: Line, rig: Rig
) -> None:
    from daemon.core import commands as c

    await rig.agent("busy", turn=Turn.WORKING)
    await rig.agent("gone")
    await rig.engine.handle(c.EndSession(session_id="s-default-gone", why="exit"))

    def reached(told: dict[str, Any]) -> list[str]:
        return [each["peer"] for each in told["deliveries"]]

    assert reached(await line("backend").broadcast("hello")) == ["frontend", "busy"]
    assert reached(await line("backend").broadcast("hello", circle="elsewhere")) == ["far"]
    assert reached(await line("owner").broadcast("hello")) == ["backend", "frontend", "far", "busy"]


async def test_unread_messages_are_looked_at_without_being_taken(line: Line) -> None:
    await line("backend").notify("frontend", "one\n[peerline ask]", urgency="urgent")
    ask_id = (await line("backend").ask(question("frontend", options=("a", "b"))))["ask_id"]

    told = await line("frontend").messages()

    assert set(told) == {"messages"}
    notice, ask = told["messages"]
    fields = {"message_id", "kind", "from", "text", "ask_id", "options", "urgency", "at", "level"}
    assert set(notice) >= fields | {"from_peer"}
    assert (notice["kind"], notice["from"], notice["ask_id"], notice["urgency"]) == (
        *("notice", "backend", None, "urgent"),
    )
    assert (
        notice["text"] == "one\n\N{FULLWIDTH LEFT SQUARE BRACKET}peerline ask]"
    )  # nobody can imitate the frame
    assert (ask["kind"], ask["ask_id"], ask["options"], ask["level"]) == ("ask", ask_id, ["a", "b"], "stored")
    assert set(ask["from_peer"]) == FROM_PEER
    assert (await line("frontend").messages(limit=1))["messages"] == [notice]
    assert await line("frontend").messages() == told


async def test_what_is_taken_by_a_call_is_handed_and_once_confirmed_settled(line: Line) -> None:
    backend, frontend = line("backend"), line("frontend")
    sent = (await backend.notify("frontend", "one"))["message_id"]

    taken = (await frontend.collect("call-1"))["messages"]
    assert [each["text"] for each in taken] == ["one"]
    assert (await backend.why(sent))["state"] == "handed"
    assert (await frontend.messages())["messages"] == []

    assert await frontend.confirm("call-1") == {"confirmed": 1}
    assert (await backend.why(sent))["state"] == "settled"
    assert (await frontend.collect("call-2"))["messages"] == []


async def test_a_call_that_is_repeated_takes_the_same_again(line: Line) -> None:
    """Its answer may have been lost; what it took must not be lost with it."""
    for text in ("one", "two"):
        await line("backend").notify("frontend", text)
    first = await line("frontend").collect("call-1", limit=1)

    assert await line("frontend").collect("call-1", limit=1) == first
    assert [each["text"] for each in first["messages"]] == ["one"]


async def test_what_was_taken_and_never_confirmed_comes_again_first(line: Line) -> None:
    await line("backend").notify("frontend", "one")
    await line("frontend").collect("call-1")
    await line("backend").notify("frontend", "two")

    again = (await line("frontend").collect("call-2"))["messages"]
    assert [each["text"] for each in again] == ["one", "two"]
    assert await line("frontend").confirm("call-2", others=True) == {"confirmed": 2}


async def test_only_the_answers_to_one_ask_are_taken_if_it_is_named(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]
    await line("frontend").notify("backend", "by the way")
    await line("frontend").answer(ask_id, "yes")

    taken = (await line("backend").collect("c", ask_id=ask_id))["messages"]
    assert [(each["kind"], each["text"]) for each in taken] == [("answer", "yes")]
    assert [each["text"] for each in (await line("backend").messages())["messages"]] == ["by the way"]


async def test_why_tells_the_whole_story(line: Line) -> None:
    ask_id = (await line("backend").ask(question("frontend")))["ask_id"]
    before = await line("backend").why(ask_id)
    assert set(before) >= {"id", "kind", "from", "state", "deliveries", "ended"}
    assert (before["id"], before["kind"], before["from"], before["state"], before["ended"]) == (
        *(ask_id, "ask", "backend", "open", None),
    )
    await line("frontend").answer(ask_id, "yes")

    after = await line("cli").why(ask_id)
    assert after["state"] == "answered"
    assert set(after["ended"]) == {"how", "at"}
    (delivery,) = after["deliveries"]
    assert set(delivery) >= {"peer", "level", "events"}
    assert set(delivery["events"][0]) == {"at", "what", "evidence"}
    assert [each["what"] for each in delivery["events"]][:2] == ["stored", "seen"]
    with pytest.raises(e.NotFound):
        await line("backend").why("m-0000000000")
    with pytest.raises(e.NotAllowed):
        await line("far").why(ask_id)


# --- the feed ---------------------------------------------------------------------------------------------------


async def test_the_feed_tells_what_was_committed_and_then_what_is(line: Line) -> None:
    await line("backend").notify("frontend", "one")
    async with asyncio.timeout(10), aclosing(line("owner").feed()) as feed:
        seen = [await anext(feed)]
        while seen[-1]["type"] != "stored":
            seen.append(await anext(feed))
        second = (await line("backend").notify("frontend", "two"))["message_id"]
        seen.append(await anext(feed))

    assert set(seen[0]) >= {"seq", "at", "type"}
    assert [each["seq"] for each in seen] == sorted({each["seq"] for each in seen})
    assert (seen[-1]["type"], seen[-1]["ref"]) == ("stored", second)


async def test_the_feed_resumes_after_any_event_and_misses_none(line: Line) -> None:
    for n in range(5):
        await line("backend").notify("frontend", str(n))
    async with asyncio.timeout(10), aclosing(line("owner").feed()) as feed:
        whole = [await anext(feed)]
        while sum(each["type"] == "stored" for each in whole) < 5:
            whole.append(await anext(feed))
    middle = len(whole) // 2
    async with asyncio.timeout(10), aclosing(line("owner").feed(after=whole[middle]["seq"])) as feed:
        rest = [await anext(feed) for _ in whole[middle + 1 :]]

    assert rest == whole[middle + 1 :]


async def test_a_place_in_the_feed_that_is_no_longer_kept_is_gone(line: Line, rig: Rig) -> None:
    await line("backend").notify("frontend", "x")
    last = await rig.engine.read(lambda tx: tx.last_seq())
    await rig.engine._store.transact(lambda tx: tx._conn.execute("DELETE FROM event WHERE seq < ?", (last,)))

    async with asyncio.timeout(10), aclosing(line("owner").feed(after=1)) as feed:
        with pytest.raises(e.Gone, match="no longer kept") as gone:
            await anext(feed)
    assert str(last - 1) in gone.value.hint
    async with asyncio.timeout(10), aclosing(line("owner").feed(after=last - 1)) as feed:
        assert (await anext(feed))["seq"] == last


# --- conversations ----------------------------------------------------------------------------------------------


async def test_a_person_s_words_become_an_ask_and_its_answer_a_parcel(line: Line) -> None:
    bot = line("bot")
    heard = await bot.say(said("@backend are you there?"), key="1")
    assert heard["understood"] == "ask"
    (message,) = (await line("backend").messages())["messages"]
    assert (message["text"], message["ask_id"]) == ("are you there?", heard["ask_id"])
    assert message["from_peer"]["person"] == "ada"
    await line("backend").answer(heard["ask_id"], "I am")

    async with asyncio.timeout(10), aclosing(bot.parcels("telegram")) as parcels:
        async for parcel in parcels:
            await shown(bot, parcel, f"r-{parcel.envelope.envelope_id}")
            if parcel.envelope.kind is Kind.ANSWER:
                break
    assert (parcel.envelope.body, parcel.recipient) == ("I am", ADA)
    assert parcel.ask
    assert parcel.ask.ask_id == heard["ask_id"]


async def test_a_tap_chooses(line: Line) -> None:
    ask_id = (await line("backend").ask(question("telegram", options=("yes", "no"))))["ask_id"]
    heard = await line("bot").tap("telegram", ADA, ADA, ask_id, 1, key="1")

    assert heard == {"understood": "answer", "ask_id": ask_id}
    assert await line("bot").tap("telegram", ADA, ADA, ask_id, 1, key="1") == heard
    assert (await line("backend").asked(ask_id))["answers"][0]["option"] == "no"
    # What is refused is told to whoever tapped, where they tapped.
    refused = await line("bot").tap("telegram", ADA, ADA, ask_id, 7, key="2")
    assert refused == {"understood": "nothing", "ask_id": None}


async def test_nobody_speaks_on_another_s_surface(line: Line) -> None:
    for who in ("cli", "owner"):
        with pytest.raises(e.NotAllowed, match="not your surface"):
            await line(who).say(said("hello"), key="1")
    with pytest.raises(e.NotAllowed):
        await line("backend").say(said("hello"), key="1")
    with pytest.raises(e.NotAllowed):
        await line("bot").join("console", "x")


async def test_a_stranger_is_met_with_silence(line: Line) -> None:
    stranger = Utterance(surface="telegram", address="666", account="666", text="@backend hi")
    assert await line("bot").say(stranger, key="1") == {"understood": "nothing", "ask_id": None}
    assert (await line("backend").messages())["messages"] == []


async def test_join_beat_and_leave(line: Line) -> None:
    owner = line("owner")
    mine = await owner.join("console", "run-1")
    assert set(mine) >= {"peer_id", "name", "address", "account"}
    assert (await owner.peer(mine["peer_id"]))["status"] == "online"
    await owner.beat("console")
    assert await owner.leave(mine["peer_id"]) == {"left": mine["peer_id"]}
    assert (await owner.peer(mine["peer_id"]))["status"] == "offline"

    await line("bot").beat("telegram", "flood wait")
    assert "flood wait" in (await owner.peer("telegram"))["reach"]["reason"]


async def test_what_becomes_of_a_parcel_is_told_by_its_holder(line: Line) -> None:
    """Each verb once: a notice goes to Ada, the bot does this with it, and its sender is told that."""
    bot, backend = line("bot"), line("backend")
    endings: list[tuple[Callable[[Any], Awaitable[None]], str, str]] = [
        (lambda parcel: bot.ack(parcel, receipt="17"), "handed", ""),
        (lambda parcel: bot.reject(parcel, "the chat is gone"), "dead", "the chat is gone"),
        (lambda parcel: bot.doubt(parcel, "cut off"), "uncertain", "cut off"),
        (lambda parcel: bot.hold(parcel, "quiet hours", for_s=3600), "held", "quiet hours"),
    ]
    async with asyncio.timeout(20), aclosing(bot.parcels("telegram")) as parcels:
        for act, level, reason in endings:
            urgency = "urgent" if level == "held" else "normal"  # what is in doubt waits to come again
            message_id = (await backend.notify("telegram", level, urgency=urgency))["message_id"]
            parcel = await anext(parcels)
            assert parcel.envelope.envelope_id == message_id
            await bot.extend(parcel, 30)
            await act(parcel)
            (told,) = (await backend.why(message_id))["deliveries"]
            assert (told["level"], told["reason"]) == (level, reason)


async def test_a_part_is_kept_and_the_rest_comes_again(line: Line) -> None:
    bot, backend = line("bot"), line("backend")
    message_id = (await backend.notify("telegram", "long"))["message_id"]
    async with asyncio.timeout(20), aclosing(bot.parcels("telegram")) as parcels:
        first = await anext(parcels)
        await bot.extend(first, 30)
        await bot.part(first, "17")
        await bot.part(first, "17")  # the answer to the first one was lost
        second = await anext(parcels)
        await shown(bot, second, "18")
    assert (first.delivery.parts, second.delivery.parts) == ((), ("17",))
    assert (await backend.why(message_id))["state"] == "handed"
    with pytest.raises(e.Malformed):
        await bot.part(first, "")


async def test_a_flood_wait_holds_up_all_that_goes_there(line: Line, rig: Rig) -> None:
    bot, backend = line("bot"), line("backend")
    await backend.notify("telegram", "first")
    async with asyncio.timeout(20), ticking(rig), aclosing(bot.parcels("telegram")) as parcels:
        await bot.nak(await anext(parcels), "flood", after_s=0.3, quiet=True)
        began = time.monotonic()
        await backend.notify("telegram", "second", urgency="urgent")
        assert (await anext(parcels)).envelope.body == "second"
        assert time.monotonic() - began > 0.25


async def test_what_is_looked_up_is_named_and_its_file_comes_with_the_parcel(line: Line, rig: Rig) -> None:
    bot = line("bot")
    heard = await bot.say(said("/get @backend logo.png"), key="1")
    assert (heard["understood"], heard["ask_id"]) == ("errand", None)
    file = Attachment(path="/files/ab12.png", name="logo.png", size=3)
    found = c.FinishErrand(errand_id=heard["errand_id"], text="`logo.png`", attachment=file)
    await rig.engine.handle(found)
    async with asyncio.timeout(20), aclosing(bot.parcels("telegram")) as parcels:
        receipt = await anext(parcels)
        await shown(bot, receipt, "1")
        parcel = await anext(parcels)
        await bot.extend(parcel, 300)
    assert (receipt.envelope.attachment, parcel.envelope.attachment) == (None, file)
    assert parcel.envelope.correlation_id == heard["errand_id"]


async def test_not_now_is_given_again_when_its_time_has_come(line: Line, rig: Rig) -> None:
    bot = line("bot")
    message_id = (await line("backend").notify("telegram", "x"))["message_id"]
    async with asyncio.timeout(20), aclosing(bot.parcels("telegram")) as parcels:
        first = await anext(parcels)
        await bot.nak(first, "flood", after_s=0)
        again = await anext(parcels)
        await bot.ack(again, receipt="1")
    assert again.delivery.attempts == first.delivery.attempts
    assert (await line("backend").why(message_id))["state"] == "handed"


async def test_a_lease_that_is_not_ours_cannot_be_settled(line: Line) -> None:
    bot = line("bot")
    await line("backend").notify("telegram", "x")
    async with asyncio.timeout(10), aclosing(bot.parcels("telegram")) as parcels:
        parcel = await anext(parcels)
        for other in ("owner", "cli", "backend"):
            with pytest.raises(e.NotAllowed):
                await line(other).ack(parcel)
        await bot.ack(parcel, receipt="1")
        with pytest.raises(e.InvalidTransition):
            await bot.nak(parcel, "again")


async def test_a_second_stream_of_the_same_holder_takes_over(line: Line) -> None:
    bot = line("bot")
    async with asyncio.timeout(20), aclosing(bot.parcels("telegram")) as first:
        await line("backend").notify("telegram", "one")
        assert (await anext(first)).envelope.body == "one"
        async with aclosing(bot.parcels("telegram")) as second, asyncio.TaskGroup() as group:
            ended = group.create_task(taken_over(first))
            nothing = group.create_task(anext(second))
            await ended
            nothing.cancel()
    assert ended.result()


async def taken_over(stream: AsyncIterator[Any]) -> bool:
    with pytest.raises(e.StaleLease, match="took over"):
        await anext(stream)
    return True


async def test_people_are_listed_invited_and_removed(line: Line) -> None:
    people = (await line("owner").people("telegram"))["people"]
    assert [(each["id"], each["name"], each["source"]) for each in people] == [(ADA, "ada", "config")]
    with pytest.raises(e.NotAllowed, match="config"):
        await line("owner").remove_person("telegram", ADA)

    invitation = await line("owner").invite("telegram")
    assert len(invitation["code"]) == 8
    ben = Utterance(surface="telegram", address="8", account="8", author="Ben", text=invitation["code"])
    assert (await line("bot").say(ben, key="1"))["understood"] == "paired"
    assert (await line("owner").remove_person("telegram", "8"))["name"] == "ben"
    with pytest.raises(e.NotFound):
        await line("owner").remove_person("telegram", "8")


@pytest.mark.parametrize("who", ["backend", "cli"])
async def test_people_are_the_owner_s_business(line: Line, who: str) -> None:
    with pytest.raises(e.NotAllowed):
        await line(who).invite("telegram")
    with pytest.raises(e.NotAllowed):
        await line(who).remove_person("telegram", ADA)


# --- times ------------------------------------------------------------------------------------------------------


async def test_a_schedule_is_made_seen_run_paused_and_taken_away(line: Line) -> None:
    backend = line("backend")
    wish = Wish(to=("frontend",), text="how far?", cron="0 9 * * mon-fri", timezone="Europe/London")
    made = await backend.add_schedule(wish, key="1")
    assert await backend.add_schedule(wish, key="1") == made
    schedule_id = made["schedule_id"]
    assert made["rule"] == "Mon–Fri 09:00 Europe/London"  # noqa: RUF001 -- a span of days has a dash
    assert made["next"].endswith("09:00 Europe/London")

    ran = await backend.run_schedule(schedule_id)
    assert ran["outcome"] == "sent"
    [message] = (await line("frontend").collect("c"))["messages"]
    assert (message["text"], message["schedule_id"]) == ("how far?", schedule_id)
    assert (await backend.why(ran["message_id"]))["schedule_id"] == schedule_id
    assert (await backend.schedule(schedule_id))["occurrences"] == [ran]

    assert (await backend.change_schedule(schedule_id, "paused"))["state"] == "paused"
    assert [each["schedule_id"] for each in (await backend.schedules())["schedules"]] == [schedule_id]
    assert (await line("frontend").schedules())["schedules"] == []
    assert (await backend.remove_schedule(schedule_id))["state"] == "removed"
    with pytest.raises(e.NotFound):
        await backend.schedule(schedule_id)


async def test_what_is_due_is_decided_by_the_scheduler_alone_and_lists_hide_what_is_over(
    line: Line, rig: Rig
) -> None:
    await line("backend").add_schedule(Wish(to=("me",), text="look", at="in 1s"))
    async with aclosing(rig.client("bot", "local").alarms()) as alarms, asyncio.timeout(10):
        assert (await anext(alarms))["at"] is not None
        while not (await rig.client("bot", "local").fire_schedules())["decided"]:
            continue
        async for told in alarms:
            if told["at"] is None:
                break
    assert (await line("backend").schedules())["schedules"] == []
    [over] = (await line("backend").schedules(over=True))["schedules"]
    assert over["state"] == "over"
    with pytest.raises(e.NotAllowed):
        await line("backend").fire_schedules()


@pytest.mark.parametrize(
    "wrong",
    [
        {"cron": "61 * * * *"},
        {"cron": "0 0 30 2 *"},
        {"at": "2020-01-01 09:00"},
        {"at": "soon"},
        {"every": "1s"},
        {"every": "9999999 days"},
        {"every": "1h", "timezone": "Mars/Base"},
        {"every": "1h", "missed": "all", "most": 10**9},
        {"every": "1h", "at": "in 10m"},
        {"every": "1h", "kind": "broadcast"},
        {},
    ],
)
async def test_what_is_no_schedule_is_refused(line: Line, wrong: dict[str, Any]) -> None:
    with pytest.raises(e.Malformed) as refused:
        await line("backend").add_schedule(Wish(to=("frontend",), text="x", **wrong))
    assert refused.value.hint


async def test_nobody_is_started_by_a_schedule(line: Line) -> None:
    with pytest.raises(e.NotAllowed, match="nobody can be started"):
        await line("backend").add_schedule(Wish(to=("frontend",), text="x", every="1h", spawn=True))


async def test_a_check_in_asks_and_tells_what_changed(line: Line) -> None:
    backend = line("backend")
    wish = Round(name="standup", ask="how far?", of=("circle:default",), every="2h", within_s=60)
    made = await backend.add_checkin(wish, key="1")
    assert (made["of"], made["report_to"], made["states"]) == (["circle:default"], "me", [])
    assert await backend.add_checkin(wish, key="1") == made
    ran = await backend.run_checkin("standup")
    await line("frontend").answer(ran["message_id"], "blocked: no key")
    [report] = (await backend.collect("c"))["messages"]
    assert report["text"].splitlines()[1] == "blocked · frontend: blocked: no key"
    [told] = (await backend.checkins())["checkins"]
    assert told["states"][0] | {"at": "", "peer_id": ""} == {
        "peer": "frontend",
        "peer_id": "",
        "text": "blocked: no key",
        "at": "",
        "blocked": True,
        "silent": False,
    }
    assert (await backend.remove_checkin("standup"))["state"] == "removed"
    assert (await backend.checkins())["checkins"] == []


async def test_wishes_about_attention_are_set_and_seen_at_the_machine(line: Line) -> None:
    owner = line("owner")
    told = await owner.wish("owner", quiet="23:00-07:00 but failures", timezone="Europe/Lisbon", pushes=6)
    assert (told["quiet"], told["timezone"], told["breaks"], told["pushes"]) == (
        *("23:00-07:00", "Europe/Lisbon", ["failure"], 6),
    )
    muted = await owner.wish("owner", mute=["default/backend"])
    assert (muted["muted"], muted["quiet"]) == (["default/backend"], "23:00-07:00")
    assert (await owner.wish("owner", hear=["default/backend"]))["muted"] == []
    assert (await owner.attention())["people"][0]["pushes"] == 6
    assert (await owner.tell_digest("owner"))["told"] is False


async def test_what_is_no_wish_is_refused_and_nobody_else_wishes_for_the_owner(line: Line) -> None:
    with pytest.raises(e.Malformed):
        await line("owner").wish("owner", quiet="sometimes")
    with pytest.raises(e.NotFound):
        await line("owner").wish("carol", pushes=6)
    with pytest.raises(e.NotAllowed):
        await line("backend").wish("owner", quiet="00:00-23:59")


# --- the daemon -------------------------------------------------------------------------------------------------


async def test_status_and_stop(line: Line, rig: Rig) -> None:
    told = await line("cli").status()
    assert told["status"] == "ok"
    assert set(told["peers"][0]) >= PEER
    with pytest.raises(e.NotAllowed):
        await line("backend").stop()
    assert not rig.stopped.is_set()
    assert await line("cli").stop() == {"stopping": True}
    assert rig.stopped.is_set()


async def test_an_error_comes_back_as_what_it_was(line: Line) -> None:
    """Class, sentence, hint, status, retryability and time to wait."""
    with pytest.raises(e.PeerlineError) as refused:
        await line("backend").notify("nobody", "x")
    error = refused.value
    assert type(error) is e.UnknownPeer
    assert (str(error), error.status, error.exit_code, error.retryable) == ('no peer "nobody"', 404, 2, False)
    assert error.hint


async def test_every_post_takes_a_key(rig: Rig) -> None:
    """The same key and body give the first result again; the same key and another body are refused."""
    await rig.client("backend", "http").notify("frontend", "x")
    async with aclosing(rig.client("bot", "http").parcels("telegram")) as parcels:
        await rig.client("backend", "http").notify("telegram", "x")
        delivery = (await anext(parcels)).delivery
    posts: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("owner", "/v1/pairing", {"surface": "telegram"}, {}),
        ("frontend", "/v1/messages/collect", {"call": "c"}, {"call": "d"}),
        ("frontend", "/v1/messages/confirm", {"call": "c"}, {"call": "d"}),
        ("bot", f"/v1/deliveries/{delivery.delivery_id}/ack", {"holder": delivery.holder}, {"receipt": "1"}),
        ("bot", "/v1/beats", {"surface": "telegram"}, {"trouble": "x"}),
    ]
    for who, path, body, other in posts:
        exchange, key = rig.client(who, "http")._exchange, f"key for {path}"
        first = await exchange.request("POST", path, body=body, key=key)
        assert await exchange.request("POST", path, body=body, key=key) == first
        if other:
            with pytest.raises(e.DuplicateId):
                await exchange.request("POST", path, body=body | other, key=key)
