"""The models of one asset on a stream of batches: what gateway and cloud call."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_packs.templates import ModelBinding

from ovoo_models.artifact import ModelSet
from ovoo_models.base import Detector, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.baseline import EnergyBaseline
from ovoo_models.episodes import Episodes
from ovoo_models.frames import FrameBuilder
from ovoo_models.latch import Event, Latch
from ovoo_models.outputs import OutputColumns, SetEnergy
from ovoo_models.registry import create

__all__ = ["AssetMonitor", "MonitorOutput", "place_of"]

_BLOCK: Final = 2048
_SCORED: Final = ("mewma", "pca", "half_space", "isolation", "energy_baseline")


@dataclass(frozen=True, slots=True)
class MonitorOutput:
    """Derived samples, sorted by (signal, time), and the findings that opened, went on or closed, in order of time."""

    batch: SampleBatch
    findings: tuple[Finding, ...]


class _Watched:
    """One binding at work: detector, latch, findings."""

    def __init__(self, binding: ModelBinding, model_set: ModelSet, asset: AssetAddress, period_ns: int) -> None:
        self.binding = binding
        self.place = place_of(binding, model_set, period_ns)
        self.detector: Detector = create(binding.model, binding.params, self.place)
        state = model_set.states.get(binding.id)
        if state is not None:
            self.detector.load(state)
        self.latch = Latch()
        self.out = ScoreBlock()
        self._names = [use.name for use in model_set.signals]
        sigma = self.detector.hour_sigma_kw if isinstance(self.detector, EnergyBaseline) else 0.0
        units = [model_set.signals[column].unit for column in self.place.inputs]
        self.episodes = Episodes(binding, asset, units, self.detector.watch.quantity, sigma, period_ns)

    def run(self, rows: FrameBlock) -> list[tuple[int, Finding]]:
        """Score the rows; return the findings with the row each belongs to."""
        self.detector.score_many(rows, self.out)
        events = self.latch.run(rows, self.out, self.detector.watch)
        return [(event.row, self.episodes.take(event, self._causes(rows, event))) for event in events]

    def _causes(self, rows: FrameBlock, event: Event) -> list[tuple[str, float]]:
        shares = self.detector.explain(rows, self.out, event.row)
        return [(self._names[each.column], each.share) for each in shares]

    def state(self) -> dict[str, Any]:
        return {
            "detector": dict(self.detector.state()),
            "latch": self.latch.state(),
            "episodes": self.episodes.state(),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.detector.load(state["detector"])
        self.latch.load(state["latch"])
        self.episodes.load(state["episodes"])


class AssetMonitor:
    """Scores one asset. The same samples give the same bits, however the stream is cut into batches.

    period_s: frame period, that of the model set unless given; all times of the models are in seconds and the weight
    of a row follows the time since the last one, so the period only decides how soon something is seen. grace_s: how
    much later than others a sample may come. A batch may hold other assets; their rows are passed over.
    """

    def __init__(
        self, model_set: ModelSet, asset: AssetAddress, period_s: float | None = None, grace_s: float = 2.0
    ) -> None:
        self.asset = asset
        self.model_set = model_set
        self.period_ns = round((model_set.period_s if period_s is None else period_s) * 1e9)
        if self.period_ns <= 0 or grace_s < 0:
            raise ConfigError("a positive period is needed", offender="monitor.period_s", value=period_s)
        self._names = [use.name for use in model_set.signals]
        holds = [round(use.hold_s * 1e9) for use in model_set.signals]
        self._frames = FrameBuilder([-1] * len(holds), self.period_ns, holds, round(grace_s * 1e9))
        self._watched = [_Watched(each, model_set, asset, self.period_ns) for each in model_set.bindings]
        self._columns = [
            OutputColumns(each.binding.id, self.period_ns) for each in self._watched if each.binding.model in _SCORED
        ]
        self._energy = SetEnergy.of(model_set)
        inputs = [each for each in self._watched if each.binding.model in _SCORED]
        entries = [
            entry
            for columns, each in zip(self._columns, inputs, strict=True)
            for entry in columns.entries(asset, [model_set.signals[k] for k in each.place.inputs])
        ]
        self.outputs: tuple[SignalEntry, ...] = (*entries, *(self._energy.entries(asset) if self._energy else ()))

    @property
    def late(self) -> int:
        """Samples that came too late to be scored."""
        return self._frames.late

    def ready(self) -> dict[str, bool]:
        """Binding id -> whether its detector gives scores."""
        return {each.binding.id: each.detector.ready for each in self._watched}

    def process(self, batch: SampleBatch, index: Mapping[str, int], out_base: int) -> MonitorOutput:
        """Score the batch's rows of this asset.

        index: signal name -> index in the batch; names that are missing are not delivered. out_base: the index of
        `outputs[0]` in the derived batch.
        """
        self._frames.map_signals([index.get(name, -1) for name in self._names])
        return self._run(self._frames.push(batch), out_base)

    def flush(self, upto_ns: int, out_base: int) -> MonitorOutput:
        """Close and score every period that ends at or before `upto_ns`."""
        return self._run(self._frames.flush(upto_ns), out_base)

    def _run(self, frames: FrameBlock, out_base: int) -> MonitorOutput:
        found: list[Finding] = []
        for start in range(0, len(frames), _BLOCK):
            rows = frames if len(frames) <= _BLOCK else frames.rows(start, min(start + _BLOCK, len(frames)))
            found += self._score(rows)
        return MonitorOutput(self._collect(out_base), tuple(found))

    def _score(self, rows: FrameBlock) -> list[Finding]:
        found: list[tuple[int, int, Finding]] = []
        columns = iter(self._columns)
        for order, each in enumerate(self._watched):
            found += [(row, order, finding) for row, finding in each.run(rows)]
            if each.binding.model in _SCORED:
                next(columns).push(rows, each.out)
            if self._energy and self._energy.source == each.binding.id:
                self._energy.push(rows, each.detector, each.out)
        return [finding for _row, _order, finding in sorted(found, key=lambda item: item[:2])]

    def _collect(self, out_base: int) -> SampleBatch:
        batch = SampleBatch.empty()
        position = out_base
        sources: list[OutputColumns | SetEnergy] = [*self._columns]
        if self._energy:
            sources.append(self._energy)
        for source in sources:
            for times, values, quality in source.take():
                batch.signal.extend(array("I", [position]) * len(times))
                batch.time_ns.extend(times)
                batch.value.extend(values)
                batch.quality.extend(quality)
                position += 1
        return batch

    def state(self) -> dict[str, Any]:
        """Everything running, JSON-ready; `load` continues bit for bit."""
        return {
            "version": 1,
            "model": self.model_set.fingerprint,
            "period_ns": self.period_ns,
            "frames": self._frames.state(),
            "bindings": {each.binding.id: each.state() for each in self._watched},
            "outputs": [columns.state() for columns in self._columns],
            "energy": self._energy.state() if self._energy else None,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()` of a monitor of the same model set and period; ArtifactError otherwise."""
        mine = (1, self.model_set.fingerprint, self.period_ns)
        theirs = (state.get("version"), state.get("model"), state.get("period_ns"))
        if mine != theirs:
            raise ArtifactError(
                "state of another model", offender=f"monitor {self.asset}", value=theirs, remedy="start without state"
            )
        try:
            self._frames.load(state["frames"])
            for each in self._watched:
                each.load(state["bindings"][each.binding.id])
            for columns, text in zip(self._columns, state["outputs"], strict=True):
                columns.load(text)
            if self._energy:
                self._energy.load(state["energy"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtifactError("parts are missing", offender=f"monitor {self.asset}", value=str(error)) from error

    def state_json(self) -> str:
        """`state()` as JSON text."""
        return json.dumps(self.state(), allow_nan=False, sort_keys=True)


def place_of(binding: ModelBinding, model_set: ModelSet, period_ns: int) -> Place:
    """Where a binding's detector sits in the frames of its set."""
    gate = binding.params.get("gate")
    inputs = tuple(model_set.index(name) for name in binding.inputs)
    return Place(inputs, model_set.index(gate) if gate else -1, len(model_set.signals), period_ns)
