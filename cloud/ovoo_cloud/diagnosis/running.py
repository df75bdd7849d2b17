"""Facts of steady operation that acceptance by other frameworks asks for: days in service, running hours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from ovoo_contract.evidence import figure as decimal_text

from ovoo_cloud.diagnosis.actions import percentile
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.indicators import Delivery, DeliveryRule
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["longest_run", "running_section", "steady_days"]

_DAY_MINUTES = 1440
_DAYS = "steady_days/1"
_PROVING_DAYS = "steady_days/2"
_HOURS = "running_hours/1"
_QUERY = "minutes with power above a tenth of its 95th percentile"


def running_section(
    found: Sequence[Delivery], rule: DeliveryRule, seen: Observation, book: FigureBook
) -> list[dict[str, str]]:
    """For every connected machine: days that meet the delivery rule, the longest run of them, running hours."""
    return [_row(each, rule, seen, book) for each in found if each.evidence and each.machine.asset is not None]


def _row(each: Delivery, rule: DeliveryRule, seen: Observation, book: FigureBook) -> dict[str, str]:
    name = each.machine.id
    flags = _flags(each, rule, seen)
    steady = steady_days(flags, rule)
    row = {"machine": name, "evidence": each.evidence}
    formula = _DAYS if rule.doubt is None else _PROVING_DAYS
    for key, value in (("days", int(np.count_nonzero(steady))), ("longest", longest_run(steady))):
        figure = book.base(f"running.{name}.{key}", value, unit="d", formula=formula, evidence=[each.evidence])
        row[key] = figure.id
    row["hours"] = _hours(each, seen, book)
    return row


def _flags(each: Delivery, rule: DeliveryRule, seen: Observation) -> npt.NDArray[np.bool_]:
    if rule.doubt is not None and each.proving is not None:
        return each.proving
    scans = [] if each.machine.asset is None else seen.of_asset(each.machine.asset)
    return np.vstack([scan.good for scan in scans if scan.entry.uplink == "raw"])


def steady_days(flags: npt.NDArray[np.bool_], rule: DeliveryRule) -> list[bool]:
    """Whether each whole 24 hours from the window's start meets the rule's share; `flags`: signal x minute."""
    days = []
    for start in range(0, flags.shape[1] - _DAY_MINUTES + 1, _DAY_MINUTES):
        part = flags[:, start : start + _DAY_MINUTES]
        days.append(int(np.count_nonzero(part)) * rule.share.denominator >= part.size * rule.share.numerator)
    return days


def longest_run(steady: Sequence[bool]) -> int:
    """The longest unbroken run of True.

    >>> longest_run([True, True, False, True])
    2
    """
    best = run = 0
    for each in steady:
        run = run + 1 if each else 0
        best = max(best, run)
    return best


def _hours(each: Delivery, seen: Observation, book: FigureBook) -> str:
    """Id of the running hours; empty for a machine without a power signal."""
    scan = None if each.machine.asset is None else seen.find(each.machine.asset, "power")
    if scan is None or not scan.good_samples:
        return ""
    power = seen.by_minute(scan)
    known = power[np.isfinite(power)]
    minutes = int(np.count_nonzero(known > 0.10 * percentile(known, 95)))
    evidence = seen.book.add([scan], _QUERY, formulas=[_HOURS])
    value = decimal_text(minutes / 60, 1)
    return book.base(
        f"running.{each.machine.id}.hours", value, unit="h", digits=1, formula=_HOURS, evidence=[evidence]
    ).id
