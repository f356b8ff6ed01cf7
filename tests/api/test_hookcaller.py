"""Where a hook ran: what its variables claim counts only as far as the operating system agrees."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from daemon.agents.interface import Surroundings
from daemon.api.guards import Placed
from daemon.api.hookcaller import environment_of, really, surroundings
from daemon.callers import processes
from daemon.callers.processes import Process
from daemon.core import commands as c
from daemon.core.model import Turn

SLEEPER = "import sys; print('ready', flush=True); sys.stdin.read()"
needs_tmux = pytest.mark.skipif(not shutil.which("tmux"), reason="needs tmux")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".claude/sessions").mkdir(parents=True)
    return tmp_path


def registered(home: Path, agent: Process, **told: object) -> None:
    """The agent's own file, as the real one writes it."""
    says = {"pid": agent.pid, "procStart": str(agent.started), "sessionId": "s", "status": "idle"} | told
    (home / f".claude/sessions/{agent.pid}.json").write_text(json.dumps(says))


async def around(
    home: Path, *line: Process, session_id: str = "s", live: bool = True, ran_by: str = "", **env: str
) -> Surroundings:
    """A hook whose pipe is this process, below ``line``."""
    variables = {"HOME": str(home), **env}
    headers = {f"Peerline-Env-{name.replace('_', '-')}": value for name, value in variables.items()}
    headers["Peerline-Pid"] = ran_by
    pipe = processes.process(os.getpid())
    placed = Placed(pipe, (pipe, *line), None) if live else None
    return await surroundings("PreToolUse", headers, {"session_id": session_id}, placed, live=live)


@pytest.fixture
def agent() -> Iterator[Process]:
    """A process with a terminal of its own."""
    ours, theirs = pty.openpty()
    argv = [sys.executable, "-c", f"import fcntl, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); {SLEEPER}"]
    with subprocess.Popen(
        argv, stdin=theirs, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as child:
        assert child.stdout.readline() == "ready\n"
        found = processes.process(child.pid)
        assert found.terminal == os.ttyname(theirs)
        yield found
        child.kill()
    os.close(ours)
    os.close(theirs)


class House:
    """A tmux server with an agent in its first pane."""

    def __init__(self, folder: Path) -> None:
        self.socket = str(folder / "tmux")
        program = [sys.executable, "-c", SLEEPER]
        self.pane, pid = self.run(
            *("new-session", "-d", "-s", "shop", "-P", "-F", "#{pane_id} #{pane_pid}", *program)
        ).split()
        self.agent = processes.process(int(pid))

    def run(self, *words: str) -> str:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm"}
        argv = ["tmux", "-f", "/dev/null", "-S", self.socket, *words]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    @property
    def variables(self) -> dict[str, str]:
        return {"TMUX": f"{self.socket},1,0", "TMUX_PANE": self.pane}


@pytest.fixture
async def house(tmp_path_factory) -> Iterator[House]:
    made = House(tmp_path_factory.mktemp("t"))
    await until(lambda: processes.tty_of(made.agent.pid) != "")
    made.agent = processes.process(made.agent.pid)
    yield made
    subprocess.run(["tmux", "-S", made.socket, "kill-server"], capture_output=True, check=False)


async def until(come: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not come():
            await asyncio.sleep(0.01)


async def test_the_agent_is_the_ancestor_that_says_it_has_this_session(home: Path, agent: Process) -> None:
    inbox = listening(home / "inbox")
    registered(home, agent, status="busy", messagingSocketPath=inbox)
    found = await around(home, agent)

    assert (found.pid, found.started) == (agent.pid, agent.started)
    assert (found.turn, found.inbox) == (Turn.WORKING, inbox)
    assert found.config_dir == str(home / ".claude")


async def test_an_agent_without_a_file_is_the_nearest_ancestor_that_is_no_shell(
    home: Path, agent: Process
) -> None:
    shell = Process(agent.pid, agent.started, command="sh")
    found = await around(home, shell, agent)

    assert (found.pid, found.turn, found.inbox) == (agent.pid, Turn.UNKNOWN, None)


async def test_the_socket_of_the_environment_comes_before_the_files(home: Path, agent: Process) -> None:
    registered(home, agent, messagingSocketPath=listening(home / "old"))
    new = listening(home / "new")

    assert (await around(home, agent, CLAUDE_CODE_MESSAGING_SOCKET=new)).inbox == new


async def test_a_socket_that_is_named_and_not_there_is_no_inbox(home: Path, agent: Process) -> None:
    (home / "file").touch()

    assert (await around(home, agent, CLAUDE_CODE_MESSAGING_SOCKET=str(home / "gone"))).inbox == ""
    assert (await around(home, agent, CLAUDE_CODE_MESSAGING_SOCKET=str(home / "file"))).inbox == ""


async def test_a_run_for_one_prompt_is_known_by_how_it_was_begun(home: Path, agent: Process) -> None:
    registered(home, agent, entrypoint="sdk-cli")
    assert not (await around(home, agent)).lasting

    registered(home, agent, entrypoint="cli")
    assert (await around(home, agent)).lasting


def listening(path: Path) -> str:
    """A socket in the file system, as an agent leaves it while it listens."""
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))
    return str(path)


async def test_another_config_folder_is_looked_into_where_the_environment_says_so(
    home: Path, agent: Process, tmp_path_factory
) -> None:
    other = tmp_path_factory.mktemp("c")
    (other / "sessions").mkdir()
    registered(home, agent, status="busy")

    assert (await around(home, agent, CLAUDE_CONFIG_DIR=str(other))).turn is Turn.UNKNOWN


async def test_whose_process_has_ended_is_nobody(home: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        pass
    headers = {"Peerline-Env-HOME": str(home), "Peerline-Pid": str(gone.pid)}
    found = await surroundings("Stop", headers, {"session_id": "s"}, None, live=False)

    assert (found.pid, found.started, found.pane, found.live) == (0, 0, None, False)


@needs_tmux
async def test_an_agent_in_a_pane_has_it_with_its_whole_identity(home: Path, house: House) -> None:
    registered(home, house.agent)
    found = await around(home, house.agent, **house.variables)

    assert found.circle == "shop"
    assert (found.pane.tmux, found.pane.pane_id, found.pane.tmux_session) == (
        house.socket,
        house.pane,
        "shop",
    )
    assert (found.pane.pane_pid, found.pane.pane_started) == (house.agent.pid, house.agent.started)
    assert found.pane.server_started == processes.started(found.pane.server_pid)


@needs_tmux
async def test_an_agent_with_a_terminal_of_its_own_is_not_in_the_pane_it_was_started_from(
    home: Path, house: House, agent: Process
) -> None:
    """Its owner's words would be typed into whatever runs there."""
    registered(home, agent)
    found = await around(home, agent, **house.variables)

    assert found.pane is None
    assert found.circle == "shop"


@needs_tmux
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("TMUX_PANE", "%99"),
        ("TMUX_PANE", "%0;kill-server"),
        ("TMUX_PANE", "#(touch pwned)"),
        ("TMUX_PANE", ""),
        ("TMUX", "/nowhere,1,0"),
        ("TMUX", "garbage"),
        ("TMUX", ""),
        ("TMUX", "a\0b,1,0"),
    ],
)
async def test_variables_that_lead_nowhere_are_no_pane(
    home: Path, house: House, variable: str, value: str
) -> None:
    registered(home, house.agent)
    found = await around(home, house.agent, **house.variables | {variable: value})

    assert (found.pane, found.pid) == (None, house.agent.pid)
    assert house.run("list-panes", "-F", "#{pane_id}") == house.pane


def test_header_lines_become_the_variables_they_were() -> None:
    headers = {"Peerline-Env-TMUX-PANE": "%255", "PEERLINE-ENV-HOME": "/home/zo%C3%AB", "Host": "peerline"}

    assert environment_of(headers) == {"TMUX_PANE": "%5", "HOME": "/home/zoë"}


def test_a_variable_that_none_can_be_is_none() -> None:
    assert environment_of({"peerline-env-home": "/a%00b", "peerline-env-tmux": "%ff"}) == {"TMUX": "\ufffd"}


async def test_a_pipe_that_lost_its_agent_is_not_taken_for_a_child_of_the_system(home: Path) -> None:
    """A killed agent's last hook would else bring it to life again, as a process that never ends."""
    first, manager = Process(1, 1, command="init"), Process(4242, 1, parent=1, command="systemd")

    for line in ((first,), (manager, first)):
        assert (await around(home, *line, ran_by="77")).pid == 0
    assert (await around(home, first, ran_by="1")).pid == 0
    assert (await around(home, manager, first, ran_by="4242")).pid == manager.pid  # it ran the pipe itself


async def test_a_run_for_one_prompt_is_known_before_its_file_is_there(home: Path, agent: Process) -> None:
    assert not (await around(home, agent, CLAUDE_CODE_ENTRYPOINT="sdk-cli")).lasting
    assert (await around(home, agent, CLAUDE_CODE_ENTRYPOINT="cli")).lasting


async def test_a_plugin_that_connects_from_inside_its_agent_is_that_agent(home: Path, agent: Process) -> None:
    inside = processes.process(os.getpid())
    headers = {"Peerline-Env-HOME": str(home), "Peerline-Pid": str(inside.pid)}
    placed = Placed(inside, (inside, agent), None)
    payload = {"session_id": "ses_1", "screen": False}
    found = await surroundings("chat.message", headers, payload, placed, live=True, agent="opencode")
    assert (found.pid, found.started, found.lasting) == (inside.pid, inside.started, False)


async def test_who_names_another_as_what_ran_it_is_a_pipe_all_the_same(home: Path, agent: Process) -> None:
    pipe = processes.process(os.getpid())
    headers = {"Peerline-Env-HOME": str(home), "Peerline-Pid": str(agent.pid)}
    found = await surroundings(
        "here",
        headers,
        {"session_id": "ses_1"},
        Placed(pipe, (pipe, agent), None),
        live=True,
        agent="opencode",
    )
    assert (found.pid, found.started) == (agent.pid, agent.started)


@pytest.mark.parametrize("name", ["real", "link"])
async def test_two_ways_to_one_folder_are_one_folder(tmp_path: Path, name: str) -> None:
    real = (tmp_path / "real").resolve()
    real.mkdir()
    (tmp_path / "link").symlink_to(real)
    told = {"cwd": str(tmp_path / name), "session_id": "s"}
    around = await surroundings("SessionStart", {}, told, None, live=False)
    registered = c.RegisterSession(
        session_id="s", backend="codex", pid=1, started=1, wish="api", circle="dev", path=told["cwd"]
    )
    meant = really(registered, around)
    assert isinstance(meant, c.RegisterSession)
    assert meant.path == str(real)
