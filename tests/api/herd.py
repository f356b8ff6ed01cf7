"""Many daemons that begin in the same moment, their imports done.

    python -I herd.py COUNT  < nothing, for as long as the last one may live

Each is ``peerline up`` in this process's environment, with its standard error in the file PEERLINE_HOME.<pid>. When all
but one have ended, [[pid, exit code], …] is printed, then the pid of the last; at the end of input that one is told to
end too, and its exit code is printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cli.app
import cli.life
import cli.serve


def begun(starting: int) -> int:
    """The pid of a daemon that begins when the other end of the pipe is closed."""
    if pid := os.fork():
        return pid
    said = os.open(f"{os.environ['PEERLINE_HOME']}.{os.getpid()}", os.O_WRONLY | os.O_CREAT, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(said, 2)
    os.read(starting, 1)
    sys.argv = ["peerline", "up"]
    cli.app.run()
    os._exit(0)


def main(count: int) -> None:
    starting, gate = os.pipe()
    os.set_inheritable(gate, False)
    running = set()
    for _ in range(count):
        pid = begun(starting)
        running.add(pid)
    os.write(gate, b"x" * count)
    ended = []
    while len(running) > 1:
        pid, status = os.wait()
        running.discard(pid)
        ended.append((pid, os.waitstatus_to_exitcode(status)))
    (last,) = running
    print(json.dumps(ended))
    print(last, flush=True)
    sys.stdin.read()
    os.kill(last, signal.SIGTERM)
    print(os.waitstatus_to_exitcode(os.waitpid(last, 0)[1]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
