"""Only a test that failed has caught anything."""

from __future__ import annotations

import pytest

from tests.mutants.run import HUNG, Verdict
from tests.mutants.table import MUTANTS


@pytest.mark.parametrize("code", [HUNG, 0, 2, 3, 4, 5, -9])
def test_a_run_that_ended_otherwise_than_by_a_failed_test_has_caught_nothing(code: int) -> None:
    verdict = Verdict(MUTANTS[0], code, 1.0, "FAILED tests/x.py::test_y - it did not load")
    assert not verdict.caught
    assert str(verdict).startswith("SURVIVED")
    assert "by test_y" not in str(verdict)


def test_what_was_caught_is_told_with_the_test_that_did() -> None:
    verdict = Verdict(MUTANTS[0], 1, 1.0, "1 failed\nFAILED tests/x.py::test_y[1] - assert 1 == 2")
    assert verdict.caught
    assert str(verdict).endswith(f"{MUTANTS[0].name}, by test_y")


def test_skipped_tests_are_told_and_have_caught_nothing() -> None:
    assert "skipped here" in str(Verdict(MUTANTS[0], 0, 1.0, "s\n1 skipped in 0.1s"))
