"""``peerline hooks``: written once, told truly, taken out again to the byte."""

from __future__ import annotations

from pathlib import Path

from tests.scenarios.house import House

SETTINGS = """{
    "permissions": { "allow": ["Bash(ls)"] },
    "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "say done"}]}]}
}
"""


async def test_installing_twice_changes_no_byte_and_uninstalling_restores(house: House) -> None:
    folder = house.user / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text(SETTINGS)
    before = contents(house.user)

    first = await house.cli("hooks", "install")
    installed = contents(house.user)
    second = await house.cli("hooks", "install")
    assert (first.code, second.code) == (0, 0)
    assert "settings.json" in first.out
    assert second.out == "nothing to change\n"
    assert contents(house.user) == installed != before
    assert '"say done"' in (folder / "settings.json").read_text()

    gone = await house.cli("hooks", "uninstall")
    assert gone.code == 0
    assert contents(house.user) == before


async def test_status_and_a_dry_run_tell_and_write_nothing(house: House) -> None:
    (house.user / ".claude").mkdir()
    before = contents(house.user)
    dry = await house.cli("hooks", "install", "--dry-run")
    assert "+" in dry.out
    assert "UserPromptSubmit" in dry.out
    assert await installed(house) is False
    assert contents(house.user) == before

    await house.cli("hooks", "install")
    assert await installed(house) is True
    await house.cli("hooks", "uninstall")
    assert await installed(house) is False


async def test_without_any_agent_installing_says_which_are_known(house: House) -> None:
    told = await house.cli("hooks", "install")
    assert told.code == 2
    assert "claude-code" in told.err


async def test_settings_that_are_no_json_are_left_alone(house: House) -> None:
    folder = house.user / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text("{ not json")
    before = contents(house.user)
    told = await house.cli("hooks", "install")
    assert told.code == 2
    assert "settings.json" in told.err
    assert contents(house.user) == before


async def installed(house: House) -> bool:
    [told] = (await house.cli("hooks", "status", "--json")).json["agents"]
    assert told["agent"] == "claude-code"
    return bool(told["installed"])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
