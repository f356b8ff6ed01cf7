"""The story of the seeds, with the real Claude Code and the real Codex, three times in a row.

A task comes from the phone. The coordinator starts one to build in a worktree and one of another kind to review,
gives each a job, asks both, collects what they say, has the work reviewed, plans to look in again, and reports. In the
third telling the daemon is killed at a moment that nobody chose.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.story.stage import stage
from tests.story.telling import judged, nothing_is_left, the_story

TELLINGS = 3
SEED = os.environ.get("PEERLINE_STORY_SEED") or str(random.SystemRandom().randrange(10**6))


@pytest.mark.thorough
async def test_the_story_ends_well_three_times_in_a_row_though_the_daemon_dies_in_the_third() -> None:
    took = 0.0
    for telling in range(1, TELLINGS + 1):
        dies_after = None if telling < TELLINGS else took * random.Random(SEED).random()  # noqa: S311  no secret
        if dies_after is not None:
            print(f"PEERLINE_STORY_SEED={SEED}: the daemon is killed {dies_after:.2f} s after the task")
        async with stage() as on:
            took = await the_story(on, dies_after=dies_after)
            await judged(on)
            await nothing_is_left(on)
