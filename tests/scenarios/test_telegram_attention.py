"""On a phone that wants quiet nothing rings; what was held back is told of without a sound, and its buttons work."""

from __future__ import annotations

from datetime import timedelta

from daemon.engine.clock import SystemClock
from tests.emulators.telegram import Person, TelegramEmulator
from tests.scenarios.house import PATIENCE_S, House, called


async def test_in_quiet_hours_an_ask_is_held_and_comes_with_the_digest(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    now = SystemClock().now()
    begins, ends = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 2))
    ada.says("/tz UTC")
    ada.says(f"/quiet {begins}-{ends} but nothing")
    await ada.sees(f"quiet {begins}-{ends}", within=PATIENCE_S)
    async with hosted.mcp("worker") as client:
        asked = await called(client, "ask", to="telegram", question="ship it?", options=["yes", "no"])
        told = await hosted.until("held", lambda x: x["deliveries"][0]["level"] == "held", asked["ask_id"])
        assert told["deliveries"][0]["reason"] == f"quiet hours until {ends}"
        assert asked["deliveries"][0]["reason"] == f"held: quiet hours until {ends}"
        listed = await called(client, "list_peers", circle="*")
        [phone] = [each for each in listed["peers"] if each["name"] == "telegram"]
        assert phone["availability"] == f"available from {ends}"

        ada.says("/digest")
        digest = await ada.sees("Held back", within=PATIENCE_S)
        card = await ada.sees(lambda each: each.labels == ("yes", "no"), within=PATIENCE_S)
        assert digest.silent
        assert card.silent
        assert card.message_id > digest.message_id
        await ada.taps(card, "yes").answered(within=PATIENCE_S)
        await hosted.until("answered", lambda x: x["state"] == "answered", asked["ask_id"])


async def test_what_is_wished_at_the_machine_holds_on_the_phone(
    hosted: House, telegram: TelegramEmulator, ada: Person
) -> None:
    now = SystemClock().now()
    begins, ends = (f"{now + timedelta(hours=hours):%H:%M}" for hours in (-1, 2))
    ada.says("/peers")
    assert (await hosted.at_terminal("people", "zone", "UTC")).code == 0
    told = await hosted.at_terminal("people", "quiet", f"{begins}-{ends}", "--but", "nothing")
    assert f"quiet {begins}-{ends} UTC (now), then only what is urgent; rings without a limit" in told.out
    async with hosted.mcp("worker") as client:
        asked = await called(client, "ask", to="telegram", question="ship it?", options=["yes", "no"])
        await hosted.until("held", lambda x: x["deliveries"][0]["level"] == "held", asked["ask_id"])
        assert "1 held back" in (await hosted.at_terminal("people", "list")).out
        assert "told now" in (await hosted.at_terminal("people", "digest")).out
        await ada.sees("Held back", within=PATIENCE_S)
        await ada.sees(lambda each: each.labels == ("yes", "no"), within=PATIENCE_S)
