"""SQLite, used directly on the event loop.

A statement takes some tens of microseconds, less than handing it to a thread would. Writing ahead
with ``synchronous=NORMAL``, a transaction that was answered survives the death of the process
(``kill -9``); after a power cut the last few may be missing, the database is whole in either case.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeAlias

from reconciler.disk import disk_problem
from reconciler.engine.storage.schema import STEPS
from reconciler.errors import ReconcileError

Row: TypeAlias = tuple[Any, ...]


_OF_DISK: Final = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN")


def of_disk(error: BaseException) -> str | None:
    """What is wrong with the disk of the state folder; None if the error has another cause."""
    if isinstance(error, sqlite3.OperationalError):
        name = getattr(error, "sqlite_errorname", "")
        return str(error) if name.startswith(_OF_DISK) else None
    return disk_problem(error) if isinstance(error, OSError) else None


class Database:
    """One connection. Every statement outside ``transaction`` is a transaction of its own."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
        self._depth = 0
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON"):
            self._connection.execute(f"PRAGMA {pragma}")
        self._upgrade(path)

    def _upgrade(self, path: Path) -> None:
        (version,) = self.row("PRAGMA user_version") or (0,)
        if version > len(STEPS):
            raise ReconcileError(
                f"the state was written by a newer engine (format {version}, known {len(STEPS)})",
                where=str(path),
                remedy="Use that version, or another state folder.",
            )
        for number, step in enumerate(STEPS[version:], start=version + 1):
            self._connection.executescript(f"BEGIN; {step}; PRAGMA user_version = {number}; COMMIT")

    def rows(self, statement: str, *values: object) -> list[Row]:
        """All rows of a query."""
        return self._connection.execute(statement, values).fetchall()

    def row(self, statement: str, *values: object) -> Row | None:
        """The first row of a query, if there is one."""
        row: Row | None = self._connection.execute(statement, values).fetchone()
        return row

    def run(self, statement: str, *values: object) -> int:
        """Execute one statement and return how many rows it changed."""
        return self._connection.execute(statement, values).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Nested uses join the outermost one. Must not span an ``await``."""
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._connection.execute("BEGIN IMMEDIATE")
        self._depth = 1
        try:
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            # A full disk may have ended it already, or refused the commit.
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._depth = 0

    def close(self) -> None:
        """Fold the log into the database file and close it."""
        self._connection.close()
