"""The emulator as a process: prints its address, then serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio

from tests.emulators.process import serve
from tests.emulators.slack.limits import Patience
from tests.emulators.slack.server import SlackEmulator
from tests.emulators.slack.world import Tokens


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.emulators.slack", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--bot-token", default=Tokens().bot)
    options.add_argument("--app-token", default=Tokens().app)
    options.add_argument("--signing-secret", default=Tokens().signing_secret)
    options.add_argument("--scale", type=float, default=1, help="how many times as fast Slack's clock runs")
    chosen = options.parse_args()
    tokens = Tokens(chosen.bot_token, chosen.app_token, chosen.signing_secret)
    patience = Patience().times(chosen.scale)
    asyncio.run(serve(SlackEmulator(tokens=tokens, port=chosen.port, patience=patience)))


if __name__ == "__main__":
    main()
