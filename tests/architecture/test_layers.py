"""Who may import whom, and why. Change this table only together with docs/architecture.md.

A row allows its own package, what it lists, and nothing else of ours. A module of the daemon without a row is
refused: a new room gets a row first. What must never be allowed, however rows grow, stands in NEVER.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.architecture.tree import EVERYTHING, MODULES, TOP, imports, tree_of, within

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    # bytes only: it starts on every turn of every agent, and the user waits for each import
    "hooks": (),
    # started by agents as a child process: no import of ours may slow it or break it
    "mcp_server.shim": (),
    "mcp_server.stdio": (),
    # decides, and is easy to test because it needs nothing
    "daemon.core": (),
    # what is so whoever asks: it knows no sheet, and nobody who writes on one
    "daemon.core.rules": (
        "daemon.core.model",
        "daemon.core.commands",
        "daemon.core.errors",
        "daemon.core.nouns",
    ),
    # a leaf: whoever looks for the socket must not load the daemon to find it
    "daemon.paths": (),
    # speaks to one program and knows nothing of ours; the rooms that use it decide what to type
    "daemon.tmux": ("daemon.panes",),
    # what tmux tells of a pane, as values
    "daemon.panes": (),
    # starting, stopping and owning tasks: everybody lives in it, so it can know nobody
    "daemon.lifecycle": ("daemon.core", "daemon.paths"),
    # configuration becomes values once, at the start; rooms are handed values, not this room
    "daemon.settings": (
        "daemon.core",
        "daemon.paths",
        "daemon.chatsettings",
        "daemon.timesettings",
        "daemon.configfile",
    ),
    "daemon.configfile": ("daemon.core",),
    # the part of it that is about chats: values, and nothing of ours
    "daemon.chatsettings": (),
    "daemon.timesettings": ("daemon.core", "daemon.chatsettings"),
    # both sides of the socket import it, the command line too
    "daemon.wire": ("daemon.core",),
    # the only way anybody talks to the daemon; starts with the command line
    "daemon.client": ("daemon.core", "daemon.wire", "daemon.paths"),
    # reads the files that hooks leave, and knows nothing else
    "daemon.spool": (),
    # the audit log's file: written by the engine, read by the command line without a daemon
    "daemon.ledger": (),
    # keeps what the core decided, and decides nothing
    "daemon.store": ("daemon.core",),
    # finds out who is on the other end of a socket; panes are tmux's
    "daemon.callers": ("daemon.core", "daemon.tmux", "daemon.panes"),
    # returns what happened to a parcel; it looks at the terminal and at whose process it writes to
    "daemon.transports": ("daemon.core", "daemon.tmux", "daemon.panes", "daemon.callers"),
    # effects that deliver nothing; results come back as commands. What an agent said stands in its transcript
    "daemon.errands": ("daemon.core", "daemon.tmux", "daemon.callers"),
    # makes panes by the config and the folders it finds; what it begins is told to the engine by values
    "daemon.starting": (
        "daemon.core",
        "daemon.paths",
        "daemon.settings",
        "daemon.tmux",
        "daemon.panes",
        "daemon.callers",
        "daemon.transports",
        "daemon.errands",
    ),
    # started in every new pane: no import of ours may slow it or break it
    "daemon.starting.launcher": (),
    # what others want of it: values
    "daemon.starting.interface": ("daemon.core",),
    # pure: an agent's hook payload to commands, parcels to its answer
    "daemon.agents": ("daemon.core",),
    # reads the files in which personas are written
    "daemon.personas": ("daemon.core",),
    # one transaction around the core, and the pump around transports and errands
    "daemon.engine": (
        "daemon.core",
        "daemon.store",
        "daemon.transports",
        "daemon.errands",
        "daemon.starting.interface",
        "daemon.lifecycle",
        "daemon.ledger",
    ),
    # parse, authorise, ask the engine, render
    "daemon.api": (
        "daemon.core",
        "daemon.wire",
        "daemon.engine",
        "daemon.agents",
        "daemon.spool",
        "daemon.starting.interface",
    ),
    # the one door through which a request becomes a caller
    "daemon.api.guards": ("daemon.core", "daemon.wire", "daemon.engine", "daemon.api", "daemon.callers"),
    # the same for hooks: which agent a hook belongs to, and its pane
    "daemon.api.hookcaller": ("daemon.core", "daemon.agents", "daemon.api", "daemon.callers", "daemon.tmux"),
    # doctor's questions: it looks at files and programs, not at a running daemon
    "daemon.health": ("daemon.core", "daemon.paths", "daemon.settings", "daemon.store"),
    # the doctor's questions about safety: it looks, and mends modes of files
    "daemon.safety": ("daemon.core", "daemon.paths", "daemon.settings", "daemon.ledger", "daemon.lifecycle"),
    # importing daemon.core must not load the server, so the package itself stays empty
    "daemon": (),
    # a bot is just another peer: what it cannot say through the client, nobody can
    "bots": ("daemon.client", "daemon.core"),
    # a table of client calls; it is handed a client already bound to its caller
    "mcp_server": ("daemon.client", "daemon.core"),
    # an alarm clock beside the daemon, not inside it
    "scheduler": ("daemon.client", "daemon.core"),
    # speaks HTTP from a browser and has no Python to import
    "dashboard": (),
    # the composition root
    "cli": tuple(sorted(TOP)),
}

# What an agent, a hook or a shell starts, and what decides, must not wait for a package to load or to break.
STANDARD_LIBRARY_ONLY = (
    "daemon.core",
    "daemon.wire",
    "daemon.client",
    "daemon.paths",
    "hooks",
    "mcp_server.shim",
    "mcp_server.stdio",
    "daemon.starting.launcher",
)

NEVER = {
    ("", "cli"): "the composition root is imported by nobody",
    ("", "tests"): "a program that needs its tests to run has no tests",
    (
        "daemon.api",
        "daemon.store",
    ): "what the engine does not see did not happen: every change is one transaction",
    ("daemon.transports", "daemon.engine"): "their result is returned; nothing calls back",
    ("daemon.core", "daemon.wire"): "the core does not know that processes exist",
    ("bots", "daemon.engine"): "a bot that reaches inside can do what no peer may",
    ("mcp_server", "daemon.engine"): "an agent's tool that reaches inside can do what no peer may",
}

# An impure import is a decision that depends on something else than its arguments.
IMPURE = set(sys.stdlib_module_names) & {
    *("asyncio", "http", "logging", "os", "pathlib", "random", "secrets", "select", "shutil", "signal"),
    *("socket", "sqlite3", "subprocess", "sys", "threading", "time", "urllib", "uuid"),
}

EAGER_START = {"mcp_server.stdio": frozenset({"asyncio"})}  # half of its start-up time, for nothing it needs


OURS = TOP | {"tests", "bench", ""}  # "": a relative import, which hides from this table and is refused


def layer_of(module: str) -> str:
    return max((layer for layer in MAY_IMPORT if within(module, layer)), key=len)


def forbidden_imports(module: str, tree: ast.Module) -> Iterator[str]:
    """Each import of ours that the row does not allow, and each foreign one in a room that takes none."""
    layer = layer_of(module)
    may = () if layer == "daemon" else (layer, *MAY_IMPORT[layer])
    if layer == "daemon" and module != "daemon":
        yield f"{module} has no row in MAY_IMPORT"
    for name in imports(tree):
        top = name.partition(".")[0]
        if top in OURS:
            if not any(within(name, allowed) for allowed in may):
                yield f"{module} imports {name}"
        elif top not in sys.stdlib_module_names and any(within(module, one) for one in STANDARD_LIBRARY_ONLY):
            yield f"{module} imports {name}, and is standard library only"


def never_imports(module: str, tree: ast.Module) -> Iterator[str]:
    for (package, other), why in NEVER.items():
        if (not package or within(module, package)) and not within(module, other):
            yield from (f"{module} imports {name}: {why}" for name in imports(tree) if within(name, other))


def impurities(tree: ast.Module) -> Iterator[str]:
    yield from (name for name in imports(tree) if name.partition(".")[0] in IMPURE)
    waiting = ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith
    yield from (f"line {node.lineno} waits" for node in ast.walk(tree) if isinstance(node, waiting))


def type_checking(tree: ast.Module) -> list[int]:
    names = ((node, getattr(node, "id", getattr(node, "attr", ""))) for node in ast.walk(tree))
    return [getattr(node, "lineno", 0) for node, name in names if name == "TYPE_CHECKING"]


def who_needs_whom(trees: dict[str, ast.Module]) -> dict[str, set[str]]:
    """Module -> the modules that must have run before it, its own enclosing packages left out."""

    def needed(module: str, names: Iterable[str]) -> set[str]:
        found = {other for name in names for other in trees if within(name, other)}
        return {other for other in found if not within(module, other)}

    return {module: needed(module, imports(tree)) for module, tree in trees.items()}


def cycle_in(trees: dict[str, ast.Module]) -> list[str]:
    try:
        TopologicalSorter(who_needs_whom(trees)).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


@pytest.mark.parametrize("module", MODULES)
def test_a_module_imports_only_what_its_layer_may(module: str) -> None:
    assert list(forbidden_imports(module, tree_of(module))) == []
    assert list(never_imports(module, tree_of(module))) == []


@pytest.mark.parametrize("module", [module for module in MODULES if within(module, "daemon.core")])
def test_the_core_reads_no_clock_rolls_no_dice_and_waits_for_nothing(module: str) -> None:
    assert list(impurities(tree_of(module))) == []


@pytest.mark.parametrize("module", [module for module in MODULES if within(module, "daemon.core")])
def test_only_the_entrance_knows_what_people_say(module: str) -> None:
    if module != "daemon.core.decide" and not within(module, "daemon.core.said"):
        assert [name for name in imports(tree_of(module)) if within(name, "daemon.core.said")] == []


@pytest.mark.parametrize("module", EVERYTHING)
def test_no_import_hides_from_the_interpreter(module: str) -> None:
    assert type_checking(tree_of(module)) == []


@pytest.mark.parametrize(("module", "heavy"), EAGER_START.items())
def test_what_agents_start_stays_light(module: str, heavy: frozenset[str]) -> None:
    if module in MODULES:
        assert heavy.isdisjoint(name.partition(".")[0] for name in imports(tree_of(module)))


def test_no_two_modules_need_each_other() -> None:
    assert cycle_in({module: tree_of(module) for module in MODULES}) == []


def test_nothing_in_the_table_is_both_allowed_and_never_allowed() -> None:
    allowed = {(layer, other) for layer, others in MAY_IMPORT.items() for other in others if layer != "cli"}
    refused = {
        (package, other)
        for package, other in allowed
        for key in NEVER
        if key in {(package, other), ("", other)}
    }
    assert refused == set()


# --- the rules must be able to fail ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("daemon.core.rules.asking", "import aiohttp"),
        ("daemon.core.rules.asking", "from daemon.wire import codec"),
        ("daemon.wire.codec", "import pydantic"),
        ("daemon.client.http", "def connect():\n    import httpx"),
        ("daemon.transports.terminal", "from daemon.engine.pump import Pump"),
        ("daemon.api.peers", "from daemon import callers"),
        ("daemon.api.peers", "import daemon.store.sqlite"),
        ("daemon.api.peers", "from . import guards"),
        ("daemon.cupboard", "import json"),
        ("daemon", "import daemon.core.model"),
        ("hooks.pipe", "from daemon.paths import socket_path"),
        ("mcp_server.stdio", "from mcp_server.tools import TOOLS"),
        ("bots.telegram.api", "from daemon.wire import routes"),
        ("scheduler.service", "import cli.serve"),
        ("bots.bridge", "from tests.fakes import client"),
    ],
)
def test_an_import_against_the_table_is_named(module: str, source: str) -> None:
    found = list(forbidden_imports(module, ast.parse(source))) + list(
        never_imports(module, ast.parse(source))
    )
    assert found
    assert all(module in complaint for complaint in found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("daemon.api.guards", "from daemon.callers.processes import ancestors"),
        ("daemon.api.peers", "from daemon.api.guards import caller_of"),
        ("daemon.client.http", "import asyncio"),
        ("daemon.core.rules.asking", "from daemon.core.model import Ask"),
        ("mcp_server.http", "from aiohttp import web"),
        ("cli.serve", "from daemon.store.sqlite import SqliteStore"),
    ],
)
def test_an_import_the_table_allows_is_let_through(module: str, source: str) -> None:
    assert list(forbidden_imports(module, ast.parse(source))) == []
    assert list(never_imports(module, ast.parse(source))) == []


@pytest.mark.parametrize(
    "source", ["import time", "from uuid import uuid4", "async def decide(): ...", "import logging"]
)
def test_an_impure_core_is_found(source: str) -> None:
    assert list(impurities(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["if TYPE_CHECKING: ...", "if typing.TYPE_CHECKING:\n    import daemon.core"]
)
def test_a_hidden_import_is_found(source: str) -> None:
    assert type_checking(ast.parse(source))


def test_a_ring_of_imports_is_found_and_named() -> None:
    ring = {
        "bots.one": ast.parse("from bots.two import Two"),
        "bots.two": ast.parse("def late():\n    from bots import one"),
        "bots": ast.parse(""),
    }
    assert {"bots.one", "bots.two"} <= set(cycle_in(ring))
