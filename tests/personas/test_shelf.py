"""Where personas lie: ours and the user's, which win; and nothing outside of the folder is one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from daemon.core.errors import Malformed, NotFound, TooLarge
from daemon.core.personas import MOST
from daemon.personas.shelf import SHIPPED, Broken, Shelf

OURS = ["coordinator", "night-watch", "reviewer"]


def written(folder: Path, name: str, body: str = "Be calm.") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.md"
    path.write_text(f"---\nname: {name}\ndescription: the user's\n---\n{body}\n")
    return path


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "personas"


def test_three_come_with_peerline_and_are_whole(own: Path) -> None:
    listed = Shelf(own).listed()
    assert [each.name for each in listed] == OURS
    assert [each for each in listed if isinstance(each, Broken)] == []
    assert [path.stat().st_size < MOST for path in sorted(SHIPPED.glob("*.md"))] == [True] * 3


def test_what_ships_fits_into_what_a_hook_carries(own: Path) -> None:
    """The least that arrives whole is 9,500 characters, with what stands before it."""
    assert max(len(Shelf(own).named(name).text) for name in OURS) < 9_000


def test_the_users_own_wins_by_name(own: Path) -> None:
    written(own, "reviewer")
    written(own, "calm")
    shelf = Shelf(own)
    assert (shelf.named("reviewer").source, shelf.named("coordinator").source) == ("your own", "shipped")
    assert [each.name for each in shelf.listed()] == ["calm", *OURS]


def test_one_that_is_broken_is_listed_with_what_is_wrong(own: Path) -> None:
    written(own, "calm").write_text("Be calm.")
    [broken] = [each for each in Shelf(own).listed() if isinstance(each, Broken)]
    assert (broken.name, broken.why) == ("calm", f"{own}/calm.md, line 1: no front matter")


@pytest.mark.parametrize("name", ["../secret", "..", "a/b", "/etc/passwd", "calm\0", ""])
def test_a_name_that_is_a_path_is_none(own: Path, name: str) -> None:
    written(own.parent, "secret")
    with pytest.raises(Malformed, match="is no name of a persona"):
        Shelf(own).named(name)


def test_one_that_is_not_there_is_refused_with_those_that_are(own: Path) -> None:
    with pytest.raises(NotFound) as refused:
        Shelf(own).named("nobody")
    assert "coordinator, night-watch, reviewer" in refused.value.hint


def test_a_link_out_of_the_folder_is_no_file_of_it(own: Path) -> None:
    outside = written(own.parent, "calm")
    own.mkdir()
    (own / "calm.md").symlink_to(outside)
    with pytest.raises(Malformed, match="leads out of its folder"):
        Shelf(own).named("calm")


def test_a_folder_that_is_itself_a_link_is_the_users_own_affair(own: Path, tmp_path: Path) -> None:
    written(tmp_path / "elsewhere", "calm")
    own.symlink_to(tmp_path / "elsewhere")
    assert Shelf(own).named("calm").text == "Be calm."


@pytest.mark.parametrize("kind", ["pipe", "folder", "loop", "huge"])
def test_what_is_no_small_file_is_refused_at_once(own: Path, kind: str) -> None:
    own.mkdir()
    path = own / "calm.md"
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "loop":
            path.symlink_to(path)
        case _:
            path.write_bytes(b"x" * (MOST + 1))
    with pytest.raises(TooLarge if kind == "huge" else Malformed):
        Shelf(own).named("calm")
