"""One energy fault in a simulated plant: learn from normal weeks, score weeks with the fault, compare with true kW."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from ovoo_models.base import FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.drift import EnergyDrift
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.idle import IdleRunning
from ovoo_models.latch import CLOSED, OPENED, REOPENED, Latch
from ovoo_models.train.drift import fit_drift
from ovoo_simulator.excess import excess_kw, fault_energy
from ovoo_simulator.faults import Fault, FaultKind
from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, Plant, create_plant
from ovoo_simulator.times import DAY_NS, HOUR_NS, MINUTE_NS, local_midnight_ns

__all__ = ["CASES", "Case", "Outcome", "fault_of", "run_case", "start_of"]

_SEASON_DAYS = 37
TRAINING_DAYS, BEFORE_DAYS, FAULT_DAYS, AFTER_DAYS = 14, 4, 5, 5


@dataclass(frozen=True, slots=True)
class Case:
    """A fault and the detector that is to find it.

    Attributes:
        plant: name.
        asset: `area/line/asset` that fails.
        kind: what happens to it.
        low: least size drawn.
        high: greatest size drawn.
        inputs: (asset, signal) of power, then of the drivers.
        params: of the model.
        hours: local hours [from, to) of an idle run; empty: the fault lasts for `FAULT_DAYS`.
    """

    plant: str
    asset: str
    kind: FaultKind
    low: float
    high: float
    inputs: tuple[tuple[str, str], ...]
    params: Mapping[str, float] = field(default_factory=dict)
    hours: tuple[float, ...] = ()


_AIR, _BELT, _HTST = "utilities/air/comp1", "transport/main/belt1", "processing/line1/htst1"
CASES: Mapping[str, Case] = {
    # air used against coal moved: flow as a driver would hide a leak behind its own meter
    "leak": Case("coal_mine", _AIR, "leak", 0.14, 0.24, ((_AIR, "power"), (_BELT, "load"))),
    "fouling": Case("coal_mine", _AIR, "fouling", 0.10, 0.18, ((_AIR, "power"), (_AIR, "flow"), (_AIR, "pressure"))),
    "exchanger": Case("dairy", _HTST, "fouling", 0.06, 0.10, ((_HTST, "power"), (_HTST, "flow"))),
    "idle_waste": Case(
        "coal_mine", _BELT, "idle_running", 1.0, 1.0, ((_BELT, "power"), (_BELT, "load")),
        {"power_min": 5.0}, (8.0, 11.5),
    ),
    "setpoint": Case("coal_mine", _AIR, "setpoint_drift", 0.10, 0.18, ((_AIR, "power"), (_BELT, "load"))),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one seed: delay of the first finding in seconds (None: missed), size told and true, findings without fault."""

    seed: int
    delay_s: float | None
    told: Estimate
    truth: float
    false_findings: int

    @property
    def sized(self) -> bool:
        """Whether the truth lies in the stated 90 % band of a fault that was found."""
        return self.delay_s is not None and abs(self.told.value - self.truth) <= self.told.half_width(0.9)


def run_case(case: Case, seed: int) -> Outcome:
    """One trial: 14 days to learn, 4 without a fault, 5 with it, 5 after the repair; a row a minute."""
    start, fault = start_of(seed), fault_of(case, seed)
    plant = create_plant(case.plant, seed=seed)
    normal = _rows(plant, case, start, TRAINING_DAYS, None)
    scored = _rows(plant, case, start + TRAINING_DAYS * DAY_NS, BEFORE_DAYS + FAULT_DAYS + AFTER_DAYS, fault)
    place = Place(tuple(range(len(case.inputs))), -1, len(case.inputs), MINUTE_NS)
    if case.hours:
        return _idle(case, place, normal, scored, plant, fault, seed)
    return _drift(case, place, normal, scored, plant, fault, seed)


def start_of(seed: int) -> int:
    """Where training begins: a local midnight in a season of the seed's own."""
    return local_midnight_ns(DEFAULT_ORIGIN_NS + (60 + seed * _SEASON_DAYS % 365) * DAY_NS)


def fault_of(case: Case, seed: int) -> Fault:
    """The fault of a seed, of a size of its own."""
    size = float(np.random.default_rng(seed).uniform(case.low, case.high))
    onset = start_of(seed) + (TRAINING_DAYS + BEFORE_DAYS) * DAY_NS
    end = onset + FAULT_DAYS * DAY_NS
    if case.hours:
        onset, end = onset + round(case.hours[0] * HOUR_NS), onset + round(case.hours[1] * HOUR_NS)
    return Fault(case.kind, case.asset, "", onset, end, size, ())


def _drift(
    case: Case, place: Place, normal: FrameBlock, scored: FrameBlock, plant: Plant, fault: Fault, seed: int
) -> Outcome:
    model, _found = fit_drift(case.params, place, normal)
    upto = sum(at < fault.end_ns for at in scored.time_ns)
    latch = Latch()
    starts = _starts(model, scored.rows(0, upto), latch)
    told, least = model.drift().now_kw, model.states.bounds[-1]
    starts += _starts(model, scored.rows(upto, len(scored)), latch)
    delay, false = _judged(starts, fault)
    return Outcome(seed, delay, told, _true_kw(plant, fault, least, float(case.params.get("mean_h", 12.0))), false)


def _true_kw(plant: Plant, fault: Fault, least_kw: float, mean_h: float) -> float:
    """The true excess at load by the end of the fault, averaged as the model says that it averages: over `mean_h`."""
    times = np.arange(fault.start_ns, fault.end_ns, MINUTE_NS)
    at_load = plant.truth(times, [fault])[fault.asset]["power"] >= least_kw
    excess = excess_kw(plant, fault, times)[at_load]
    if not len(excess):
        return math.nan
    weight = np.exp(-np.arange(len(excess) - 1, -1, -1) / (60.0 * mean_h))
    return float((weight * excess).sum() / weight.sum())


def _idle(
    case: Case, place: Place, normal: FrameBlock, scored: FrameBlock, plant: Plant, fault: Fault, seed: int
) -> Outcome:
    model = IdleRunning(case.params, place)
    model.learn_many(normal)
    out = ScoreBlock()
    model.score_many(scored, out)
    events = Latch().run(scored, out, model.watch)
    delay, false = _judged([scored.time_ns[each.row] for each in events if each.kind in (OPENED, REOPENED)], fault)
    own = [each for each in events if each.kind == CLOSED and fault.start_ns <= each.start_ns <= fault.end_ns]
    kwh = own[-1].measure_last if own else math.nan
    truth = fault_energy(plant, fault).excess_kwh
    rows = [i for i, at in enumerate(scored.time_ns) if fault.start_ns <= at < fault.end_ns]
    missing = sum(out.score[i] != out.score[i] for i in rows)
    # half a row at either end and two at every missing one are not integrated: taken at the mean power, and in doubt
    open_rows = 1 + 2 * missing
    kwh *= len(rows) / (len(rows) - open_rows)
    doubt = kwh * open_rows / len(rows) / 1.6448536269514722
    return Outcome(seed, delay, Estimate(kwh, doubt, "kWh"), truth, false)


def _starts(model: EnergyDrift, rows: FrameBlock, latch: Latch) -> list[int]:
    """Times at which findings begin."""
    out = ScoreBlock()
    model.score_many(rows, out)
    return [rows.time_ns[each.row] for each in latch.run(rows, out, model.watch) if each.kind in (OPENED, REOPENED)]


def _judged(starts: list[int], fault: Fault) -> tuple[float | None, int]:
    """Delay of the first finding in the fault; how many began before it or after the repair."""
    inside = [at for at in starts if fault.start_ns <= at < fault.end_ns]
    return (inside[0] - fault.start_ns) / 1e9 if inside else None, len(starts) - len(inside)


def _rows(plant: Plant, case: Case, start_ns: int, days: int, fault: Fault | None) -> FrameBlock:
    columns = plant.simulate(start_ns, MINUTE_NS, days * DAY_NS // MINUTE_NS, [fault] if fault else [])
    place = {(entry.address.asset_path, entry.address.signal): row for row, entry in enumerate(plant.entries)}
    table = np.column_stack([columns.value[place[each]] for each in case.inputs])
    return FrameBlock(array("q", columns.time_ns.tobytes()), array("d", table.tobytes()), len(case.inputs))
