"""What is Codex's alone: hooks that nobody looked at, and the daemon that its terminals share."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.agents.codex import REVIEW, Codex, HookTap, codex_binary, write_settings
from tests.agents.codex_server import end_daemon, hooks_of, trust_hooks
from tests.emulators.model_api import ModelApi

pytestmark = pytest.mark.thorough


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    codex_binary()
    async with ModelApi() as model:
        yield model


async def test_hooks_that_nobody_looked_at_stand_in_the_way_until_they_are_trusted(
    tmp_path: Path, model: ModelApi
) -> None:
    home = tmp_path / "home"
    tap = HookTap(home, tmp_path / "taps", ("UserPromptSubmit", "Stop"))
    rig = Codex(home, tmp_path, model.url, _socket(), "codex")
    with pytest.raises(pytest.fail.Exception, match=REVIEW):
        async with rig:
            pass
    assert {each["trustStatus"] for each in await hooks_of(home, tmp_path)} == {"untrusted"}
    assert len(await trust_hooks(home, tmp_path)) == 2
    assert {each["trustStatus"] for each in await hooks_of(home, tmp_path)} == {"trusted"}
    async with Codex(home, tmp_path, model.url, _socket(), "codex") as agent:
        await agent.type("what is up")
        await agent.until_shown("stub: what is up")
        await agent.until_idle()
    assert [each["event"] for each in tap.seen()] == ["UserPromptSubmit", "Stop"]


@pytest.mark.parametrize(("shared_daemon", "panes_seen"), [(True, 1), (False, 2)])
async def test_the_second_terminal_wears_the_pane_of_the_first_exactly_with_the_shared_daemon(
    tmp_path: Path, model: ModelApi, shared_daemon: bool, panes_seen: int
) -> None:
    home, cwd = tmp_path / "home", tmp_path / "project"
    cwd.mkdir()
    tap = HookTap(home, tmp_path / "taps", ("UserPromptSubmit",))
    write_settings(home, cwd, model.url, shared_daemon=shared_daemon)
    await trust_hooks(home, cwd)  # without a look at hooks (UNREVIEWED) there is no daemon either
    places = (home, cwd, model.url, _socket(), "codex")
    async with (
        Codex(*places, shared_daemon=shared_daemon) as first,
        Codex(*places, shared_daemon=shared_daemon) as second,
    ):
        for agent, words in ((first, "said by the first"), (second, "said by the second")):
            await agent.type(words)
            await agent.until_shown(f"stub: {words}")
            await agent.until_idle()
    await end_daemon(home)
    seen = tap.seen("UserPromptSubmit")
    assert [each["payload"]["prompt"] for each in seen] == ["said by the first", "said by the second"]
    assert len({each["payload"]["session_id"] for each in seen}) == 2
    panes = [each["environment"]["TMUX_PANE"] for each in seen]
    assert (panes[0], len(set(panes))) == (first.pane, panes_seen)


def _socket() -> str:
    return f"codex-{os.getpid()}"
