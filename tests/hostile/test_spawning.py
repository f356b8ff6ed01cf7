"""Whatever is wished for, only what the config names is started, where it allows it, and nothing is run on the way."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from daemon.starting import ground as where
from tests.scenarios.house import AGENT
from tests.scenarios.yard import Yard, yard

LAUNCHER = Path(where.__file__).with_name("launcher.py")


@pytest.fixture
async def ground() -> AsyncIterator[Yard]:
    async with yard() as made:
        await made.house.start()
        yield made


@pytest.fixture
def canary(ground: Yard) -> Path:
    return ground.house.place / "canary"


def link_out(ground: Yard) -> str:
    outside = ground.house.place / "outside"
    outside.mkdir()
    (ground.folder / "link").symlink_to(outside)
    return str(ground.folder / "link")


def sibling(ground: Yard) -> str:
    beside = ground.folder.with_name(f"{ground.folder.name}s")
    beside.mkdir()
    return str(beside)


OUTSIDE: dict[str, Callable[[Yard], str]] = {
    "a link that leads out": link_out,
    "a name that begins like an allowed one": sibling,
    "dots": lambda ground: f"{ground.make('x')}/../..",
    "our own home": lambda ground: str(ground.house.home),
    "a folder in our own home": lambda ground: str(ground.house.home / "run"),
    "an option": lambda _: "--help",
    "another user's home": lambda _: "~root",
    "a newline": lambda ground: f"{ground.folder}\n/etc",
    "an escape": lambda ground: f"{ground.folder}/\x1b[2J",
    "a folder that is not there": lambda ground: f"{ground.folder}/nowhere",
    "a file": lambda _: str(AGENT),
}


@pytest.mark.parametrize("how", OUTSIDE)
async def test_outside_the_allowed_folders_nobody_is_started(ground: Yard, how: str) -> None:
    told = await ground.new("--", OUTSIDE[how](ground))
    assert told.code == 2, told
    assert (await ground.panes(), await ground.peers()) == ([], [])


async def test_what_tmux_would_run_in_names_of_folders_is_a_name(ground: Yard, canary: Path) -> None:
    folder = ground.make(f"#(touch {str(canary).replace('/', '%')})#{{pid}};touch x")
    hostile = [
        (str(folder), ()),
        (str(ground.make("b")), ("--name", f"#(touch {canary})")),
        (str(ground.make("c")), ("--profile", f"#(touch {canary})")),
        (str(ground.make("d")), ("--backend", f"claude-code;touch {canary}")),
        (str(ground.make("e")), ("--circle", f"#(touch {canary})")),
        (str(ground.make("f")), ("--worktree", f"--upload-pack=touch {canary}")),
    ]
    for path, words in hostile:
        await ground.new(path, *words)
    started = {each["name"]: each["path"] for each in await ground.peers()}
    assert str(folder) in started.values()
    assert len(started) == 2, started  # the first two: names are made plain, all the others are refused
    assert not canary.exists()
    assert not (folder / "x").exists()


async def test_what_whoever_asks_has_in_their_environment_reaches_nobody(ground: Yard, canary: Path) -> None:
    folder, seen = ground.make("worker"), ground.house.place / "seen"
    hook = ground.house.place / "hook.sh"
    hook.write_text(f"touch {canary}\n")
    script = f"import json, os; json.dump(dict(os.environ), open({str(seen)!r}, 'w'))"
    ground.allow(commands={"claude-code": [sys.executable, "-c", script]})
    hostile = {
        "BASH_ENV": str(hook),
        "ENV": str(hook),
        "TMUX": f"{ground.house.place}/other,1,0",
        "TMUX_PANE": "%99",
        "CLAUDECODE": "1",
        "NODE_OPTIONS": f"--require {canary}",
    }
    ground.house._given.update(hostile)
    await ground.new(str(folder))
    environment = json.loads(seen.read_text())
    assert not {"BASH_ENV", "ENV", "CLAUDECODE", "NODE_OPTIONS"} & environment.keys()
    assert environment["TMUX_PANE"] != "%99"
    assert (environment["PEERLINE_NAME"], environment["PEERLINE_CIRCLE"]) == ("worker", "default")
    assert not {name for name in environment if name.startswith("PEERLINE_")} - {
        "PEERLINE_NAME",
        "PEERLINE_CIRCLE",
        "PEERLINE_HOME",
    }
    assert not canary.exists()


async def test_who_is_no_agent_and_at_no_terminal_starts_nobody(ground: Yard) -> None:
    told = await ground.house.cli("peer", "new", str(ground.make("worker")), "--json")
    assert told.code == 2
    assert "is not for unverified programs" in told.out
    assert await ground.panes() == []


@pytest.mark.parametrize("field", ["backend", "profile", "name", "circle", "worktree", "message", "role"])
async def test_what_no_text_can_hold_starts_nobody(ground: Yard, field: str) -> None:
    async with ground.house.mcp("lead") as lead:
        made_plain = field in {"name", "message"}  # of these, what no name or text can hold is left out
        for hostile in ("x" * 300_000, *([] if made_plain else ["a\0b"])):
            result = await lead.call_tool("spawn_peer", {"path": str(ground.folder), field: hostile})
            assert result.is_error, (field, hostile[:10])
    assert await ground.panes() == []


def launched(orders: Path, told: dict[str, object], mode: int = 0o600) -> asyncio.subprocess.Process:
    orders.write_text(json.dumps(told))
    orders.chmod(mode)
    return asyncio.create_subprocess_exec(  # type: ignore[return-value]
        *(sys.executable, "-I", "-S", "-E", str(LAUNCHER), str(orders)), stderr=asyncio.subprocess.PIPE
    )


def orders_for(folder: Path, canary: Path) -> dict[str, object]:
    found = folder.stat()
    return {
        "argv": ["touch", str(canary)],
        "path": str(folder),
        "folder": f"{found.st_dev}:{found.st_ino}",
        "set": {},
        "unset": [],
    }


async def test_a_folder_that_is_another_by_now_is_not_gone_into(tmp_path: Path) -> None:
    real, canary = tmp_path / "real", tmp_path / "canary"
    real.mkdir()
    told = orders_for(real, canary)

    def swapped_by_a_link() -> None:
        real.rename(tmp_path / "away")
        real.symlink_to(tmp_path / "away")

    def swapped_by_another() -> None:
        real.unlink()
        real.mkdir()

    for swap in (swapped_by_a_link, swapped_by_another):
        swap()
        child = await launched(tmp_path / "n-1", told)  # type: ignore[misc]
        _, said = await child.communicate()
        assert child.returncode == 126
        assert b"not started" in said
    assert not canary.exists()


async def test_orders_that_others_can_read_or_that_are_a_link_are_not_taken(tmp_path: Path) -> None:
    canary, link = tmp_path / "canary", tmp_path / "n-2"
    told = orders_for(tmp_path, canary)
    link.symlink_to(tmp_path / "n-1")
    for orders, mode in ((tmp_path / "n-1", 0o644), (link, 0o600)):
        child = await launched(orders, told, mode)  # type: ignore[misc]
        assert await child.wait() == 126
    assert not canary.exists()


async def test_orders_are_taken_once(tmp_path: Path) -> None:
    canary, orders = tmp_path / "canary", tmp_path / "n-1"
    child = await launched(orders, orders_for(tmp_path, canary))  # type: ignore[misc]
    assert await child.wait() == 0
    assert canary.exists()
    assert not orders.exists()
    assert os.path.exists(f"{orders}.taken")  # noqa: PTH110


async def test_twenty_wishes_in_a_minute_meet_the_limits_and_the_line_stays_awake(ground: Yard) -> None:
    ground.allow(live=3, per_minute=4)
    folders = [ground.make(f"w{n}") for n in range(20)]
    async with ground.house.mcp("lead") as lead:

        async def wish(folder: Path) -> str:
            told = (await lead.call_tool("spawn_peer", {"path": str(folder)})).structured_content or {}
            return str(told.get("error", {}).get("code", "started"))

        outcomes = [await wish(each) for each in folders]
    assert sorted(outcomes) == ["started"] * 3 + ["throttled"] * 17
    assert (await ground.house.cli("status", "--json")).code == 0
    assert len(await ground.panes()) <= 3
