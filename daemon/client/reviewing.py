"""What a peer can do about reviews. A part of ``PeerClient``, written once like the rest of it."""

from __future__ import annotations

from typing import Any, Protocol
from urllib.parse import quote

from daemon.wire import routes

Json = dict[str, Any]


class ReviewClient(Protocol):
    async def request_review(
        self,
        what: str,
        reviewer: str,
        *,
        circle: str | None = None,
        author: str | None = None,
        key: str | None = None,
    ) -> Json:
        """``what``: ``FOLDER#BRANCH`` or a pull request's URL; ``author``: whose work it is, for the owner to say."""
        ...

    async def review_queue(self, peer: str | None = None, *, over: bool = False) -> Json:
        """``{"reviews": [...]}``, looked at just now; ``peer``: whose, ``*`` everybody's."""
        ...

    async def mark_reviewed(
        self, review: str, verdict: str, *, sha: str | None = None, note: str = "", key: str | None = None
    ) -> Json:
        """``verdict``: ``approved`` or ``changes-requested``; refused if ``sha`` is not the head any more."""
        ...


class ReviewVerbs:
    async def request_review(
        self,
        what: str,
        reviewer: str,
        *,
        circle: str | None = None,
        author: str | None = None,
        key: str | None = None,
    ) -> Json:
        body = {"what": what, "reviewer": reviewer, "circle": circle, "author": author}
        return await self._post(routes.REVIEWS, body, key)

    async def review_queue(self, peer: str | None = None, *, over: bool = False) -> Json:
        return await self._get(routes.REVIEWS, peer=peer, over=over)

    async def mark_reviewed(
        self, review: str, verdict: str, *, sha: str | None = None, note: str = "", key: str | None = None
    ) -> Json:
        path = routes.MARK_REVIEW.format(id=quote(review, safe="", errors="replace"))
        return await self._post(path, {"verdict": verdict, "sha": sha, "note": note}, key)

    async def _get(self, path: str, **query: Any) -> Json:
        raise NotImplementedError

    async def _post(self, path: str, body: Json, key: str | None) -> Json:
        raise NotImplementedError
