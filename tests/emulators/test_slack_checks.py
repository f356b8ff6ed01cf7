"""The limits with their memory, HTTP mode, the weather, and the list of what a correct client never does."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from aiohttp import web as server
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from tests.emulators.process import emulator_process
from tests.emulators.slack import Allowance, Fault, Kind, Patience, SlackEmulator, Storm
from tests.emulators.slack.library import QUIET, app_at, client_at, keeps, refusal_of

STRICT = Allowance(gap_s=20, burst=2, tiers=(1, 2, 3, 4), workspace=4, minute_s=60, ban_s=30)


async def said(slack: SlackEmulator, channel: str, text: str) -> str:
    try:
        await client_at(slack).chat_postMessage(channel=channel, text=text, **QUIET)
    except SlackApiError as error:
        return f"{error.response['error']} {error.response.headers.get('Retry-After')}"
    return ""


async def test_whoever_posts_too_fast_is_told_to_wait_and_that_is_remembered() -> None:
    async with SlackEmulator(allowance=STRICT) as slack:
        here, there = slack.channel("C1", "here"), slack.channel("C2", "there")
        told = [await said(slack, "C1", f"no {n}") for n in range(4)] + [await said(slack, "C2", "other")]

        assert told == ["", "", "ratelimited 30", "ratelimited 30", ""]
        assert (len(here.messages), len(there.messages)) == (2, 1)
        first, second, third = slack.checks()
        assert first == "chat.postMessage to C1: more than 2 at once or one each 20 s"
        assert second.startswith(("chat.postMessage C1 came 29.9", "chat.postMessage C1 came 30.0"))
        assert third == "chat.postMessage to C1 ('no 3') came before its Retry-After was over"


async def test_a_method_is_asked_as_often_as_its_tier_allows_and_a_workspace_posted_to() -> None:
    async with SlackEmulator(allowance=STRICT) as slack:
        client = client_at(slack)
        for n in range(4):
            slack.channel(f"C{n}", f"no{n}")
            slack.channel(f"C{n + 4}", f"no{n + 4}")
        for _ in range(3):
            await client.conversations_info(channel="C1")
        assert (await refusal_of(client.conversations_info(channel="C1"))).response["error"] == "ratelimited"
        await asyncio.gather(*(said(slack, f"C{n}", "hello") for n in range(5)))

        assert slack.checks() == [
            "conversations.info: more than 3 within 60 s",
            "chat.postMessage to C4: more than 4 in all within 60 s",
        ]


async def test_a_careful_client_breaks_nothing() -> None:
    async with SlackEmulator(allowance=Allowance(burst=1).times(100)) as slack:
        work = slack.channel("C0000WORK", "work")
        for n in range(10):
            assert await said(slack, work.channel_id, f"no {n}") == ""
            await asyncio.sleep(0.01)  # the pace itself is what is tried

        assert slack.checks() == []


async def test_the_same_seed_is_the_same_weather() -> None:
    async def weather(seed: int) -> list[str]:
        async with SlackEmulator() as slack:
            slack.channel("C1", "here")
            menu = (Fault(Kind.SERVER_ERROR), Fault(Kind.ERROR), Fault(Kind.FLOOD))
            slack.faults.weather = Storm(random.Random(seed), 0.5, menu)  # noqa: S311
            for n in range(12):
                await refusal_or_none(
                    client_at(slack).chat_postMessage(channel="C1", text=f"no {n}", **QUIET)
                )
            return [record.fault for record in slack.journal.of("chat.postMessage")]

    assert await weather(3) == await weather(3) != await weather(4)


async def refusal_or_none(call: Any) -> None:
    try:
        await call
    except SlackApiError:
        return


async def test_what_a_correct_client_never_does_is_told_in_sentences(slack, web, sara, work) -> None:
    root = sara.says("who?", channel=work)
    answer = sara.says("me", channel=work, thread=root)
    same = {"event_payload": {"id": "d-1", "part": 1}, "event_type": "peerline"}
    await web.chat_postMessage(channel=work.channel_id, text="linked", unfurl_media=False)
    for _ in range(2):
        await web.chat_postMessage(channel=work.channel_id, text="same", metadata=same, **QUIET)
    await web.chat_postMessage(channel=work.channel_id, text="deep", thread_ts=answer.ts, **QUIET)
    bare = {"channel": work.channel_id, "blocks": [{"type": "markdown", "text": "x"}], **QUIET}
    await web.api_call("chat.postMessage", json=bare)
    await refusal_of(web.chat_postMessage(channel="CNOWHERE", text="lost", **QUIET))

    assert slack.checks() == [
        "chat.postMessage to C0000WORK leaves unfurl_links on",
        "chat.postMessage to C0000WORK answers an answer, not the thread's first",
        "chat.postMessage to C0000WORK has blocks and no text to fall back on",
        f"2 messages in C0000WORK are the same: {json.dumps(same)}",
        "chat.postMessage to CNOWHERE ('lost') was refused: channel_not_found",
    ]
    assert slack.checks("channel_not_found")[-1] != slack.checks()[-1]


async def test_attempts_in_haste_are_told(slack) -> None:
    client = client_at(slack)
    for _ in range(2):
        await client.apps_connections_open(app_token=slack.tokens.app)

    (sentence,) = slack.checks()
    assert sentence.startswith("a failed connection was followed by another attempt after 0.0")


@asynccontextmanager
async def served(app: AsyncApp) -> AsyncIterator[str]:
    runner = server.AppRunner(app.web_app(path="/slack/events"))
    await runner.setup()
    await server.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    finally:
        await runner.cleanup()


async def test_over_http_what_happens_is_posted_with_a_signature(slack, sara, work) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with served(app) as url:
        hook = slack.pushes_to(url)
        assert await hook.verifies() == "c3po"
        sara.says("hello", channel=work)
        await sara.slash("/peerline", "peers", channel=work).answered()
        await sara.shortcut("ask").answered()
        await slack.deliveries.settled()

    assert sorted(name for name, status in hook.pushed if status == 200) == [
        "/peerline",
        "message",
        "shortcut",
    ]
    assert {body.get("type") or body.get("command") for body in heard} == {
        "event_callback",
        "/peerline",
        "shortcut",
    }
    assert slack.checks() == []


async def test_a_forged_or_old_signature_is_for_the_client_to_refuse(slack) -> None:
    app, heard = app_at(slack), []
    keeps(app, heard)
    async with served(app) as url:
        hook = slack.pushes_to(url)
        body = '{"type":"event_callback","event":{"type":"message"}}'
        statuses = [
            (await hook.post(body, secret="another"))[0],
            (await hook.post(body, at=int(time.time()) - 301))[0],
            (await hook.post(body, signed=False))[0],
        ]

    assert (statuses, heard) == ([401, 401, 401], [])


async def test_over_http_a_failed_post_is_repeated_and_says_so() -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def refuses(request: server.Request) -> server.Response:
        seen.append((request.headers.get("X-Slack-Retry-Num"), request.headers.get("X-Slack-Retry-Reason")))
        return server.Response(status=500 if len(seen) < 3 else 200)

    app = server.Application()
    app.router.add_post("/slack/events", refuses)
    runner = server.AppRunner(app)
    await runner.setup()
    await server.TCPSite(runner, "127.0.0.1", 0).start()
    async with SlackEmulator(patience=Patience().retrying(0.01, 0.01, 0.01)) as slack:
        slack.pushes_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        slack.person("U0000SARA", "Sara").says("hello")
        await slack.deliveries.settled()
    await runner.cleanup()

    assert seen == [(None, None), ("1", "http_error"), ("2", "http_error")]
    assert slack.deliveries.all[0].acked


async def test_over_http_an_answer_may_ask_for_no_further_attempt() -> None:
    async def refuses(request: server.Request) -> server.Response:
        return server.Response(status=500, headers={"X-Slack-No-Retry": "1"})

    app = server.Application()
    app.router.add_post("/slack/events", refuses)
    runner = server.AppRunner(app)
    await runner.setup()
    await server.TCPSite(runner, "127.0.0.1", 0).start()
    async with SlackEmulator(patience=Patience().retrying(0.01, 0.01, 0.01)) as slack:
        hook = slack.pushes_to(f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events")
        slack.person("U0000SARA", "Sara").says("hello")
        await slack.deliveries.settled()
    await runner.cleanup()

    assert hook.pushed == [("message", 500)]


async def test_as_a_process_it_is_scripted_through_its_own_routes() -> None:
    async with emulator_process("slack") as root, aiohttp.ClientSession() as session:

        async def script(verb: str, **body: Any) -> Any:
            async with session.post(f"{root.removesuffix('api/')}emulator/{verb}", json=body) as answer:
                return answer.status, await answer.json()

        async with session.get(f"{root.removesuffix('api/')}emulator") as answer:
            about = await answer.json()
        assert about["root"] == root
        await script("people", id="U0000SARA", name="Sara")
        await script("channels", id="C0000WORK", name="work", members=["U0000SARA"])
        _, note = await script("says", person="U0000SARA", channel="C0000WORK", text="how far?")
        headers = {"Authorization": f"Bearer {about['tokens']['bot']}"}
        post = {"channel": "C0000WORK", "text": "half way", "thread_ts": note["ts"], **QUIET}
        async with session.post(f"{root}chat.postMessage", json=post, headers=headers) as answer:
            assert (await answer.json())["ok"]

        status, seen = await script("sees", person="U0000SARA", channel="C0000WORK", contains="half way")
        assert (status, seen["thread"]) == (200, note["ts"])
        status, _ = await script("sees", person="U0000SARA", contains="never", within=0.05)
        assert status == 408
        assert (await script("says", person="U0000EVE", text="?"))[0] == 404
        assert (await script("away"))[1] == {"given_up": 2}  # our own one came back to us
        assert (await script("checks"))[1] == []
