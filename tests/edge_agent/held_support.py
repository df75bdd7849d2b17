"""A catalogue with every uplink policy, a source of samples for it, and the accounts of its spool."""

from __future__ import annotations

import math
import pathlib
import time
from collections import Counter

from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import decode_batch
from ovoo_edge.minutes import figure_entries
from ovoo_edge.normalise import SignalRule
from ovoo_edge.spool import Spool
from ovoo_edge.spool_rows import HOUR_NS
from ovoo_edge.verdicts import Keep

from tests.edge_agent.support import SECOND, T0, make_batch, open_spool

KEEPS: tuple[Keep, ...] = ("raw", "on_change", "swinging_door", "aggregate_1m", "events", "swinging_door")
_SIGNALS = [
    SignalEntry(
        Address.parse(f"ent/site/area/line/asset/s{index}"),
        "kW",
        data_class="core" if index == 5 else "general",
        uplink="aggregate_1m" if keep == "aggregate_1m" else "raw",
    )
    for index, keep in enumerate(KEEPS)
]
CATALOGUE = Catalogue([*_SIGNALS, *figure_entries(_SIGNALS[3])])
RULES = [
    *(SignalRule(keep=keep, deadband=0.5, rank=2 * (index == 5)) for index, keep in enumerate(KEEPS)),
    *[SignalRule()] * (len(CATALOGUE) - len(KEEPS)),
]


def open_policies(folder: pathlib.Path) -> Spool:
    """The spool with the catalogue known."""
    spool = open_spool(folder, budget_mib=64, clock=time.time_ns)
    spool.add_catalogue(CATALOGUE)
    return spool


def source_batch(step: int, count: int) -> SampleBatch:
    """Samples of the steps [step, step + count): one a second and signal; the same for the same steps."""
    rows = [
        (signal, T0 + at * SECOND, round(5 * math.sin(at / 7 + signal) + math.sin(at * at) / 3, 3))
        for signal in range(len(KEEPS))
        for at in range(step, step + count)
    ]
    return make_batch(rows)


def stored_rows(spool: Spool) -> list[tuple[int, int, float]]:
    """(signal, time, value) of everything that waits for the sink."""
    found: list[tuple[int, int, float]] = []
    after = 0
    while rows := spool.pending("cloud", 500, after=after):
        after = rows[-1].seq
        for row in rows:
            batch = decode_batch(row.payload)[1]
            found += zip(batch.signal, batch.time_ns, batch.value, strict=True)
    return found


def check_accounts(spool: Spool) -> Counter[int]:
    """received = stored + suppressed + duplicate, per signal and hour; gives what was received per signal."""
    stored = Counter((signal, time_ns // HOUR_NS) for signal, time_ns, _ in stored_rows(spool))
    received: Counter[int] = Counter()
    seen = set()
    for row in spool.ledger(0, 1 << 40):
        key = row.signal, row.hour
        assert row.received == stored[key] + row.suppressed + row.duplicate, (row, stored[key])
        received[row.signal] += row.received
        seen.add(key)
    assert stored.keys() <= seen
    return received
