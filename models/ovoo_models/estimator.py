"""One detector for notebooks, benches and third parties: columns by name in, score columns out, saved as one file."""

from __future__ import annotations

import functools
import math
from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from ovoo_contract.errors import ArtifactError, ConfigError, NotReady, OvooError
from ovoo_packs.templates import ModelBinding

from ovoo_models import artifact
from ovoo_models._select import frame_kernels
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import NORMAL, Detector, FrameBlock, Place, ScoreBlock
from ovoo_models.buffers import Buffer, InputError, Values, read_frames, read_times
from ovoo_models.regimes import LEAST_ROWS, learned_params, running_load, wants_learning
from ovoo_models.registry import create

__all__ = ["Cause", "Estimator", "Factory", "InputError", "Scores"]

Factory = Callable[[Mapping[str, Any], Place], Detector]
_CLOCK: Final = "next_ns"


@dataclass(frozen=True, slots=True)
class Scores:
    """One cell a row; the columns are the caller's own.

    score: greater is more abnormal, any finite number; NaN where the row was not scored. limit: positive or infinite;
    score >= limit is a violation. measure: the figure that a finding quotes. state: a code of `ovoo_models.base`
    (UNKNOWN, OFF, SETTLING: not scored; NORMAL: scored). missing: cells that were infinite or beyond 1e30.
    """

    score: array[float]
    limit: array[float]
    measure: array[float]
    state: array[int]
    missing: int

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True, slots=True)
class Cause:
    """A column's share (0..1) of a score; sigma and change (in its unit) say how far it is off, NaN: not known."""

    column: str
    share: float
    sigma: float
    change: float


class Estimator:
    """A detector of the registry, or of a factory of your own, over named columns.

    model: a name of `registry.model_names()` or a `Factory`. params: those of the detector; `gate` names a column.
    columns: the names of a row's cells in order, or how many (then x0, x1, ...). inputs: those the detector reads, all
    but the gate unless given. period_s: step of rows that come without times, and the frame period of the detector.

    A new estimator may not be `ready`: it scores every row NaN with state UNKNOWN. The same rows in any number of
    calls give the same bits.

    >>> from array import array
    >>> check = Estimator("range", {"low": 0.0, "high": 10.0, "hysteresis": 1.0})
    >>> list(check.score_many(array("d", [5.0, 12.0])).score)
    [-4.0, 3.0]
    """

    def __init__(
        self,
        model: str | Factory,
        params: Mapping[str, Any] | None = None,
        *,
        columns: int | Sequence[str] = 1,
        inputs: Sequence[str] | None = None,
        period_s: float = 60.0,
    ) -> None:
        self.params = MappingProxyType(dict(params or {}))
        self.columns = _names(columns)
        gate = self.params.get("gate", "")
        self.inputs = tuple(name for name in self.columns if name != gate) if inputs is None else tuple(inputs)
        if not 0 < period_s < math.inf:
            raise ConfigError("a positive period is needed", offender="estimator.period_s", value=period_s)
        self.period_s = float(period_s)
        self.model = model if isinstance(model, str) else _key(model)
        self.place = self._place()
        self._factory: Factory = functools.partial(create, model) if isinstance(model, str) else model
        self.detector = self._factory(self.params, self.place)
        self._next_ns = self.place.period_ns
        self._learned = 0
        self._rows, self._out = FrameBlock.empty(len(self.columns)), ScoreBlock()

    def _place(self) -> Place:
        gate, load = (self.params.get(name, "") for name in ("gate", "load"))
        wanted = (*self.inputs, *(name for name in (gate, load) if name))
        unknown = [name for name in wanted if name not in self.columns]
        if unknown or not self.inputs:
            raise ConfigError(
                "inputs, gate and load must be columns", offender="estimator.inputs", value=unknown or self.inputs,
                remedy=f"one of {', '.join(self.columns)}",
            )  # fmt: skip
        places = tuple(self.columns.index(name) for name in self.inputs)
        period_ns = max(round(self.period_s * 1e9), 1)
        at = [self.columns.index(name) if name else -1 for name in (gate, load)]
        return Place(places, at[0], len(self.columns), period_ns, at[1])

    @property
    def ready(self) -> bool:
        """Whether scores can be given: fitted, or in no need of fitting."""
        return self.detector.ready

    def learn_many(self, values: Values, time_ns: Buffer | None = None) -> Estimator:
        """Learn from rows of normal work, in as many calls as you like; returns itself.

        values: rows x columns doubles, flat row-major doubles, or a mapping of column name to doubles; NaN is missing,
        infinities and what is beyond 1e30 count as missing. time_ns: one int64 a row (ns UTC); without it the rows
        follow the last ones at `period_s`.
        """
        rows, _missing = self._frames(values, time_ns)
        if wants_learning(self.params):
            self._learn_regimes(rows)
        self.detector.learn_many(rows)
        self._learned += len(rows)
        return self

    def _learn_regimes(self, rows: FrameBlock) -> None:
        """Take the threshold of load from the first call that holds enough running rows."""
        place = self.place
        if len(running_load(self.params, rows, place.gate, place.load)) >= LEAST_ROWS:
            params, _split = learned_params(self.params, rows, place.gate, place.load)
            self.params = MappingProxyType(params)
            self.place = self._place()
            self.detector = self._factory(self.params, self.place)

    def score_many(self, values: Values, time_ns: Buffer | None = None) -> Scores:
        """Score rows in order; arguments as in `learn_many`."""
        self._rows, missing = self._frames(values, time_ns)
        n = len(self._rows)
        self.detector.score_many(self._rows, self._out)
        out = self._out
        return Scores(out.score[:n], out.limits[:n], out.measure[:n], out.state[:n], missing)

    def explain(self, row: int) -> tuple[Cause, ...]:
        """What makes up the score of a row of the last `score_many`, greatest first; empty for detectors of one signal.

        Raises:
            InputError: the last block has no such row. NotReady: the row was not scored.
        """
        if not 0 <= row < len(self._rows):
            raise InputError("no such row", offender="row", value=row, remedy=f"the last block has {len(self._rows)}")
        if self._out.state[row] != NORMAL:
            raise NotReady("the row was not scored", offender="row", value=row, remedy="look at its state")
        found = self.detector.explain(self._rows, self._out, row)
        return tuple(Cause(self.columns[each.column], each.share, each.sigma, each.change) for each in found)

    def save(self, path: str | Path, trained_by: str = "") -> None:
        """Write model and running state as one checksummed file; `load` goes on bit for bit, on any machine."""
        from importlib import metadata  # slow to import, and scoring has no need of it

        binding = ModelBinding(self.model, "model", self.inputs, self.params)
        signals = tuple(SignalUse(name) for name in self.columns)
        card = {
            "rows": self._learned,
            "trained_by": trained_by,
            "versions": {"ovoo_models": metadata.version("ovoo-models")},
            _CLOCK: str(self._next_ns),
        }
        states = {"model": dict(self.detector.state())}
        artifact.save(path, ModelSet("estimator", self.period_s, signals, (binding,), states, card))

    @classmethod
    def load(cls, path: str | Path, model: Factory | None = None, binding: str = "") -> Estimator:
        """What `save` wrote, or one binding of any model set.

        model: the factory, for a detector that is not in the registry. binding: its id, where a set has several.

        Raises:
            ArtifactError: damaged, truncated, foreign, newer than this software, or of another model.
        """
        return _from_set(cls, artifact.load(path), model, binding, str(path))

    @classmethod
    def of_set(cls, model_set: ModelSet, binding: str = "") -> Estimator:
        """One binding of a model set as an estimator; errors as for `load`."""
        return _from_set(cls, model_set, None, binding, "model set")

    def _frames(self, values: Values, time_ns: Buffer | None) -> tuple[FrameBlock, int]:
        times = None if time_ns is None else read_times(time_ns)
        rows, missing = read_frames(values, self.columns, times)
        if times is None:
            rows.time_ns = array("q", bytes(len(rows.values) // rows.width * 8))
            frame_kernels.ramp_rows(rows.time_ns, self._next_ns, self.place.period_ns)
        if len(rows):
            self._next_ns = rows.time_ns[-1] + self.place.period_ns
        return rows, missing

    def _resume(self, state: Mapping[str, str], card: Mapping[str, Any]) -> None:
        self.detector.load(state)
        self._learned = int(card.get("rows", 0))
        self._next_ns = int(card.get(_CLOCK, self._next_ns))


def _from_set(
    cls: type[Estimator], model_set: ModelSet, model: Factory | None, binding: str, offender: str
) -> Estimator:
    ids = [each.id for each in model_set.bindings]
    wanted = binding or (ids[0] if len(ids) == 1 else "")
    if wanted not in ids:
        raise ArtifactError("no such model in the file", offender=offender, value=binding, remedy=f"one of {ids}")
    found = model_set.bindings[ids.index(wanted)]
    names = [use.name for use in model_set.signals]
    if model is not None and found.model != _key(model):
        raise ArtifactError("another model", offender=offender, value=found.model, remedy=f"not {_key(model)}")
    try:
        loaded = cls(
            model or found.model, found.params, columns=names, inputs=found.inputs, period_s=model_set.period_s
        )
        if wanted in model_set.states:
            loaded._resume(model_set.states[wanted], model_set.card)
    except ArtifactError:
        raise
    except (OvooError, ValueError, TypeError) as error:
        raise ArtifactError(
            "cannot be made from this file", offender=offender, value=str(error), remedy="update or train again"
        ) from error
    return loaded


def _names(columns: int | Sequence[str]) -> tuple[str, ...]:
    names = tuple(f"x{k}" for k in range(columns)) if isinstance(columns, int) else tuple(columns)
    if not names or len(set(names)) != len(names):
        raise ConfigError("different column names are needed", offender="estimator.columns", value=columns)
    return names


def _key(model: Factory) -> str:
    return f"{model.__module__}:{getattr(model, '__qualname__', type(model).__qualname__)}"
