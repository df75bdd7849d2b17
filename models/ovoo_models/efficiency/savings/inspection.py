"""What is wrong with a meter's data before a baseline is made: each fault named, with the numbers that prove it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.savings.observations import DAY_NS, Observations

__all__ = ["Fault", "Inspection", "Limits", "inspect"]

_CODES: Final = {
    "order": "inspection.order",
    "repeated": "inspection.repeated",
    "constant": "inspection.constant",
    "too_few": "inspection.too_few",
    "coverage": "inspection.coverage",
}
"""Of the faults that are fatal."""
_MAD_SIGMA: Final = 1.4826022185056018  # 1 / quantile of the normal distribution at 3/4


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits of an inspection: parameters of the method, kept in the record of each result.

    `outlier_sigma`: robust standard deviations from the median; `repeat_days`: a stretch of as many days found again
    digit by digit; `gap_days`: a hole of as many days is named; `coverage_min`: share of intervals that must be there.
    """

    days_min: int = 60
    coverage_min: float = 0.9
    gap_days: int = 7
    repeat_days: int = 14
    outlier_sigma: float = 30.0
    negative_allowed: bool = False
    constant_allowed: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing found: a name for programs, a reason for people, its numbers, and the rows it leaves out.

    A fault that is `fatal` leaves no baseline to be made.
    """

    name: str
    reason: str
    numbers: Mapping[str, float | int | str]
    rows: tuple[int, ...] = ()
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class Inspection:
    """Faults found and the rows that are left to use."""

    faults: tuple[Fault, ...] = ()
    used: tuple[int, ...] = field(default=())

    def refuse(self, offender: str = "baseline") -> None:
        """Raises EvidenceError naming the first fatal fault, if there is one."""
        for fault in self.faults:
            if fault.fatal:
                raise EvidenceError(
                    fault.reason, code=_CODES[fault.name], offender=f"{offender}.{fault.name}",
                    value=dict(fault.numbers),
                    remedy="mend or leave out the rows named, or take another period",
                )  # fmt: skip

    def named(self, name: str) -> Fault | None:
        """The fault of that name."""
        return next((fault for fault in self.faults if fault.name == name), None)


def inspect(data: Observations, names: Iterable[str], limits: Limits | None = None) -> Inspection:
    """Everything wrong with energy and the named drivers, and the rows that may be used.

    Doubtful single rows are left out; what makes the whole period unusable is fatal. Order and duplicates come first:
    with times out of order nothing else is looked at.
    """
    limits = limits or Limits()
    names = list(names)
    disorder = _disorder(data)
    if disorder:
        return Inspection((disorder,))
    faults = [*_missing(data, names), *_negative(data, limits), *_outliers(data, names, limits)]
    out = {row for fault in faults for row in fault.rows}
    used = [row for row in data.complete(names) if row not in out]
    faults += [*_gaps(data, used, limits), *_repeats(data, used, limits)]
    faults += [] if limits.constant_allowed else _constant(data, names, used)
    faults += _enough(data, used, limits)
    return Inspection(tuple(faults), tuple(used))


def _disorder(data: Observations) -> Fault | None:
    for i in range(1, len(data)):
        step = data.time_ns[i] - data.time_ns[i - 1]
        if step < data.step_ns:
            what = "an interval stands twice" if step == 0 else "intervals overlap or run backwards"
            return Fault("order", what, {"row": i, "time_ns": data.time_ns[i], "step_ns": step}, (i,), True)
    return None


def _missing(data: Observations, names: Sequence[str]) -> list[Fault]:
    faults = []
    for name, column in (("energy", data.energy), *((n, data.driver(n)) for n in names)):
        rows = tuple(i for i, value in enumerate(column) if not math.isfinite(value))
        if rows:
            numbers: dict[str, float | int | str] = {"column": name, "rows": len(rows), "first_row": rows[0]}
            faults.append(Fault("missing", f"{name} has no value", numbers, rows))
    return faults


def _negative(data: Observations, limits: Limits) -> list[Fault]:
    rows = tuple(i for i, value in enumerate(data.energy) if -math.inf < value < 0.0)
    if not rows or limits.negative_allowed:
        return []
    least = min(data.energy[i] for i in rows)
    numbers: dict[str, float | int | str] = {"rows": len(rows), "least": least, "first_row": rows[0]}
    return [Fault("negative", "energy is below nought", numbers, rows)]


def _outliers(data: Observations, names: Sequence[str], limits: Limits) -> list[Fault]:
    faults = []
    for name, column in (("energy", data.energy), *((n, data.driver(n)) for n in names)):
        finite = sorted(value for value in column if math.isfinite(value))
        if len(finite) < 8:
            continue
        middle = finite[len(finite) // 2]
        spread = sorted(abs(value - middle) for value in finite)
        # a meter idle most of the time has a deviation of nought at the middle: take the one that nine in ten keep
        sigma = max(_MAD_SIGMA * spread[len(spread) // 2], spread[9 * len(spread) // 10] / 1.645)
        bound = limits.outlier_sigma * sigma
        rows = tuple(i for i, v in enumerate(column) if math.isfinite(v) and abs(v - middle) > bound > 0.0)
        if rows:
            worst = max(rows, key=lambda i: abs(column[i] - middle))
            numbers: dict[str, float | int | str] = {
                "column": name, "rows": len(rows), "worst_row": worst, "worst": column[worst], "median": middle,
                "bound": bound,
            }  # fmt: skip
            faults.append(Fault("outlier", f"{name} is far outside its own range", numbers, rows))
    return faults


def _gaps(data: Observations, used: Sequence[int], limits: Limits) -> list[Fault]:
    faults = []
    for before, after in itertools.pairwise(used):
        hole = data.time_ns[after] - data.time_ns[before] - data.step_ns
        if hole >= limits.gap_days * DAY_NS:
            numbers: dict[str, float | int | str] = {
                "from_ns": data.time_ns[before] + data.step_ns, "to_ns": data.time_ns[after], "days": hole // DAY_NS,
            }  # fmt: skip
            faults.append(Fault("gap", "days without a usable value", numbers))
    return faults


def _repeats(data: Observations, used: Sequence[int], limits: Limits) -> list[Fault]:
    """A stretch that stands again later, digit by digit: a month pasted twice. Constant and periodic ones are fine."""
    length = int(limits.repeat_days * DAY_NS // data.step_ns)
    seen: dict[tuple[float, ...], int] = {}
    values = [data.energy[i] for i in used]
    for at in range(len(values) - length + 1):
        stretch = tuple(values[at : at + length])
        if len(set(stretch)) < max(3, length // 4):
            continue
        first = seen.setdefault(stretch, at)
        if first + length <= at and not any(stretch[p:] == stretch[:-p] for p in range(1, length // 2 + 1)):
            numbers: dict[str, float | int | str] = {
                "row": used[at], "like_row": used[first], "time_ns": data.time_ns[used[at]], "rows": length,
            }  # fmt: skip
            return [Fault("repeated", "a stretch of energy stands twice, digit by digit", numbers, (), True)]
    return []


def _constant(data: Observations, names: Sequence[str], used: Sequence[int]) -> list[Fault]:
    faults = []
    for name, column in (("energy", data.energy), *((n, data.driver(n)) for n in names)):
        if used and min(column[i] for i in used) == max(column[i] for i in used):
            value = column[used[0]]
            numbers: dict[str, float | int | str] = {"column": name, "value": value, "rows": len(used)}
            faults.append(Fault("constant", f"{name} never changes", numbers, (), True))
    return faults


def _enough(data: Observations, used: Sequence[int], limits: Limits) -> list[Fault]:
    if limits.days_min <= 0:
        return []
    days = len(used) * data.step_ns / DAY_NS
    if days < limits.days_min:
        few: dict[str, float | int | str] = {"days": days, "days_min": limits.days_min}
        return [Fault("too_few", "too few usable days for a baseline", few, (), True)]
    span = (data.time_ns[-1] - data.time_ns[0]) // data.step_ns + 1
    share = len(used) / span
    if share < limits.coverage_min:
        thin: dict[str, float | int | str] = {"share": share, "share_min": limits.coverage_min, "intervals": span}
        return [Fault("coverage", "too many intervals of the period are missing", thin, (), True)]
    return []
