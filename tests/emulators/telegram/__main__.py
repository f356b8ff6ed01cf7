"""The emulator as a process: prints its address, then serves until it is told to end."""

from __future__ import annotations

import argparse
import asyncio

from tests.emulators.process import serve
from tests.emulators.telegram.server import TOKEN, TelegramEmulator


def main() -> None:
    options = argparse.ArgumentParser(prog="python -m tests.emulators.telegram", description=__doc__)
    options.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options.add_argument("--token", default=TOKEN)
    options.add_argument(
        "--privacy", action="store_true", help="groups tell the bot only what is meant for it"
    )
    chosen = options.parse_args()
    asyncio.run(serve(TelegramEmulator(token=chosen.token, port=chosen.port, privacy=chosen.privacy)))


if __name__ == "__main__":
    main()
