"""The sections of the configuration that are about chats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

Right = Literal["talk", "approve", "spawn"]
SlackId = Annotated[str, Field(pattern=r"^[A-Za-z0-9]{1,64}$")]  #: such as ``C0123456789``; a name is none


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TelegramPerson(Section):
    id: int
    name: str
    rights: list[Right] = ["talk"]


class TelegramChat(Section):
    """A group, or a channel, and the circles it sees."""

    id: int
    name: str = ""
    circles: list[str] = ["default"]


class Telegram(Section):
    bot_token: str = ""
    api_base: str = "https://api.telegram.org"
    webhook_url: str = ""  #: set: Telegram brings updates there, instead of being asked for them
    webhook_secret: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,256}$")] = ""
    chats: list[TelegramChat] = []

    @field_validator("chats", mode="before")
    @classmethod
    def _named(cls, chats: Any) -> Any:
        """A bare id is a chat of which nothing more is said."""
        return (
            [{"id": each} if isinstance(each, int) else each for each in chats]
            if isinstance(chats, list)
            else chats
        )

    people: list[TelegramPerson] = []
    topics: bool = False  #: every agent has a forum topic of its own, in the first of the chats that sees it


class SlackPerson(Section):
    """A user's id means somebody in their own workspace alone."""

    team: SlackId
    id: SlackId
    name: str
    rights: list[Right] = ["talk"]


class SlackChannel(Section):
    """A channel that is heard, and the circles it sees."""

    id: SlackId
    name: str = ""
    circles: list[str] = ["default"]


class Slack(Section):
    """Heard by sockets with an app token; with a signing secret alone by what is brought to ``/slack/events``."""

    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""
    api_base: str = "https://slack.com/api/"
    channels: list[SlackChannel] = []

    @field_validator("channels", mode="before")
    @classmethod
    def _named(cls, channels: Any) -> Any:
        """A bare id is a channel of which nothing more is said."""
        return (
            [{"id": each} if isinstance(each, str) else each for each in channels]
            if isinstance(channels, list)
            else channels
        )

    people: list[SlackPerson] = []
    command: Annotated[str, Field(pattern=r"^/[a-z0-9_-]{1,31}$")] = "/peerline"  #: the app's slash command


class Voice(Section):
    """What puts a voice note into words: a program and its arguments, with ``{file}`` for the note's path."""

    command: list[str] = []
