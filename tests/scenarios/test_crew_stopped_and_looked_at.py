"""Stopped from the terminal, followed, watched and looked at: what holds for one kind of agent holds for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.emulators.model_api import Rule, Runs, Says, Script
from tests.errands.repository import Repository
from tests.scenarios.crew import ALL, HELLO, PATIENCE_S, Crew, crew

pytestmark = pytest.mark.thorough


@pytest.fixture
async def together() -> AsyncIterator[Crew]:
    """One of each, which may run what it wants, in a repository of its own."""
    async with crew(ALL, freely=True) as together:
        yield together


def goes_round(name: str) -> Rule:
    """Its first call; each call leaves a line in its folder."""
    return Rule(f"go round, {name}", Runs("echo once more, o | tee -a count.txt"))


# No two calls alike: at the fifth in a row Gemini CLI would end the turn itself, as a loop.
ROUND = Rule("once more, (o+)", Runs("echo once more, {1}o | tee -a count.txt"), after=0.2)
ENDS = Rule("stopped by", Says("**I end** here"))


def rounds(together: Crew, name: str) -> int:
    path = together.agents[name].cwd / "count.txt"
    return len(path.read_text().splitlines()) if path.exists() else 0


async def test_after_a_stop_from_the_terminal_nothing_follows_the_call_that_runs_and_all_that_is_looked_at_is_shown(
    together: Crew,
) -> None:
    for agent in together.agents.values():
        has_history(agent.cwd)
    together.model.script = Script((ENDS, *map(goes_round, together.agents), ROUND, HELLO))
    for name in together.agents:
        together.ada.says(f"/follow {name}")
        await together.ada.sees(f"following {name}", within=PATIENCE_S)
        together.ada.says(f"/watch {name}")
        await together.ada.sees(f"watching {name}", within=PATIENCE_S)
    await stopped_in_their_loops(together)
    for name in together.agents:
        await is_shown_to_have_ended(together, name)
        await can_be_looked_at(together, name)


async def stopped_in_their_loops(together: Crew) -> None:
    async def goes(name: str) -> None:
        await together.prompted(name, f"go round, {name}")
        await together.agents[name].until(lambda: rounds(together, name) >= 2, "to go round", PATIENCE_S)

    await together.each(goes)
    at_the_stop: dict[str, int] = {}
    async with together.house.terminal("chat") as screen:
        await together.house.joined("console")
        for name in together.agents:
            screen.type(f"/stop {name}")
            await screen.shows(f"stopping {name}")
            at_the_stop[name] = rounds(together, name)

    async def ends(name: str) -> None:
        await together.until(name, turn_state="idle")
        assert rounds(together, name) <= at_the_stop[name] + 1

    await together.each(ends)


async def is_shown_to_have_ended(together: Crew, name: str) -> None:
    """By the one message that showed how it got on, and by a message of its own."""
    await together.ada.sees_screen(
        lambda screen: any(f"dev/{name} is done" in m.text for m in screen), within=PATIENCE_S
    )
    told = await together.ada.sees(
        lambda m: f"{name} is done" in m.text and "I end here" in m.text, within=PATIENCE_S
    )
    assert not told.silent


async def can_be_looked_at(together: Crew, name: str) -> None:
    ada = together.ada
    ada.says(f"/peek {name}")
    await ada.sees(lambda m: f"{name} is idle since" in m.text and "I end here" in m.text, within=PATIENCE_S)
    ada.says(f"/diff {name}")
    await ada.sees(lambda m: f"{name} on main" in m.text and "a.py" in m.labels, within=PATIENCE_S)
    ada.says(f"/get @{name} of-it.txt")
    await ada.sees(f"only in {name}", within=PATIENCE_S)


def has_history(folder: Path) -> None:
    repository = Repository(folder, commit=False)
    repository.write("a.py", "one\n")
    repository.commit("begun")
    repository.write("a.py", "two\n")
    repository.write("of-it.txt", f"only in {folder.name}\n")
