"""The MCP shim, one for each agent: its start, its memory, its calls, and what it puts into an agent's context."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Final

import mcp_server
from stand.house import House, McpClient, house
from stand.processes import BARE, memory, ran
from stand.sheet import Sheet, middle, ms, spread

TIMES: Final = 31
CALLS: Final = 400
SHIM: Final = str(Path(mcp_server.__file__).with_name("shim.py"))


def started(argv: list[str], home: House) -> tuple[list[float], list[float]]:
    """Its start until it is initialized, and the bare interpreter's, in turn."""
    took, bare = [], []
    for _ in range(TIMES):
        bare.append(ran(BARE, stdin=os.devnull).wall)
        begun = time.perf_counter()
        client = McpClient(home, "ada", argv=argv)
        client.initialize()
        took.append(time.perf_counter() - begun)
        client.close()
    return took, bare


def called(client: McpClient, tool: str) -> list[float]:
    took = []
    for _ in range(CALLS):
        begun = time.perf_counter()
        client.call(tool)
        took.append(time.perf_counter() - begun)
    return took


def main() -> None:
    sheet = Sheet("shim")
    with house() as home:
        argv = [sys.executable, "-I", "-S", "-E", SHIM, str(home.socket), "--name", "ada"]
        client = McpClient(home, "bob", argv=[*argv[:-1], "bob"])
        client.initialize()
        took, bare = started(argv, home)
        whoami, listed = called(client, "whoami"), called(client, "list_peers")
        resident = memory(client.process.pid)
        tools = len(json.dumps(client.request("tools/list", {})["tools"]))
        client.close()
    sheet.row(
        "from its start to initialized",
        spread(took),
        limit="≤ 40 ms",
        kept=middle(took) <= 0.040,
        floor=f"the bare interpreter {ms(middle(bare))}",
        seed="584 ms",
    )
    sheet.row("memory", f"{resident:.1f} MiB", limit="≤ 12 MiB", kept=resident <= 12, seed="62 MiB")
    for tool, calls, seed in (("whoami", whoami, "10.2 ms"), ("list_peers", listed, "8.1 ms")):
        kept = middle(calls) <= 0.0015
        sheet.row(f"a call ({tool})", spread(calls), limit="p50 ≤ 1.5 ms", kept=kept, seed=seed)
    sheet.row(
        "schemas of all tools", f"{tools:,} bytes", limit="≤ 8,000 bytes", kept=tools <= 8000, seed="39,680"
    )
    sheet.end()


if __name__ == "__main__":
    main()
