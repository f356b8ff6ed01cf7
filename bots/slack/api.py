"""The Web API as far as we use it: every request at its method's pace, and every failure judged (``verdicts.py``).

Tokens stand in headers alone, and go to Slack alone. Loading this room loads slack-sdk: import it late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, Final
from urllib.parse import urlsplit

import aiohttp

from bots.interface import NotEver, NotNow, Unsure
from bots.slack.ids import Tokens, is_direct, team_and_user
from bots.slack.manifest import SCOPES
from bots.slack.tiers import POST, UNCOUNTED, pace_of
from bots.slack.verdicts import OK, SERVER_FAILED, TOO_MANY, Lacking, unanswered
from bots.slack.wire import Line
from bots.turnstile import Turnstile

CONNECT_S: Final = 5.0
CALL_S: Final = 10.0
UPLOAD_S: Final = 240.0  #: a file of 20 MB over a line of 1 Mbit/s takes 160
FETCH_S: Final = 240.0  #: the same the other way
CONNECTIONS: Final = 32
PIECE: Final = 65_536
FILES: Final = (".slack.com", ".slack-edge.com", ".slack-files.com")  #: where Slack keeps files
MUST: Final = "chat:write"  #: the scope that nothing can be done without
GRANTED: Final = "X-OAuth-Scopes"
GONE: Final = frozenset({403, 404, 410})


class Api:
    """One app. ``root`` is the address of the methods; ``haste``: how many times as fast its clock runs; None: any."""

    def __init__(self, tokens: Tokens, root: str, *, clock: Callable[[], float], haste: float | None) -> None:
        self._tokens = tokens
        self._root = root if root.endswith("/") else f"{root}/"
        self._clock = clock
        self._haste = haste
        self._session: aiohttp.ClientSession | None = None
        self._client = Line(tokens.bot, self._root, self._connected)
        self._paced: dict[str, Turnstile] = {}
        self._directs: dict[str, str] = {}
        self._granted: frozenset[str] | None = None

    async def call(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """Make one request; what is None is left out.

        Raises:
            NotNow: surely without effect, perhaps for so long.
            NotEver: refused for good.
            Unsure: nobody knows whether it had any effect.

        """
        if method == POST:
            return await self._called(method, parameters)
        turnstile = self._turnstile(method)
        try:
            await turnstile.ready(method)
            with turnstile.spared(method, counted=False):
                return await self._called(method, parameters)
        except Lacking:
            raise
        except NotNow as later:  # the method rests, and not what it was for
            raise NotNow(str(later), later.after_s) from None

    async def look_for(self, method: str, **parameters: Any) -> Mapping[str, Any]:
        """The same of a request without any effect: what is unsure may be asked again."""
        try:
            return await self.call(method, **parameters)
        except Unsure as unsure:
            raise NotNow(str(unsure)) from None

    async def open_socket(self) -> str:
        """Return the URL of a new socket, which is good once. Raises as ``call``."""
        headers = {"Authorization": f"Bearer {self._tokens.app}"}
        told = await self._client.api_call("apps.connections.open", headers=headers)
        url = told.get("url")
        if not isinstance(url, str) or not url:
            raise Unsure("Slack's answer makes no sense")
        return url

    async def channel_of(self, room: str) -> str:
        """Return the channel of a room; a direct message is opened once. Raises as ``call``, but for Unsure."""
        if not is_direct(room):
            return room
        if room not in self._directs:
            _, user = team_and_user(room)
            match await self.look_for("conversations.open", users=user):
                case {"channel": {"id": str(channel)}}:
                    self._directs[room] = channel
                case _:
                    raise NotNow("Slack's answer makes no sense")
        return self._directs[room]

    async def fetch(self, url: str, largest: int) -> bytes:
        """Return a file's content.

        Raises:
            NotNow, Unsure: perhaps later.
            NotEver: it is larger than that, gone, or not at Slack.

        """
        if not self._is_slacks(url):
            raise NotEver("that file is not at Slack")
        headers, timeout = {"Authorization": f"Bearer {self._tokens.bot}"}, aiohttp.ClientTimeout(FETCH_S)
        try:
            async with self._connected().get(
                url, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                _check(response)
                content = bytearray()
                async for piece in response.content.iter_chunked(PIECE):
                    content += piece
                    if len(content) > largest:
                        raise NotEver("the file is larger than it said")
                return bytes(content)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unanswered(error) from None

    async def upload(self, url: str, content: bytes) -> None:
        """Bring a file's content to where Slack said; nobody sees it yet.

        Raises:
            NotNow: it is to be brought again.
            NotEver: it is not taken.

        """
        timeout = aiohttp.ClientTimeout(UPLOAD_S, sock_connect=CONNECT_S)
        try:
            async with self._connected().post(
                url, data=content, timeout=timeout, allow_redirects=False
            ) as response:
                _check(response)
        except (aiohttp.ClientError, TimeoutError, OSError, Unsure) as error:
            raise NotNow(str(error) if isinstance(error, Unsure) else str(unanswered(error))) from None

    @property
    def lacks(self) -> tuple[str, ...]:
        """The scopes of our manifest that the app was not given, by Slack's last answer; () before there was one."""
        return tuple(each for each in SCOPES if self._granted is not None and each not in self._granted)

    async def prove(self) -> None:
        """Show that the tokens are good, and that we may speak. Raises as ``call``."""
        await self.call("auth.test")
        if MUST in self.lacks:
            raise NotEver(f"Slack lets the app say nothing: it lacks {MUST}")
        if self._tokens.app:
            await self.open_socket()

    async def close(self) -> None:
        if self._session:
            with suppress(aiohttp.ClientError):
                await self._session.close()
            self._session = None

    async def _called(self, method: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        told = {name: value for name, value in parameters.items() if value is not None}
        answer = await getattr(self._client, method.replace(".", "_"))(**told)
        if granted := answer.headers.get(GRANTED):
            self._granted = frozenset(word.strip() for word in granted.split(","))
        found: Mapping[str, Any] = answer.data
        return found

    def _connected(self) -> aiohttp.ClientSession:
        """One session for all; it belongs to the loop that first asks for it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=CONNECTIONS),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(CALL_S, connect=CONNECT_S, sock_connect=CONNECT_S),
            )
        return self._session

    def _turnstile(self, method: str) -> Turnstile:
        if method not in self._paced:
            pace = pace_of(method, self._haste) if self._haste else UNCOUNTED
            self._paced[method] = Turnstile("Slack", pace, self._clock, method)
        return self._paced[method]

    def _is_slacks(self, url: str) -> bool:
        """Whether the token may go there."""
        asked, root = urlsplit(url), urlsplit(self._root)
        if (asked.scheme, asked.netloc) == (root.scheme, root.netloc):
            return True
        return asked.scheme == "https" and (asked.hostname or "").endswith(FILES)


def _check(response: aiohttp.ClientResponse) -> None:
    if response.status == OK:
        return
    if response.status == TOO_MANY or response.status >= SERVER_FAILED:
        raise NotNow(f"Slack answers {response.status}")
    if response.status in GONE:
        raise NotEver(f"Slack has no such file ({response.status})")
    raise NotEver(f"Slack does not hand out the file ({response.status}): the app may lack files:read")
