"""Networks of airways drawn from a seed, and the two mines of the shared data."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from ovoo_models.efficiency.ventilation import Airway, Fan, FanCurve, FixedFlow, FixedPressure, Network

__all__ = ["FALLING", "HUMP", "Mine", "drawn", "mine"]

FALLING = FanCurve.from_points([(0.0, 2600.0), (60.0, 2200.0), (120.0, 1100.0), (160.0, 50.0)])
HUMP = FanCurve.from_points([(0.0, 1500.0), (20.0, 1200.0), (50.0, 2400.0), (90.0, 1900.0), (140.0, 100.0)])


def drawn(seed: int, airways: int, junctions: int, reach: int | None = None, fans: int = 2) -> Network:
    """A tree with chords, resistances over four and a half decades, fans of random kinds in random airways."""
    rng = random.Random(seed)
    ends = [(rng.randrange(max(0, k - (reach or k)), k), k) for k in range(1, junctions)]
    while len(ends) < airways:
        a = rng.randrange(junctions)
        b = rng.randrange(max(0, a - reach), min(junctions, a + reach)) if reach else rng.randrange(junctions)
        if a != b:
            ends.append((a, b))
    made = tuple(
        Airway(f"e{i}", f"n{a}", f"n{b}", 10 ** rng.uniform(-3, 1.5), natural_pa=rng.choice([0.0, 0.0, 20.0]))
        for i, (a, b) in enumerate(ends)
    )
    chosen = rng.sample(range(len(made)), fans)
    drives: list[FanCurve | FixedPressure] = [FALLING, FixedPressure(800.0)]
    return Network(made, tuple(Fan(made[i].name, drives[k % 2]) for k, i in enumerate(chosen)), ("n0",))


@dataclass(frozen=True)
class Mine:
    """A published network: its airways, openings, exhaust, and published flows and pressures by name."""

    airways: tuple[Airway, ...]
    openings: tuple[str, ...]
    exhaust: str
    flow_m3_s: dict[str, float]
    pressure_pa: dict[str, float]

    def network(self, drive: FixedFlow | FixedPressure | FanCurve) -> Network:
        """With a fan of no resistance to speak of between exhaust and surface."""
        fan = Airway("fan", self.exhaust, "air", 1e-9)
        return Network((*self.airways, fan), (Fan("fan", drive),), (*self.openings, "air"))

    @property
    def total_m3_s(self) -> float:
        """What leaves by the exhaust."""
        return sum(self.flow_m3_s[each.name] for each in self.airways if each.end == self.exhaust)


def mine(folder: Path, method: str = "node") -> Mine:
    """As published in `topology.csv`, `solutions.csv` and `pressures.csv`; pressures there grow along the flow."""
    airways = tuple(
        Airway(row["edge_id"], row["from"], row["to"], float(row["r_N_s2_m8"]), float(row["adjust_r"]))
        for row in _rows(folder / "topology.csv")
    )
    flows = {row["edge_id"]: float(row["q_m3_s"]) for row in _rows(folder / "solutions.csv") if row["method"] == method}
    pressures = {
        row["node_id"]: float(row["p_Pa"]) for row in _rows(folder / "pressures.csv") if row["method"] == method
    }
    ends, starts = {each.end for each in airways}, {each.start for each in airways}
    (exhaust,) = ends - starts
    return Mine(airways, tuple(sorted(starts - ends)), exhaust, flows, pressures)


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as text:
        return list(csv.DictReader(text))
