"""The numbers that Slack enforces, its error words, and the one way it says no.

Sources: docs.slack.dev (methods, Block Kit, rate limits) and the threads of its SDKs. A sum of block texts over 12,000
is refused with `msg_blocks_too_long`, as bolt-js#2509 and #2867 measured it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

TEXT = 40_000
TEXT_ADVISED = 4_000
UPDATE_TEXT = 4_000
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCK_TEXTS = 12_000
SECTION = 3_000
FIELDS = 10
FIELD = 2_000
HEADER = 150
CONTEXT = 10
ACTIONS = 25
BUTTON = 75
VALUE = 2_000
OPTION = 75
OPTION_VALUE = 150
OPTIONS = 100
OVERFLOW = 5
CHOICES = 10
PLACEHOLDER = 150
ID = 255
URL = 3_000
LABEL = 2_000
TITLE = 24
PRIVATE_METADATA = 3_000
INITIAL_VALUE = 3_000
VIEW_BYTES = 250_000
METADATA_BYTES = 16_000
SOCKETS = 10
RESPONSE_URL_USES = 5
PAGE = 999
UPLOAD_BYTES = 1024 * 1024 * 1024
PROMPTS = 4

_EMOJI = """
eyes +1 -1 thumbsup thumbsdown white_check_mark heavy_check_mark x warning hourglass hourglass_flowing_sand tada
ok_hand raised_hands clap pray fire rocket heart smile grin joy thinking_face wave no_entry no_entry_sign
octagonal_sign question exclamation grey_question speech_balloon writing_hand pencil2 pushpin zzz mag bell no_bell
lock unlock robot_face construction arrows_counterclockwise repeat red_circle large_green_circle
large_yellow_circle sob cry zap bulb 100 saluting_face
"""
EMOJI = frozenset(_EMOJI.split())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long Slack waits, in seconds. `again_s` are the pauses before the second, third and fourth attempt."""

    ack_s: float = 3.0
    again_s: tuple[float, ...] = (0.5, 60.0, 300.0)
    trigger_s: float = 3.0
    response_url_s: float = 1800.0
    ticket_s: float = 30.0
    warned_s: float = 10.0  #: from `disconnect` to the end of the connection
    ping_s: float = 10.0

    def times(self, scale: float) -> Patience:
        """The same with a clock that runs so many times as fast."""
        return Patience(
            self.ack_s / scale,
            tuple(each / scale for each in self.again_s),
            self.trigger_s / scale,
            self.response_url_s / scale,
            self.ticket_s / scale,
            self.warned_s / scale,
            self.ping_s / scale,
        )

    def retrying(self, *again_s: float) -> Patience:
        """The same, but for the pauses between attempts."""
        return replace(self, again_s=again_s)


class Refusal(Exception):
    """The answer `ok: false` with Slack's word for why; always with status 200, but for a rate limit."""

    def __init__(self, error: str, *, status: int = 200, **more: Any) -> None:
        self.error = error
        self.status = status
        self.more = more
        super().__init__(error)

    def shape(self) -> dict[str, Any]:
        return {"ok": False, "error": self.error} | self.more


def ratelimited() -> Refusal:
    return Refusal("ratelimited", status=429)


def invalid(error: str, problems: list[str]) -> Refusal:
    """Say no as to blocks and views: each problem with a pointer to where it is."""
    told = [f"[ERROR] {problem}" for problem in problems]
    more: dict[str, Any] = {"response_metadata": {"messages": told}}
    return Refusal(error, **(more | ({"errors": problems} if error == "invalid_blocks" else {})))
