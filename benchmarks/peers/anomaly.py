"""Peers of the anomaly benchmark in an environment of their own: a line of JSON in, a line of JSON out.

`anomaly.py DATA WIDTH`: DATA holds doubles, WIDTH a row. Runs under the peers' interpreter, without this project.
Times are processor seconds a row, the best of a few goes, as for our own kernels.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

TREES, HEIGHT, WINDOW = 25, 8, 250


def best(work: Callable[[], None], rows: int, goes: int) -> float:
    """Least processor seconds a row of `goes` runs of `work` over `rows` rows."""
    found = []
    for _ in range(goes):
        began = time.process_time()
        work()
        found.append((time.process_time() - began) / rows)
    return min(found)


class River:
    """river's HalfSpaceTrees, score then learn, as its documentation has it."""

    def __init__(self, rows: Any) -> None:
        from river import anomaly  # only where this script runs

        self._rows = [dict(enumerate(row)) for row in rows.tolist()]
        self._limits = dict.fromkeys(range(rows.shape[1]), (0.0, 1.0))
        self._make: Callable[[], Any] = lambda: anomaly.HalfSpaceTrees(
            n_trees=TREES, height=HEIGHT, window_size=WINDOW, limits=self._limits, seed=7
        )
        self._timed = self._make()
        for row in self._rows[: 2 * WINDOW]:
            self._timed.learn_one(row)

    def run(self) -> dict[str, Any]:
        """Seconds a row of score and learn."""

        def work() -> None:
            for row in self._rows[:2000]:
                self._timed.score_one(row)
                self._timed.learn_one(row)

        return {"seconds": best(work, 2000, 2)}

    def trees(self) -> dict[str, Any]:
        """Cuts and inputs of its trees, node i of level l at 2^l + i with children i and i + 2^l, and its scores."""
        forest = self._make()
        scores = []
        for row in self._rows[:2000]:
            scores.append(forest.score_one(row) if forest.trees else 0.0)
            forest.learn_one(row)
        cut, pick = [], []
        for root in forest.trees:
            level = [root]
            cut.append(0.0)
            pick.append(0)
            for _ in range(HEIGHT):
                cut += [node.threshold for node in level]
                pick += [node.feature for node in level]
                level = [node.children[side] for side in (0, 1) for node in level]
        return {"cut": cut, "pick": pick, "scores": scores}


class Forest:
    """scikit-learn's IsolationForest, trained with the same parameters and seed as ours."""

    def __init__(self, rows: Any) -> None:
        from sklearn.ensemble import IsolationForest

        self._rows = rows
        self._model = IsolationForest(n_estimators=100, max_samples=256, random_state=1).fit(rows[:5000])

    def run(self) -> dict[str, Any]:
        """Seconds a row: one row a call, and blocks of 20,000."""

        def single() -> None:
            for at in range(50):
                self._model.score_samples(self._rows[at : at + 1])

        block = self._rows[:20_000]
        return {
            "seconds": best(single, 50, 2),
            "block_seconds": best(lambda: _drop(self._model.score_samples(block)), len(block), 2),
        }


def _drop(_value: Any) -> None:
    """The work was done for its time."""


class Numpy:
    """T2 and SPE of blocks of 1,000 rows without smoothing, every array given, one thread: 40 inputs, 10 kept."""

    def __init__(self, _rows: Any) -> None:
        import numpy as np

        self._np = np
        rng = np.random.default_rng(5)
        self._x = rng.normal(size=(1000, 40))
        self._mean, self._inverse = self._x.mean(0), 1 / self._x.std(0)
        self._basis = np.ascontiguousarray(np.linalg.qr(rng.normal(size=(40, 40)))[0][:, :10])
        self._sharp = np.linspace(0.5, 2.0, 10)
        self._z, self._t = np.empty((1000, 40)), np.empty((1000, 10))

    def run(self) -> dict[str, Any]:
        """Seconds a row."""
        np, z, t = self._np, self._z, self._t

        def work() -> None:
            for _ in range(20):
                np.subtract(self._x, self._mean, out=z)
                np.multiply(z, self._inverse, out=z)
                np.matmul(z, self._basis, out=t)
                energy = np.einsum("ij,ij->i", z, z)
                np.multiply(t, t, out=t)
                _drop((t @ self._sharp, energy - t.sum(1)))

        return {"seconds": best(work, 20_000, 5)}


class DSalmon:
    """dSalmon's HSTrees in blocks of 1,000."""

    def __init__(self, rows: Any) -> None:
        from dSalmon import outlier  # only where this script runs

        self._rows = rows
        self._model = outlier.HSTrees(window=WINDOW, n_estimators=TREES, max_depth=HEIGHT, seed=7)
        self._model.fit_predict(rows[:1000])

    def run(self) -> dict[str, Any]:
        """Seconds a row."""

        def work() -> None:
            for at in range(0, 10_000, 1000):
                self._model.fit_predict(self._rows[at : at + 1000])

        return {"seconds": best(work, 10_000, 3)}


KINDS: dict[str, Callable[[Any], Any]] = {"river": River, "sklearn": Forest, "numpy": Numpy, "dsalmon": DSalmon}


def main() -> None:
    """Answers until the input ends."""
    import numpy as np

    rows = np.fromfile(sys.argv[1]).reshape(-1, int(sys.argv[2]))
    made: dict[str, Any] = {}
    for line in sys.stdin:
        name, _, verb = line.strip().partition(" ")
        if name not in made:
            made[name] = KINDS[name](rows)
        print(json.dumps(getattr(made[name], verb or "run")()), flush=True)


if __name__ == "__main__":
    main()
