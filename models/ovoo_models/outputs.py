"""Derived signals of a monitor: scores, and energy by quarter hour."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry, class_rank
from ovoo_contract.quality import GOOD, UNCERTAIN
from ovoo_contract.units import conversion

from ovoo_models._select import frame_kernels
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import IDLE, LOAD, OFF, SETTLING, UNKNOWN, FrameBlock, ScoreBlock
from ovoo_models.efficiency.drift import EnergyDrift
from ovoo_models.efficiency.idle import IdleRunning
from ovoo_models.efficiency.integration import EnergyMeter
from ovoo_models.efficiency.power_state import LOAD as POWER_LOAD
from ovoo_models.gate import Gate
from ovoo_models.machine_minutes import COVERED, MachineMinutes, Scored
from ovoo_models.phrases import output_name
from ovoo_models.state import ArrayStore

__all__ = ["OutputColumns", "SetEnergy"]

Column = tuple["array[int]", "array[float]", "array[int]"]
_HEARTBEAT_NS: Final = 900_000_000_000
_FIELDS: Final = ("score", "limit", "state")
_POWERED: Final = ("idle", "energy_drift", "energy_baseline", "sec", "cusum_savings")
"""Models that read a power first; those that know the machine's state best come first."""
_INTERVAL_S: Final = 900.0
_UNKNOWN_MODE: Final = 255


class OutputColumns:
    """Score (each frame), limit and state (on change and every quarter hour) of one binding."""

    def __init__(self, binding_id: str, period_ns: int) -> None:
        # `energy-state` and its like belong to the energy of the asset
        self._id = "energy-baseline" if binding_id == "energy" else binding_id
        self._period_s = period_ns / 1e9
        self._last_time, self._last_value = array("q", [-1, -1, -1]), array("d", bytes(24))
        self._arrays = ArrayStore(f"outputs.{binding_id}", time=self._last_time, value=self._last_value)
        self._columns = _fresh(3)

    def entries(self, asset: AssetAddress, inputs: Sequence[SignalUse]) -> tuple[SignalEntry, ...]:
        """The catalogue entries, in the order of `take`; a score has the data class of its highest input."""
        highest = max((use.data_class for use in inputs), key=class_rank)
        return tuple(
            SignalEntry(
                address=asset.signal(f"{self._id}-{field}"),
                unit="1",
                data_class=highest,
                period_s=self._period_s if field == "score" else _HEARTBEAT_NS / 1e9,
                name_zh=f"{self._id} {output_name(field, 'zh')}",
                name_en=f"{self._id} {output_name(field, 'en')}",
                measurement="score",
                field=field,
                model=self._id,
            )
            for field in _FIELDS
        )

    def push(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Take the scores of these rows."""
        n = len(rows)
        codes = array("d", bytes(8 * n))
        frame_kernels.widen_codes(out.state, n, codes)
        sources = (out.score, out.limits, codes)
        for place, (source, every) in enumerate(zip(sources, (0, _HEARTBEAT_NS, _HEARTBEAT_NS), strict=True)):
            time_ns, value = array("q", bytes(8 * n)), array("d", bytes(8 * n))
            mark, last = self._last_time[place : place + 1], self._last_value[place : place + 1]
            kept = frame_kernels.change_rows(rows.time_ns, source, n, every, mark, last, time_ns, value)
            self._last_time[place], self._last_value[place] = mark[0], last[0]
            del time_ns[kept:], value[kept:]
            self._columns[place][0].extend(time_ns)
            self._columns[place][1].extend(value)
            self._columns[place][2].extend(array("I", [GOOD]) * kept)

    def take(self) -> list[Column]:
        """The samples since the last call, a column an entry."""
        done, self._columns = self._columns, _fresh(3)
        return done

    def state(self) -> dict[str, str]:
        """What was last sent."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)


class SetEnergy:
    """Energy, mean power and machine state of the asset by quarter hour, stamped with its start; its figures by minute.

    An interval less than 95 % covered by samples is UNCERTAIN: its kWh are those of the covered part only.
    """

    def __init__(self, model_set: ModelSet, source: str, column: int) -> None:
        self._use = model_set.signals[column]
        factor, _offset = conversion(self._use.unit, "kW")
        self._meter = EnergyMeter(column, factor, _INTERVAL_S)
        self.minutes = MachineMinutes(model_set, column)
        self.source = source
        self._columns = _fresh(3)

    @classmethod
    def of(cls, model_set: ModelSet) -> SetEnergy | None:
        """The energy of a binding that reads a power; the one that knows the states best."""
        powered = [each for each in model_set.bindings if each.model in _POWERED]
        for binding in sorted(powered, key=lambda each: _POWERED.index(each.model)):
            return cls(model_set, binding.id, model_set.index(binding.inputs[0]))
        return None

    def entries(self, asset: AssetAddress) -> tuple[SignalEntry, ...]:
        """The catalogue entries, in the order of `take`."""
        quarters = tuple(
            SignalEntry(
                address=asset.signal(f"energy-{field}"),
                unit=unit,
                data_class=self._use.data_class,
                period_s=_INTERVAL_S,
                name_zh=output_name(field, "zh"),
                name_en=output_name(field, "en"),
                measurement="energy",
                field=field,
                model="energy",
            )
            for field, unit in (("power_kw", "kW"), ("energy_kwh", "kWh"), ("state", "1"))
        )
        return (*quarters, *self.minutes.entries(asset))

    def push(self, rows: FrameBlock, scored: Mapping[str, Scored]) -> None:
        """Integrate these rows, just scored by all bindings; that of `source` also tells the machine state."""
        modes = _modes(scored[self.source], len(rows))
        self.minutes.push(rows, modes, scored)
        done = self._meter.push(rows, modes)
        quality = array("I", [GOOD if share >= COVERED else UNCERTAIN for share in done.covered])
        for place, values in enumerate((done.power_kw, done.energy_kwh, done.state)):
            known = [i for i, x in enumerate(values) if not math.isnan(x)]
            self._columns[place][0].extend(done.start_ns[i] for i in known)
            self._columns[place][1].extend(values[i] for i in known)
            self._columns[place][2].extend(quality[i] for i in known)

    def take(self) -> list[Column]:
        """The samples since the last call, a column an entry."""
        done, self._columns = self._columns, _fresh(3)
        return [*done, *self.minutes.take()]

    def state(self) -> dict[str, Any]:
        """The open intervals."""
        return {"quarter": self._meter.state(), "minute": self.minutes.state()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take `state()`."""
        self._meter.load(state["quarter"])
        self.minutes.load(state["minute"])


def _modes(scored: Scored, n: int) -> array[int]:
    """0 off, 1 idle, 2 load, 255 unknown; a machine without load is idle."""
    detector, codes = scored.detector, scored.out.state[:n].tobytes()
    if isinstance(detector, IdleRunning):
        return detector.mode
    gate = getattr(detector, "gate", None)
    modes = codes.translate(_MODES_OF_IDLE if isinstance(gate, Gate) and gate.regimes == "idle" else _MODES)
    if isinstance(detector, EnergyDrift) and detector.ready and _UNKNOWN_MODE in modes:
        # rows outside what was learned are not scored, but their power is that of a machine at load
        modes = bytes(map(min, modes, detector.power_codes(n).tobytes().translate(_AT_LOAD)))
    return array("B", modes)


def _table(scored: int) -> bytes:
    modes = {UNKNOWN: _UNKNOWN_MODE, OFF: 0, IDLE: 1, SETTLING: 2, LOAD: 2}
    return bytes(modes.get(code, scored) for code in range(256))


_MODES: Final = _table(2)
_MODES_OF_IDLE: Final = _table(1)
_AT_LOAD: Final = bytes(2 if code == POWER_LOAD else _UNKNOWN_MODE for code in range(256))


def _fresh(count: int) -> list[Column]:
    return [(array("q"), array("d"), array("I")) for _ in range(count)]
