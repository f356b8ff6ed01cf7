"""The part of the table that hosts of chats use beside words, taps and parcels."""

from __future__ import annotations

from typing import Final

from daemon.api import answers, bodies, chatanswers, incoming
from daemon.api.caller import HOSTS
from daemon.api.door import Endpoint
from daemon.wire import routes

CHATS: Final = (
    Endpoint(
        "POST",
        routes.EDITS,
        incoming.edit,
        "hand over what a person changed",
        body=bodies.EditBody,
        may=HOSTS,
        answers=chatanswers.Heard,
    ),
    Endpoint(
        "POST",
        routes.DELETIONS,
        incoming.unsay,
        "say what a person took away",
        body=bodies.UnsayBody,
        may=HOSTS,
        answers=chatanswers.Heard,
    ),
    Endpoint(
        "POST",
        routes.MARKS,
        incoming.mark,
        "hand over a person's mark",
        body=bodies.MarkBody,
        may=HOSTS,
        answers=chatanswers.Heard,
    ),
    Endpoint(
        "POST",
        routes.PLACES,
        incoming.place,
        "say what became of a chat",
        body=bodies.PlaceBody,
        may=HOSTS,
        answers=chatanswers.Heard,
    ),
    Endpoint(
        "POST",
        routes.UPDATES,
        incoming.keep,
        "keep what the platform told",
        body=bodies.UpdatesBody,
        may=HOSTS,
        answers=chatanswers.Fresh,
    ),
    Endpoint(
        "GET",
        routes.UPDATES,
        incoming.waiting,
        "list what the platform told and is not done, and the newest of each lane",
        query=bodies.UpdatesQuery,
        may=HOSTS,
        answers=chatanswers.Updates,
    ),
    Endpoint(
        "POST",
        routes.UPDATES_DONE,
        incoming.done,
        "say that it is done",
        body=bodies.DoneBody,
        may=HOSTS,
        answers=answers.Told,
    ),
)
