"""The table of mutants fits the tree as it is, so that it cannot rot unseen."""

from __future__ import annotations

import ast
from collections import Counter
from functools import cache

import pytest

from tests.architecture.tree import ROOT, TOP
from tests.mutants.table import MUTANTS, Mutant


@cache
def source(file: str) -> str:
    return (ROOT / file).read_text(encoding="utf-8")


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse(source(file))
    return frozenset(x.name for x in ast.walk(tree) if isinstance(x, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_row_breaks_one_place_of_the_product_and_names_tests_that_are_there(mutant: Mutant) -> None:
    broken = mutant.applied(source(mutant.file))
    assert broken != source(mutant.file)
    ast.parse(broken)
    assert mutant.file.partition("/")[0] in TOP
    assert mutant.tests
    for test in mutant.tests:
        file, _, name = test.partition("::")
        assert name in names_in(file), test


def test_no_two_rows_are_called_alike_or_break_the_same() -> None:
    assert [name for name, count in Counter(each.name for each in MUTANTS).items() if count > 1] == []
    assert len({(each.file, each.text, each.instead) for each in MUTANTS}) == len(MUTANTS)


def test_a_text_that_does_not_stand_there_exactly_once_is_refused() -> None:
    mutant = Mutant("", "x.py", "one", "two", ())
    assert mutant.applied("this one") == "this two"
    with pytest.raises(ValueError, match="2 times"):
        mutant.applied("one one")
    with pytest.raises(ValueError, match="0 times"):
        mutant.applied("")
