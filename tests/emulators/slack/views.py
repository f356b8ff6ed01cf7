"""Modals and home tabs: opened with a trigger that is three seconds old at most, changed by id and hash."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.emulators.slack.blocks import view_problems
from tests.emulators.slack.calls import Call
from tests.emulators.slack.limits import Refusal, invalid
from tests.emulators.slack.nouns import User, View
from tests.emulators.slack.posting import grant_of
from tests.emulators.slack.sockets import APP
from tests.emulators.slack.world import BOT, World


def opened(world: World, call: Call) -> dict[str, Any]:
    content = content_of(call, "modal")
    owner = grant_of(world, call.text("trigger_id")).owner
    return _told(shown(world, owner, content))


def pushed(world: World, call: Call) -> dict[str, Any]:
    return opened(world, call)


def updated(world: World, call: Call) -> dict[str, Any]:
    view = _known(world, call)
    content = content_of(call, view.content["type"])
    if call.text("hash") and call.text("hash") != view.digest:
        raise Refusal("hash_conflict")
    change(world, view, content)
    return _told(view)


def published(world: World, call: Call) -> dict[str, Any]:
    person = world.people.get(call.text("user_id"))
    if person is None:
        raise Refusal("user_not_found")
    content = content_of(call, "home")
    view = world.homes.get(person.user_id)
    if view is None:
        view = world.homes[person.user_id] = _made(world, person, content)
        world.pulse.beat()
        return _told(view)
    if call.text("hash") and call.text("hash") != view.digest:
        raise Refusal("hash_conflict")
    change(world, view, content)
    return _told(view)


def shown(world: World, owner: User, content: dict[str, Any]) -> View:
    """Put a modal before somebody."""
    view = _made(world, owner, content)
    world.views[view.view_id] = view
    world.pulse.beat()
    return view


def change(world: World, view: View, content: dict[str, Any]) -> None:
    view.versions.append(view.content)
    view.content = with_ids(content)
    view.digest = _digest(world, content)
    view.errors = {}
    world.pulse.beat()


def content_of(call: Call, kind: str) -> dict[str, Any]:
    """Return the view of a call.

    Raises:
        Refusal: it is none that Slack would take.
    """
    view = call.tree("view")
    return checked(view, kind)


def checked(view: Any, kind: str) -> dict[str, Any]:
    problems = view_problems(view)
    if not problems and view["type"] != kind:
        problems = [f"must be a {kind} [json-pointer:/view/type]"]
    if problems:
        raise invalid("view_too_large" if "too large" in problems[0] else "invalid_arguments", problems)
    return dict(view)


def with_ids(content: dict[str, Any]) -> dict[str, Any]:
    blocks = [b | {"block_id": b.get("block_id") or f"v{n}"} for n, b in enumerate(content["blocks"])]
    return content | {"blocks": blocks}


def _made(world: World, owner: User, content: dict[str, Any]) -> View:
    return View(f"V{world.serial():08d}", owner, with_ids(content), _digest(world, content))


def _digest(world: World, content: dict[str, Any]) -> str:
    return f"{world.serial()}.{hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]}"


def _known(world: World, call: Call) -> View:
    view = world.views.get(call.text("view_id"))
    if view is None and call.text("external_id"):
        wanted = call.text("external_id")
        view = next((v for v in world.views.values() if v.content.get("external_id") == wanted), None)
    if view is None or view.closed:
        raise Refusal("not_found")
    return view


def _told(view: View) -> dict[str, Any]:
    return {"view": view.shape(BOT, APP)}
