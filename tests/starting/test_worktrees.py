"""A worktree of its own for whoever is started: one for each branch, and nothing of a repository's config is run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from daemon.core.errors import Conflict, Malformed, NotAllowed, NotFound
from daemon.starting import worktrees
from daemon.starting.worktrees import Yard

ME = ("-c", "user.name=ada", "-c", "user.email=ada@example.org")


def git(top: Path, *words: str) -> str:
    return subprocess.run(["git", *ME, *words], cwd=top, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def app(tmp_path: Path) -> Path:
    top = tmp_path / "src" / "app"
    (top / "web").mkdir(parents=True)
    git(top, "init", "-q", "-b", "main")
    (top / "web" / "page.txt").write_text("hello\n")
    git(top, "add", ".")
    git(top, "commit", "-q", "-m", "begin")
    return top


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    return Yard([str(tmp_path / "src")], tmp_path / "home")


async def test_a_branch_gets_a_worktree_beside_its_repository_once(app: Path, yard: Yard) -> None:
    first = await worktrees.made(str(app), "fix-login", yard)
    assert first == f"{app}.worktrees/fix-login"
    assert git(Path(first), "branch", "--show-current").strip() == "fix-login"
    assert await worktrees.made(str(app), "fix-login", yard) == first


async def test_where_one_works_inside_a_repository_one_works_in_its_worktree(app: Path, yard: Yard) -> None:
    assert await worktrees.made(str(app / "web"), "a/b", yard) == f"{app}.worktrees/a-b-c14cdd/web"


async def test_beside_a_repository_that_alone_is_allowed_it_lies_in_our_own_home(
    app: Path, tmp_path: Path
) -> None:
    place = await worktrees.made(str(app), "fix", Yard([str(app)], tmp_path / "home"))
    assert Path(place).is_relative_to(tmp_path / "home" / "worktrees")


async def test_a_branch_that_is_checked_out_elsewhere_is_not_taken(
    app: Path, yard: Yard, tmp_path: Path
) -> None:
    with pytest.raises(Conflict, match="checked out in"):
        await worktrees.made(str(app), "main", yard)
    git(app, "worktree", "add", "-q", "-b", "far", str(tmp_path / "far"))
    with pytest.raises(NotAllowed, match="checked out in"):
        await worktrees.made(str(app), "far", yard)


@pytest.mark.parametrize(
    "branch", ["-b", "--upload-pack=x", "a b", "a\nb", "a..b", "", "x" * 201, "a\x1b[0m", "@{1}"]
)
async def test_what_is_no_branch_is_refused(app: Path, branch: str) -> None:
    with pytest.raises(Malformed):
        await worktrees.checked(str(app), branch)


async def test_outside_a_repository_or_an_allowed_one_there_is_none(app: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        await worktrees.checked(str(tmp_path), "fix")
    with pytest.raises(NotAllowed):
        await worktrees.made(str(app / "web"), "fix", Yard([str(app / "web")], tmp_path / "home"))


async def test_no_program_of_a_repository_is_run(app: Path, yard: Yard, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (app / ".gitattributes").write_text("*.txt filter=evil\n")
    git(app, "add", ".")
    git(app, "commit", "-q", "-m", "attributes")
    for name in ("smudge", "clean", "process"):
        git(app, "config", f"filter.evil.{name}", f"sh -c 'touch {canary}; cat'")
    git(app, "config", "filter.evil.required", "true")
    git(app, "config", "core.fsmonitor", f"touch {canary}")
    hook = app / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    place = await worktrees.made(str(app), "fix", yard)
    assert (Path(place) / "web" / "page.txt").read_text() == "hello\n"
    assert not canary.exists()


async def test_a_link_where_it_is_to_be_leads_nowhere(app: Path, yard: Yard, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    app.with_name("app.worktrees").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict):
        await worktrees.made(str(app), "fix", yard)
    assert not list((tmp_path / "elsewhere").iterdir())
