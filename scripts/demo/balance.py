"""The ledger equation of CONTRACT 5, per signal and hour: emitted = stored + suppressed + lost."""

from __future__ import annotations

import contextlib
import pathlib
import sqlite3
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from ovoo_contract.catalogue import Catalogue
from ovoo_edge.ledger import Ledger as GatewayLedger
from ovoo_simulator.ledger import Ledger, Tally

_ALL_HOURS = 10**7
_NOTHING = Tally(0, 0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Sums over all signals and hours."""

    emitted: int
    stored: int
    suppressed: int
    lost: int
    duplicated: int
    mismatched: int


def suppressed_by_gateway(spool: pathlib.Path) -> dict[tuple[str, int], int]:
    """What the gateway kept back because it had not changed, by address and hour."""
    with contextlib.closing(sqlite3.connect(f"file:{spool}?mode=ro", uri=True)) as connection:
        names = {
            name: [str(entry.address) for entry in Catalogue.from_json(zlib.decompress(body)).entries]
            for name, body in connection.execute("SELECT id, body FROM catalogue")
        }
        rows = GatewayLedger(connection).rows(0, _ALL_HOURS)
    kept: dict[tuple[str, int], int] = {}
    for row in rows:
        if row.suppressed:
            key = (names[row.catalogue_id][row.signal], row.hour)
            kept[key] = kept.get(key, 0) + row.suppressed
    return kept


def balance(emitted: Ledger, stored: Mapping[str, Tally], kept: Mapping[tuple[str, int], int]) -> Balance:
    """Compares what was emitted with what is stored and what the gateway says it kept back."""
    lost = duplicated = mismatched = suppressed = 0
    expected = emitted.tallies()
    for address, told in expected.items():
        found = stored.get(address, _NOTHING)
        for hour in told.hours.keys() | found.hours.keys():
            count, checksum = told.hours.get(hour, (0, 0))
            here, here_checksum = found.hours.get(hour, (0, 0))
            back = kept.get((address, hour), 0)
            suppressed += back
            lost += max(0, count - here - back)
            duplicated += max(0, here + back - count)
            # what was thinned has another checksum by nature; everything else must be the same samples
            if back == 0 and here == count and here_checksum != checksum:
                mismatched += count
    strangers = sum(found.count for address, found in stored.items() if address not in expected)
    total = sum(found.count for found in stored.values())
    return Balance(emitted.count, total, suppressed, lost, duplicated + strangers, mismatched)
