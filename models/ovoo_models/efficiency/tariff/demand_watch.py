"""The demand of the running window each second, on the gateway: will it end above the target, and what to shed now?"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ovoo_contract.errors import ConfigError

from ovoo_models._select import demand_kernels
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.efficiency.tariff.demand import DemandMeter
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["DemandWatch"]


class DemandWatch:
    """Score = mean that the running window ends at if the power stays / `target_kw`; 1 is the limit.

    The inputs are powers in one unit, `kw_per_unit` kW each, that add up to the site. Measure: the kW to switch off now
    to end the window at the target. A row is not scored while a power is missing; time that was not measured counts
    as no energy, so that the score is then a lower bound.
    """

    learned = ()
    trace_width = 2

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "demand")
        if not place.inputs or len(set(place.inputs)) != len(place.inputs):
            raise ConfigError(
                "powers are needed, each once", code="tariff.powers_needed_each_once", offender="demand.inputs",
                value=place.inputs, remedy="the site's meters",
            )  # fmt: skip
        self.place = place
        self.gate = Gate(known, place)
        self._columns = array("i", place.inputs)
        self._target = known.number("target_kw", 1.0, 1e-6, 1e12)
        self._factor = known.number("kw_per_unit", 1.0, 1e-9, 1e9)
        window_ns = round(known.number("window_s", 900.0, 1.0, 3600.0)) * 1_000_000_000
        slots = round(known.number("slots", 15.0, 1.0, 3600.0))
        sliding = known.text("windows", "fixed", "fixed", "sliding") == "sliding"
        gap_ns = round(known.number("gap_s", 60.0, 0.001, 3600.0) * 1e9)
        zone = _zone(known.text("timezone", "Asia/Shanghai"))
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 30.0, 0.0),
            off_delay_s=known.number("off_delay_s", 60.0, 0.0),
            merge_s=known.number("merge_s", 900.0, 0.0),
            release=known.number("release", 0.98, 0.0, 1.0),
        )
        known.finish()
        if "target_kw" not in known:
            raise ConfigError(
                "the target is needed", code="tariff.target_needed", offender="demand.target_kw",
                remedy="the demand to stay below, a fact of the site",
            )  # fmt: skip
        self._meter = DemandMeter(zone, window_ns=window_ns, slots=slots, sliding=sliding, gap_ns=gap_ns)
        self._power = array("d")
        self._arrays = ArrayStore("demand", **self._meter.arrays, running=self.gate.running)

    @property
    def ready(self) -> bool:
        """Always; single rows may still be unknown."""
        return True

    def learn_many(self, rows: FrameBlock) -> None:
        """Nothing to learn: the target is given."""

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; trace: the projected mean, in kW, and the kW to shed."""
        n = len(rows)
        out.resize(n, self.trace_width)
        if len(self._power) < n:
            self._power.extend(array("d", bytes(8 * (n - len(self._power)))))
        mask = self.gate.mask(rows)
        if n:
            self._meter.follow_clock(rows.time_ns[0])
        demand_kernels.power_rows(
            rows.values, rows.width, n, self._columns, len(self._columns), self._factor, self._power
        )
        self._meter.take(rows.time_ns, self._power, n, self._target, out.trace)
        demand_kernels.demand_scores(mask, out.trace, n, self._target, out.score, out.limits, out.measure, out.state)

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Inputs by their part of the power."""
        base = row * rows.width
        drawn = [(column, rows.values[base + column]) for column in self._columns]
        drawn = [(column, power) for column, power in drawn if power > 0.0]
        total = sum(power for _, power in drawn)
        found = [Contribution(column, power / total) for column, power in drawn if power / total > 0.0]
        return tuple(sorted(found, key=lambda each: -each.share))

    def state(self) -> dict[str, str]:
        """The running window, the month's peak, and the gate."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        remedy = "a name of the time-zone data, for instance Asia/Shanghai"
        raise ConfigError(
            "no such time zone", code="tariff.no_such_time_zone", offender="demand.timezone", value=name, remedy=remedy
        ) from error
