"""Which of 40 meters is 5 % off: over 30 days of quarter hours, and in one snapshot of a day.

Trees, loads, gains within the class, noise, gaps and the biased meter are drawn anew for each trial from its number;
the estimator is given readings, tree and classes. The data are made by numpy, searched without it.
"""

from __future__ import annotations

import pathlib
import sys
from array import array
from collections import Counter
from collections.abc import Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import numpy as np
from ovoo_models._select import COMPILED
from ovoo_models.efficiency.balance import Biases, BiasSearch, reconcile, serial_elimination

from benchmarks import frame
from benchmarks.meter_trees import Plant, draw_plant

MEASURES = ("benchmarks/meter_trees.py", "contract", "models")
BIAS = 0.05
FLOORS = {"named_share": 95.0, "tied_share": 99.0}


class Count:
    """What the trials came to."""

    def __init__(self) -> None:
        self.of: Counter[str] = Counter()
        self.tied_sizes: list[int] = []
        self.left: list[float] = []

    def share(self, key: str, of: str) -> float:
        """In percent."""
        return 100.0 * self.of[key] / max(self.of[of], 1)


def search(plant: Plant, readings: np.ndarray) -> Biases:
    """The time series' search."""
    found = BiasSearch(plant.tree, [each.name for each in plant.tree.meters])
    found.add(array("d", readings.ravel().tolist()))
    return found.search()


def trial(number: int, count: Count, extra: bool) -> None:
    """A proportional bias over time and in a snapshot; with `extra` also a fixed one, and none at all."""
    rng = np.random.default_rng([20_260, number])
    plant = draw_plant(rng)
    biased = int(rng.integers(len(plant.tree.meters)))
    name = plant.tree.meters[biased].name
    size = BIAS if rng.random() < 0.5 else -BIAS
    _over_time(plant, search(plant, plant.readings(rng, biased, "gain", size)), name, size, count)
    _snapshot(plant, plant.snapshot(rng, biased, size), name, count)
    if extra:
        fixed = search(plant, plant.readings(rng, biased, "offset", size)).found
        count.of["fixed"] += 1
        count.of["fixed_held"] += bool(fixed) and name in fixed[0].meters
        count.of["fixed_told"] += bool(fixed) and fixed[0].form == "offset"
        count.of["sound"] += 1
        count.of["sound_named"] += bool(search(plant, plant.readings(rng, biased, "gain", 0.0)).found)
        count.of["sound_shown"] += bool(serial_elimination(plant.tree, plant.snapshot(rng, biased, 0.0)))


def _over_time(plant: Plant, biases: Biases, name: str, size: float, count: Count) -> None:
    count.of["trials"] += 1
    count.left.append(100.0 * biases.imbalance_share)
    first = biases.found[0] if biases.found else None
    if first is not None and first.named == name:
        count.of["named"] += 1
        count.of["gain"] += first.form == "gain"
        count.of["covered"] += abs(first.gain.value - size) <= first.gain.half_width(0.95)
    elif first is not None and name in first.meters:
        count.of["among"] += 1
    count.of["further"] += len(biases.found) > 1


def _snapshot(plant: Plant, readings: dict[str, float], name: str, count: Count) -> None:
    done = reconcile(plant.tree, readings)
    count.of["snapshots"] += 1
    count.of["held"] += name in done.suspects.meters
    count.left.append(100.0 * done.imbalance_share)
    if done.suspects.shown:
        count.of["shown"] += 1
        count.of["shown_held"] += name in done.suspects.meters
        count.tied_sizes.append(len(done.suspects.meters))


def rows(count: Count) -> list[tuple[str, float, str]]:
    """Key, value and unit."""
    return [
        ("named_share", count.share("named", "trials"), "%"),
        ("tied_share", count.share("held", "snapshots"), "%"),
        ("tied_shown_share", count.share("shown", "snapshots"), "%"),
        ("tied_shown_held_share", count.share("shown_held", "shown"), "%"),
        ("tied_set_median", _middle(count.tied_sizes), "meters"),
        ("remaining_imbalance", max(count.left), "%"),
        ("gain_told_share", count.share("gain", "named"), "%"),
        ("band_95_share", count.share("covered", "named"), "%"),
        ("second_bias_share", count.share("further", "trials"), "%"),
        ("offset_told_share", count.share("fixed_told", "fixed"), "%"),
        ("offset_held_share", count.share("fixed_held", "fixed"), "%"),
        ("false_bias_share", count.share("sound_named", "sound"), "%"),
        ("false_snapshot_share", count.share("sound_shown", "sound"), "%"),
    ]


def _middle(sizes: Sequence[int]) -> float:
    return float(np.median(sizes)) if sizes else 0.0


def measure(options: frame.Options, result: frame.Result) -> int:
    """1,000 trials, 40 quick; 1 where a floor is missed."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    trials = 40 if options.quick else 1000
    count = Count()
    for number in range(trials):
        trial(number, count, extra=number % 4 == 0)
    missed = []
    for key, value, unit in rows(count):
        result.add(key, value, unit)
        if key in FLOORS and value < FLOORS[key]:
            missed.append(key)
            result.notes.append(f"{key}: floor {FLOORS[key]:g} missed")
    result.notes += [
        f"{trials} trials, each another tree of 40 meters in 2 to 4 carriers, 0.5 % class, one meter 5 % off",
        f"{count.of['among']} trials without one name had the right meter in the set named",
        "tied_share: the set of suspects of one day's sums holds the right meter; tied_shown_share: the snapshot shows "
        "an error beyond the classes at all, which a small meter's 5 % need not; tied_shown_held_share and "
        "tied_set_median are of those",
        "offset_*: 5 % of the mean as a fixed amount, every fourth trial; it fits all meters of a node",
        "remaining_imbalance: worst balance of a trial after correction or reconciliation",
    ]
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(frame.run("reconciliation", measure, description=__doc__ or "", measures=MEASURES))
