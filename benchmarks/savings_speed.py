"""Change-point baselines: speed of search and fit, next year's error on sample meters, opendsm beside them.

`add_rows` is what the energy benchmark calls; run alone it prints its own rows. Times of ours and of opendsm are
processor seconds of one core; re-baselining is elapsed time on two processes.
"""

from __future__ import annotations

import csv
import datetime
import gzip
import math
import os
import pathlib
import random
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping, Sequence

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import COMPILED
from ovoo_models.efficiency.savings.change_point import Settings, fit
from ovoo_models.efficiency.savings.knees import search, sort_rows
from ovoo_models.efficiency.savings.observations import DAY_NS, HOUR_NS, Observations
from ovoo_models.efficiency.savings.rebaseline import rebaseline
from ovoo_models.efficiency.savings.time_of_week import fit_hourly
from ovoo_models.efficiency.savings.uncertainty import fitness, formula_uncertainty, gaps_of

from benchmarks import frame
from benchmarks.peers.environment import Talk, python_with

MEASURES = ("benchmarks/peers/opendsm_meters.py", "contract", "models")
FOLDER = frame.DATA / "eemeter-samples"
METERS: Mapping[str, tuple[str, str, str]] = {
    "electricity_daily": ("il-electricity-cdd-hdd-daily", "il-electricity-cdd-hdd-tempF", "electricity"),
    "gas_daily": ("il-gas-hdd-only-daily", "il-tempF", "gas"),
    "electricity_hourly": ("il-electricity-cdd-hdd-hourly", "il-electricity-cdd-hdd-tempF", "electricity"),
}
"""Key of each sample meter: its file, its weather, what it counts."""
BASELINE = ("2015-12-27", "2016-12-26")  # the year before the works of metadata.json
REPORTING = ("2017-01-04", "2018-01-04")
OFFSET_S = -6 * 3600


def _rows(name: str) -> list[tuple[str, float]]:
    with gzip.open(FOLDER / f"{name}.csv.gz", "rt", encoding="utf-8") as file:
        return [(line[0], float(line[1] or "nan")) for line in list(csv.reader(file))[1:]]


def _time_ns(text: str) -> int:
    return int(datetime.datetime.fromisoformat(text).timestamp()) * 1_000_000_000


def sample(meter: str, between: tuple[str, str]) -> Observations:
    """A sample meter within two local dates; a day's temperature is the mean of its hours (deg F)."""
    file, weather, _kind = METERS[meter]
    hours = _rows(weather)
    by_day: dict[str, list[float]] = {}
    for at, x in hours:
        if x == x:
            by_day.setdefault(at[:10], []).append(x)
    daily = file.endswith("daily")
    warm = {d: math.fsum(v) / len(v) for d, v in by_day.items()} if daily else dict(hours)
    rows = [(at, y) for at, y in _rows(file) if between[0] <= at[:10] < between[1]]
    temperature = array("d", [warm.get(at[:10] if daily else at, math.nan) for at, _y in rows])
    times, energy = array("q", [_time_ns(at) for at, _y in rows]), array("d", [y for _at, y in rows])
    step = DAY_NS if daily else HOUR_NS
    return Observations(times, energy, {"temperature": temperature}, step, "kWh", OFFSET_S)


def synthetic(meter: str) -> Observations:
    """A daily meter-year with weekends, a heating and a cooling slope, from the number in its name."""
    rng = random.Random(int(meter.rpartition("-")[2]))
    base, left, right = rng.uniform(50, 200), rng.uniform(0, 5), rng.uniform(0, 5)
    temperature, energy = array("d"), array("d")
    for i in range(365):
        x = 12.0 + 14.0 * math.sin(2.0 * math.pi * (i - 110) / 365.0) + rng.gauss(0.0, 3.0)
        temperature.append(x)
        mean = base * (0.8 if i % 7 > 4 else 1.0) + left * max(0.0, 12.0 - x) + right * max(0.0, x - 20.0)
        energy.append(mean + rng.gauss(0.0, 0.06 * base))
    times = array("q", range(19_358 * DAY_NS, (19_358 + 365) * DAY_NS, DAY_NS))
    return Observations(times, energy, {"temperature": temperature})


def best_ms(work: Callable[[], object], goes: int) -> float:
    """Least processor milliseconds of a few goes."""
    found = []
    for _ in range(goes):
        began = time.process_time()
        work()
        found.append(1e3 * (time.process_time() - began))
    return min(found)


def cp_search_ms() -> float:
    """Search of the knees of a daily meter-year, sorting included."""
    data = synthetic("m-1")
    x, w = data.driver("temperature"), array("d", [1.0]) * len(data)

    def work() -> None:
        order = sort_rows(x)
        search(array("d", [x[i] for i in order]), w, 1, array("d", [data.energy[i] for i in order]), w, 10, (1, 1))

    def twenty() -> None:
        for _ in range(20):
            work()

    return best_ms(twenty, 7) / 20


def cp_fit_ms() -> float:
    """Fit of a daily meter-year with all splits, robust weights and its uncertainty by the formula."""
    data = synthetic("m-1")

    def work() -> None:
        model = fit(data)
        found = fitness(data.energy, model.fitted, gaps_of(data.time_ns, DAY_NS), model.terms)
        formula_uncertainty(found, 365, 0.1)

    return best_ms(work, 15)


def tow_fit_ms() -> float:
    """Fit of an hourly meter-year."""
    data = sample("electricity_hourly", BASELINE)
    return best_ms(lambda: fit_hourly(data), 5)


def cv_rmse_percent(actual: Sequence[float], predicted: Sequence[float]) -> float:
    """100 sqrt(mean squared error) / mean over the rows that both have."""
    pairs = [(a, b) for a, b in zip(actual, predicted, strict=True) if a == a and b == b]
    mean = math.fsum(a for a, _ in pairs) / len(pairs)
    return 100.0 * math.sqrt(math.fsum((a - b) * (a - b) for a, b in pairs) / len(pairs)) / mean


def cp_cvrmse(meter: str) -> float:
    """Next year's CV(RMSE) of our baseline on a sample meter."""
    baseline, reporting = sample(meter, BASELINE), sample(meter, REPORTING)
    model = fit_hourly(baseline) if meter.endswith("hourly") else fit(baseline, Settings())
    return cv_rmse_percent(reporting.energy, model.predict(reporting))


def rebaseline_s(meters: int) -> float:
    """Elapsed seconds of new baselines for so many meters on two processes; fails where one has none."""
    began = time.perf_counter()
    outcomes = rebaseline([f"m-{k}" for k in range(meters)], synthetic, processes=2)
    taken = time.perf_counter() - began
    refused = [each.meter for each in outcomes if each.refused]
    if refused:
        raise SystemExit(f"no baseline for {refused[:3]}")
    return taken


def opendsm() -> Talk | None:
    """The peer in its own environment; multimethod 2 breaks its import."""
    python = python_with("energy-opendsm-1.2.7", ["opendsm==1.2.7", "multimethod<2"])
    return Talk(python, pathlib.Path(__file__).parent / "peers" / "opendsm_meters.py") if python else None


def opendsm_meter(talk: Talk, meter: str, folder: pathlib.Path) -> tuple[float, float]:
    """Milliseconds of its fit and next year's CV(RMSE) on the same rows as ours."""
    file, weather, kind = METERS[meter]
    energy, hours = dict(_rows(file)), _rows(weather)
    paths = []
    for name, between in (("baseline", BASELINE), ("reporting", REPORTING)):
        path = folder / f"{meter}-{name}.csv"
        with path.open("w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(["time", "observed", "temperature"])
            writer.writerows([at, energy.get(at, ""), x] for at, x in hours if between[0] <= at[:10] < between[1])
        paths.append(str(path))
    daily = meter.endswith("daily")
    answer = talk.ask(f"{'daily' if daily else 'hourly'} {kind} {paths[0]} {paths[1]}")
    rows = [(at, y) for at, y in _rows(file) if REPORTING[0] <= at[:10] < REPORTING[1]]
    predicted = [answer["predicted"].get(at[: 10 if daily else 13], math.nan) for at, _y in rows]
    if sum(p == p for p in predicted) < 0.98 * len(rows):
        raise SystemExit(f"opendsm has no prediction for much of {meter}")
    return 1e3 * answer["seconds"], cv_rmse_percent([y for _at, y in rows], predicted)


def _peer_rows(result: frame.Result, repeats: int) -> None:
    talk = opendsm()
    if talk is None:
        result.notes.append("opendsm 1.2.7 could not be installed: no row for it")
        return
    try:
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            opendsm_meter(talk, "electricity_daily", folder)  # its first fit compiles
            times = [opendsm_meter(talk, "electricity_daily", folder)[0] for _ in range(repeats)]
            result.add_repeats("opendsm_fit_ms", times, "ms")
            for meter in METERS:
                result.add(f"opendsm_cvrmse_{meter}", opendsm_meter(talk, meter, folder)[1], "%")
    finally:
        talk.close()


def add_rows(options: frame.Options, result: frame.Result) -> int:
    """All rows of this file; 1 where a sample meter is more than a point worse than opendsm."""
    repeats = 1 if options.quick else 5
    for key, work in (("cp_search_ms", cp_search_ms), ("cp_fit_ms", cp_fit_ms), ("tow_fit_ms", tow_fit_ms)):
        if key != "tow_fit_ms" or FOLDER.exists():
            result.add_repeats(key, [work() for _ in range(repeats)], "ms")
    meters = 400 if options.quick else 10_000
    result.add("rebaseline_10k_s", statistics.median([rebaseline_s(meters)]) * 10_000 / meters, "s")
    if meters < 10_000:
        result.notes.append(f"rebaseline_10k_s: {meters} meters, scaled")
    if not FOLDER.exists():
        result.notes.append(f"data set missing: {FOLDER}: no CV(RMSE)")
        return 0
    for meter in METERS:
        result.add(f"cp_cvrmse_{meter}", cp_cvrmse(meter), "%")
    if options.peers:
        _peer_rows(result, repeats)
    found = {row.key: row.value for row in result.rows}
    worse = [m for m in METERS if found[f"cp_cvrmse_{m}"] > found.get(f"opendsm_cvrmse_{m}", math.inf) + 1.0]
    result.notes += [f"{meter}: more than a point worse than opendsm" for meter in worse]
    return int(bool(worse))


def measure(options: frame.Options, result: frame.Result) -> int:
    """The rows, on the compiled kernels."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    code = add_rows(options, result)
    result.notes.append(f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    return code


if __name__ == "__main__":
    sys.exit(frame.run("savings_speed", measure, description=__doc__ or "", measures=MEASURES))
