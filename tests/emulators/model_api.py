"""A model that says what a test tells it to, on loopback, for the real agents: one script, four dialects.

Rule: it never guesses. What it answers is data (`Script`), what it heard is kept (`heard`), and a
text counts as heard once per session however often the history is sent again or a call is repeated.
How each program asks and wants to be answered is its dialect's; all of them resend the whole history.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from aiohttp import web

from tests.emulators.dialects.anthropic import Anthropic
from tests.emulators.dialects.chat import ChatCompletions
from tests.emulators.dialects.gemini import Gemini
from tests.emulators.dialects.interface import Dialect
from tests.emulators.dialects.responses import Responses
from tests.emulators.model_script import Answer, Calls, Fails, Rule, Runs, Says, Script, Turn, Words, filled

__all__ = ["Answer", "Calls", "Fails", "Mind", "ModelApi", "Rule", "Runs", "Says", "Script", "Turn", "Words"]

DIALECTS: tuple[Dialect, ...] = (Anthropic(), Responses(), Gemini(), ChatCompletions())

#: What a model makes of a whole conversation; None leaves it to the script.
Mind = Callable[[Sequence[Words]], Answer | None]


@dataclass(slots=True)
class _Session:
    sent: Counter[Words] = field(default_factory=Counter)
    newest: tuple[Words, ...] = ()
    coming: list[Answer] = field(default_factory=list)

    def take(self, everything: Sequence[Words]) -> tuple[Words, ...]:
        """What is new in a history; a text may be said twice, so pieces are counted, not looked up."""
        unheard = Counter(everything) - self.sent
        self.sent |= Counter(everything)
        fresh = tuple(_last(everything, unheard))
        # A repeated call brings surroundings at most: it is still about what the call before it brought.
        self.newest = tuple(each for each in fresh if each.addressed) or self.newest
        return fresh


class ModelApi:
    """`async with ModelApi(Script(...)) as model:`; `model.url` is the agent's base address."""

    def __init__(self, script: Script | None = None, *, mind: Mind | None = None) -> None:
        self.script = script or Script()
        self.mind = mind
        self.heard: list[Turn] = []
        # Titles, summaries, suggestions: calls that are no turn of the conversation.
        self.asides: list[dict[str, Any]] = []
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self._sessions: dict[str, _Session] = {}
        self._used: Counter[str] = Counter()
        self._open: set[str] = set()
        self._waiting: Counter[str] = Counter()
        self._changed = asyncio.Condition()
        app = web.Application(client_max_size=64 * 2**20)
        for dialect in DIALECTS:
            for path in dialect.paths:
                app.router.add_post(path, partial(self._message, dialect))
        app.router.add_post("/v1/messages/count_tokens", self._count)
        # Without cancellation a request that waits at a gate would outlive an agent that hung up.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.5)

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    def times_heard(self, text: str, session_id: str | None = None) -> int:
        """How many separate pieces of conversation contained `text`."""
        turns = [turn for turn in self.heard if session_id in (None, turn.session_id)]
        return sum(text in each.text for turn in turns for each in turn.words)

    async def hears(self, text: str) -> Turn:
        """Wait for the first turn that contains `text`."""
        await self.until(lambda: self.times_heard(text) > 0)
        return next(turn for turn in self.heard if text in turn.text)

    async def until(self, condition: Callable[[], bool], seconds: float = 30) -> None:
        try:
            async with asyncio.timeout(seconds), self._changed:
                await self._changed.wait_for(condition)
        except TimeoutError:
            heard = "\n".join(f"  {turn.text[-200:]!r} -> {turn.answer}" for turn in self.heard)
            raise AssertionError(f"the model waited {seconds} s in vain; it heard:\n{heard}") from None

    async def reached(self, gate: str) -> None:
        """Wait until an answer is held back at `gate`: the agent is certainly working then."""
        await self.until(lambda: self._waiting[gate] > 0)

    async def open(self, gate: str) -> None:
        """Let the answers at `gate` go, those still to come too."""
        self._open.add(gate)
        await self._tell()

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _count(self, _request: web.Request) -> web.Response:
        return web.json_response({"input_tokens": 10})

    async def _message(self, dialect: Dialect, request: web.Request) -> web.StreamResponse:
        call: dict[str, Any] = await request.json()
        self.requests.append(call)
        if dialect.is_aside(call):
            self.asides.append(call)
            return await dialect.send(request, call, Says(self.script.aside))
        session_id = dialect.session_id(request, call)
        rule, answer = self._hear(dialect, session_id, list(dialect.words_of(call)))
        await self._hold(rule)
        return await dialect.send(request, call, answer)

    def _hear(
        self, dialect: Dialect, session_id: str, everything: Sequence[Words]
    ) -> tuple[Rule | None, Answer]:
        session = self._sessions.setdefault(session_id, _Session())
        fresh = session.take(everything)
        rule, answer = (
            (None, session.coming.pop(0))
            if session.coming
            else self._thought(everything) or self._choose(dialect, session.newest)
        )
        if rule:
            self._used[repr(rule)] += 1
            session.coming.extend(rule.then)
        self.heard.append(Turn(session_id, fresh, answer))
        return rule, answer

    def _thought(self, everything: Sequence[Words]) -> tuple[None, Answer] | None:
        answer = self.mind(everything) if self.mind else None
        return None if answer is None else (None, answer)

    def _choose(self, dialect: Dialect, said: Sequence[Words]) -> tuple[Rule | None, Answer]:
        for words in reversed(said):
            for rule in self.script.rules:
                spent = rule.times is not None and self._used[repr(rule)] >= rule.times
                if not spent and (match := re.search(rule.pattern, words.text)):
                    return rule, filled(rule.answer, match)
        return None, Says(f"stub: {_last_line(dialect, said)}")

    async def _hold(self, rule: Rule | None) -> None:
        await self._tell()
        if rule is None:
            return
        if rule.gate:
            await self._wait_at(rule.gate)
        if rule.after:
            await asyncio.sleep(rule.after)

    async def _wait_at(self, gate: str) -> None:
        self._waiting[gate] += 1
        try:
            await self._tell()
            async with self._changed:
                await self._changed.wait_for(lambda: gate in self._open)
        finally:
            self._waiting[gate] -= 1


def _last(everything: Sequence[Words], unheard: Counter[Words]) -> Iterator[Words]:
    """The unheard pieces in order; of equal ones the latest, for the earlier ones are history."""
    skip = Counter(everything) - unheard
    for each in everything:
        if skip[each] > 0:
            skip[each] -= 1
        else:
            yield each


def _last_line(dialect: Dialect, said: Sequence[Words]) -> str:
    # What a hook adds to a prompt stands behind it, but the prompt is what wants an answer.
    newest = [each.text for each in said if each.role == "user"] or [each.text for each in said]
    lines = dialect.bare(newest[-1]).splitlines() if newest else []
    return lines[-1] if lines else ""
