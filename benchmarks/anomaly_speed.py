"""Anomaly detectors on one core: half-space forest, isolation forest, principal components, an asset of 40 signals.

Everything is timed in processor time on one core, ours and peers in turn. Before that, scores are compared: with
scikit-learn's `score_samples`, with river's own trees, and rows with blocks; a difference fails the benchmark.
"""

from __future__ import annotations

import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Mapping

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import COMPILED
from ovoo_models.anomaly.half_space import HalfSpace
from ovoo_models.anomaly.isolation import Isolation
from ovoo_models.anomaly.pca import Pca
from ovoo_models.base import Detector, FrameBlock, Place, ScoreBlock
from ovoo_models.train.isolation import export_forest
from sklearn.ensemble import IsolationForest

from benchmarks import frame
from benchmarks.anomaly_asset import Asset
from benchmarks.c_limit import plain_rows
from benchmarks.peers.environment import Talk, python_with

MEASURES = (
    "benchmarks/anomaly_asset.py",
    "benchmarks/c_limit.py",
    "benchmarks/peers/anomaly.py",
    "contract",
    "models",
)
PERIOD_NS = 5_000_000_000
TREES, HEIGHT, WINDOW = 25, 8, 250
PCA_INPUTS, PCA_KEPT = 40, 10
FLOORS: Mapping[str, tuple[float, bool]] = {
    "hst_blocks_ratio": (100.0, True),
    "hst_single_ratio": (70.0, True),
    "hst_dsalmon_ratio": (1.6, True),
    "iforest_single_ratio": (4000.0, True),
    "iforest_p99_us": (2.0, False),
    "iforest_20k_ratio": (3.0, True),
    "iforest_max_error": (1e-6, False),
    "mewma_blocks_of_limit": (0.7, True),
    "mewma_numpy_ratio": (2.0, True),
    "mewma_single_us": (0.35, False),
    "pipeline40_us": (2.0, False),
    "pipeline40_p99_us": (10.0, False),
    "import_s": (0.15, False),
    "import_mb": (40.0, False),
    "model40_kb": (64.0, False),
}
"""Floor of each key, and whether more is better."""
_IMPORT = """
import resource, ovoo_models.monitor, ovoo_models.artifact, ovoo_models.registry
import ovoo_models.anomaly.ewma, ovoo_models.anomaly.pca, ovoo_models.anomaly.half_space, ovoo_models.anomaly.isolation
use = resource.getrusage(resource.RUSAGE_SELF)
peak_kb = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(use.ru_utime + use.ru_stime, int(peak_kb) / 1024)
"""
Figures = dict[str, list[float]]


def signals(rows: int, width: int, seed: int) -> array[float]:
    """Rows of `width` smooth signals between 0 and 1."""
    rng = random.Random(seed)
    at = [0.5] * width
    values = array("d")
    for _ in range(rows):
        at = [min(max(0.97 * x + 0.015 + 0.1 * rng.gauss(0, 1) * 0.5, 0.0), 1.0) for x in at]
        values.extend(at)
    return values


def block(values: array[float], width: int, start_ns: int = PERIOD_NS) -> FrameBlock:
    """The rows a period apart."""
    return FrameBlock(
        array("q", range(start_ns, start_ns + len(values) // width * PERIOD_NS, PERIOD_NS)), values, width
    )


def best(work: Callable[[], None], rows: int, goes: int = 5) -> float:
    """Least processor seconds a row of a few goes."""
    found = []
    for _ in range(goes):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) / rows)
    return min(found)


def singles(score: Callable[[array[float]], float], rows: list[array[float]]) -> Callable[[], None]:
    """A call that scores the rows one by one."""

    def work() -> None:
        for row in rows:
            score(row)

    return work


def cells(values: array[float], width: int, rows: int) -> list[array[float]]:
    """The first rows, each an array of its own."""
    return [values[i * width : (i + 1) * width] for i in range(rows)]


class Ours:
    """Our detectors at work, set up once."""

    def __init__(self, folder: pathlib.Path, rows: int) -> None:
        self.eight = signals(rows, 8, 1)
        self.model = IsolationForest(n_estimators=100, max_samples=256, random_state=1)
        self.model.fit([row.tolist() for row in cells(self.eight, 8, 5000)])
        self.isolation = Isolation({}, Place(tuple(range(8)), -1, 8, PERIOD_NS))
        self.isolation.fit(export_forest(self.model), 0.7)
        self.forests = {name: self._forest(flat) for name, flat in (("hst", 0), ("oblivious", 1))}
        self.forty = signals(2000, PCA_INPUTS, 2)
        self.pca = Pca({"components": PCA_KEPT}, Place(tuple(range(PCA_INPUTS)), -1, PCA_INPUTS, PERIOD_NS))
        basis = [[float(i == 3 * c) for i in range(PCA_INPUTS)] for c in range(PCA_KEPT)]
        self.pca.fit([0.5] * PCA_INPUTS, [0.2] * PCA_INPUTS, basis, [1.0] * PCA_KEPT, (0.01, 0.01))
        flat = array("d", [x for line in basis for x in line])
        self.limit = plain_rows(folder, self.forty, PCA_INPUTS, PCA_KEPT, flat)
        self.native = plain_rows(folder, self.forty, PCA_INPUTS, PCA_KEPT, flat, ("-march=native",))
        self.asset = Asset(folder)

    def _forest(self, oblivious: int) -> HalfSpace:
        params = {"trees": TREES, "height": HEIGHT, "window": WINDOW, "oblivious": oblivious, "learn_rows": 1000}
        forest = HalfSpace(params, Place(tuple(range(8)), -1, 8, PERIOD_NS))
        forest.learn_many(block(self.eight[: 8 * 5000], 8))
        if not forest.ready:
            raise SystemExit("the forest has not learned")
        return forest

    def once(self, figures: Figures) -> None:
        """One measurement of everything."""
        rows, out = len(self.eight) // 8, ScoreBlock()
        whole, some = block(self.eight, 8), cells(self.eight, 8, 2000)
        for name, forest in self.forests.items():
            _add(figures, f"{name}_blocks", 1 / best(lambda f=forest: f.score_many(whole, out), rows, 3))  # type: ignore[misc]
            scorer = forest.row_scorer()
            _add(figures, f"{name}_single", 1 / best(singles(scorer.score_learn, some), len(some)))
        score = self.isolation.row_scorer().score
        _add(figures, "iforest_single", 1 / best(singles(score, some), len(some)))
        _add(figures, "iforest_blocks", 1 / best(lambda: self.isolation.score_many(whole, out), rows, 3))
        _add(figures, "iforest_p99_us", _p99_us(score, some * 5))
        self._components(figures, out)
        self.asset.once(figures)

    def _components(self, figures: Figures, out: ScoreBlock) -> None:
        rows = block(self.forty, PCA_INPUTS)
        n, some = len(rows), cells(self.forty, PCA_INPUTS, 500)

        def again() -> None:
            self.pca.restart()
            self.pca.score_many(rows, out)

        _add(figures, "mewma_blocks", 1 / best(again, n, 20))
        _add(figures, "c_limit", 1 / best(self.limit, n, 20))
        _add(figures, "c_limit_native", 1 / best(self.native, n, 20))
        _add(figures, "mewma_single_us", 1e6 * best(singles(self.pca.row_scorer().score, some), len(some), 20))


def _add(figures: Figures, key: str, value: float) -> None:
    figures.setdefault(key, []).append(value)


def _p99_us(score: Callable[[array[float]], float], rows: list[array[float]]) -> float:
    """The 99 % quantile of elapsed microseconds a call, that of the clock taken off."""
    taken = []
    clock = time.perf_counter_ns
    for row in rows:
        began = clock()
        score(row)
        taken.append(clock() - began)
    empty = statistics.median(-clock() + clock() for _ in range(1000))
    return (sorted(taken)[int(0.99 * len(taken))] - empty) / 1e3


def forest_error(ours: Ours) -> float:
    """Greatest difference between our scores and scikit-learn's on 5,000 rows."""
    out = ScoreBlock()
    rows = block(ours.eight[: 8 * 5000], 8)
    ours.isolation.score_many(rows, out)
    theirs = ours.model.score_samples([row.tolist() for row in cells(ours.eight, 8, 5000)])
    return max(abs(mine + float(other)) for mine, other in zip(out.score[:5000], theirs, strict=True))


def rows_equal_blocks(detector: Detector, scorer: Callable[[array[float]], float], values: array[float]) -> None:
    """Fails unless one row a call gives the bits of a block."""
    out, state = ScoreBlock(), detector.state()
    width = detector.place.width
    rows = block(values[: width * 1000], width)
    detector.score_many(rows, out)
    detector.load(state)
    found = array("d", [scorer(row) for row in cells(values, width, 1000)])
    if found.tobytes() != out.score[:1000].tobytes():
        raise SystemExit(f"single rows and blocks of {type(detector).__name__} differ")


def river_error(ours: Ours, answer: Mapping[str, list[float]]) -> float:
    """Greatest difference between our scores and river's for river's own trees."""
    params = {"trees": TREES, "height": HEIGHT, "window": WINDOW}
    forest = HalfSpace(params, Place(tuple(range(8)), -1, 8, PERIOD_NS))
    forest.plant(answer["cut"], [int(k) for k in answer["pick"]])
    scorer = forest.row_scorer()
    found = [scorer.score_learn(row) for row in cells(ours.eight, 8, len(answer["scores"]))]
    return max(abs(a - b) for a, b in zip(found, answer["scores"], strict=True) if a == a)


def fresh_import() -> tuple[float, float]:
    """Processor seconds and megabytes of a fresh interpreter that has imported what a gateway scores with."""
    done = subprocess.run([sys.executable, "-c", _IMPORT], capture_output=True, text=True, check=True)
    seconds, mb = done.stdout.split()
    return float(seconds), float(mb)


def peers_of(folder: pathlib.Path, ours: Ours, result: frame.Result) -> dict[str, Talk]:
    """The peers that could be had, each in its own process; a note for each that could not."""
    data = folder / "rows.bin"
    data.write_bytes(ours.eight.tobytes())
    script = pathlib.Path(__file__).parent / "peers" / "anomaly.py"
    main = python_with("anomaly-river-0.26.1-sklearn-1.9.1", ["river==0.26.1", "scikit-learn==1.9.1"])
    salmon = python_with(
        "anomaly-dsalmon-0.1",
        ["numpy<2", "setuptools<81", "wheel"],
        ["--no-build-isolation", "--no-deps", "dSalmon==0.1"],
    )
    found: dict[str, Talk] = {}
    for name, python in (("river", main), ("sklearn", main), ("numpy", main), ("dsalmon", salmon)):
        if python is None:
            result.notes.append(f"{name} could not be installed: no row for it")
        else:
            found[name] = Talk(python, script, str(data), "8")
    return found


def once_theirs(peers: Mapping[str, Talk], figures: Figures) -> None:
    """One measurement of each peer."""
    keys = {"river": "river_hst", "sklearn": "sklearn_single", "numpy": "numpy_blocks", "dsalmon": "dsalmon_hst"}
    for name, talk in peers.items():
        answer = talk.ask(f"{name} run")
        _add(figures, keys[name], 1 / answer["seconds"])
        if "block_seconds" in answer:
            _add(figures, "sklearn_blocks", 1 / answer["block_seconds"])


def ratios(figures: Figures) -> None:
    """What was measured in turn, set against each other repeat by repeat."""
    for key, mine, other in (
        ("hst_blocks_ratio", "hst_blocks", "river_hst"),
        ("hst_single_ratio", "hst_single", "river_hst"),
        ("hst_dsalmon_ratio", "hst_blocks", "dsalmon_hst"),
        ("iforest_single_ratio", "iforest_single", "sklearn_single"),
        ("iforest_20k_ratio", "iforest_blocks", "sklearn_blocks"),
        ("mewma_blocks_of_limit", "mewma_blocks", "c_limit"),
        ("mewma_numpy_ratio", "mewma_blocks", "numpy_blocks"),
    ):
        if mine in figures and other in figures:
            figures[key] = [a / b for a, b in zip(figures[mine], figures[other], strict=True)]


def measure(options: frame.Options, result: frame.Result) -> int:
    """One repeat quick, seven otherwise."""
    if not COMPILED:
        raise SystemExit("the compiled kernels are missing: run make setup")
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    figures: Figures = {}
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ours = Ours(folder, 20_000)
        for detector in (ours.forests["hst"], ours.forests["oblivious"]):
            rows_equal_blocks(detector, detector.row_scorer().score_learn, ours.eight)
        rows_equal_blocks(ours.isolation, ours.isolation.row_scorer().score, ours.eight)
        peers = peers_of(folder, ours, result) if options.peers else {}
        try:
            if "river" in peers:
                figures["hst_max_error"] = [river_error(ours, peers["river"].ask("river trees"))]
            for _ in range(1 if options.quick else 7):
                ours.once(figures)
                once_theirs(peers, figures)
                seconds, mb = fresh_import()
                _add(figures, "import_s", seconds)
                _add(figures, "import_mb", mb)
        finally:
            for talk in peers.values():
                talk.close()
        figures["model40_kb"] = [ours.asset.model_kb]
        figures["iforest_max_error"] = [forest_error(ours)]
    ratios(figures)
    return report(figures, result)


def report(figures: Figures, result: frame.Result) -> int:
    """Rows where a peer or a floor is ahead first; 1 where scores differ."""
    behind = [key for key in FLOORS if key in figures and not _met(key, figures[key])]
    for key in [*behind, *(key for key in figures if key not in behind)]:
        result.add_repeats(key, figures[key], _unit(key))
    for key in behind:
        result.notes.append(f"{key}: floor {FLOORS[key][0]:g} missed")
    result.notes.append(
        "mewma_*: principal components of 40 smoothed inputs, 10 kept, T2 and SPE with every column of a ScoreBlock; "
        "numpy does the same without smoothing and without checks; c_limit has the flags of our kernels, "
        "c_limit_native those of this processor as well"
    )
    result.notes.append(
        "rates are rows a second of processor time, the best of a few goes a repeat; p99 is elapsed time"
    )
    result.notes.append(ours_note())
    return int(figures["iforest_max_error"][0] > 1e-6 or max(figures.get("hst_max_error", [0.0])) > 1e-12)


def ours_note() -> str:
    """How busy the machine was."""
    return f"load of the machine at the end: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _met(key: str, values: list[float]) -> bool:
    floor, more = FLOORS[key]
    found = statistics.median(values)
    return found >= floor if more else found <= floor


def _unit(key: str) -> str:
    for ending, unit in (("_us", "us"), ("_s", "s"), ("_mb", "MB"), ("_kb", "KB"), ("_error", "1"), ("_of_limit", "1")):
        if key.endswith(ending):
            return unit
    return "x" if key.endswith("_ratio") else "rows/s"


if __name__ == "__main__":
    sys.exit(frame.run("anomaly_speed", measure, description=__doc__ or "", measures=MEASURES))
