"""What a peer can do about times to come. A part of ``PeerClient``, written once like the rest of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote

from daemon.wire import routes

Json = dict[str, Any]
ACTIVE: Final = "active"
PAUSED: Final = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What ``add_schedule`` takes: exactly one of ``at``, ``every``, ``cron`` and ``when``."""

    to: tuple[str, ...]
    text: str
    at: str | None = None
    every: str | None = None
    cron: str | None = None
    when: str | None = None
    timezone: str | None = None
    kind: str = "notice"
    circle: str | None = None
    missed: str = "once"
    most: int = 10
    overlap: str | None = None
    until: str | None = None
    jitter_s: int = 0
    spawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What ``add_checkin`` takes: exactly one of ``at``, ``every``, ``cron`` and ``when``."""

    name: str
    ask: str
    of: tuple[str, ...]
    report_to: str = "me"
    at: str | None = None
    every: str | None = None
    cron: str | None = None
    when: str | None = None
    timezone: str | None = None
    circle: str | None = None
    within_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What ``add_job`` takes: for a peer (``to``), or for a folder (``path`` and ``backend``)."""

    title: str
    prompt: str | None = None
    to: str | None = None
    path: str | None = None
    backend: str | None = None
    circle: str | None = None
    after: tuple[str, ...] = ()
    at: str | None = None
    timezone: str | None = None
    tonight: bool = False
    deadline_s: int | None = None
    retries: int = 0
    messages: int | None = None  #: budgets; None: as the config says
    wakes: int | None = None
    minutes: int | None = None


class TimeClient(Protocol):
    async def add_schedule(self, wish: Wish, *, key: str | None = None) -> Json: ...
    async def schedules(self, whose: str = "mine", *, over: bool = False) -> Json: ...
    async def schedule(self, schedule_id: str) -> Json:
        """With ``occurrences``: what became of its last times, the newest first."""
        ...

    async def change_schedule(self, schedule_id: str, state: str) -> Json:
        """``state``: ``active`` or ``paused``."""
        ...

    async def remove_schedule(self, schedule_id: str) -> Json: ...
    async def run_schedule(self, schedule_id: str, *, key: str | None = None) -> Json: ...
    async def add_checkin(self, wish: Round, *, key: str | None = None) -> Json: ...
    async def checkins(self) -> Json: ...
    async def remove_checkin(self, name: str) -> Json: ...
    async def run_checkin(self, name: str, *, key: str | None = None) -> Json: ...
    async def fire_schedules(self) -> Json:
        """Decide what is due; for the scheduler alone. ``stopped``: what broke, each with its id and why."""
        ...

    async def add_job(self, task: Task, *, key: str | None = None) -> Json: ...
    async def jobs(self, whose: str = "mine", *, over: bool = True) -> Json: ...
    async def job(self, job_id: str) -> Json:
        """With ``waits_for``: what holds it up now."""
        ...

    async def update_job(
        self, job_id: str, state: str, *, note: str = "", claims: Sequence[str] = ()
    ) -> Json:
        """``state``: ``running``, ``blocked``, ``done`` or ``failed``."""
        ...

    async def cancel_job(self, job_id: str, *, key: str | None = None) -> Json: ...
    async def retry_job(self, job_id: str, *, key: str | None = None) -> Json: ...
    async def attention(self) -> Json:
        """``{"people": [...]}``: what each wishes to be rung for, and how much is held back for them."""
        ...

    async def wish(self, person: str, **wished: Any) -> Json:
        """``quiet``, ``timezone``, ``pushes``, ``mute``, ``hear``; what is not named stays as it is."""
        ...

    async def tell_digest(self, person: str) -> Json: ...
    def alarms(self) -> AsyncIterator[Json]:
        """``{"at"}``: when something is due next, now and whenever that changes, without an end."""
        ...


class TimeVerbs:
    async def add_schedule(self, wish: Wish, *, key: str | None = None) -> Json:
        return await self._post(routes.SCHEDULES, {**asdict(wish), "to": list(wish.to)}, key)

    async def schedules(self, whose: str = "mine", *, over: bool = False) -> Json:
        return await self._get(routes.SCHEDULES, whose=whose, over="true" if over else "false")

    async def schedule(self, schedule_id: str) -> Json:
        return await self._get(_at(routes.SCHEDULE, schedule_id))

    async def change_schedule(self, schedule_id: str, state: str) -> Json:
        return await self._send("PATCH", _at(routes.SCHEDULE, schedule_id), {"state": state})

    async def remove_schedule(self, schedule_id: str) -> Json:
        return await self._send("DELETE", _at(routes.SCHEDULE, schedule_id), None)

    async def run_schedule(self, schedule_id: str, *, key: str | None = None) -> Json:
        return await self._post(_at(routes.RUN_SCHEDULE, schedule_id), {}, key)

    async def add_checkin(self, wish: Round, *, key: str | None = None) -> Json:
        return await self._post(routes.CHECKINS, {**asdict(wish), "of": list(wish.of)}, key)

    async def checkins(self) -> Json:
        return await self._get(routes.CHECKINS)

    async def remove_checkin(self, name: str) -> Json:
        return await self._send("DELETE", _called(routes.CHECKIN, name), None)

    async def run_checkin(self, name: str, *, key: str | None = None) -> Json:
        return await self._post(_called(routes.RUN_CHECKIN, name), {}, key)

    async def fire_schedules(self) -> Json:
        return await self._post(routes.FIRE, {}, None)

    async def add_job(self, task: Task, *, key: str | None = None) -> Json:
        return await self._post(routes.JOBS, {**asdict(task), "after": list(task.after)}, key)

    async def jobs(self, whose: str = "mine", *, over: bool = True) -> Json:
        return await self._get(routes.JOBS, whose=whose, over=over)

    async def job(self, job_id: str) -> Json:
        return await self._get(_at(routes.JOB, job_id))

    async def update_job(
        self, job_id: str, state: str, *, note: str = "", claims: Sequence[str] = ()
    ) -> Json:
        body = {"state": state, "note": note, "claims": list(claims)}
        return await self._send("PATCH", _at(routes.JOB, job_id), body)

    async def cancel_job(self, job_id: str, *, key: str | None = None) -> Json:
        return await self._post(_at(routes.CANCEL_JOB, job_id), {}, key)

    async def retry_job(self, job_id: str, *, key: str | None = None) -> Json:
        return await self._post(_at(routes.RETRY_JOB, job_id), {}, key)

    async def alarms(self) -> AsyncIterator[Json]:
        async for _, told in self._lasting(routes.ALARMS, {}):
            yield told

    def _lasting(self, path: str, query: dict[str, str]) -> AsyncIterator[tuple[str, Any]]:
        raise NotImplementedError

    async def attention(self) -> Json:
        return await self._get(routes.ATTENTION)

    async def wish(self, person: str, **wished: Any) -> Json:
        return await self._send("PATCH", _of(routes.ATTENTION_OF, person), wished)

    async def tell_digest(self, person: str) -> Json:
        return await self._post(_of(routes.DIGEST, person), {}, None)

    async def _get(self, path: str, **query: Any) -> Json:
        raise NotImplementedError

    async def _send(self, method: str, path: str, body: Json | None) -> Json:
        raise NotImplementedError

    async def _post(self, path: str, body: Json, key: str | None) -> Json:
        raise NotImplementedError


def _at(path: str, wanted: str) -> str:
    return path.format(id=quote(wanted, safe="", errors="replace"))


def _called(path: str, name: str) -> str:
    return path.format(name=quote(name, safe="", errors="replace"))


def _of(path: str, person: str) -> str:
    return path.format(person=quote(person, safe="", errors="replace"))
