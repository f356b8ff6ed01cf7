"""A reader of a stream that does not read is cut after ten seconds; they pass here in no time."""

from __future__ import annotations

import asyncio
import select
import socket
import time
from pathlib import Path

from daemon.core import commands as c
from tests.contracts.rig import WHO, Rig, rigged

WITHIN_S = 5.0
MORE_THAN_FITS = 2000  #: events of half a kilobyte: what no socket's buffers take


class Skipping(asyncio.SelectorEventLoop):
    """Its clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


def test_a_reader_that_does_not_read_is_cut(tmp_path: Path) -> None:
    with asyncio.Runner(loop_factory=Skipping) as runner:
        runner.run(_read_by_nobody(tmp_path))


async def _read_by_nobody(home: Path) -> None:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, Skipping)
    async with rigged(home) as rig:
        await _filled(rig)
        with socket.socket(socket.AF_UNIX) as reader:
            reader.connect(str(rig.socket))
            reader.sendall(f"GET /v1/events?after=0 HTTP/1.1\r\nHost: x\r\n{WHO}: owner\r\n\r\n".encode())
            until = time.monotonic() + WITHIN_S
            while not _is_cut(reader):
                assert time.monotonic() < until, "it is waited for"
                loop.ahead += 1.0
                await asyncio.sleep(0.01)


async def _filled(rig: Rig) -> None:
    peer = await rig.agent("backend")
    told = [
        c.DescribePeer(peer_id=peer.peer_id, description=f"{n} {'x' * 490}") for n in range(MORE_THAN_FITS)
    ]
    await rig.engine.handle_all(told)


def _is_cut(line: socket.socket) -> bool:
    """Whether the other end is closed, without reading what lies here."""
    look = select.poll()
    look.register(line, select.POLLHUP)
    return bool(look.poll(0))
