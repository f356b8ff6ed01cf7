"""The sections of the configuration that are about chats."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TelegramPerson(Section):
    id: int
    name: str
    rights: list[Literal["talk", "approve", "spawn"]] = ["talk"]


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


class Voice(Section):
    """What puts a voice note into words: a program and its arguments, with ``{file}`` for the note's path."""

    command: list[str] = []
