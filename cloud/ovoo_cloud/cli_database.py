"""The relational database as the command line opens it: brought up to date, and it may be in use by a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.settings import Settings

__all__ = ["opened_database"]


@contextlib.contextmanager
def opened_database(settings: Settings) -> Iterator[Database]:
    """The database of an installation, closed at the end of the block."""
    database = Database(settings.database)
    try:
        database.migrate()
        yield database
    finally:
        database.close()
