"""A line that hears what a surface understood, as the door and the bridge bring it there."""

from __future__ import annotations

from dataclasses import asdict

from bots.interface import Deleted, Edited, Heard, PlaceChanged, Reacted, Said, Tapped
from daemon.api.bodies import SayBody, TapBody
from daemon.api.jsontext import checked
from daemon.core import commands as c
from daemon.core.errors import Refused
from daemon.core.model import Heard as Told
from daemon.core.model import Peer
from tests.core.line import Line

AS_THEY_ARE = ("text", "reply_to", "private", "to", "receipt", "called", "thread", "around", "aside")
CUT = {"author": 200, "title": 300, "topic": 300, "forwarded": 300}


class Office:
    """A line with an agent; who speaks there is put onto ``line``."""

    def __init__(self, surface: str) -> None:
        self._surface = surface
        self.line = Line()
        self.api: Peer = self.line.agent("api")

    def hears(self, heard: Heard) -> Told | None:
        """What came of it; None: refused."""
        try:
            checked([heard.address, getattr(heard, "text", ""), getattr(heard, "author", "")])
            said: Told = self.line.do(self._command(heard))
        except Refused:
            return None
        return said

    def _command(self, heard: Heard) -> c.Command:
        if isinstance(heard, PlaceChanged):
            change = {"address": heard.address, "closed": heard.closed, "moved_to": heard.moved_to}
            return c.ChangePlace(surface=self._surface, **change)
        place = {"surface": self._surface, "address": heard.address, "account": heard.account}
        match heard:
            case Said():
                words = {name: getattr(heard, name) for name in AS_THEY_ARE}
                words |= {name: getattr(heard, name)[:longest] for name, longest in CUT.items()}
                SayBody(**place, **words, files=[asdict(each) for each in heard.files])
                return c.Say(**place, **words, files=heard.files)
            case Edited():
                return c.Edit(**place, receipt=heard.receipt, text=heard.text)
            case Deleted():
                return c.Unsay(**place, receipt=heard.receipt)
            case Reacted():
                return c.React(**place, receipt=heard.receipt, sign=heard.sign)
            case Tapped():
                tapped = {"ask_id": heard.ask_id, "option": heard.option, "receipt": heard.receipt}
                TapBody(**place, **tapped)
                return c.Tap(**place, **tapped)
