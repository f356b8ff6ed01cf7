"""How a review is told."""

from __future__ import annotations

from typing import Any

from daemon.core import model as m
from daemon.wire.shapes import moment

Json = dict[str, Any]


def review(shown: m.ReviewShown) -> Json:
    one = shown.review
    return {
        "review_id": one.review_id,
        "what": one.what,
        "kind": one.source.kind,
        "branch": one.source.branch or None,
        "folder": one.source.folder or None,
        "url": one.source.url or None,
        "base": one.source.base or None,
        "author": shown.author,
        "reviewer": shown.reviewer,
        "submitted_sha": one.submitted_sha or None,
        "head_sha": one.head_sha or None,
        "state": one.state,
        "reason": one.reason,
        "next": shown.next,
        "ask_id": one.ask_id or None,
        "verdicts": [verdict(each) for each in one.verdicts],
        "requested_at": moment(one.requested_at),
        "looked_at": moment(one.looked_at),
        "ended_at": moment(one.ended_at),
    }


def verdict(one: m.Verdict) -> Json:
    return {"verdict": one.verdict, "sha": one.sha, "note": one.note, "by": one.by, "at": moment(one.at)}
