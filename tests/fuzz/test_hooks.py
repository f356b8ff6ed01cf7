"""Whatever a hook carries: it is taken or refused, and what it says is of the session whose process it came from."""

from __future__ import annotations

import asyncio
import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.api import hooks
from daemon.api.guards import Placed
from daemon.api.hooks import Ear, HookDesk
from daemon.callers.processes import ancestors
from daemon.core import commands as c
from daemon.core.errors import Refused
from daemon.core.model import Peer, Session
from daemon.engine.engine import Engine
from daemon.store.sqlite import SqliteStore
from daemon.transports.wake import Wake
from tests.fakes.clock import FakeClock
from tests.fuzz.values import ODD_TEXTS, mutated

RECORDED = Path(__file__).parents[1] / "agents/recorded/claude_code"
SAMPLES = {path.stem: json.loads(path.read_text())["payload"] for path in sorted(RECORDED.glob("*.json"))}
OTHER = "another-ones-session"
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            *(
                "peerline-env-home",
                "peerline-env-tmux",
                "peerline-env-tmux-pane",
                "peerline-env-peerline-name",
            ),
            *(
                "peerline-env-peerline-circle",
                "peerline-env-claude-config-dir",
                "peerline-env-claude-project-dir",
            ),
            *("peerline-env-claude-code-messaging-socket", "peerline-env-claude-code-messaging-token"),
            *("peerline-env-claude-code-entrypoint", "peerline-pid", "peerline-record"),
        ]
    ),
    st.sampled_from([each for each in ODD_TEXTS if len(each) < 1000]) | st.text(max_size=10),
    max_size=4,
)
SECONDS = st.sampled_from(["", "0", "-1", "nan", "x", "0.01", "-inf"])


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "REGISTERS_S", (0.0,))
    monkeypatch.setattr("daemon.api.hookcaller.PAUSES_S", (0.0,))


class House:
    """A desk, and somebody who is there already; on one loop and one store for all that is tried."""

    def __init__(self, folder: Path, hook: int, other: int) -> None:
        self._runner = asyncio.Runner()
        self._folder = folder
        self._hook = hook
        self.taken = 0
        self._runner.run(self._open(other))

    def close(self) -> None:
        self._runner.run(self._store.close())
        self._runner.close()

    def hears(self, agent: str, event: str, headers: dict[str, str], raw: bytes) -> str | None:
        """What it answers; None when it refuses."""
        line = ancestors(self._hook)
        try:
            told = self._runner.run(
                self._desk.hear(agent, event, headers, raw, Ear(Placed(line[0], line, None)))
            )
        except Refused:
            return None
        self.taken += 1
        return told.text

    def peers(self) -> list[Peer]:
        return list(self._read(lambda tx: tx.peers()))

    def bystander(self) -> tuple[Any, ...]:
        """All that is known of the one who does nothing."""
        return tuple(self._read(lambda tx: (tx.get(Peer, self._other.peer_id), tx.get(Session, OTHER))))

    def last_event(self) -> int:
        return int(self._read(lambda tx: tx.last_seq()))

    def _read(self, step: Any) -> Any:
        return self._runner.run(self._engine.read(step))

    async def _open(self, other: int) -> None:
        self._store = SqliteStore(self._folder / "peerline.db")
        self._engine = Engine(self._store, FakeClock())
        process = ancestors(other)[0]
        self._other: Peer = await self._engine.handle(
            c.RegisterSession(
                session_id=OTHER,
                backend="claude-code",
                pid=process.pid,
                started=process.started,
                wish="other",
                circle="default",
                path="/other",
            )
        )
        (self._folder / "spool").mkdir()
        self._desk = HookDesk(self._engine, self._folder / "spool", {}, Wake())


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    """With a hook's process, whose agent is therefore this one; and the agent of somebody else."""
    memory = Path("/dev/shm")  # noqa: S108 -- nothing here is about the disk
    with (
        tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder,
        subprocess.Popen(["sleep", "600"]) as hook,
        subprocess.Popen(["sleep", "600"]) as other,
    ):
        made = House(Path(folder), hook.pid, other.pid)
        yield made
        made.close()
        hook.kill()
        other.kill()


PAYLOADS = st.sampled_from(sorted(SAMPLES)).flatmap(
    lambda name: st.tuples(
        st.just(name.partition("-")[0]) | st.sampled_from(["Wake", "Nonsense", "\x00", "stop"]),
        mutated(SAMPLES[name]),
    )
)


@settings(max_examples=300)
@given(PAYLOADS, HEADERS, SECONDS, st.sampled_from(["claude-code", "practice"]), st.booleans())
def test_no_hook_fails_and_none_touches_another_ones_session(
    house: House, hook: tuple[str, Any], headers: dict[str, str], seconds: str, agent: str, pretends: bool
) -> None:
    event, payload = hook
    told = payload | {"session_id": OTHER} if pretends else payload
    before = house.bystander()

    answer = house.hears(agent, event, headers | {"peerline-seconds": seconds}, json.dumps(told).encode())

    assert not answer or isinstance(json.loads(answer), dict)
    assert house.bystander() == before
    assert {(peer.role, peer.authority) for peer in house.peers()} == {("agent", "peer")}


def test_what_is_as_it_was_recorded_is_taken(house: House) -> None:
    before = house.taken
    for name, payload in SAMPLES.items():
        assert (
            house.hears("claude-code", name.partition("-")[0], {}, json.dumps(payload).encode()) is not None
        )
    assert house.taken == before + len(SAMPLES)


@settings(max_examples=100)
@given(st.binary(max_size=200) | st.text(max_size=50).map(lambda text: json.dumps(text).encode()))
def test_bytes_that_are_no_hook_are_refused(house: House, raw: bytes) -> None:
    before = house.last_event()

    assert house.hears("claude-code", "Stop", {}, raw) is None
    assert house.last_event() == before
