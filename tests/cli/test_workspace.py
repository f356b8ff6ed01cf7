"""The orchestrator's folder: made once, renewed where it is ours, and left alone where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli import workspace
from daemon.core.errors import Malformed
from mcp_server.tools import BY_NAME


def what(folder: Path, *, force: bool = False) -> list[str]:
    return [each.what for each in workspace.laid(folder, force=force)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "orchestrator"


def test_it_is_made_once_and_then_as_it_is(folder: Path) -> None:
    assert what(folder) == [workspace.WRITTEN] * 3
    before = {path: path.read_bytes() for path in folder.iterdir()}
    assert what(folder) == [workspace.UNCHANGED] * 3
    assert {path: path.read_bytes() for path in folder.iterdir()} == before
    assert sorted(path.name for path in before) == [".peerline.json", "AGENTS.md", "CLAUDE.md", "GEMINI.md"]


def test_the_other_files_lead_to_the_one_that_says_it(folder: Path) -> None:
    workspace.laid(folder)
    assert (folder / "CLAUDE.md").read_text() == "@AGENTS.md\n"
    assert (folder / "GEMINI.md").read_text() == "@./AGENTS.md\n"


@pytest.mark.parametrize("tool", ["orchestrator_status", "claim_orchestrator_role", "job_create", "schedule"])
def test_it_teaches_tools_that_are_there(folder: Path, tool: str) -> None:
    workspace.laid(folder)
    assert f"`{tool}`" in (folder / "AGENTS.md").read_text()
    assert tool in BY_NAME


def test_what_somebody_changed_stays_and_is_told_of(folder: Path) -> None:
    workspace.laid(folder)
    path = folder / "AGENTS.md"
    path.write_text("mine\n")

    for _ in range(2):
        [agents, *others] = workspace.laid(folder)
        assert (agents.what, [each.what for each in others]) == (workspace.KEPT, [workspace.UNCHANGED] * 2)
        assert "-mine" in agents.difference
        assert path.read_text() == "mine\n"


def test_what_stood_there_before_us_stays(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "CLAUDE.md").write_text("my own rules\n")
    assert what(folder) == [workspace.WRITTEN, workspace.KEPT, workspace.WRITTEN]
    assert (folder / "CLAUDE.md").read_text() == "my own rules\n"


def test_force_replaces_it_and_keeps_every_old_one(folder: Path) -> None:
    workspace.laid(folder)
    path = folder / "AGENTS.md"
    for n in (1, 2):
        path.write_text(f"mine {n}\n")
        [agents, *_] = workspace.laid(folder, force=True)
        assert (agents.what, agents.backup) == (workspace.REPLACED, f"AGENTS.md.{n}.bak")
        assert (folder / agents.backup).read_text() == f"mine {n}\n"
    assert what(folder) == [workspace.UNCHANGED] * 3


def test_what_an_older_peerline_wrote_is_renewed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    older = folder.parent / "older"
    older.mkdir(parents=True)
    for name in workspace.FILES:
        (older / name).write_text("of an older one\n")
    with monkeypatch.context() as patched:
        patched.setattr(workspace, "SOURCES", older)
        workspace.laid(folder)
    assert what(folder) == [workspace.WRITTEN] * 3
    assert (folder / "CLAUDE.md").read_text() == "@AGENTS.md\n"


def test_a_link_is_never_written_through(folder: Path, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs.md"
    theirs.write_text("of somebody\n")
    folder.mkdir(parents=True)
    (folder / "AGENTS.md").symlink_to(theirs)
    assert what(folder)[0] == workspace.KEPT
    assert what(folder, force=True)[0] == workspace.REPLACED
    assert theirs.read_text() == "of somebody\n"
    assert not (folder / "AGENTS.md").is_symlink()


def test_where_no_folder_can_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Malformed, match="cannot be made ready"):
        workspace.laid(tmp_path / "file" / "inside")
