"""From a template and a history of normal work to a model set with its card."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import sklearn
from ovoo_contract.errors import ArtifactError, NotReady
from ovoo_packs.templates import AssetTemplate, ModelBinding

from ovoo_models.artifact import FORMAT_VERSION, ModelSet
from ovoo_models.base import Detector, FrameBlock, Place
from ovoo_models.bindings import DEFAULT_PERIOD_S, template_bindings, template_signals
from ovoo_models.efficiency.baseline import CusumSavings, EnergyBaseline
from ovoo_models.feedback import Adjustments
from ovoo_models.registry import create
from ovoo_models.train.baseline import fit_baseline
from ovoo_models.train.history import History, frames_of
from ovoo_models.train.multivariate import fit_mewma
from ovoo_models.train.sensor_drift import fit_sensor_drift

__all__ = ["fit", "fit_frames"]


@dataclass(frozen=True, slots=True)
class _Fitted:
    state: Mapping[str, str]
    card: Mapping[str, Any]


def fit(
    template: AssetTemplate,
    history: History,
    asset: str = "",
    period_s: float = DEFAULT_PERIOD_S,
    trained_by: str = "",
    start_ns: int | None = None,
    end_ns: int | None = None,
    adjustments: Adjustments | None = None,
) -> ModelSet:
    """The models of `template`, fitted on `history` (signal -> time_ns, value, quality) within [start_ns, end_ns).

    The history is normal work, a week or more, at any step up to three minutes. A model for which it does not suffice
    stays unfitted; the card says so. adjustments: rows of confirmed faults are left out, and the card names what
    people said. asset: the address or path the set is for, the template's unless given.
    """
    bindings = template_bindings(template)
    signals = template_signals(template, bindings)
    frames = _between(frames_of(history, signals, round(period_s * 1e9)), start_ns, end_ns)
    model_set = ModelSet(asset or template.default_path, period_s, signals, bindings)
    about: dict[str, Any] = {"template": template.id, "trained_by": trained_by}
    if adjustments is not None:
        frames = _without(frames, adjustments.left_out)
        about["feedback"] = adjustments.card()
    return fit_frames(model_set, frames, about)


def fit_frames(model_set: ModelSet, frames: FrameBlock, about: Mapping[str, Any]) -> ModelSet:
    """The same set with every binding fitted on the frames; `about` goes into the card."""
    if len(frames) == 0:
        raise ArtifactError("no rows to learn from", offender="train.window", remedy="widen the window")
    fitted = {each.id: _fit_binding(each, model_set, frames) for each in model_set.bindings}
    card = {
        **about,
        "window": [_iso(frames.time_ns[0]), _iso(frames.time_ns[-1])],
        "rows": len(frames),
        "format": FORMAT_VERSION,
        "versions": {"ovoo_models": metadata.version("ovoo-models"), "scikit_learn": sklearn.__version__},
        "models": {name: dict(each.card) for name, each in fitted.items()},
    }
    states = {name: each.state for name, each in fitted.items()}
    return ModelSet(model_set.asset, model_set.period_s, model_set.signals, model_set.bindings, states, card)


def _fit_binding(binding: ModelBinding, model_set: ModelSet, frames: FrameBlock) -> _Fitted:
    gate = binding.params.get("gate")
    place = Place(
        tuple(model_set.index(name) for name in binding.inputs),
        model_set.index(gate) if gate else -1,
        len(model_set.signals),
        round(model_set.period_s * 1e9),
    )
    detector = create(binding.model, binding.params, place)
    card: dict[str, Any]
    try:
        detector, card = _learn(binding, place, frames, detector)
    except NotReady as error:
        card = {"not_fitted": str(error)}
    fresh = create(binding.model, binding.params, place)
    state, learned = dict(fresh.state()), detector.state()
    state.update({name: learned[name] for name in detector.learned})
    return _Fitted(state, {"model": binding.model, **card})


def _learn(
    binding: ModelBinding, place: Place, frames: FrameBlock, detector: Detector
) -> tuple[Detector, dict[str, Any]]:
    if binding.model == "mewma":
        model, found = fit_mewma(binding.params, place, frames)
        return model, _plain(asdict(found))
    if binding.model == "sensor_drift":
        drift, shape = fit_sensor_drift(binding.params, place, frames)
        return drift, _plain(asdict(shape))
    if binding.model in ("energy_baseline", "cusum_savings"):
        kind = EnergyBaseline if binding.model == "energy_baseline" else CusumSavings
        baseline, fitted = fit_baseline(binding.params, place, frames, kind)
        return baseline, _plain(asdict(fitted))
    detector.learn_many(frames)
    watch = detector.watch
    return detector, {"on_delay_s": watch.on_delay_s}


def _plain(card: Mapping[str, Any]) -> dict[str, Any]:
    """NaN has no place in JSON: what is not known is null."""
    return {name: None if value != value else value for name, value in card.items()}


def _between(frames: FrameBlock, start_ns: int | None, end_ns: int | None) -> FrameBlock:
    times = frames.time_ns
    first = 0 if start_ns is None else next((i for i, t in enumerate(times) if t >= start_ns), len(times))
    last = len(times) if end_ns is None else next((i for i, t in enumerate(times) if t >= end_ns), len(times))
    return frames.rows(first, last)


def _without(frames: FrameBlock, windows: Sequence[tuple[int, int]]) -> FrameBlock:
    """The frames outside every [start, end)."""
    kept = [i for i, t in enumerate(frames.time_ns) if not any(start <= t < end for start, end in windows)]
    width = frames.width
    cells = (frames.values[i * width : i * width + width] for i in kept)
    values = array("d", itertools.chain.from_iterable(cells))
    return FrameBlock(array("q", [frames.time_ns[i] for i in kept]), values, width)


def _iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // 10**9, UTC).isoformat().replace("+00:00", "Z")
