"""The interactive terminal: a prompt at the bottom, and above it everything that comes in.

The rule: what comes in never touches what is being typed. The prompt is taken away, the card printed, and the
prompt drawn again with its draft.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from prompt_toolkit import PromptSession
from prompt_toolkit import completion as pt
from prompt_toolkit.application import in_terminal
from prompt_toolkit.document import Document
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.history import FileHistory, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import Output
from prompt_toolkit.patch_stdout import patch_stdout
from prompt_toolkit.renderer import print_formatted_text
from prompt_toolkit.styles import Style

from bots.console.api import Status
from bots.console.markup import Fragment, harmless
from bots.console.translate import QUIT, Clear, Completion, Digit, Key, Line, Walk, completions, outcome, page
from bots.interface import Card

Peers = Callable[[], Awaitable[Sequence[str]]]

FRESH_S: Final = 5.0  #: how long the list of peers is believed
ESCAPE_S: Final = 0.1  #: how long an Esc waits to become an Alt
MENU_LINES: Final = 6
OPTION_KEYS: Final = {"0": 10} | {str(n): n for n in range(1, 10)}
HINT: Final = "Tab completes · Alt+↑ replies · Alt+1 chooses · Ctrl-D ends"
STYLE: Final = Style.from_dict(
    {
        "who": "bold ansicyan",
        "key": "bold ansiblue",
        "outcome": "ansigreen",
        "passing": "ansibrightblack",
        "strong": "bold",
        "emphasis": "italic",
        "strike": "strike",
        "code": "ansiyellow",
        "block": "ansiyellow",
        "link": "underline",
        "heading": "bold underline",
        "quote": "ansibrightblack",
        "target": "ansibrightblack",
        "bottom-toolbar": "noreverse ansibrightblack",
    }
)


class Prompt:
    """A terminal with keys and a screen; a ``Terminal``.

    ``peers`` names whom ``@`` can be completed to; ``history`` keeps what was typed for the next run.
    """

    interactive = True

    def __init__(self, *, peers: Peers, history: Path | None = None) -> None:
        self._typed: asyncio.Queue[Key | None] = asyncio.Queue()
        self._status, self._note = Status(), ""
        self._session: PromptSession[str] = PromptSession(
            message=self._message,
            bottom_toolbar=self._toolbar,
            completer=Names(peers),
            complete_while_typing=Condition(self._names_something),
            reserve_space_for_menu=MENU_LINES,
            history=FileHistory(str(_private(history))) if history else InMemoryHistory(),
            key_bindings=bindings(self._typed.put_nowait),
            style=STYLE,
        )
        self._session.app.timeoutlen = self._session.app.ttimeoutlen = ESCAPE_S

    async def run(self) -> None:
        try:
            with patch_stdout():
                while (text := await self._line()) is not None:
                    self._typed.put_nowait(Line(text))
        finally:
            self._typed.put_nowait(None)

    async def keys(self) -> AsyncIterator[Key]:
        while (key := await self._typed.get()) is not None:
            yield key

    async def show(self, card: Card) -> None:
        await self._print(page(card))

    async def change(self, card: Card) -> None:
        await self._print(outcome(card))

    def tell(self, status: Status) -> None:
        self._status = status
        self._session.app.invalidate()

    def wait(self, note: str) -> None:
        if note != self._note:
            self._note = note
            self._session.app.invalidate()

    async def _line(self) -> str | None:
        """One line; None when the person leaves. Ctrl-C throws the draft away."""
        while True:
            try:
                text = await self._session.prompt_async()
            except KeyboardInterrupt:
                continue
            except EOFError:
                return None
            return None if text.strip() == QUIT else text

    async def _print(self, what: list[Fragment]) -> None:
        if what:
            async with in_terminal():
                _put(self._session.output, what)

    def _message(self) -> FormattedText:
        if not self._status.replying:
            return FormattedText([("", "> ")])
        marked = f"↪ {self._status.replying}  (Esc: no reply)\n"
        return FormattedText([("class:passing", marked), ("", "> ")])

    def _toolbar(self) -> FormattedText:
        if self._note:
            return FormattedText([("", f" {self._note}")])
        towards = harmless(self._status.towards)
        return FormattedText([("", f" to {towards} · {HINT}" if towards else f" {HINT}")])

    def _names_something(self) -> bool:
        return self._session.default_buffer.text.startswith(("/", "@"))


class Names(pt.Completer):
    """Completes commands, and the names of peers, which are asked for anew after a while."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self._known: Sequence[str] = ()
        self._known_at: float | None = None

    def get_completions(
        self,
        document: Document,
        complete_event: pt.CompleteEvent,  # noqa: ARG002  asked for or not, it is the same
    ) -> Iterable[pt.Completion]:
        return map(_offer, completions(document.text_before_cursor, self._known))

    async def get_completions_async(
        self, document: Document, complete_event: pt.CompleteEvent
    ) -> AsyncGenerator[pt.Completion, None]:
        if "@" in document.text or document.text.startswith("/to "):
            await self._refresh()
        for each in self.get_completions(document, complete_event):
            yield each

    async def _refresh(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._known_at is None or now - self._known_at > FRESH_S:
            self._known_at = now
            self._known = await self._peers()


def bindings(press: Callable[[Key], None]) -> KeyBindings:
    """Return the keys that are ours; they come before the editor's own."""
    ours = KeyBindings()

    def pressing(key: Key, _: KeyPressEvent) -> None:
        press(key)

    for name, number in OPTION_KEYS.items():
        ours.add("escape", name)(partial(pressing, Digit(number)))
    for older in (("escape", "up"), ("c-r",)):
        ours.add(*older)(partial(pressing, Walk(-1)))
    ours.add("escape", "down")(partial(pressing, Walk(1)))
    ours.add("escape")(partial(pressing, Clear()))
    return ours


def _offer(each: Completion) -> pt.Completion:
    return pt.Completion(each.text, start_position=-each.replaces, display_meta=each.about)


def _put(output: Output, what: list[Fragment]) -> None:
    print_formatted_text(output, FormattedText(what), STYLE)
    output.flush()


def _private(history: Path) -> Path:
    history.parent.mkdir(parents=True, exist_ok=True)
    history.touch(mode=0o600)
    return history
