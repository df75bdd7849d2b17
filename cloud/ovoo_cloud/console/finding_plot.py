"""The picture of a finding from the store: its score with the limit, its causes, its signals."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from markupsafe import Markup
from ovoo_contract.address import Address
from ovoo_contract.findings import Finding
from ovoo_models.explanation import Explanation, Trace, asked_signals, usual_range, view_of
from ovoo_models.plot import Look, draw

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.console.language import Words
from ovoo_cloud.services import Services

__all__ = ["finding_plot"]

_STEPS: Final = 300
_MOST: Final = 4
_WIDTHS: Final = (("wide", 640.0), ("narrow", 330.0))
"""A picture for desks and one for telephones; the style sheet shows one of them."""


def finding_plot(services: Services, scope: Scope, finding: Finding, words: Words) -> Markup:
    """The SVG for the page; empty for readers who may not see samples and where there are none."""
    if not scope.allows(Permission.READ_TELEMETRY):
        return Markup("")
    with services.database.read() as session:
        asset = finding.asset
        rows = signals.signals(session, scope, asset.enterprise, site=asset.site, asset=str(asset))
    start_ns, end_ns = view_of(finding, services.clock())
    read = _Reader(services, scope, start_ns, end_ns)
    traces = [_with_range(read.signal(row), finding) for row in _shown(rows, finding)]
    score, limit = (read.derived(rows, finding, field) for field in ("score", "limit"))
    if score is None and not any(math.isfinite(x) for trace in traces for x in trace.value):
        return Markup("")
    names = {row.name: words.name(row) for row in rows if words.name(row)}
    explanation = Explanation(finding, start_ns, end_ns, tuple(traces), score, limit)
    drawn = (
        (kind, draw(explanation, Look(words.language, names, words.zone, width=width, headline=False)))
        for kind, width in _WIDTHS
    )
    return Markup("".join(f'<div class="plot-{kind}">{svg}</div>' for kind, svg in drawn))  # noqa: S704  # escaped


def _shown(rows: Sequence[SignalRecord], finding: Finding) -> list[SignalRecord]:
    """The signals that the finding names; where it names none, the first of its machine."""
    known = {row.name: row for row in rows if row.measurement == "telemetry" and row.type in ("float", "int", "bool")}
    named = [known[name] for name in asked_signals(finding) if name in known]
    return named or [row for row in known.values() if row.type == "float"][:_MOST]


def _with_range(trace: Trace, finding: Finding) -> Trace:
    low, high = usual_range(trace.time_ns, trace.value, finding.start_ns)
    return Trace(trace.name, trace.unit, trace.time_ns, trace.value, low, high)


class _Reader:
    """Series of one stretch of time, in steps that a picture can show."""

    def __init__(self, services: Services, scope: Scope, start_ns: int, end_ns: int) -> None:
        self._store = services.telemetry(scope)
        self._start_ns, self._end_ns = start_ns, end_ns

    def signal(self, row: SignalRecord) -> Trace:
        """Means of the steps; on/off signals keep their last state."""
        figure = signals.minute_figure(row, "mean")
        times, values = self._series(figure or row.address, 60.0 if figure else row.period_s, row.type == "bool")
        return Trace(row.name, row.unit, times, values)

    def derived(self, rows: Sequence[SignalRecord], finding: Finding, field: str) -> Trace | None:
        """The score or limit of the finding's model; None where it sends none."""
        model = "energy-baseline" if finding.model == "energy" else finding.model
        found = [row for row in rows if row.measurement == "score" and (row.model, row.field) == (model, field)]
        if not found:
            return None
        times, values = self._series(found[0].address, found[0].period_s, last=True)
        known = [(at, x) for at, x in zip(times, values, strict=True) if math.isfinite(x)]
        if not known:
            return None
        if field == "limit":
            times, values = [at for at, _ in known], [x for _, x in known]
        return Trace(field, "1", times, values, hold=field == "limit")

    def _series(self, address: str, period_s: float, last: bool) -> tuple[list[int], list[float]]:
        step_ns = max(round(period_s * 1e9), (self._end_ns - self._start_ns) // _STEPS, 10**9)
        windows = self._store.windows(Address.parse(address), self._start_ns, self._end_ns, step_ns=step_ns)
        values = windows.last if last else windows.mean
        return windows.start_ns.tolist(), values.tolist()
