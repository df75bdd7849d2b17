"""Mine ventilation: a network of 1,001 airways solved from nothing, and the two published mines.

`energy_speed` takes its rows from here. Each solution is checked before it is timed: junctions balance to 1e-4 m3/s,
airways to 0.1 Pa, and the fans' power equals what is lost.
"""

from __future__ import annotations

import csv
import pathlib
import random
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import COMPILED
from ovoo_models.efficiency.ventilation import Airway, Fan, FanCurve, FixedFlow, Network, Solution, solve

from benchmarks import frame

MEASURES = ("contract", "models")
DATA = pathlib.Path(__file__).resolve().parents[2] / "shared" / "data" / "mine-ventilation"
AIRWAYS, PER_JUNCTION = 1001, 1.37
"""As many airways a junction as the two published mines have (46 of 38 and 155 of 113)."""
CURVE = FanCurve.from_points([(0.0, 2600.0), (60.0, 2200.0), (120.0, 1100.0), (160.0, 50.0)])


def random_network(seed: int, airways: int = AIRWAYS) -> Network:
    """A random tree with random chords, resistances over four and a half decades, four fans."""
    rng = random.Random(seed)
    junctions = int(airways / PER_JUNCTION)
    ends = [(rng.randrange(k), k) for k in range(1, junctions)]
    while len(ends) < airways:
        a, b = rng.randrange(junctions), rng.randrange(junctions)
        if a != b:
            ends.append((a, b))
    made = tuple(Airway(f"e{i}", f"n{a}", f"n{b}", 10 ** rng.uniform(-3, 1.5)) for i, (a, b) in enumerate(ends))
    return Network(made, tuple(Fan(made[i].name, CURVE) for i in rng.sample(range(airways), 4)), ("n0",))


def checked(found: Solution) -> Solution:
    """The solution, or an end of the benchmark where it does not hold."""
    air_kw = sum(each.air_kw for each in found.fans)
    if not found.converged or abs(found.friction_kw - air_kw) > 1e-4 * max(abs(air_kw), 1.0):
        raise SystemExit(f"a network is not solved: {found.notices}")
    return found


def solve_ms(network: Network, goes: int = 5) -> float:
    """Least processor milliseconds from the network to its solution, numbering of junctions included."""
    checked(solve(network))
    found = []
    for _ in range(goes):
        began = time.process_time()
        solve(network)
        found.append(1e3 * (time.process_time() - began))
    return min(found)


def vent_1001_ms(seeds: int = 9) -> list[float]:
    """Milliseconds of each of `seeds` random networks of 1,001 airways."""
    return [solve_ms(random_network(seed)) for seed in range(seeds)]


def vent_a_kw() -> float | None:
    """Friction power of mine A from its total flow; None without the data."""
    return _mine_kw("A_hongshagang_1")


def vent_b_kw() -> float | None:
    """Friction power of mine B from its total flow; None without the data."""
    return _mine_kw("B_hongshagang_difficult")


def _mine_kw(name: str) -> float | None:
    folder = DATA / name
    if not folder.exists():
        return None
    rows = _rows(folder / "topology.csv")
    flow = {each["edge_id"]: float(each["q_m3_s"]) for each in _rows(folder / "solutions.csv")}
    starts, ends = {each["from"] for each in rows}, {each["to"] for each in rows}
    (exhaust,) = ends - starts
    airways = [
        Airway(each["edge_id"], each["from"], each["to"], float(each["r_N_s2_m8"]), float(each["adjust_r"]))
        for each in rows
    ]
    total = sum(flow[each.name] for each in airways if each.end == exhaust)
    network = Network(
        (*airways, Airway("fan", exhaust, "surface", 1e-9)),
        (Fan("fan", FixedFlow(total)),),
        (*sorted(starts - ends), "surface"),
    )
    return checked(solve(network)).friction_kw


def _rows(path: pathlib.Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))


def add_rows(options: frame.Options, result: frame.Result) -> int:
    """All rows; 1 where a published power is missed."""
    result.add_repeats("vent_1001_ms", vent_1001_ms(3 if options.quick else 9), "ms")
    missed = 0
    for key, value, published in (("vent_a_kw", vent_a_kw(), 262.58), ("vent_b_kw", vent_b_kw(), 437.56)):
        if value is None:
            result.notes.append(f"{key}: data set missing")
        else:
            result.add(key, value, "kW")
            missed += abs(value - published) > 0.005
    result.notes.append("each repeat of vent_1001_ms is another random network, processor time, best of five goes")
    return int(missed > 0)


def measure(options: frame.Options, result: frame.Result) -> int:
    """The rows, on the compiled kernels."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    return add_rows(options, result)


if __name__ == "__main__":
    sys.exit(frame.run("ventilation", measure, description=__doc__ or "", measures=MEASURES))
