"""Alarm events to findings: one finding a fault, with its figure, its causes and the key of its sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal, cast

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError
from ovoo_contract.findings import Finding, FindingSeverity
from ovoo_packs.templates import ModelBinding

from ovoo_models.artifact import SignalUse
from ovoo_models.base import Contribution
from ovoo_models.latch import CLOSED, OPENED, Event

__all__ = ["TIMES_LIMIT", "Episodes", "Reason", "finding_code", "reasons_of"]

_CODES: Final = {
    "mewma": "anomaly.multivariate",
    "change_point": "anomaly.change",
    "lagged": "anomaly.dynamic",
    "variance": "anomaly.variance",
    "pca": "anomaly.subspace",
    "half_space": "anomaly.density",
    "isolation": "anomaly.isolation",
    "flatline": "signal.flatline",
    "rate": "signal.rate",
    "novelty": "anomaly.novelty",
    "window": "anomaly.pattern",
    "spike": "signal.spike",
    "noise": "signal.noise",
    "unit_slip": "signal.unit",
    "sensor_drift": "signal.drift",
    "drift_watch": "model.drift",
    "energy_baseline": "energy.excess",
    "energy_drift": "energy.drift",
    "idle": "energy.idle",
    "sec": "energy.specific",
    "meter_balance": "energy.imbalance",
    "equipment": "energy.efficiency",
    "demand": "energy.demand",
}
TIMES_LIMIT: Final = (
    "anomaly.multivariate",
    "anomaly.change",
    "anomaly.dynamic",
    "anomaly.subspace",
    "anomaly.density",
    "anomaly.isolation",
    "model.drift",
)
"""Codes whose value is a score over its limit and whose causes are several signals."""
_PLAIN: Final = ("energy.specific", "signal.noise", "signal.unit", "anomaly.variance")
"""Codes whose figure is a ratio."""
_NS_PER_H: Final = 3.6e12
_Z90: Final = 1.645


@dataclass(frozen=True, slots=True)
class Reason:
    """A signal's share of a finding; sigma and change in its unit as in `Contribution`, NaN where not known."""

    signal: str
    share: float
    unit: str = "1"
    sigma: float = math.nan
    change: float = math.nan

    def detail(self, place: int) -> dict[str, str | float]:
        """Its facts in a finding's detail; `signal_1` is the greatest."""
        facts: dict[str, str | float] = {f"signal_{place}": self.signal, f"share_{place}": round(self.share, 3)}
        if math.isfinite(self.sigma) and math.isfinite(self.change):
            facts |= {f"sigma_{place}": float(f"{self.sigma:.3g}"), f"change_{place}": float(f"{self.change:.4g}")}
            facts[f"unit_{place}"] = self.unit
        return facts

    def state(self) -> list[Any]:
        """Plain data; NaN has no place in JSON."""
        numbers = [None if math.isnan(x) else x for x in (self.sigma, self.change)]
        return [self.signal, self.share, self.unit, *numbers]

    @classmethod
    def of(cls, state: Sequence[Any]) -> Reason:
        """What `state` gave."""
        signal, share, unit, sigma, change = state
        numbers = [math.nan if x is None else float(x) for x in (sigma, change)]
        return cls(str(signal), float(share), str(unit), *numbers)


def reasons_of(uses: Sequence[SignalUse], shares: Sequence[Contribution]) -> list[Reason]:
    """The shares of a score with the names and units of their signals; `uses` are those of the model set."""
    named = [(uses[each.column], each) for each in shares]
    return [Reason(use.name, each.share, use.unit, each.sigma, each.change) for use, each in named]


def finding_code(binding: ModelBinding) -> str:
    """The code of the binding's findings; a range of kind `limit` is an alarm limit of the pack."""
    if binding.model != "range":
        return _CODES.get(binding.model, f"model.{binding.model}")
    if binding.params.get("kind") != "limit":
        return "signal.range"
    return "limit.high" if "high" in binding.params else "limit.low"


class Episodes:
    """The findings of one binding on one asset."""

    def __init__(
        self,
        binding: ModelBinding,
        asset: AssetAddress,
        units: Sequence[str],
        quantity: Literal["peak", "last"],
        sigma: float,
        period_ns: int,
        bounds: Mapping[str, float] = MappingProxyType({}),
    ) -> None:
        self._binding = binding
        self._asset = asset
        self._units = units
        self._quantity = quantity
        self._sigma = sigma
        self._period_ns = period_ns
        self._bounds = bounds
        self._code = finding_code(binding)
        self._best = 0.0
        self._figure = math.nan
        self._causes: list[Reason] = []

    def take(self, event: Event, causes: Sequence[Reason]) -> Finding:
        """The finding after `event`; `causes` are those at its row, greatest first."""
        if event.kind == OPENED:
            self._best, self._causes = 0.0, []
        if event.ratio >= self._best:
            self._best, self._figure = event.ratio, event.measure_peak
            if causes and event.kind != CLOSED:
                self._causes = [*causes[:3]]
        end_ns = event.end_ns if event.kind == CLOSED else event.end_ns + self._period_ns
        value = self._figure if self._quantity == "peak" else event.measure_last
        return self._finding(event.start_ns, max(end_ns, event.start_ns), value, is_open=event.kind != CLOSED)

    def _finding(self, start_ns: int, end_ns: int, value: float, is_open: bool) -> Finding:
        hours = (end_ns - start_ns) / _NS_PER_H
        scaled = 60.0 * value if self._code == "signal.rate" else value
        doubt = self._doubt(hours)
        return Finding(
            code=self._code,
            severity=cast("FindingSeverity", self._binding.params.get("severity", "warning")),
            asset=self._asset,
            start_ns=start_ns,
            end_ns=end_ns,
            value=scaled if math.isfinite(scaled) else None,
            unit=self._unit(),
            uncertainty=doubt if math.isfinite(doubt) else None,
            advice=str(self._binding.params.get("advice", f"advice.{self._code}")),
            model=self._binding.id,
            open=is_open,
            detail=self._detail(hours),
        )

    def _doubt(self, hours: float) -> float:
        """Half of the 90 % band; NaN where none is known."""
        if self._code == "energy.drift":
            return _Z90 * self._sigma
        return _Z90 * self._sigma * math.sqrt(hours) if self._code == "energy.excess" else math.nan

    def _unit(self) -> str:
        if self._code in TIMES_LIMIT:
            return "1"
        if self._code in ("energy.excess", "energy.idle"):
            return "kWh"
        if self._code in ("energy.drift", "energy.demand"):
            return "kW"
        if self._code == "energy.efficiency":
            return "%"
        if self._code == "signal.drift":
            return self._units[self._binding.inputs.index(self._blamed())]
        return "1" if self._code in _PLAIN else self._units[0]

    def _blamed(self) -> str:
        """The signal that a check of several signals convicts; the first input before there are causes."""
        return self._causes[0].signal if self._causes and self._code == "signal.drift" else self._binding.inputs[0]

    def _detail(self, hours: float) -> dict[str, str | float]:
        detail: dict[str, str | float] = {"phrase": self._code, "hours": round(hours, 3)}
        if self._code not in TIMES_LIMIT:
            detail["signal"] = self._blamed()
        if 0 < self._best < math.inf:
            detail["ratio"] = float(f"{self._best:.4g}")
        for place, reason in enumerate(self._causes, start=1):
            detail |= reason.detail(place)
        return detail | {name: float(f"{bound:.6g}") for name, bound in self._bounds.items()}

    def state(self) -> dict[str, Any]:
        """What is remembered of the finding that is open or may open again."""
        figure = None if math.isnan(self._figure) else self._figure
        return {"best": self._best, "figure": figure, "causes": [each.state() for each in self._causes]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()`."""
        try:
            best = float(state["best"])
            figure = math.nan if state["figure"] is None else float(state["figure"])
            causes = [Reason.of(each) for each in state["causes"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                "state does not fit", offender=f"episodes.{self._binding.id}", value=str(error)
            ) from error
        self._best, self._figure, self._causes = best, figure, causes
