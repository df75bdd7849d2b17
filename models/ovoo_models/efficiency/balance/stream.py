"""The balance of a few meters each minute, on the gateway: more than the instruments explain, or late, or missing?"""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any

from ovoo_contract.errors import ConfigError

from ovoo_models._select import balance_kernels
from ovoo_models.base import Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.state import ArrayStore

__all__ = ["MeterBalance"]


class MeterBalance:
    """Score = |imbalance of block means| / (sigmas x standard uncertainty + what a delay can do); 1 is the limit.

    The first input is what comes in; the others are used, but for those at `feeds`, which come in too; all in one unit.
    A meter that reports up to `delay_s` late shifts a mean by at most delay / block of its range over this block and
    the one before, which is granted. A row shows the block before its own; a block with less than `cover` of its rows
    is not scored. Measure: the imbalance, > 0 where more goes in than comes out, known losses taken off.
    """

    learned = ()

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "meter_balance")
        d = len(place.inputs)
        if d < 2:
            raise ConfigError(
                "two or more meters are needed", code="balance.two_or_more_meters_needed",
                offender="meter_balance.inputs", value=d,
                remedy="what comes in first, then what is used",
            )  # fmt: skip
        if len(set(place.inputs)) != d:
            raise ConfigError(
                "a meter is listed twice", code="balance.meter_listed_twice", offender="meter_balance.inputs",
                value=place.inputs, remedy="each once",
            )  # fmt: skip
        self.place = place
        self.gate = Gate(known, place)
        self._columns = array("i", place.inputs)
        feeds = known.positions("feeds", d)
        self._signs = array("d", [1.0 if k == 0 or k in feeds else -1.0 for k in range(d)])
        self._share = known.number("class_percent", 100.0, 1e-6, 100.0) / 100.0 / math.sqrt(3.0)
        self._floor = known.number("floor", 0.0, 0.0, 1e30)
        self._loss = known.number("loss_percent", 0.0, 0.0, 100.0) / 100.0
        self._coverage = known.number("sigmas", 3.0, 0.1, 100.0)
        block_s = known.number("block_s", 900.0, 1.0, 86_400.0)
        self._lag = min(known.number("delay_s", 60.0, 0.0) / block_s, 1.0)
        self._block_ns = round(block_s * 1e9)
        expected = max(self._block_ns // place.period_ns, 1)
        self._least_rows = max(math.ceil(known.number("cover", 0.8, 0.0, 1.0) * expected), 1)
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 1800.0, 0.0),
            off_delay_s=known.number("off_delay_s", 1800.0, 0.0),
            merge_s=known.number("merge_s", 21_600.0, 0.0),
            release=known.number("release", 0.9, 0.0, 1.0),
        )
        known.finish()
        if "class_percent" not in known:
            raise ConfigError(
                "the accuracy class is needed", code="balance.accuracy_class_needed",
                offender="meter_balance.class_percent", remedy="as on the meters, in %",
            )  # fmt: skip
        self._sums, self._held = array("d", bytes(40 * d)), array("d", bytes(8 * (d + 3)))
        self._at = array("q", [-1, 0, -1, 0])
        self._arrays = ArrayStore(
            "meter_balance", sums=self._sums, held=self._held, at=self._at, running=self.gate.running
        )

    @property
    def trace_width(self) -> int:
        """Each input's part of the variance, and the root of all."""
        return len(self._columns) + 1

    @property
    def ready(self) -> bool:
        """Always; single rows may still be unknown."""
        return True

    def learn_many(self, rows: FrameBlock) -> None:
        """Nothing to learn: classes and delays are given."""

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the imbalance of the block before a row's own, in the unit of the inputs."""
        out.resize(len(rows), self.trace_width)
        balance_kernels.balance_rows(
            rows.time_ns, rows.values, rows.width, len(rows), self.gate.mask(rows), self._columns, self._signs,
            len(self._columns), self._share, self._floor, self._loss, self._coverage, self._lag, self._block_ns,
            self._least_rows, self._sums, self._held, self._at, out.score, out.limits, out.measure, out.state,
            out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """Inputs by their part of the variance; change: its part of the imbalance by least squares."""
        d = len(self._columns)
        parts = out.trace[row * (d + 1) : (row + 1) * (d + 1)]
        root, imbalance = parts[d], out.measure[row]
        if not root > 0.0:
            return ()
        found = [
            Contribution(
                self._columns[k], parts[k], self._signs[k] * imbalance * math.sqrt(parts[k]) / root,
                self._signs[k] * imbalance * parts[k],
            )
            for k in range(d)
            if parts[k] > 0.0
        ]  # fmt: skip
        return tuple(sorted(found, key=lambda each: -each.share))

    def state(self) -> dict[str, str]:
        """The open block and the one shown."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
