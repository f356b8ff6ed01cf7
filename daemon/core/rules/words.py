"""The command table: the one source of help, menus, completion and of what a person may type on any surface."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Word:
    name: str
    usage: str
    summary: str
    right: str = "talk"
    hurries: bool = False  #: it does not wait behind what was said before


WORDS: Final = (
    Word("peers", "/peers", "who is there, and what they are doing"),
    Word("to", "/to NAME", "choose whom your plain words go to"),
    Word("clear", "/clear", "choose nobody"),
    Word("notify", "/notify [@peer] text", "tell, without wanting an answer"),
    Word("broadcast", "/broadcast text", "tell every agent you meet, without wanting answers", "approve"),
    Word("status", "/status", "everything at a glance, pinned and kept up to date"),
    Word("stop", "/stop NAME", "no further tool call in this turn", "approve", hurries=True),
    Word(
        "freeze", "/freeze CIRCLE", "stop a whole circle, and carry nothing into it", "approve", hurries=True
    ),
    Word("thaw", "/thaw CIRCLE", "let it go on", "approve"),
    Word(
        "lock",
        "/lock",
        "take nothing more from any chat, until `peerline unlock` at the machine",
        "approve",
        hurries=True,
    ),
    Word("kill", "/kill NAME", "end somebody's agent; you are asked once more", "spawn"),
    Word("restart", "/restart NAME", "have it go on in a new process, with all it knows", "spawn"),
    Word("follow", "/follow NAME", "see its progress in one message; again: no more"),
    Word("watch", "/watch NAME", "be told when it ends, stalls or asks; again: no more"),
    Word("peek", "/peek [NAME]", "what somebody last said, and is doing now"),
    Word("diff", "/diff [NAME] [FILE|patch]", "what is changed in somebody's work tree"),
    Word("get", "/get [@peer] PATH", "a file, or a folder's list, from somebody's folder", right="approve"),
    Word("schedule", "/schedule [@peer] WHEN text", "ask somebody later, or again and again"),
    Word("schedules", "/schedules", "what is scheduled; pause, run and remove it"),
    Word(
        "checkin",
        "/checkin NAME @peer|circle:C WHEN question",
        "ask several again and again; only what changed is told",
    ),
    Word("checkins", "/checkins", "what is checked; run a round, or remove it"),
    Word(
        "job",
        "/job [@peer or PATH] text",
        "have something done that lasts; you are told how it ends",
        "approve",
    ),
    Word("jobs", "/jobs", "what is to be done, and what was; cancel and retry it, see results"),
    Word("reviews", "/reviews", "what is to be reviewed, and how it stands; give a verdict"),
    Word("tonight", "/tonight [@peer] text", "have it done in the night's window", "approve"),
    Word("new", "/new PATH [backend] [text]", "start an agent in a folder, and ask it that", "spawn"),
    Word("mute", "/mute [NAME]", "somebody rings no more, unless it is urgent; again: they do"),
    Word("quiet", "/quiet [23:00-07:00|off] [but approvals]", "hours in which only what is urgent rings"),
    Word("tz", "/tz [Europe/Lisbon]", "by which wall your hours are meant"),
    Word("pushes", "/pushes [N|off]", "how often it may ring in an hour"),
    Word("digest", "/digest", "what was held back, now"),
    Word("asks", "/asks", "what is open: asked by you, asked of you"),
    Word("cancel", "/cancel [ID]", "take a question of yours back"),
    Word("help", "/help", "this list"),
    Word("start", "/start", "a greeting, and this list"),
)

BY_NAME: Final = {word.name: word for word in WORDS}


def parsed(text: str) -> tuple[str, str] | None:
    """``/word@bot rest`` -> (word, rest), or None when the text is no command."""
    if not text.startswith("/") or text.startswith("//"):
        return None
    head, _, rest = text[1:].partition(" ")
    first, newline, more = head.partition("\n")
    name = first.partition("@")[0].lower()
    if not name.replace("_", "").isalnum():
        return None
    return name, f"{more}{newline}{rest}".strip()


def spoken(text: str) -> str:
    """The same words as a command, if their first is one of the table's and no more follows than belongs to it.

    For places where whoever is called hears commands without a slash: ``stop api`` is one, ``stop that noise`` is not.
    """
    name, _, rest = text.strip().partition(" ")
    word = BY_NAME.get(name.lower())
    if word is None:
        return text
    wanted = word.usage.split()[1:]
    most = 0 if not wanted else 1 if len(wanted) == 1 and wanted[0].strip("[]").isupper() else None
    fits = most is None or len(rest.split()) <= most
    return f"/{name.lower()} {rest.strip()}".strip() if fits else text


def hurries(text: str) -> bool:
    """Whether it is a brake: what it is to stop may be what it would wait behind."""
    command = parsed(text.strip())
    word = BY_NAME.get(command[0]) if command else None
    return word is not None and word.hurries


def called(text: str) -> tuple[str, str] | None:
    """``@name rest`` -> (name, rest), or None when nobody is called."""
    name, *rest = text.split(maxsplit=1)[:2] or [""]
    return (name[1:], "".join(rest)) if name.startswith("@") and len(name) > 1 else None


def help_text() -> str:
    width = max(len(word.usage) for word in WORDS)
    rows = [f"{word.usage:<{width}}  {word.summary}" for word in WORDS]
    return "\n".join(["```", *rows, "```", "Plain words go to the chosen peer; `@name text` asks that peer."])
