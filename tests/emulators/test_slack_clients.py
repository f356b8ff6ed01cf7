"""What is known of Slack's own clients comes about here too, so what is built on that knowledge is tried in earnest."""

from __future__ import annotations

import asyncio
import os
import random
import re
import time
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from tests.emulators.slack import Fault, Kind, Patience, SlackEmulator, Storm
from tests.emulators.slack.crowd import bot_says, integration_says, joins
from tests.emulators.slack.library import QUIET, app_at, client_at, keeps, listening
from tests.emulators.slack.storm import MENU

HASTY = Patience(ack_s=1, again_s=(0.05, 0.1, 0.15), warned_s=0.2)
NOT_FOR_IT = {Kind.HANG, Kind.FREEZE, Kind.GARBAGE}  #: what the client needs long to notice


async def test_the_default_retry_posts_twice_after_a_cut_answer(slack, sara, work) -> None:
    client = AsyncWebClient(slack.tokens.bot, base_url=slack.root)
    slack.faults.add(Fault(Kind.DROP, "chat.postMessage", polite=True))
    metadata = {"event_type": "peerline", "event_payload": {"id": "d-1"}}

    await client.chat_postMessage(channel=work.channel_id, text="once?", metadata=metadata, **QUIET)

    assert [message.text for message in sara.heard(work)] == ["once?", "once?"]
    assert slack.checks()[0].startswith("2 messages in C0000WORK are the same")


async def test_an_event_that_bolt_has_no_listener_for_is_never_acknowledged(sara) -> None:
    patience = Patience(ack_s=0.15, again_s=(0.05, 0.05, 0.05))
    async with SlackEmulator(patience=patience) as slack, listening(slack, app_at(slack)):
        slack.person("U0000SARA", "Sara").says("anybody?")
        await slack.deliveries.settled()

        assert [attempt.reason for attempt in slack.deliveries.all[0].attempts] == ["timeout"] * 4
        assert "never acknowledged" in slack.checks()[0]


async def test_bolt_keeps_our_own_words_from_us_but_not_other_bots(slack, web, work) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with listening(slack, app):
        await web.chat_postMessage(channel=work.channel_id, text="ours", **QUIET)
        bot_says(slack.world, work, "theirs")
        integration_says(slack.world, work, "deployed")
        joins(slack.world, work, slack.person("U0000EVE", "Eve").user)
        await slack.deliveries.settled()

    told = [
        (event["text"], event.get("subtype"), event.get("bot_id")) for event in (b["event"] for b in heard)
    ]
    assert told == [
        ("theirs", None, "B0000OTHER"),
        ("deployed", "bot_message", "B0000HOOK"),
        ("<@U0000EVE> has joined the channel", "channel_join", None),
    ]


async def test_an_answer_within_the_acknowledgement_is_shown_to_its_asker(slack, sara, work) -> None:
    app = app_at(slack)

    @app.command("/peerline")
    async def answers(ack: Any) -> None:
        await ack("nobody is here")

    async with listening(slack, app):
        assert (await sara.slash("/peerline", channel=work).answered())["text"] == "nobody is here"
        assert (await sara.sees("nobody is here", channel=work)).only_for == sara.user.user_id


async def test_errors_in_an_acknowledgement_keep_the_modal_open(slack, web, sara) -> None:
    app = app_at(slack)
    text = {"type": "plain_text", "text": "Ask"}
    options = [
        {"text": {"type": "plain_text", "text": label}, "value": label} for label in ("backend", "web")
    ]
    whom = {"type": "static_select", "action_id": "whom", "options": options}
    words = {"type": "plain_text_input", "action_id": "words"}
    blocks = [
        {"type": "input", "block_id": each["action_id"], "label": text, "element": each}
        for each in (whom, words)
    ]
    view = {"type": "modal", "callback_id": "asked", "title": text, "submit": text, "blocks": blocks}
    seen: list[Any] = []

    @app.view("asked")
    async def checked(ack: Any, view: dict[str, Any]) -> None:
        seen.append(view["state"]["values"]["whom"]["whom"]["selected_option"]["value"])
        told = (
            {"words": "say something"} if view["state"]["values"]["words"]["words"]["value"] == "?" else None
        )
        await (ack(response_action="errors", errors=told) if told else ack())

    await web.views_open(trigger_id=sara.shortcut("ask").trigger_id, view=view)
    modal = await sara.sees_modal()
    with pytest.raises(LookupError, match="must be filled in"):
        sara.submits(modal, whom="web")
    assert modal.options == ("backend", "web")
    async with listening(slack, app):
        await sara.submits(modal, whom="backend", words="?").answered()
        assert (await sara.sees_modal(lambda shown: bool(shown.errors))).errors == {"words": "say something"}
        await sara.submits(modal, whom="web", words="how far?").answered()
        await slack.world.pulse.until(lambda: modal.closed, 2)

    assert (seen, sara.modal) == (["backend", "web"], None)


@pytest.mark.parametrize("wanted", ["approve", "later"])
async def test_an_option_of_a_select_is_told_like_a_tap(slack, web, sara, work, wanted) -> None:
    options = [
        {"text": {"type": "plain_text", "text": label}, "value": f"id-{label}"}
        for label in ("approve", "later")
    ]
    select = {"type": "static_select", "action_id": "verdict", "options": options}
    blocks = [{"type": "actions", "elements": [select]}]
    await web.chat_postMessage(channel=work.channel_id, text="t", blocks=blocks, **QUIET)
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with listening(slack, app):
        await sara.selects(sara.screen(work)[0], wanted).answered()

    assert heard[0]["actions"][0]["selected_option"]["value"] == f"id-{wanted}"
    assert (heard[0]["actions"][0]["action_id"], heard[0]["actions"][0]["type"]) == (
        "verdict",
        "static_select",
    )


async def test_in_bad_weather_every_event_arrives_or_is_in_the_history() -> None:
    seed = int(os.environ.get("PEERLINE_SEED") or time.time_ns() % 1_000_000)
    print(f"PEERLINE_SEED={seed}")
    chance = random.Random(seed)  # noqa: S311
    menu = [each for each in MENU if each.kind not in NOT_FOR_IT and each.method in {"socket", "envelope"}]
    async with SlackEmulator(patience=HASTY) as slack:
        sara, work = slack.person("U0000SARA", "Sara"), slack.channel("C0000WORK", "work")
        app, heard = app_at(slack), []
        keeps(app, heard)
        async with listening(slack, app, ping_s=0.1):
            slack.faults.weather = storm = Storm(chance, 0.3, menu)
            for n in range(40):
                sara.says(f"no {n}", channel=work)
                await asyncio.sleep(0.01)
            await slack.deliveries.settled(within=20)
            slack.faults.lift()
            gone = [each for each in slack.deliveries.of("message") if not each.acked]
        history = await client_at(slack).conversations_history(channel=work.channel_id, limit=999)

    told = {body["event"]["text"] for body in heard} | {each.payload["event"]["text"] for each in gone}
    assert storm.met
    assert told == {f"no {n}" for n in range(40)} == {each["text"] for each in history["messages"]}
    assert not [each for each in slack.checks() if re.search("never acknowledged|deadline", each)]
