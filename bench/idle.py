"""A daemon that nobody talks to does nothing: no timer, no wake, no processor time."""

from __future__ import annotations

import time
from typing import Final

from stand.house import house, registered
from stand.processes import cpu, wakes
from stand.sheet import Sheet

SETTLED_S: Final = 5.0
WATCHED_S: Final = 30.0


def main() -> None:
    sheet = Sheet("idle")
    with house() as home:
        registered(home, "ada", "bob")
        time.sleep(SETTLED_S)  # noqa: TID251 -- there is nothing to wait for: that is the promise
        woken, used = wakes(home.pid), cpu(home.pid)
        time.sleep(WATCHED_S)  # noqa: TID251
        woken, used = wakes(home.pid) - woken, cpu(home.pid) - used
    share = used / WATCHED_S * 100
    sheet.row(
        f"{WATCHED_S:.0f} s without a word",
        f"{woken} wakes, {share:.2f} % of a processor",
        limit="no timer, < 0.1 %",
        kept=woken == 0 and share < 0.1,
        seed="10 wakes a second, 0.13 to 0.23 %",
    )
    sheet.end()


if __name__ == "__main__":
    main()
