"""What the real agent's inbox takes at once: the fact that ``daemon/transports/allowance.py`` rests on."""

from __future__ import annotations

import pytest

from tests.agents.claude_code import ClaudeCode
from tests.emulators.model_api import ModelApi, Rule, Says, Script
from tests.scenarios.house import House

DROPPED = "exceeded the peer message rate limit"


@pytest.mark.thorough
async def test_it_takes_thirty_at_once_and_drops_the_rest_without_a_word(
    line: House, backend: ClaudeCode, model: ModelApi
) -> None:
    model.script = Script((Rule("message 1 of", Says("busy"), gate="later"),))
    for n in range(1, 31):
        await backend.inject(f"message {n} of many")
    await model.reached("later")
    assert DROPPED not in await backend.capture()
    for n in range(31, 41):
        await backend.inject(f"message {n} of many")
    await model.open("later")
    await backend.until_shown(DROPPED)
    await model.hears("message 30 of many")
    assert model.times_heard("message 40 of many") == 0
