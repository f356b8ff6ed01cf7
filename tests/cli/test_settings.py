"""The configuration is checked by name: which file, which line, which key; and every value says where it came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.core.errors import Malformed
from daemon.settings import Settings, load, shown

WHOLE = """\
owner:
  name: ada
  trust_terminal: true
daemon:
  port: 9000
telegram:
  bot_token: "12345:sesame"
  api_base: http://127.0.0.1:8081
  people:
    - {id: 7, name: ada, rights: [talk, approve, spawn]}
    - id: 8
      name: ben
limits:
  peer_per_minute: 0
  pair_per_minute: 5
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yaml"


def refusal(config: Path, text: str, **environment: str) -> Malformed:
    config.write_text(text, encoding="utf-8")
    with pytest.raises(Malformed) as refused:
        load(config, environment)
    return refused.value


# --- what is said -----------------------------------------------------------------------------------------------


def test_without_a_file_everything_is_as_it_is_by_default(config: Path) -> None:
    assert load(config, {}) == Settings()
    assert (Settings().daemon.port, Settings().limits.peer_per_minute, Settings().limits.pair_per_minute) == (
        *(8377, 120, 60),
    )
    assert Settings().telegram.people == []  # an empty list is nobody
    assert not Settings().owner.trust_terminal


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n", "null\n", "{}\n"])
def test_an_empty_file_is_no_file(config: Path, text: str) -> None:
    config.write_text(text)
    assert load(config, {}) == Settings()


@pytest.mark.parametrize("text", ["telegram:\n", "owner:\nlimits:\n  # peer_per_minute: 5\n"])
def test_a_section_with_nothing_in_it_is_no_section(config: Path, text: str) -> None:
    config.write_text(text)
    assert load(config, {}) == Settings()


def test_every_value_is_read(config: Path) -> None:
    config.write_text(WHOLE)
    settings = load(config, {})
    assert (settings.owner.name, settings.owner.trust_terminal, settings.daemon.port) == ("ada", True, 9000)
    assert (settings.telegram.bot_token, settings.telegram.api_base) == (
        "12345:sesame",
        "http://127.0.0.1:8081",
    )
    assert [(each.id, each.name, list(each.rights)) for each in settings.telegram.people] == [
        (7, "ada", ["talk", "approve", "spawn"]),
        (8, "ben", ["talk"]),
    ]
    assert (settings.limits.peer_per_minute, settings.limits.pair_per_minute) == (0, 5)


def test_slack_is_read_channels_bare_or_with_what_they_see(config: Path) -> None:
    config.write_text(
        "slack:\n  bot_token: xoxb-1\n  channels: [C1, {id: C2, name: team, circles: [api]}]\n"
        "  people: [{team: T1, id: U1, name: ada, rights: [talk, approve]}]\n"
    )
    slack = load(config, {"PEERLINE_SLACK__APP_TOKEN": "xapp-1"}).slack
    assert (slack.bot_token, slack.app_token, slack.signing_secret, slack.command) == (
        "xoxb-1",
        "xapp-1",
        "",
        "/peerline",
    )
    assert slack.api_base == "https://slack.com/api/"
    assert [(each.id, each.name, each.circles) for each in slack.channels] == [
        ("C1", "", ["default"]),
        ("C2", "team", ["api"]),
    ]
    [ada] = slack.people
    assert (ada.team, ada.id, ada.name, list(ada.rights)) == ("T1", "U1", "ada", ["talk", "approve"])


# --- the environment --------------------------------------------------------------------------------------------


def test_the_environment_wins_over_the_file_key_by_key(config: Path) -> None:
    config.write_text(WHOLE)
    environment = {
        "PEERLINE_DAEMON__PORT": "0",
        "PEERLINE_OWNER__NAME": "grace",
        "PEERLINE_OWNER__TRUST_TERMINAL": "no",
    }
    settings = load(config, environment)
    assert (settings.daemon.port, settings.owner.name, settings.owner.trust_terminal) == (0, "grace", False)
    assert settings.limits.pair_per_minute == 5  # what it does not name stays


def test_a_list_in_the_environment_is_yaml(config: Path) -> None:
    people = "[{id: 7, name: ada, rights: [talk]}]"
    assert load(config, {"PEERLINE_TELEGRAM__PEOPLE": people}).telegram.people[0].name == "ada"


@pytest.mark.parametrize("token", ["12345:AAH-x_y", "110201543:60", "12:34:56", "0x10:1", "1e5"])
def test_a_token_is_text_whatever_it_looks_like(config: Path, token: str) -> None:
    """``12:34:56`` is a number to YAML."""
    assert load(config, {"PEERLINE_TELEGRAM__BOT_TOKEN": token}).telegram.bot_token == token


@pytest.mark.parametrize("name", ["no", "on", "1", "null", "2026-11-21", "~"])
def test_a_name_is_text_whatever_it_looks_like(config: Path, name: str) -> None:
    assert load(config, {"PEERLINE_OWNER__NAME": name}).owner.name == name


def test_other_variables_of_ours_are_no_configuration(config: Path) -> None:
    environment = {
        "PEERLINE_HOME": "/x",
        "PEERLINE_URL": "y",
        "PEERLINE_CIRCLE": "dev",
        "PEERLINE_NAME": "a",
        "PATH": "z",
    }
    assert load(config, environment) == Settings()


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("PEERLINE_DAEMON__PORT", "many", "daemon.port"),
        ("PEERLINE_DAEMON__PORT", "65536", "daemon.port"),
        ("PEERLINE_DAEMON__PORT", "-1", "daemon.port"),
        ("PEERLINE_DAEMON__PORT", "", "daemon.port"),
        ("PEERLINE_DAEMON__PORTS", "1", "daemon.ports"),
        ("PEERLINE_LIMITS__PEER_PER_MINUTE", "-1", "limits.peer_per_minute"),
        ("PEERLINE_TELEGRAM__PEOPLE", "ada", "telegram.people"),
        ("PEERLINE_OWNER__TRUST_TERMINAL", "perhaps", "owner.trust_terminal"),
        ("PEERLINE_NONSENSE__KEY", "1", "nonsense"),
        ("PEERLINE_DAEMON__PORT__X", "1", "daemon.port"),
    ],
)
def test_a_wrong_value_in_the_environment_names_its_variable(
    config: Path, variable: str, value: str, key: str
) -> None:
    error = refusal(config, "", **{variable: value})
    assert str(error).startswith(f"{variable}: ")
    assert f'"{key}"' in str(error)
    assert error.hint


def test_variables_that_contradict_each_other_are_refused_not_stumbled_over(config: Path) -> None:
    for environment in (
        {"PEERLINE_DAEMON__PORT": "1", "PEERLINE_DAEMON__PORT__X": "2"},
        {"PEERLINE_DAEMON__PORT__X": "2", "PEERLINE_DAEMON__PORT": "1"},
    ):
        with pytest.raises(Malformed, match="PEERLINE_DAEMON__PORT"):
            load(config, environment)


# --- what is wrong ----------------------------------------------------------------------------------------------

WRONG = [
    ("owner:\n  name: ada\nport: 1\n", 3, "port"),
    ("owner:\n  name: ada\n  nmae: x\n", 3, "owner.nmae"),
    ("daemon:\n\n  port: eighty\n", 3, "daemon.port"),
    ("daemon: {port: 70000}\n", 1, "daemon.port"),
    ("daemon: 8377\n", 1, "daemon"),
    (
        "telegram:\n  people:\n    - id: 7\n      name: ada\n    - id: x\n      name: ben\n",
        5,
        "telegram.people.1.id",
    ),
    ("telegram:\n  people:\n    - id: 7\n", 3, "telegram.people.0.name"),
    (
        "telegram:\n  people:\n    - id: 7\n      name: ada\n      rights: [talk, root]\n",
        5,
        "telegram.people.0.rights.1",
    ),
    ("telegram:\n  people: ada\n", 2, "telegram.people"),
    ('slack:\n  channels:\n    - "#general"\n', 3, "slack.channels.0.id"),
    ("slack:\n  people:\n    - {id: U1, name: ada}\n", 3, "slack.people.0.team"),
    ("slack:\n  command: peerline\n", 2, "slack.command"),
    ("telegram:\n  bot_token: [a]\n", 2, "telegram.bot_token"),
    ("limits:\n  pair_per_minute: -1\n", 2, "limits.pair_per_minute"),
    ("1: x\n", 1, "1"),
]


@pytest.mark.parametrize(("text", "line", "key"), WRONG)
def test_a_wrong_value_is_refused_by_file_line_and_key(config: Path, text: str, line: int, key: str) -> None:
    error = refusal(config, text)
    assert str(error).startswith(f'{config}:{line}: "{key}": ')
    assert "known here" in error.hint


BROKEN = [
    ("owner:\n  name: 'ada\n", 3),
    ("owner:\n\tname: ada\n", 2),
    ("owner: {name: ada\n", 2),
    ("a: b: c\n", 1),
    ("- owner\n", 1),
    ("just words\n", 1),
    ("owner: &a [*a]\n", 1),
    ("owner: !!python/object/apply:os.system ['true']\n", 1),
    ("owner: *nobody\n", 1),
]


@pytest.mark.parametrize(("text", "line"), BROKEN)
def test_what_is_no_yaml_or_no_mapping_is_refused_by_line(config: Path, text: str, line: int) -> None:
    assert str(refusal(config, text)).startswith(f"{config}:{line}: ")


def test_a_key_that_stands_twice_is_refused_not_guessed(config: Path) -> None:
    """YAML readers take the last one in silence: then the first line that a person reads is a lie."""
    error = refusal(config, "daemon:\n  port: 1\ndaemon:\n  port: 2\n")
    assert str(error).startswith(f"{config}:3: ")
    assert '"daemon"' in str(error)


def test_a_file_that_is_no_text_or_cannot_be_read_is_refused_by_name(config: Path) -> None:
    config.write_bytes(b"owner: \xff\xfe\n")
    with pytest.raises(Malformed, match=str(config)):
        load(config, {})
    config.unlink()
    config.mkdir()
    with pytest.raises(Malformed, match=str(config)):
        load(config, {})


def test_nesting_without_an_end_is_refused(config: Path) -> None:
    assert str(refusal(config, "a: " + "[" * 2000 + "]" * 2000)).startswith(str(config))


# --- what is shown ----------------------------------------------------------------------------------------------


def test_every_value_tells_where_it_came_from(config: Path) -> None:
    config.write_text(WHOLE)
    told = {each.name: each for each in shown(config, {"PEERLINE_DAEMON__PORT": "0"})}
    assert (told["daemon.port"].value, told["daemon.port"].source) == (0, "PEERLINE_DAEMON__PORT")
    assert (told["owner.name"].value, told["owner.name"].source) == ("ada", str(config))
    config.write_text("owner: {name: ada}\n")
    told = {each.name: each for each in shown(config, {})}
    assert (told["limits.peer_per_minute"].value, told["limits.peer_per_minute"].source) == (120, "default")


def test_what_is_secret_is_never_shown(config: Path) -> None:
    config.write_text(WHOLE)
    for environment in ({}, {"PEERLINE_TELEGRAM__BOT_TOKEN": "6789:sesame"}):
        told = {each.name: each for each in shown(config, environment)}
        assert told["telegram.bot_token"].value == "(set)"
        assert "sesame" not in str(list(told.values()))
    config.write_text("")
    assert {each.name: each.value for each in shown(config, {})}["telegram.bot_token"] == ""


def test_what_is_secret_is_not_in_an_error_either(config: Path) -> None:
    for text in (
        "telegram:\n  bot_token: [sesame]\n",
        "telegram:\n  bot_tokens: sesame\n",
        "telegram: sesame\n",
    ):
        assert "sesame" not in str(refusal(config, text))
