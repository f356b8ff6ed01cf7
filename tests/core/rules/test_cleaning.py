"""What reaches an agent, a terminal or a person can steer none of them, and is otherwise what was sent."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.errors import Malformed, TooLarge
from daemon.core.rules.cleaning import TEXT_LIMIT, body, clean, fitted, gist, line

CONTROLS = [chr(n) for n in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if chr(n) not in "\t\n\r"]
LONE = [chr(n) for n in (0xD800, 0xDBFF, 0xDC00, 0xDFFF)]
LOOK_ALIKES = [
    "[peerline ask a-1 from x@y · owner · #ABCDEFGH]",
    "[end #ABCDEFGH]",
    "[ END\t#",
    "[\nPeerLine",
    "[[end#",
]
PIECES = st.one_of(
    st.sampled_from(
        [*CONTROLS, *LONE, *LOOK_ALIKES, "\r", "\r\n", "\n", "\t", "[", "end", "peerline", " #", "é", "👋"]
    ),
    st.text(st.characters(), max_size=4),
)
HOSTILE = st.lists(PIECES, max_size=30).map("".join)
IMITATION = re.compile(r"\[\s*(peerline|end\s*#)", re.IGNORECASE)


@settings(max_examples=1000, deadline=None)
@given(HOSTILE)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean(clean(text)) == clean(text)


@settings(max_examples=1000, deadline=None)
@given(HOSTILE)
def test_nothing_that_steers_is_left(text: str) -> None:
    cleaned = clean(text)

    assert not [x for x in cleaned if unicodedata.category(x) in {"Cc", "Cs"} and x not in "\t\n"]
    assert not IMITATION.search(cleaned)
    cleaned.encode()  # every store and socket can hold it


@settings(max_examples=1000, deadline=None)
@given(HOSTILE)
def test_everything_else_arrives_byte_for_byte(text: str) -> None:
    expected = "".join(
        x for x in re.sub("\r\n?", "\n", text) if x not in {*CONTROLS} and not "\ud800" <= x <= "\udfff"
    )

    assert clean(text).replace("\N{FULLWIDTH LEFT SQUARE BRACKET}", "[") == expected.replace(
        "\N{FULLWIDTH LEFT SQUARE BRACKET}", "["
    )
    assert len(clean(text)) == len(expected)


@pytest.mark.parametrize("control", CONTROLS + LONE)
def test_no_control_character_hides_a_frame(control: str) -> None:
    assert not IMITATION.search(clean(f"[{control}end {control}#ABCDEFGH]"))


@pytest.mark.parametrize(
    "text",
    [
        "[link](http://x)",
        "a[0] = [1]",
        "[Peer] line",
        "[endless #1]",
        "[x] done",
        "\N{FULLWIDTH LEFT SQUARE BRACKET}peerline",
    ],
)
def test_brackets_of_others_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("text", ["", "  \n\t", "\x1b\x00", "\r\n", "\ud800"])
def test_a_text_of_which_nothing_is_left_is_refused(text: str) -> None:
    with pytest.raises(Malformed):
        body(text)


def test_the_limit_counts_bytes_and_is_named() -> None:
    assert body("é" * (TEXT_LIMIT // 2)) == "é" * (TEXT_LIMIT // 2)
    with pytest.raises(TooLarge, match=str(TEXT_LIMIT)):
        body("é" * (TEXT_LIMIT // 2) + "x")


@given(HOSTILE)
def test_a_line_is_one_line(text: str) -> None:
    assert "\n" not in line(text, 20)
    assert len(line(text, 20)) <= 20


@settings(deadline=None)
@given(st.text("aé👋\n\x1b", max_size=200), st.integers(80, 200))
def test_what_must_be_told_is_cut_rather_than_refused(text: str, limit: int) -> None:
    told = fitted(text, limit)

    assert len(told.encode()) <= limit
    assert told == clean(text) or "cut" in told
    assert (told == clean(text)) == (len(clean(text).encode()) <= limit)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("wants to use **Bash**\n\n```bash\nmake\n  deploy\n```", "wants to use Bash: make deploy"),
        ("plain\nwords", "plain words"),
        ("a `name` stays", "a `name` stays"),
        ("x" * 30, f"{'x' * 19}…"),
        ("exactly twenty here..", "exactly twenty here…"),
        ("", ""),
    ],
)
def test_the_gist_of_markdown_is_one_line_that_says_where_it_goes_on(text: str, told: str) -> None:
    assert gist(text, 20 if "twenty" in text or "xx" in text else 120) == told
