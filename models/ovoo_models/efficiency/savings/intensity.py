"""Energy performance indicators by product: consumption a unit, as a ratio and as a regression, mixes weighted."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError

from ovoo_models._select import savings_kernels
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.savings.numerics import zeros
from ovoo_models.efficiency.savings.uncertainty import Fitness, fitness

__all__ = ["RatioIndicator", "RegressionIndicator", "ratio_indicator", "regression_indicator"]


@dataclass(frozen=True, slots=True)
class RatioIndicator:
    """Energy a unit of (weighted) product: sum of energy / sum of weight x output over the rows that have both."""

    value: float
    unit: str
    energy: float
    output: float
    rows: int


@dataclass(frozen=True, slots=True)
class RegressionIndicator:
    """Energy = base an interval + sum of specific consumption x output: the baseline (EnB) in regression form.

    `base` and `specific` carry their standard uncertainty. The indicator (EnPI) of other rows is actual / expected.
    """

    base: Estimate
    specific: Mapping[str, Estimate]
    fit: Fitness

    def expected(self, outputs: Mapping[str, Sequence[float]], rows: int) -> float:
        """Energy that the baseline gives to `rows` intervals of these outputs."""
        total = self.base.value * rows
        for name, estimate in self.specific.items():
            if name not in outputs:
                raise EvidenceError(
                    "output is missing", code="savings.output_missing", slots={"known": sorted(self.specific)},
                    offender=name, remedy=f"give {sorted(self.specific)}",
                )  # fmt: skip
            total += estimate.value * math.fsum(outputs[name])
        return total

    def performance(self, energy: Sequence[float], outputs: Mapping[str, Sequence[float]]) -> float:
        """Actual / expected energy: below 1 is better than the baseline, at the same output and mix."""
        expected = self.expected(outputs, len(energy))
        if not expected > 0.0:
            raise EvidenceError(
                "expected energy is not positive", code="savings.expected_energy_not_positive", offender="outputs",
                value=expected,
            )  # fmt: skip
        return math.fsum(energy) / expected


def ratio_indicator(
    energy: Sequence[float],
    outputs: Mapping[str, Sequence[float]],
    weights: Mapping[str, float] | None = None,
    unit: str = "kWh/t",
) -> RatioIndicator:
    """Specific consumption of one product, or of several in terms of a reference product.

    `weights`: how many reference units one unit of each product counts for (energy equivalents from a norm or from
    `regression_indicator`); needed for more than one product. Rows with a missing value are left out on both sides.

    Raises:
        EvidenceError: weights are missing or not positive, outputs negative, or the output sums to nought.
    """
    rows = _complete(energy, outputs)
    weights = weights if weights is not None else dict.fromkeys(outputs, 1.0) if len(outputs) == 1 else {}
    for name in outputs:
        if not weights.get(name, 0.0) > 0.0:
            raise EvidenceError(
                "several products need weights", code="savings.several_products_need_weights", offender=name,
                value=weights.get(name),
                remedy="energy equivalents of a norm, or the specific consumptions of regression_indicator",
            )  # fmt: skip
    produced = math.fsum(weights[name] * column[i] for name, column in outputs.items() for i in rows)
    if not produced > 0.0:
        raise EvidenceError(
            "nothing was produced", code="savings.nothing_was_produced", offender="outputs", value=produced
        )
    used = math.fsum(energy[i] for i in rows)
    return RatioIndicator(used / produced, unit, used, produced, len(rows))


def regression_indicator(
    energy: Sequence[float], outputs: Mapping[str, Sequence[float]], energy_unit: str = "kWh", output_unit: str = "t"
) -> RegressionIndicator:
    """Least squares of energy on the outputs; standard uncertainties from the residuals.

    Raises:
        EvidenceError: outputs that others explain, negative ones, or a specific consumption below nought.
    """
    rows, names = _complete(energy, outputs), list(outputs)
    n, p = len(rows), 1 + len(names)
    if n < 3 * p:
        raise EvidenceError(
            "too few rows", code="savings.too_few_rows", slots={"least": 3 * p}, offender="energy", value=n,
            remedy=f"at least {3 * p}",
        )  # fmt: skip
    design = array("d", [v for i in rows for v in (1.0, *(outputs[name][i] for name in names))])
    y, w = array("d", [energy[i] for i in rows]), array("d", [1.0]) * n
    coef, inverse, fitted = zeros(p), zeros(p * p), zeros(n)
    bad = savings_kernels.least_squares(design, p, y, w, n, coef, inverse, fitted)
    if bad >= 0:
        raise EvidenceError(
            "output never changes, or others say the same", code="savings.output_never_changes_or_others_say",
            offender=names[max(bad - 1, 0)], value=bad,
            remedy="leave it out or join the products",
        )  # fmt: skip
    found = fitness(y, fitted, array("i", [1]) * n, p)
    sigma = found.cv_rmse * found.mean
    known = [Estimate(coef[j], sigma * math.sqrt(inverse[j * p + j]), energy_unit) for j in range(p)]
    specific = {
        n: Estimate(e.value, e.sigma, f"{energy_unit}/{output_unit}") for n, e in zip(names, known[1:], strict=True)
    }
    for name, estimate in specific.items():
        if estimate.value < 0.0:
            raise EvidenceError(
                "specific consumption is below nought", code="savings.specific_consumption_below_nought",
                offender=name, value=estimate.value,
                remedy="join products that move together, or give the variable that is missing",
            )  # fmt: skip
    return RegressionIndicator(known[0], specific, found)


def _complete(energy: Sequence[float], outputs: Mapping[str, Sequence[float]]) -> list[int]:
    if not outputs:
        raise EvidenceError("no product", code="savings.no_product", offender="outputs", remedy="give at least one")
    for name, column in outputs.items():
        if len(column) != len(energy):
            raise EvidenceError(
                "columns differ in length", code="savings.columns_differ_in_length", offender=name,
                value=(len(column), len(energy)),
            )  # fmt: skip
        if any(value < 0.0 for value in column):
            raise EvidenceError(
                "output is below nought", code="savings.output_below_nought", offender=name,
                value=min(v for v in column if v == v),
            )  # fmt: skip
    columns = [energy, *outputs.values()]
    return [i for i in range(len(energy)) if all(math.isfinite(column[i]) for column in columns)]
