"""Becoming the MCP shim: nothing of what is installed here is imported on the way."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def become_shim(argv: list[str]) -> None:
    """Replace this process by the shim, which needs nothing of what is installed here."""
    home = os.environ.get("PEERLINE_HOME")
    root = Path(home).expanduser().absolute() if home else Path.home() / ".peerline"
    shim = Path(__file__).parents[1] / "mcp_server" / "shim.py"
    command = [sys.executable, "-I", "-S", "-E", str(shim), str(root / "run" / "peerline.sock"), *argv]
    os.execv(sys.executable, command)  # noqa: S606 -- our own interpreter, no shell
