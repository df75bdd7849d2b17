"""A monitor run over a history: the findings, and what speaks for each of them."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass

from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch

from ovoo_models.csv_history import Columns, batch_of
from ovoo_models.explanation import Explanation, Trace, asked_signals, bands_of, usual_range, view_of
from ovoo_models.monitor import AssetMonitor

__all__ = ["Replay", "explanation_of", "replay"]


@dataclass(frozen=True, slots=True)
class Replay:
    """The history, the monitor that ran over it, its derived samples and the last word on each finding, by start."""

    columns: Mapping[str, Columns]
    monitor: AssetMonitor
    derived: SampleBatch
    findings: tuple[Finding, ...]


def replay(monitor: AssetMonitor, columns: Mapping[str, Columns]) -> Replay:
    """Score the whole history by a fresh monitor; ConfigError where it has no rows."""
    index = {name: place for place, name in enumerate(columns)}
    batch = batch_of(columns)
    if len(batch) == 0:
        raise ConfigError("no rows", offender="history", remedy="give a file with rows")
    outputs = [monitor.process(batch, index, 0), monitor.flush(max(batch.time_ns) + monitor.period_ns, 0)]
    latest = {finding.id: finding for output in outputs for finding in output.findings}
    derived = SampleBatch.concat([output.batch for output in outputs])
    found = sorted(latest.values(), key=lambda each: (each.start_ns, each.code, each.model))
    return Replay(columns, monitor, derived, tuple(found))


def explanation_of(run: Replay, finding: Finding) -> Explanation:
    """The score, limit and signals of a finding of this run."""
    last_ns = max(time_ns[-1] for time_ns, _value, _quality in run.columns.values() if time_ns)
    start_ns, end_ns = view_of(finding, last_ns)
    model_set = run.monitor.model_set
    binding = next((each for each in model_set.bindings if each.id == finding.model), None)
    wanted = asked_signals(finding, binding.inputs if binding else ())
    bands = bands_of(model_set.card)
    units = {use.name: use.unit for use in model_set.signals}
    traces = []
    for name in wanted:
        if name not in run.columns:
            continue
        time_ns, value, _quality = run.columns[name]
        low, high = bands.get(name) or usual_range(time_ns, value, finding.start_ns)
        traces.append(Trace(name, units.get(name, "1"), time_ns, value, low, high))
    return Explanation(
        finding, start_ns, end_ns, tuple(traces), _derived(run, finding, "score"), _derived(run, finding, "limit")
    )


def _derived(run: Replay, finding: Finding, field: str) -> Trace | None:
    """A derived signal of the finding's model; what was sent on change holds until the next."""
    model = "energy-baseline" if finding.model == "energy" else finding.model
    for place, entry in enumerate(run.monitor.outputs):
        if entry.measurement == "score" and entry.model == model and entry.field == field:
            rows = [i for i, signal in enumerate(run.derived.signal) if signal == place]
            times = array("q", [run.derived.time_ns[i] for i in rows])
            values = array("d", [run.derived.value[i] for i in rows])
            known = any(math.isfinite(x) for x in values)
            return Trace(field, "1", times, values, hold=field == "limit") if known else None
    return None
