"""The service of a user: written once, started by whoever keeps services, and taken away to the byte."""

from __future__ import annotations

import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.scenarios.house import House

CANARIES = {"PEERLINE_TELEGRAM__BOT_TOKEN": "123:canary", "ANTHROPIC_API_KEY": "sk-canary"}


@pytest.fixture
def keeper(tmp_path: Path) -> Path:
    """Who keeps services, where none may be started: it writes down what it is told."""
    control = tmp_path / "systemctl"
    control.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {tmp_path}/told\n[ ! -e {tmp_path}/fails ]\n')
    control.chmod(control.stat().st_mode | stat.S_IXUSR)
    return tmp_path


@pytest.fixture
async def house(keeper: Path) -> AsyncIterator[House]:
    async with House(PATH=f"{keeper}:{os.environ['PATH']}", **CANARIES) as house:
        yield house


def told(keeper: Path) -> list[str]:
    return (keeper / "told").read_text().splitlines()


async def test_it_is_written_started_looked_at_and_removed(house: House, keeper: Path) -> None:
    unit = house.user / ".config/systemd/user/peerline.service"
    made = await house.cli("service", "install", "--json")
    assert (made.code, made.json["changed"], made.json["running"]) == (0, True, True), made
    assert told(keeper)[:3] == [
        "--user daemon-reload", "--user enable peerline.service", "--user restart peerline.service",
    ]  # fmt: skip
    assert f'Environment="PEERLINE_HOME={house.home}"' in unit.read_text()
    assert "entry.py" in unit.read_text()

    again = await house.cli("service", "install", "--json")
    assert (again.code, again.json["changed"]) == (0, False)
    assert "runs, by systemd" in (await house.cli("service", "status")).out
    assert "peerline logs" in (await house.cli("service", "status")).out

    assert (await house.cli("service", "uninstall")).code == 0
    assert not unit.exists()
    assert "--user disable --now peerline.service" in told(keeper)
    assert "there was none" in (await house.cli("service", "uninstall")).out
    assert "not installed" in (await house.cli("service", "status")).out


async def test_what_does_not_start_is_said_with_what_to_do(house: House, keeper: Path) -> None:
    (keeper / "fails").touch()
    made = await house.cli("service", "install")
    assert made.code == 3
    assert "does not run: systemctl --user daemon-reload" in made.out


async def test_no_secret_of_the_environment_goes_into_a_unit(house: House) -> None:
    made = await house.cli("service", "install")
    assert made.code == 0
    assert "PEERLINE_TELEGRAM__BOT_TOKEN" in made.out
    assert "canary" not in made.out
    assert "canary" not in (house.user / ".config/systemd/user/peerline.service").read_text()


async def test_a_daemon_in_a_terminal_is_not_fought_with(house: House) -> None:
    await house.start()
    made = await house.cli("service", "install")
    assert made.code == 2
    assert "peerline down" in made.err
    assert not (house.user / ".config").exists()


async def test_where_nobody_keeps_services_it_says_what_else(keeper: Path) -> None:
    (keeper / "nobody").mkdir()
    async with House(PATH=str(keeper / "nobody")) as house:
        made = await house.cli("service", "install")
    assert made.code == 2
    assert "tmux" in made.err
