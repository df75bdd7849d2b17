"""The relational database: engine, transactions and migrations, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import contextlib
import functools
import pathlib
from collections.abc import Iterator
from typing import Any, Final

import alembic.command
import alembic.config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from ovoo_contract.errors import Conflict, StoreRejected, StoreUnavailable
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

__all__ = ["WRITES", "Database"]

_MIGRATIONS: Final = pathlib.Path(__file__).parent / "migrations"
_BEGIN: Final = "ovoo_begin"
WRITES: Final = "writes"
"""What `Session.info` holds of a session that `Database.write` gave."""


class Database:
    """Short transactions over one engine.

    `read()` and `write()` give a Session; `write()` commits at the end of the block. SQLite takes the writer's lock
    when a writing transaction begins: a transaction that reads first and then writes would else fail as soon as
    another thread commits in between.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.engine: Engine = _engine(url)
        self._writer = self.engine.execution_options(**{_BEGIN: "IMMEDIATE"})

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """A session for queries; rows stay usable after it."""
        with _reachable(self.url), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        opened = Session(self._writer, expire_on_commit=False, info={WRITES: True})
        with _reachable(self.url), opened as session, session.begin():
            yield session

    def migrate(self) -> None:
        """Brings the schema to the newest revision; only reads when it is there."""
        with _reachable(self.url), self.engine.connect() as connection:
            if MigrationContext.configure(connection).get_current_heads() == _newest():
                return
        with _reachable(self.url), self._writer.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
            connection.commit()

    def close(self) -> None:
        """Closes all pooled connections."""
        self.engine.dispose()


def _config() -> alembic.config.Config:
    config = alembic.config.Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config


@functools.cache
def _newest() -> tuple[str, ...]:
    """The newest revision that the code knows; reading all of them takes longer than opening a database."""
    return tuple(ScriptDirectory.from_config(_config()).get_heads())


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True)
    database = make_url(url).database
    if database:
        pathlib.Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # the driver's own connection type
    connection.isolation_level = None  # transactions are begun by us, see _begin_sqlite
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get(_BEGIN, "DEFERRED")
    connection.exec_driver_sql(f"BEGIN {mode}")


@contextlib.contextmanager
def _reachable(url: str) -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        offender = make_url(url).render_as_string(hide_password=True)
        raise StoreUnavailable(str(error.orig), offender=offender, remedy="start the database, or check it") from error
    except DataError as error:  # PostgreSQL: a NUL in a text, a number beyond its column
        raise StoreRejected(
            "the database cannot hold this value", offender="request", remedy="leave out control characters"
        ) from error
    except IntegrityError as error:
        if not _doubled(error):
            raise
        raise Conflict(
            "somebody wrote the same at the same time", offender="request", remedy="read it again, then decide"
        ) from error


def _doubled(error: IntegrityError) -> bool:
    """Whether two rows would have the same key: two people did the same, and one was first."""
    return getattr(error.orig, "sqlstate", "") == "23505" or "UNIQUE constraint failed" in str(error.orig)
