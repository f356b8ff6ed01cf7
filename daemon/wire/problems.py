"""Errors across the boundary: problem+json and back by ``code``, so ``except UnknownPeer`` works on both sides."""

from __future__ import annotations

from typing import Any

from daemon.core.errors import Fault, PeerlineError, Refused, Unavailable

Json = dict[str, Any]


def _tree(error: type[PeerlineError]) -> dict[str, type[PeerlineError]]:
    """Which error a code stands for; a kind without a code of its own is told as the one above it."""
    found = {}
    for child in error.__subclasses__():
        found.update(_tree(child))
    return found | {error.code: error}


_BY_CODE = _tree(PeerlineError)


def to_problem(error: PeerlineError) -> Json:
    """RFC 9457: ``type title status detail`` and, beside them, our ``code hint retryable after_s``."""
    problem: Json = {
        "type": f"urn:peerline:problem:{error.code}",
        "title": error.code.replace("_", " "),
        "status": error.status,
        "detail": str(error),
        "code": error.code,
        "retryable": error.retryable,
    }
    if error.hint:
        problem["hint"] = error.hint
    if error.after_s is not None:
        problem["after_s"] = error.after_s
    return problem


def from_problem(status: int, problem: object) -> PeerlineError:
    """The error that was raised on the other side; a stranger's answer by its status alone."""
    told: Json = problem if isinstance(problem, dict) else {}
    kind = _BY_CODE.get(str(told.get("code"))) or _by_status(status)
    sentence = str(told.get("detail") or f"the daemon answered with status {status}")
    after = told.get("after_s")
    return kind(
        sentence, str(told.get("hint") or ""), after_s=after if isinstance(after, int | float) else None
    )


def _by_status(status: int) -> type[PeerlineError]:
    if status in {429, 502, 503, 504, 507}:
        return Unavailable
    return Refused if status < Fault.status else Fault
