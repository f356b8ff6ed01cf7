"""Every error that is raised on purpose.

PeerlineError
├── Refused        the caller cannot have it; asking again will not help        exit 2
│   ├── Malformed · NotAuthenticated · NotAllowed · UnknownPeer · AmbiguousPeer · NotFound
│   ├── Gone · TooLarge
│   └── Conflict: InvalidTransition · StaleLease · DuplicateId · WaitingRing · ChainTooLong
├── Unavailable    nobody is wrong; asking again later may help                 exit 3
│   ├── StoreBusy · StorageFull · StoreDamaged · Throttled · VersionMismatch
│   └── DaemonUnreachable: Sandboxed · AnswerLost
└── Fault          we are wrong                                                 exit 70
    └── InvariantBroken

``code`` is for programs, ``str()`` the sentence, ``hint`` what to do. ``status`` is what HTTP says.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import ClassVar


class PeerlineError(Exception):
    """A failure with a stable ``code`` for programs and a ``hint`` for people."""

    code: ClassVar[str] = "peerline_error"
    status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 70
    retryable: ClassVar[bool] = False

    def __init__(self, sentence: str, hint: str = "", *, after_s: float | None = None) -> None:
        super().__init__(sentence)
        self.hint = hint
        self.after_s = after_s  #: seconds until another try makes sense; only on retryable errors

    def __str__(self) -> str:
        return str(self.args[0])


class Refused(PeerlineError):
    code = "refused"
    status = 400
    exit_code = 2


class Malformed(Refused):
    code = "malformed"


class NotAuthenticated(Refused):
    code = "not_authenticated"
    status = 401


class NotAllowed(Refused):
    code = "not_allowed"
    status = 403


class NotFound(Refused):
    code = "not_found"
    status = 404


class UnknownPeer(Refused):
    code = "unknown_peer"
    status = 404


class AmbiguousPeer(Refused):
    code = "ambiguous_peer"
    status = 409


class Conflict(Refused):
    code = "conflict"
    status = 409


class InvalidTransition(Conflict):
    """The thing exists, but this cannot happen to it in the state it is in."""

    code = "invalid_transition"


class StaleLease(Conflict):
    """The lease lapsed and somebody else may hold it now. Drop the result, do not retry."""

    code = "stale_lease"


class DuplicateId(Conflict):
    """An idempotency key was used before, for something else."""

    code = "duplicate_id"


class WaitingRing(Conflict):
    """Whoever waited would wait for somebody who waits for them."""

    code = "waiting_ring"


class ChainTooLong(Conflict):
    """Agents' messages led to each other as often as they may without a person in between."""

    code = "chain_too_long"


class Gone(Refused):
    code = "gone"
    status = 410


class TooLarge(Refused):
    code = "too_large"
    status = 413


class Unavailable(PeerlineError):
    code = "unavailable"
    status = 503
    exit_code = 3
    retryable = True


class StoreBusy(Unavailable):
    code = "store_busy"


class StorageFull(Unavailable):
    code = "storage_full"
    status = 507


class StoreDamaged(Unavailable):
    """What lies on the disk is not what was written there."""

    code = "store_damaged"


class Throttled(Unavailable):
    code = "throttled"
    status = 429


class DaemonUnreachable(Unavailable):
    code = "daemon_unreachable"


class Sandboxed(DaemonUnreachable):
    """The way to the daemon may not be opened from here; it may well be there."""

    code = "sandboxed"


class AnswerLost(DaemonUnreachable):
    """The connection broke off: there was a daemon, and whether it was done is not known. Repeat it with its key."""


class VersionMismatch(Unavailable):
    code = "version_mismatch"


class Fault(PeerlineError):
    code = "fault"


class InvariantBroken(Fault):
    code = "invariant_broken"


def for_people(error: PeerlineError) -> str:
    """The sentence and what to do, as Markdown: lines below the first of a hint keep their shape."""
    first, lines, rest = error.hint.partition("\n")
    return "\n".join(filter(None, [str(error), first, f"```\n{rest}\n```" if lines else ""]))


def invalid_transition(thing: str, state: str, event: str) -> InvalidTransition:
    return InvalidTransition(f"{thing} is {state}; it cannot take {event}")


def unknown_peer(name: str, known: Iterable[str], elsewhere: Sequence[str] = ()) -> UnknownPeer:
    """Say who is meant perhaps: the same name in another circle, or a name that looks alike."""
    if elsewhere:
        return UnknownPeer(
            f'no peer "{name}" in this circle', f"there is {_listed(elsewhere)}; name the circle to reach it"
        )
    close = get_close_matches(name, sorted(set(known)), n=3, cutoff=0.6)
    hint = f"did you mean {_listed(close)}?" if close else "list the peers to see who is there"
    return UnknownPeer(f'no peer "{name}"', hint)


def ambiguous_peer(name: str, candidates: Sequence[str]) -> AmbiguousPeer:
    return AmbiguousPeer(f'"{name}" could be {_listed(candidates)}', "name the circle as well")


def _listed(names: Sequence[str]) -> str:
    return " or ".join(f'"{name}"' for name in names)
