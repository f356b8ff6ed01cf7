"""Where ``peerline`` begins. Looks for ``mcp`` before anything heavy is imported: every agent session starts that."""

from __future__ import annotations

import sys

from cli.loading import loading


def main() -> None:
    if sys.argv[1:2] == ["mcp"] and not {"--help", "-h"} & set(sys.argv):
        from cli.shim import become_shim

        become_shim(sys.argv[2:])
    with loading():
        from cli.app import run

    run()


if __name__ == "__main__":
    main()
