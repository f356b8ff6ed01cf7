"""Opening the file: what is refused, the schema brought up to date, and what SQLite's refusals mean to us."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeGuard

from daemon.core.errors import PeerlineError, StorageFull, StoreBusy, StoreDamaged, VersionMismatch
from daemon.store.rows import SUMMED, TABLES, damaged, summed, table

MAGIC: Final = b"SQLite format 3\0"
VERSION_AT: Final = slice(60, 64)  #: of the file: user_version, big endian (sqlite.org/fileformat.html §1.3)
IDENTITY_AT: Final = slice(68, 72)  #: application_id
SUMS_SINCE: Final = 4
LOG_KEPT: Final = 4 * 1024 * 1024  #: bytes of the write-ahead log that stay once a longer one was emptied
TRIES_AGAIN_S: Final = 2.0  #: from room on the disk to the next try, at most
RESTORE: Final = "`peerline restore` brings the newest backup back; nothing is deleted by it"
REFUSALS: Final = (sqlite3.Error, UnicodeDecodeError)  #: the latter: its words quote what is damaged
DAMAGE: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
FULL: Final = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE})


def writing(path: Path) -> sqlite3.Connection:
    """The one connection that writes, its schema up to date.

    Raises:
        VersionMismatch: a newer Peerline wrote the file; not a byte of it changes.
        StoreDamaged: it is no database, or a damaged one.
        StorageFull: the disk is.
        StoreBusy: somebody else holds it.

    """
    identity = _refuse_strange(path)
    try:
        return _migrated(
            _opened(
                f"file:{_quoted(path)}",
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = FULL",
                "PRAGMA wal_autocheckpoint = 1000",
                f"PRAGMA journal_size_limit = {LOG_KEPT}",
                "PRAGMA foreign_keys = ON",
            ),
            identity,
        )
    except REFUSALS as error:
        raise named(error) from error


def reading(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, and never checkpoints.

    Raises:
        PeerlineError: as ``writing``.

    """
    try:
        return _opened(
            f"file:{_quoted(path)}?mode=ro", "PRAGMA wal_autocheckpoint = 0", "PRAGMA query_only = ON"
        )
    except REFUSALS as error:
        raise named(error) from error


def untouched(path: Path) -> sqlite3.Connection:
    """A connection to a file that nobody writes, beside which nothing is made: a backup."""
    return _opened(f"file:{_quoted(path)}?mode=ro&immutable=1", "PRAGMA query_only = ON")


def is_cut_off(path: Path) -> bool:
    """Whether the last run ended without closing it: then the log beside it is not empty."""
    beside = path.with_name(f"{path.name}-wal")
    return beside.exists() and beside.stat().st_size > 0


def migrations() -> list[tuple[str, str]]:
    """(name, SQL) in order; the n-th brings the schema to version n."""
    folder = resources.files("daemon.store") / "migrations"
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda x: x.name)
    return [(each.name, each.read_text(encoding="utf-8")) for each in files]


def named(error: sqlite3.Error | UnicodeDecodeError) -> PeerlineError:
    """What SQLite's refusal means to us. Its own words may quote a message: they are not passed on blindly."""
    if isinstance(error, UnicodeDecodeError):
        return StoreDamaged("the database is damaged: its own names cannot be read", RESTORE, after_s=60)
    code = getattr(error, "sqlite_errorcode", 0)
    if code in FULL:
        return StorageFull("the disk is full; nothing was accepted", "free some space", after_s=TRIES_AGAIN_S)
    if code & 0xFF in DAMAGE:
        return StoreDamaged(f"the database is damaged: {error}", RESTORE, after_s=60)
    if _is_undecodable(error):
        return damaged("a text is not on the disk as it was written")
    return StoreBusy(f"the database cannot be written: {error}", "see `peerline doctor`", after_s=1)


def concerns_all(error: Exception) -> bool:
    """Whether it is about the file, and not about the one step that met it."""
    if not isinstance(error, sqlite3.DatabaseError) or _is_undecodable(error):
        return False
    return isinstance(error, sqlite3.OperationalError) or named(error).code == StoreDamaged.code


def is_refusal(error: Exception) -> TypeGuard[sqlite3.OperationalError | UnicodeDecodeError]:
    """Whether SQLite could not do it, rather than the step itself being at fault."""
    return isinstance(error, sqlite3.OperationalError | UnicodeDecodeError)


def _is_undecodable(error: sqlite3.Error) -> bool:
    return "decode to UTF-8" in str(error)


def _quoted(path: Path) -> str:
    return str(path).replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def _opened(uri: str, *pragmas: str) -> sqlite3.Connection:
    conn = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=3)
    conn.row_factory = sqlite3.Row
    try:
        for pragma in pragmas:
            conn.execute(pragma)
    except REFUSALS:
        conn.close()
        raise
    return conn


def _refuse_strange(path: Path) -> int:
    """Look into the file's header without opening it as a database, so that not a byte of it changes.

    Returns the identity the file was given when it was made; 0 if it has none yet.
    """
    if not path.exists():
        return 0
    with path.open("rb") as file:
        header = file.read(IDENTITY_AT.stop)
    if header and not header.startswith(MAGIC):
        raise StoreDamaged(f"{path} is damaged: it is not a database", RESTORE)
    if len(header) < IDENTITY_AT.stop:
        return 0
    _refuse(int.from_bytes(header[VERSION_AT]))
    return int.from_bytes(header[IDENTITY_AT])


def _refuse(version: int) -> None:
    if version > len(migrations()):
        raise VersionMismatch(
            f"the database is of schema {version}, this Peerline knows {len(migrations())}",
            "install the newer Peerline again, or move the home aside",
        )


def _refuse_log(conn: sqlite3.Connection, identity: int) -> None:
    if identity and conn.execute("PRAGMA application_id").fetchone()[0] != identity:
        raise StoreDamaged("the write-ahead log beside the database is another one's", RESTORE)


def _migrated(conn: sqlite3.Connection, identity: int) -> sqlite3.Connection:
    try:
        _refuse_log(conn, identity)
        _migrate(conn)
    except BaseException:
        conn.close()  # and with it whatever the migration had begun
        raise
    return conn


def _migrate(conn: sqlite3.Connection) -> None:
    version = conn.execute("PRAGMA user_version").fetchone()[0]
    _refuse(version)
    for number, (_, script) in enumerate(migrations()[version:], version + 1):
        conn.execute("BEGIN IMMEDIATE")
        before = {kind: _columns(conn, kind) for kind in SUMMED}
        for statement in _statements(script):
            conn.execute(statement)
        if number >= SUMS_SINCE:
            _sum_anew(conn, before if number > SUMS_SINCE else {})
        conn.execute(f"PRAGMA user_version = {number}")
        conn.execute("COMMIT")
    if version < len(migrations()):
        _identified(conn)
        # Into the file itself: an older Peerline looks there, and a crash may leave it to do so.
        conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _identified(conn: sqlite3.Connection) -> None:
    """Give it a number of its own, by which a strange write-ahead log is told from its own."""
    if not conn.execute("PRAGMA application_id").fetchone()[0]:
        conn.execute(f"PRAGMA application_id = {1 + secrets.randbelow(2**31 - 1)}")


def _sum_anew(conn: sqlite3.Connection, before: Mapping[Any, Sequence[str]]) -> None:
    """A row that has new columns has another sum, unless its old one was wrong: it must not come out well."""
    conn.create_function("summed", -1, lambda *row: summed(row), deterministic=True)
    for kind in SUMMED:
        columns = _columns(conn, kind)
        if columns != before.get(kind):
            whole = f"checksum = summed({', '.join(before[kind])})" if kind in before else "1"
            conn.execute(f"UPDATE {TABLES[kind]} SET checksum = summed({', '.join(columns)}) WHERE {whole}")


def _columns(conn: sqlite3.Connection, kind: Any) -> Sequence[str]:
    """Those of its table that carry a noun's fields, in the order in which they are summed."""
    there = {row[1] for row in conn.execute(f"PRAGMA table_info({TABLES[kind]})")}
    return [f'"{name}"' for name in table(kind).columns if name in there]


def _statements(script: str) -> list[str]:
    found, so_far = [], ""
    for line in script.splitlines(keepends=True):
        so_far += line
        if sqlite3.complete_statement(so_far):
            found.append(so_far)
            so_far = ""
    return found
