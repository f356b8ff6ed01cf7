"""Calls with keys, as agents' shims and clients that poll make them: repeated until there is an answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from daemon.core import commands as c
from daemon.core.errors import Refused, Unavailable
from daemon.core.model import Envelope, Parcel
from daemon.engine.engine import Once
from tests.simulation.auditor import Auditor
from tests.simulation.house import House
from tests.simulation.scene import Scene


@dataclass(eq=False)
class Call:
    pid: int
    principal: str
    command: c.Command
    key: str
    under_way: bool = False
    then: Callable[[str], None] = lambda _: None
    times: int = 0


@dataclass
class Poller:
    """A client that takes its messages by calls."""

    wish: str
    circle: str
    pid: int
    session_id: str
    peer_id: str = ""
    call_id: str = ""  #: the last one, of which it has not said that it has the answer
    read: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


class Calls:
    def __init__(self, scene: Scene, auditor: Auditor) -> None:
        self.scene = scene
        self.auditor = auditor
        self.house: House | None = None
        self.open: list[Call] = []

    def makes(
        self, pid: int, principal: str, command: c.Command, then: Callable[[str], None] = lambda _: None
    ) -> None:
        self.open.append(Call(pid, principal, command, f"k{self.scene.new()}", then=then))
        self.goes_on()

    def tell(self, command: c.Command) -> None:
        """Something the daemon finds out for itself."""
        if self.house and self.house.up:
            self.house.start(type(command).__name__, self.house.tell(command))

    def goes_on(self) -> None:
        """Make whatever calls nobody has answered yet."""
        if self.house is None or not self.house.up:
            return
        for call in [x for x in self.open if not x.under_way]:
            call.under_way, call.times = True, call.times + 1
            self.house.start(
                "call", self._made(self.house, call), lambda told, call=call: self._ended(call, told)
            )

    def cut_off(self) -> None:
        self.house = None
        for call in self.open:
            call.under_way = False

    def ends_of(self, pid: int) -> None:
        """Nobody repeats the calls of a process that is gone."""
        self.open = [x for x in self.open if x.pid != pid or x.under_way]

    async def _made(self, house: House, call: Call) -> str | None:
        once = Once(call.principal, call.key, repr(call.command))
        try:
            told = await house.engine.handle_once((call.command,), once, _rendered)
        except Unavailable:
            return None
        except Refused as error:
            self.scene.tell(f"  refused: {error}")
            return ""
        self.auditor.answered(call.principal, call.key, repr(call.command), told)
        if call.times > 1:
            self.scene.faults["a call that is repeated"] += 1
        if self.scene.wrong("an answer that is lost", 0.1):
            return None
        return told

    def _ended(self, call: Call, told: str | None) -> None:
        call.under_way = False
        if told is None:
            return
        if call in self.open:
            self.open.remove(call)
        call.then(told)


def _rendered(results: list[Any]) -> str:
    found = results[0]
    if isinstance(found, tuple):
        return " ".join(x.delivery.delivery_id for x in found if isinstance(x, Parcel))
    ask = getattr(found, "ask", None)
    envelope: Envelope | None = getattr(found, "envelope", None)
    return f"{ask.ask_id}" if ask else f"{envelope.envelope_id if envelope else found}"[:80]
