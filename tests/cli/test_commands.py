"""What somebody at the command line is told: who they are there, which peer they mean, and why something is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.scenarios.house import House, called


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A running daemon."""
    async with House() as house:
        await house.start()
        yield house


async def test_nobody_is_locked_out_of_their_terminal_by_forgetting_it(house: House) -> None:
    async with house.mcp("backend"):
        await house.joined("backend")
        assert (await house.at_terminal("notify", "backend", "before")).code == 0
        assert (await house.at_terminal("peer", "forget", "console")).code == 0

        assert (await house.at_terminal("notify", "backend", "after")).code == 0


async def test_a_program_that_chats_is_never_called_the_owner(house: House) -> None:
    async with house.mcp("backend") as backend:
        await house.joined("backend")
        async with house.piped("chat", "--linger", "0") as chat:
            chat.type("@backend hello")
            await chat.rest()

        told = await called(backend, "check_messages")
        [sender] = [each["from_peer"] for each in told["messages"]]
        assert (sender["authority"], sender["person"]) == ("unverified", "")


async def test_one_of_two_peers_of_a_name_is_meant_by_its_circle(house: House) -> None:
    async with house.mcp("backend", "dev"), house.mcp("backend", "ops"):
        await house.joined("backend")
        await house.joined("backend")

        assert (await house.at_terminal("peer", "rename", "backend", "api")).code == 2
        renamed = await house.at_terminal("peer", "rename", "backend", "api", "--circle", "ops")
        assert (renamed.code, renamed.out) == (0, "ops/api\n")
        moved = await house.at_terminal("peer", "move", "api", "lab", "--circle", "ops")
        assert (moved.code, moved.out) == (0, "lab/api\n")


async def test_a_folder_or_circle_cannot_make_a_name_that_reads_as_an_id(house: House) -> None:
    async with house.mcp("p-7k2m9q4x1z", "日本") as odd:
        me = await called(odd, "whoami")
    assert (me["name"], me["circle"]) == ("p-7k2m9q4x1z-1", "default")


async def test_one_does_not_wait_for_less_than_no_time(house: House) -> None:
    async with house.mcp("backend"):
        await house.joined("backend")
        told = await house.cli("ask", "backend", "hello?", "--wait", "-5")
    assert told.code == 2
    assert "--wait" in told.err
    assert (await house.cli("asks", "--json")).json == {"asks": []}


async def test_a_pairing_code_is_not_shown_when_there_is_no_bot(house: House) -> None:
    told = await house.at_terminal("telegram", "pair")
    assert told.code == 2
    assert "telegram start" in told.out


async def test_taking_the_hooks_out_does_not_speak_of_leave_given(house: House) -> None:
    (house.user / ".claude").mkdir()
    assert "without a dialog" in (await house.cli("hooks", "install")).out
    assert "without a dialog" not in (await house.cli("hooks", "uninstall")).out


async def test_practice_names_the_line_of_a_wrong_config(house: House) -> None:
    await house.daemon.stop()
    house.daemon.paths.config.write_text("owner:\n  nme: ada\n")
    told = await house.cli("practice")
    assert told.code == 2
    assert 'config.yaml:2: "owner.nme"' in told.err


async def test_mcp_refuses_an_option_it_does_not_know(house: House) -> None:
    told = await house.cli("mcp", "--nmae", "backend")
    assert (told.code, told.out) == (2, "")
    assert "--name" in told.err
