"""The shim as a channel: what the daemon says of its own accord goes out between the answers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fakes.client import Mesh
from tests.mcp_server.house import House, Json, ShimProcess

NUDGE = {
    "jsonrpc": "2.0",
    "method": "notifications/claude/channel",
    "params": {"content": "ä word", "meta": {}},
}


async def begun(shim: ShimProcess) -> Json:
    hello: Json = (await shim.initialize())["result"]
    shim.write({"method": "notifications/initialized"})
    return hello


async def until(holds: Callable[[], Any]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def test_it_says_that_it_is_a_channel_beside_all_that_it_is(house: House) -> None:
    async with ShimProcess(house.socket, "--channels") as shim, ShimProcess(house.socket) as other:
        channel, plain = await begun(shim), await begun(other)

    assert channel["capabilities"].pop("experimental") == {"claude/channel": {}}
    assert channel == plain


async def test_it_denies_the_protocol_whose_servers_are_no_channels(house: House) -> None:
    async with ShimProcess(house.socket, "--channels") as shim:
        found = await shim.answer(shim.ask("server/discover"))
        me = (await begun(shim))["serverInfo"]["name"]

    assert found["error"]["code"] == -32601
    assert me == "peerline"


async def test_what_the_daemon_says_comes_out_as_it_is_and_breaks_no_answer(house: House, mesh: Mesh) -> None:
    async with ShimProcess(house.socket, "--channels", "--name", "ada") as shim:
        await begun(shim)
        calls = [shim.call("whoami") for _ in range(40)]
        for _ in range(20):
            await house.says(NUDGE)
        said = [await shim.read() for _ in range(60)]

    assert [one for one in said if "id" not in one] == [NUDGE] * 20
    assert sorted(one["id"] for one in said if "id" in one) == sorted(calls)


async def test_it_listens_again_when_the_daemon_is_back(house: House) -> None:
    async with ShimProcess(house.socket, "--channels") as shim:
        await begun(shim)
        await house.says(NUDGE)
        assert await shim.read() == NUDGE
        await house.stop()
        await house.start()
        await house.says({**NUDGE, "params": {"content": "again"}})
        assert (await shim.read())["params"]["content"] == "again"


async def test_who_is_refused_asks_no_more_and_works_on(house: House) -> None:
    house.refused = 1
    async with ShimProcess(house.socket, "--channels") as shim:
        await begun(shim)
        await until(lambda: "channel" in house.doing)
        assert (await shim.told("whoami"))["name"] == "ada"

    assert house.doing.count("channel") == 1


async def test_without_the_option_nothing_stands_open(house: House) -> None:
    async with ShimProcess(house.socket) as shim:
        await begun(shim)
        await shim.told("whoami")

    assert "channel" not in house.doing


async def test_a_client_that_is_gone_ends_it_at_once(house: House) -> None:
    async with ShimProcess(house.socket, "--channels") as shim:
        await begun(shim)
        await until(lambda: house.channels)
        assert await shim.end() == (0, "")


async def test_an_option_that_it_has_not_is_refused_with_those_it_has(socket: Path) -> None:
    async with ShimProcess(socket, "--chanels") as shim:
        code, words = await shim.end()

    assert code == 2
    assert "--channels" in words


async def test_a_client_that_says_twice_that_it_is_ready_is_told_everything_once(house: House) -> None:
    async with ShimProcess(house.socket, "--channels") as shim:
        await begun(shim)
        shim.write({"method": "notifications/initialized"})
        await house.says(NUDGE)
        assert await shim.read() == NUDGE
        await shim.told("whoami")

    assert house.doing.count("channel") == 1
