"""One asset scored again from its stored samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import BudgetExceeded, NotReady
from ovoo_contract.findings import Finding
from ovoo_models.artifact import ModelSet
from ovoo_models.feedback import Adjustments
from ovoo_models.monitor import AssetMonitor, MonitorOutput

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.scoring.pages import sample_pages
from ovoo_cloud.stores.base import Columns, TelemetryStore, check_bounds, concat_columns
from ovoo_cloud.stores.scoped import ScopedTelemetry

__all__ = ["HEARTBEAT_NS", "LONGEST_NS", "Manner", "Rescored", "rescore"]

_DAY_NS: Final = 86_400_000_000_000
LONGEST_NS: Final = 31 * _DAY_NS
"""The longest window, and the longest lead, of one run: what it holds in memory grows with the window's frames."""
HEARTBEAT_NS: Final = 900_000_000_000
"""A limit or state that does not change is told this often."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How to score.

    lead_ns: samples before the window that only warm the models up. period_s: frame period, None is the model's.
    adjustments: what people said of the asset's findings. page_rows: samples of a signal in memory at once.
    """

    lead_ns: int = _DAY_NS
    period_s: float | None = None
    adjustments: Adjustments = field(default_factory=Adjustments)
    page_rows: int = 5000


@dataclass(frozen=True, slots=True)
class Rescored:
    """What the models say of [start, end).

    outputs: the derived signals, several a binding. series: their rows from `HEARTBEAT_NS` before the start on, so that
    what is told on change has its value at the start. findings: the last word on each that touches the window, by
    start. samples: read, those of the lead included. late: samples the frames left out.
    """

    asset: AssetAddress
    model_set: ModelSet
    start_ns: int
    end_ns: int
    outputs: tuple[SignalEntry, ...]
    series: Mapping[Address, Columns]
    findings: tuple[Finding, ...]
    samples: int
    late: int

    def rows(self, address: Address) -> Columns:
        """The rows of a derived signal within the window."""
        return within(self.series[address], self.start_ns, self.end_ns)


def rescore(
    store: TelemetryStore,
    scope: Scope,
    model_set: ModelSet,
    asset: AssetAddress,
    start_ns: int,
    end_ns: int,
    manner: Manner | None = None,
    progress: Callable[[float], None] = lambda share: None,
) -> Rescored:
    """Scores [start, end) of an asset as a gateway would that had seen the stored samples in order.

    Bit for bit what a gateway computed whose first sample lies in the lead or the window, if every sample is stored.
    What a gateway left out as too late, and what it thinned before sending, makes a difference.

    Raises:
        NotFound, Forbidden: the asset is foreign, or the caller may not read samples.
        UnboundedQuery: no sane window. BudgetExceeded: a window or lead above `LONGEST_NS`.
        NotReady: no sample of any signal of the model.
    """
    asked = manner or Manner()
    _check_window(start_ns, end_ns, asked.lead_ns)
    monitor = AssetMonitor(model_set, asset, asked.period_s, adjustments=asked.adjustments)
    period_ns = monitor.period_ns
    # whole frames: a frame belongs to the window when it starts within
    first_ns = max(start_ns - asked.lead_ns, 0) // period_ns * period_ns
    last_ns = -(-end_ns // period_ns) * period_ns
    reads = ScopedTelemetry(store, scope)
    names = [use.name for use in model_set.signals]
    index = {name: place for place, name in enumerate(names)}
    kept = _Kept(len(monitor.outputs), start_ns - HEARTBEAT_NS, end_ns)
    samples = 0
    for batch in sample_pages(reads, [asset.signal(name) for name in names], first_ns, last_ns, asked.page_rows):
        samples += len(batch)
        kept.take(monitor.process(batch, index, 0))
        progress(min(max((max(batch.time_ns) - first_ns) / (last_ns - first_ns), 0.0), 1.0))
    if samples == 0:
        raise NotReady(
            "no samples of the model's signals in this window",
            offender=str(asset),
            value=", ".join(names),
            remedy="check the window, and that the gateway sends these signals as they are (uplink raw)",
        )
    kept.take(monitor.flush(last_ns, 0))
    series = {entry.address: columns for entry, columns in zip(monitor.outputs, kept.columns(), strict=True)}
    findings = kept.findings(start_ns)
    return Rescored(asset, model_set, start_ns, end_ns, monitor.outputs, series, findings, samples, monitor.late)


def within(columns: Columns, start_ns: int, end_ns: int) -> Columns:
    """The rows of [start, end)."""
    low, high = (int(cut) for cut in np.searchsorted(columns.time_ns, [start_ns, end_ns]))
    return Columns(columns.time_ns[low:high], columns.value[low:high], columns.quality[low:high])


class _Kept:
    """What a run puts out, as far as it is wanted."""

    def __init__(self, outputs: int, start_ns: int, end_ns: int) -> None:
        self._pieces: list[list[Columns]] = [[] for _ in range(outputs)]
        self._bounds = (start_ns, end_ns)
        self._findings: dict[str, Finding] = {}

    def take(self, output: MonitorOutput) -> None:
        """One batch's worth."""
        self._findings.update((finding.id, finding) for finding in output.findings)
        batch = output.batch
        if not len(batch):
            return
        signal = np.frombuffer(batch.signal, np.uint32)
        whole = Columns(
            np.frombuffer(batch.time_ns, np.int64),
            np.frombuffer(batch.value, np.float64),
            np.frombuffer(batch.quality, np.uint32),
        )
        cuts = np.searchsorted(signal, np.arange(len(self._pieces) + 1))
        for place, pieces in enumerate(self._pieces):
            part = slice(int(cuts[place]), int(cuts[place + 1]))
            rows = Columns(whole.time_ns[part], whole.value[part], whole.quality[part])
            wanted = within(rows, *self._bounds)
            if len(wanted):
                pieces.append(wanted)

    def columns(self) -> list[Columns]:
        """The rows of each output."""
        return [concat_columns(pieces) for pieces in self._pieces]

    def findings(self, start_ns: int) -> tuple[Finding, ...]:
        """The last version of each finding that touches the window."""
        found = [
            each for each in self._findings.values() if each.end_ns >= start_ns and each.start_ns < self._bounds[1]
        ]
        return tuple(sorted(found, key=lambda each: (each.start_ns, each.code, each.model)))


def _check_window(start_ns: int, end_ns: int, lead_ns: int) -> None:
    check_bounds(start_ns, end_ns)
    for name, length_ns in (("window", end_ns - start_ns), ("lead", lead_ns)):
        if length_ns > LONGEST_NS:
            raise BudgetExceeded(
                f"longer than {LONGEST_NS // _DAY_NS} days",
                offender=name,
                value=f"{length_ns / _DAY_NS:.1f} days",
                remedy="score it month by month",
            )
    if lead_ns < 0 or end_ns == start_ns:
        raise BudgetExceeded("nothing to score", offender="window", value=(start_ns, end_ns), remedy="name a window")
