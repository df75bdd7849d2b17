"""How the detector of a binding is fitted, and what its card says of that."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from ovoo_packs.templates import ModelBinding

from ovoo_models.anomaly.change_point import ChangePoint
from ovoo_models.anomaly.single import RangeCheck
from ovoo_models.anomaly.window import Window
from ovoo_models.base import Detector, FrameBlock, Place
from ovoo_models.efficiency.baseline import CusumSavings, EnergyBaseline
from ovoo_models.train.baseline import fit_baseline
from ovoo_models.train.drift import fit_drift
from ovoo_models.train.isolation import fit_isolation
from ovoo_models.train.lagged import fit_lagged
from ovoo_models.train.multivariate import fit_mewma
from ovoo_models.train.pca import fit_pca
from ovoo_models.train.sensor_drift import fit_sensor_drift

__all__ = ["learn"]

_Fit = Callable[[Mapping[str, Any], Place, FrameBlock], tuple[Detector, Any]]
_FITS: Final[Mapping[str, _Fit]] = {
    "lagged": fit_lagged,
    "pca": fit_pca,
    "isolation": fit_isolation,
    "sensor_drift": fit_sensor_drift,
    "energy_baseline": lambda params, place, rows: fit_baseline(params, place, rows, EnergyBaseline),
    "energy_drift": fit_drift,
    "cusum_savings": lambda params, place, rows: fit_baseline(params, place, rows, CusumSavings),
}
"""Detectors that numpy and scikit-learn fit; all others learn by themselves."""


def learn(
    binding: ModelBinding, place: Place, frames: FrameBlock, detector: Detector, least_rows: int
) -> tuple[Detector, dict[str, Any]]:
    """The fitted detector and the facts for its card; NotReady where the frames do not suffice."""
    if binding.model == "mewma":
        model, found = fit_mewma(binding.params, place, frames, least_rows)
        return model, _plain(asdict(found))
    fit = _FITS.get(binding.model)
    if fit is not None:
        fitted, facts = fit(binding.params, place, frames)
        return fitted, _plain(asdict(facts))
    if isinstance(detector, ChangePoint):
        return detector, {"rows": detector.learn_history(frames), "limit": detector.limit}
    if isinstance(detector, Window):
        return detector, {"window_steps": detector.learn_history(frames), "on_delay_s": detector.watch.on_delay_s}
    detector.learn_many(frames)
    card: dict[str, Any] = {"on_delay_s": detector.watch.on_delay_s}
    if isinstance(detector, RangeCheck):
        card |= {f"limit_{name}": float(f"{bound:.6g}") for name, bound in detector.bounds.items()}
    return detector, card


def _plain(card: Mapping[str, Any]) -> dict[str, Any]:
    """NaN has no place in JSON: what is not known is null."""
    return {name: None if value != value else value for name, value in card.items()}
