"""Alarm events to findings: one finding a fault, with its figure, its causes and the key of its sentence."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast

from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError
from ovoo_contract.findings import Finding, FindingSeverity
from ovoo_packs.templates import ModelBinding

from ovoo_models.latch import CLOSED, OPENED, Event

__all__ = ["Episodes", "finding_code"]

_CODES: Final = {
    "mewma": "anomaly.multivariate",
    "flatline": "signal.flatline",
    "rate": "signal.rate",
    "spike": "signal.spike",
    "noise": "signal.noise",
    "unit_slip": "signal.unit",
    "sensor_drift": "signal.drift",
    "drift_watch": "model.drift",
    "energy_baseline": "energy.excess",
    "idle": "energy.idle",
    "sec": "energy.specific",
}
_PLAIN: Final = ("energy.specific", "signal.noise", "signal.unit")
"""Codes whose figure is a ratio."""
_NS_PER_H: Final = 3.6e12
_Z90: Final = 1.645


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
        hour_sigma_kw: float,
        period_ns: int,
    ) -> None:
        self._binding = binding
        self._asset = asset
        self._units = units
        self._quantity = quantity
        self._hour_sigma_kw = hour_sigma_kw
        self._period_ns = period_ns
        self._code = finding_code(binding)
        self._best = 0.0
        self._figure = math.nan
        self._causes: list[tuple[str, float]] = []

    def take(self, event: Event, causes: Sequence[tuple[str, float]]) -> Finding:
        """The finding after `event`; `causes` are signal names and shares at its row, greatest first."""
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
        doubt = _Z90 * self._hour_sigma_kw * math.sqrt(hours) if self._code == "energy.excess" else math.nan
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

    def _unit(self) -> str:
        if self._code in ("anomaly.multivariate", "model.drift"):
            return "1"
        if self._code in ("energy.excess", "energy.idle"):
            return "kWh"
        if self._code == "signal.drift":
            return self._units[self._binding.inputs.index(self._blamed())]
        return "1" if self._code in _PLAIN else self._units[0]

    def _blamed(self) -> str:
        """The signal that a check of several signals convicts; the first input before there are causes."""
        return self._causes[0][0] if self._causes and self._code == "signal.drift" else self._binding.inputs[0]

    def _detail(self, hours: float) -> dict[str, str | float]:
        detail: dict[str, str | float] = {"phrase": self._code, "hours": round(hours, 3)}
        if self._code not in ("anomaly.multivariate", "model.drift"):
            detail["signal"] = self._blamed()
        for place, (name, share) in enumerate(self._causes, start=1):
            detail[f"signal_{place}"] = name
            detail[f"share_{place}"] = round(share, 3)
        for bound in ("low", "high"):
            limit = self._binding.params.get(bound)
            if self._binding.model == "range" and limit is not None:
                detail[bound] = float(limit)
        return detail

    def state(self) -> dict[str, Any]:
        """What is remembered of the finding that is open or may open again."""
        figure = None if math.isnan(self._figure) else self._figure
        return {"best": self._best, "figure": figure, "causes": [list(each) for each in self._causes]}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()`."""
        try:
            best = float(state["best"])
            figure = math.nan if state["figure"] is None else float(state["figure"])
            causes = [(str(name), float(share)) for name, share in state["causes"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ArtifactError(
                "state does not fit", offender=f"episodes.{self._binding.id}", value=str(error)
            ) from error
        self._best, self._figure, self._causes = best, figure, causes
