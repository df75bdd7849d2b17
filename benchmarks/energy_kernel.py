"""The twin-baseline kernel: cost of an update against plain C, and whether it survives idling and constant loads.

`kernel_rows`, `stability_rows` add rows to the result of another benchmark; run alone it prints them itself.
"""

from __future__ import annotations

import argparse
import ctypes
import math
import os
import pathlib
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import time
from array import array
from collections.abc import Callable
from typing import Any

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from ovoo_models._select import drift_kernels
from ovoo_models.base import FrameBlock

from benchmarks import frame

__all__ = ["kernel_rows", "stability_rows"]

MEASURES = (
    "models/ovoo_models/_drift.h", "models/ovoo_models/_drift_kernels.pyx", "models/ovoo_models/_lanes.h",
    "models/ovoo_models/_rls.h",
)  # fmt: skip
SECOND = 1_000_000_000
FORGET = 0.9995
_AT_WORK, _VARIED = 1000, 300
"""Of 10,000 rows: those of a machine at work, and those of them at loads that vary; the others hold one load."""
_FLAGS = ("-O3", "-ffp-contract=off", "-shared", "-fPIC")
_PLAIN = """
void rows(const double *x, const double *y, int n, double lambda, double *p, double *w, double *out)
{
    double g[8];
    for (int i = 0; i < n; i++, x += 8) {
        double s = lambda, e = y[i];
        for (int j = 0; j < 8; j++) {
            g[j] = 0.0;
            for (int k = 0; k < 8; k++)
                g[j] += p[8 * j + k] * x[k];
        }
        for (int j = 0; j < 8; j++) {
            s += x[j] * g[j];
            e -= x[j] * w[j];
        }
        out[i] = e;
        for (int j = 0; j < 8; j++)
            w[j] += g[j] * (e / s);
        for (int j = 0; j < 8; j++)
            for (int k = j; k < 8; k++)
                p[8 * j + k] = p[8 * k + j] = (p[8 * j + k] - g[j] * g[k] / s) / lambda;
    }
}
"""


class Models:
    """`count` models of eight features over blocks of `n` rows; the power state's load begins at 20 kW."""

    def __init__(self, count: int, n: int) -> None:
        self.count, self.n = count, n
        bounds = [-math.inf, -math.inf, 20.0] * 2
        plan = [*[0.0] * 8, *[0.0] * 7, *[1.0] * 7, *[-1e9] * 7, *[1e9] * 7, 1.0, *bounds, 8.0, *[0.0] * 4]
        cells = [1e3 if j == k else 0.0 for j in range(8) for k in range(j, 8)]
        self.plan = array("d", plan) * count
        self.state = array("d", [*cells, *[0.0] * (drift_kernels.STATE - len(cells))]) * count
        self.clock = array("q", [-1, 0, 0, 0]) * count
        self.columns = array("i", range(8)) * count
        self.rule = array("d", [FORGET, 8e4, 1.25 * (1 - FORGET), 1e3, 4.0, 0.5, 50.0, 0.01, 0.01])
        self.times = array("q", [SECOND, 900 * SECOND, 0])
        self.gate = array("B", [3]) * (n * count)
        self.out = array("d", bytes(64 * n * count))
        self.bits, self.mode = array("B", bytes(n * count)), array("B", bytes(n * count))

    def feed(self, rows: FrameBlock) -> None:
        """One call of the kernel."""
        drift_kernels.drift_rows(
            rows.time_ns, rows.values, 8, self.n, self.gate, self.count, self.columns, 1, self.rule, self.times,
            self.plan, self.state, self.clock, self.out, self.bits, self.mode,
        )  # fmt: skip


def kernel_rows(result: frame.Result, *, quick: bool) -> None:
    """Adds kernel_ns (one model, many rows), kernel_many_ns (10,000 models a row), and the plain C loop's cost."""
    repeats = 3 if quick else 15
    n, many = (50_000, 10_000)
    one, crowd = Models(1, n), Models(many, 1)
    rows, row = _load_rows(np.random.default_rng(1), n, 0), _load_rows(np.random.default_rng(2), 1, 0)
    with tempfile.TemporaryDirectory() as folder:
        plain = _plain(pathlib.Path(folder), rows)
        found = {"kernel_ns": [], "kernel_many_ns": [], "plain_c_ns": []}  # type: dict[str, list[float]]
        for _ in range(repeats):
            found["kernel_ns"].append(_timed(lambda: one.feed(rows)) / n)
            found["kernel_many_ns"].append(_timed(lambda: crowd.feed(row)) / many)
            found["plain_c_ns"].append(_timed(plain) / n)
    for key, values in found.items():
        result.add_repeats(key, [min(values)] if quick else sorted(values)[: repeats // 3], "ns")
    result.add("kernel_state_bytes", 8 * (drift_kernels.STATE + drift_kernels.CLOCK), "bytes")
    result.notes.append(
        "plain_c_ns: recursive least squares of 8 features alone, textbook, mirrored, same compiler flags"
    )


class _Block:
    """`n` rows in columns that are made once and filled anew: the run is the kernel's, not that of making columns."""

    def __init__(self, n: int) -> None:
        self.rows = FrameBlock(array("q", bytes(8 * n)), array("d", [2.0, *[0.0] * 7]) * n, 8)
        self._time = np.frombuffer(self.rows.time_ns, np.int64)
        self._values = np.frombuffer(self.rows.values).reshape(n, 8)
        self._steps = np.arange(n, dtype=np.int64) * SECOND

    def fill(self, rng: np.random.Generator, truth: np.ndarray[Any, Any], done: int) -> np.ndarray[Any, Any]:
        """The rows from second `done` on, the first 1,000 at work and the rest idle; gives their exact power."""
        np.add(self._steps, done * SECOND, out=self._time)
        work = self._values[:_AT_WORK]
        work[:_VARIED, 1:] = rng.normal(0, 1.0, (_VARIED, 7))
        # the order of draws is part of the run: first the varied rows with their noise, then the steady ones' noise
        exact: np.ndarray[Any, Any] = 60.0 + work[:, 1:] @ truth
        work[:_VARIED, 0] = exact[:_VARIED] + rng.normal(0, 1.0, _VARIED)
        work[_VARIED:, 0] = exact[_VARIED:] + rng.normal(0, 1.0, _AT_WORK - _VARIED)
        return exact


def stability_rows(result: frame.Result, *, updates: int) -> None:
    """Adds stability_max_ratio and restart_samples after `updates` rows, nine of ten of them idle.

    stability_max_ratio: greatest error of the adaptive model ten rows and more after a restart, in standard deviations
    of the noise; restart_samples: most rows after a restart until the error has come under five of them for good.
    """
    n, rng, truth = 10_000, np.random.default_rng(4), np.random.default_rng(5).normal(size=7)
    model, block = Models(1, n), _Block(n)
    shown = np.frombuffer(model.out).reshape(n, 8)[:_AT_WORK, 1]
    ratio, restart, trace, done = 0.0, 0, 0.0, 0
    while done < updates:
        # a tenth at work, most of it at one load: what winds textbook models up
        exact = block.fill(rng, truth, done)
        model.feed(block.rows)
        done += n
        if done > 2 * n:  # the first blocks learn the machine
            error = np.abs(shown - exact)
            ratio = max(ratio, float(error[10:].max()))
            late = np.flatnonzero(~(error < 5.0))
            restart = max(restart, int(late[-1]) + 1 if len(late) else 0)
            trace = max(trace, sum(model.state[at] for at in (0, 8, 15, 21, 26, 30, 33, 35)))
    result.add("stability_max_ratio", ratio if all(map(math.isfinite, model.state)) else math.inf, "1")
    result.add("restart_samples", restart, "rows")
    result.add("stability_updates", done, "rows")
    result.notes.append(f"greatest trace of the covariance {trace:.4g}, bound {model.rule[1]:.4g}")


def _load_rows(
    rng: np.random.Generator, n: int, start: int, truth: np.ndarray[Any, Any] | None = None, spread: float = 1.0
) -> FrameBlock:
    drivers = rng.normal(0, spread, (n, 7)) if spread else np.zeros((n, 7))
    slopes = np.ones(7) if truth is None else truth
    power = 60.0 + drivers @ slopes + rng.normal(0, 1.0, n)
    values = array("d", np.column_stack([power, drivers]).tobytes())
    return FrameBlock(array("q", range(start * SECOND, (start + n) * SECOND, SECOND)), values, 8)


def _timed(call: Callable[[], None]) -> float:
    start = time.perf_counter_ns()
    call()
    return float(time.perf_counter_ns() - start)


def _plain(folder: pathlib.Path, rows: FrameBlock) -> Callable[[], None]:
    """A call of the plain C loop over the rows, features [1, drivers]."""
    source, target = folder / "plain.c", folder / "plain.so"
    source.write_text(_PLAIN, encoding="ascii")
    compiler = shlex.split(os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc")
    subprocess.run([*compiler, *_FLAGS, str(source), "-o", str(target)], check=True)
    function = ctypes.CDLL(str(target)).rows
    function.restype = None
    n = len(rows)
    table = np.array(rows.values).reshape(n, 8)
    x = np.ascontiguousarray(np.column_stack([np.ones(n), table[:, 1:]]))
    columns = [x, np.ascontiguousarray(table[:, 0]), np.eye(8) * 1e3, np.zeros(8), np.zeros(n)]
    x_at, y_at, p_at, w_at, out_at = (ctypes.c_void_p(each.ctypes.data) for each in columns)
    forget = ctypes.c_double(FORGET)

    def run(_alive: object = columns) -> None:  # the arrays live as long as the call
        function(x_at, y_at, n, forget, p_at, w_at, out_at)

    return run


def measure(options: frame.Options, result: frame.Result) -> int:
    """Both parts; 1 where a goal is missed."""
    kernel_rows(result, quick=options.quick)
    stability_rows(
        result, updates=1_000_000_000 if options.arguments.long else 1_000_000 if options.quick else 10_000_000
    )
    values = {row.key: row.value for row in result.rows}
    good = values["kernel_ns"] <= 120 and values["stability_max_ratio"] <= 5 and values["restart_samples"] <= 10
    return 0 if good or options.quick else 1


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--long", action="store_true", help="1,000,000,000 updates instead of 10,000,000")


if __name__ == "__main__":
    sys.exit(frame.run("energy_kernel", measure, description=__doc__ or "", measures=MEASURES, extra=_arguments))
