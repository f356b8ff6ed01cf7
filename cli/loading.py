"""Loading modules without looking for garbage in them."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def loading() -> Iterator[None]:
    """While modules load, hardly anything becomes garbage, and looking for it costs a tenth of the time.

    What was loaded stays, so it is never looked at again: that would stop the daemon for tens of milliseconds.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
