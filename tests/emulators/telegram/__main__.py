"""The emulator as a process: prints its address, then serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio
import signal

from tests.emulators.telegram.server import TOKEN, TelegramEmulator


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--token", default=TOKEN)
    options.add_argument(
        "--privacy", action="store_true", help="groups tell the bot only what is meant for it"
    )
    asyncio.run(serve(options.parse_args()))


async def serve(options: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, ended.set)
    async with TelegramEmulator(token=options.token, port=options.port, privacy=options.privacy) as telegram:
        print(telegram.root, flush=True)
        await ended.wait()


if __name__ == "__main__":
    main()
