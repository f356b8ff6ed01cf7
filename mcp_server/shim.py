"""What an agent starts as its MCP server: ``stdio.py`` beside it, as it was compiled once.

    <python> -I -S -E <abs>/mcp_server/shim.py SOCKET [--name N] [--circle C] [--tools SET] [--backend B] [--channels]

A program that is started by its path is compiled at every start, and what that takes stays taken for as long as the
agent runs: 1.3 of 12 MB.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":
    sys.path.append(
        __file__.rpartition("/")[0]
    )  # behind the standard library, which has nothing of that name
    __import__("stdio").main(sys.argv[1:])
