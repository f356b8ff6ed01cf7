"""What fits a schema, and what is said of what does not."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.core.errors import Malformed
from mcp_server import schema as s

TAKES = s.takes(
    "peer",
    peer=s.name("whom"),
    to=s.either(s.text(most=3), s.several(s.text(most=3), 2)),
    mood=s.choice("calm", "urgent"),
    loud=s.flag(),
    wait=s.seconds(1, 110, default=100),
    limit=s.count(1, 100, 20),
)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"to": "abc"},
        {"to": ["abc", "d"]},
        {"mood": "calm", "loud": False, "wait": 1.5, "limit": 100},
        {"mood": None},
    ],
)
def test_what_fits_is_let_through_without_what_was_left_out(given: dict[str, Any]) -> None:
    whole = {"peer": "backend", **given}
    assert s.checked("t", TAKES, whole) == {key: value for key, value in whole.items() if value is not None}


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"peer": None}, '"peer" is missing'),
        ({"colour": "red"}, 'there is no parameter "colour"'),
        ({"peer": 7}, '"peer" must be a string'),
        ({"peer": "x" * 141}, '"peer" has 141 characters, the limit is 140'),
        ({"to": "abcd"}, '"to" has 4 characters, the limit is 3 or must be an array'),
        ({"to": ["a", 1]}, '"to" must be a string or item 2 must be a string'),
        ({"to": ["a", "b", "c"]}, "has 3 items, the limit is 2"),
        ({"mood": "angry"}, '"mood" must be one of calm, urgent'),
        ({"loud": "yes"}, '"loud" must be a boolean'),
        ({"loud": 1}, '"loud" must be a boolean'),
        ({"wait": 0}, '"wait" must be between 1 and 110'),
        ({"wait": 111}, '"wait" must be between 1 and 110'),
        ({"wait": float("nan")}, '"wait" must be between 1 and 110'),
        ({"wait": True}, '"wait" must be a number'),
        ({"limit": 1.5}, '"limit" must be an integer'),
    ],
)
def test_what_does_not_fit_is_named(given: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Malformed) as raised:
        s.checked("t", TAKES, {"peer": "backend", **given})

    assert complaint in str(raised.value)
    assert raised.value.hint.startswith("t takes peer, to (optional), mood (optional)")
