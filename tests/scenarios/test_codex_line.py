"""The real Codex as a peer: each question reaches its model once, and its answer is where the question was asked."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.agents.codex import Codex, codex_binary
from tests.emulators.model_api import Calls, ModelApi, Rule, Says, Script
from tests.scenarios.askers import answered, by_cli, by_owner, until_peer
from tests.scenarios.house import House, answers

pytestmark = pytest.mark.thorough
ASKED = r"\[peerline ask (?P<ask>a-\w+) from"
BIG = "\n".join(f"line {n} of nine thousand characters, all of which are handed over" for n in range(135))


@pytest.fixture
async def line() -> AsyncIterator[House]:
    """A running daemon, and trusted hooks where the real Codex will look for them."""
    program = codex_binary()
    async with House(PATH=f"{program.parent}:{os.environ['PATH']}", STUB_KEY="sk-dummy") as house:
        (house.user / ".codex").mkdir()
        await house.start()
        installed = await house.cli("hooks", "install", "--agent", "codex", "--trust")
        assert (installed.code, "codex trusts our" in installed.out) == (0, True), installed
        yield house


def codex(line: House, model: ModelApi, *args: str, folder: str = "backend", **more: Any) -> Codex:
    (line.place / folder).mkdir(exist_ok=True)
    places = (line.user, line.place / folder, model.url, f"codex-line-{os.getpid()}", "dev")
    return Codex(*places, args=args, **more)


@pytest.fixture
async def backend(line: House, model: ModelApi) -> AsyncIterator[Codex]:
    """The real Codex as the peer ``backend`` of circle ``dev``: idle after a first prompt, with which it registers."""
    async with codex(line, model) as agent:
        await greeted(line, agent, "backend")
        yield agent


async def greeted(line: House, agent: Codex, name: str) -> None:
    await agent.type(f"hello {name}")
    await until_peer(line, name, turn_state="idle", status="online")


async def test_a_session_is_a_peer_from_its_first_prompt_on(
    line: House, backend: Codex, model: ModelApi
) -> None:
    found = await until_peer(line, "backend", turn_state="idle")
    assert (found["circle"], found["backend"], found["path"]) == ("dev", "codex", str(backend.cwd))
    assert found["reach"]["road"] == "inbox"


async def test_an_idle_agent_hears_an_ask_once_and_answers(
    line: House, backend: Codex, model: ModelApi
) -> None:
    model.script = Script((Rule("how far", Says("half way")), Rule("and now", Says("done"))))
    told = await line.cli("ask", "backend", "how far?", "--wait", "40", "--json")
    assert (told.code, answers(told.json), told.json["state"]) == (0, ["half way"], "answered")
    told = await line.at_terminal("ask", "backend", "and now?", "--wait", "40", "--json")
    assert (told.code, answers(told.json)) == (0, ["done"])
    assert (model.times_heard("how far?"), model.times_heard("and now?")) == (1, 1)
    assert (await line.why(told.json["ask_id"]))["deliveries"][0]["road"] == "inbox"


async def test_what_comes_in_a_turn_is_handed_out_at_its_end_in_order_and_whole(
    line: House, backend: Codex, model: ModelApi
) -> None:
    rules = (
        Rule("long work", Says("done at last"), gate="work"),
        Rule("first thing", Says("one")),
        Rule("second thing", Says("two")),
        Rule("third thing", Says("three")),
    )
    model.script = Script(rules)
    await backend.type("long work")
    await model.reached("work")
    await line.working("backend")
    asked = [
        await by_cli(line, "first thing"),
        await by_owner(line, f"second thing\n{BIG}"),
        await by_cli(line, "third thing"),
    ]
    assert [model.times_heard(x) for x in ("first thing", "second thing")] == [0, 0]
    await model.open("work")
    assert [await answered(line, each) for each in asked] == [["one"], ["two"], ["three"]]
    assert [model.times_heard(x) for x in ("first thing", BIG, "third thing")] == [1, 1, 1]


async def test_more_than_a_hook_hands_over_comes_once_the_turn_is_over(
    line: House, backend: Codex, model: ModelApi
) -> None:
    model.script = Script(
        (Rule("long work", Says("done"), gate="work"), Rule("huge one", Says("that was long")))
    )
    await backend.type("long work")
    await model.reached("work")
    await line.working("backend")
    huge = f"huge one\n{BIG}\n{BIG}"
    asked = await by_owner(line, huge)
    await model.open("work")
    assert await answered(line, asked) == ["that was long"]
    assert model.times_heard(huge) == 1


async def test_it_asks_another_agent_by_its_tool_without_a_dialog_and_answers_by_tool(
    line: House, backend: Codex, model: ModelApi
) -> None:
    asks = Calls("mcp__peerline__ask_peer", {"peer": "frontend", "question": "which colour?"})
    ack = Calls("mcp__peerline__ack", {"ask_id": "{ask}", "message": "blue"})
    rules = (
        Rule("go and ask", asks, times=1),
        Rule(f"{ASKED}.*\nwhich colour", ack, times=1),
        Rule("blue", Says("it is blue")),
    )
    model.script = Script(rules)
    async with codex(line, model, folder="frontend") as frontend:
        await greeted(line, frontend, "frontend")
        await backend.type("go and ask")
        await backend.until_shown("it is blue")
    assert model.times_heard("\nwhich colour?\n[end #") == 1


async def test_a_start_is_told_of_the_persona_beside_its_first_prompt(
    line: House, backend: Codex, model: ModelApi
) -> None:
    used = await line.at_terminal("orchestrator", "persona", "use", "reviewer", "--peer", "backend")
    assert used.code == 0, used
    await model.hears('your persona is "reviewer"')  # at once, as a message
    await until_peer(line, "backend", turn_state="idle")
    heard = model.times_heard("You review. You change nothing")
    await backend.type("/clear")
    await backend.type("a first prompt")
    await model.hears("a first prompt")
    assert model.times_heard("You review. You change nothing") == heard + 1
