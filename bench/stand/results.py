"""results.md of what the benches told: ``python -m stand.results FOLDER FILE``."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import sys
from pathlib import Path

HEAD = """# Results

Written by `make bench` against an installed wheel; every figure is a median unless it says otherwise. *Floor* is what
the machine or the chosen library costs by itself, measured in the same run. *repowire* is the best known of its
kind (0.17), on a machine of the same size, or in the same run where it says so: `PEERLINE_BENCH_REPOWIRE` names its
command.

"""


def main(folder: Path, file: Path) -> None:
    machine = f"{platform.system()} {platform.release()}, {os.cpu_count()} processors"
    versions = f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    lines = [HEAD + f"Machine: {machine}, {versions}.", ""]
    for each in sorted(folder.glob("*.json")):
        lines += [
            f"## {each.stem}",
            "",
            "| figure | measured | limit | floor | repowire |",
            "|---|---|---|---|---|",
        ]
        for row in json.loads(each.read_text("utf-8")):
            mark = "" if row["kept"] else " **not kept**"
            lines.append(
                f"| {row['figure']} | {row['told']}{mark} | {row['limit']} | {row['floor']} | {row['seed']} |"
            )
        lines.append("")
    file.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
