"""What stands in a message of Slack: its words as somebody would read them, whether they call us, its files. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from bots.payload import number_in, text_in

Shape = Mapping[str, Any]
_SPAN: Final = re.compile(r"<([^<>]{1,4000})>")
_ENTITIES: Final = (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"))
_LINKS: Final = ("http://", "https://", "mailto:", "tel:")
_FOREIGN: Final = frozenset({"external", "tombstone", "hidden_by_limit", "email", "post", "space", "canvas"})


@dataclass(frozen=True, slots=True)
class Words:
    text: str
    called: bool = False  #: they name us
    elsewhere: bool = False  #: they begin with somebody else's name, and do not name us
    author: str = ""  #: whose they are, if they were only passed on


@dataclass(frozen=True, slots=True)
class Sent:
    """A file at Slack; without ``url`` there is nothing to fetch."""

    kind: str
    url: str
    name: str = ""
    size: int = 0  #: bytes; 0: not told


def words_of(message: Shape, me: str) -> Words:
    """The words without our own name; ``me`` is our user. A message that was shared stands below, quoted."""
    text = message.get("text")
    written = text if isinstance(text, str) else ""
    called = f"<@{me}>" in written or f"<@{me}|" in written
    own = plain(written, me)
    shared = list(_shared(message))
    if shared and not own:
        author, words = shared[0]
        return Words(words, called, author=author)
    quoted = [f"> {author}: {line}" for author, words in shared for line in words.split("\n")]
    elsewhere = not called and _begins_with_a_name(written)
    return Words("\n".join([own, *quoted]), called, elsewhere)


def plain(written: str, me: str = "") -> str:
    """Slack's own notation as plain text, without the name of the user ``me``."""
    told = _SPAN.sub(lambda span: _read(span[1], me), written)
    for entity, sign in _ENTITIES:
        told = told.replace(entity, sign)
    return told.strip(" ,:\n") if me and f"<@{me}" in written else told.strip()


def files_in(message: Shape) -> list[Sent]:
    found = message.get("files")
    return [_file(each) for each in found if isinstance(each, Mapping)] if isinstance(found, list) else []


def _read(inside: str, me: str) -> str:
    """One span between angle brackets."""
    target, _, label = inside.partition("|")
    match target[:1]:
        case "@":
            return "" if me and target[1:] == me else f"@{label or target[1:]}"
        case "#":
            return f"#{label or target[1:]}"
        case "!":
            return label or f"@{target[1:].partition('^')[0]}"
        case _:
            return _link(target, label) if target.startswith(_LINKS) else f"<{inside}>"


def _link(target: str, label: str) -> str:
    """What Slack made of a word by itself is that word again."""
    address = target.removeprefix("mailto:").removeprefix("tel:")
    return label if label and label in target else f"{label} ({address})" if label else address


def _begins_with_a_name(written: str) -> bool:
    return written.lstrip().startswith(("<@", "<!subteam"))


def _shared(message: Shape) -> Iterable[tuple[str, str]]:
    found = message.get("attachments")
    for each in found if isinstance(found, list) else ():
        match each:
            case {"is_share": True, "text": str(text)}:
                author = each.get("author_name")
                yield (author if isinstance(author, str) and author else "somebody"), plain(text)
            case _:
                pass


def _file(each: Shape) -> Sent:
    mime, url = text_in(each.get("mimetype")), each.get("url_private_download") or each.get("url_private")
    fetched = text_in(each.get("mode")) not in _FOREIGN and each.get("is_external") is not True
    return Sent(
        kind=_kind(mime, text_in(each.get("subtype"))),
        url=text_in(url) if fetched else "",
        name=text_in(each.get("name")) or text_in(each.get("title")),
        size=number_in(each.get("size")),
    )


def _kind(mime: str, subtype: str) -> str:
    if subtype == "slack_audio":
        return "voice"
    kinds = {"image": "photo", "audio": "audio", "video": "video"}
    return kinds.get(mime.partition("/")[0], "document")
