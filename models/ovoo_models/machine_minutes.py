"""What a machine used, wasted and lost in each minute: derived signals of the measurement `telemetry_1m`."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.quality import GOOD, UNCERTAIN
from ovoo_contract.units import conversion
from ovoo_packs.specific_unit import specific_unit

from ovoo_models.artifact import ModelSet
from ovoo_models.base import ALARM, NORMAL, PENDING, FrameBlock, ScoreBlock
from ovoo_models.efficiency.drift import EnergyDrift
from ovoo_models.efficiency.minute_drivers import MEAN, MinuteDrivers
from ovoo_models.efficiency.periods import Period, PeriodMeter
from ovoo_models.efficiency.power_state import IDLE, LOAD, OFF, UNKNOWN_STATE
from ovoo_models.phrases import output_name
from ovoo_models.state import ArrayStore

__all__ = ["COVERED", "PREFIX", "STATE_FIGURE", "MachineMinutes", "Scored"]

COVERED: Final = 0.95
"""Share of a period from which its figures are GOOD; below it they are UNCERTAIN, of the covered part only."""
PREFIX: Final = "machine-"
STATE_FIGURE: Final = "state"
_Z90: Final = 1.6448536269514722
_USED: Final = (("energy_kwh", "kWh"), ("idle_min", "min"), ("idle_kwh", "kWh"))
_DRIFT: Final = (("drift_kw", "kW"), ("drift_band_kw", "kW"), ("drift_kwh", "kWh"))
_STATES: Final = bytes({0: OFF, 1: IDLE, 2: LOAD}.get(code, UNKNOWN_STATE) for code in range(256))
_TOLD: Final = ((OFF, 0.0), (IDLE, 1.0), (LOAD, 2.0))
"""Power states as people and stores know them: 0 off, 1 idle, 2 load."""
_SCORED: Final = bytes(code in (NORMAL, PENDING, ALARM) for code in range(256))
Column = tuple["array[int]", "array[float]", "array[int]"]


@dataclass(frozen=True, slots=True)
class Scored:
    """A binding that has just scored the rows: its detector and what came out."""

    detector: object
    out: ScoreBlock


class MachineMinutes:
    """Minute by minute: kWh, idle minutes and kWh, stamped with its start.

    Where the asset has models for them, also as of the minute's last row at load: drift (kW now, half of its 90 % band,
    kWh since the baseline was frozen) and specific consumption. With a drift, also what a fit of power on its drivers
    needs: the mean of each driver, and the state in which the machine stood for 95 % of a minute covered whole.
    """

    def __init__(self, model_set: ModelSet, column: int) -> None:
        self._use = model_set.signals[column]
        factor, _offset = conversion(self._use.unit, "kW")
        self._meter = PeriodMeter(column, factor)
        drift = next((each for each in model_set.bindings if each.model == "energy_drift"), None)
        self._drift = drift.id if drift else ""
        self._drivers = MinuteDrivers(model_set, drift.inputs[1:] if drift else ())
        self._specific, self._unit, self._scale = "", "1", 1.0
        for binding in model_set.bindings:
            known = specific_unit(model_set.signals[model_set.index(binding.inputs[-1])].unit)
            if binding.model == "sec" and known is not None:
                self._specific = binding.id
                self._unit, self._scale = known[0], known[1] * factor
        state = ((STATE_FIGURE, "1"),) if drift else ()
        self.figures = (
            *_USED, *state, *self._drivers.figures, *(_DRIFT if drift else ()), *self._specific_figure(),
        )  # fmt: skip
        # the last row at load: of the drift, of the specific consumption; mean residual, gap, gap kWh; specific
        self._at, self._last = array("q", [-1, -1]), array("d", [math.nan] * 4)
        self._arrays = ArrayStore("machine_minutes", at=self._at, last=self._last)
        self._columns = self._fresh()

    def _specific_figure(self) -> tuple[tuple[str, str], ...]:
        return (("specific", self._unit),) if self._specific else ()

    def entries(self, asset: AssetAddress) -> tuple[SignalEntry, ...]:
        """The catalogue entries, in the order of `take`."""
        return tuple(
            SignalEntry(
                address=asset.signal(f"{PREFIX}{name}"),
                unit=unit,
                data_class=self._use.data_class,
                period_s=60.0,
                name_zh=_name(name, "zh"),
                name_en=_name(name, "en"),
                measurement="telemetry_1m",
                field="last",
                model=f"{PREFIX}{name}",
            )
            for name, unit in self.figures
        )

    def push(self, rows: FrameBlock, modes: array[int], scored: Mapping[str, Scored]) -> None:
        """Integrate these rows, with 0 off, 1 idle, 2 load or 255 a row, just scored by all bindings."""
        states = array("B", modes.tobytes().translate(_STATES))
        means = self._drivers.push(rows)
        for period in self._meter.push(rows, states):
            self._close(period, means.get(period.start_ns, {}), rows, scored)
        n = len(rows)
        for place, name in enumerate((self._drift, self._specific)):
            if name:
                self._remember(place, _last_scored(scored[name].out, 0, n), rows, scored[name])

    def _close(
        self, period: Period, means: Mapping[str, float], rows: FrameBlock, scored: Mapping[str, Scored]
    ) -> None:
        quality = GOOD if period.covered >= COVERED else UNCERTAIN
        idle_min = period.state_minutes[IDLE]
        values = [period.energy_kwh, idle_min, period.idle_kwh]
        if self._drift:
            values += [_state_of(period), *(means.get(name, math.nan) for name, _unit in self._drivers.figures)]
        first = bisect_left(rows.time_ns, period.start_ns)
        past = bisect_left(rows.time_ns, period.start_ns + self._meter.period_ns)
        for place, name in enumerate((self._drift, self._specific)):
            if name:
                self._remember(place, _last_scored(scored[name].out, first, past), rows, scored[name])
                known = period.start_ns <= self._at[place] < period.start_ns + self._meter.period_ns
                own = self._drift_figures(scored[name]) if place == 0 else [self._last[3]]
                values += own if known else [math.nan] * len(own)
        for column, value in zip(self._columns, values, strict=True):
            if not math.isnan(value):
                column[0].append(period.start_ns)
                column[1].append(value)
                column[2].append(quality)

    def _drift_figures(self, scored: Scored) -> list[float]:
        mean, gap, kwh = self._last[:3]
        sigma = scored.detector.finding_sigma if isinstance(scored.detector, EnergyDrift) else math.nan
        return [gap, _Z90 * math.hypot(sigma, mean - gap), kwh]

    def _remember(self, place: int, row: int, rows: FrameBlock, scored: Scored) -> None:
        if row < 0:
            return
        self._at[place] = rows.time_ns[row]
        if place == 1:
            self._last[3] = scored.out.score[row] * self._scale
        else:
            start = EnergyDrift.trace_width * row + 4
            self._last[:3] = scored.out.trace[start : start + 3]

    def take(self) -> list[Column]:
        """The samples since the last call, a column an entry."""
        done, self._columns = self._columns, self._fresh()
        return done

    def _fresh(self) -> list[Column]:
        return [(array("q"), array("d"), array("I")) for _ in self.figures]

    def state(self) -> dict[str, Any]:
        """The open minute and the last row at load."""
        return {"meter": self._meter.state(), "last": self._arrays.state(), "drivers": self._drivers.state()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()`."""
        self._meter.load(state["meter"])
        self._arrays.load(state["last"])
        # a state that was saved before there were drivers in it: their open minute begins anew
        self._drivers.load(state.get("drivers", ()))


def _name(figure: str, language: str) -> str:
    if figure.startswith(MEAN):
        return f"{output_name('mean', language)} {figure.removeprefix(MEAN)}"
    return output_name(figure, language)


def _state_of(period: Period) -> float:
    """The state of a minute that rows cover whole and that one state fills; NaN for any other."""
    if period.covered < 1.0:
        return math.nan
    minutes = math.fsum(period.state_minutes)
    return next((told for state, told in _TOLD if period.state_minutes[state] >= COVERED * minutes), math.nan)


def _last_scored(out: ScoreBlock, first: int, past: int) -> int:
    """The last row in [first, past) that was scored, in alarm or not; -1 where there is none."""
    found = out.state[first:past].tobytes().translate(_SCORED).rfind(b"\1")
    return first + found if found >= 0 else -1
