"""What a person has done that lasts, by talking: giving jobs, for now or for the night, seeing them, ending them."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from daemon.core import commands as c
from daemon.core import orders, sending, work
from daemon.core.errors import Malformed, NotAllowed
from daemon.core.jobends import BRIEF, told
from daemon.core.model import Ask, Authority, Heard, Job, Peer
from daemon.core.posting import LINE
from daemon.core.rules import nights, unattended, when
from daemon.core.rules.cleaning import fitted, line
from daemon.core.rules.jobs import State, is_over
from daemon.core.rules.timetable import place
from daemon.core.rules.words import BY_NAME, called
from daemon.core.said import deeds
from daemon.core.said.deeds import Talk

USAGE: Final = "say /job @peer text, or /job PATH [backend:] text"
ONE: Final = "jobs"  #: subject of a choice among jobs, and of what is to become of one
NIGHT: Final = "tonight"  #: subject of what may be begun for the night: whom for, and what
MOST_SHOWN: Final = 10
CHOICE_LIFE: Final = timedelta(minutes=30)
CANCEL: Final = "cancel"
RETRY: Final = "retry"
RESULT: Final = "result"
START: Final = "start"
LEAVE: Final = "leave it"


def _job(talk: Talk, rest: str) -> Heard:
    if rest.startswith(("/", "~")):
        return _in_folder(talk, rest)
    peer, text = _meant(talk, rest)
    made = _added(talk, text, to=peer.peer_id)
    talk.tell(f"{told(made)} is {made.state} for {peer.name}{_waits(talk, made)}")
    return Heard("command", made.ask_id or None)


def _in_folder(talk: Talk, rest: str) -> Heard:
    """``/src/app codex: text``; without a backend, whatever the config starts there."""
    if "spawn" not in talk.person.rights:
        raise NotAllowed("a job for a folder needs the right to spawn", "the owner can grant it")
    path, _, text = rest.partition(" ")
    backend, colon, words = text.partition(":")
    named = colon and " " not in backend.strip()
    made = _added(
        talk,
        (words if named else text).strip(),
        path=path,
        backend=backend.strip() if named else "claude-code",
    )
    talk.tell(f"{told(made)} is {made.state} in {path}{_waits(talk, made)}")
    return Heard("command")


def _tonight(talk: Talk, rest: str) -> Heard:
    """Shows when, how many and what happens to questions; nothing is queued before *start*."""
    peer, text = _meant(talk, rest)
    shown = _night(talk, peer)
    _offer(
        talk,
        f'{shown}\n\n{peer.name}: "{fitted(text, 1000)}"',
        (START, LEAVE),
        f"{NIGHT}\n{peer.peer_id}\n{text}",
    )
    return Heard("command")


def begun(talk: Talk, ask: Ask, choice: str) -> Heard:
    """The night's card was answered."""
    if choice != START:
        talk.tell("left as it is", passing=True)
        return Heard("command")
    _may(talk, "tonight")
    _, peer_id, text = ask.subject.split("\n", 2)
    made = _added(talk, text, to=deeds.peer_called(talk, peer_id).peer_id, tonight=True)
    talk.tell(f"{told(made)} is {made.state}{_waits(talk, made)}")
    return Heard("command")


def _jobs(talk: Talk, rest: str) -> Heard:
    found = _theirs(talk)
    if not found:
        talk.tell(f"there are no jobs. To have something done, {USAGE}")
        return Heard("command")
    lines = [_line(talk, each, f"{number}. ") for number, each in enumerate(found, 1)]
    more = "\nthe rest: `peerline job list`" if len(found) == MOST_SHOWN else ""
    options = tuple(f"{number}. {line(each.title, BRIEF - 4)}" for number, each in enumerate(found, 1))
    _offer(talk, "\n".join(lines) + more, options, "\n".join([ONE, *(each.job_id for each in found)]))
    return Heard("command")


def chosen(talk: Talk, ask: Ask, choice: str) -> Heard:
    """One of the list, or what is to become of it."""
    ids = ask.subject.split("\n")[1:]
    if choice in {CANCEL, RETRY, RESULT}:
        return _done(talk, ids[0], choice)
    job = _seen(talk, ids[ask.options.index(choice)])
    if job.state == State.DONE:
        return _done(talk, job.job_id, RESULT)
    may = (CANCEL, RETRY) if job.state == State.BLOCKED else (RETRY,) if is_over(job) else (CANCEL,)
    _offer(talk, _line(talk, job), (*may, RESULT), f"{ONE}\n{job.job_id}")
    return Heard("command")


def _done(talk: Talk, job_id: str, choice: str) -> Heard:
    job = _seen(talk, job_id)
    if choice == RESULT:
        claims = [f"- {each.claim}: {work.verdict(each)}" for each in job.claims]
        words = job.result or job.note or job.reason or "nothing yet"
        talk.tell(fitted("\n".join([f"{told(job)} is {job.state}: {words}", *claims])))
        return Heard("command")
    _may(talk, "job")
    by, named = talk.here.peer_id, talk.person.name
    if choice == CANCEL:
        after = work.cancel(talk.plan, c.CancelJob(job_id=job_id, by=by, named=named))
    else:
        after = work.retry(talk.plan, c.RetryJob(job_id=job_id, by=by))
    talk.tell(f"{told(after)} is {after.state}{_waits(talk, after)}")
    return Heard("command")


def _meant(talk: Talk, rest: str) -> tuple[Peer, str]:
    """Who is called, else who gets this person's plain words, else whoever leads."""
    named = called(rest)
    text = named[1] if named else rest
    peer = deeds.peer_called(talk, named[0]) if named else deeds.chosen(talk) or deeds.orchestrator(talk)
    if peer is None:
        raise NotAllowed("nobody is meant", USAGE)
    if not text.strip():
        raise Malformed("nothing is to be done", USAGE)
    return peer, text.strip()


def _added(
    talk: Talk, text: str, *, to: str = "", path: str = "", backend: str = "", tonight: bool = False
) -> Job:
    command = c.AddJob(
        owner=talk.here.peer_id,
        title=line(text, BRIEF),
        prompt=deeds.words_of(talk, text),
        to=to,
        path=path,
        backend=backend,
        tonight=tonight,
        surface=talk.conversation.surface,
        account=talk.person.account,
        person=talk.person.name,
        may_spawn="spawn" in talk.person.rights,
    )
    return orders.add(talk.plan, command)


def _may(talk: Talk, word: str) -> None:
    """A card stays where anybody there can tap it."""
    right = BY_NAME[word].right
    if right not in talk.person.rights:
        raise NotAllowed(f"/{word} needs the right to {right}", "the owner can grant it")


def _waits(talk: Talk, job: Job) -> str:
    if job.state == State.QUEUED and job.due_at:
        return f", not before {when.moment(job.due_at, talk.said.zone)}"
    why = work.waits_for(talk.plan, job) if job.state == State.QUEUED else ""
    return f": {why}" if why else ""


def _night(talk: Talk, peer: Peer) -> str:
    rota, now = talk.plan.rota(), talk.plan.now
    window = nights.window(rota, peer.circle, now)
    if window is None:
        raise NotAllowed(f'circle "{peer.circle}" has no night', "set `nights` in the config")
    queued = [x for x in talk.plan.view.jobs(over=False, limit=1000) if x.tonight and x.circle == peer.circle]
    at = max(window.begins, now).astimezone(place(rota.zone))
    denied_at, reason = unattended.denied_at(rota.unattended, peer.circle, at)
    denied = denied_at is not None and denied_at < window.ends
    questions = f'denied: "{reason}"' if denied else "kept for you until you answer"
    count = f"{len(queued)} job{'' if len(queued) == 1 else 's'} wait for it"
    return (
        f"The night of {peer.circle} is {nights.told(rota, peer.circle)}; {count}. "
        f"What an agent wants decided meanwhile is {questions}."
    )


def _theirs(talk: Talk) -> list[Job]:
    """The owner sees all of them, others what was wanted here."""
    everything = talk.here.authority is Authority.OWNER
    found = talk.plan.view.jobs("" if everything else talk.here.peer_id, MOST_SHOWN)
    return [each for each in found if everything or _is_met(talk, each)]


def _seen(talk: Talk, job_id: str) -> Job:
    job = orders.known(talk.plan, job_id)
    if talk.here.authority is not Authority.OWNER and not _is_met(talk, job):
        raise NotAllowed(f'job "{job_id}" is not yours', "see /jobs")
    return job


def _is_met(talk: Talk, job: Job) -> bool:
    return talk.here.peer_id in {job.owner, job.to}


def _offer(talk: Talk, text: str, options: tuple[str, ...], subject: str) -> None:
    command = c.SendAsk(sender=LINE.peer_id, to=(), question=text, options=options, deadline=CHOICE_LIFE)
    sending.ask_of(talk.plan, LINE, [talk.here], command, subject=subject, alone=talk.alone, near=talk.near)


def _line(talk: Talk, job: Job, place_: str = "") -> str:
    peer = talk.plan.peer(job.to)
    who = peer.name if peer else job.path
    why = f" ({line(job.reason, BRIEF)})" if job.reason and job.state != State.DONE else ""
    return f"{place_}{line(job.title, BRIEF)} · {who} · {job.state}{why}{_waits(talk, job)}"


DEEDS: Final = {"job": _job, "jobs": _jobs, "tonight": _tonight}
