"""The emulator as a process: prints its address, then serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import signal

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
    asyncio.run(serve(options.parse_args()))


async def serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    tokens = Tokens(options.bot_token, options.app_token, options.signing_secret)
    async with SlackEmulator(
        tokens=tokens, port=options.port, patience=Patience().times(options.scale)
    ) as slack:
        print(slack.root, flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()
