"""Model names to detectors; a detector's module is imported when first asked for."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any, Final, cast

from ovoo_contract.errors import ConfigError

from ovoo_models.base import Detector, Place

__all__ = ["create", "model_names"]

_MODELS: Final = {
    "mewma": "ovoo_models.anomaly.ewma:Mewma",
    "change_point": "ovoo_models.anomaly.change_point:ChangePoint",
    "lagged": "ovoo_models.anomaly.lagged:Lagged",
    "variance": "ovoo_models.anomaly.variance:Variance",
    "pca": "ovoo_models.anomaly.pca:Pca",
    "half_space": "ovoo_models.anomaly.half_space:HalfSpace",
    "isolation": "ovoo_models.anomaly.isolation:Isolation",
    "range": "ovoo_models.anomaly.single:RangeCheck",
    "flatline": "ovoo_models.anomaly.single:Flatline",
    "rate": "ovoo_models.anomaly.single:RateCheck",
    "novelty": "ovoo_models.anomaly.novelty:Novelty",
    "window": "ovoo_models.anomaly.window:Window",
    "spike": "ovoo_models.anomaly.spike:Spike",
    "noise": "ovoo_models.anomaly.noise_change:NoiseChange",
    "unit_slip": "ovoo_models.anomaly.unit_slip:UnitSlip",
    "sensor_drift": "ovoo_models.anomaly.sensor_drift:SensorDrift",
    "drift_watch": "ovoo_models.anomaly.drift_watch:DriftWatch",
    "energy_baseline": "ovoo_models.efficiency.baseline:EnergyBaseline",
    "cusum_savings": "ovoo_models.efficiency.baseline:CusumSavings",
    "energy_drift": "ovoo_models.efficiency.drift:EnergyDrift",
    "idle": "ovoo_models.efficiency.idle:IdleRunning",
    "equipment": "ovoo_models.efficiency.live:LiveEfficiency",
    "sec": "ovoo_models.efficiency.specific:SpecificConsumption",
    "meter_balance": "ovoo_models.efficiency.balance.stream:MeterBalance",
    "demand": "ovoo_models.efficiency.tariff.demand_watch:DemandWatch",
}


def model_names() -> tuple[str, ...]:
    """The models there are."""
    return tuple(_MODELS)


def create(name: str, params: Mapping[str, Any], place: Place) -> Detector:
    """A detector of that name at that place; ConfigError for an unknown name or wrong parameters."""
    try:
        module, _, attribute = _MODELS[name].partition(":")
    except KeyError:
        raise ConfigError(
            "no such model", offender="model", value=name, remedy=f"one of {', '.join(_MODELS)}"
        ) from None
    return cast("Detector", getattr(importlib.import_module(module), attribute)(params, place))
