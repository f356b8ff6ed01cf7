"""A Telegram that fits on a loopback port: the Bot API on one side, people with phones on the other.

    async with TelegramEmulator() as telegram:
        ada = telegram.person(7, "Ada")
        bot = Bot(telegram.token, base_url=f"{telegram.root}/bot", base_file_url=f"{telegram.root}/file/bot")
        ada.says("hello")
        answer = await ada.sees("hello yourself")

As a process: `python -m tests.emulators.telegram --port N --token T`; then scripted through `/emulator/...`.
"""

from __future__ import annotations

from tests.emulators.telegram.allowance import Allowance
from tests.emulators.telegram.chat import Button, Document, Message, User
from tests.emulators.telegram.faults import Fault, Kind
from tests.emulators.telegram.person import Person, Tap
from tests.emulators.telegram.server import TelegramEmulator
from tests.emulators.telegram.storm import Storm

__all__ = [
    "Allowance",
    "Button",
    "Document",
    "Fault",
    "Kind",
    "Message",
    "Person",
    "Storm",
    "Tap",
    "TelegramEmulator",
    "User",
]
