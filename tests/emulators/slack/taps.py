"""What a person does with buttons, selects, commands, shortcuts and modals; and what they are shown of the answer."""

from __future__ import annotations

from typing import Any

from tests.emulators.slack import views
from tests.emulators.slack.calls import Call
from tests.emulators.slack.deliveries import Delivery
from tests.emulators.slack.nouns import Block, Button, Channel, Message, User, View
from tests.emulators.slack.posting import answered, content_of
from tests.emulators.slack.sockets import APP
from tests.emulators.slack.telling import shape_of
from tests.emulators.slack.world import BOT, World

_SECONDS = 5.0


class Tap:
    """Something done that wants an acknowledgement within three seconds; then Slack shows that it failed."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self._world = world
        self.delivery = delivery
        self.trigger_id = str(delivery.payload.get("trigger_id", ""))
        self.response_url = str(delivery.payload.get("response_url", ""))

    async def answered(self, *, within: float = _SECONDS) -> dict[str, Any]:
        """Return what the acknowledgement carried (often nothing).

        Raises:
            AssertionError: it did not come, and the person is shown a warning.
        """
        await self.ended(within=within)
        assert self.delivery.acked, f"Slack shows a warning: {self.delivery.line()}"
        return self.delivery.answer or {}

    async def ended(self, *, within: float = _SECONDS) -> bool:
        """Return whether it was acknowledged, once that is decided."""
        await self._world.pulse.expect(
            lambda: self.delivery.outcome, within, lambda: f"after {within} s: {self.delivery.line()}"
        )
        return self.delivery.acked


def pressed(world: World, who: User, shown: Message | View, button: Button) -> Tap:
    """Tap a button, or choose an option."""
    element, ts = button.element, world.ts()
    action: dict[str, Any] = {
        "action_id": element.get("action_id", "auto"),
        "block_id": button.block_id,
        "type": element["type"],
        "action_ts": ts,
    }
    if button.option is not None:
        action |= {"selected_option": dict(button.option), "placeholder": element.get("placeholder", {})}
    else:
        action |= {name: element[name] for name in ("text", "value", "url", "style") if name in element}
    body = _on_view(shown) if isinstance(shown, View) else _on_message(world, who, shown)
    channel = "" if isinstance(shown, View) else shown.channel_id
    return Tap(world, world.interaction("block_actions", who, channel, {"actions": [action]} | body))


def _on_message(world: World, who: User, shown: Message) -> dict[str, Any]:
    channel = world.channels[shown.channel_id]
    container = {
        "type": "message",
        "message_ts": shown.ts,
        "channel_id": channel.channel_id,
        "is_ephemeral": bool(shown.only_for),
    } | ({"thread_ts": shown.thread_ts} if shown.thread_ts else {})
    return {
        "container": container,
        "channel": {"id": channel.channel_id, "name": channel.name or "directmessage"},
        # Of an ephemeral message Slack tells nothing but where it stood.
        **({} if shown.only_for else {"message": shape_of(world, shown)}),
        "state": {"values": {}},
        "response_url": world.grant("response", who, channel.channel_id, shown),
    }


def _on_view(shown: View) -> dict[str, Any]:
    return {"container": {"type": "view", "view_id": shown.view_id}, "view": shown.shape(BOT, APP)}


def commanded(world: World, who: User, channel: Channel, command: str, text: str) -> Tap:
    delivery = world.command(who, channel, command, text)
    world.deliveries.aside(_shown_answer(world, who, channel, delivery))
    return Tap(world, delivery)


async def _shown_answer(world: World, who: User, channel: Channel, delivery: Delivery) -> None:
    """Words in the acknowledgement of a command are shown to its asker."""
    await world.pulse.until(lambda: delivery.outcome)
    answer = delivery.answer or {}
    if answer.get("text") or answer.get("blocks"):
        call = Call("acknowledgement", answer | {"channel": channel.channel_id})
        answered(world, channel, who, call, content_of(world, call, "acknowledgement"))


def shortcut_taken(world: World, who: User, callback_id: str, message: Message | None) -> Tap:
    body: dict[str, Any] = {"callback_id": callback_id, "action_ts": world.ts()}
    if message is None:
        return Tap(world, world.interaction("shortcut", who, "", body))
    channel = world.channels[message.channel_id]
    body |= {
        "message_ts": message.ts,
        "message": shape_of(world, message),
        "channel": {"id": channel.channel_id, "name": channel.name or "directmessage"},
        "response_url": world.grant("response", who, channel.channel_id, message),
    }
    return Tap(world, world.interaction("message_action", who, channel.channel_id, body))


def submitted(world: World, who: User, view: View, values: dict[str, str]) -> Tap:
    """Submit a modal and do what its acknowledgement says: close, show errors, or show another view."""
    if view.closed:
        raise LookupError("that modal is closed")
    state: dict[str, Any] = {}
    for block in view.inputs:
        action, value = block["element"]["action_id"], _value(block, values)
        state[block["block_id"]] = {action: value}
    shape = view.shape(BOT, APP, state)
    delivery = world.interaction("view_submission", who, "", {"view": shape, "response_urls": []})
    world.deliveries.aside(_concluded(world, view, delivery))
    return Tap(world, delivery)


def _value(block: Block, values: dict[str, str]) -> dict[str, Any]:
    element = block["element"]
    given = values.get(element["action_id"])
    if given is None and not block.get("optional") and not _initial(element):
        raise LookupError(f"{block['label']['text']!r} must be filled in (action_id {element['action_id']})")
    if element["type"] == "plain_text_input":
        return {"type": element["type"], "value": element.get("initial_value") if given is None else given}
    if given is None:
        return {"type": element["type"], "selected_option": element.get("initial_option")}
    groups = element.get("option_groups") or [{"options": element.get("options", [])}]
    options = [each for group in groups for each in group["options"]]
    chosen = next((each for each in options if each["text"]["text"] == given), None)
    if chosen is None:
        raise LookupError(f"no option {given!r} in {[each['text']['text'] for each in options]}")
    return {"type": element["type"], "selected_option": chosen}


def _initial(element: Block) -> Any:
    return element.get("initial_value") or element.get("initial_option")


async def _concluded(world: World, view: View, delivery: Delivery) -> None:
    await world.pulse.until(lambda: delivery.outcome)
    answer = delivery.answer or {}
    match answer.get("response_action"):
        case _ if not delivery.acked:
            view.errors = {"": "We had some trouble connecting. Try again?"}
        case "errors":
            view.errors = dict(answer["errors"])
            unknown = view.errors.keys() - {block["block_id"] for block in view.inputs}
            world.wrongs += [
                f"an error of a modal names the block {each}, which it has not" for each in unknown
            ]
        case "update" | "push":
            views.change(world, view, views.checked(answer["view"], "modal"))
        case _:
            view.closed = True
    world.pulse.beat()
