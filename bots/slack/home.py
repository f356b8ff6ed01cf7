"""The app's home: everything at a glance, and how to begin. Pure, but for the request that shows it."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Final

from bots.interface import Failure
from bots.slack.ids import Sight, Web, team_and_user
from bots.slack.markup import escaped
from bots.slack.proper import person_of

Json = dict[str, Any]
LONGEST: Final = 2_900  #: characters of a section
MOST: Final = 20  #: sections
PROMPTS: Final = (("Who is there?", "/peers"), ("Everything at a glance", "/status"))
log = logging.getLogger(__name__)


def visitor(payload: Mapping[str, Any]) -> tuple[str, str] | None:
    """Who opened which tab of it: (account, tab)."""
    match payload:
        case {"event": {"type": "app_home_opened", "user": user, "tab": str(tab)}, "team_id": team}:
            account = person_of(team, user)
            return (account, tab) if account else None
        case _:
            return None


async def shown(web: Web, sight: Sight, account: str, command: str) -> None:
    """Show it to one person; who may not talk sees nothing of the line."""
    if board := await sight.glance(account):
        try:
            await web.call("views.publish", user_id=team_and_user(account)[1], view=home_view(board, command))
        except Failure as failure:
            log.warning("the home was not shown: %s", failure)


async def prompted(web: Web, account: str) -> None:
    """Offer what may be said first, where the workspace has that."""
    prompts = [{"title": title, "message": message} for title, message in PROMPTS]
    try:
        channel = await web.channel_of(account)
        await web.call("assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=prompts)
    except Failure as failure:
        log.debug("no prompts are offered: %s", failure)


def home_view(board: str, command: str) -> Json:
    how = (
        f"*How to begin*\nWrite to this app, mention it in one of its channels, or type `{command} help`. "
        "`@name text` asks that peer; what you say in a thread goes on there."
    )
    return {
        "type": "home",
        "blocks": [
            *[_section(each) for each in sections(board)[:MOST]],
            {"type": "divider"},
            _section(how),
        ],
    }


def sections(board: str) -> list[str]:
    """The board in Slack's own notation, which is all that a home takes, cut between lines."""
    told = escaped(board).replace("**", "*")
    found = [""]
    for line in told.split("\n"):
        if len(found[-1]) + len(line) >= LONGEST:
            found.append("")
        found[-1] += f"{line[:LONGEST]}\n"
    return [each.rstrip("\n") for each in found if each.strip()]


def _section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}}
