"""What may stand in a request, strictly: unknown fields, wrong types and wild sizes are refused here."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    RootModel,
    StringConstraints,
)

from daemon.core.addressing import NAME_LIMIT
from daemon.core.rules.cleaning import TEXT_LIMIT

SOMETHING: Final = r"[^\s\x00-\x1f\x7f-\x9f]"  #: there is something to see
AT_MOST: Final = f"at most {TEXT_LIMIT} bytes of UTF-8"
NEED: Final = "^(all|first|majority|[1-9][0-9]?)$"
NAMED: Final = rf"^[a-z0-9._-]{{1,{NAME_LIMIT}}}$"


def described(**how: Any) -> Any:
    """What the core refuses in its own words is only told here; None takes away what is no rule but a bound of ours."""

    def tell(schema: dict[str, Any]) -> None:
        schema.update(how)
        for name in [name for name, value in how.items() if value is None]:
            del schema[name]

    return Field(json_schema_extra=tell)


def whole(value: Any) -> Any:
    """In JSON, 5.0 is the number 5."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Id = Annotated[str, StringConstraints(min_length=1, max_length=200)]
# The limit in bytes is the core's: these bound parsing.
Text = Annotated[str, StringConstraints(max_length=262_144), described(maxLength=None, description=AT_MOST)]
Words = Annotated[Text, described(maxLength=None, description=AT_MOST, pattern=SOMETHING)]
Label = Annotated[
    str, StringConstraints(min_length=1, max_length=400), described(maxLength=60, pattern=SOMETHING)
]
Reason = Annotated[str, StringConstraints(max_length=1000)]
Receipt = Annotated[str, StringConstraints(max_length=200)]
Title = Annotated[str, StringConstraints(max_length=300)]
Seconds = Annotated[float, Field(gt=0, le=30 * 86_400)]
UrgencyWord = Literal["fyi", "normal", "urgent"]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)


class Query(BaseModel):
    """A query's values are all text, and are read as what they should be."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class Nothing(Query):
    pass


class PeersQuery(Query):
    circle: Name | None = None
    scope: Literal["machine", "directory", "repo"] | None = None
    show_offline: bool = False
    include_self: bool = False
    orphans: bool = False


class HistoryQuery(Query):
    limit: Annotated[int, Field(ge=1, le=100)] = 20


class PeerQuery(Query):
    circle: Name | None = None


class PeerChange(Strict):
    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    name: Annotated[Name, described(pattern=NAMED)] | None = None
    circle: Annotated[Name, described(pattern=NAMED)] | None = None
    description: Text | None = None


class SendAsk(Strict):
    kind: Literal["ask"]
    to: Annotated[list[Name], Field(min_length=1, max_length=100)]
    text: Words
    circle: Name | None = None
    options: Annotated[list[Label], Field(max_length=10, json_schema_extra={"uniqueItems": True})] = []
    need: Annotated[str, StringConstraints(max_length=10), described(pattern=NEED)] = "all"
    deadline_s: Seconds | None = None
    default: Text | None = None
    reply_to: Id | None = None
    urgency: UrgencyWord = "normal"
    wait_s: Annotated[float, Field(ge=0, le=600)] = 0


class SendNotice(Strict):
    kind: Literal["notice"]
    to: Annotated[list[Name], Field(min_length=1, max_length=100)]
    text: Words
    circle: Name | None = None
    urgency: UrgencyWord = "normal"


class SendBroadcast(Strict):
    kind: Literal["broadcast"]
    text: Words
    circle: Name | None = None


class Send(RootModel[Annotated[SendAsk | SendNotice | SendBroadcast, Field(discriminator="kind")]]):
    """One of the three, told apart by ``kind``."""


class MessagesQuery(Query):
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class CollectBody(Strict):
    call: Id
    limit: Annotated[int, Field(ge=1, le=200), BeforeValidator(whole)] = 20
    ask_id: Id | None = None


class ConfirmBody(Strict):
    call: Id
    others: bool = False


class AsksQuery(Query):
    whose: Literal["mine", "to-me", "all"] = "mine"


class AskQuery(Query):
    wait_s: Annotated[float, Field(ge=0, le=600)] = 0


class AnswerBody(Strict):
    text: Text = ""
    option: Label | None = None
    decline: bool = False


class ConversationBody(Strict):
    surface: Name
    address: Name
    shared: bool = False


class BeatBody(Strict):
    surface: Name
    trouble: Reason = ""


class FileBody(Strict):
    kind: Literal["photo", "document", "voice", "video", "audio"]
    name: Annotated[str, StringConstraints(max_length=1000)] = ""
    path: Annotated[str, StringConstraints(max_length=4096)] = ""
    size: Annotated[int, Field(ge=0, le=2**53), BeforeValidator(whole)] = 0
    note: Reason = ""


Does = Annotated[list[Id], Field(max_length=100)]  #: updates that are done with it


class SayBody(Strict):
    surface: Name
    address: Name
    account: Name
    text: Text
    does: Does = []
    receipt: Receipt = ""
    title: Title = ""
    topic: Title = ""
    called: bool = False
    files: Annotated[list[FileBody], Field(max_length=100)] = []
    forwarded: Title = ""
    thread: Receipt = ""
    around: Text = ""
    aside: bool = False
    author: Annotated[str, StringConstraints(max_length=200)] = ""
    reply_to: Annotated[str, StringConstraints(max_length=200)] = ""
    private: bool = True
    to: Name | None = None


class TapBody(Strict):
    surface: Name
    address: Name
    account: Name
    ask_id: Id
    option: Annotated[int, Field(ge=0, le=100), BeforeValidator(whole)]
    receipt: Annotated[str, Field(max_length=200)] = ""
    does: Does = []


class EditBody(Strict):
    surface: Name
    address: Name
    account: Name
    receipt: Id
    text: Text
    does: Does = []


class UnsayBody(Strict):
    surface: Name
    address: Name
    account: Name
    receipt: Id
    does: Does = []


class MarkBody(Strict):
    surface: Name
    address: Name
    account: Name
    receipt: Id
    sign: Annotated[str, StringConstraints(max_length=64)] = ""
    does: Does = []


class PlaceBody(Strict):
    surface: Name
    address: Name
    closed: Reason = ""
    moved_to: Receipt = ""
    does: Does = []


class UpdateBody(Strict):
    update_id: Id
    lane: Annotated[str, StringConstraints(max_length=200)]
    body: Annotated[str, StringConstraints(max_length=524_288)]
    hurried: bool = False
    album: Annotated[str, StringConstraints(max_length=200)] = ""
    said_at: Annotated[AwareDatetime, Field(strict=False)] | None = None


class UpdatesBody(Strict):
    surface: Name
    updates: Annotated[list[UpdateBody], Field(max_length=100)]


class DoneBody(Strict):
    surface: Name
    update_ids: Annotated[list[Id], Field(max_length=100)]


class UpdatesQuery(Query):
    surface: Name


class ParcelsQuery(Query):
    surface: Name
    peer_id: Id | None = None


class EventsQuery(Query):
    after: Annotated[int, Field(ge=0, le=2**62)] | None = None


class PeopleQuery(Query):
    surface: Name


class RightBody(Strict):
    right: Literal["talk", "approve", "spawn"]
    granted: bool


class PairingBody(Strict):
    surface: Literal["telegram", "slack"]


class DeliveryBody(Strict):
    holder: Id | None = None
    receipt: Annotated[str, StringConstraints(max_length=200)] = ""
    reason: Reason = ""
    after_s: Annotated[float, Field(ge=0, le=7 * 86_400)] | None = None
    quiet: bool = False
    for_s: Annotated[float, Field(ge=0, le=7 * 86_400)] | None = None
    ttl_s: Annotated[float, Field(gt=0, le=3600)] = 60.0
