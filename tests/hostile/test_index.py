"""The list of hostile cases is whole: each has one id, and a test that is really there."""

from __future__ import annotations

import ast
from collections import Counter

import pytest

from tests.hostile.index import CLASSES, ELSEWHERE, HERE, TESTS, cases, readme


def test_no_id_stands_for_two_cases() -> None:
    assert [name for name, n in Counter(each.case_id for each in cases()).items() if n > 1] == []


def test_there_are_about_two_hundred_of_every_class_and_honest_ones_beside() -> None:
    listed = cases()
    assert len([each for each in listed if not each.is_honest]) >= 200
    assert len([each for each in listed if each.is_honest]) >= 25
    assert {each.kind for each in listed} == set(CLASSES)


@pytest.mark.parametrize("file", sorted({where.partition("::")[0] for _, where in ELSEWHERE.values()}))
def test_what_has_a_home_of_its_own_is_there(file: str) -> None:
    tests = {
        each.name
        for each in ast.walk(ast.parse((TESTS / file).read_text()))
        if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    wanted = {where.partition("::")[2] for _, where in ELSEWHERE.values() if where.startswith(f"{file}::")}
    assert wanted <= tests


def test_the_list_is_written_as_it_is() -> None:
    assert (HERE / "README.md").read_text() == readme(), "python -m tests.hostile.index"
