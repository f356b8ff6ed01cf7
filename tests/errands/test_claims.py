"""What is claimed is looked at as far as that goes without running anything, and no further than the folder."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from daemon.core.model import Claim
from daemon.errands.claims import prove
from tests.errands.repository import Repository


def proven(folder: Path | str, claim: str) -> tuple[bool | None, str]:
    [found] = asyncio.run(prove(str(folder), [Claim(claim=claim)]))
    return found.verified, found.why


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    made = Repository(tmp_path_factory.mktemp("work") / "app")
    (made.folder / "way-out").symlink_to("/etc")
    return made


def test_a_commit_is_so_if_the_repository_has_it(repository: Repository) -> None:
    head = repository.git("rev-parse", "HEAD").strip()
    tree = repository.git("rev-parse", "HEAD^{tree}").strip()
    assert proven(repository.folder, f"commit {head}") == (True, "")
    assert proven(repository.folder, f"Commit {head[:10].upper()}") == (True, "")
    for other in ("0" * 40, "abcdef1", tree):
        assert proven(repository.folder, f"commit {other}") == (False, "its repository has no such commit")


@pytest.mark.parametrize(
    ("claim", "found"),
    [
        ("file a.py", (True, "")),
        ("file b.py", (False, "no such file")),
        ("file ../app/a.py", (True, "")),
        ("file /etc/passwd", (None, "that lies outside its folder")),
        ("file way-out/passwd", (None, "that lies outside its folder")),
        ("tests", (None, "not run")),
        ("tests pass: make test", (None, "not run")),
        ("commit HEAD", (None, "only commits and files are looked at")),
        ("commit --all", (None, "only commits and files are looked at")),
        ("it is faster now", (None, "only commits and files are looked at")),
    ],
)
def test_what_cannot_be_looked_at_is_left_unverified(
    repository: Repository, claim: str, found: tuple[bool | None, str]
) -> None:
    assert proven(repository.folder, claim) == found


def test_without_a_repository_or_a_folder_nothing_is_known(tmp_path: Path) -> None:
    assert proven(tmp_path, "commit abcdef1")[0] is None
    assert proven("", "commit abcdef1")[0] is None
    assert proven("", "file a.py")[0] is None
    assert proven(tmp_path / "gone", "file a.py") == (None, "its folder cannot be read")
