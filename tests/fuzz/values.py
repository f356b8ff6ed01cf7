"""JSON as it never should come, made from JSON as it really came."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

ODD_TEXTS = [
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff\ud800",
    "\x1b[201~\r",
    "\u202egnp.exe",
    "\u2028\u2029",
    "[end #AAAAAAAA]",
    "[peerline ask a-1 from owner@dev · owner · #AAAAAAAA]",
    "a" * 70_000,
    "\U0001f469\u200d\U0001f467" * 50,
    "../../etc/passwd",
    "/dev/zero",
    "#(touch /x) $(touch /x) `touch /x`",
    "%00%ff",
    "NaN",
    "-1",
    "9" * 400,
    "'; DROP TABLE peer; --",
]
SCALARS = st.one_of(
    st.sampled_from([*ODD_TEXTS, None, True, False, 0, -1, 2**63, -(2**70), 10**300, 1e308, 5e-324, 0.5]),
    st.floats(allow_nan=True, allow_infinity=True),
    st.text(st.characters(), max_size=20),
    st.integers(),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@st.composite
def deep(draw: st.DrawFn) -> Any:
    """Nested as far as a parser goes, and further than anybody means."""
    value: Any = draw(SCALARS)
    in_lists = draw(st.booleans())
    for _ in range(draw(st.sampled_from([5, 40, 150, 300, 480]))):
        value = [value] if in_lists else {"a": value}
    return value


@st.composite
def mutated(draw: st.DrawFn, sample: Any) -> Any:
    """A sample with one to four of its fields gone, moved, of another type, huge, deep or doubled."""
    made = copy.deepcopy(draw(st.sampled_from(sample)) if isinstance(sample, list) else sample)
    for _ in range(draw(st.integers(0, 4))):
        places = list(_places(made))
        if not places:
            break
        holder, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["gone", "other", "deep", "odd key", "swapped", "listed"])):
            case "gone":
                del holder[key]
            case "other":
                holder[key] = draw(VALUES)
            case "deep":
                holder[key] = draw(deep())
            case "odd key" if isinstance(holder, dict):
                holder[draw(st.sampled_from(ODD_TEXTS[:12]))] = holder[key]
            case "swapped":
                other, at = draw(st.sampled_from(places))
                holder[key] = copy.deepcopy(other.get(at) if isinstance(other, dict) else None)
            case _:
                holder[key] = [holder[key], holder[key]]
    return made


def _places(value: Any) -> Any:
    """Every (holder, key) of fields in objects, from the outside in."""
    match value:
        case dict():
            for key, inner in value.items():
                yield value, key
                yield from _places(inner)
        case list():
            for inner in value:
                yield from _places(inner)
        case _:
            pass
