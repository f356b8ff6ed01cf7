"""Calls nobody makes here, and things no file of ours contains, each with the reason.

Where one place must, it is in the table beside the rule, with why; everywhere else the rule has no exception.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Callable, Iterable, Iterator

import pytest

from tests.architecture.tree import EVERYTHING, MODULES, ROOT, imports, tracked_files, tree_of, within

# A broad handler hides our own mistakes, except where somebody else's must not stop everybody.
CATCHES_EVERYTHING = {
    "daemon.engine.pump": (1, "one transport that breaks must not stop the deliveries of the others"),
    "daemon.engine.errands": (1, "one errand that breaks must not stop the daemon; whoever waits is told"),
    "scheduler.service": (1, "what cannot be decided once must not end the alarm; it is decided again"),
    "daemon.api.app": (1, "the outermost middleware: a fault becomes a 500 with a traceback in the log"),
    "daemon.store.sqlite": (
        1,
        "what a step raises is raised again where the step is awaited, in another thread",
    ),
    "bots.lanes": (1, "one update that we cannot read must not hold up all that comes after it"),
    "cli.hosting": (1, "a surface's trouble is not the line's: it is logged, and the surface begins anew"),
    "cli.app": (1, "a fault becomes exit code 70 with a traceback in the log"),
    # a process of its own, which the agent started and whose end it would notice
    "hooks.pipe": (
        2,
        "an interrupted exchange is still spooled; whatever else happened, the agent sees nothing",
    ),
}
READS_THE_CLOCK = {"daemon.engine.clock": "the one clock; everybody else is handed `now`"}
OWNS_TASKS = {
    "daemon.lifecycle": "keeps each task it starts and hands its error on",
    "bots.beside": "a generator can hold no group over its yields: each is kept, ended with its owner, its error told",
    "tests.api.test_verdicts": "each stands for a hook's own process, and is awaited where its answer is looked at",
    "tests.transports.test_wake": "the same",
    "tests.emulators.telegram.server": "the platform pushes for as long as it is there; awaited at its end",
    "tests.emulators.slack.server": "the same: it tells what happened, four times if need be",
}

BROAD = {"Exception", "BaseException"}
READINGS = {"now", "utcnow", "today"}
SHELLS = {"os.system", "os.popen", "asyncio.create_subprocess_shell", "subprocess.getoutput"}


def calls(tree: ast.Module) -> Iterator[ast.Call]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def at(node: ast.expr | ast.ExceptHandler) -> str:
    return f"line {node.lineno}"


def patches(tree: ast.Module) -> Iterator[str]:
    """A patch tests the patch; a fake at the seam, or a real server with faults, tests us."""
    yield from (name for name in imports(tree) if within(name, "unittest.mock") or within(name, "mock"))


def bare_tasks(tree: ast.Module) -> Iterator[str]:
    """A task nobody holds can be collected, its error lost. A TaskGroup's own ``create_task`` is fine."""
    for call in calls(tree):
        said = ast.unparse(call.func)
        owner, _, last = said.rpartition(".")
        loose = not owner or owner.endswith(("asyncio", "loop", "loop()"))
        if last == "ensure_future" or (last == "create_task" and loose):
            yield f"{at(call)}: {said}"


def clock_readings(tree: ast.Module) -> Iterator[str]:
    for call in calls(tree):
        owner, _, last = ast.unparse(call.func).rpartition(".")
        if last in READINGS and owner.rpartition(".")[2] in {"datetime", "date"}:
            yield f"{at(call)}: {owner}.{last}"


def caught(handler: ast.ExceptHandler) -> set[str]:
    if handler.type is None:
        return BROAD
    parts = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return {ast.unparse(part) for part in parts}


def raises_again(handler: ast.ExceptHandler) -> bool:
    """Cleaning up on the way out hides nothing: the last thing said is a bare ``raise``."""
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def broad_catches(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler) and caught(node) & BROAD and not raises_again(node):
            yield f"{at(node)}: except {', '.join(sorted(caught(node)))}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
            yield from (f"{at(node)}: suppress" for one in node.args if ast.unparse(one) in BROAD)


def shell_calls(tree: ast.Module) -> Iterator[str]:
    """A shell reads what a stranger wrote as a program; we start argument lists."""
    for call in calls(tree):
        through = any(word.arg == "shell" and ast.unparse(word.value) != "False" for word in call.keywords)
        if through or ast.unparse(call.func) in SHELLS:
            yield f"{at(call)}: {ast.unparse(call.func)}"


Rule = Callable[[ast.Module], Iterator[str]]


def broken(rule: Rule, modules: Iterable[str], argued: Iterable[str] = ()) -> list[str]:
    return [f"{each}: {fault}" for each in modules if each not in argued for fault in rule(tree_of(each))]


def test_no_test_patches_what_it_tests() -> None:
    assert broken(patches, EVERYTHING) == []


def test_every_task_belongs_to_somebody() -> None:
    assert broken(bare_tasks, EVERYTHING, OWNS_TASKS) == []


def test_no_command_goes_through_a_shell() -> None:
    assert broken(shell_calls, EVERYTHING) == []


def test_only_the_clock_reads_the_clock() -> None:
    assert broken(clock_readings, MODULES, READS_THE_CLOCK) == []


def test_only_the_argued_places_catch_everything() -> None:
    argued = {module: most for module, (most, _) in CATCHES_EVERYTHING.items()}
    found = {module: list(broad_catches(tree_of(module))) for module in MODULES}
    assert {module: each for module, each in found.items() if len(each) > argued.get(module, 0)} == {}


# --- files ----------------------------------------------------------------------------------------

# A lock, script or page that names somebody's registry or folder works on that machine only.
ELSEWHERE = re.compile(
    r"(?:pypi|pythonhosted|npmjs|crates|rubygems)\.(?:org|com|io)\b"
    r"|(?<![\w.~$})-])/(?:work|root)(?:/|\b(?![\w.-]))"
    r"|--(?:extra-)?index-url|--find-links|--trusted-host"
)
SAYS_THE_WORD = {
    "Makefile": "switches such settings off while the lock is made",
    "tests/architecture/test_words.py": "this rule",
}


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked_files()
        if str(path.relative_to(ROOT)) not in SAYS_THE_WORD
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="ignore").splitlines(), 1)
        if ELSEWHERE.search(line)
    ]
    assert found == []


def bounded(requirement: str) -> bool:
    """Both ends: the newest release of a dependency must never be the first one a user tries."""
    asked = requirement.partition(";")[0]
    return ">=" in asked and bool(re.search(r"<(?!=)\d", asked))


def requirements() -> Iterator[str]:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    yield from asked["build-system"]["requires"]
    yield from asked["project"]["dependencies"]
    for extra in asked["project"].get("optional-dependencies", {}).values():
        yield from extra


def plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", re.split(r"[\s\[<>=!~;]", name, maxsplit=1)[0]).lower()


def locked(text: str) -> dict[str, int]:
    """Name -> how many hashes stand below it. A requirement that is not ``name==version`` is refused."""
    entries: dict[str, int] = {}
    for block in re.split(r"\n(?=\S)", re.sub(r"(?m)^\s*#.*\n?", "", text)):
        if block.strip():
            assert re.match(r"[\w.-]+==[\w.!+-]+( ;.*)? \\(\n|$)", block), (
                f"not a pinned requirement: {block[:60]!r}"
            )
            entries[plain(block)] = len(re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block))
    return entries


def lock() -> str:
    return (ROOT / "requirements.lock").read_text(encoding="utf-8")


@pytest.mark.parametrize("requirement", list(requirements()))
def test_a_dependency_is_bounded_at_both_ends_and_locked(requirement: str) -> None:
    assert bounded(requirement)
    assert plain(requirement) in locked(lock())


def test_the_lock_pins_everything_by_hash_and_says_nothing_of_where_it_comes_from() -> None:
    assert [name for name, hashes in locked(lock()).items() if not hashes] == []
    assert [
        line for line in lock().splitlines() if "://" in line or "file:" in line or line.startswith("-")
    ] == []


# --- the rules must be able to fail ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (patches, "from unittest import mock"),
        (patches, "from unittest.mock import patch"),
        (patches, "def test():\n    import unittest.mock"),
        (bare_tasks, "asyncio.create_task(run())"),
        (bare_tasks, "asyncio.get_running_loop().create_task(run())"),
        (bare_tasks, "self._loop.create_task(run())"),
        (bare_tasks, "from asyncio import create_task\ncreate_task(run())"),
        (bare_tasks, "asyncio.ensure_future(run())"),
        (clock_readings, "datetime.now(UTC)"),
        (clock_readings, "datetime.datetime.utcnow()"),
        (clock_readings, "date.today()"),
        (broad_catches, "try: run()\nexcept Exception: log()"),
        (broad_catches, "try: run()\nexcept (OSError, BaseException): log()"),
        (broad_catches, "try: run()\nexcept: log()"),
        (broad_catches, "try: run()\nexcept* Exception: log()"),
        (broad_catches, "with contextlib.suppress(Exception): run()"),
        (shell_calls, "subprocess.run(line, shell=True)"),
        (shell_calls, "os.system(line)"),
        (shell_calls, "await asyncio.create_subprocess_shell(line)"),
    ],
)
def test_a_call_nobody_should_make_is_found(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source)))


@pytest.mark.parametrize(
    ("rule", "source"),
    [
        (patches, "from tests.fakes.client import FakeClient"),
        (bare_tasks, "group.create_task(run())"),
        (clock_readings, "clock.now()"),
        (broad_catches, "try: run()\nexcept OSError: log()"),
        (broad_catches, "try: run()\nexcept BaseException:\n    undo()\n    raise"),
        (shell_calls, "subprocess.run(['git', 'status'])"),
    ],
)
def test_the_call_meant_instead_is_left_alone(rule: Rule, source: str) -> None:
    assert list(rule(ast.parse(source))) == []


@pytest.mark.parametrize(
    "line",
    [
        "url = https://files.pythonhosted.org/x",
        "cd /work/main",
        "HOME=/root",
        "'/root/.cache'",
        "--find-links ./wheels",
    ],
)
def test_a_line_that_names_one_machine_is_found(line: str) -> None:
    assert ELSEWHERE.search(line)


@pytest.mark.parametrize(
    "line", ["~/work/backend", "/home/ada/work/backend", "a/root/b", "/workspace", "$HOME/work", "/roots"]
)
def test_a_line_that_could_be_anybodys_is_left_alone(line: str) -> None:
    assert not ELSEWHERE.search(line)


@pytest.mark.parametrize(
    "requirement", ["aiohttp", "aiohttp>=3", "aiohttp<4", "aiohttp>=3; python_version<'4'"]
)
def test_a_dependency_without_both_ends_is_found(requirement: str) -> None:
    assert not bounded(requirement)


@pytest.mark.parametrize("text", ["aiohttp>=3\n", "--index-url x\n", "pkg @ file:x\n", "aiohttp==3.14.5\n"])
def test_a_lock_with_a_loose_line_is_refused(text: str) -> None:
    with pytest.raises(AssertionError, match="not a pinned requirement"):
        locked(text)


def test_a_lock_entry_without_a_hash_is_found() -> None:
    assert locked("aiohttp==3.14.5 \\\n    # via peerline\nmcp==2.3 \\\n    --hash=sha256:" + "0" * 64) == {
        "aiohttp": 0,
        "mcp": 1,
    }
