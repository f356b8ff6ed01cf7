"""Settings of all tests.

Property tests try the same examples on every run, so that red means broken and not unlucky;
``HYPOTHESIS_PROFILE=explore`` looks for new ones, and ``PEERLINE_TRIES=20`` for twenty times as many as each test says.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

TRIES = int(os.environ.get("PEERLINE_TRIES", "1"))
MANY = {"max_examples": 100 * TRIES, "database": None} if TRIES > 1 else {}

settings.register_profile("steady", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("explore", deadline=None, print_blob=True, **MANY)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "explore" if TRIES > 1 else "steady"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest first, or all would wait for them at the end.
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
    for item in items if TRIES > 1 else ():
        test = getattr(item, "obj", None)
        own = getattr(test, "_hypothesis_internal_use_settings", None)
        if own is not None:
            test._hypothesis_internal_use_settings = settings(
                own, max_examples=own.max_examples * TRIES, derandomize=False, database=None
            )
