"""Overall equipment effectiveness from samples and what the case tells: availability x performance x quality.

A factor that nothing proves is a range from 0 to 100 % with its reason; no ideal rate is ever invented: it comes from
the case, else from the asset catalogue.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.actions import percentile
from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.case_operation import MachineOperation
from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant
from ovoo_cloud.diagnosis.indicators.oee_losses import loss_figures
from ovoo_cloud.diagnosis.indicators.output import Amount, amount_figure, amount_of
from ovoo_cloud.diagnosis.observe import Observation, SignalScan
from ovoo_cloud.diagnosis.usage import AssetRate

__all__ = ["OeeResult", "oee_section"]

_RUNNING: Final = "running_hours/1"
_DAYS: Final = "oee_days/1"
_LIVELY_DAYS: Final = "oee_days/2"
_QUERY: Final = "minutes in which the machine ran"
_HELD: Final = "ideal rate of the machine in the asset catalogue"
_DAY_MINUTES: Final = 1440
_FACTORS: Final = ("availability", "performance", "quality")
_NONE: Final = (Decimal(0), Decimal(100))


@dataclass(frozen=True, slots=True)
class OeeResult:
    """Rows for the report; `outputs` by machine id for whoever divides by them; `days` by machine id."""

    rows: list[dict[str, Any]]
    outputs: dict[str, Figure]
    days: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class _Running:
    """Per minute 1, 0 or NaN, from the signal that tells."""

    scan: SignalScan
    minutes: npt.NDArray[np.float64]
    evidence: str


def oee_section(
    case: Case,
    seen: Observation,
    book: FigureBook,
    methods: MethodTable,
    edition: int = LATEST,
    rates: Sequence[AssetRate] = (),
) -> OeeResult:
    """OEE of every machine for which the case tells something of its operation.

    From the second edition on a counter of good output must be another one than that of output, and a day on which the
    machine ran while its output stood still is not computed. `rates` of the asset catalogue stand in where the case
    tells no ideal rate.
    """
    held = {each.asset: each for each in rates}
    result = OeeResult([], {}, {})
    for machine in case.machines:
        told = case.operation.of(machine.id)
        if told is not None and machine.asset is not None:
            _machine(machine, told, seen, book, methods, result, edition, held.get(str(machine.asset)))
    return result


def _machine(
    machine: Machine,
    told: MachineOperation,
    seen: Observation,
    book: FigureBook,
    methods: MethodTable,
    result: OeeResult,
    edition: int,
    held: AssetRate | None,
) -> None:
    stem = f"oee.{machine.id}"
    running = _running(machine, seen, methods)
    output, output_reason = amount_of(machine, told.output, seen)
    good, good_reason = amount_of(machine, told.good, seen)
    if edition > FIRST and told.good is not None and told.good == told.output:
        good, good_reason = None, "same_signal"
    hours = _hours(stem, running, told, book)
    made = amount_figure(f"{stem}.output", output, output_reason, book)
    passed = amount_figure(f"{stem}.good", good, good_reason, book)
    planned = _told_figure(f"{stem}.planned_h", told.planned_h, "h", told, "planned_time", book)
    of_asset = held if told.ideal_per_h is None else None
    rate = _ideal_rate(f"{stem}.ideal_per_h", made, told, of_asset, seen, book)
    ideal = book.derived(f"{stem}.ideal_output", "product/1", [rate, hours], unit=made.unit, digits=3)
    factors = [
        _factor(f"{stem}.availability", [hours, planned], book),
        _factor(f"{stem}.performance", [made, ideal], book),
        _factor(f"{stem}.quality", [passed, made], book),
    ]
    scale = constant("0.0001", "unit")
    book.derived(f"{stem}.percent", "product/1", [*factors, scale], unit="%", digits=1)
    loss_figures(stem, book)
    open_factors = {
        name: each.reason for name, each in zip(_FACTORS, factors, strict=True) if each.cls == "insufficient"
    }
    complete = not open_factors and running is not None and output is not None and good is not None
    lively = None if edition == FIRST or running is None or output is None else (running, output)
    days = _days(stem, [running, output, good] if complete else [], lively, seen, book, methods)
    result.outputs[machine.id] = made
    result.days[machine.id] = days
    result.rows.append(
        {
            "machine": machine.id,
            "stem": stem,
            "missing": open_factors,
            "days": days.id,
            "told": told.cls,
            "documents": list(told.documents),
            **({"ideal_from": "asset"} if of_asset is not None else {}),
        }
    )


def _ideal_rate(
    name: str, made: Figure, told: MachineOperation, held: AssetRate | None, seen: Observation, book: FigureBook
) -> Figure:
    """What the case tells, else what the asset catalogue holds in the unit of the output, with that as its evidence."""
    if held is None:
        return _told_figure(name, told.ideal_per_h, f"{made.unit}/h", told, "ideal_rate", book)
    evidence = [seen.book.add_records([asdict(held)], _HELD)]
    fits = made.interval() is None or made.unit == held.product_unit
    value, unit = (Decimal(held.ideal_rate_per_hour) if fits else None), f"{held.product_unit}/h"
    return book.base(
        name, value, unit=unit, digits=3, cls="declared", evidence=evidence, reason="" if fits else "ideal_unit"
    )


def _told_figure(
    name: str, value: Decimal | None, unit: str, told: MachineOperation, reason: str, book: FigureBook
) -> Figure:
    return book.base(name, value, unit=unit, digits=3, cls=told.cls, reason="" if value is not None else reason)


def _running(machine: Machine, seen: Observation, methods: MethodTable) -> _Running | None:
    """From the signal `running`, else from power above a share of its 95th percentile."""
    if machine.asset is None:
        return None
    flag, power = seen.find(machine.asset, "running"), seen.find(machine.asset, "power")
    scan = flag if flag is not None and flag.good_samples else power
    if scan is None or not scan.good_samples:
        return None
    values = seen.by_minute(scan)
    known = np.isfinite(values)
    if not bool(np.any(known)):
        return None
    limit = 0.5 if scan is flag else methods.get("oee_running_share").value * percentile(values[known], 95)
    minutes = np.where(known, (values > limit).astype(np.float64), np.nan)
    return _Running(scan, minutes, seen.book.add([scan], _QUERY, formulas=[_RUNNING]))


def _hours(stem: str, running: _Running | None, told: MachineOperation, book: FigureBook) -> Figure:
    """Hours run; minutes that nobody saw make a range, up to the planned time where that is told."""
    if running is None:
        return book.base(f"{stem}.running_h", None, unit="h", digits=1, formula=_RUNNING, reason="no_running")
    ran = int(np.count_nonzero(running.minutes == 1.0))
    dark = int(np.count_nonzero(np.isnan(running.minutes)))
    low = Decimal(decimal_text(ran / 60, 1))
    high = Decimal(decimal_text((ran + dark) / 60, 1))
    if told.planned_h is not None:
        high = max(low, min(high, told.planned_h))
    return book.base(
        f"{stem}.running_h",
        None,
        bounds=(low, high),
        unit="h",
        digits=1,
        formula=_RUNNING,
        evidence=[running.evidence],
        reason="" if low == high else "gap",
    )


def _factor(name: str, parts: Sequence[Figure], book: FigureBook) -> Figure:
    """Part over whole in percent; 0 to 100 with the reason where one is not known, or where they contradict."""
    part, whole = (each.interval() for each in parts)
    if part is None or whole is None or whole[0] <= 0:
        reason = next((each.reason for each in parts if each.interval() is None and each.reason), "no_output")
        return _open(name, reason, book)
    if part[0] > whole[1]:
        return _open(name, "beyond", book)
    inputs: list[Figure | Input] = [*parts]
    return book.derived(name, "percent/1", inputs, unit="%", digits=1)


def _open(name: str, reason: str, book: FigureBook) -> Figure:
    return book.base(name, None, bounds=_NONE, unit="%", digits=1, cls="insufficient", reason=reason)


def _days(
    stem: str,
    sources: Sequence[_Running | Amount | None],
    lively: tuple[_Running, Amount] | None,
    seen: Observation,
    book: FigureBook,
    methods: MethodTable,
) -> Figure:
    """Whole days in which every signal behind the three factors was seen nearly all the time."""
    share = methods.get("oee_day_share").exact
    scans = [each.scan for each in sources if each is not None]
    count = 0
    for start in range(0, seen.window.minutes - _DAY_MINUTES + 1, _DAY_MINUTES) if scans else ():
        rows = slice(start, start + _DAY_MINUTES)
        least = min(int(np.count_nonzero(scan.good[rows])) for scan in scans)
        count += least >= share * _DAY_MINUTES and (lively is None or _is_lively(*lively, rows))
    evidence = [each.evidence for each in sources if each is not None]
    formula = _DAYS if lively is None else _LIVELY_DAYS
    return book.base(f"{stem}.days", count, unit="d", formula=formula, evidence=sorted(set(evidence)))


def _is_lively(running: _Running, output: Amount, rows: slice) -> bool:
    """Whether output changed, or nothing ran: a stuck counter computes no OEE."""
    stood = not bool(np.any(running.minutes[rows] == 1.0))
    return stood or bool(np.any(output.scan.changed[rows]))
