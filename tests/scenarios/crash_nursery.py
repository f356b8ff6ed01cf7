"""Where the daemons of the crash rig are born, one at a time; they do not outlive it.

    python -I crash_nursery.py TREE

A line of JSON, {"env": {…}, "said": FILE, "forked": bool}, begins a daemon and is answered with its pid; the line
``wait`` is answered with its exit code once it has ended. A forked one finds its imports done, and is from there on
what ``peerline up`` is; any other is a program begun anew. TREE has the product's sources.
"""

from __future__ import annotations

import json
import os
import signal
import sys

TREE = sys.argv[1]
sys.path.insert(0, TREE)

import bots.telegram.api  # noqa: E402, F401
import cli.app  # noqa: E402
import cli.life  # noqa: E402
import cli.serve  # noqa: E402

ANEW = "import sys; sys.path.insert(0, sys.argv.pop(1)); from cli.entry import main; main()"


def born(env: dict[str, str], said: str, *, forked: bool) -> None:
    """The rest of the life of a daemon."""
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    nothing = os.open(os.devnull, os.O_RDWR)
    told = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for target, source in ((0, nothing), (1, nothing), (2, told)):
        os.dup2(source, target)
    if not forked:
        os.execve(sys.executable, [sys.executable, "-I", "-c", ANEW, TREE, "up"], env)  # noqa: S606
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["peerline", "up"]
    cli.app.run()


def main() -> None:
    pid = 0
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it ends with its input, and takes the last daemon with it
    print("ready", flush=True)
    for line in sys.stdin:
        if line.strip() == "wait":
            _, status = os.waitpid(pid, 0)
            pid = 0
            print(os.waitstatus_to_exitcode(status), flush=True)
        else:
            pid = os.fork()
            if not pid:
                born(**json.loads(line))
                os._exit(0)
            print(pid, flush=True)
    if pid:
        os.kill(pid, signal.SIGKILL)


if __name__ == "__main__":
    main()
