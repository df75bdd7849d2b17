"""The catalogues that rows and counts of the spool refer to."""

from __future__ import annotations

import sqlite3
import zlib

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError

__all__ = ["CatalogueTable"]


class CatalogueTable:
    """The table `catalogue`, with what was read from it."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._known: dict[str, Catalogue] = {}

    def remember(self, catalogue: Catalogue) -> None:
        """Known from now on, in the file or not."""
        self._known[catalogue.id] = catalogue

    def put(self, catalogue: Catalogue, body: bytes, now_ns: int) -> None:
        """Writes it, compressed, and marks it as the running one, inside the caller's transaction."""
        row = (catalogue.id, body, now_ns)
        self._connection.execute("INSERT OR IGNORE INTO catalogue VALUES (?, ?, ?)", row)
        self._connection.execute("INSERT OR REPLACE INTO meta VALUES ('catalogue', ?)", (catalogue.id,))

    def find(self, catalogue_id: str) -> Catalogue | None:
        """The catalogue; None when it is not there or cannot be read."""
        known = self._known.get(catalogue_id)
        if known is None:
            found = self._connection.execute("SELECT body FROM catalogue WHERE id = ?", (catalogue_id,)).fetchone()
            if found is None:
                return None
            try:
                known = Catalogue.from_json(zlib.decompress(found[0]))
            except (zlib.error, CatalogueError):
                return None
            self._known[catalogue_id] = known
        return known

    def forget_unused(self) -> None:
        """Deletes those that nothing refers to, inside the caller's transaction."""
        self._connection.execute(
            "DELETE FROM catalogue WHERE id NOT IN (SELECT catalogue FROM item UNION SELECT catalogue FROM quarantine "
            "UNION SELECT catalogue FROM ledger UNION SELECT catalogue FROM held) "
            "AND id NOT IN (SELECT value FROM meta WHERE key = 'catalogue')"
        )
