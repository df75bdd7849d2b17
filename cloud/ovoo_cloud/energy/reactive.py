"""Active and reactive energy of a site's meters over a window: what a power factor is measured from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from ovoo_contract.units import conversion
from ovoo_models.efficiency.tariff.intervals import QUARTER_NS
from ovoo_models.efficiency.tariff.power_factor import ReactiveRule

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.tables import SignalRecord
from ovoo_cloud.diagnosis.meters import counter_increments
from ovoo_cloud.diagnosis.observe import Window
from ovoo_cloud.energy.integrate import good_series
from ovoo_cloud.energy.quarters import asset_quarters, quarter_kwh, site_plans
from ovoo_cloud.energy.signal_roles import factor_to
from ovoo_cloud.energy.summary import read_columns
from ovoo_cloud.services import Services

__all__ = ["MeasuredRegisters", "site_registers"]

_DRAWN, _FED_BACK = "reactive_energy", "reactive_energy_export"
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class MeasuredRegisters:
    """Sums over the quarter hours that all counters know, in kWh and kvarh; `known` of `of` quarter hours.

    reactive_export is None where a meter has no counter of it.
    """

    active_import: Decimal
    reactive_import: Decimal
    reactive_export: Decimal | None
    known: int
    of: int
    signals: tuple[str, ...]

    def usable(self, rule: ReactiveRule, *, accept_holes: bool) -> bool:
        """Whether they tell the power factor by a rule: what is fed back must be known, unless it does not count."""
        whole = self.known == self.of or (accept_holes and self.known > 0)
        return whole and (rule == "import_only" or self.reactive_export is not None)

    def to_order(self) -> dict[str, str]:
        """As register differences of an order; the site's meters only draw."""
        return {
            "active_import": str(self.active_import),
            "active_export": "0",
            "reactive_import": str(self.reactive_import),
            "reactive_export": str(self.reactive_export or Decimal(0)),
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**self.to_order(), "known": self.known, "of": self.of, "signals": list(self.signals)}


def site_registers(
    services: Services, scope: Scope, enterprise: str, site: str, start_ns: int, end_ns: int
) -> MeasuredRegisters | None:
    """Of the site's meters together; None where one of them counts no reactive energy.

    Raises:
        NotFound, Forbidden: outside the scope.
        BudgetExceeded: more than 32 days.
    """
    plans = site_plans(services, scope, enterprise, site)
    with services.database.read() as session:
        rows = signals.signals(session, scope, enterprise, site=site, measurement="telemetry")
    counters = [_counters([row for row in rows if row.asset == plan.asset]) for plan in plans]
    if not counters or any(drawn is None for drawn, _back in counters):
        return None
    window, count = Window(start_ns, end_ns), (end_ns - start_ns) // QUARTER_NS
    active = np.zeros(count)
    used: list[str] = []
    for plan in plans:
        found = asset_quarters(services, scope, plan.asset, start_ns, end_ns)
        active = active + np.asarray(found.intervals.kwh)
        used += found.signals
    drawn_rows = [drawn for drawn, _back in counters if drawn is not None]
    back_rows = [back for _drawn, back in counters if back is not None]
    drawn = _quarters(services, drawn_rows, window, count)
    back = _quarters(services, back_rows, window, count) if len(back_rows) == len(plans) else None
    known = ~np.isnan(active + drawn + (0.0 if back is None else back))
    used += [row.address for row in (*drawn_rows, *(back_rows if back is not None else ()))]
    return MeasuredRegisters(
        _total(active[known]), _total(drawn[known]), None if back is None else _total(back[known]),
        int(known.sum()), count, tuple(used),
    )  # fmt: skip


def _counters(rows: Sequence[SignalRecord]) -> tuple[SignalRecord | None, SignalRecord | None]:
    """Counters of reactive energy drawn and fed back."""
    by_name = {row.name: row for row in rows if factor_to(row, "kvarh") is not None}
    return by_name.get(_DRAWN), by_name.get(_FED_BACK)


def _quarters(
    services: Services, rows: Sequence[SignalRecord], window: Window, count: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    total = np.zeros(count)
    for row in rows:
        series = good_series(read_columns(services, row, window), conversion(row.unit, "kvarh")[0])
        total = total + quarter_kwh(counter_increments(series), window.start_ns, count)
    return total


def _total(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Decimal:
    return Decimal(repr(round(math.fsum(values.tolist()), _DIGITS)))
