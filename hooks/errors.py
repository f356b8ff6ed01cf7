"""Why an agent's settings were not touched.

The names of the attributes are those of the project's other errors, so that the command line shows them the
same way; they are not imported from there, because this package imports nothing of ours.
"""

from __future__ import annotations

from typing import ClassVar


class SettingsError(Exception):
    """Nothing was written to the file in question. ``hint`` says what a person can do."""

    code: ClassVar[str] = "settings_error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class SettingsRefused(SettingsError):
    """The file, or what was asked for, is not something we may or can edit."""

    code = "settings_refused"


class SettingsBusy(SettingsError):
    """The agent kept rewriting the file, or holds its lock."""

    code = "settings_busy"
    retryable = True


class NotSpliceable(Exception):
    """The text is no JSON we dare to edit; ``at`` is the offset of the place (code points)."""

    def __init__(self, reason: str, at: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at = at
