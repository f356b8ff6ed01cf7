"""The configuration: ``config.yaml`` in the home, then the environment, each value with where it came from.

``PEERLINE_TELEGRAM__BOT_TOKEN`` sets ``telegram.bot_token``; values of the environment are read as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import yaml
from pydantic import BaseModel, Field, ValidationError

from daemon import configfile
from daemon.chatsettings import Section, Slack, Telegram, Voice
from daemon.core.errors import Malformed
from daemon.core.rules.jobs import LARGEST_BUDGET
from daemon.timesettings import Account, Night, Unattended

PREFIX: Final = "PEERLINE_"
BETWEEN: Final = "__"
TOKEN: Final = "PEERLINE_TOKEN"  # noqa: S105 -- a variable's name: the owner's, for clients by TCP
SECRET: Final = frozenset({"bot_token", "app_token", "signing_secret", "webhook_secret"})
_USER_INFO: Final = re.compile(r"(://)([^\s/@]+)@")  #: name and password in a URL


class Owner(Section):
    name: str = "owner"
    trust_terminal: bool = False


class Profile(Section):
    """What is added to a command."""

    backend: str = ""  #: whose; "": anybody's
    args: list[str] = Field(default=[])


class Spawn(Section):
    """Where agents may be started from here, by what commands, and how many; without these: nowhere."""

    allowed_paths: list[str] = Field(default=[])
    commands: dict[str, str | list[str]] = Field(default={})  #: by backend; no shell reads them
    profiles: dict[str, Profile] = Field(default={})
    live: Annotated[int, Field(ge=1, le=64)] = 8  #: that are there at once
    per_minute: Annotated[int, Field(ge=1, le=60)] = 4
    depth: Annotated[int, Field(ge=1, le=8)] = 2  #: whoever was started may start others: 2
    free_mb: Annotated[int, Field(ge=0)] = 512  #: of memory that must be left; 0: never looked at
    may_end: list[str] = Field(default=[])  #: ``circle/name`` or id of peers that may end others


class Daemon(Section):
    port: Annotated[int, Field(ge=0, le=65535)] = 8377  #: 0: no TCP
    idle_exit_s: Annotated[float, Field(ge=0)] = 0  #: ends when nothing was to do for so long; 0: never
    keep_awake: bool = True  #: while jobs run in a night's window, where the system allows
    log_level: Literal["debug", "info", "warning"] = "info"
    spawn: Spawn = Spawn()


class Limits(Section):
    jobs_per_circle: Annotated[int, Field(ge=0, le=64)] = 4  #: that run at once; 0: as many as there are
    jobs_per_backend: Annotated[int, Field(ge=0, le=64)] = 8
    job_minutes: Annotated[int, Field(ge=0)] = 0  #: how long one try may take; 0: as long as it takes
    #: that whoever does one may send meanwhile; 0: any
    job_messages: Annotated[int, Field(ge=0, le=LARGEST_BUDGET)] = 0
    job_wakes: Annotated[int, Field(ge=0, le=LARGEST_BUDGET)] = 0  #: turns that they may begin meanwhile
    peer_per_minute: Annotated[int, Field(ge=0)] = 120
    pair_per_minute: Annotated[int, Field(ge=0)] = 60
    escalate_after_s: Annotated[int, Field(ge=0)] = 0  #: 0: an ask that a person does not answer just waits
    claude_peers_characters: Annotated[int, Field(ge=0)] = (
        10_000  #: of a message by the tools of that name; 0: any
    )
    claude_peers_per_minute: Annotated[int, Field(ge=0)] = 10
    keep_days: Annotated[int, Field(ge=1)] = 30  #: what is over and older is forgotten


class Settings(Section):
    owner: Owner = Owner()
    daemon: Daemon = Daemon()
    telegram: Telegram = Telegram()
    slack: Slack = Slack()
    voice: Voice = Voice()
    limits: Limits = Limits()
    unattended: list[Unattended] = Field(default=[])
    nights: list[Night] = Field(default=[Night()])
    accounts: list[Account] = Field(default=[])


@dataclass(frozen=True, slots=True)
class Origin:
    """One value and where it came from."""

    name: str
    value: Any
    source: str


def load(path: Path, environment: Mapping[str, str]) -> Settings:
    """Read and check everything.

    Raises:
        Malformed: a value is wrong; the sentence names file, line and key.

    """
    return _checked(configfile.told(path), _of_environment(environment), path)


def shown(path: Path, environment: Mapping[str, str]) -> Iterator[Origin]:
    """Every value with its source; secrets masked."""
    settings = load(path, environment)
    by_file, by_environment = dict(_flat(configfile.told(path))), dict(_flat(_of_environment(environment)))
    for name, value in _flat(settings.model_dump()):
        source = "default"
        if name in by_file:
            source = str(path)
        if name in by_environment:
            source = f"{PREFIX}{name.upper().replace('.', BETWEEN)}"
        hidden = _is_secret(name) and value
        yield Origin(name, "(set)" if hidden else _without_user(value), source)


def variable_of(section: str, key: str) -> str:
    """What sets it in the environment."""
    return f"{PREFIX}{section.upper()}{BETWEEN}{key.upper()}"


def secrets(settings: Settings) -> list[str]:
    """Every secret there is in it."""
    flat = _flat(settings.model_dump())
    values = [(name, value) for name, value in flat if isinstance(value, str)]
    users = [user for _, value in values for _, user in _USER_INFO.findall(value)]
    passwords = [user.partition(":")[2] for user in users]
    return [each for each in (*(x for name, x in values if _is_secret(name)), *users, *passwords) if each]


def secret_variables(environment: Mapping[str, str]) -> list[str]:
    """Which variables set secrets."""
    return [
        name
        for name in environment
        if name == TOKEN or (name.startswith(PREFIX) and _is_secret(name.lower().replace(BETWEEN, ".")))
    ]


def _is_secret(name: str) -> bool:
    return name.rpartition(".")[2] in SECRET


def _without_user(value: Any) -> Any:
    return _USER_INFO.sub(r"\1(set)@", value) if isinstance(value, str) else value


def _of_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name, value in sorted(environment.items()):
        if not name.startswith(PREFIX) or not (BETWEEN in name or _is_whole(name)):
            continue
        *sections, key = name[len(PREFIX) :].lower().split(BETWEEN)
        inner = told
        for section in sections:
            inner = inner.setdefault(section, {})
            if not isinstance(inner, dict):
                raise Malformed(f'{name}: "{section}" is set as a value already', "unset one of the two")
        inner[key] = _value(value, [*sections, key])
    return told


def _is_whole(name: str) -> bool:
    """A key that is in no section, such as ``PEERLINE_UNATTENDED``."""
    field = Settings.model_fields.get(name[len(PREFIX) :].lower())
    return field is not None and not (
        isinstance(field.annotation, type) and issubclass(field.annotation, Section)
    )


def _value(text: str, keys: list[str]) -> Any:
    """Where text is wanted it is text, even if YAML would make a number, a date or a yes of it."""
    if _wanted(keys) is str:
        return text
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _wanted(keys: list[str]) -> Any:
    kind: Any = Settings
    for key in keys:
        field = kind.model_fields.get(key) if isinstance(kind, type) and issubclass(kind, Section) else None
        kind = field.annotation if field else None
    return kind


def _checked(by_file: dict[str, Any], by_environment: dict[str, Any], path: Path) -> Settings:
    try:
        return Settings.model_validate(_merged(by_file, by_environment))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        keys = [str(part) for part in first["loc"]]
        name = ".".join(keys)
        variable = _variable_of(name, by_environment)
        where = variable or f"{path}:{configfile.line_of(path, keys)}"
        raise Malformed(
            f'{where}: "{name}": {first["msg"].lower()}', f"known here: {', '.join(_known(keys))}"
        ) from None


def _variable_of(name: str, by_environment: dict[str, Any]) -> str:
    """The variable that set it, a part of it, or what it is a part of; "" if none did."""
    for key, _ in _flat(by_environment):
        if f"{name}.".startswith(f"{key}.") or key.startswith(f"{name}."):
            return f"{PREFIX}{key.upper().replace('.', BETWEEN)}"
    return ""


def _known(keys: list[str]) -> list[str]:
    """The keys that may stand where the last of ``keys`` stands."""
    section: type[BaseModel] = Settings
    for key in keys[:-1]:
        field = section.model_fields.get(key)
        kind = field.annotation if field else None
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            break
        section = kind
    return sorted(section.model_fields)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for name, value in above.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _flat(told: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in told.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
