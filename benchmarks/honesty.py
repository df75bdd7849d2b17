"""Honesty of savings' intervals: how often the 90 % interval covers nought where nothing was saved.

Each placebo is a daily meter that follows its temperature, with errors of known lag-1 correlation and no measure. The
year before a split is the baseline, the 90 to 365 days after it are reported. Scored is the interval of `prove` with
all of its choices: kind of model, knees, split of days and seasons, robust weights, bootstrap. Beside it stands the
usual formula of fractional savings uncertainty on the same splits.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import pathlib
import random
import sys
from array import array

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import COMPILED
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.efficiency.savings.saving import Plan, prove

from benchmarks import frame

MEASURES = ("contract", "models")
CASES = {"rho_0": 0.0, "rho_05": 0.5, "rho_095": 0.95}
BASELINE_DAYS, LEAST_DAYS, MOST_DAYS = 365, 90, 365
FIRST_NS = 19_358 * DAY_NS  # 2023-01-01


def placebo(rho: float, seed: int) -> tuple[Observations, Observations]:
    """Baseline and reporting period of a meter without a measure; errors AR(1) of stationary spread 8 % of the mean."""
    rng = random.Random(seed)
    reported = rng.randint(LEAST_DAYS, MOST_DAYS)
    n, phase = BASELINE_DAYS + reported, rng.uniform(0.0, 365.0)
    base, left, right = rng.uniform(60.0, 140.0), rng.uniform(0.0, 4.0), rng.uniform(0.0, 6.0)
    spread, weather, error = 0.08 * base, 0.0, rng.gauss(0.0, 1.0)
    temperature, energy = array("d"), array("d")
    for i in range(n):
        weather = 0.7 * weather + 2.5 * rng.gauss(0.0, 1.0)
        x = 12.0 + 14.0 * math.sin(2.0 * math.pi * (i - phase) / 365.0) + weather
        if i:
            error = rho * error + math.sqrt(1.0 - rho * rho) * rng.gauss(0.0, 1.0)
        temperature.append(x)
        energy.append(base + left * max(0.0, 12.0 - x) + right * max(0.0, x - 20.0) + spread * error)
    times = array("q", [FIRST_NS + i * DAY_NS for i in range(n)])
    whole = Observations(times, energy, {"temperature": temperature})
    return whole.rows(range(BASELINE_DAYS)), whole.rows(range(BASELINE_DAYS, n))


def trial(job: tuple[float, int]) -> tuple[bool, bool]:
    """Whether the bootstrap interval and the formula's cover nought in one placebo."""
    rho, seed = job
    baseline, reporting = placebo(rho, seed)
    saving = prove(baseline, reporting, Plan(seed=seed))
    return saving.interval.low <= 0.0 <= saving.interval.high, saving.fsu >= 1.0


def measure(options: frame.Options, result: frame.Result) -> int:
    """10,000 splits a correlation; 250 quick."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    splits = 250 if options.quick else options.arguments.splits
    found: dict[str, float] = {}
    with multiprocessing.get_context("spawn").Pool(min(2, os.cpu_count() or 1)) as pool:
        for place, (name, rho) in enumerate(CASES.items()):
            jobs = [(rho, 1_000_000 * place + k) for k in range(splits)]
            outcomes = pool.map(trial, jobs, chunksize=25)
            found[f"coverage_{name}"] = 100.0 * sum(mine for mine, _ in outcomes) / splits
            found[f"formula_{name}"] = 100.0 * sum(formula for _, formula in outcomes) / splits
    for key in sorted(found):
        result.add(key, found[key], "%")
    error = 100.0 * math.sqrt(0.09 / splits)
    result.notes.append(f"{splits} splits a correlation with fixed seeds; one standard error is {error:.2f} points")
    floors = {"coverage_rho_0": (88, 92), "coverage_rho_05": (88, 92), "coverage_rho_095": (85, 95)}
    missed = [key for key, (low, high) in floors.items() if not low <= found[key] <= high]
    result.notes += [f"{key}: outside {floors[key]}" for key in missed]
    return int(bool(missed) and not options.quick)


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--splits", type=int, default=10_000, help="placebos a correlation")


if __name__ == "__main__":
    sys.exit(
        frame.run(
            "honesty",
            measure,
            description=__doc__ or "",
            measures=MEASURES,
            extra=_options,
        )
    )
