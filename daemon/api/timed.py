"""The part of the table that is about times to come, and about when people are to be told."""

from __future__ import annotations

from typing import Final

from daemon.api import attention, attentionbodies, bodies, checkins, jobs, schedules, timeanswers, timebodies
from daemon.api.caller import OWNER, Standing
from daemon.api.door import Endpoint
from daemon.wire import routes

TIMES: Final = (
    Endpoint(
        "GET",
        routes.SCHEDULES,
        schedules.listed,
        "list what is scheduled",
        query=timebodies.SchedulesQuery,
        answers=timeanswers.Schedules,
    ),
    Endpoint(
        "POST",
        routes.SCHEDULES,
        schedules.add,
        "say something to somebody later, or again and again",
        body=timebodies.ScheduleBody,
        answers=timeanswers.Schedule,
    ),
    Endpoint(
        "POST",
        routes.FIRE,
        schedules.fire,
        "decide what is due",
        body=bodies.Nothing,
        may=frozenset({Standing.SERVICE}),
        answers=timeanswers.Decided,
    ),
    Endpoint(
        "GET",
        routes.ALARMS,
        schedules.alarms,
        "be told when something is due next",
        may=frozenset({Standing.SERVICE}),
        streams=True,
    ),
    Endpoint(
        "GET",
        routes.SCHEDULE,
        schedules.shown,
        "look at a schedule and at its last times",
        answers=timeanswers.Schedule,
    ),
    Endpoint(
        "PATCH",
        routes.SCHEDULE,
        schedules.change,
        "let a schedule rest or go on",
        body=timebodies.ScheduleChange,
        answers=timeanswers.Schedule,
    ),
    Endpoint(
        "DELETE", routes.SCHEDULE, schedules.remove, "take a schedule away", answers=timeanswers.Schedule
    ),
    Endpoint(
        "POST",
        routes.RUN_SCHEDULE,
        schedules.run,
        "fire a schedule now",
        body=bodies.Nothing,
        answers=timeanswers.Occurrence,
    ),
    Endpoint(
        "GET",
        routes.CHECKINS,
        checkins.listed,
        "list the check-ins, with what everybody said last",
        answers=timeanswers.Checkins,
    ),
    Endpoint(
        "POST",
        routes.CHECKINS,
        checkins.add,
        "ask several again and again, and be told what changed",
        body=timebodies.CheckinBody,
        answers=timeanswers.Checkin,
    ),
    Endpoint("DELETE", routes.CHECKIN, checkins.remove, "take a check-in away", answers=timeanswers.Checkin),
    Endpoint(
        "POST",
        routes.RUN_CHECKIN,
        checkins.run,
        "begin a round of a check-in now",
        body=bodies.Nothing,
        answers=timeanswers.Occurrence,
    ),
    Endpoint(
        "GET",
        routes.JOBS,
        jobs.listed,
        "list the jobs",
        query=timebodies.JobsQuery,
        answers=timeanswers.Jobs,
    ),
    Endpoint(
        "POST",
        routes.JOBS,
        jobs.add,
        "have something done that lasts",
        body=timebodies.JobBody,
        answers=timeanswers.Job,
    ),
    Endpoint("GET", routes.JOB, jobs.shown, "look at a job", answers=timeanswers.Job),
    Endpoint(
        "PATCH",
        routes.JOB,
        jobs.update,
        "say how far a job is",
        body=timebodies.JobChange,
        answers=timeanswers.Job,
    ),
    Endpoint(
        "POST",
        routes.CANCEL_JOB,
        jobs.cancel,
        "end a job",
        body=bodies.Nothing,
        answers=timeanswers.Job,
    ),
    Endpoint(
        "POST",
        routes.RETRY_JOB,
        jobs.retry,
        "try a job anew",
        body=bodies.Nothing,
        answers=timeanswers.Job,
    ),
    Endpoint(
        "GET",
        routes.ATTENTION,
        attention.listed,
        "see what people wish to be rung for",
        may=OWNER,
        answers=attentionbodies.Attentions,
    ),
    Endpoint(
        "PATCH",
        routes.ATTENTION_OF,
        attention.change,
        "set what somebody wishes to be rung for",
        body=attentionbodies.Wished,
        may=OWNER,
        answers=attentionbodies.Attention,
    ),
    Endpoint(
        "POST",
        routes.DIGEST,
        attention.digest,
        "tell somebody what is held back for them",
        body=bodies.Nothing,
        may=OWNER,
        answers=attentionbodies.Digest,
    ),
)
