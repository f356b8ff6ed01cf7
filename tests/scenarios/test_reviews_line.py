"""Reviews of a real repository: asked for by tools and the command line, judged by agents, people and the owner."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.emulators.slack import SlackEmulator
from tests.emulators.telegram import Person
from tests.errands.repository import Repository
from tests.scenarios.house import (
    LOOK_S,
    PATIENCE_S,
    SLACK_ADA,
    House,
    Json,
    called,
    slack_of,
)

STEPS = ["errands.found", "errands.told", "store.committed:1", "store.committed:2", "store.committed:3"]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "app")
    made.git("checkout", "-q", "-b", "feature")
    made.write("b.py", "new\n")
    made.commit("a feature")
    return made


def head(repository: Repository) -> str:
    return repository.git("rev-parse", "feature").strip()


def more(repository: Repository) -> str:
    repository.write("b.py", "newer\n")
    repository.commit("more")
    return head(repository)


async def stands(house: House, wanted: str) -> Json:
    """The one review, once it is in that state."""
    told: Json = {}
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                [told] = (await house.daemon.client().review_queue("*", over=True))["reviews"]
                if told["state"] == wanted:
                    return told
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise AssertionError(f"not {wanted}: {told}\n{house.daemon.log}") from None


async def refused(client: Any, tool: str, **arguments: Any) -> str:
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    return str(result.content[0].text)


async def asked_of(client: Any, repository: Repository, reviewer: str) -> Json:
    return await called(client, "request_review", what=f"{repository.folder}#feature", reviewer=reviewer)


async def test_agents_review_for_each_other_by_their_tools(house: House, repository: Repository) -> None:
    await house.start()
    async with house.mcp("api") as api, house.mcp("web") as web:
        await called(web, "whoami")
        asked = await asked_of(api, repository, "web")
        assert (asked["state"], asked["submitted_sha"]) == ("pending", head(repository))
        [message] = (await called(web, "check_messages"))["messages"]
        assert asked["review_id"] in message["text"]
        [owed] = (await called(web, "review_queue"))["reviews"]
        assert (owed["review_id"], owed["next"]) == (asked["review_id"], "web reviews it")

        first, second = head(repository), more(repository)
        verdict = {"review": asked["review_id"], "verdict": "changes-requested", "note": "why?"}
        assert second in await refused(web, "mark_reviewed", sha=first, **verdict)
        assert (await called(web, "mark_reviewed", sha=second[:9], **verdict))["state"] == "changes-requested"
        assert "why?" in (await called(api, "check_messages"))["messages"][0]["text"]
        assert "own work" in await refused(
            api, "request_review", what=f"{repository.folder}#feature", reviewer="api"
        )


async def test_when_the_head_moves_it_is_reviewed_again_until_it_is_merged(
    house: House, repository: Repository
) -> None:
    await house.start()
    async with house.mcp("api") as api, house.mcp("web") as web:
        await called(web, "whoami")
        asked = await asked_of(api, repository, "web")
        await called(web, "mark_reviewed", review=asked["review_id"], verdict="changes-requested")
        second = more(repository)
        [stale] = (await called(api, "review_queue"))["reviews"]
        assert (stale["state"], stale["head_sha"]) == ("changed-since-review", second)
        again = await asked_of(api, repository, "web")
        assert (again["review_id"], again["submitted_sha"]) == (asked["review_id"], second)
        await called(web, "ack", ask_id=again["ask_id"], option="approved", message="better")
        assert (await stands(house, "approved"))["verdicts"][-1]["note"] == "better"

        repository.git("checkout", "-q", "main")
        repository.git("merge", "-q", "feature")
        assert (await stands(house, "merged"))["next"] == "nothing: it is merged"
        assert (await called(web, "review_queue"))["reviews"] == []


async def test_the_command_line_asks_and_lists_and_only_the_owner_marks(
    house: House, repository: Repository
) -> None:
    await house.start()
    async with house.mcp("web") as web:
        await called(web, "whoami")
        request = ("review", "request", str(repository.folder), "web", "--key", "k", "--json")
        made = (await house.cli(*request)).json
        assert (await house.cli(*request)).json == made
        assert made["author"] == "cli"
        listed = (await house.cli("review", "queue", "--json")).json["reviews"]
        assert [each["review_id"] for each in listed] == [made["review_id"]]
        words = ("review", "mark", made["review_id"], "approved", "--note", "fine")
        assert "not for unverified programs" in (await house.cli(*words)).err
        told = await house.at_terminal(*words, "--sha", head(repository)[:7])
        assert (told.code, "approved at" in told.out) == (0, True)
        assert (await house.cli("review", "request", "/nowhere", "web")).code == 2
        shown = (await house.cli("review", "queue", "--peer", "web")).out
        assert f"{made['review_id']}  approved" in shown
        assert (await house.at_terminal(*words[:3], "changes-requested")).code == 2


async def shown(ada: Person, commit: str) -> Any:
    """The card of a review that is asked of Ada."""
    return await ada.sees(
        lambda each: "Please review" in each.text and commit in each.text, within=PATIENCE_S
    )


async def test_a_person_taps_a_verdict_on_the_phone(
    hosted: House, ada: Person, repository: Repository
) -> None:
    async with hosted.mcp("api") as api:
        await asked_of(api, repository, "telegram")
        ada.taps(await shown(ada, head(repository)), "Changes requested")

        told = await stands(hosted, "changes-requested")
        assert told["verdicts"][-1]["by"] == "ada"
        await ada.sees(lambda each: "is changes-requested at" in each.text, within=PATIENCE_S)


@pytest.mark.thorough
async def test_a_tap_on_what_is_not_the_head_any_more_asks_anew(
    hosted: House, ada: Person, repository: Repository
) -> None:
    async with hosted.mcp("api") as api:
        await asked_of(api, repository, "telegram")
        card, second = await shown(ada, head(repository)), more(repository)
        ada.taps(card, "Approved")

        await ada.sees(lambda each: "does not count" in each.text, within=PATIENCE_S)
        ada.taps(await shown(ada, second), "Approved")
        assert (await stands(hosted, "approved"))["head_sha"] == second


@pytest.mark.thorough
async def test_reviews_are_listed_and_judged_in_the_chat(
    hosted: House, ada: Person, repository: Repository
) -> None:
    async with hosted.mcp("api") as api, hosted.mcp("web") as web:
        await called(web, "whoami")
        asked = await called(api, "request_review", what=f"{repository.folder}#feature", reviewer="web")
        ada.says("/reviews")
        listed = await ada.sees(lambda each: asked["review_id"] in each.text, within=PATIENCE_S)
        ada.taps(listed, listed.labels[0])
        one = await ada.sees(lambda each: "Approved" in each.labels, within=PATIENCE_S)
        ada.taps(one, "Approved")
        assert (await stands(hosted, "approved"))["verdicts"][-1]["by"] == "ada"


@pytest.mark.thorough
async def test_on_slack_it_is_the_same(house: House, slack: SlackEmulator, repository: Repository) -> None:
    ada = slack.person("U0000ADA", "Ada")
    await house.start(**slack_of(slack, SLACK_ADA))
    async with house.mcp("api") as api:
        asked = await called(api, "request_review", what=f"{repository.folder}#feature", reviewer="slack-ada")
        ada.taps(await ada.sees("Please review", within=PATIENCE_S), "Approved")
        assert (await stands(house, "approved"))["review_id"] == asked["review_id"]


@pytest.mark.parametrize(
    "step", [STEPS[0], *(pytest.param(x, marks=pytest.mark.thorough) for x in STEPS[1:])]
)
async def test_a_daemon_that_dies_at_any_step_has_one_verdict(
    house: House, repository: Repository, step: str
) -> None:
    await house.start(crash_at=step)
    async with house.mcp("api") as api, house.mcp("web") as web:
        await called(web, "whoami")
        asked = await called(api, "request_review", what=f"{repository.folder}#feature", reviewer="web")
        house.arm()
        async with asyncio.TaskGroup() as both:
            both.create_task(called(web, "ack", ask_id=asked["ask_id"], option="approved"))
            await house.crashed()
        assert len((await stands(house, "approved"))["verdicts"]) == 1
        told = [each["text"] for each in (await called(api, "check_messages"))["messages"]]
        assert len([each for each in told if "is approved at" in each]) == 1
