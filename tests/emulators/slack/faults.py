"""What may go wrong with Slack.

What a fault fits is named by `method`: a method of the Web API; `upload`, `download`, `response_url`; `socket` (a
connection that is being opened); `envelope` (an event or interaction on its way to the client, whichever way).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tests.emulators import faults
from tests.emulators.slack.calls import Call


class Kind(StrEnum):
    # Requests, and the opening of a socket.
    SERVER_ERROR = "server_error"  # `status` (500, 502, 503, 504) and a page of HTML
    FLOOD = "flood"  # 429 with `retry_after`; `lasting`: the method stays closed until that has passed
    ERROR = "error"  # ok: false with `error`, such as invalid_auth, fatal_error, internal_error
    RESET = "reset"  # connection cut before the request had any effect
    DROP = "drop"  # request took effect, connection cut before the answer: nobody can tell the two apart
    HANG = "hang"  # no answer, until lifted or for `seconds`; then the connection is cut
    SLOW = "slow"  # a right answer (or the envelope) after `seconds`
    GARBAGE = "garbage"  # 200 and half an answer; for a socket or envelope, words that are no JSON before it
    # Sockets and envelopes; RESET, DROP, SLOW and GARBAGE fit them too.
    DISCONNECT = "disconnect"  # `reason`, said to every socket (or to the one just opened)
    FREEZE = "freeze"  # dead air: the socket stays open and nothing is sent or answered, until lifted
    REDELIVER = "redeliver"  # sent `copies` times at once, as if no acknowledgement had come
    REORDER = "reorder"  # held back until the next one has gone
    LOSE = "lose"  # given up as Slack does after its retries: only the history knows


WARNING, REFRESH, LINK_DISABLED = "warning", "refresh_requested", "link_disabled"
TOO_MANY = "too_many_websockets"


@dataclass(frozen=True, slots=True)
class Fault(faults.Fault):
    """`channel` narrows it to one, `event` to one type of event or interaction."""

    kinds = Kind
    kind: Kind
    channel: str = ""
    event: str = ""
    error: str = "fatal_error"
    reason: str = REFRESH
    copies: int = 4

    def fits(self, call: Call) -> bool:
        if self.method == "*" and call.method in {"socket", "envelope"}:
            return False
        named = faults.Fault.fits(self, call)
        return named and self.channel in {"", call.channel} and self.event in {"", call.text("event")}

    def closes(self, met: Call, call: Call) -> bool:
        """A method, in one channel or in all."""
        return call.method == met.method and self.channel in {"", call.channel}
