"""Whatever an agent writes, Telegram takes it and a reader finds all of it."""

from __future__ import annotations

import pytest

from tests.chatrig.luck import luck, told
from tests.chatrig.rendering import Findings, judged
from tests.chatrig.writings import Writer


def run(pairs: int) -> Findings:
    findings, writer = Findings(), Writer(luck())
    for _ in range(pairs):
        judged(writer, findings)
    told(
        f"{findings.texts} texts, {findings.parts} parts, at most {findings.most_parts} of one text",
        findings.wrong,
    )
    return findings


def test_no_text_is_refused_and_nothing_visible_is_lost() -> None:
    assert run(60).wrong == []


@pytest.mark.rig
def test_none_of_5000_texts_is_refused_and_nothing_visible_is_lost() -> None:
    assert run(2500).wrong == []
