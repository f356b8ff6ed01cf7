"""Heads are found where they are, by git and by gh, and nothing that somebody named or left there is run."""

from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from daemon.core.errors import Malformed, NotFound, PeerlineError
from daemon.core.model import Review, Seen, Source
from daemon.errands import heads, pulls
from tests.errands.repository import NOON, Repository

URL = "https://github.com/ada/app/pull/7"
SHA = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "app")
    made.git("checkout", "-q", "-b", "feature")
    made.write("b.py", "new\n")
    made.commit("a feature")
    return made


def found(what: str, folder: str = "") -> tuple[Source, Seen]:
    return asyncio.run(heads.submitted(what, folder))


def submitted(repository: Repository, branch: str = "feature") -> Review:
    source, seen = found(f"{repository.folder}#{branch}")
    return review(source, seen.head)


def review(source: Source, head: str = "") -> Review:
    return Review(
        review_id="r-1", what="x", source=source, author="p-1", requester="p-1", reviewer="p-2", submitted_sha=head,
        head_sha=head, state="pending", requested_at=NOON, looked_at=NOON,
    )  # fmt: skip


def seen(one: Review) -> Seen:
    return asyncio.run(heads.look(one))


def head(repository: Repository, name: str = "feature") -> str:
    return repository.git("rev-parse", name).strip()


def test_a_branch_is_found_with_its_head_and_base(repository: Repository) -> None:
    source, told = found(f"{repository.folder}#feature")

    assert told == Seen(head=head(repository))
    assert (source.branch, source.base, source.folder) == ("feature", "main", str(repository.folder))
    assert source.repository == str(repository.folder / ".git")
    assert found(str(repository.folder)) == (source, told)
    assert found(f"{repository.folder}#") == (source, told)
    assert found("app", str(repository.folder.parent)) == (source, told)


def test_a_folder_below_and_another_work_tree_are_the_same_repository(repository: Repository) -> None:
    repository.git("worktree", "add", "-q", str(repository.folder.parent / "other"), "main")
    (repository.folder / "deep").mkdir()
    (repository.folder.parent / "link").symlink_to(repository.folder)

    sources = [
        found(f"{repository.folder.parent}/{each}#feature")[0] for each in ("app/deep", "other", "link")
    ]

    assert {each.repository for each in sources} == {str(repository.folder / ".git")}


def test_the_head_moves_with_the_branch(repository: Repository) -> None:
    one = submitted(repository)
    repository.write("c.py", "more\n")
    repository.commit("more")

    assert seen(one) == Seen(head=head(repository))
    assert seen(one).head != one.head_sha


def test_merged_is_what_the_base_has_and_the_branch_had_of_its_own(repository: Repository) -> None:
    one = submitted(repository)
    repository.git("checkout", "-q", "main")
    repository.git("merge", "-q", "--no-ff", "-m", "merged", "feature")
    assert seen(one) == Seen(head=one.head_sha, merged=True)

    repository.git("branch", "-q", "-D", "feature")
    assert seen(one) == Seen(merged=True)


def test_a_branch_that_is_set_back_is_not_merged(repository: Repository) -> None:
    one = submitted(repository)
    repository.git("reset", "-q", "--hard", "main")

    assert not seen(one).merged


def test_a_branch_without_a_commit_of_its_own_has_nothing_to_review(repository: Repository) -> None:
    repository.git("branch", "-q", "empty", "main")

    assert found(f"{repository.folder}#empty")[1].merged


def test_the_base_itself_is_never_merged(repository: Repository) -> None:
    source, told = found(f"{repository.folder}#main")

    assert (source.base, told.merged) == ("", False)


def test_a_branch_that_is_gone_is_closed(repository: Repository) -> None:
    one = submitted(repository)
    repository.git("checkout", "-q", "main")
    repository.git("branch", "-q", "-D", "feature")

    assert seen(one) == Seen(closed="its branch is gone")


def test_what_the_origin_calls_its_head_is_the_base(repository: Repository) -> None:
    repository.git("checkout", "-q", "-b", "develop", "main")
    far = repository.folder.parent / "far.git"
    repository.git("clone", "-q", "--bare", str(repository.folder), str(far))
    repository.git("remote", "add", "origin", str(far))
    repository.git("fetch", "-q", "origin")
    repository.git("remote", "set-head", "origin", "develop")

    assert found(f"{repository.folder}#feature")[0].base == "develop"


def test_a_work_tree_that_is_gone_is_looked_for_in_its_repository(repository: Repository) -> None:
    other = repository.folder.parent / "other"
    repository.git("worktree", "add", "-q", "-b", "second", str(other), "feature")
    (other / "c.py").write_text("more\n")
    Repository.git(repository, "-C", str(other), "add", "-A")
    Repository.git(repository, "-C", str(other), "commit", "-q", "-m", "more")
    source, told = found(f"{other}#second")
    shutil.rmtree(other)

    assert seen(review(source, told.head)) == Seen(head=told.head)


def test_another_repository_in_the_same_place_is_not_the_same(repository: Repository) -> None:
    one = submitted(repository)
    moved = repository.folder.parent / "moved"
    repository.folder.rename(moved)
    (repository.folder).mkdir()
    (repository.folder / ".git").write_text(f"gitdir: {moved}/.git\n")

    assert "another repository" in seen(one).trouble


def test_what_cannot_be_looked_at_says_why(repository: Repository) -> None:
    one = submitted(repository)
    repository.folder.rename(repository.folder.parent / "away")

    assert "is not there" in seen(one).trouble


@pytest.mark.parametrize(
    "branch",
    [
        "--upload-pack=touch x", "-x", "--help", "a..b", "a b", "a~1", "a^{tree}", "a:b", "HEAD@{1}", "@", "$(touch x)",
        "#(touch x)", "`touch x`", "a;touch x", "a|b", "a&b", "'a'", 'a"b', "a\\b", "a?b", "a*b", "a[b", ".a", "a/.b",
        "a.lock", "a/", "/a", "a//b", "a.", "x" * 201, "a<b", "a!b", "{a,b}",
    ],
)  # fmt: skip
def test_what_is_no_plain_branch_is_refused(repository: Repository, branch: str) -> None:
    with pytest.raises((Malformed, NotFound)):
        found(f"{repository.folder}#{branch}")
    assert not list(repository.folder.rglob("x"))


@pytest.mark.parametrize(
    "what", ["", "x\ny", "x\0y", "\x1b[2J", "y" * 401, "relative/folder", "/nowhere#x", "/etc#main"]
)
def test_what_is_nothing_to_be_reviewed_is_refused_with_the_way_out(what: str) -> None:
    with pytest.raises(PeerlineError) as raised:
        found(what)
    assert raised.value.hint


def test_a_branch_that_is_not_there_and_one_without_a_commit_are_refused(tmp_path: Path) -> None:
    empty = Repository(tmp_path / "empty", commit=False)

    with pytest.raises(NotFound, match="no commit"):
        found(f"{empty.folder}#main")
    with pytest.raises(NotFound, match="not there"):
        found(f"{empty.folder}#other")


def test_no_branch_is_checked_out_so_one_must_be_named(repository: Repository) -> None:
    repository.git("checkout", "-q", "--detach")

    with pytest.raises(NotFound, match="no branch is checked out"):
        found(str(repository.folder))
    assert found(f"{repository.folder}#feature")[1].head == head(repository)


def test_a_tag_and_a_remote_of_that_name_are_no_branch(repository: Repository) -> None:
    repository.git("tag", "v1")

    with pytest.raises(NotFound):
        found(f"{repository.folder}#v1")


def test_nothing_that_lies_in_the_repository_is_run(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path}/sprung\n")
    trap.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.sshCommand",
        "diff.external",
        "core.pager",
        "core.editor",
        "alias.merge-base",
    ):
        repository.git("config", name, f"!{trap}" if name.startswith("alias") else str(trap))
    for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
        (repository.folder / ".git" / "hooks" / hook).symlink_to(trap)
    one = submitted(repository)
    seen(one)

    assert not (tmp_path / "sprung").exists()


def test_a_base_that_could_not_stand_in_a_command_line_is_not_told(repository: Repository) -> None:
    repository.git("update-ref", "refs/remotes/origin/a;b", "main")
    repository.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/a;b")

    assert found(f"{repository.folder}#feature")[0].base == ""


# --- pull requests --------------------------------------------------------------------------------------------------


@pytest.fixture
def gh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``gh`` that says what lies in ``says``, and keeps what it was told."""
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "gh"
    program.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$@" > {tmp_path}/words\n'
        f'echo "${{GH_ENTERPRISE_TOKEN}}|${{GH_TOKEN}}" > {tmp_path}/tokens\n'
        f"[ -f {tmp_path}/slow ] && exec sleep 60\n"
        f"cat {tmp_path}/says 2>/dev/null || exit 4\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    return tmp_path


def pull() -> Review:
    return review(Source(kind=heads.PULL, url=URL), SHA)


def test_gh_says_how_a_pull_request_stands(gh: Path) -> None:
    (gh / "says").write_text(f'{{"state": "OPEN", "headRefOid": "{SHA}", "mergedAt": null}}')
    assert found(f"{URL}/") == (Source(kind=heads.PULL, url=URL), Seen(head=SHA))
    assert (gh / "words").read_text().split() == ["pr", "view", URL, "--json", pulls.FIELDS]

    (gh / "says").write_text(f'{{"state": "MERGED", "headRefOid": "{SHA}", "mergedAt": "2026-03-02"}}')
    assert seen(pull()) == Seen(head=SHA, merged=True)
    (gh / "says").write_text(f'{{"state": "CLOSED", "headRefOid": "{SHA}", "mergedAt": null}}')
    assert seen(pull()) == Seen(closed="its pull request was closed")


@pytest.mark.parametrize(
    "said", ["", "[]", "null", "{}", '{"state": "OPEN", "headRefOid": "main"}', "x" * 200_000]
)
def test_what_gh_says_otherwise_is_not_believed(gh: Path, said: str) -> None:
    (gh / "says").write_text(said)

    assert "something else" in seen(pull()).trouble


def test_a_gh_that_does_not_know_is_told_with_the_way_out(gh: Path) -> None:
    told = found(URL)[1]

    assert (told.head, told.trouble) == ("", "gh did not say how it stands")
    assert "gh auth login" in told.help


def test_a_gh_that_takes_too_long_is_ended(gh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (gh / "slow").touch()
    monkeypatch.setattr(heads, "WITHIN_S", 0.5)

    assert seen(pull()).trouble == "that took too long"


def test_without_gh_it_is_unknown_and_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert found(URL)[1] == Seen(
        trouble="gh is not installed here", help="install gh and log in, or review a local branch"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://github.com/a/b/pull/7", "https://github.com/a/b/pull/0", "https://github.com/a/b/pull/x",
        "https://github.com/a/b/issues/7", "https://github.com/a/b/pull/7?x", "https://github.com/a/b/pull/7/files",
        "https://github.com/a/../pull/7", "https://user@github.com/a/b/pull/7", "https://github.com:80/a/b/pull/7",
        "https://localhost/a/b/pull/7", "https://github.com/--x/b/pull/7", "https://github.com/a/$(x)/pull/7",
        "ftp://github.com/a/b/pull/7", "file:///etc/passwd", "https://", "https://github.com/a/b/pull/7 --web",
    ],
)  # fmt: skip
def test_what_is_no_pull_requests_url_reaches_no_program(gh: Path, url: str) -> None:
    with pytest.raises(Malformed):
        found(url)
    assert not (gh / "words").exists()


def test_a_token_is_shown_to_its_own_host_alone(gh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_ENTERPRISE_TOKEN", "secret")
    found("https://example.org/a/b/pull/7")
    assert (gh / "tokens").read_text().startswith("|")
    monkeypatch.setenv("GH_HOST", "example.org")
    found("https://example.org/a/b/pull/7")
    assert (gh / "tokens").read_text().startswith("secret|")
