"""The sections of the configuration that are about chats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Right = Literal["talk", "approve", "spawn"]
SlackId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]  #: such as ``C0123456789``; a name is none


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ListedPerson(Section):
    """Somebody who may speak, and what they may."""

    name: str
    rights: list[Right] = ["talk"]


class ListedPlace(Section):
    """Where it is heard, and the circles that are seen there; a bare id is one of which nothing more is said."""

    name: str = ""
    circles: list[str] = ["default"]

    @model_validator(mode="before")
    @classmethod
    def _named(cls, told: Any) -> Any:
        return {"id": told} if isinstance(told, int | str) else told


class TelegramPerson(ListedPerson):
    id: int


class TelegramChat(ListedPlace):
    """A group, or a channel."""

    id: int


class Telegram(Section):
    bot_token: str = ""
    api_base: str = "https://api.telegram.org"
    webhook_url: str = ""  #: set: Telegram brings updates there, instead of being asked for them
    webhook_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,256}$")] = ""
    chats: list[TelegramChat] = []
    people: list[TelegramPerson] = []
    topics: bool = False  #: every agent has a forum topic of its own, in the first of the chats that sees it


class SlackPerson(ListedPerson):
    """A user's id means somebody in their own workspace alone."""

    team: SlackId
    id: SlackId


class SlackChannel(ListedPlace):
    id: SlackId


class Slack(Section):
    """Heard by sockets with an app token; with a signing secret alone by what is brought to ``/slack/events``."""

    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""
    api_base: str = "https://slack.com/api/"
    channels: list[SlackChannel] = []
    people: list[SlackPerson] = []
    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]{1,31}$")] = "/peerline"  #: the app's slash command


class Voice(Section):
    """What puts a voice note into words: a program and its arguments, with ``{file}`` for the note's path."""

    command: list[str] = []
