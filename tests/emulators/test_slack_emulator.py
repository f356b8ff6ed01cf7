"""Posts, threads, modals and events of the emulator against the libraries that the bot uses, so both sides are real."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp

from tests.emulators.slack import BOT, TEAM, SlackEmulator
from tests.emulators.slack.library import QUIET, app_at, client_at, keeps, listening, refused


def button(label: str, value: str = "v", action_id: str = "") -> dict[str, Any]:
    text = {"type": "plain_text", "text": label}
    return {"type": "button", "text": text, "value": value, "action_id": action_id or label}


def card(words: str, *buttons: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"type": "markdown", "text": words}, {"type": "actions", "elements": list(buttons)}]


@pytest.fixture
async def heard(slack: SlackEmulator) -> AsyncIterator[list[dict[str, Any]]]:
    """Everything that an app over Socket Mode was told."""
    app: AsyncApp = app_at(slack)
    bodies: list[dict[str, Any]] = []
    keeps(app, bodies)
    async with listening(slack, app):
        yield bodies


def events(heard: list[dict[str, Any]], kind: str = "message") -> list[dict[str, Any]]:
    return [body["event"] for body in heard if body.get("event", {}).get("type") == kind]


async def test_a_post_is_seen_by_the_people_of_its_channel(web, sara, work) -> None:
    posted = await web.chat_postMessage(channel=work.channel_id, text="half way &amp; on", **QUIET)

    seen = await sara.sees("half way & on", channel=work)

    assert (posted["ts"], posted["channel"]) == (seen.ts, work.channel_id)
    assert posted["message"]["bot_id"] == BOT.bot_id


async def test_people_read_the_blocks_and_not_the_fallback(web, sara, work) -> None:
    blocks = card("**half** way\n\n```\nVec<T>\n```", button("yes"), button("no"))
    await web.chat_postMessage(channel=work.channel_id, text="fallback", blocks=blocks, **QUIET)

    seen = await sara.sees("half way", channel=work)

    assert seen.text == "half way\nVec<T>"
    assert (seen.raw, seen.labels) == ("fallback", ("yes", "no"))


async def test_a_markdown_block_is_shown_back_as_rich_text(web, sara, work) -> None:
    posted = await web.chat_postMessage(
        channel=work.channel_id, text="t", blocks=card("**a**", button("b")), **QUIET
    )

    assert [block["type"] for block in posted["message"]["blocks"]] == ["rich_text", "actions"]


async def test_answers_in_a_thread_stay_in_it(web, sara, work) -> None:
    root = sara.says("who can help?", channel=work)
    await web.chat_postMessage(channel=work.channel_id, text="I can", thread_ts=root.ts, **QUIET)

    assert (await sara.sees("I can", channel=work, thread=root)).thread_ts == root.ts
    history = await web.conversations_history(channel=work.channel_id)
    replies = await web.conversations_replies(channel=work.channel_id, ts=root.ts)
    assert [each["text"] for each in history["messages"]] == ["who can help?"]
    assert history["messages"][0]["reply_count"] == 1
    assert [each["text"] for each in replies["messages"]] == ["who can help?", "I can"]


async def test_metadata_is_shown_to_who_asks_for_it(web, work) -> None:
    metadata = {"event_type": "peerline", "event_payload": {"id": "d-1"}}
    await web.chat_postMessage(channel=work.channel_id, text="one", metadata=metadata, **QUIET)

    async def shown(**asked: Any) -> Any:
        return (await web.conversations_history(channel=work.channel_id, **asked))["messages"][0].get(
            "metadata"
        )

    assert await shown() is None
    assert await shown(include_all_metadata=True) == metadata


async def test_history_is_read_in_pages_from_a_time_on(web, sara, work) -> None:
    said = [sara.says(f"no {n}", channel=work) for n in range(7)]
    found, cursor = [], ""
    while True:
        page = await web.conversations_history(
            channel=work.channel_id, oldest=said[1].ts, limit=2, cursor=cursor or None
        )
        found += [each["text"] for each in page["messages"]]
        cursor = page["response_metadata"]["next_cursor"]
        if not page["has_more"]:
            break

    assert found == ["no 6", "no 5", "no 4", "no 3", "no 2"]


async def test_an_edit_by_words_alone_takes_the_blocks_away_and_keeps_the_metadata(web, sara, work) -> None:
    metadata = {"event_type": "peerline", "event_payload": {"id": "d-1"}}
    blocks = card("well?", button("yes"))
    sent = {"text": "well?", "blocks": blocks, "metadata": metadata, **QUIET}
    posted = await web.chat_postMessage(channel=work.channel_id, **sent)

    told = card("done by Sara", button("undo"))
    await web.chat_update(channel=work.channel_id, ts=posted["ts"], text="done", blocks=told)
    assert (sara.screen(work)[0].labels, sara.screen(work)[0].edited_ts) == (("undo",), "")
    await web.chat_update(channel=work.channel_id, ts=posted["ts"], text="done")

    (seen,) = sara.screen(work)
    assert (seen.text, seen.labels, len(seen.history), seen.metadata) == ("done", (), 2, metadata)
    assert seen.edited_ts


async def test_what_one_alone_is_shown_nobody_else_sees(slack, web, sara, work) -> None:
    eve = slack.person("U0000EVE", "Eve")
    work.members[eve.user.user_id] = eve.user
    await web.chat_postEphemeral(channel=work.channel_id, user=sara.user.user_id, text="for you")

    assert (await sara.sees("for you", channel=work)).only_for == sara.user.user_id
    assert eve.screen(work) == ()
    assert (await web.conversations_history(channel=work.channel_id))["messages"] == []


async def test_direct_messages_are_opened_by_user(web, sara) -> None:
    channel = (await web.conversations_open(users=sara.user.user_id))["channel"]["id"]
    await web.chat_postMessage(channel=channel, text="hello", **QUIET)

    assert (await sara.sees("hello")).channel_id == channel == sara.chat.channel_id


async def test_a_mention_comes_as_a_message_and_as_a_mention(heard, slack, sara, work) -> None:
    note = sara.mentions("how far?", channel=work)
    await slack.deliveries.settled()

    (message,), (mention,) = events(heard), events(heard, "app_mention")
    assert message["text"] == mention["text"] == f"<@{BOT.user_id}> how far?"
    assert message["ts"] == mention["ts"] == note.ts
    assert (message["channel_type"], message["team"]) == ("channel", TEAM)
    assert len({body["event_id"] for body in heard}) == 2


async def test_edits_and_deletions_are_told(heard, slack, sara, work) -> None:
    note = sara.says("frist", channel=work)
    sara.deletes(sara.edits(note, "first"))
    await slack.deliveries.settled()

    subtypes = {event.get("subtype", ""): event for event in events(heard)}
    assert subtypes["message_changed"]["message"]["text"] == "first"
    assert subtypes["message_changed"]["message"]["edited"]["user"] == sara.user.user_id
    assert subtypes["message_deleted"]["deleted_ts"] == note.ts
    assert sara.screen(work) == ()


async def test_the_first_message_of_a_thread_leaves_a_stone(heard, slack, sara, work) -> None:
    root = sara.says("who?", channel=work)
    sara.says("me", channel=work, thread=root)
    sara.deletes(root)
    await slack.deliveries.settled()

    assert events(heard)[-1]["message"]["subtype"] == "tombstone"
    assert [each.text for each in sara.screen(work)] == ["This message was deleted.", "me"]


async def test_our_own_posts_come_back_to_us_and_others_bots_too(heard, slack, web, work) -> None:
    from tests.emulators.slack.crowd import bot_says

    await web.chat_postMessage(channel=work.channel_id, text="ours", **QUIET)
    bot_says(slack.world, work, "theirs")
    await slack.deliveries.settled()

    assert [delivery.payload["event"]["text"] for delivery in slack.deliveries.of("message")] == [
        "ours",
        "theirs",
    ]
    assert [event["text"] for event in events(heard)] == ["theirs"]  # Bolt keeps our own from us


async def test_a_tap_is_acknowledged_and_answers_through_its_response_url(
    heard, slack, web, sara, work
) -> None:
    await web.chat_postMessage(
        channel=work.channel_id, text="well?", blocks=card("well?", button("yes", "id-7")), **QUIET
    )
    tap = sara.taps(sara.screen(work)[0], "yes")
    await tap.answered()

    (body,) = heard[-1:]
    assert (body["actions"][0]["value"], body["user"]["team_id"]) == ("id-7", TEAM)
    assert body["container"]["message_ts"] == sara.screen(work)[0].ts


async def test_a_command_answers_its_asker_alone(slack, sara, work) -> None:
    app = app_at(slack)

    @app.command("/peerline")
    async def peers(ack: Any, command: dict[str, str], respond: Any) -> None:
        await ack()
        await respond(text=f"you said {command['text']}")

    async with listening(slack, app):
        await sara.slash("/peerline", "peers", channel=work).answered()

        assert (await sara.sees("you said peers", channel=work)).only_for == sara.user.user_id


async def test_a_modal_opens_with_a_fresh_trigger_is_filled_and_submitted(slack, web, sara) -> None:
    app, answers = app_at(slack), []
    text = {"type": "plain_text", "text": "Ask"}
    loading = {"type": "modal", "title": text, "blocks": [{"type": "section", "text": text}]}
    words = {"type": "input", "label": text, "element": {"type": "plain_text_input", "action_id": "words"}}

    @app.shortcut("ask")
    async def asked(ack: Any, shortcut: dict[str, Any]) -> None:
        await ack()
        view = (await web.views_open(trigger_id=shortcut["trigger_id"], view=loading))["view"]
        filled = loading | {"callback_id": "asked", "submit": text, "blocks": [words]}
        await web.views_update(view_id=view["id"], hash=view["hash"], view=filled)

    @app.view("asked")
    async def submitted(ack: Any, view: dict[str, Any]) -> None:
        answers.append(view["state"]["values"])
        await ack()

    async with listening(slack, app):
        tap = sara.shortcut("ask")
        modal = await sara.sees_modal(lambda view: bool(view.inputs))
        await sara.submits(modal, words="how far?").answered()

    assert answers[0][modal.inputs[0]["block_id"]]["words"]["value"] == "how far?"
    assert sara.modal is None
    with refused("exchanged_trigger_id"):
        await web.views_open(trigger_id=tap.trigger_id, view=loading)


async def test_the_home_tab_is_published_for_one(heard, slack, web, sara) -> None:
    sara.opens_home()
    await slack.deliveries.settled()
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "*2* peers"}}
    await web.views_publish(user_id=sara.user.user_id, view={"type": "home", "blocks": [section]})

    assert events(heard, "app_home_opened")[0]["tab"] == "home"
    assert "2" in (await sara.sees_home("peers")).text


async def test_reactions_go_both_ways(heard, slack, web, sara, work) -> None:
    note = sara.says("go", channel=work)
    await web.reactions_add(channel=work.channel_id, timestamp=note.ts, name="eyes")
    with refused("already_reacted"):
        await web.reactions_add(channel=work.channel_id, timestamp=note.ts, name="eyes")
    sara.reacts(note, "+1")
    await slack.deliveries.settled()

    assert sara.screen(work)[0].reactions == (("eyes", BOT.user_id), ("+1", sara.user.user_id))
    assert [event["reaction"] for event in events(heard, "reaction_added")][-1] == "+1"


async def test_files_travel_both_ways(heard, slack, web, sara, work) -> None:
    root = sara.sends_file("note.txt", b"read me", caption="look", channel=work)
    await web.files_upload_v2(
        filename="change.patch",
        content="diff --git",
        channel=work.channel_id,
        initial_comment="the patch",
        thread_ts=root.ts,
    )
    await slack.deliveries.settled()

    seen = await sara.sees("the patch", channel=work, thread=root)
    assert (seen.files[0].name, seen.files[0].content) == ("change.patch", b"diff --git")
    shared = next(event for event in events(heard) if event.get("subtype") == "file_share")
    url = shared["files"][0]["url_private_download"]
    async with _session() as session:
        async with session.get(url, headers={"Authorization": f"Bearer {slack.tokens.bot}"}) as answer:
            assert await answer.read() == b"read me"
        async with session.get(url) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")


def _session() -> Any:
    import aiohttp

    return aiohttp.ClientSession()


async def test_a_stranger_of_another_team_is_told_as_one(heard, slack) -> None:
    eve = slack.person("U0000EVE", "Eve", team="T0000ELSE")
    shared = slack.channel("C0000BOTH", "both", eve, shared=True)
    eve.mentions("let me in", channel=shared)
    await slack.deliveries.settled()

    event = events(heard, "app_mention")[0]
    assert (event["user_team"], heard[0]["is_ext_shared_channel"]) == ("T0000ELSE", True)


async def test_tokens_are_for_what_they_are_for(slack, web, work) -> None:
    for token, word in (("xoxb-wrong", "invalid_auth"), (slack.tokens.app, "not_allowed_token_type")):
        with refused(word):
            await client_at(slack, token).auth_test()
    with refused("not_allowed_token_type"):
        await web.apps_connections_open(app_token=slack.tokens.bot)
    slack.world.revoked = "token_revoked"
    with refused("token_revoked"):
        await web.auth_test()


@pytest.mark.parametrize(
    ("channel", "word"),
    [
        ("CNOWHERE", "channel_not_found"),
        ("C0000SHUT", "is_archived"),
        ("C0000FAR", "not_in_channel"),
        ("G0000FAR", "channel_not_found"),
    ],
)
async def test_where_the_app_may_not_write_it_is_told_why(slack, web, channel, word) -> None:
    slack.channel("C0000SHUT", "shut").archived = True
    slack.channel("C0000FAR", "far", bot_in=False)
    slack.channel("G0000FAR", "far", private=True, bot_in=False)

    with refused(word):
        await web.chat_postMessage(channel=channel, text="hello", **QUIET)


async def test_a_missing_scope_is_named(slack, web, work) -> None:
    slack.world.scopes.discard("chat:write")

    with refused("missing_scope"):
        await web.chat_postMessage(channel=work.channel_id, text="hello", **QUIET)
    with refused("missing_scope"):
        await web.pins_add(channel=work.channel_id, timestamp="1.0")


async def test_only_own_messages_are_changed(web, sara, work) -> None:
    note = sara.says("mine", channel=work)

    with refused("cant_update_message"):
        await web.chat_update(channel=work.channel_id, ts=note.ts, text="yours")
    with refused("cant_delete_message"):
        await web.chat_delete(channel=work.channel_id, ts=note.ts)
    with refused("message_not_found"):
        await web.chat_update(channel=work.channel_id, ts="1700000000.000000", text="nobody's")


async def test_words_may_appear_bit_by_bit_and_are_not_edited_meanwhile(slack, web, sara, work) -> None:
    root = sara.says("how far?", channel=work)
    with refused("missing_recipient_user_id"):
        await web.chat_startStream(channel=work.channel_id, thread_ts=root.ts)
    to = {"recipient_user_id": sara.user.user_id, "recipient_team_id": TEAM}
    ts = (
        await web.chat_startStream(channel=work.channel_id, thread_ts=root.ts, markdown_text="**half**", **to)
    )["ts"]
    await web.chat_appendStream(channel=work.channel_id, ts=ts, markdown_text=" way")
    assert (await sara.sees("half way", channel=work, thread=root)).ts == ts
    with refused("streaming_state_conflict"):
        await web.chat_update(channel=work.channel_id, ts=ts, text="done")
    await web.chat_stopStream(channel=work.channel_id, ts=ts, blocks=card("", button("stop"))[1:])

    assert (await sara.sees("half way", channel=work)).labels == ("stop",)
    with refused("message_not_in_streaming_state"):
        await web.chat_appendStream(channel=work.channel_id, ts=ts, markdown_text="!")


async def test_what_one_alone_is_shown_nobody_else_taps(slack, web, sara, work) -> None:
    eve = slack.person("U0000EVE", "Eve")
    blocks = card("to whom?", button("backend"))
    await web.chat_postEphemeral(
        channel=work.channel_id, user=sara.user.user_id, text="to whom?", blocks=blocks
    )
    shown = await sara.sees("to whom?", channel=work)

    with pytest.raises(LookupError, match="Eve is not shown"):
        eve.taps(shown, "backend")
    tap = sara.taps(shown, "backend")
    assert tap.delivery.payload["container"]["is_ephemeral"] is True
    assert "message" not in tap.delivery.payload


async def test_answers_to_the_bot_name_its_scopes(web) -> None:
    assert "chat:write" in (await web.auth_test()).headers["X-OAuth-Scopes"].split(",")


async def test_new_apps_read_history_in_small_pages(slack, web, sara, work) -> None:
    slack.world.history_most = 2
    for n in range(5):
        sara.says(f"no {n}", channel=work)

    page = await web.conversations_history(channel=work.channel_id, limit=100)

    assert (len(page["messages"]), page["has_more"]) == (2, True)


async def test_private_channels_and_direct_messages_of_several_are_told_as_such(
    heard, slack, web, sara
) -> None:
    slack.channel("C0000PRIV", "plans", sara, private=True)
    slack.channel("C0000MANY", "mpdm-sara-eve", sara, slack.person("U0000EVE", "Eve"), direct=True)
    for channel_id in ("C0000PRIV", "C0000MANY"):
        sara.says("psst", channel=slack.world.channels[channel_id])
    await slack.deliveries.settled()

    assert [event["channel_type"] for event in events(heard)] == ["group", "mpim"]
    with refused("missing_scope"):
        await web.conversations_list(types="mpim")
    slack.world.scopes.add("mpim:read")
    listed = await web.conversations_list(types="private_channel,mpim,im")
    assert [each["id"] for each in listed["channels"]] == ["C0000PRIV", "C0000MANY"]
    members = await web.conversations_members(channel="C0000MANY")
    assert members["members"] == ["U0000SARA", "U0000EVE", BOT.user_id]


async def test_a_message_has_an_address_on_the_web(web, sara, work) -> None:
    note = sara.says("here", channel=work, thread=sara.says("who?", channel=work))

    told = await web.chat_getPermalink(channel=work.channel_id, message_ts=note.ts)

    assert told["permalink"].endswith(f"p{note.ts.replace('.', '')}?thread_ts={note.thread_ts}&cid=C0000WORK")


async def test_many_events_and_a_long_history_take_little_time(heard, slack, web, sara, work) -> None:
    async with asyncio.timeout(10):
        root = sara.says("begin", channel=work)
        for n in range(100):
            sara.says(f"no {n}", channel=work, thread=root if n % 2 else "")
        await slack.deliveries.settled(within=10)
        page = await web.conversations_history(channel=work.channel_id, limit=999)

    assert (len(page["messages"]), page["messages"][-1]["reply_count"]) == (51, 50)
    assert len(slack.deliveries.latencies()) == len(events(heard)) == 101
