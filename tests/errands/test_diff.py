"""What is changed in a work tree, by real git, and nothing of the repository's own is ever run."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from daemon.core.errors import NotAllowed, NotFound, PeerlineError, TooLarge
from daemon.errands import git
from daemon.errands.diff import LONGEST_SHOWN, Diff
from daemon.errands.git import OUTPUT
from daemon.errands.interface import Found
from daemon.errands.shelf import Shelf
from tests.errands.repository import ENVIRONMENT, Repository, sight


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path / "work")


@pytest.fixture
def diff(tmp_path: Path) -> Diff:
    return Diff(Shelf(tmp_path / "home" / "files"), tmp_path / "home")


async def looked(diff: Diff, repository: Repository, argument: str = "", folder: str = "") -> Found:
    async with asyncio.timeout(30):
        return await diff(sight(repository.folder / folder, argument))


async def test_nothing_changed_says_so_with_the_branch(diff: Diff, repository: Repository) -> None:
    assert (await looked(diff, repository)).text == "`backend` on `main`: nothing is changed"


async def test_staged_and_unstaged_changes_and_new_files_are_listed_with_choices(
    diff: Diff, repository: Repository
) -> None:
    repository.write("b.py", "x\n")
    repository.commit("more")
    repository.write("a.py", "one\n2\n")
    repository.write("b.py", "y\n")
    repository.git("add", "b.py")
    repository.write("sub/new.py", "new\n")

    found = await looked(diff, repository)

    assert found.text.startswith(
        "`backend` on `main`\n\n```text\n a.py | 2 +-\n b.py | 2 +-\n 2 files changed"
    )
    assert "new, not added yet:\n- `sub/new.py`" in found.text
    assert found.choices == ("a.py", "b.py", "sub/new.py", "patch")


async def test_at_most_eight_files_are_offered_beside_the_whole_patch(
    diff: Diff, repository: Repository
) -> None:
    for n in range(12):
        repository.write(f"f{n:02}.py", "x\n")

    assert len((await looked(diff, repository)).choices) == 9


async def test_a_folder_inside_shows_the_whole_work_tree(diff: Diff, repository: Repository) -> None:
    repository.write("sub/b.py", "x\n")
    repository.write("a.py", "changed\n")

    assert (await looked(diff, repository, folder="sub")).choices == ("a.py", "sub/b.py", "patch")


async def test_the_distance_to_the_branch_upstream_is_told(
    diff: Diff, repository: Repository, tmp_path: Path
) -> None:
    repository.git("clone", "-q", ".", str(tmp_path / "clone"))
    clone = Repository(tmp_path / "clone", commit=False)
    clone.write("a.py", "mine\n")
    clone.commit("mine")
    repository.write("b.py", "theirs\n")
    repository.commit("theirs")
    clone.git("fetch", "-q")

    assert (await looked(diff, clone)).text == (
        "`backend` on `main`, 1 ahead and 1 behind `origin/main`: nothing is changed"
    )


async def test_a_head_on_no_branch_is_told_by_its_commit(diff: Diff, repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")
    head = repository.git("rev-parse", "HEAD")[:10]

    assert f"at `{head}`, on no branch" in (await looked(diff, repository)).text


@pytest.mark.parametrize("hashes", ["sha1", "sha256"])
async def test_before_the_first_commit_everything_is_new(diff: Diff, tmp_path: Path, hashes: str) -> None:
    repository = Repository(tmp_path / "work", commit=False, hashes=hashes)
    repository.write("added.py", "x\n")
    repository.git("add", "added.py")
    repository.write("new.py", "y\n")

    found = await looked(diff, repository)
    patch = await looked(diff, repository, "added.py")

    assert "`backend` on `main`, no commit yet" in found.text
    assert found.choices == ("added.py", "new.py", "patch")
    assert "+x" in patch.text


async def test_a_work_tree_beside_the_repository_is_read_as_its_own(
    diff: Diff, repository: Repository, tmp_path: Path
) -> None:
    repository.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = Repository(tmp_path / "side", commit=False)
    side.write("a.py", "changed there\n")

    assert "nothing is changed" in (await looked(diff, repository)).text
    found = await looked(diff, side)
    assert "on `side`" in found.text
    assert found.choices == ("a.py", "patch")


async def test_a_split_index_is_read(diff: Diff, repository: Repository) -> None:
    repository.git("update-index", "--split-index")
    repository.write("a.py", "changed\n")
    repository.write("b.py", "added\n")
    repository.git("add", "b.py")

    assert (await looked(diff, repository)).choices == ("a.py", "b.py", "patch")


async def test_what_the_repository_ignores_is_not_listed(diff: Diff, repository: Repository) -> None:
    repository.write(".git/info/exclude", "built/\n")
    repository.write(".gitignore", "*.log\n")
    repository.commit("ignoring")
    for name in ("x.log", "built/y.py", "z.py"):
        repository.write(name, "x\n")

    assert (await looked(diff, repository)).choices == ("z.py", "patch")


async def test_one_file_is_shown_as_a_patch_in_place(diff: Diff, repository: Repository) -> None:
    repository.write("a.py", "one\n```\ntwo\n")

    found = await looked(diff, repository, "a.py")

    assert found.attachment is None
    assert found.text.startswith("`a.py` of `backend`\n\n````diff\ndiff --git a/a.py b/a.py\n")
    assert "\n+```\n" in found.text
    assert found.text.endswith("\n````")


async def test_a_new_file_is_shown_as_one_that_is_added(diff: Diff, repository: Repository) -> None:
    repository.write("sub/new.py", "hello\n")

    text = (await looked(diff, repository, "sub/new.py")).text

    assert "new file mode" in text
    assert "\n+hello\n" in text


async def test_the_end_of_a_path_is_enough_if_it_names_one_file(diff: Diff, repository: Repository) -> None:
    repository.write("one/view.py", "1\n")
    repository.write("two/view.py", "2\n")

    assert "+1" in (await looked(diff, repository, "one/view.py")).text
    with pytest.raises(NotFound, match=r"2 changed files end in `view\.py`"):
        await looked(diff, repository, "view.py")
    with pytest.raises(NotFound, match=r"`a\.py` is not changed"):
        await looked(diff, repository, "a.py")


async def test_a_long_patch_comes_as_a_file(diff: Diff, repository: Repository, tmp_path: Path) -> None:
    repository.write("a.py", "line\n" * LONGEST_SHOWN)

    found = await looked(diff, repository, "a.py")

    assert found.attachment is not None
    assert found.attachment.name == "backend-a.py.patch"
    path = Path(found.attachment.path)
    assert path.parent == tmp_path / "home" / "files"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_size == found.attachment.size
    assert f"{LONGEST_SHOWN + 7} lines" in found.text


async def test_the_whole_patch_is_a_file_that_git_can_apply(
    diff: Diff, repository: Repository, tmp_path: Path
) -> None:
    repository.write("b.bin", b"\0\1\2")
    repository.commit("binary")
    head = repository.git("rev-parse", "HEAD").strip()
    repository.write("a.py", "changed\n")
    repository.write("b.bin", b"\0\3\4")
    repository.write("ü/new file.py", "new\n")

    found = await looked(diff, repository, "patch")

    assert found.attachment is not None
    assert found.attachment.name == "backend.patch"
    repository.git("worktree", "add", "-q", "--detach", str(tmp_path / "other"), head)
    other = Repository(tmp_path / "other", commit=False)
    other.git("apply", found.attachment.path)
    for name in ("a.py", "b.bin", "ü/new file.py"):
        assert (other.folder / name).read_bytes() == (repository.folder / name).read_bytes()


async def test_a_file_called_patch_is_reached_by_its_choice(diff: Diff, repository: Repository) -> None:
    repository.write("patch", "mine\n")

    [choice, _] = (await looked(diff, repository)).choices

    assert choice == "./patch"
    assert "+mine" in (await looked(diff, repository, choice)).text


async def test_a_repository_inside_is_listed_and_is_in_no_patch(diff: Diff, repository: Repository) -> None:
    Repository(repository.folder / "inner")
    repository.write("a.py", "changed\n")

    found, patch = await looked(diff, repository), await looked(diff, repository, "patch")

    assert "- `inner/`" in found.text
    assert found.choices == ("a.py", "patch")
    assert "1 file is left out" in patch.text
    with pytest.raises(NotAllowed, match="repository of its own"):
        await looked(diff, repository, "inner/")


async def test_a_new_file_that_is_too_large_is_left_out_of_the_whole_patch(
    diff: Diff, repository: Repository
) -> None:
    repository.write("a.py", "changed\n")
    repository.write("big.bin", os.urandom(OUTPUT))

    patch = await looked(diff, repository, "patch")

    assert "1 file is left out" in patch.text
    with pytest.raises(TooLarge):
        await looked(diff, repository, "big.bin")


NAMES = (
    "-",
    "--output=x",
    "a\nb",
    "a\x1b[2Jb",
    "#(reboot)",
    ":(top)a.py",
    "*.py",
    "`x`",
    " lead",
    '"q"',
    "ü",
    "a\\b",
)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("known", [True, False])
async def test_a_name_of_any_kind_is_a_name_and_nothing_else(
    diff: Diff, repository: Repository, name: str, *, known: bool
) -> None:
    repository.write(name, "before\n")
    if known:
        repository.commit("odd")
    repository.write(name, "after\n")
    before = sorted(repository.folder.iterdir())

    found = await looked(diff, repository)
    assert found.choices[0] == name
    text = (await looked(diff, repository, name)).text

    assert "+after" in text
    assert "one" not in text
    assert sorted(repository.folder.iterdir()) == before


async def test_a_name_that_is_no_text_is_listed_and_not_offered(diff: Diff, repository: Repository) -> None:
    Path(os.fsdecode(os.fsencode(repository.folder) + b"/\xff.py")).write_text("x\n")

    found = await looked(diff, repository)

    assert found.choices == ()
    assert "new, not added yet" in found.text


@pytest.mark.parametrize("name", [".env", "sub/server.pem", "id_ed25519", "deploy/credentials.json"])
@pytest.mark.parametrize("known", [True, False])
async def test_what_looks_like_a_secret_is_in_no_patch(
    diff: Diff, repository: Repository, name: str, *, known: bool
) -> None:
    if known:
        repository.write(name, "old-secret\n")
        repository.commit("leaked")
    repository.write(name, "new-secret\n")
    repository.write("a.py", "changed\n")

    found = await looked(diff, repository)
    patch = await looked(diff, repository, "patch")

    assert found.choices == ("a.py", "patch")
    assert f"not shown, by their names: `{name}`" in found.text
    assert patch.attachment is not None
    assert "1 file is left out" in patch.text
    told = Path(patch.attachment.path).read_text()
    assert "+changed" in told
    assert "secret" not in told
    with pytest.raises(NotAllowed, match="looks like a secret"):
        await looked(diff, repository, name)


async def test_nothing_of_our_own_home_is_shown_even_if_it_lies_in_the_work_tree(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "work")
    diff = Diff(Shelf(repository.folder / "own" / "files"), repository.folder / "own")
    repository.write("own/token", "our-token\n")

    found = await looked(diff, repository)

    assert found.choices == ()
    with pytest.raises(PeerlineError):
        await looked(diff, repository, "own/token")


async def test_what_is_no_repository_is_told_in_words(diff: Diff, tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()

    with pytest.raises(NotFound, match="is in no git repository"):
        await diff(sight(tmp_path / "plain"))
    with pytest.raises(NotFound, match="is not there"):
        await diff(sight(tmp_path / "gone"))
    with pytest.raises(NotFound, match="has told of no folder"):
        await diff(sight(""))


async def test_a_broken_repository_is_told_in_gits_own_words(diff: Diff, repository: Repository) -> None:
    (repository.folder / ".git" / "index").write_bytes(b"rubbish")

    with pytest.raises(NotAllowed, match="git cannot read"):
        await looked(diff, repository)


async def test_looking_writes_nothing(diff: Diff, repository: Repository) -> None:
    repository.write("a.py", "changed\n")
    repository.write("b.py", "new\n")
    os.utime(repository.folder / "a.py", (1, 1))
    before = _all_of(repository.folder)

    for argument in ("", "a.py", "b.py", "patch"):
        await looked(diff, repository, argument)

    assert _all_of(repository.folder) == before


def _all_of(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize(
    ("does", "error"),
    [("sleep 60", TimeoutError), ("yes", TooLarge), ("(sleep 60 &) ; exit 1", TimeoutError)],
)
async def test_a_git_that_hangs_or_never_stops_talking_is_ended(
    diff: Diff,
    repository: Repository,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    does: str,
    error: type[Exception],
) -> None:
    (tmp_path / "bin").mkdir()
    fake = tmp_path / "bin" / "git"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(git, "WITHIN_S", 0.3 if error is TimeoutError else 10)

    with pytest.raises(error):
        await looked(diff, repository)


# --- hostile repositories -----------------------------------------------------------------------------------------


class Trap:
    """A program that a repository would have run, and the sign it leaves."""

    def __init__(self, folder: Path) -> None:
        self.sign = folder / "sprung"
        self.program = folder / "trap"
        self.program.write_text(f"#!/bin/sh\ntouch {self.sign}\ncat\n")
        self.program.chmod(0o755)

    @property
    def sprung(self) -> bool:
        return self.sign.exists()


def _filter(repository: Repository, trap: Trap) -> None:
    repository.write(".gitattributes", "*.py filter=evil\n")
    repository.git("config", "filter.evil.clean", str(trap.program))


def _required_process(repository: Repository, trap: Trap) -> None:
    repository.write(".git/info/attributes", "*.py filter=evil\n")
    trap.program.write_text(f"#!/bin/sh\ntouch {trap.sign}\n")
    repository.git("config", "filter.evil.process", str(trap.program))
    repository.git("config", "filter.evil.required", "true")


def _textconv(repository: Repository, trap: Trap) -> None:
    repository.write(".gitattributes", "*.py diff=evil\n")
    repository.git("config", "diff.evil.textconv", str(trap.program))


def _driver(repository: Repository, trap: Trap) -> None:
    repository.write(".gitattributes", "*.py diff=evil\n")
    repository.git("config", "diff.evil.command", str(trap.program))


def _external(repository: Repository, trap: Trap) -> None:
    repository.git("config", "diff.external", str(trap.program))


def _fsmonitor(repository: Repository, trap: Trap) -> None:
    repository.git("config", "core.fsmonitor", str(trap.program))


def _included(repository: Repository, trap: Trap) -> None:
    repository.write(
        ".git/more", f"[diff]\n\texternal = {trap.program}\n[core]\n\tfsmonitor = {trap.program}\n"
    )
    repository.git("config", "include.path", "more")


def _promised(repository: Repository, trap: Trap) -> None:
    """An object is missing, and is to be fetched from where a program of theirs is the way."""
    trap.program.write_text(f"#!/bin/sh\ntouch {trap.sign}\n")
    [blob] = repository.git("rev-parse", "HEAD:a.py").split()
    (repository.folder / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    repository.git("config", "core.repositoryFormatVersion", "1")
    repository.git("config", "extensions.partialClone", "far")
    repository.git("config", "remote.far.promisor", "true")
    repository.git("config", "remote.far.url", f"ext::{trap.program}")
    repository.git("config", "protocol.ext.allow", "always")


def _submodule(repository: Repository, trap: Trap) -> None:
    inner = Repository(repository.folder.parent / "inner")
    repository.git("submodule", "--quiet", "add", str(inner.folder), "inner")
    repository.commit("with a submodule")
    inside = repository.folder / "inner"
    (inside / "a.py").write_text("changed\n")
    subprocess.run(
        ["git", "-C", str(inside), "config", "core.fsmonitor", str(trap.program)], env=ENVIRONMENT, check=True
    )


SPRUNG_BY_PLAIN_GIT = (
    _filter,
    _required_process,
    _textconv,
    _driver,
    _external,
    _fsmonitor,
    _included,
    _promised,
    _submodule,
)


@pytest.mark.parametrize("lay", SPRUNG_BY_PLAIN_GIT)
async def test_no_program_of_the_repository_is_run(
    diff: Diff, repository: Repository, tmp_path: Path, lay: Callable[[Repository, Trap], None]
) -> None:
    trap = Trap(tmp_path)
    lay(repository, trap)
    trap.sign.unlink(missing_ok=True)
    repository.write("a.py", "changed\n")
    repository.write("new.py", "new\n")

    for argument in ("", "a.py", "new.py", "patch"):
        try:
            await looked(diff, repository, argument)
        except PeerlineError:
            assert lay is _promised, "only a missing object is a reason to show nothing"

    assert not trap.sprung
    repository.git("diff", "HEAD", check=False)
    assert trap.sprung, "the trap must be one"


@pytest.mark.parametrize(
    "name",
    ["core.pager", "pager.diff", "core.editor", "core.sshCommand", "core.askPass", "credential.helper"],
)
async def test_no_other_program_of_the_config_is_run_either(
    diff: Diff, repository: Repository, tmp_path: Path, name: str
) -> None:
    trap = Trap(tmp_path)
    repository.git("config", name, str(trap.program))
    for alias in ("diff", "rev-parse", "ls-files"):
        repository.git("config", f"alias.{alias}", f"!{trap.program}")
    for hook in ("post-index-change", "pre-commit", "post-checkout"):
        repository.write(f".git/hooks/{hook}", trap.program.read_text()).chmod(0o755)
    repository.write("a.py", "changed\n")

    assert (await looked(diff, repository)).choices == ("a.py", "patch")
    assert "+changed" in (await looked(diff, repository, "a.py")).text
    assert not trap.sprung


async def test_a_config_cannot_lead_to_files_outside(
    diff: Diff, repository: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "a.py").write_text("not yours\n")
    repository.git("config", "core.worktree", str(outside))

    found = await looked(diff, repository)

    assert "nothing is changed" in found.text


async def test_a_pipe_in_the_work_tree_holds_nobody_up(diff: Diff, repository: Repository) -> None:
    os.mkfifo(repository.folder / "pipe")
    assert "nothing is changed" in (await looked(diff, repository)).text

    (repository.folder / "a.py").unlink()
    os.mkfifo(repository.folder / "a.py")
    with pytest.raises(NotAllowed, match="unsupported file type"):
        await looked(diff, repository)


async def test_a_link_is_shown_as_a_link(diff: Diff, repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("not yours\n")
    (repository.folder / "link").symlink_to(tmp_path / "outside")

    text = (await looked(diff, repository, "link")).text

    assert "new file mode 120000" in text
    assert "not yours" not in text
