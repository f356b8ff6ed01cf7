"""Which call of which agent it is: what the clients were seen to send."""

from __future__ import annotations

import runpy
from typing import Any

import pytest

from mcp_server.identity import THREAD, TOOL_USE, CallIdentity, from_headers, from_meta
from tests.mcp_server.house import SHIM

CODEX = {"sessionId": "s-1", "threadId": "t-1", "callId": "call_9", "x-codex-turn-metadata": {"turn_id": "7"}}
SEEN = [
    ({"claudecode/toolUseId": "toolu_01"}, CallIdentity("toolu_01")),
    (CODEX, CallIdentity("call_9", "t-1")),
    ({"progressToken": 1}, CallIdentity()),
    ({}, CallIdentity()),
]
ODD: list[dict[str, Any]] = [
    {"callId": 7},
    {"callId": "two\r\nlines"},
    {"callId": ""},
    {"callId": "x" * 201},
    {"threadId": ["t"]},
]


@pytest.mark.parametrize(("meta", "identity"), SEEN)
def test_what_a_client_says_of_its_call_is_found(meta: dict[str, Any], identity: CallIdentity) -> None:
    assert from_meta(meta) == identity
    assert from_headers(identity.headers()) == identity


@pytest.mark.parametrize("meta", ODD)
def test_what_could_not_stand_in_a_header_is_no_identity(meta: dict[str, Any]) -> None:
    assert from_meta(meta) == CallIdentity()


def test_the_shim_reads_the_same_words_into_the_same_headers() -> None:
    table = {
        header.decode(): keys for header, *keys in runpy.run_path(str(SHIM.with_name("stdio.py")))["IDENTITY"]
    }

    assert table == {TOOL_USE: ["claudecode/toolUseId", "callId"], THREAD: ["threadId"]}
