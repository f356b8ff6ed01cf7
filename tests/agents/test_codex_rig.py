"""What is Codex's alone: hooks that nobody looked at, and the daemon that its terminals share."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.agents.codex import REVIEW, UNREVIEWED, Codex, HookTap, codex_binary, write_settings
from tests.agents.codex_server import hooks_of, trust_hooks
from tests.agents.real_agent import REPOSITORY
from tests.emulators.model_api import ModelApi

pytestmark = pytest.mark.thorough


@pytest.fixture
async def model() -> AsyncIterator[ModelApi]:
    codex_binary()
    async with ModelApi() as model:
        yield model


@pytest.fixture
def elsewhere() -> Iterator[Path]:
    """A folder outside of the temporary ones: in those Codex starts no daemon."""
    (REPOSITORY / "build").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="codex-", dir=REPOSITORY / "build") as folder:
        yield Path(folder)


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


async def test_with_the_shared_daemon_the_second_terminal_wears_the_pane_of_the_first(
    elsewhere: Path, model: ModelApi
) -> None:
    home, cwd = elsewhere / "home", elsewhere / "project"
    cwd.mkdir()
    tap = HookTap(home, elsewhere / "taps", ("UserPromptSubmit",))
    write_settings(home, cwd, model.url, shared_daemon=True)
    await trust_hooks(home, cwd)
    places = (home, cwd, model.url, _socket(), "codex")
    async with Codex(*places, shared_daemon=True) as first, Codex(*places, shared_daemon=True) as second:
        for agent, words in ((first, "said by the first"), (second, "said by the second")):
            await agent.type(words)
            await agent.until_shown(f"stub: {words}")
            await agent.until_idle()
        assert first.pane != second.pane
    seen = tap.seen("UserPromptSubmit")
    assert [each["payload"]["prompt"] for each in seen] == ["said by the first", "said by the second"]
    assert {each["environment"]["TMUX_PANE"] for each in seen} == {first.pane}
    assert len({each["payload"]["session_id"] for each in seen}) == 2


async def test_a_switched_off_daemon_leaves_each_terminal_its_own_pane(
    elsewhere: Path, model: ModelApi
) -> None:
    home, cwd = elsewhere / "home", elsewhere / "project"
    cwd.mkdir()
    tap = HookTap(home, elsewhere / "taps", ("UserPromptSubmit",))
    places = (home, cwd, model.url, _socket(), "codex")
    async with Codex(*places, args=(UNREVIEWED,)) as first, Codex(*places, args=(UNREVIEWED,)) as second:
        for agent, words in ((first, "said by the first"), (second, "said by the second")):
            await agent.type(words)
            await agent.until_shown(f"stub: {words}")
            await agent.until_idle()
    panes = [each["environment"]["TMUX_PANE"] for each in tap.seen("UserPromptSubmit")]
    assert panes == [first.pane, second.pane]


def _socket() -> str:
    return f"codex-{os.getpid()}"
