"""Each time of each schedule is said once, or it is written down why not, whatever happens to machine and clock."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.core.model import Outcome
from tests.engine.days import WISHES, Days, differences

SEED = int(os.environ.get("PEERLINE_SEED", "1"))


@pytest.mark.parametrize("days", [40, pytest.param(10_000, marks=pytest.mark.rig)])
async def test_each_time_is_as_its_policy_says(tmp_path: Path, days: int) -> None:
    print(f"PEERLINE_SEED={SEED}")
    life = Days(tmp_path / "peerline.db", SEED)
    try:
        await life.pass_by(days)
        said = 0
        for wish, made in zip(WISHES, life.made, strict=True):
            rows = await life.became(made)
            assert differences(life.expected(wish), rows) == [], wish
            sent = [row.envelope_id for row in rows if row.outcome is Outcome.SENT]
            assert len(set(sent)) == len(sent)
            said += len(sent)
        assert life.heard == said
        assert all(life.met[what] for what in ("sleep", "crash", "forward", "back", "early")), life.met
        print(f"{days} days: {said} said, {len(life.looked)} times looked, {dict(life.met)}")
    finally:
        await life.close()
