"""From a template and a history of normal work to a model set with its card."""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

import sklearn
from ovoo_contract.errors import ArtifactError, NotReady
from ovoo_packs.templates import AssetTemplate, ModelBinding
from threadpoolctl import threadpool_limits

from ovoo_models import artifact
from ovoo_models.artifact import FORMAT_VERSION, ModelSet
from ovoo_models.base import FrameBlock
from ovoo_models.bindings import DEFAULT_PERIOD_S, template_bindings, template_signals
from ovoo_models.feedback import Adjustments
from ovoo_models.monitor import place_of
from ovoo_models.regimes import learned_set
from ovoo_models.registry import create
from ovoo_models.train.history import History, frames_of
from ovoo_models.train.learning import learn
from ovoo_models.train.multivariate import LEAST_ROWS
from ovoo_models.train.parts import Checkpoint, Fitted, PartTask, Runner, data_hash, part_keys
from ovoo_models.train.progress import Progress
from ovoo_models.train.usual import usual_ranges

__all__ = ["fit", "fit_frames", "fit_part", "in_process", "versions"]


def fit(
    template: AssetTemplate,
    history: History,
    asset: str = "",
    period_s: float = DEFAULT_PERIOD_S,
    trained_by: str = "",
    start_ns: int | None = None,
    end_ns: int | None = None,
    run: Runner | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
    source_sha256: str = "",
    adjustments: Adjustments | None = None,
) -> ModelSet:
    """The models of `template`, fitted on `history` (signal -> time_ns, value, quality) within [start_ns, end_ns).

    The history is normal work, a week or more, at any step up to three minutes. A model for which it does not
    suffice stays unfitted; the card says so. adjustments: rows of confirmed faults are left out, and the card names
    what people said. asset: the address or path the set is for, the template's unless given.
    run: where the models are fitted, here unless given; checkpoint: keeps those that are done, so that a run that was
    stopped goes on. Neither changes a byte of the result.
    """
    if progress is not None:
        progress.say("making rows")
    bindings = template_bindings(template)
    signals = template_signals(template, bindings)
    frames = _between(frames_of(history, signals, round(period_s * 1e9)), start_ns, end_ns)
    model_set = ModelSet(asset or template.default_path, period_s, signals, bindings)
    about: dict[str, Any] = {"template": template.id, "trained_by": trained_by, "source_sha256": source_sha256}
    if adjustments is not None:
        frames = _without(frames, adjustments.left_out)
        about["feedback"] = adjustments.card()
    return fit_frames(model_set, frames, about, run=run, checkpoint=checkpoint, progress=progress)


def fit_frames(
    model_set: ModelSet,
    frames: FrameBlock,
    about: Mapping[str, Any],
    least_rows: int = LEAST_ROWS,
    *,
    run: Runner | None = None,
    checkpoint: Checkpoint | None = None,
    progress: Progress | None = None,
) -> ModelSet:
    """The same set with every binding fitted on the frames; `about` goes into the card.

    least_rows: fewer leave a multivariate model unfitted. The others are as for `fit`.
    """
    if len(frames) == 0:
        raise ArtifactError("no rows to learn from", offender="train.window", remedy="widen the window")
    data_sha256 = data_hash(frames)
    model_set, regimes = learned_set(model_set, frames)
    if regimes:
        about = {**about, "regimes": regimes}
    keys = part_keys(model_set, data_sha256, least_rows, versions()["ovoo_models"])
    fitted = _known_parts(keys, checkpoint)
    tasks = [
        PartTask(_unfitted(model_set), each.id, least_rows) for each in model_set.bindings if each.id not in fitted
    ]
    if progress is not None:
        progress.say("fitting", len(fitted), len(keys))
    for name, part in (run or in_process)(tasks, frames):
        fitted[name] = part
        if checkpoint is not None:
            checkpoint.put(keys[name], part)
        if progress is not None:
            progress.say(f"fitted {name}", len(fitted), len(keys))
    return _whole(model_set, frames, {**about, "data_sha256": data_sha256}, fitted)


def in_process(tasks: Sequence[PartTask], frames: FrameBlock) -> Iterator[tuple[str, Fitted]]:
    """Fit one after the other, here."""
    for task in tasks:
        yield task.binding, fit_part(task, frames)


def fit_part(task: PartTask, frames: FrameBlock) -> Fitted:
    """Fit one binding of a set; what workers run."""
    model_set = artifact.loads(task.model_set)
    binding = next(each for each in model_set.bindings if each.id == task.binding)
    # one thread: sums of several would depend on their number, and workers have another than we
    with threadpool_limits(1):
        return _fit_binding(binding, model_set, frames, task.least_rows)


def _known_parts(keys: Mapping[str, str], checkpoint: Checkpoint | None) -> dict[str, Fitted]:
    if checkpoint is None:
        return {}
    found = {name: checkpoint.get(key) for name, key in keys.items()}
    return {name: part for name, part in found.items() if part is not None}


def _unfitted(model_set: ModelSet) -> bytes:
    return artifact.dumps(ModelSet(model_set.asset, model_set.period_s, model_set.signals, model_set.bindings))


def _whole(model_set: ModelSet, frames: FrameBlock, about: Mapping[str, Any], fitted: Mapping[str, Fitted]) -> ModelSet:
    order = [each.id for each in model_set.bindings]
    card = {
        **about,
        "window": [_iso(frames.time_ns[0]), _iso(frames.time_ns[-1])],
        "rows": len(frames),
        "format": FORMAT_VERSION,
        "versions": versions(),
        "signals": usual_ranges(model_set, frames),
        "models": {name: dict(fitted[name].card) for name in order},
    }
    states = {name: fitted[name].state for name in order}
    return ModelSet(model_set.asset, model_set.period_s, model_set.signals, model_set.bindings, states, card)


def versions() -> dict[str, str]:
    """What a model set is made with, as its card says: others may make other bytes of the same history."""
    return {"ovoo_models": metadata.version("ovoo-models"), "scikit_learn": sklearn.__version__}


def _fit_binding(binding: ModelBinding, model_set: ModelSet, frames: FrameBlock, least_rows: int) -> Fitted:
    place = place_of(binding, model_set, round(model_set.period_s * 1e9))
    detector = create(binding.model, binding.params, place)
    card: dict[str, Any]
    try:
        detector, card = learn(binding, place, frames, detector, least_rows)
    except NotReady as error:
        card = {"not_fitted": str(error)}
    fresh = create(binding.model, binding.params, place)
    state, learned = dict(fresh.state()), detector.state()
    state.update({name: learned[name] for name in detector.learned})
    return Fitted(state, {"model": binding.model, **card})


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
