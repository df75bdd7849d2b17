"""The models of one asset on a stream of batches: what gateway and cloud call."""

from __future__ import annotations

import itertools
import json
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_packs.templates import ModelBinding

from ovoo_models._select import sensor_kernels
from ovoo_models.anomaly.single import RangeCheck
from ovoo_models.artifact import ModelSet
from ovoo_models.base import Detector, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.baseline import EnergyBaseline
from ovoo_models.episodes import Episodes, Reason, reasons_of
from ovoo_models.feedback import Adjustments
from ovoo_models.frames import FrameBuilder
from ovoo_models.grouping import Grouper
from ovoo_models.latch import Event, Latch
from ovoo_models.machine_minutes import Scored
from ovoo_models.outputs import OutputColumns, SetEnergy
from ovoo_models.registry import create
from ovoo_models.sensor import SENSOR_MODELS, Mask, takes_doubt, takes_relief

__all__ = ["AssetMonitor", "MonitorOutput", "place_of"]

_BLOCK: Final = 2048
_STATE_VERSION: Final = 3
_UNADJUSTED: Final = Adjustments()
_SCORED: Final = (
    "mewma", "change_point", "lagged", "variance", "pca", "half_space", "isolation", "novelty", "window",
    "energy_baseline", "energy_drift", "equipment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MonitorOutput:
    """Derived samples, sorted by (signal, time), and the findings that opened, went on or closed, in order of time."""

    batch: SampleBatch
    findings: tuple[Finding, ...]


class _Watched:
    """One binding at work: detector, latch, findings."""

    def __init__(
        self, binding: ModelBinding, model_set: ModelSet, asset: AssetAddress, period_ns: int, relief: float
    ) -> None:
        self.binding = binding
        self.relief = relief
        self.place = place_of(binding, model_set, period_ns)
        self.detector: Detector = create(binding.model, binding.params, self.place)
        state = model_set.states.get(binding.id)
        if state is not None:
            self.detector.load(state)
        self.latch = Latch()
        self.out = ScoreBlock()
        self._uses = model_set.signals
        self.mask = Mask(self.detector) if binding.model in SENSOR_MODELS else None
        sigma = self.detector.finding_sigma if isinstance(self.detector, EnergyBaseline) else 0.0
        units = [model_set.signals[column].unit for column in self.place.inputs]
        bounds = self.detector.bounds if isinstance(self.detector, RangeCheck) else {}
        self.episodes = Episodes(binding, asset, units, self.detector.watch.quantity, sigma, period_ns, bounds)

    def run(self, rows: FrameBlock) -> list[tuple[int, Finding]]:
        """Score the rows; return the findings with the row each belongs to."""
        self.detector.score_many(rows, self.out)
        if self.relief != 1.0:
            sensor_kernels.scale_column(self.out.limits, len(rows), self.relief)
        events = self.latch.run(rows, self.out, self.detector.watch)
        return [(event.row, self.episodes.take(event, self._causes(rows, event))) for event in events]

    def _causes(self, rows: FrameBlock, event: Event) -> list[Reason]:
        return reasons_of(self._uses, self.detector.explain(rows, self.out, event.row))

    def state(self) -> dict[str, Any]:
        return {
            "detector": dict(self.detector.state()),
            "latch": self.latch.state(),
            "episodes": self.episodes.state(),
            **({"mask": self.mask.arrays.state()} if self.mask else {}),
        }

    def load(self, state: Mapping[str, Any]) -> None:
        self.detector.load(state["detector"])
        self.latch.load(state["latch"])
        self.episodes.load(state["episodes"])
        if self.mask:
            self.mask.arrays.load(state["mask"])


class AssetMonitor:
    """Scores one asset. The same samples give the same bits, however the stream is cut into batches.

    period_s: frame period, that of the model set unless given; all times of the models are in seconds and the weight
    of a row follows the time since the last one, so the period only decides how soon something is seen. grace_s: how
    much later than others a sample may come. adjustments: what people said of its findings. A batch may hold other
    assets; their rows are passed over.
    """

    def __init__(
        self,
        model_set: ModelSet,
        asset: AssetAddress,
        period_s: float | None = None,
        grace_s: float = 2.0,
        adjustments: Adjustments = _UNADJUSTED,
    ) -> None:
        self.asset = asset
        self.adjustments = adjustments
        self.model_set = model_set
        self.period_ns = round((model_set.period_s if period_s is None else period_s) * 1e9)
        if self.period_ns <= 0 or grace_s < 0:
            raise ConfigError("a positive period is needed", offender="monitor.period_s", value=period_s)
        self._names = [use.name for use in model_set.signals]
        holds = [round(use.hold_s * 1e9) for use in model_set.signals]
        self._frames = FrameBuilder([-1] * len(holds), self.period_ns, holds, round(grace_s * 1e9))
        self._watched = [
            _Watched(each, model_set, asset, self.period_ns, _relief(each, adjustments)) for each in model_set.bindings
        ]
        numbered = [*enumerate(self._watched)]
        # sensors are judged before machines, whatever the order of the bindings
        self._in_order = sorted(numbered, key=lambda item: takes_doubt(item[1].binding.model))
        self._columns = [
            OutputColumns(each.binding.id, self.period_ns) for each in self._watched if each.binding.model in _SCORED
        ]
        self._energy = SetEnergy.of(model_set)
        self._scored = {each.binding.id: Scored(each.detector, each.out) for each in self._watched}
        self._grouper = Grouper()
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

    def adjust(self, adjustments: Adjustments) -> None:
        """From the next row on, what people say now; nothing that runs is lost."""
        self.adjustments = adjustments
        for each in self._watched:
            each.relief = _relief(each.binding, adjustments)

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
        trusted = rows
        for order, each in self._in_order:
            seen = trusted if takes_doubt(each.binding.model) else rows
            found += [(row, order, finding) for row, finding in each.run(seen)]
            if each.mask:
                trusted = each.mask.hide(rows, each.out, trusted)
        columns = iter(self._columns)
        for each in self._watched:
            if each.binding.model in _SCORED:
                next(columns).push(rows, each.out)
        if self._energy:
            self._energy.push(rows, self._scored)
        return self._grouped(rows, sorted(found, key=lambda item: item[:2]))

    def _grouped(self, rows: FrameBlock, found: list[tuple[int, int, Finding]]) -> list[Finding]:
        """The findings with their groups, row after row: however the stream is cut, the groups are the same."""
        told: list[Finding] = []
        for row, same in itertools.groupby(found, key=lambda item: item[0]):
            told += self._grouper.take(rows.time_ns[row], [self._heard(finding) for _row, _order, finding in same])
        return told

    def _heard(self, finding: Finding) -> Finding:
        """What people know already is a note, not an alarm."""
        if not self.adjustments.mutes(finding.code, finding.start_ns):
            return finding
        return replace(finding, severity="info", detail={**finding.detail, "muted": "known"})

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
            "version": _STATE_VERSION,
            "model": self.model_set.fingerprint,
            "period_ns": self.period_ns,
            "frames": self._frames.state(),
            "bindings": {each.binding.id: each.state() for each in self._watched},
            "outputs": [columns.state() for columns in self._columns],
            "groups": self._grouper.state(),
            "energy": self._energy.state() if self._energy else None,
        }

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()` of a monitor of the same model set and period; ArtifactError otherwise."""
        mine = (_STATE_VERSION, self.model_set.fingerprint, self.period_ns)
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
            self._grouper.load(state["groups"])
            if self._energy:
                self._energy.load(state["energy"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ArtifactError("parts are missing", offender=f"monitor {self.asset}", value=str(error)) from error

    def state_json(self) -> str:
        """`state()` as JSON text."""
        return json.dumps(self.state(), allow_nan=False, sort_keys=True)


def _relief(binding: ModelBinding, adjustments: Adjustments) -> float:
    return adjustments.relief.get(binding.id, 1.0) if takes_relief(binding) else 1.0


def place_of(binding: ModelBinding, model_set: ModelSet, period_ns: int) -> Place:
    """Where a binding's detector sits in the frames of its set."""
    gate, load = (binding.params.get(name) for name in ("gate", "load"))
    inputs = tuple(model_set.index(name) for name in binding.inputs)
    return Place(
        inputs,
        model_set.index(gate) if gate else -1,
        len(model_set.signals),
        period_ns,
        model_set.index(load) if load else -1,
    )
