"""Writing down that Codex's user trusts our hooks: spliced into config.toml, and undone with the rest of it.

Codex itself (config/batchWrite) would turn every line end of the file into its own kind (0.169.0), so the digests that
it told are put there by us, and it is asked once more whether it trusts them now.

Rule: this is called after a person said yes, and for our own hooks alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hooks import files
from hooks.agents import CODEX
from hooks.codexfile import STATE, CodexFile
from hooks.codextrust import CodexSilent, Hook, listed, names_of, written_down
from hooks.entries import HomePaths
from hooks.errors import NotSpliceable, SettingsBusy
from hooks.install import TRIES, read
from hooks.jsontext import Edit, apply
from hooks.ledger import Ledger, Row, digest
from hooks.parts import parts
from hooks.plan import decoded, encoded, refusal


def untrusted(home: HomePaths) -> list[Hook]:
    """Ours that Codex does not run. Raises: CodexSilent."""
    return [hook for hook in listed(home) if not hook.is_trusted]


def is_noted(home: HomePaths) -> bool:
    """Whether trust in every one of ours is written down, as far as can be told without asking Codex."""
    names, noted = names_of(CODEX, home.settings(CODEX)), written_down(home)
    places = {name.rsplit("hooks.json", 1)[1] for name in names}
    trusted = {name.rsplit("hooks.json", 1)[1] for name in names if noted.get(name, {}).get("trusted_hash")}
    return places == trusted


def trust(home: HomePaths, hooks: Sequence[Hook]) -> None:
    """Raises: CodexSilent, SettingsRefused, SettingsBusy, OSError."""
    trust_as_listed(home, hooks)
    if left := untrusted(home):
        raise CodexSilent(f"codex still trusts {len(left)} of our hooks not", "start codex and choose there")


def trust_as_listed(home: HomePaths, hooks: Sequence[Hook]) -> None:
    """Write it down without asking Codex once more. Raises: SettingsRefused, SettingsBusy, OSError."""
    part = next(part for part in parts(CODEX, home) if isinstance(part, CodexFile))
    with files.locked(part.path):
        for _ in range(TRIES):
            content = read(part)
            after = trusted(part, decoded(part, content), hooks)
            try:
                files.replace(part.path, content, encoded(part, after))
            except files.Changed:
                continue
            remember(part, decoded(part, content), after, Ledger(home.peerline_home))
            break
        else:
            raise SettingsBusy(f"{part.path} was rewritten {TRIES} times while we edited it", "try again")


def trusted(part: CodexFile, text: str, hooks: Sequence[Hook]) -> str:
    """What was trusted under the same name before is another command's."""
    digests = {hook.name: hook.digest for hook in hooks}
    try:
        stale = frozenset(
            one.start for one in part.own(text) if one.label.removeprefix(f"{'.'.join(STATE)}.") in digests
        )
        rest = (
            apply(text, replace(part, hooks=frozenset(digests)).removal(text, stale, None)) if stale else text
        )
        return apply(rest, [part.trusting(rest, digests)])
    except NotSpliceable as why:
        raise refusal(part, text, why) from None


def remember(part: CodexFile, before: str, after: str, ledger: Ledger) -> None:
    """What undoes our entry undoes this, too, while nobody else has written there."""
    row = ledger.row(part.path)
    if row is None or row.after != digest(before.encode()):
        return
    base = apply(before, row.undo)
    if after.startswith(base):
        undo: tuple[Edit, ...] = (Edit(len(base), len(after), ""),)
        ledger.put(
            part.path, Row(digest(after.encode()), row.existed, undo, row.created, row.kept, row.folders)
        )
