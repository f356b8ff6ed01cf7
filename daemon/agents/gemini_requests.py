"""What Gemini CLI's own dialogs are about, as people read it; its ``Notification`` tells the details (0.61.0).

No hook takes a decision, so what is decided goes by a key into the dialog (``transports/dialog.py``). Rule: of a dialog
whose details are not told whole, or that wants more than a yes or a no, people are told only that it waits.
"""

from __future__ import annotations

from pathlib import PurePath
from typing import Final

from daemon.agents import requests
from daemon.agents.interface import Json
from daemon.agents.speech import given, input_of, text
from daemon.core import commands as c
from daemon.core.deciding import ALLOW, DENY
from daemon.core.rules.approval import What

SHELL: Final = "run_shell_command"
EDIT: Final = "edit"
#: What of a dialog says most, in the order of looking.
TELLING: Final = ("command", "filePath", "toolName", "prompt")


def asked(session_id: str, payload: Json) -> c.RequestApproval | c.TurnWaits:
    """What waits: a request that can be decided from afar, or one that is told of only."""
    details, cwd = given(payload, "details"), text(payload, "cwd")
    told = _told(details)
    if told is None:
        return c.TurnWaits(session_id=session_id, what=_in_a_line(payload))
    tool, asked_of, shown = told
    return c.RequestApproval(
        session_id=session_id,
        what=What.PERMISSION,
        tool=tool,
        shown=f"wants to use **{tool}** in {requests.fenced_word(cwd)}\n\n{shown}",
        digest=requests.digest(session_id, cwd, tool, details),
        request=requests.request(asked_of),
        options=(ALLOW, DENY),
    )


def allowed(session_id: str, payload: Json) -> tuple[c.CloseApprovals, ...]:
    """A call was made, so whatever it needed was allowed."""
    told = input_of(payload)
    if command := text(told, "command"):
        request: Json = {"command": command}
    elif path := text(told, "file_path"):
        request = {"file_path": str(PurePath(text(payload, "cwd")) / path)}
    else:
        return ()
    outcome, asked = "allowed at the agent itself", requests.request(request)
    return (c.CloseApprovals(session_id=session_id, request=asked, outcome=outcome, allowed=True),)


def _told(details: Json) -> tuple[str, Json, str] | None:
    """The tool, what is decided about, and how it is shown."""
    command, path, changes = (text(details, name) for name in ("command", "filePath", "fileDiff"))
    match details.get("type"):
        case "exec" if command:
            return SHELL, {"command": command}, requests.fenced(command, "bash")
        case "edit" if path and changes:
            shown = f"{requests.fenced_word(path)}\n\n{requests.fenced(changes, 'diff')}"
            return EDIT, {"file_path": path}, shown
        case _:
            return None


def _in_a_line(payload: Json) -> str:
    details = given(payload, "details")
    telling = next((said for name in TELLING if (said := text(details, name))), "")
    return ": ".join(part for part in (text(details, "title") or text(payload, "message"), telling) if part)
