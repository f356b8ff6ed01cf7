"""Every command of the table with its deed, and what becomes of the choices that deeds offer: one row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from daemon.core.model import Ask, Heard
from daemon.core.said import deeds, endings, looking, minding, moving, reviewdeeds, rounds, steering, tasking
from daemon.core.said.deeds import Talk

_LOOKS: Final = looking.DEEDS | reviewdeeds.DEEDS | endings.DEEDS
DEEDS: Final = deeds.DEEDS | steering.DEEDS | _LOOKS | rounds.DEEDS | tasking.DEEDS | minding.DEEDS
RESOLVED: Final[Mapping[str, Callable[[Talk, Ask, str], Heard]]] = {
    moving.SUBJECT: moving.moved,
    tasking.ONE: tasking.chosen,
    tasking.NIGHT: tasking.begun,
    **(rounds.RESOLVED | reviewdeeds.RESOLVED),
    **dict.fromkeys(looking.DEEDS, looking.chosen),
    **dict.fromkeys(endings.DEEDS, endings.chosen),
}
