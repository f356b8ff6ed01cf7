"""An idle agent is woken by the newest hook that waits in its background, and by no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from daemon.core.rules.frame import framed
from daemon.transports import wake as module
from daemon.transports.interface import Carried, Gone
from daemon.transports.wake import PROOF_WITHIN, PROOFS_WITHIN, Wake
from tests.transports.parcels import parcel, session

PATIENCE_S = 10.0
Alive = Callable[[], bool]


@pytest.fixture
def wake(monkeypatch: pytest.MonkeyPatch) -> Wake:
    monkeypatch.setattr(module, "LOOK_S", 0.01)
    return Wake()


def lives() -> bool:
    return True


async def waiting(
    wake: Wake, session_id: str = "s", seconds: float = PATIENCE_S, alive: Alive = lives
) -> asyncio.Task[str]:
    before = asyncio.get_running_loop().create_task(wake.wait(session_id, seconds, alive))
    async with asyncio.timeout(PATIENCE_S):
        while not wake.waits(session_id):
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    return before


async def carried(wake: Wake, text: str = "how far?", session_id: str = "s") -> Carried | Gone:
    outcome = await wake.carry(parcel(text), session(session_id=session_id), again=False)
    assert isinstance(outcome, Carried | Gone)
    return outcome


async def test_what_waits_is_given_the_message_and_the_proof_is_its_prompt(wake: Wake) -> None:
    hook = await waiting(wake)

    assert await carried(wake) == Carried(PROOF_WITHIN)
    assert await hook == framed(parcel("how far?"))
    assert not wake.waits("s")


async def test_where_nothing_waits_another_road_is_wanted(wake: Wake) -> None:
    assert isinstance(await carried(wake), Gone)


async def test_one_hook_wakes_once(wake: Wake) -> None:
    hook = await waiting(wake)
    await carried(wake, "one")

    assert isinstance(await carried(wake, "two"), Gone)
    assert "one" in await hook
    assert isinstance(await carried(wake, "two"), Gone)


async def test_of_several_only_the_newest_waits_and_the_others_are_let_go(wake: Wake) -> None:
    hooks = [await waiting(wake)]
    for _ in range(3):
        hooks.append(await waiting(wake))
        async with asyncio.timeout(PATIENCE_S):
            assert await hooks[-2] == ""
    await carried(wake)

    assert await hooks[-1] == framed(parcel("how far?"))


async def test_sessions_are_woken_each_for_itself(wake: Wake) -> None:
    one, two = await waiting(wake, "s"), await waiting(wake, "t")
    await carried(wake, "to t", "t")

    assert "to t" in await two
    assert not one.done()
    wake.disturb("s")
    assert await one == ""


async def test_a_hook_that_is_gone_is_given_nothing(wake: Wake) -> None:
    there = True
    hook = await waiting(wake, alive=lambda: there)
    there = False

    assert isinstance(await carried(wake), Gone)
    async with asyncio.timeout(PATIENCE_S):
        assert await hook == ""
    assert not wake.waits("s")


async def test_a_hook_whose_time_is_up_is_let_go(wake: Wake) -> None:
    async with asyncio.timeout(PATIENCE_S):
        assert [await wake.wait("s", seconds, lives) for seconds in (0.05, 0.0, -1.0)] == ["", "", ""]
    assert isinstance(await carried(wake), Gone)


async def test_letting_go_is_harmless_where_nothing_waits_and_after_a_message(wake: Wake) -> None:
    wake.disturb("s")
    hook = await waiting(wake)
    await carried(wake)
    wake.disturb("s")

    assert await hook == framed(parcel("how far?"))


async def test_a_long_message_arrives_whole(wake: Wake) -> None:
    hook = await waiting(wake)
    await carried(wake, "x" * 60_000)

    assert "x" * 60_000 in await hook


async def test_a_slow_agent_is_given_longer_to_show_that_it_took_it(wake: Wake) -> None:
    await waiting(wake)
    taken = await wake.carry(parcel("hi"), session(session_id="s", backend="opencode"), again=False)
    assert taken == Carried(PROOFS_WITHIN["opencode"])
    assert PROOFS_WITHIN["opencode"] > PROOF_WITHIN
