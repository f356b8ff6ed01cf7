"""Results and errors in a few words for a model: what is so, and what to do next. Pure.

A body was cleaned by the daemon, so none can contain ``[peerline``: the lines around a message are ours.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from daemon.core.errors import Fault, PeerlineError

Json = dict[str, Any]

_NEXT: Final[Mapping[str, str]] = {
    "unknown_peer": 'list_peers(circle="*", show_offline=true) shows all; circle="…" reaches another circle',
    "ambiguous_peer": 'pass circle="…" or write the name as circle/name',
    "not_found": "wait_for() without ask_id lists your open asks, check_messages() what was asked of you",
    "too_large": "write it into a file and send the absolute path",
    "invalid_transition": "it is over already; nothing is left to do about it",
    "waiting_ring": "ask() returns at once, its answer comes as a message; check_messages() has what you were asked",
    "chain_too_long": "end your turn without a further message to agents",
}


SHORT: Final = 200  #: characters of a question that goes back to somebody who knows it


def brief(told: Json) -> Json:
    """A result as programs get it, with only the beginning of what was asked.

    Some agents give their model this form and not the text, and cut it in the middle when it is long (Codex 0.169.0 at
    some 24,000 characters): what is known already must not cost what is new.
    """
    if isinstance(question := told.get("question"), str) and len(question) > SHORT:
        return told | {"question": f"{question[:SHORT]}…"}
    return told | {"asks": [brief(one) for one in told["asks"]]} if "asks" in told else told


def myself(peer: Json) -> str:
    said = f"you are {_at(peer)} · {peer['role']} · {peer['peer_id']}"
    return f"{said}; messages reach you by {_road(peer)}"


def peers(told: Json) -> str:
    found: Sequence[Json] = told["peers"]
    if not found:
        return 'nobody else is here; circle="*" looks in all circles, show_offline=true at those away'
    return "\n".join(_peer_line(peer) for peer in found)


def ask(told: Json) -> str:
    """An ask as it stands: open, waiting for more answers, or ended and how."""
    if told["pending"]:
        return "\n".join([*_answers(told), _pending(told)])
    absent = [f"{_names(told['absent'])}: no answer"] if told["absent"] else []
    return "\n".join([*_answers(told), *absent, f"ask {told['ask_id']} is {told['state']}"])


def waited(told: Json) -> str:
    return asks(told) if "asks" in told else ask(told)


def asks(told: Json) -> str:
    found: Sequence[Json] = told["asks"]
    if not found:
        return "no ask of yours is open"
    return "\n".join(f"{one['ask_id']} · {one['state']} · to {_names(one['to'])}" for one in found)


def waiting(told: Json) -> str:
    """A sign of life while a tool waits."""
    return f"ask {told['ask_id']} is {told['state']}; waiting for {_names(_silent(told))}"


def closed(told: Json) -> str:
    return f"ask {told['ask_id']} is {told['state']}"


def sent(told: Json) -> str:
    deliveries: Sequence[Json] = told["deliveries"]
    if not deliveries:
        return f"{told['message_id']}: nobody is there to get it"
    return f"{told['message_id']} is kept and on its way: {'; '.join(delivery(one) for one in deliveries)}"


def messages(told: Json) -> str:
    found: Sequence[Json] = told["messages"]
    return "\n\n".join(_message(one) for one in found) if found else "nothing is unread"


def described(peer: Json) -> str:
    return f"{_at(peer)}: {peer['description'] or 'no description'}"


def scheduled(told: Json) -> str:
    """One that was added or taken away, or all of one's own."""
    if "schedules" in told:
        return "\n".join(_schedule(one) for one in told["schedules"]) or "nothing of yours is scheduled"
    if told["state"] == "removed":
        return f"{told['schedule_id']} is cancelled"
    return _schedule(told)


def waits(count: int) -> str:
    """Added to what a client without a push is told anyway."""
    return (
        f"\n\n[peerline: {count} {'message waits' if count == 1 else 'messages wait'}: call check_messages]"
    )


def refusal(error: PeerlineError) -> str:
    """What went wrong, then what to do about it."""
    if isinstance(error, Fault):
        return f"peerline is at fault: {error}\ngo on without it, and tell your user"
    lines = [str(error), error.hint, _again(error), _NEXT.get(error.code, "")]
    return "\n".join(dict.fromkeys(line for line in lines if line))


def _schedule(one: Json) -> str:
    coming = f", next {one['next']}" if one["next"] and one["next"] != one["rule"] else ""
    state = "" if one["state"] == "active" else f" ({one['state']})"
    return f"{one['schedule_id']}{state}: {one['kind']} to {_names(one['to'])}, {one['rule']}{coming}"


def _again(error: PeerlineError) -> str:
    if not error.retryable or error.hint.startswith("try again"):
        return ""
    return f"try again in {error.after_s:g} s" if error.after_s else "try again in a moment"


def _at(peer: Json) -> str:
    return f"{peer['name']}@{peer['circle']}"


def _road(peer: Json) -> str:
    reach = peer["reach"]
    by = "check_messages" if reach["road"] in {"poll", "none"} else reach["road"]
    return f"{by} ({reach['reason']})" if reach["reason"] else by


def _peer_line(peer: Json) -> str:
    doing = " ".join(filter(None, (peer["status"], peer["turn_state"])))
    free = peer.get("availability", "")
    said = (_at(peer), peer["role"], peer["backend"], doing, free, peer["path"], peer["description"])
    return " · ".join(part for part in said if part)


def _answers(told: Json) -> list[str]:
    return [_answer(one) for one in told["answers"]]


def _answer(one: Json) -> str:
    late = " (late)" if one["late"] else ""
    said = one["text"] or one["option"] or f"({one.get('how') or 'acknowledged'})"
    return f"{sender(one)}{late}: {said}"


def _pending(told: Json) -> str:
    ask_id = told["ask_id"]
    return (
        f"ask {ask_id} is {told['state']}; no answer yet from {_names(_silent(told))}. It stays open: go on, "
        f'and wait_for(ask_id="{ask_id}") when you need it; the answer also comes as a message'
    )


def _silent(told: Json) -> list[str]:
    return list(told["absent"]) or list(told["to"])


def delivery(one: Json) -> str:
    state = f", {one['recipient_state']}" if one["recipient_state"] else ""
    road = f" by {one['road']}" if one["road"] not in {"", "none"} else ""
    reason = f" ({one['reason']})" if one.get("reason") else ""
    return f"{one['peer']}{state}: {one['level']}{road}{reason}"


def _message(one: Json) -> str:
    about = one["ask_id"] or one["message_id"]
    by = f" by schedule {one['schedule_id']}" if one.get("schedule_id") else ""
    head = f"[peerline {one['kind']} {about} from {sender(one)}{by} · {whose(one)}]"
    lines = [head, one["text"], *(f"  [{n}] {label}" for n, label in enumerate(one["options"], 1))]
    if one["kind"] == "ask":
        lines.append(f'[peerline: answer with ack(ask_id="{about}", message="…")]')
    return "\n".join(lines)


def sender(one: Json) -> str:
    who: Json = one.get("from_peer") or {}
    name = f"{one['from']}@{who['circle']}" if who.get("circle") else one["from"]
    return f"{who['person']} at {name}" if who.get("person") else str(name)


def whose(one: Json) -> str:
    who: Json = one.get("from_peer") or {}
    authority = str(who.get("authority") or "")
    return authority if authority in {"owner", "person", "unverified"} else str(who.get("role") or "peer")


def _names(names: Sequence[str]) -> str:
    return ", ".join(names) or "nobody"
