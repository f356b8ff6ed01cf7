"""Whatever a person types: it is understood or the person is told, and it reaches nobody whom they may not meet."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.core.errors import Refused
from daemon.core.model import Kind, Peer
from daemon.core.rules.words import WORDS
from tests.core.line import Chat, Line
from tests.fuzz.values import ODD_TEXTS

SIGNS = [
    "@",
    "/",
    "@dev/",
    "@home/",
    "dev/",
    " ",
    "\n",
    "*",
    "circle:",
    "role:",
    "#",
    "-",
    "@@",
    "//",
    "…",
    "\u202e",
]
NAMES = [
    "api",
    "web",
    "vault",
    "telegram",
    "cli",
    "me",
    "all",
    "p-0000000000",
    "a-0000000000",
    "nobody",
    "1",
    "yes",
]
PIECES = st.one_of(
    st.sampled_from([f"/{word.name}" for word in WORDS]),
    st.sampled_from(SIGNS),
    st.sampled_from(NAMES),
    st.sampled_from([each for each in ODD_TEXTS if len(each) < 100]),
    st.text(st.characters(), max_size=8),
)
WORDS_OF_PEOPLE = st.lists(PIECES, max_size=6).map(" ".join) | st.lists(PIECES, max_size=6).map("".join)


class Office:
    """Two circles, the owner's chat that sees both, and a group that sees one of them."""

    def __init__(self, *, group: bool) -> None:
        self.line = Line()
        self.ada: Chat = self.line.telegram()
        self.api: Peer = self.line.agent("api", "dev")
        self.web: Peer = self.line.agent("web", "dev")
        self.vault: Peer = self.line.agent("vault", "home")
        self.chat = self.line.group(("dev",)) if group else self.ada


def said(office: Office, texts: list[str]) -> None:
    for text in texts:
        try:
            office.line.say(office.chat, text)
        except Refused:
            assert office.line.conn.in_transaction is False


@settings(max_examples=150)
@given(st.lists(WORDS_OF_PEOPLE, min_size=1, max_size=3))
def test_any_words_are_taken_and_whoever_said_them_is_told_in_clean_text(texts: list[str]) -> None:
    office = Office(group=False)
    said(office, texts)

    for parcel in office.line.shown(office.chat):
        body = parcel.envelope.body
        assert not [x for x in body if (x < " " and x not in "\t\n") or "\x7f" <= x < "\xa0"]
        body.encode()


@settings(max_examples=150)
@given(st.lists(WORDS_OF_PEOPLE, min_size=1, max_size=3))
def test_no_words_in_a_group_reach_a_circle_that_is_not_its_own(texts: list[str]) -> None:
    office = Office(group=True)
    said(office, texts)

    assert office.line.inbox(office.vault) == []
    for parcel in office.line.shown(office.chat):
        if parcel.envelope.kind is Kind.REPLY:
            asked = " ".join(texts)
            assert "vault" in asked or "vault" not in parcel.envelope.body
