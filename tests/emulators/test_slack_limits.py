"""What Slack would not take, in its own words: texts, blocks, views, metadata, files; and what it takes."""

from __future__ import annotations

import re
from typing import Any

import aiohttp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.emulators.slack import Patience, SlackEmulator, limits
from tests.emulators.slack.blocks import problems_of, texts_of, view_problems
from tests.emulators.slack.library import QUIET, client_at, refusal_of, refused
from tests.emulators.slack.text import live, seen, seen_markdown


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def marked(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": marked(text)}


def button(label: str = "yes", **more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(label), "action_id": "a"} | more


def actions(*elements: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)} | more


def choice(*labels: str, value: str = "v", **more: Any) -> dict[str, Any]:
    options = [{"text": plain(label), "value": value} for label in labels]
    return {
        "type": "static_select",
        "placeholder": plain("whom?"),
        "action_id": "s",
        "options": options,
    } | more


MEMBERS = [
    "type",
    "text",
    "fields",
    "elements",
    "element",
    "label",
    "options",
    "option_groups",
    "accessory",
    "rows",
]
MEMBERS += ["placeholder", "value", "action_id", "block_id", "alt_text", "image_url", "hint", "description"]
AT_THE_LIMIT = [
    [section("x" * 3000)],
    [{"type": "section", "fields": [marked("x" * 1000)] * 10}],
    [{"type": "header", "text": plain("x" * 150)}],
    [{"type": "context", "elements": [marked("x")] * 10}],
    [actions(*(button(action_id=f"a{n}") for n in range(25)))],
    [actions(button("x" * 75, value="x" * 2000, action_id="x" * 255, style="danger"))],
    [actions(choice(*(f"o{n}" for n in range(100)), value="x" * 150))],
    [{"type": "divider"}] * 50,
    [{"type": "section", "text": plain("x"), "accessory": choice("one")}],
    [{"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a"}],
]
OVER_IT = [
    ([section("x" * 3001)], "must be less than 3001 characters [json-pointer:/blocks/0/text/text]"),
    ([section("")], "must be more than 0 characters"),
    ([{"type": "section"}], "missing required field: text"),
    ([{"type": "section", "fields": [marked("x")] * 11}], "no more than 10 items"),
    ([{"type": "section", "fields": [marked("x" * 2001)]}], "/blocks/0/fields/0/text"),
    ([{"type": "header", "text": plain("x" * 151)}], "less than 151"),
    ([{"type": "header", "text": marked("x")}], "must be a plain_text object"),
    ([{"type": "context", "elements": [marked("x")] * 11}], "no more than 10 items"),
    ([{"type": "context", "elements": []}], "at least one item"),
    ([actions(*(button(action_id=f"a{n}") for n in range(26)))], "no more than 25 items"),
    ([actions()], "at least one item"),
    ([actions(button("x" * 76))], "less than 76"),
    ([actions(button(value="x" * 2001))], "less than 2001"),
    ([actions(button(value=7))], "must be a string"),
    ([actions(button(action_id="x" * 256))], "less than 256"),
    ([actions(button(), button())], "action_id a already exists"),
    ([actions(button(style="loud"))], "primary or danger"),
    ([actions(button(callback="x"))], "invalid additional property: callback"),
    ([actions(button(), block_id="b"), actions(button(), block_id="b")], "block_id b already exists"),
    ([actions(choice(*(f"o{n}" for n in range(101))))], "no more than 100 items"),
    ([actions(choice("x" * 76))], "less than 76"),
    ([actions(choice("x", value="x" * 151))], "less than 151"),
    ([actions(choice("x", placeholder=plain("x" * 151)))], "less than 151"),
    (
        [actions(choice("x", initial_option={"text": plain("y"), "value": "y"}))],
        "one of the provided options",
    ),
    ([actions({"type": "plain_text_input", "action_id": "a"})], "unsupported type: plain_text_input"),
    ([{"type": "divider"}] * 51, "no more than 50 items"),
    ([{"type": "markdown", "text": ""}], "non-empty string"),
    ([{"type": "image", "image_url": "https://example.org/a.png"}], "alt_text"),
    ([{"type": "song"}], "unsupported type: song"),
    (["words"], "unsupported type: "),
    ({"type": "divider"}, "must be an array"),
]


@pytest.mark.parametrize("blocks", AT_THE_LIMIT, ids=range(len(AT_THE_LIMIT)))
async def test_blocks_at_the_limit_are_taken(web, work, blocks) -> None:
    assert problems_of(blocks) == []
    await web.chat_postMessage(channel=work.channel_id, text="t", blocks=blocks, **QUIET)


@pytest.mark.parametrize(("blocks", "why"), OVER_IT, ids=range(len(OVER_IT)))
def test_blocks_over_it_are_refused_with_a_pointer(blocks, why) -> None:
    (first, *_) = problems_of(blocks)

    assert why in first
    assert re.search(r"\[json-pointer:/blocks[\w/]*\]$", first)


ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(MEMBERS) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
KINDS = st.sampled_from(
    ["section", "actions", "context", "header", "input", "rich_text", "table", "image", "markdown"]
)
BLOCK = st.builds(
    lambda kind, rest: rest | {"type": kind}, KINDS, st.dictionaries(st.sampled_from(MEMBERS), ANY)
)


@settings(max_examples=60, deadline=None)
@given(st.lists(BLOCK | ANY, max_size=3) | ANY)
def test_whatever_is_sent_as_blocks_is_judged(blocks) -> None:
    for problem in (
        *problems_of(blocks),
        *view_problems({"type": "modal", "blocks": blocks}),
        *view_problems(blocks),
    ):
        assert "[json-pointer:/" in problem
    assert isinstance(sum(len(text) for text, _ in texts_of(blocks)), int)


async def test_invalid_blocks_are_told_in_messages(web, work) -> None:
    error = await refusal_of(
        web.chat_postMessage(channel=work.channel_id, text="t", blocks=[section("x" * 3001)])
    )

    assert error.response["error"] == "invalid_blocks"
    assert error.response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 3001 characters [json-pointer:/blocks/0/text/text]"
    ]


async def test_markdown_is_12_000_characters_in_all(web, work) -> None:
    whole = {"type": "markdown", "text": "x" * 6000}
    await web.chat_postMessage(channel=work.channel_id, text="t", blocks=[whole, whole], **QUIET)

    with refused("msg_blocks_too_long"):
        rest = {"type": "markdown", "text": "x" * 6001}
        await web.chat_postMessage(channel=work.channel_id, text="t", blocks=[whole, rest], **QUIET)


async def test_a_text_is_40_000_characters_and_4_000_after_an_edit(web, slack, work) -> None:
    posted = await web.chat_postMessage(channel=work.channel_id, text="x" * 4000, **QUIET)
    assert slack.checks() == []
    await web.chat_postMessage(channel=work.channel_id, text="x" * 40_000, **QUIET)
    assert slack.checks() == ["chat.postMessage to C0000WORK has a text of over 4000"]

    with refused("msg_too_long"):
        await web.chat_postMessage(channel=work.channel_id, text="x" * 40_001, **QUIET)
    with refused("msg_too_long"):
        await web.chat_update(channel=work.channel_id, ts=posted["ts"], text="x" * 4001)
    with refused("no_text"):
        await web.api_call("chat.postMessage", json={"channel": work.channel_id, "text": ""})


async def test_markdown_text_is_a_markdown_block_of_its_own(web, sara, work) -> None:
    await web.chat_postMessage(channel=work.channel_id, markdown_text="**half** way", **QUIET)
    assert sara.heard(work)[0].text == "half way"

    with refused("markdown_text_conflict"):
        await web.chat_postMessage(channel=work.channel_id, markdown_text="x", text="x", **QUIET)
    with refused("msg_too_long"):
        await web.chat_postMessage(channel=work.channel_id, markdown_text="x" * 12_001, **QUIET)


@pytest.mark.parametrize(
    ("metadata", "word"),
    [
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "peerline", "event_payload": "x"}, "invalid_metadata_schema"),
        ({"event_type": "peerline", "event_payload": {"x": "x" * 16_000}}, "metadata_too_large"),
    ],
)
async def test_metadata_has_a_type_and_a_payload_of_a_size(web, work, metadata, word) -> None:
    with refused(word):
        await web.chat_postMessage(channel=work.channel_id, text="t", metadata=metadata, **QUIET)


MODAL = {"type": "modal", "title": plain("Ask"), "blocks": [section("words")]}
INPUT = {"type": "input", "label": plain("what?"), "element": {"type": "plain_text_input", "action_id": "w"}}


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"title": plain("x" * 25)}, "less than 25 characters [json-pointer:/view/title/text]"),
        ({"title": None}, "must be a plain_text object [json-pointer:/view/title]"),
        ({"submit": plain("x" * 25)}, "[json-pointer:/view/submit/text]"),
        ({"private_metadata": "x" * 3001}, "less than 3001 characters [json-pointer:/view/private_metadata]"),
        ({"callback_id": "x" * 256}, "less than 256 characters"),
        (
            {"blocks": [{"type": "divider"}] * 101},
            "no more than 100 items allowed [json-pointer:/view/blocks]",
        ),
        ({"blocks": [INPUT]}, "missing required field: submit"),
        ({"blocks": [{"type": "markdown", "text": "no"}]}, "unsupported type: markdown"),
        ({"blocks": None}, "must be an array"),
        ({"color": "red"}, "invalid additional property: color"),
        ({"type": "poster"}, "must be a modal or a home"),
    ],
)
def test_a_view_that_slack_would_not_show_is_refused(more, why) -> None:
    assert any(why in each for each in view_problems(MODAL | more))
    assert (
        view_problems(MODAL | {"submit": plain("x" * 24), "title": plain("x" * 24), "blocks": [INPUT]}) == []
    )


async def test_a_trigger_is_good_for_a_while_and_a_hash_for_one_change(sara) -> None:
    async with SlackEmulator(patience=Patience(trigger_s=0.05)) as slack:
        sara, web = slack.person("U0000SARA", "Sara"), client_at(slack)
        tap = sara.shortcut("ask")
        view = (await web.views_open(trigger_id=tap.trigger_id, view=MODAL))["view"]
        await web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
        with refused("hash_conflict"):
            await web.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
        sara.closes(await sara.sees_modal("words"))
        with refused("not_found"):
            await web.views_update(view_id=view["id"], view=MODAL)
        with refused("invalid_trigger_id"):
            await web.views_open(trigger_id="1.2.3", view=MODAL)

        slow = sara.shortcut("ask")
        assert await slow.ended() is False
        slack.world.grants[slow.trigger_id].until = 0
        with refused("expired_trigger_id"):
            await web.views_open(trigger_id=slow.trigger_id, view=MODAL)


async def test_a_response_url_is_good_for_five_answers(slack, sara, work) -> None:
    tap = sara.slash("/peerline", "peers", channel=work)
    async with aiohttp.ClientSession() as session:
        for n in range(5):
            async with session.post(tap.response_url, json={"text": f"no {n}"}) as answer:
                assert (answer.status, await answer.text()) == (200, "ok")
        async with session.post(tap.response_url, json={"text": "no 5"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (404, "used_url")

    assert [message.only_for for message in sara.heard(work)] == [sara.user.user_id] * 5


async def test_an_upload_is_of_the_size_that_was_announced_and_used_once(slack, web, sara, work) -> None:
    asked = await web.files_getUploadURLExternal(filename="a.txt", length=3)
    async with aiohttp.ClientSession() as session:
        for content, status in ((b"four", 400), (b"abc", 200)):
            async with session.post(asked["upload_url"], data=content) as answer:
                assert answer.status == status
    files = [{"id": asked["file_id"], "title": "A"}]
    with refused("invalid_channel"):
        await web.files_completeUploadExternal(files=files, channel_id="CNOWHERE")
    await web.files_completeUploadExternal(files=files, channel_id=work.channel_id)
    with refused("file_not_found"):
        await web.files_completeUploadExternal(files=files, channel_id=work.channel_id)

    shares = (await web.files_info(file=asked["file_id"]))["file"]["shares"]
    assert shares["public"][work.channel_id][0]["ts"] == sara.heard(work)[0].ts


async def test_who_reads_a_json_body_and_who_does_not(slack, web, work) -> None:
    headers = {"Authorization": f"Bearer {slack.tokens.bot}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for method, word in (("conversations.info", "channel_not_found"), ("chat.postMessage", "no_text")):
            async with session.post(f"{slack.root}{method}", json={"channel": work.channel_id}) as answer:
                assert (await answer.json())["error"] == word
        async with session.post(
            f"{slack.root}chat.postMessage", data="{", headers={"Content-Type": "application/json"}
        ) as answer:
            assert (await answer.json())["error"] == "invalid_json"
        async with session.post(f"{slack.root}chat.sing") as answer:
            assert (await answer.json())["error"] == "unknown_method"


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("<!channel> all", ["<!channel>"]),
        ("<@U0000EVE> and <#C0000WORK|work>", ["<@U0000EVE>", "<#C0000WORK|work>"]),
        ("<!subteam^S0000OPS|ops>", ["<!subteam^S0000OPS|ops>"]),
        ("`<!here>`", ["<!here>"]),
        ("&lt;!channel&gt; @channel <https://example.org|here>", []),
        ("Vec<String> a<b <!-- c -->", []),
    ],
)
def test_a_mention_is_live_unless_escaped(text, mentions) -> None:
    assert live(text) == mentions


def test_a_shout_is_live_where_names_are_parsed_and_a_backslash_helps_in_markdown() -> None:
    assert live("mail@here.org @here", parsed=True) == ["@here"]
    assert live(r"\<!here>", markdown=True) == []
    assert live(r"\<!here>") == ["<!here>"]


async def test_a_live_mention_in_a_post_is_remembered(slack, web, work) -> None:
    await web.chat_postMessage(channel=work.channel_id, text="<!channel>", **QUIET)
    await web.chat_postMessage(
        channel=work.channel_id, text="t", blocks=[{"type": "markdown", "text": "hi <@U0000SARA>"}], **QUIET
    )
    await web.chat_postMessage(
        channel=work.channel_id, text="t", blocks=[actions(button("<!here>"))], **QUIET
    )

    assert slack.checks() == [
        "chat.postMessage to C0000WORK calls <!channel>",
        "chat.postMessage to C0000WORK calls <@U0000SARA>",
    ]


def test_marks_are_read_as_people_read_them() -> None:
    assert seen("&lt;T&gt; <https://example.org|there> <!here> &amp;amp;") == "<T> there @here &amp;"
    assert seen_markdown("# A\n\n* b `c`\n* [d](https://example.org)\n\n| e | f |\n|---|---|\n| g | h |") == (
        "A\nb c\nd\ne\nf\ng\nh"
    )
    assert limits.SOCKETS == 10
