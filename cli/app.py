"""The command line: one typer application, a file for each noun, errors turned into exit codes in one place."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer

from cli import (
    audit,
    chatting,
    checkin,
    circles,
    hooking,
    job,
    life,
    messages,
    orchestrator,
    peers,
    people,
    restoring,
    review,
    schedule,
    service,
    setup,
    slack,
    telegram,
)
from cli.output import fail
from daemon.core.errors import Fault, PeerlineError

app = typer.Typer(
    name="peerline",
    help="One line on which coding agents and chats are peers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    if version:
        from importlib.metadata import version as installed

        print(f"peerline {installed('peerline')}")
        raise typer.Exit


app.command("mcp", help="Serve MCP on standard input and output, for agents.")(hooking.mcp)
setup.add_to(app)
life.add_to(app)
restoring.add_to(app)
peers.add_to(app)
orchestrator.add_to(app)
circles.add_to(app)
messages.add_to(app)
checkin.add_to(app)
schedule.add_to(app)
job.add_to(app)
review.add_to(app)
chatting.add_to(app)
hooking.add_to(app)
telegram.add_to(app)
slack.add_to(app)
people.add_to(app)
service.add_to(app)
audit.add_to(app)


def run() -> None:
    """Run the command line and end with its exit code: 0, 2 refused, 3 not now, 70 our fault."""
    as_json = "--json" in sys.argv
    try:
        app()
    except PeerlineError as error:
        sys.exit(fail(error, as_json=as_json))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
    except Exception:
        from cli.redaction import on_standard_error

        with on_standard_error():
            logging.getLogger("peerline").exception("a command failed")
        sys.exit(
            fail(
                Fault("something is wrong inside peerline", "please report the lines above"), as_json=as_json
            )
        )
