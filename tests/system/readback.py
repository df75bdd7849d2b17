"""What stands in InfluxDB, read by InfluxQL sample by sample, against what was emitted."""

from __future__ import annotations

import csv
import io
import math
import urllib.parse
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from ovoo_contract.address import Address
from ovoo_contract.schema import database_name
from ovoo_simulator.ledger import Ledger, Tally, tally

from tests.servers.influxdb import InfluxServer

__all__ = ["Balance", "Samples", "balance", "read_signal", "read_tallies"]


@dataclass(frozen=True, slots=True)
class Samples:
    """One signal's samples in time order; NaN where a sample has no value."""

    time_ns: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Balance:
    """The ledger equation over all signals: emitted = stored + suppressed + lost, hour by hour.

    Attributes:
        lost: emitted, neither stored nor suppressed.
        duplicated: stored or suppressed beyond what was emitted.
        mismatched: in cells (signal and hour) of equal count without suppression whose checksums differ.
        differences: one line for every such cell.
    """

    emitted: int
    stored: int
    suppressed: int
    lost: int
    duplicated: int
    mismatched: int
    differences: tuple[str, ...]


def read_signal(influx: InfluxServer, address: Address) -> Samples:
    """All telemetry of one signal."""
    where = f"\"site\" = '{address.site}' AND \"asset\" = '{address.asset_path}' AND \"signal\" = '{address.signal}'"
    # CSV prints doubles so that they read back bit for bit
    text = _query(influx, database_name(address.enterprise), f"SELECT value, quality FROM telemetry WHERE {where}")
    rows = [row for row in csv.reader(io.StringIO(text)) if row][1:]
    return Samples(
        np.array([int(row[2]) for row in rows], np.int64),
        np.array([float(row[3]) if row[3] else math.nan for row in rows], np.float64),
        np.array([int(row[4]) for row in rows], np.int64).astype(np.uint32),
    )


def read_tallies(influx: InfluxServer, addresses: tuple[str, ...]) -> dict[str, Tally]:
    """Count and checksum per signal and hour."""
    found = {}
    for address in addresses:
        samples = read_signal(influx, Address.parse(address))
        found[address] = tally(samples.time_ns, samples.value, samples.quality)
    return found


def balance(emitted: Ledger, stored: Mapping[str, Tally], suppressed: Mapping[str, Mapping[int, int]]) -> Balance:
    """Compares cell by cell."""
    lost = duplicated = mismatched = 0
    differences = []
    expected = emitted.tallies()
    for address in sorted(expected.keys() | stored.keys()):
        want = expected[address].hours if address in expected else {}
        have = stored[address].hours if address in stored else {}
        kept_back = suppressed.get(address, {})
        for hour in sorted(want.keys() | have.keys()):
            count, total = want.get(hour, (0, 0))
            got, sum_got = have.get(hour, (0, 0))
            silent = kept_back.get(hour, 0)
            missing = count - got - silent
            wrong = count if not missing and not silent and total != sum_got else 0
            lost, duplicated, mismatched = lost + max(missing, 0), duplicated + max(-missing, 0), mismatched + wrong
            if missing or wrong:
                differences.append(f"{address} hour {hour}: {count} emitted, {got} stored, {silent} suppressed")
    return Balance(
        emitted=emitted.count,
        stored=sum(each.count for each in stored.values()),
        suppressed=sum(number for hours in suppressed.values() for number in hours.values()),
        lost=lost,
        duplicated=duplicated,
        mismatched=mismatched,
        differences=tuple(differences),
    )


def _query(influx: InfluxServer, database: str, influxql: str) -> str:
    parameters = urllib.parse.urlencode({"db": database, "q": influxql, "epoch": "ns"})
    request = urllib.request.Request(f"{influx.url}/query?{parameters}", headers={"Accept": "application/csv"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
    return content.decode()
