"""The energy engine's speed: twin baselines, steam, equipment, savings, ventilation; peers in turn.

Timed in processor time on one core, but re-baselining, which is elapsed time on two. Before that, results are compared
with the peer's; a difference fails the benchmark. Each group of keys has one function in `GROUPS`.
"""

from __future__ import annotations

import argparse
import math
import os
import pathlib
import random
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import COMPILED, equipment_kernels, steam_kernels
from ovoo_models.efficiency.equipment import KINDS

from benchmarks import energy_kernel, frame, savings_speed, ventilation
from benchmarks.peers.environment import Talk, python_with

MEASURES = (
    "benchmarks/energy_kernel.py", "benchmarks/peers/opendsm_meters.py", "benchmarks/peers/steam.py",
    "benchmarks/savings_speed.py", "benchmarks/ventilation.py", "contract", "models",
)  # fmt: skip
FLOORS: Mapping[str, float] = {
    "kernel_ns": 120.0, "stability_max_ratio": 5.0, "restart_samples": 10.0, "if97_hpt_ns": 150.0,
    "if97_tph_ns": 400.0, "equipment_set_us": 3.0, "cp_search_ms": 0.2, "cp_fit_ms": 5.0, "rebaseline_10k_s": 60.0,
    "vent_1001_ms": 5.0,
}  # fmt: skip
"""What a key must not exceed."""
POINTS = 4000
SET: Mapping[str, tuple[float, ...]] = {
    "pump": (360.0, 20.0, 520.0, 1.0, 998.0, 70.0, 0.94),
    "fan": (20.0, 2000.0, 0.99, 60.0, 0.9),
    "compressor": (132.0, 22.0, 101.325, 0.0, 90.0, 20.0, 790.0),
    "boiler": (6.0, 150.0, 20.0, 0.68, 0.009, 3.0),
    "chiller": (200.0, 12.0, 7.0, 999.7, 4.19, 230.0, 35.0),
    "exchanger": (10.0, 4.19, 80.0, 50.0, 20.0, 45.0),
}
"""A reading of each machine of a set, in the order of its kind's inputs."""
Figures = dict[str, list[float]]


def best(work: Callable[[], object], points: int, goes: int = 7) -> float:
    """Least processor seconds a point of a few goes."""
    found = []
    for _ in range(goes):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) / points)
    return min(found)


def add(figures: Figures, key: str, value: float) -> None:
    """One more repeat of a key."""
    figures.setdefault(key, []).append(value)


def zeros(n: int) -> array[float]:
    """A column to fill."""
    return array("d", bytes(8 * n))


class SteamPoints:
    """Water and steam where plants work: half liquid to 200 bar, half steam to 600 C; never wet, never critical."""

    def __init__(self) -> None:
        rng = random.Random(97)
        self.p, self.t, self.h, self.out = array("d"), array("d"), zeros(POINTS), zeros(POINTS)
        while len(self.p) < POINTS:
            liquid = len(self.p) % 2
            p = math.exp(rng.uniform(math.log(0.005), math.log(20.0 if liquid else 16.0)))
            edge = steam_kernels.tsat(min(p, 16.0))
            t = rng.uniform(275.0, min(edge - 0.5, 620.0)) if liquid else rng.uniform(edge + 0.5, 873.0)
            self.p.append(p)
            self.t.append(t)
        steam_kernels.hpt_rows(self.p, self.t, POINTS, self.h)

    def once(self, figures: Figures) -> None:
        """h(p, T) and T(p, h) of a column."""
        n = POINTS
        add(figures, "if97_hpt_ns", 1e9 * best(lambda: steam_kernels.hpt_rows(self.p, self.t, n, self.out), n))
        add(figures, "if97_tph_ns", 1e9 * best(lambda: steam_kernels.tph_rows(self.p, self.h, n, self.out), n))
        worst = max(abs(a - b) for a, b in zip(self.out, self.t, strict=True))
        add(figures, "if97_tph_error_k", worst)


class SteamPeer:
    """CoolProp's IF97, one AbstractState, in its own environment."""

    def __init__(self, folder: pathlib.Path, points: SteamPoints, result: frame.Result) -> None:
        self._talk: Talk | None = None
        python = python_with("steam-coolprop-8.0.0", ["CoolProp==8.0.0"])
        if python is None:
            result.notes.append("CoolProp could not be installed: no row for it")
            return
        data = folder / "points.bin"
        data.write_bytes(points.p.tobytes() + points.t.tobytes() + points.h.tobytes())
        talk = self._talk = Talk(python, pathlib.Path(__file__).parent / "peers" / "steam.py", str(data))
        enthalpies, temperatures = talk.ask("values")
        wrong_h = max(abs(a - b) for a, b in zip(enthalpies, points.h[:500], strict=True))
        wrong_t = max(abs(a - b) for a, b in zip(temperatures, points.t[:500], strict=True))
        if wrong_h > 1e-6 or wrong_t > 0.03:
            raise SystemExit(f"CoolProp differs: {wrong_h} kJ/kg, {wrong_t} K")
        result.notes.append(
            f"CoolProp's T(p, h) is the backward equation alone, up to {1e3 * wrong_t:.1f} mK off; ours is polished"
        )

    def once(self, figures: Figures) -> None:
        """The same points, one update a point."""
        if self._talk is not None:
            answer = self._talk.ask("run")
            add(figures, "coolprop_hpt_ns", 1e9 * answer["hpt"])
            add(figures, "coolprop_tph_ns", 1e9 * answer["tph"])

    def close(self) -> None:
        """Ends it."""
        if self._talk is not None:
            self._talk.close()


class EquipmentSet:
    """A second's readings of pump, fan, compressor, boiler, chiller and exchanger, each with its uncertainty."""

    def __init__(self, rows: int = 600) -> None:
        rng = random.Random(5)
        self.rows = rows
        self._calls: list[tuple[object, ...]] = []
        self._codes: list[array[int]] = []
        for name, reading in SET.items():
            kind, m = KINDS[name], len(reading)
            values = array("d", [x * (1.0 + 0.01 * rng.gauss(0, 1)) for _ in range(rows) for x in reading])
            if name in ("pump", "fan"):
                share = [k for k, each in enumerate(kind.inputs) if each.quantity == "ratio"]
                for row in range(rows):
                    for k in share:
                        values[row * m + k] = min(values[row * m + k], 1.0)
            low, high = (array("d", ends) for ends in zip(*((x.low, x.high) for x in kind.inputs), strict=True))
            code = array("B", bytes(rows))
            self._codes.append(code)
            self._calls.append((
                kind.code, values, m, rows, array("i", range(m)), zeros(m), zeros(m), array("d", [0.005] * m), low,
                high, zeros(rows), zeros(rows), code, zeros(rows * m),
            ))  # fmt: skip

    def work(self) -> None:
        """All rows of all six."""
        for call in self._calls:
            equipment_kernels.equipment_rows(*call)  # type: ignore[arg-type]

    def once(self, figures: Figures) -> None:
        """Microseconds a set with uncertainties and every sensor's part."""
        add(figures, "equipment_set_us", 1e6 * best(self.work, self.rows))
        if any(any(code) for code in self._codes):
            raise SystemExit("a reading of the set was refused")


def kernel_group(_folder: pathlib.Path, options: frame.Options, result: frame.Result) -> None:
    """kernel_*, plain_c_ns, stability_*, restart_samples."""
    energy_kernel.kernel_rows(result, quick=options.quick)
    short = 1_000_000 if options.quick else 10_000_000
    energy_kernel.stability_rows(result, updates=1_000_000_000 if options.arguments.long else short)


def steam_group(folder: pathlib.Path, options: frame.Options, result: frame.Result) -> None:
    """if97_*, coolprop_*."""
    points, figures = SteamPoints(), Figures()
    peer = SteamPeer(folder, points, result) if options.peers else None
    try:
        for _ in range(1 if options.quick else 7):
            points.once(figures)
            if peer is not None:
                peer.once(figures)
    finally:
        if peer is not None:
            peer.close()
    for key in ("hpt", "tph"):
        if f"coolprop_{key}_ns" in figures:
            pairs = zip(figures[f"coolprop_{key}_ns"], figures[f"if97_{key}_ns"], strict=True)
            figures[f"if97_{key}_ratio"] = [theirs / ours for theirs, ours in pairs]
    for key, values in figures.items():
        result.add_repeats(key, values, unit_of(key))
    if figures["if97_tph_error_k"][0] > 1e-6:
        raise SystemExit("T(p, h) does not lead back")


def equipment_group(_folder: pathlib.Path, options: frame.Options, result: frame.Result) -> None:
    """equipment_set_us."""
    machines, figures = EquipmentSet(), Figures()
    for _ in range(1 if options.quick else 7):
        machines.once(figures)
    result.add_repeats("equipment_set_us", figures["equipment_set_us"], "us")


def savings_group(_folder: pathlib.Path, options: frame.Options, result: frame.Result) -> None:
    """cp_*, tow_fit_ms, opendsm_*, rebaseline_10k_s."""
    if savings_speed.add_rows(options, result):
        result.notes.append("a sample meter is more than a point worse than opendsm")


def ventilation_group(_folder: pathlib.Path, options: frame.Options, result: frame.Result) -> None:
    """vent_*."""
    if ventilation.add_rows(options, result):
        raise SystemExit("a published friction power is missed")


Group = Callable[[pathlib.Path, frame.Options, frame.Result], None]
GROUPS: Mapping[str, Group] = {
    "kernel": kernel_group,
    "steam": steam_group,
    "equipment": equipment_group,
    "ventilation": ventilation_group,
    "savings": savings_group,
}
"""What is measured, in order; each group adds the rows of its keys."""


def measure(options: frame.Options, result: frame.Result) -> None:
    """One repeat quick, more otherwise; every group in turn, what misses its floor first."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory() as name:
        for title, group in GROUPS.items():
            os.sched_setaffinity(0, cores if title == "savings" else {max(cores)})
            group(pathlib.Path(name), options, result)
    behind = {row.key for row in result.rows if row.value > FLOORS.get(row.key, math.inf)}
    result.rows.sort(key=lambda row: row.key not in behind)
    result.notes += [f"{key}: floor {FLOORS[key]:g} missed" for key in sorted(behind)]
    result.notes.append(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")


def long_option(parser: argparse.ArgumentParser) -> None:
    """`--long`."""
    parser.add_argument("--long", action="store_true", help="stability over 1,000,000,000 updates, not 10,000,000")


def unit_of(key: str) -> str:
    """By the key's ending."""
    for ending, unit in (("_ns", "ns"), ("_us", "us"), ("_ms", "ms"), ("_s", "s"), ("_error_k", "K"), ("_ratio", "x")):
        if key.endswith(ending):
            return unit
    return "1"


if __name__ == "__main__":
    sys.exit(frame.run("energy_speed", measure, description=__doc__ or "", measures=MEASURES, extra=long_option))
