"""What a client that polls is: as it is told, else as it calls itself, in either era of the protocol."""

from __future__ import annotations

from typing import Any

import pytest

from cli.polling import ABOUT, backend_of, name_of
from daemon.core.errors import Malformed
from daemon.core.rules.roads import POLLING


def begins(name: Any) -> dict[str, Any]:
    return {"method": "initialize", "params": {"clientInfo": {"name": name, "version": "1"}}}


@pytest.mark.parametrize("name", ["antigravity", "antigravity-client", "Antigravity-Client"])
def test_antigravity_is_known_by_its_name(name: str) -> None:
    modern = {"method": "server/discover", "params": {"_meta": {ABOUT: {"name": name}}}}

    assert {backend_of("", begins(name)), backend_of("", modern)} == {"antigravity"}


@pytest.mark.parametrize("name", ["cursor", "", None, 7, {"name": "antigravity"}, "my-antigravity"])
def test_whatever_else_calls_is_an_mcp_client(name: Any) -> None:
    assert backend_of("", begins(name)) == "mcp"


@pytest.mark.parametrize(
    "said", [{}, {"params": []}, {"params": {"_meta": 3}}, {"params": {"clientInfo": "x"}}]
)
def test_who_does_not_say_has_no_name(said: dict[str, Any]) -> None:
    assert name_of(said) == ""


def test_what_it_is_told_to_be_goes_before_what_it_calls_itself() -> None:
    assert backend_of("mcp", begins("antigravity-client")) == "mcp"
    assert backend_of("antigravity", begins("cursor")) == "antigravity"


@pytest.mark.parametrize("wish", ["claude-code", "codex", "telegram", "cli", "ANTIGRAVITY"])
def test_it_can_be_no_agent_with_hooks_no_chat_and_no_command(wish: str) -> None:
    with pytest.raises(Malformed, match=wish):
        backend_of(wish, {})


def test_whatever_it_can_be_is_polled() -> None:
    assert {"mcp", "antigravity"} <= POLLING
