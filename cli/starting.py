"""``peerline telegram start``: from a token to a bot that is heard, doing only what is missing.

Rule: the token comes from the terminal without echo, or from standard input; it is in no argument, error or output.
"""

from __future__ import annotations

import asyncio
import getpass
import os
import re
import secrets
import sys
from typing import Any, Final

from cli.keeping import keep
from cli.output import is_up, note
from daemon.client.peer import Client
from daemon.core.errors import DaemonUnreachable, Refused, Unavailable
from daemon.paths import found
from daemon.settings import Settings, load

Json = dict[str, Any]
TOKEN: Final = re.compile(r"\d{3,20}:[A-Za-z0-9_-]{10,200}")
VARIABLE: Final = "PEERLINE_TELEGRAM__BOT_TOKEN"
WITHIN_S: Final = 30.0
AT_ONCE_S: Final = 1.0
LOOK_S: Final = 0.1
#: What waiting does not mend.
FINAL: Final = ("refuses the token", "another program polls")


async def started(line: Client, *, new_token: bool) -> Json:
    """Bring the daemon to host the bot; return the surface once a round trip is proven.

    Raises:
        Refused: there is no token, it is none, or Telegram refuses it.
        Unavailable: Telegram or the daemon is not there.

    """
    config = found().config
    settings, up = load(config, os.environ), await is_up(line)
    if new_token or not (settings.telegram.bot_token or (up and (await line.surface("telegram"))["hosted"])):
        await _put_in(settings)
    elif settings.telegram.bot_token:
        await _checked(settings.telegram.bot_token, settings.telegram.api_base)
    if settings.telegram.webhook_url and not settings.telegram.webhook_secret:
        keep(config, "telegram", "webhook_secret", secrets.token_urlsafe(32))
    if not up:
        raise DaemonUnreachable(
            f"{config} has all that is needed, but no daemon is running",
            "start it with `peerline up`, then pair with `peerline telegram start` at another terminal",
        )
    if not (await line.host("telegram"))["hosted"]:
        raise Refused(
            f"the daemon does not know the token: it stands in {VARIABLE} of this terminal alone",
            "unset it and run this again, or start the daemon with it",
        )
    return await _proven(line)


async def _put_in(settings: Settings) -> None:
    """Ask for a token, check it, keep it."""
    if os.environ.get(VARIABLE):
        raise Refused(f"the token comes from {VARIABLE}", "unset it, or put the new token there")
    token = _asked()
    await _checked(token, settings.telegram.api_base)
    keep(found().config, "telegram", "bot_token", token)


def _asked() -> str:
    hint = "get one from @BotFather in Telegram (/newbot), then run this again and paste it"
    if sys.stdin.isatty():
        note("paste the token that @BotFather gave you; it is not shown")
        told = getpass.getpass("token: ").strip()
    else:
        told = sys.stdin.readline().strip()
    if not told:
        raise Refused("there is no token of a Telegram bot yet", hint)
    if not TOKEN.fullmatch(told):
        raise Refused("that is no token of a Telegram bot: those are a number, a colon and 35 signs", hint)
    return told


async def _checked(token: str, root: str) -> None:
    """Ask Telegram whose token it is.

    Raises:
        Refused, Unavailable: as ``started``.

    """
    from bots.interface import NotEver, NotNow, Unsure
    from bots.telegram.api import Api
    from bots.telegram.trouble import fix

    api = Api(token, root.rstrip("/"), grace_s=1)
    try:
        await api.account()
    except (NotNow, NotEver, Unsure) as failure:
        said = str(failure)
        refused = "refuses the token" in said
        raise (Refused if refused else Unavailable)(said, fix(said)) from None
    finally:
        await api.close()


async def _proven(line: Client) -> Json:
    """Wait for the first round trip; what waiting does not mend ends it at once."""
    begun = asyncio.get_running_loop().time()
    noted = False
    while True:
        told = await line.surface("telegram")
        passed = asyncio.get_running_loop().time() - begun
        if told["proven"] and not told["trouble"]:
            return told
        if passed > AT_ONCE_S and any(sign in told["trouble"] for sign in FINAL):
            raise Refused(told["trouble"], told["fix"])
        if passed > WITHIN_S:
            raise Unavailable(
                told["trouble"] or "Telegram has not answered yet",
                told["fix"] or "the daemon goes on trying: `peerline telegram status`",
            )
        if passed > AT_ONCE_S and not noted:
            noted = True
            note("waiting for Telegram …")
        await asyncio.sleep(LOOK_S)
