"""A baseline of bills: energy by days and by what drove it in each period, at the resolution that bills have.

Energy of a period = rate x days + sum of slope x amount, fitted with weights 1 / days: errors of days add up, so the
variance of a period grows with its length. The interval is Student's, widened by the correlation of neighbours.
"""

from __future__ import annotations

import itertools
import math
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.record import Column, data_hash
from ovoo_models.efficiency.savings.bill_periods import BillPeriod
from ovoo_models.efficiency.savings.inspection import Fault
from ovoo_models.efficiency.savings.numerics import student_t
from ovoo_models.efficiency.savings.uncertainty import lag1

__all__ = ["COVERAGE", "BillData", "BillModel", "fit_bills", "row_of"]

_LEAST_FREEDOM: Final = 5
_SINGULAR: Final = 1e-10
COVERAGE: Final = 0.9


@dataclass(frozen=True, slots=True)
class BillData:
    """Periods in order of time with an amount of each driver in each (degree-days, tonnes); NaN is missing.

    `faults`: what settling the bills found.
    """

    periods: tuple[BillPeriod, ...]
    amounts: Mapping[str, Sequence[float]]
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        for name, column in self.amounts.items():
            if len(column) != len(self.periods):
                value = (len(column), len(self.periods))
                raise EvidenceError(
                    "not one amount a period",
                    code="bills.not_one_amount_a_period",
                    offender=name,
                    value=value,
                    remedy="NaN where missing",
                )

    def complete(self) -> list[int]:
        """Periods in which every driver is known."""
        return [n for n in range(len(self.periods)) if all(math.isfinite(c[n]) for c in self.amounts.values())]

    def columns(self) -> tuple[Column, ...]:
        """Hash and count of energy, lengths and drivers, for a record."""
        times = [each.start_ns for each in self.periods]
        named: list[tuple[str, str, Sequence[float]]] = [
            ("energy", "kWh", [each.kwh for each in self.periods]),
            ("days", "d", [each.days for each in self.periods]),
            *((name, "", self.amounts[name]) for name in sorted(self.amounts)),
        ]
        return tuple(
            Column(name, unit, data_hash(times, array("d", column)), len(column), sum(1 for x in column if x == x))
            for name, unit, column in named
        )


@dataclass(frozen=True, slots=True)
class BillModel:
    """kWh a day and kWh an amount of each driver; `used` are the rows of the baseline.

    `sigma`: standard error of one day, kWh; a period of d days has sigma sqrt(d). `widening` = n / n' >= 1 of the
    variance, by the lag-1 correlation `rho`. `cv_rmse`: of a period of mean length, as a share of its energy.
    `inverse`: (X' W X)^-1, row by row. `ranges`: of each driver's amount a day.
    """

    drivers: tuple[str, ...]
    coefficients: tuple[float, ...]
    inverse: tuple[float, ...]
    used: tuple[int, ...]
    sigma: float
    widening: float
    rho: float
    cv_rmse: float
    r2: float
    mean_kwh: float
    mean_days: float
    ranges: Mapping[str, tuple[float, float]]

    @property
    def terms(self) -> int:
        """Coefficients."""
        return len(self.coefficients)

    @property
    def freedom(self) -> int:
        """Periods less terms."""
        return len(self.used) - self.terms

    def named(self) -> dict[str, float]:
        """Coefficients by name."""
        return dict(zip(("per_day", *self.drivers), self.coefficients, strict=True))

    def expected(self, row: Sequence[float]) -> float:
        """Energy of a row of days and amounts."""
        return math.fsum(c * x for c, x in zip(self.coefficients, row, strict=True))

    def half_width(self, row: Sequence[float], coverage: float = COVERAGE) -> float:
        """Half of the prediction interval of the energy of `row`: error of its own days and of the coefficients."""
        p = self.terms
        spread = math.fsum(row[i] * self.inverse[i * p + k] * row[k] for i in range(p) for k in range(p))
        return student_t(self.freedom, coverage) * self.sigma * math.sqrt(self.widening * (row[0] + spread))


def fit_bills(data: BillData, *, any_sign: bool = False) -> BillModel:
    """The model of a baseline of bills.

    Raises:
        EvidenceError: fewer than five periods more than terms, drivers that cannot be told apart, or a slope below
            nought where `any_sign` is not said.
    """
    used = data.complete()
    names = tuple(sorted(data.amounts))
    if len(used) - len(names) - 1 < _LEAST_FREEDOM:
        least = len(names) + 1 + _LEAST_FREEDOM
        raise EvidenceError(
            "too few periods for a baseline of bills",
            code="bills.too_few_periods",
            slots={"least": least},
            offender="bills",
            value=len(used),
            remedy=f"{least} periods with every driver, or fewer drivers",
        )
    rows = [row_of(data, n, names) for n in used]
    energy = [data.periods[n].kwh for n in used]
    coefficients, inverse = _solved(rows, energy, names)
    model = _judged(data, names, used, rows, energy, coefficients, inverse)
    wrong = next((name for name, slope in zip(names, coefficients[1:], strict=True) if slope < 0.0), None)
    if wrong is not None and not any_sign:
        raise EvidenceError(
            "energy falls with a driver",
            code="bills.energy_falls_with_a_driver",
            offender=wrong,
            value=model.named()[wrong],
            remedy="leave the driver out, or say that any sign will do",
        )
    return model


def row_of(data: BillData, n: int, names: Sequence[str]) -> list[float]:
    """Days and amounts of the n-th period, as a model takes them."""
    return [data.periods[n].days, *(float(data.amounts[name][n]) for name in names)]


def _solved(
    rows: Sequence[Sequence[float]], energy: Sequence[float], names: Sequence[str]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Coefficients and (X' W X)^-1 by Gauss-Jordan on columns scaled to one."""
    p = len(names) + 1
    scale = [math.sqrt(math.fsum(row[k] * row[k] / row[0] for row in rows)) or 1.0 for k in range(p)]
    normal = [
        [math.fsum(row[i] * row[k] / row[0] for row in rows) / (scale[i] * scale[k]) for k in range(p)]
        + [1.0 if i == k else 0.0 for k in range(p)]
        for i in range(p)
    ]
    for k in range(p):
        pivot = max(range(k, p), key=lambda i: abs(normal[i][k]))
        if abs(normal[pivot][k]) < _SINGULAR:
            raise EvidenceError(
                "drivers that cannot be told apart",
                code="bills.drivers_cannot_be_told_apart",
                offender=("days", *names)[k],
                value=list(names),
                remedy="leave one of them out",
            )
        normal[k], normal[pivot] = normal[pivot], normal[k]
        normal[k] = [value / normal[k][k] for value in normal[k]]
        for i in range(p):
            if i != k:
                factor = normal[i][k]
                normal[i] = [a - factor * b for a, b in zip(normal[i], normal[k], strict=True)]
    inverse = [normal[i][p + k] / (scale[i] * scale[k]) for i in range(p) for k in range(p)]
    moments = [math.fsum(row[k] * y / row[0] for row, y in zip(rows, energy, strict=True)) for k in range(p)]
    return tuple(math.fsum(inverse[i * p + k] * moments[k] for k in range(p)) for i in range(p)), tuple(inverse)


def _judged(
    data: BillData, names: tuple[str, ...], used: Sequence[int], rows: Sequence[Sequence[float]],
    energy: Sequence[float], coefficients: tuple[float, ...], inverse: tuple[float, ...],
) -> BillModel:  # fmt: skip
    errors = [
        (y - math.fsum(c * x for c, x in zip(coefficients, row, strict=True))) / math.sqrt(row[0])
        for row, y in zip(rows, energy, strict=True)
    ]
    rss, n = math.fsum(e * e for e in errors), len(used)
    sigma = math.sqrt(rss / (n - len(coefficients)))
    ends = [data.periods[k] for k in used]
    gaps = array("i", [1, *(1 if a.end_ns == b.start_ns else 2 for a, b in itertools.pairwise(ends))])
    rho = lag1(errors, gaps)
    days, whole = math.fsum(row[0] for row in rows), math.fsum(energy)
    tss = math.fsum((y - whole / days * row[0]) ** 2 / row[0] for row, y in zip(rows, energy, strict=True))
    rates = {name: [row[k] / row[0] for row in rows] for k, name in enumerate(names, 1)}
    return BillModel(
        names, coefficients, inverse, tuple(used), sigma, max(1.0, (1.0 + rho) / (1.0 - rho)), rho,
        sigma * math.sqrt(days / n) / (whole / n) if whole else math.inf,
        1.0 - rss / tss if tss > 0.0 else math.nan, whole / n, days / n,
        {name: (min(values), max(values)) for name, values in rates.items()},
    )  # fmt: skip
