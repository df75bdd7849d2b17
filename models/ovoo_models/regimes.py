"""Where idle ends and load begins, learned from history without labels."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from ovoo_models.artifact import ModelSet
from ovoo_models.base import FrameBlock
from ovoo_models.gate import LEARN

__all__ = ["LEAST_ROWS", "Split", "learned_params", "learned_set", "running_load", "split_of", "wants_learning"]

_BINS: Final = 256
LEAST_ROWS: Final = 100
_TAIL: Final = 0.001
"""Share of rows at either end that do not stretch the histogram."""
_LEAST_SHARE: Final = 0.02
_LEAST_BETWEEN: Final = 0.7
_VALLEY: Final = 0.125
_MOST_IN_VALLEY: Final = 0.03
_LOAD_PARAMS: Final = ("load", "load_above", "load_release", "regimes")


@dataclass(frozen=True, slots=True)
class Split:
    """Two regimes of a signal: load from `above` on, until it falls below `release`; mean of each, share that idles."""

    above: float
    release: float
    idle_mean: float
    load_mean: float
    idle_share: float


def split_of(values: Sequence[float]) -> Split | None:
    """The threshold between two clusters of the running load, by Otsu's rule on a histogram of 256 bins (Otsu 1979).

    None where they are not apart: fewer than 100 values, a cluster of less than 2 %, less than 70 % of the variance
    between the clusters, or more than 3 % of the values within an eighth of their distance from the threshold.
    `release` lies midway between the idle mean and the threshold.
    """
    ranked = sorted(x for x in values if math.isfinite(x))
    n = len(ranked)
    if n < LEAST_ROWS:
        return None
    low, high = ranked[int(_TAIL * n)], ranked[n - 1 - int(_TAIL * n)]
    step = (high - low) / _BINS
    if not step > 0 or low + step <= low:
        return None
    counts = [0] * _BINS
    for x in ranked:
        counts[min(max(int((x - low) / step), 0), _BINS - 1)] += 1
    edge, between = _otsu(counts)
    above = low + edge * step
    idle, load = [x for x in ranked if x < above], [x for x in ranked if x >= above]
    if min(len(idle), len(load)) < _LEAST_SHARE * n or between < _LEAST_BETWEEN:
        return None
    idle_mean, load_mean = math.fsum(idle) / len(idle), math.fsum(load) / len(load)
    reach = _VALLEY * (load_mean - idle_mean)
    if sum(abs(x - above) < reach for x in ranked) > _MOST_IN_VALLEY * n:
        return None
    return Split(above, 0.5 * (idle_mean + above), idle_mean, load_mean, len(idle) / n)


def _otsu(counts: Sequence[int]) -> tuple[float, float]:
    """The edge between bins with the most variance between the sides, the middle of equal ones; its share of all."""
    n = sum(counts)
    total = sum(k * c for k, c in enumerate(counts))
    square = sum(k * k * c for k, c in enumerate(counts))
    spread = square * n - total * total
    best, first, last = -1.0, 0, 0
    below = weighted = 0
    for k in range(len(counts) - 1):
        below += counts[k]
        weighted += k * counts[k]
        if not 0 < below < n:
            continue
        gap = weighted * n - total * below
        found = gap * gap / (below * (n - below))
        if found > best:
            best, first = found, k
        if found == best:
            last = k
    return 0.5 * (first + last) + 1.0, best / spread if spread > 0 else 0.0


def wants_learning(params: Mapping[str, Any]) -> bool:
    """Whether the threshold of load is to come from history."""
    return bool(params.get("load_above", LEARN if "load" in params else None) == LEARN)


def learned_params(
    params: Mapping[str, Any], rows: FrameBlock, gate: int, load: int
) -> tuple[dict[str, Any], Split | None]:
    """The parameters with a threshold from the running rows; without any load where idle and load are not apart.

    gate, load: columns in the rows; -1: no gate, or the load is the gate signal itself.
    """
    split = split_of(running_load(params, rows, gate, load))
    kept = {name: value for name, value in params.items() if name not in _LOAD_PARAMS}
    if split is None:
        return kept, None
    load_params = {name: params[name] for name in ("load", "regimes") if name in params}
    above = float(f"{split.above:.9g}")
    release = min(float(params.get("load_release", f"{split.release:.9g}")), above)
    return {**kept, **load_params, "load_above": above, "load_release": release}, split


def running_load(params: Mapping[str, Any], rows: FrameBlock, gate: int, load: int) -> array[float]:
    """The load of the rows in which the asset runs; columns as for `learned_params`."""
    values, width = rows.values, rows.width
    load = load if load >= 0 else gate
    if gate < 0:
        return values[load::width]
    low, high = params.get("gate_above", -math.inf), params.get("gate_below", math.inf)
    gates, loads = values[gate::width], values[load::width]
    return array("d", [y for x, y in zip(gates, loads, strict=True) if low <= x <= high])


def learned_set(model_set: ModelSet, frames: FrameBlock) -> tuple[ModelSet, dict[str, Any]]:
    """The set with every threshold of load learned from the frames, and what the card says: binding -> facts."""
    bindings = []
    card: dict[str, Any] = {}
    for binding in model_set.bindings:
        if not wants_learning(binding.params):
            bindings.append(binding)
            continue
        gate, load = (binding.params.get(name) for name in ("gate", "load"))
        at = [model_set.index(name) if name else -1 for name in (gate, load)]
        params, split = learned_params(binding.params, frames, *at)
        bindings.append(replace(binding, params=MappingProxyType(params)))
        card[binding.id] = _facts(params, split)
    return (replace(model_set, bindings=tuple(bindings)), card) if card else (model_set, card)


def _facts(params: Mapping[str, Any], split: Split | None) -> dict[str, Any]:
    if split is None:
        return {"regimes": "one"}
    return {
        "load_above": params["load_above"],
        "load_release": params["load_release"],
        "idle_share": float(f"{split.idle_share:.4g}"),
    }
