"""The nouns: people, channels, messages, files and views, and how each looks in JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tests.emulators.slack import text as words
from tests.emulators.slack.reading import Block, Button, lines_of, parts_of, tappable

TEAM = "T0000HOME"


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    name: str
    team: str = TEAM
    bot_id: str = ""

    @property
    def is_bot(self) -> bool:
        return bool(self.bot_id)

    def shape(self, home: str = TEAM) -> dict[str, Any]:
        """Return what users.info tells."""
        profile = {"real_name": self.name, "display_name": self.name.lower(), "team": self.team}
        return {
            "id": self.user_id,
            "team_id": self.team,
            "name": self.name.lower(),
            "real_name": self.name,
            "deleted": False,
            "tz": "Europe/Lisbon",
            "is_bot": self.is_bot,
            "is_stranger": self.team != home,
            "profile": profile | ({"bot_id": self.bot_id} if self.bot_id else {}),
        }

    def actor(self) -> dict[str, Any]:
        """Return what an interaction tells of who did it."""
        name = self.name.lower()
        return {"id": self.user_id, "username": name, "name": name, "team_id": self.team}


@dataclass(frozen=True, slots=True)
class File:
    file_id: str
    name: str
    content: bytes
    size: int
    owner: str
    mimetype: str = "text/plain"
    title: str = ""
    stub: bool = False  #: as Slack Connect shows it: to be asked for by files.info

    def shape(self, root: str) -> dict[str, Any]:
        if self.stub:
            return {"id": self.file_id, "file_access": "check_file_info", "mode": "file_access"}
        return self.whole(root)

    def whole(self, root: str) -> dict[str, Any]:
        address = f"{root}files-pri/{TEAM}-{self.file_id}"
        kind = self.name.rpartition(".")[2]
        return {
            "id": self.file_id,
            "created": 1_700_000_000,
            "name": self.name,
            "title": self.title or self.name,
            "mimetype": self.mimetype,
            "filetype": kind,
            "user": self.owner,
            "user_team": TEAM,
            "mode": "hosted",
            "size": self.size,
            "is_external": False,
            "url_private": f"{address}/{self.name}",
            "url_private_download": f"{address}/download/{self.name}",
            "file_access": "visible",
        }


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said before an edit."""

    raw: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Message:
    """`raw` is the text as the API has it: with blocks, only the fallback. `text` is what people read."""

    channel_id: str
    ts: str
    sender: User
    raw: str = ""
    blocks: tuple[Block, ...] = ()
    thread_ts: str = ""  #: the ts of the message this one answers in a thread
    broadcast: bool = False
    metadata: Mapping[str, Any] | None = None
    files: tuple[File, ...] = ()
    only_for: str = ""
    edited_ts: str = ""
    edited_by: str = ""
    history: tuple[Version, ...] = ()
    reactions: tuple[tuple[str, str], ...] = ()  #: (emoji, user id), oldest first
    marks: Mapping[str, Any] = field(
        default_factory=dict
    )  #: more members of its JSON: subtype, attachments …

    @property
    def text(self) -> str:
        return "\n".join(lines_of(self.blocks)) if self.blocks else words.seen(self.raw)

    @property
    def source(self) -> str:
        """Return the markdown (or mrkdwn) that it was made of."""
        return "".join(b["text"] for b in self.blocks if b["type"] == "markdown") or self.raw

    @property
    def thread(self) -> str:
        """Return the ts that answers to it carry."""
        return self.thread_ts or self.ts

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(b for b in tappable(self.blocks) if b.option is None)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(button.label for button in self.buttons)

    @property
    def options(self) -> tuple[str, ...]:
        return tuple(b.label for b in tappable(self.blocks) if b.option is not None)

    def button(self, label: str, *, stale: bool = False, option: bool = False) -> Button:
        """Find a button (or an option) by its label; `stale` looks also among those an edit took away.

        Raises:
            LookupError: nobody could tap that.
        """
        layers = [self.blocks, *(old.blocks for old in reversed(self.history) if stale)]
        for button in (button for blocks in layers for button in tappable(blocks)):
            if button.label == label and (button.option is not None) == option:
                return button
        raise LookupError(f"no button {label!r} under {self.ts}: {self.labels} {self.options}")

    def edited(self, ts: str, by: str, raw: str, blocks: tuple[Block, ...]) -> Message:
        before = Version(self.raw, self.blocks)
        return replace(
            self, raw=raw, blocks=blocks, edited_ts=ts, edited_by=by, history=(*self.history, before)
        )

    def line(self) -> str:
        marks = "".join(f" [{label}]" for label in (*self.labels, *self.options))
        files = "".join(f" ({file.name})" for file in self.files)
        where = f"{self.thread_ts} > " if self.thread_ts else ""
        return f"{where}{self.ts} {self.sender.name}: {self.text}{marks}{files}{' (only you)' if self.only_for else ''}"


@dataclass(slots=True)
class Channel:
    """One channel as everybody in it sees it now. `kind` is channel, group (private), im or mpim."""

    channel_id: str
    kind: str
    name: str = ""
    members: dict[str, User] = field(default_factory=dict)
    bot_in: bool = True
    archived: bool = False
    shared: bool = False
    opened: bool = True
    messages: dict[str, Message] = field(default_factory=dict)
    only_for: list[Message] = field(default_factory=list)
    threads: dict[str, list[str]] = field(
        default_factory=dict
    )  #: the ts of every answer, by the first message's

    def shape(self) -> dict[str, Any]:
        core = {"id": self.channel_id, "created": 1_700_000_000, "is_archived": self.archived}
        kinds = {f"is_{kind}": self.kind == kind for kind in ("channel", "group", "im", "mpim")} | {
            "is_private": self.kind != "channel",
            "is_ext_shared": self.shared,
        }
        if self.kind == "im":
            (person,) = self.members
            return core | kinds | {"user": person, "is_open": self.opened}
        more = {"name": self.name, "name_normalized": self.name, "is_member": self.bot_in}
        return core | kinds | more | {"num_members": len(self.members) + self.bot_in}

    def replies(self, ts: str) -> list[Message]:
        return [self.messages[each] for each in self.threads.get(ts, ()) if each in self.messages]


@dataclass(slots=True)
class View:
    """A modal or a home tab, as one person has it before them. `errors` are what its submission was told."""

    view_id: str
    owner: User
    content: dict[str, Any]
    digest: str
    closed: bool = False
    errors: dict[str, str] = field(default_factory=dict)
    versions: list[dict[str, Any]] = field(default_factory=list)

    @property
    def title(self) -> str:
        return str((self.content.get("title") or {}).get("text", ""))

    @property
    def text(self) -> str:
        labels = [b["label"]["text"] for b in self.content["blocks"] if b["type"] == "input"]
        return "\n".join([*lines_of(tuple(self.content["blocks"])), *labels])

    @property
    def buttons(self) -> list[Button]:
        return tappable(self.content["blocks"])

    @property
    def inputs(self) -> list[Block]:
        return [block for block in self.content["blocks"] if block["type"] == "input"]

    @property
    def options(self) -> tuple[str, ...]:
        """Return what can be chosen in its input blocks."""
        found = [b for block in self.inputs for b in parts_of(block["element"], "") if b.option]
        return tuple(button.label for button in found)

    def shape(self, bot: User, app: str, values: dict[str, Any] | None = None) -> dict[str, Any]:
        blank = {"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": False}
        return (
            blank
            | self.content
            | {
                "id": self.view_id,
                "team_id": TEAM,
                "app_id": app,
                "app_installed_team_id": TEAM,
                "bot_id": bot.bot_id,
                "hash": self.digest,
                "state": {"values": values or {}},
                "root_view_id": self.view_id,
                "previous_view_id": None,
            }
        )
