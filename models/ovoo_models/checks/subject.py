"""An estimator under check, and what every check of it uses."""

from __future__ import annotations

import math
import tempfile
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ovoo_models.base import IDLE, LOAD, NORMAL, OFF, SETTLING, UNKNOWN, FrameBlock
from ovoo_models.checks.detector import CheckFailed
from ovoo_models.checks.rows import normal_rows
from ovoo_models.estimator import Estimator, Factory, Scores

__all__ = ["SECOND", "UNSCORED", "Make", "Subject", "bits", "honest", "require", "spread"]

Make = Callable[[], Estimator]
UNSCORED: Final = (UNKNOWN, OFF, SETTLING, IDLE, LOAD)
SECOND: Final = 1_000_000_000


class Subject:
    """An estimator under check: fresh ones, learned ones, and rows to score."""

    def __init__(self, make: Make, normal: FrameBlock | None, factory: Factory | None) -> None:
        self.make = make
        self.factory = factory
        first = make()
        self.columns = first.columns
        gate = str(first.params.get("gate", ""))
        self.normal = normal_rows(self.columns, gate=gate) if normal is None else normal
        self.day = self.normal.rows(0, min(len(self.normal), 400))
        self._learned: Path | None = None
        self._folder = tempfile.TemporaryDirectory(prefix="ovoo-check-")
        self.folder = Path(self._folder.name)

    def close(self) -> None:
        """Remove its files."""
        self._folder.cleanup()

    @property
    def learned_file(self) -> Path:
        """The artifact of an estimator that has learned the normal rows."""
        if self._learned is None:
            self._learned = self.folder / "learned.json"
            self.make().learn_many(self.normal.values, self.normal.time_ns).save(self._learned)
        return self._learned

    def learned(self) -> Estimator:
        """A fresh copy of the one that has learned."""
        return Estimator.load(self.learned_file, self.factory)


def require(holds: bool, what: str) -> None:
    """CheckFailed with `what` unless it holds."""
    if not holds:
        raise CheckFailed(what, offender="check")


def bits(scores: Scores) -> tuple[bytes, bytes]:
    """Scores and states, every NaN alike."""
    alike = array("d", [math.nan if x != x else x for x in scores.score])
    return alike.tobytes(), scores.state.tobytes()


def honest(scores: Scores) -> None:
    """States are those of detectors, and a row has a finite score exactly where it was scored."""
    for x, limit, code in zip(scores.score, scores.limit, scores.state, strict=True):
        require(code == NORMAL or code in UNSCORED, f"state {code} is not one that detectors give")
        require((code == NORMAL) == math.isfinite(x), f"score {x} with state {code}")
        require(code != NORMAL or limit > 0, f"limit {limit} of a scored row is not positive")


def spread(rows: FrameBlock, value: float) -> array[float]:
    """The values with every 11th cell replaced."""
    values = rows.values[:]
    for cell in range(3, len(values), 11):
        values[cell] = value
    return values
