"""Which checkout a folder is in, as git itself made it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from daemon.callers.folders import Checkout, checkout_of

NOWHERE = Checkout("", "")


def git(folder: Path, *words: str) -> str:
    """git as nobody in particular: no settings of whoever runs the tests."""
    fixed = {
        "PATH": os.environ["PATH"],
        "HOME": "/nonexistent",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "ada",
        "GIT_AUTHOR_EMAIL": "ada@example.org",
        "GIT_COMMITTER_NAME": "ada",
        "GIT_COMMITTER_EMAIL": "ada@example.org",
    }
    argv = ["git", "-c", "protocol.file.allow=always", "-C", str(folder), *words]
    return subprocess.run(argv, env=fixed, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    made = tmp_path.resolve() / "shop"
    made.mkdir()
    git(made, "init", "-q", "-b", "main")
    git(made, "commit", "-q", "--allow-empty", "-m", "first")
    return made


def test_a_repository_is_known_by_its_git_folder_and_branch(repo: Path) -> None:
    assert checkout_of(str(repo)) == Checkout(str(repo / ".git"), "main")


def test_a_folder_deep_inside_belongs_to_it(repo: Path) -> None:
    deep = repo / "src" / "api"
    deep.mkdir(parents=True)

    assert checkout_of(str(deep)) == checkout_of(str(repo))


def test_a_folder_that_is_gone_by_now_belongs_to_it_still(repo: Path) -> None:
    assert checkout_of(str(repo / "removed")) == checkout_of(str(repo))


@pytest.mark.parametrize("branch", ["feature/login", "grüße", "a.b-c_d"])
def test_a_branch_is_told_by_its_whole_name(repo: Path, branch: str) -> None:
    git(repo, "switch", "-q", "-c", branch)

    assert checkout_of(str(repo)).branch == branch


def test_before_the_first_commit_the_branch_is_known_already(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "-b", "fresh")

    assert checkout_of(str(tmp_path)).branch == "fresh"


def test_a_detached_head_is_the_start_of_its_commit(repo: Path) -> None:
    git(repo, "switch", "-q", "--detach")

    assert checkout_of(str(repo)).branch == git(repo, "rev-parse", "HEAD")[:12]


def test_a_worktree_is_the_same_repository_on_another_branch(repo: Path) -> None:
    tree = repo.parent / "shop-fix"
    git(repo, "worktree", "add", "-q", "-b", "fix", str(tree))
    (tree / "src").mkdir()

    assert checkout_of(str(tree)) == Checkout(str(repo / ".git"), "fix")
    assert checkout_of(str(tree / "src")) == checkout_of(str(tree))
    assert checkout_of(str(repo)).branch == "main"


def test_a_submodule_is_a_repository_of_its_own(repo: Path, tmp_path: Path) -> None:
    library = tmp_path / "library"
    library.mkdir()
    git(library, "init", "-q", "-b", "trunk")
    git(library, "commit", "-q", "--allow-empty", "-m", "first")
    git(repo, "submodule", "add", "-q", str(library), "vendored")

    assert checkout_of(str(repo / "vendored")) == Checkout(str(repo / ".git/modules/vendored"), "trunk")


def test_a_repository_without_files_is_none(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "shop.git")

    assert checkout_of(str(tmp_path / "shop.git")) == NOWHERE


def test_by_way_of_a_link_it_is_the_same_repository(repo: Path) -> None:
    link = repo.parent / "link"
    link.symlink_to(repo)

    assert checkout_of(str(link)) == checkout_of(str(repo))


@pytest.mark.parametrize("folder", ["", "/", "/nonexistent/at/all", "\0", "x" * 5000, "relative"])
def test_a_folder_without_git_is_in_no_checkout(folder: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)

    assert checkout_of(folder) == NOWHERE


@pytest.mark.parametrize(
    "content", [b"", b"gitdir", b"gitdir: /nonexistent", b"\xff\xfe", b"other: x", b"gitdir: " + b"x" * 9000]
)
def test_a_git_file_that_leads_nowhere_is_no_checkout(tmp_path: Path, content: bytes) -> None:
    (tmp_path / ".git").write_bytes(content)

    assert checkout_of(str(tmp_path)) == NOWHERE


def test_a_pipe_that_nobody_writes_to_holds_nobody_up(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git/HEAD")

    assert checkout_of(str(tmp_path)) == NOWHERE


def test_nothing_is_started_whatever_a_repository_says(repo: Path, monkeypatch) -> None:
    """A repository's own settings can name programs that git would run."""
    git(repo, "config", "core.fsmonitor", f"touch {repo / 'pwned'}")
    monkeypatch.setenv("PATH", "")

    assert checkout_of(str(repo)) == Checkout(str(repo / ".git"), "main")
    assert not (repo / "pwned").exists()


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_no_checkout(repo: Path) -> None:
    (repo / ".git/HEAD").chmod(0)

    assert checkout_of(str(repo)) == NOWHERE
