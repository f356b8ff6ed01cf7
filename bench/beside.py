"""What stands beside each real agent for as long as it runs: the shim, or by HTTP nothing of ours.

The agents are started as the tests start them, each in a home of its own, and asked nothing: their MCP servers are
there before the first prompt. One that is not installed in ``.agents/`` is left out.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from stand.house import House, house
from stand.processes import memory, proportional, written
from stand.sheet import Sheet

ROOT: Final = Path(__file__).parents[1]
sys.path.append(str(ROOT))  # behind everything, so that what is measured is what is installed

from tests.agents.claude_code import ClaudeCode  # noqa: E402
from tests.agents.kinds import KINDS  # noqa: E402
from tests.agents.real_agent import RealAgent  # noqa: E402

PROGRAMS: Final = ROOT / ".agents" / "node_modules" / ".bin"
NOWHERE: Final = "http://127.0.0.1:9"
SERVER: Final = "mcp_server"
MOST: Final = 12
LISTED: Final = 3000  #: bytes; so much a shim has written once the tools were told
AGENTS: Final[Mapping[str, tuple[str, Callable[..., RealAgent]]]] = {
    "claude-code": ("claude", ClaudeCode),
    **{kind.name: (kind.name, kind.start) for kind in KINDS},
}


async def ours(
    name: str, start: Callable[..., RealAgent], home: House, folder: Path, mcp: str
) -> list[tuple[float, float]]:
    """Resident and proportional MiB of each lasting process of ours in the agent's tree, once it knows our tools."""
    user = folder / f"{name}-{mcp}"
    (user / "work").mkdir(parents=True)
    for settings in (".claude", ".codex"):
        (user / settings).mkdir()
    home.env["HOME"] = str(user)
    home.cli("hooks", "install", "--agent", name, "--mcp", mcp)
    places: list[Any] = [user, user / "work", NOWHERE, f"bench-{name}-{mcp}", "bench"]
    async with start(*places) as agent, asyncio.timeout(60):
        while True:
            pids = [each.pid for each in await agent.family() if SERVER in words(each.pid)]
            if mcp == "http" or any(written(pid) > LISTED for pid in pids):
                return [(memory(pid), proportional(pid)) for pid in pids]
            await asyncio.sleep(0.05)


def words(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text("utf-8", "replace")
    return ""


async def main() -> None:
    sheet = Sheet("beside")
    with house(tcp=True) as home, tempfile.TemporaryDirectory(prefix="pl-", dir="/tmp") as folder:
        for name, (program, start) in AGENTS.items():
            if not (PROGRAMS / program).exists():
                print(f"left out: {name} is not at {PROGRAMS / program}")
                continue
            found = await ours(name, start, home, Path(folder), "stdio")
            resident, share = (sum(each[n] for each in found) for n in (0, 1))
            told = f"{resident:.1f} MiB, its share {share:.1f} MiB"
            sheet.row(
                f"the shim beside {name}", told, limit="≤ 12 MiB", kept=0 < resident <= MOST, seed="62 MiB"
            )
            left = await ours(name, start, home, Path(folder), "http")
            sheet.row(f"by HTTP beside {name}", f"{len(left)} processes", limit="none", kept=not left)
    sheet.end()


if __name__ == "__main__":
    asyncio.run(main())
