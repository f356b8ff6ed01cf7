"""Whatever an agent writes, the platform takes it and a reader finds all of it."""

from __future__ import annotations

import pytest

from tests.chatrig import rendering, slack_rendering
from tests.chatrig.luck import luck, told
from tests.chatrig.rendering import Findings
from tests.chatrig.writings import Writer

JUDGES = {"telegram": rendering.judged, "slack": slack_rendering.judged}
BOTH = pytest.mark.parametrize("surface", JUDGES)


def run(surface: str, pairs: int) -> Findings:
    findings, writer = Findings(), Writer(luck())
    for _ in range(pairs):
        JUDGES[surface](writer, findings)
    told(
        f"{findings.texts} texts, {findings.parts} parts, at most {findings.most_parts} of one text",
        findings.wrong,
    )
    return findings


@BOTH
def test_no_text_is_refused_and_nothing_visible_is_lost(surface: str) -> None:
    assert run(surface, 60).wrong == []


@pytest.mark.rig
@BOTH
def test_none_of_5000_texts_is_refused_and_nothing_visible_is_lost(surface: str) -> None:
    assert run(surface, 2500).wrong == []
