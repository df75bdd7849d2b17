"""One way to change the spool: a transaction that is rolled back as a whole and whose failures have Ovoo's names."""

from __future__ import annotations

import functools
import pathlib
import sqlite3
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from ovoo_contract.errors import SpoolDamaged, SpoolError, SpoolFull

__all__ = ["in_transaction", "named_failures", "spool_failure", "spool_full"]

P = ParamSpec("P")
T = TypeVar("T")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


def in_transaction(connection: sqlite3.Connection, work: Callable[[], T]) -> T:
    """Runs `work` between BEGIN and COMMIT; any exception rolls everything back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        result = work()
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return result


def spool_full(detail: str, path: pathlib.Path) -> SpoolFull:
    """The error of a commit that found no room; `detail` is SQLite's words."""
    return SpoolFull(
        "no room for another row",
        offender=str(path),
        value=detail or None,
        remedy="the gateway waits; raise spool.budget_mib, free the disk or restore the uplink",
    )


def spool_failure(error: sqlite3.Error, path: pathlib.Path) -> SpoolError:
    """The spool error that says what a caller can do about an SQLite error."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_FULL:
        return spool_full(str(error), path)
    if code in _DAMAGE or (code == 0 and isinstance(error, sqlite3.DatabaseError)):
        return SpoolDamaged(str(error), offender=str(path), remedy="the file is set aside and salvaged")
    return SpoolError(str(error), offender=str(path), remedy="check the disk: it refuses reads or writes")


def named_failures(method: Callable[P, T]) -> Callable[P, T]:
    """SQLite's own exceptions leave the spool under Ovoo's names."""

    @functools.wraps(method)
    def guarded(*arguments: P.args, **named: P.kwargs) -> T:
        try:
            return method(*arguments, **named)
        except sqlite3.Error as error:
            raise spool_failure(error, pathlib.Path("spool")) from error

    return guarded
