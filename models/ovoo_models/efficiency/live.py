"""Live efficiency of a machine: a loss is told only where it stands out of the instruments' uncertainty."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from typing import Any, Final

from ovoo_contract.errors import ArtifactError, ConfigError

from ovoo_models._select import equipment_kernels as kernels
from ovoo_models.base import NORMAL, UNKNOWN, Contribution, FrameBlock, Place, ScoreBlock, Watch
from ovoo_models.efficiency.equipment import KINDS
from ovoo_models.gate import Gate
from ovoo_models.params import Params
from ovoo_models.portable import exponential
from ovoo_models.state import ArrayStore

__all__ = ["LiveEfficiency"]

_GAP_NS: Final = 3_600_000_000_000


class LiveEfficiency:
    """Score = loss of the smoothed efficiency against its reference, in standard uncertainties of the instruments.

    Parameters: `kind` (`equipment.KINDS`); a number for each of its inputs that is no signal, by the input's name; what
    is left takes the binding's inputs in the kind's order. `u_NAME`: standard uncertainty of an input in its unit,
    `e_NAME` the same in percent of the reading; one at least is needed. `reference` with `u_reference`, else learned as
    the mean of `learn_rows` normal rows: then only the scatter of that mean is its uncertainty, for the instruments
    are the same. `smooth_s` time constant; `limit` in standard uncertainties; gate and delays. Rows with
    readings that cannot be (outside physics, efficiency above 1 beyond its uncertainty) are not scored.
    """

    trace_width = 2
    learned = ("fit", "means", "sums")

    def __init__(self, params: Mapping[str, Any], place: Place) -> None:
        known = Params(params, "equipment")
        self.place = place
        self.kind = KINDS[known.text("kind", "pump", *KINDS)]
        self.gate = Gate(known, place, settle_s=300.0)
        smooth_s = known.number("smooth_s", 600.0, 0.0)
        self._decay = exponential(-place.period_ns / (smooth_s * 1e9)) if smooth_s > 0.0 else 0.0
        self._warm = max(1, round(smooth_s * 1e9 / place.period_ns))
        self._limit = known.number("limit", 2.0, 0.1)
        self._learn_rows = int(known.number("learn_rows", 2000, 2))
        self.watch = Watch(
            on_delay_s=known.number("on_delay_s", 1800.0, 0.0),
            off_delay_s=known.number("off_delay_s", 600.0, 0.0),
            merge_s=known.number("merge_s", 21_600.0, 0.0),
            release=known.number("release", 0.8, 0.0, 1.0),
        )
        self._read_inputs(known)
        m = len(self.kind.inputs)
        # reference, its uncertainty
        self._fit = array("d", [known.number("reference", math.nan) if "reference" in params else math.nan,
                                known.number("u_reference", 0.0, 0.0)])  # fmt: skip
        known.finish()
        self._check_inputs()
        # rows, sum and sum of squares of the result, sums of the inputs
        self._sums, self._means = array("d", bytes(8 * (3 + m))), array("d", [math.nan] * m)
        self._run, self._at = array("d", bytes(16)), array("q", [0])
        self._result, self._sigma, self._code, self._parts = array("d"), array("d"), array("B"), array("d")
        self._arrays = ArrayStore(
            "equipment", fit=self._fit, means=self._means, sums=self._sums, run=self._run, at=self._at,
            running=self.gate.running,
        )  # fmt: skip

    def _read_inputs(self, known: Params) -> None:
        inputs = self.kind.inputs
        self._constants, self._columns = array("d"), array("i")
        self._absolute, self._relative = array("d"), array("d")
        self._low, self._high = array("d", [each.low for each in inputs]), array("d", [each.high for each in inputs])
        signals, missing = list(self.place.inputs), []
        spare = sum(1 for each in inputs if each.name not in known) - len(signals)
        for each in inputs:
            given = each.name in known
            skipped = not given and each.default is not None and spare > 0
            spare -= skipped
            wanted = not given and not skipped
            if wanted and not signals:
                missing.append(f"{each.name} in {each.unit}")
            fallback = 0.0 if each.default is None else each.default
            self._constants.append(known.number(each.name, fallback, each.low, each.high) if given else fallback)
            self._columns.append(signals.pop(0) if wanted and signals else -1)
            self._absolute.append(known.number(f"u_{each.name}", 0.0, 0.0))
            self._relative.append(known.number(f"e_{each.name}", 0.0, 0.0, 100.0) / 100.0)
        self._lacking = (missing, len(signals))

    def _check_inputs(self) -> None:
        missing, left = self._lacking
        if missing:
            raise ConfigError(
                "inputs are needed", code="live.inputs_needed", slots={"missing": ", ".join(missing)},
                offender="equipment.inputs", remedy=f"give {', '.join(missing)}",
            )  # fmt: skip
        if left:
            raise ConfigError(
                "more signals than inputs", code="live.more_signals_than_inputs",
                slots={"name": self.kind.name, "known": ', '.join(each.name for each in self.kind.inputs)},
                offender="equipment.inputs", value=len(self.place.inputs),
                remedy=f"{self.kind.name} takes {', '.join(each.name for each in self.kind.inputs)}",
            )  # fmt: skip
        if not any(self._absolute) and not any(self._relative):
            raise ConfigError(
                "a loss is told by the uncertainty, and none is given", code="live.loss_told_by_uncertainty_and_none",
                offender="equipment.u_NAME, e_NAME",
                remedy="give the standard uncertainty of at least one instrument",
            )  # fmt: skip

    @property
    def ready(self) -> bool:
        """Whether the reference is known."""
        return self._fit[0] == self._fit[0]

    @property
    def reference(self) -> float:
        """The efficiency to be held; NaN before `ready`."""
        return self._fit[0]

    def fit(self, reference: float, sigma: float) -> None:
        """Take a reference other than zero and its standard uncertainty."""
        if not (math.isfinite(reference) and reference != 0.0 and 0.0 <= sigma < math.inf):
            raise ArtifactError(
                "no reference", code="live.no_reference", offender="equipment.reference", value=(reference, sigma)
            )
        self._fit[0], self._fit[1] = reference, sigma
        self._run[0] = self._run[1] = 0.0

    def learn_many(self, rows: FrameBlock) -> None:
        """The mean result and inputs of `learn_rows` rows that run and can be; then frozen."""
        if self.ready:
            return
        mask, m = self.gate.mask(rows), len(self.kind.inputs)
        self._compute(rows)
        for i in range(len(rows)):
            if mask[i] == NORMAL and self._code[i] == 0 and self._sums[0] < self._learn_rows:
                self._sums[0] += 1.0
                self._sums[1] += self._result[i]
                self._sums[2] += self._result[i] * self._result[i]
                for k in range(m):
                    self._sums[3 + k] += self._value(rows, i, k)
        n = self._sums[0]
        if n >= self._learn_rows:
            mean = self._sums[1] / n
            self._means[:] = array("d", [total / n for total in self._sums[3:]])
            self.fit(mean, math.sqrt(max(self._sums[2] / n - mean * mean, 0.0) / n))

    def score_many(self, rows: FrameBlock, out: ScoreBlock) -> None:
        """Fill `out`; measure is the loss in percent of the reference, trace the smoothed result and the doubt."""
        n = len(rows)
        out.resize(n, self.trace_width)
        mask = self.gate.mask(rows)
        if not self.ready:
            blank = array("d", [math.nan] * n)
            out.score[:n] = out.limits[:n] = out.measure[:n] = blank
            out.state[:n] = array("B", [UNKNOWN] * n)
            return
        self._compute(rows)
        kernels.loss_rows(
            rows.time_ns, n, mask, self._result, self._sigma, self._code, self._decay, _GAP_NS, self._warm,
            float(self.kind.better), self._fit, self._limit, self._run, self._at, out.score, out.limits, out.measure,
            out.state, out.trace,
        )  # fmt: skip

    def explain(self, rows: FrameBlock, out: ScoreBlock, row: int) -> tuple[Contribution, ...]:
        """What of the loss each signal brings by having left its mean; without means, its part in the doubt."""
        m = len(self.kind.inputs)
        x, still, parts = (array("d", bytes(8 * m)) for _ in range(3))
        for k in range(m):
            x[k] = self._value(rows, row, k)
        here = kernels.equipment_one(self.kind.code, x, still, self._low, self._high, parts)[0]
        weights = [0.0] * m
        for k in range(m):
            if self._columns[k] >= 0 and self._means[k] == self._means[k]:
                kept, x[k] = x[k], self._means[k]
                usual = kernels.equipment_one(self.kind.code, x, still, self._low, self._high, parts)[0]
                x[k] = kept
                weights[k] = max((usual - here) * self.kind.better, 0.0) if usual == usual else 0.0
        if not 0.0 < math.fsum(weights) < math.inf:
            doubt = array("d", [self._absolute[k] + self._relative[k] * abs(x[k]) for k in range(m)])
            kernels.equipment_one(self.kind.code, x, doubt, self._low, self._high, parts)
            weights = [parts[k] * parts[k] if self._columns[k] >= 0 else 0.0 for k in range(m)]
        return self._contributions(x, weights)

    def _contributions(self, x: array[float], weights: list[float]) -> tuple[Contribution, ...]:
        total = math.fsum(weights)
        if not 0.0 < total < math.inf:
            return ()
        found = []
        for k, weight in enumerate(weights):
            if weight / total > 0.0:
                change = x[k] - self._means[k]
                doubt = self._absolute[k] + self._relative[k] * abs(x[k])
                sigma = change / doubt if doubt > 0.0 else math.nan
                found.append(Contribution(self._columns[k], weight / total, sigma, change))
        return tuple(sorted(found, key=lambda each: -each.share))

    def _value(self, rows: FrameBlock, row: int, k: int) -> float:
        column = self._columns[k]
        return self._constants[k] if column < 0 else rows.values[row * rows.width + column]

    def _compute(self, rows: FrameBlock) -> None:
        n, m = len(rows), len(self.kind.inputs)
        if len(self._result) < n:
            more = n - len(self._result)
            self._result.extend(array("d", bytes(8 * more)))
            self._sigma.extend(array("d", bytes(8 * more)))
            self._code.extend(array("B", bytes(more)))
            self._parts.extend(array("d", bytes(8 * m * more)))
        kernels.equipment_rows(
            self.kind.code, rows.values, rows.width, n, self._columns, self._constants, self._absolute, self._relative,
            self._low, self._high, self._result, self._sigma, self._code, self._parts,
        )  # fmt: skip

    def state(self) -> dict[str, str]:
        """Reference, means and the running mean."""
        return self._arrays.state()

    def load(self, state: Mapping[str, str]) -> None:
        """Take `state()`."""
        self._arrays.load(state)
