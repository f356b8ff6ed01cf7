"""What is written into a pane, through a real tmux with a socket of its own, as the program in it reads it."""

from __future__ import annotations

import asyncio
import os
import pty
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from daemon import tmux
from daemon.callers import processes
from daemon.panes import PaneNow, obstacle
from daemon.tmux import PaneNotReady, Tmux, TmuxFailed, TmuxSilent

pytestmark = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")

SOON = 10.0
READER = """\
import os, sys, tty
heard = open(sys.argv[1], "ab", buffering=0)
tty.setraw(0)
os.write(1, b"\\x1b[?2004h" if sys.argv[2] == "on" else b"")
open(sys.argv[1] + ".ready", "w").close()
while read := os.read(0, 65536):
    heard.write(read)
"""
OPEN, CLOSE = b"\x1b[200~", b"\x1b[201~"


@dataclass(frozen=True, slots=True)
class Ref:
    """The identity of a pane, as it was when it was made."""

    server_pid: int
    server_started: int
    pane_id: str
    pane_pid: int
    pane_started: int


class Rig:
    """A tmux server, and programs in its panes that write down what they read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = str(folder / "t,mux")  # a comma is allowed in a path
        self.tmux = Tmux(self.socket)

    def run(self, *words: str) -> str:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        argv = ["tmux", "-u", "-f", "/dev/null", "-S", self.socket, *words]
        return subprocess.run(
            argv, env=environment, capture_output=True, text=True, check=True
        ).stdout.strip()

    async def pane(self, bracketed: str = "on", *where: str, name: str = "heard") -> str:
        """A pane whose program is ready to read; ``where`` is the tmux command that makes it."""
        (self.folder / "reader.py").write_text(READER)
        program = (sys.executable, str(self.folder / "reader.py"), str(self.folder / name), bracketed)
        if "respawn-pane" in where:
            pane_id = self.run(*where, *program)
        else:
            made = where or ("new-session", "-d", "-s", "work", "-x", "90", "-y", "20")
            pane_id = self.run(*made, "-P", "-F", "#{pane_id}", *program)
        await self.until((self.folder / f"{name}.ready").exists)
        return pane_id

    async def heard(self, end: bytes, name: str = "heard") -> bytes:
        """All that was read so far, once ``end`` has come."""
        file = self.folder / name
        await self.until(lambda: file.exists() and file.read_bytes().endswith(end))
        return file.read_bytes()

    async def until(self, come: Callable[[], bool]) -> None:
        async with asyncio.timeout(SOON):
            while not come():
                await asyncio.sleep(0.01)

    async def ref(self, pane_id: str) -> Ref:
        now = await self.tmux.describe(pane_id)
        return Ref(
            now.server_pid,
            processes.started(now.server_pid),
            pane_id,
            now.pane_pid,
            processes.started(now.pane_pid),
        )


@pytest.fixture
def rig(tmp_path_factory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp("t"))
    yield made
    subprocess.run(["tmux", "-S", made.socket, "kill-server"], capture_output=True, check=False)


@pytest.fixture
async def attached(rig: Rig) -> AsyncIterator[int]:
    """Our end of a terminal at which somebody looks at the first pane."""
    await rig.pane()
    ours, theirs = pty.openpty()
    argv = ["tmux", "-u", "-S", rig.socket, "attach"]
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
    with subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=environment) as client:
        await rig.until(lambda: rig.run("list-clients") != "")
        yield ours
        client.kill()
    os.close(ours)
    os.close(theirs)


# --- what arrives -----------------------------------------------------------------------------------


TEXTS = [
    "hello",
    "two\nlines",
    "\n\nblank lines\n\n\nat both ends\n\n",
    "tab\tand\ttab",
    "semicolons; at the end;",
    "\\; \\n \\e[201~ %0 ^C C-c Enter",
    "#(touch pwned) #{pane_id} ##[bold] $(id) `id` $HOME %% %1 ~",
    "-p -t %1",
    "quotes ' \" and { braces }",
    "grüße · 日本語 · 👩‍💻 · e\u0301 · \u202e",
    "/clear",
    "x" * 70_000,
    "long\n" * 20_000,
]


@pytest.mark.parametrize("text", TEXTS, ids=[repr(text[:20]) for text in TEXTS])
async def test_a_paste_arrives_byte_for_byte_in_one_pair_of_brackets(rig: Rig, text: str) -> None:
    pane_id = await rig.pane()
    await rig.tmux.paste(pane_id, text)

    assert await rig.heard(CLOSE) == OPEN + text.encode() + CLOSE
    assert not (rig.folder / "pwned").exists()


async def test_a_program_without_bracketed_paste_gets_newlines_and_no_enter(rig: Rig) -> None:
    pane_id = await rig.pane("off")
    await rig.tmux.paste(pane_id, "two\nlines.")

    assert await rig.heard(b".") == b"two\nlines."


async def test_enter_and_the_keys_of_dialogs_are_one_byte_each(rig: Rig) -> None:
    pane_id = await rig.pane()
    await rig.tmux.press(pane_id, "4")
    await rig.tmux.press(pane_id, "Escape")
    await rig.tmux.enter(pane_id)

    assert await rig.heard(b"\r") == b"4\x1b\r"


@pytest.mark.parametrize("key", ["0", "y", "12", "Enter", "C-c", "1;", "", "-X"])
async def test_no_other_key_is_pressed(key: str) -> None:
    with pytest.raises(ValueError, match="is no key of a dialog"):
        await Tmux("/nowhere").press("%1", key)


UNCLEAN = [chr(code) for code in (*range(32), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"]


@pytest.mark.parametrize("sign", UNCLEAN, ids=[f"{ord(sign):02x}" for sign in UNCLEAN])
async def test_control_characters_are_refused_before_anything_is_done(rig: Rig, sign: str) -> None:
    with pytest.raises(ValueError, match="control characters"):
        await Tmux("/nowhere").paste("%0", f"safe{sign}text")


@pytest.mark.parametrize("text", ["", "half of a pair \ud83d"])
async def test_what_cannot_be_pasted_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        await Tmux("/nowhere").paste("%0", text)


NO_IDS = [
    "",
    "0",
    "%",
    "%x",
    "%0 ",
    "%0\n",
    "%1;kill-server",
    "work",
    "=work",
    "{last}",
    "%٣",
    "@0",
    "$0",
    "-t",
]


@pytest.mark.parametrize("target", NO_IDS)
async def test_only_a_pane_id_is_a_target(target: str) -> None:
    server = Tmux("/nowhere")
    for act in (server.describe, server.look, server.enter):
        with pytest.raises(ValueError, match="is no pane id"):
            await act(target)
    with pytest.raises(ValueError, match="is no pane id"):
        await server.paste(target, "text")
    with pytest.raises(ValueError, match="is no pane id"):
        await server.press(target, "1")


async def test_no_words_of_ours_stay_in_a_buffer(rig: Rig) -> None:
    pane_id = await rig.pane()
    rig.run("set-buffer", "-b", "mine", "the person's own")
    await rig.tmux.paste(pane_id, "text")
    with pytest.raises(PaneNotReady):
        await rig.tmux.paste("%99", "text")
    rig.run("copy-mode", "-t", pane_id)
    with pytest.raises(PaneNotReady):
        await rig.tmux.paste(pane_id, "text")

    assert rig.run("list-buffers", "-F", "#{buffer_name} #{buffer_sample}") == "mine the person's own"


async def test_many_pastes_at_once_do_not_mix(rig: Rig) -> None:
    pane_id = await rig.pane()
    texts = [f"{number}" * 3000 for number in range(8)]
    async with asyncio.TaskGroup() as group:
        for text in texts:
            group.create_task(rig.tmux.paste(pane_id, text))
    await rig.until(lambda: (rig.folder / "heard").read_bytes().count(CLOSE) == len(texts))
    told = (rig.folder / "heard").read_bytes().decode()

    assert (
        sorted(told.removeprefix("\x1b[200~").removesuffix("\x1b[201~").split("\x1b[201~\x1b[200~")) == texts
    )


# --- when nothing may be written --------------------------------------------------------------------


ACTS = ["paste", "enter", "press"]


async def refused(rig: Rig, act: str, pane_id: str, ref: Ref | None = None, **more: PaneNow) -> str:
    words = {"paste": ("text",), "press": ("1",)}.get(act, ())
    with pytest.raises(PaneNotReady) as caught:
        await getattr(rig.tmux, act)(pane_id, *words, ref=ref, **more)
    return str(caught.value)


@pytest.mark.parametrize("act", ACTS)
async def test_a_pane_in_copy_mode_is_left_alone(rig: Rig, act: str) -> None:
    """tmux would paste without brackets there, and take Enter for itself."""
    pane_id = await rig.pane()
    rig.run("copy-mode", "-t", pane_id)
    assert await refused(rig, act, pane_id) == "the pane is in copy mode"

    rig.run("send-keys", "-t", pane_id, "-X", "cancel")
    await rig.tmux.enter(pane_id)
    assert await rig.heard(b"\r") == b"\r"


@pytest.mark.parametrize("act", ACTS)
async def test_a_pane_whose_keys_go_elsewhere_too_is_left_alone(rig: Rig, act: str) -> None:
    pane_id = await rig.pane()
    await rig.pane("on", "split-window", "-d", name="other")
    rig.run("set-option", "-w", "-t", pane_id, "synchronize-panes", "on")
    assert await refused(rig, act, pane_id) == "the pane's keys go to other panes, too"
    assert (await rig.tmux.describe(pane_id)).synchronized

    rig.run("set-option", "-w", "-t", pane_id, "synchronize-panes", "off")
    await rig.tmux.enter(pane_id)
    assert await rig.heard(b"\r") == b"\r"
    assert (rig.folder / "other").read_bytes() == b""


@pytest.mark.parametrize("act", ACTS)
async def test_a_pane_that_takes_no_input_is_not_believed_to_have_got_it(rig: Rig, act: str) -> None:
    pane_id = await rig.pane()
    rig.run("select-pane", "-d", "-t", pane_id)

    assert await refused(rig, act, pane_id) == "the pane takes no input"
    assert (await rig.tmux.describe(pane_id)).input_off


@pytest.mark.parametrize("act", ACTS)
async def test_a_pane_whose_program_has_ended_is_told_so(rig: Rig, act: str) -> None:
    pane_id = await rig.pane()
    rig.run("set-option", "-w", "-t", pane_id, "remain-on-exit", "on")
    os.kill((await rig.tmux.describe(pane_id)).pane_pid, 9)
    await rig.until(lambda: rig.run("display-message", "-p", "-t", pane_id, "#{pane_dead}") == "1")

    assert await refused(rig, act, pane_id) == "the pane's program has ended"
    assert (await rig.tmux.describe(pane_id)).dead


@pytest.mark.parametrize("act", ACTS)
async def test_a_pane_that_is_gone_is_told_so(rig: Rig, act: str) -> None:
    await rig.pane()

    assert await refused(rig, act, "%99") == "the pane is gone"


@pytest.mark.parametrize("act", ACTS)
async def test_another_program_in_the_same_pane_gets_nothing(rig: Rig, act: str) -> None:
    pane_id = await rig.pane()
    ref = await rig.ref(pane_id)
    await rig.pane("on", "respawn-pane", "-k", "-t", pane_id, name="stranger")

    assert await refused(rig, act, pane_id, ref) == "the pane is another one by now"
    assert (rig.folder / "stranger").read_bytes() == b""


@pytest.mark.parametrize("act", ACTS)
async def test_the_same_number_on_a_new_server_gets_nothing(rig: Rig, act: str) -> None:
    ref = await rig.ref(await rig.pane())
    rig.run("kill-server")
    await rig.until(lambda: processes.process(ref.server_pid) is None)
    again = await rig.pane(name="stranger")

    assert again == ref.pane_id
    assert await refused(rig, act, again, ref) == "the pane is another one by now"
    assert (rig.folder / "stranger").read_bytes() == b""


@pytest.mark.parametrize("number", ["server_pid", "pane_pid"])
async def test_every_number_of_an_identity_must_fit_in_the_moment_of_the_act(rig: Rig, number: str) -> None:
    pane_id = await rig.pane()
    ref = await rig.ref(pane_id)
    other = replace(ref, **{number: getattr(ref, number) + 1})

    assert await refused(rig, "paste", pane_id, other) == "the pane is another one by now"
    await rig.tmux.paste(pane_id, "text", ref=ref)
    assert await rig.heard(CLOSE) == OPEN + b"text" + CLOSE


async def test_the_right_pane_gets_what_is_meant_for_it(rig: Rig) -> None:
    pane_id = await rig.pane()
    ref = await rig.ref(pane_id)
    await rig.tmux.paste(pane_id, "text", ref=ref)
    await rig.tmux.enter(pane_id, ref=ref)

    assert await rig.heard(b"\r") == OPEN + b"text" + CLOSE + b"\r"


# --- what is seen -----------------------------------------------------------------------------------


async def test_a_pane_is_described_as_it_is(rig: Rig) -> None:
    pane_id = await rig.pane()
    now = await rig.tmux.describe(pane_id)

    assert (now.pane_id, now.session, now.session_id) == (pane_id, "work", "$0")
    assert (now.width, now.height, now.cursor_x, now.cursor_y) == (90, 20, 0, 0)
    assert not any((now.in_mode, now.dead, now.synchronized, now.input_off))
    assert now.command.startswith("python")
    assert now.tty == processes.tty_of(now.pane_pid) != ""
    assert processes.parent(now.pane_pid).pid == now.server_pid
    assert now.bracketed in {None, True}


@pytest.mark.parametrize(
    "name", ["two words", "#(touch pwned)", "grüße", "a:b.c", "tab\there", "%0 1 2 :x", "#{pid}"]
)
async def test_any_name_of_a_session_is_only_a_name(rig: Rig, monkeypatch, name: str) -> None:
    monkeypatch.setenv("LC_ALL", "C")  # as a service has it
    pane_id = await rig.pane()
    rig.run("rename-session", "-t", "work", name.replace("#", "##"))
    now = await rig.tmux.describe(pane_id)

    assert now.session == rig.run("list-sessions", "-F", "#{session_name}")
    assert now.command.startswith("python")
    assert not (rig.folder / "pwned").exists()


async def test_a_command_with_any_sign_in_its_name_is_told(rig: Rig) -> None:
    await rig.pane()
    program = rig.folder / "a: %1 :b"
    shutil.copy(shutil.which("cat"), program)
    pane_id = rig.run("new-window", "-d", "-P", "-F", "#{pane_id}", f"exec '{program}'")
    await rig.until(
        lambda: (
            processes.process(int(rig.run("display", "-p", "-t", pane_id, "#{pane_pid}"))).command
            == program.name
        )
    )
    now = await rig.tmux.describe(pane_id)

    assert now.session == "work"
    assert now.command == rig.run("display-message", "-p", "-t", pane_id, "#{pane_current_command}")


async def test_the_screen_is_told_with_its_colours(rig: Rig) -> None:
    await rig.pane()
    pane_id = rig.run(
        "new-window", "-d", "-P", "-F", "#{pane_id}", r"printf 'grü\033[2mdim\033[0m\n'; exec cat"
    )
    await rig.until(lambda: "dim" in rig.run("capture-pane", "-p", "-t", pane_id))

    assert (await rig.tmux.look(pane_id)).screen[0].startswith("grü\x1b[2mdim")


@pytest.mark.parametrize("pane_id", ["%99", "%0"])
async def test_a_pane_that_is_not_there_is_an_error(rig: Rig, pane_id: str) -> None:
    if pane_id == "%99":
        await rig.pane()
    with pytest.raises(TmuxFailed):
        await rig.tmux.describe(pane_id)
    with pytest.raises(TmuxFailed):
        await rig.tmux.look(pane_id)


async def test_looking_never_starts_a_server(rig: Rig) -> None:
    for act in (rig.tmux.describe("%0"), rig.tmux.paste("%0", "text"), rig.tmux.look("%0")):
        with pytest.raises(TmuxFailed):
            await act
    assert not Path(rig.socket).exists()


async def trouble(rig: Rig, ref: Ref) -> str:
    return obstacle(await rig.tmux.describe(ref.pane_id), ref, processes.started)


async def test_an_identity_holds_until_something_changes(rig: Rig) -> None:
    pane_id = await rig.pane()
    ref = await rig.ref(pane_id)
    assert await trouble(rig, ref) == ""

    rig.run("copy-mode", "-t", pane_id)
    assert await trouble(rig, ref) == "the pane is in copy mode"
    rig.run("send-keys", "-t", pane_id, "-X", "cancel")
    await rig.pane("on", "respawn-pane", "-k", "-t", pane_id, name="stranger")
    assert await trouble(rig, ref) == "the pane is another one by now"


@pytest.mark.parametrize("field", ["server_started", "pane_started"])
async def test_a_number_with_another_start_time_is_another_process(rig: Rig, field: str) -> None:
    ref = await rig.ref(await rig.pane())
    reused = {"server_started": ref.server_pid, "pane_started": ref.pane_pid}[field]

    def started(pid: int) -> int | None:
        return 1 if pid == reused else processes.started(pid)

    assert obstacle(await rig.tmux.describe(ref.pane_id), ref, started) == "the pane is another one by now"


async def test_keys_of_a_person_count_as_activity_and_ours_do_not(rig: Rig, attached: int) -> None:
    before = (await rig.tmux.look("%0")).touched_at
    await rig.until(lambda: datetime.now(UTC) > before + timedelta(seconds=1.1))  # noqa: TID251
    await rig.tmux.paste("%0", "ours")
    await rig.tmux.enter("%0")
    assert (await rig.tmux.look("%0")).touched_at == before

    os.write(attached, b"k")
    await rig.heard(b"k")
    assert (await rig.tmux.look("%0")).touched_at > before


@pytest.mark.parametrize("act", ACTS)
async def test_a_key_that_came_after_the_look_forbids_the_act(rig: Rig, attached: int, act: str) -> None:
    seen = (await rig.tmux.look("%0")).now
    await rig.until(lambda: datetime.now(UTC).timestamp() > seen.keyed_at + 1.1)  # noqa: TID251
    os.write(attached, b"k")
    await rig.heard(b"k")

    assert await refused(rig, act, "%0", seen=seen) == "somebody is typing there"
    assert (rig.folder / "heard").read_bytes() == b"k"


async def test_a_key_for_another_pane_of_the_session_forbids_nothing(rig: Rig, attached: int) -> None:
    other = await rig.pane("on", "new-window", "-d", name="other")
    seen = (await rig.tmux.look(other)).now
    await rig.until(lambda: datetime.now(UTC).timestamp() > seen.keyed_at + 1.1)  # noqa: TID251
    os.write(attached, b"k")
    await rig.heard(b"k")

    await rig.tmux.enter(other, seen=seen)
    assert await rig.heard(b"\r", "other") == b"\r"


@pytest.mark.parametrize("act", ACTS)
async def test_a_program_that_came_after_the_look_gets_nothing(rig: Rig, act: str) -> None:
    """An ``exec`` keeps the process's number and start time; only its name is another."""
    pane_id = await rig.pane()
    stranger = replace((await rig.tmux.look(pane_id)).now, command="claude")

    assert await refused(rig, act, pane_id, seen=stranger) == "another program has the pane's keys by now"


@pytest.mark.parametrize("act", ACTS)
async def test_a_cursor_that_moved_after_the_look_forbids_the_act(rig: Rig, act: str) -> None:
    """A dialog that opens, or a sign that is typed, moves it."""
    pane_id = await rig.pane()
    seen = replace((await rig.tmux.look(pane_id)).now, cursor_x=3)

    assert await refused(rig, act, pane_id, seen=seen) == "the screen has changed meanwhile"


async def test_a_program_with_an_odd_name_is_typed_to_all_the_same(rig: Rig) -> None:
    pane_id = await rig.pane()
    seen = replace((await rig.tmux.look(pane_id)).now, command="#(touch pwned),}")

    await rig.tmux.enter(pane_id, seen=seen)
    assert await rig.heard(b"\r") == b"\r"


async def test_a_pane_nobody_looks_at_has_no_activity(rig: Rig, attached: int) -> None:
    other = await rig.pane("on", "new-window", "-d", name="other")

    assert (await rig.tmux.look(other)).touched_at is None
    assert (await rig.tmux.look("%0")).touched_at is not None


# --- when tmux does not answer ----------------------------------------------------------------------


async def test_a_server_that_hangs_is_given_up(rig: Rig, monkeypatch) -> None:
    pane_id = await rig.pane()
    server = (await rig.tmux.describe(pane_id)).server_pid
    monkeypatch.setattr(tmux, "TIMEOUT_S", 0.1)
    os.kill(server, 19)
    try:
        with pytest.raises(TmuxSilent):
            await rig.tmux.paste(pane_id, "text")
        await rig.until(lambda: clients_of(os.getpid()) == [])
    finally:
        os.kill(server, 18)


async def test_who_stops_waiting_leaves_no_process_behind(rig: Rig) -> None:
    pane_id = await rig.pane()
    server = (await rig.tmux.describe(pane_id)).server_pid
    os.kill(server, 19)
    try:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await rig.tmux.describe(pane_id)
        await rig.until(lambda: clients_of(os.getpid()) == [])
    finally:
        os.kill(server, 18)


def clients_of(pid: int) -> list[str]:
    told = subprocess.run(
        ["ps", "-o", "comm=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [name for name in told.stdout.split("\n") if name.startswith("tmux")]


async def test_a_machine_without_tmux_is_told_so(monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(TmuxFailed, match="cannot be started"):
        await Tmux("/nowhere").describe("%0")


@pytest.mark.parametrize(
    ("variable", "socket"),
    [("/tmp/tmux-1000/default,4242,0", "/tmp/tmux-1000/default"), ("/a,b/c,1,2", "/a,b/c"), ("", "")],  # noqa: S108
)
def test_the_socket_is_read_from_the_variable(variable: str, socket: str) -> None:
    assert tmux.server_of(variable) == socket


async def test_an_act_costs_a_few_milliseconds(rig: Rig) -> None:
    pane_id = await rig.pane()
    ref = await rig.ref(pane_id)
    acts = {
        "describe": lambda: rig.tmux.describe(pane_id),
        "look": lambda: rig.tmux.look(pane_id),
        "paste": lambda: rig.tmux.paste(pane_id, "x" * 1000, ref=ref),
        "enter": lambda: rig.tmux.enter(pane_id, ref=ref),
    }
    best = {}
    for name, act in acts.items():
        times = []
        for _ in range(15):
            begun = time.perf_counter()
            await act()
            times.append(time.perf_counter() - begun)
        best[name] = min(times)
    print({name: f"{each * 1e3:.1f} ms" for name, each in best.items()})

    assert max(best.values()) < 0.1  # 1 ms on an idle machine
