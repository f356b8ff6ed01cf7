"""Files from a peer's folder: what is handed out, and everything that is not."""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from pathlib import Path

import pytest

from daemon.core.errors import NotAllowed, NotFound, Refused, TooLarge
from daemon.core.rules.secrets import is_secret
from daemon.errands.get import LARGEST, LONGEST_SHOWN, Get
from daemon.errands.shelf import KEPT, Shelf
from tests.errands.repository import NOON, sight

PICTURE = b"\x89PNG\r\n\x1a\n\0\0"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def get(home: Path) -> Get:
    return Get(Shelf(home / "files"), home)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work" / "sub").mkdir(parents=True)
    (tmp_path / "outside").write_text("not yours")
    return tmp_path / "work"


async def test_short_text_is_shown_as_code(get: Get, work: Path) -> None:
    (work / "sub" / "a.py").write_text("x = '```'\n")

    found = await get(sight(work, "sub/a.py"))

    assert found.text == "`sub/a.py` of `backend`, 10 bytes\n\n````py\nx = '```'\n````"
    assert found.attachment is None


@pytest.mark.parametrize("content", [
    PICTURE,
    b"text with \0 in it",
    b"\xff\xfe",
    b"x" * (LONGEST_SHOWN + 1),
    "ü".encode("latin-1"),
    b"\n \n",
])  # fmt: skip
async def test_everything_else_goes_as_our_own_private_copy(
    get: Get, work: Path, home: Path, content: bytes
) -> None:
    (work / "logo.png").write_bytes(content)

    found = await get(sight(work, "logo.png"))

    assert found.attachment is not None
    kept = Path(found.attachment.path)
    assert (found.attachment.name, found.attachment.size) == ("logo.png", len(content))
    assert kept.read_bytes() == content
    assert (kept.parent, kept.suffix) == (home / "files", ".png")
    assert kept.stat().st_mode & 0o777 == 0o600
    assert kept.parent.stat().st_mode & 0o777 == 0o700
    (work / "logo.png").write_bytes(b"changed since")
    assert kept.read_bytes() == content


async def test_an_empty_file_is_told_to_be_empty(get: Get, work: Path) -> None:
    (work / "empty").touch()

    assert (await get(sight(work, "empty"))).text == "`empty` of `backend` is empty"


async def test_a_folder_is_listed_with_choices_folders_first(get: Get, work: Path) -> None:
    for name in ("b.md", "a.py", ".env", "sub/deep/x"):
        (work / name).parent.mkdir(exist_ok=True)
        (work / name).write_text("x")

    top, sub = await get(sight(work)), await get(sight(work, "sub/"))

    assert top.text == "`.` of `backend`:\n- `sub/`\n- `.env`\n- `a.py`\n- `b.md`"
    assert top.choices == ("sub/", "a.py", "b.md")
    assert sub.choices == ("sub/deep/",)
    assert (await get(sight(work, sub.choices[0]))).choices == ("sub/deep/x",)


async def test_a_long_list_is_cut_and_says_so(get: Get, work: Path) -> None:
    for n in range(100):
        (work / f"f{n:03}").touch()

    found = await get(sight(work))

    assert found.text.endswith("… and 41 more")
    assert len(found.choices) == 8


async def test_an_empty_folder_is_told_to_be_empty(get: Get, work: Path) -> None:
    assert (await get(sight(work, "sub"))).text == "`sub` of `backend` is an empty folder"


@pytest.mark.parametrize("path", ["..", "../outside", "sub/../../outside", "sub/.."])
async def test_no_way_leads_upwards(get: Get, work: Path, path: str) -> None:
    with pytest.raises(NotAllowed, match="leads out"):
        await get(sight(work, path))


@pytest.mark.parametrize("path", ["link", "dir/outside", "dir", "sub/inside"])
async def test_no_link_is_followed_and_where_it_leads_is_told(get: Get, work: Path, path: str) -> None:
    (work / "link").symlink_to(work.parent / "outside")
    (work / "dir").symlink_to(work.parent)
    (work / "sub" / "inside").symlink_to("../link")

    with pytest.raises(NotAllowed, match="is a link") as refused:
        await get(sight(work, path))
    assert "it leads to `" in refused.value.hint


async def test_a_file_with_a_second_name_elsewhere_is_not_read(get: Get, work: Path) -> None:
    os.link(work.parent / "outside", work / "mine")

    with pytest.raises(NotAllowed, match="has other names"):
        await get(sight(work, "mine"))


async def test_pipes_sockets_and_devices_are_not_read(get: Get, work: Path) -> None:
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(work / "socket"))

        for name in ("pipe", "socket"):
            with pytest.raises(NotAllowed, match="is no plain file"):
                await get(sight(work, name))
    with pytest.raises(NotAllowed):
        await get(sight("/", "dev/null"))


async def test_another_file_system_below_the_folder_is_not_entered(get: Get) -> None:
    with pytest.raises(NotAllowed, match="another file system"):
        await get(sight("/", "proc/self/environ"))


SECRETS = (
    ".env",
    ".env.local",
    ".envrc",
    "server.pem",
    "SERVER.PEM",
    "sub/tls.key",
    "id_ed25519",
    "id_rsa.pub",
    "id_work",
    "credentials",
    "credentials.json",
    ".git-credentials",
    ".netrc",
    ".git/config",
    "sub/.git",
    ".ssh/known_hosts",
    ".aws/config",
    ".peerline/token",
)


@pytest.mark.parametrize("path", SECRETS)
async def test_what_looks_like_a_secret_is_refused_with_a_hint_whether_it_is_there_or_not(
    get: Get, work: Path, path: str
) -> None:
    with pytest.raises(NotAllowed, match="looks like a secret") as refused:
        await get(sight(work, path))
    assert "never handed out" in refused.value.hint


@pytest.mark.parametrize(
    "path", ["id_map.py", "environment.py", "keys.py", "src/.github/x.yml", ".gitignore"]
)
def test_source_code_is_no_secret(path: str) -> None:
    assert not is_secret(path)


async def test_nothing_of_our_own_home_is_handed_out_by_any_name(
    get: Get, home: Path, tmp_path: Path
) -> None:
    (home / "token").write_text("our-token")
    (home / "logs").mkdir()
    (home / "logs" / "x").write_text("x")

    for folder, path in ((tmp_path, "home/token"), (home, "token"), (tmp_path, "home"), (home, "logs/x")):
        with pytest.raises(NotAllowed, match="Peerline's own folder"):
            await get(sight(folder, path))


async def test_a_file_may_have_twenty_megabytes_and_not_one_byte_more(get: Get, work: Path) -> None:
    with (work / "big").open("wb") as file:
        file.truncate(LARGEST)
    found = await get(sight(work, "big"))
    assert found.attachment is not None
    assert found.attachment.size == LARGEST

    os.truncate(work / "big", LARGEST + 1)
    with pytest.raises(TooLarge, match="20 MB"):
        await get(sight(work, "big"))


async def test_of_a_refused_file_nothing_is_kept(get: Get, work: Path, home: Path) -> None:
    (work / "big").write_bytes(b"x")
    os.truncate(work / "big", LARGEST + 1)
    with pytest.raises(Refused):
        await get(sight(work, "big"))

    assert not list(home.rglob("*"))


@pytest.mark.parametrize("name", ["-rf", "--", "#(reboot)", "a\nb", "a\x1b[2Jb", "`x`", " lead", "ü", "a:b"])
async def test_a_name_of_any_kind_is_a_name_and_nothing_else(get: Get, work: Path, name: str) -> None:
    (work / name).write_text("content")

    found = await get(sight(work, name))

    assert "content" in found.text
    assert "\x1b" not in found.text
    assert (await get(sight(work))).choices == ("sub/", name)


async def test_what_a_person_sees_of_a_name_cannot_deceive(get: Get, work: Path) -> None:
    (work / "gnp.\u202egpj.exe\n").write_bytes(PICTURE)

    found = await get(sight(work, "gnp.\u202egpj.exe\n"))

    assert found.attachment is not None
    assert found.attachment.name == "gnp.gpj.exe"
    assert "\u202e" not in found.text


@pytest.mark.parametrize("path", ["nothing", "sub/nothing", "a.py/x"])
async def test_what_is_not_there_is_told(get: Get, work: Path, path: str) -> None:
    (work / "a.py").touch()

    with pytest.raises(NotFound):
        await get(sight(work, path))


async def test_a_peer_without_a_folder_or_with_one_that_is_gone_is_told(get: Get, work: Path) -> None:
    with pytest.raises(NotFound, match="no folder"):
        await get(sight("", "x"))
    with pytest.raises(NotFound, match="is not there"):
        await get(sight(work / "gone", "x"))


async def test_copies_are_taken_away_after_some_days(get: Get, work: Path, home: Path) -> None:
    for name in ("old.png", "new.png"):
        (work / name).write_bytes(PICTURE)
        found = await get(sight(work, name))
        assert found.attachment is not None
        age = KEPT + timedelta(hours=1) if name == "old.png" else KEPT - timedelta(hours=1)
        os.utime(found.attachment.path, ((NOON - age).timestamp(),) * 2)

    Shelf(home / "files").tidy(NOON)

    assert [path.read_bytes() for path in (home / "files").iterdir()] == [PICTURE]
    Shelf(home / "nothing here").tidy(NOON)
