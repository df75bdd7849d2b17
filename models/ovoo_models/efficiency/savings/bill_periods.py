"""Bills of a meter settled into periods: estimates joined with the next read, corrections applied, faults named."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, get_args

from ovoo_contract.errors import EvidenceError

from ovoo_models.efficiency.savings.inspection import Fault
from ovoo_models.efficiency.savings.observations import DAY_NS

__all__ = ["KINDS", "Bill", "BillBook", "BillKind", "BillPeriod", "settle"]

BillKind = Literal["read", "estimated", "replaces", "adds"]
KINDS: Final = get_args(BillKind)
"""read: both ends were read; estimated: the end was not; replaces: stands for the bill of the same period; adds: a
difference, negative for a credit, to the bills that fill its period."""
_REMEDY: Final = "mend the bills named, or mark a correction as `replaces` or `adds`"


@dataclass(frozen=True, slots=True)
class Bill:
    """Energy of [start_ns, end_ns), UTC; `document` is where it stands.

    Raises:
        EvidenceError: the period is empty, the energy is not a number, or there is no such kind.
    """

    start_ns: int
    end_ns: int
    kwh: float
    kind: BillKind = "read"
    document: str = ""

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            value = (self.start_ns, self.end_ns)
            raise EvidenceError(
                "a bill ends before it starts",
                code="bills.ends_before_it_starts",
                offender=self.document or "bill",
                value=value,
                remedy="give the read date before and the read date of the bill",
            )
        if not math.isfinite(self.kwh):
            raise EvidenceError(
                "a bill without energy",
                code="bills.without_energy",
                offender=self.document or "bill",
                value=self.kwh,
                remedy="give its kWh, or leave the bill out",
            )
        if self.kind not in KINDS:
            raise EvidenceError(
                "no such bill",
                code="bills.no_such_kind",
                slots={"known": KINDS},
                offender=self.document or "bill",
                value=self.kind,
                remedy=f"{KINDS}",
            )


@dataclass(frozen=True, slots=True)
class BillPeriod:
    """Energy between two reads; `bills` are the rows it was made from."""

    start_ns: int
    end_ns: int
    kwh: float
    bills: tuple[int, ...]

    @property
    def days(self) -> float:
        """Length in days of 24 hours."""
        return (self.end_ns - self.start_ns) / DAY_NS


@dataclass(frozen=True, slots=True)
class BillBook:
    """Periods in order of time, and what was found; nothing is left out without a fault that names it."""

    periods: tuple[BillPeriod, ...]
    faults: tuple[Fault, ...]

    def refuse(self) -> None:
        """Raises EvidenceError naming the first fatal fault, if there is one."""
        for fault in self.faults:
            if fault.fatal:
                value = {**fault.numbers, "bills": [row + 1 for row in fault.rows]}
                raise EvidenceError(
                    fault.reason,
                    code="bills.refused",
                    slots={"reason": fault.reason},
                    offender=f"bills.{fault.name}",
                    value=value,
                    remedy=_REMEDY,
                )


@dataclass(slots=True)
class _Entry:
    """A bill on its way to a period."""

    start_ns: int
    end_ns: int
    kwh: float
    rows: tuple[int, ...]
    estimated: bool


def settle(bills: Sequence[Bill]) -> BillBook:
    """The periods of bills given in any order.

    Named are: bills that stand twice, two bills of one period, overlaps, use below nought, time without a bill,
    estimates, and corrections with what they correct. Two bills of one period, overlaps and a correction of nothing
    are fatal.
    """
    faults: list[Fault] = []
    entries = _originals(bills, faults)
    entries = _replaced(bills, entries, faults)
    if any(fault.fatal for fault in faults):
        return BillBook((), tuple(faults))
    entries = _added(bills, entries, faults)
    entries = _without_negative(entries, faults)
    entries = _joined(entries, faults)
    _gaps(entries, faults)
    periods = () if any(fault.fatal for fault in faults) else tuple(
        BillPeriod(each.start_ns, each.end_ns, each.kwh, each.rows) for each in entries
    )  # fmt: skip
    return BillBook(periods, tuple(faults))


def _originals(bills: Sequence[Bill], faults: list[Fault]) -> list[_Entry]:
    """Bills that correct nothing, by time; a repeated one is left out, overlaps are fatal."""
    rows = sorted((b.start_ns, b.end_ns, n) for n, b in enumerate(bills) if b.kind in ("read", "estimated"))
    entries: list[_Entry] = []
    for start, end, row in rows:
        bill = bills[row]
        last = entries[-1] if entries else None
        if last is not None and (last.start_ns, last.end_ns) == (start, end):
            if last.kwh == bill.kwh:
                faults.append(_fault("twice", "a bill stands twice", (last.rows[0], row), start, end))
            else:
                faults.append(_fault("two_bills", "two bills of one period", (last.rows[0], row), start, end, True))
        elif last is not None and start < last.end_ns:
            faults.append(_fault("overlap", "bills overlap", (last.rows[0], row), start, last.end_ns, True))
        else:
            entries.append(_Entry(start, end, bill.kwh, (row,), bill.kind == "estimated"))
    return entries


def _replaced(bills: Sequence[Bill], entries: list[_Entry], faults: list[Fault]) -> list[_Entry]:
    by_period = {(each.start_ns, each.end_ns): each for each in entries}
    for row, bill in enumerate(bills):
        if bill.kind != "replaces":
            continue
        found = by_period.get((bill.start_ns, bill.end_ns))
        if found is None:
            faults.append(_orphan(bill, row))
            continue
        faults.append(
            _fault("replaced", "a bill is replaced by its correction", (*found.rows, row), bill.start_ns, bill.end_ns)
        )
        found.kwh, found.rows, found.estimated = bill.kwh, (row,), False
    return entries


def _added(bills: Sequence[Bill], entries: list[_Entry], faults: list[Fault]) -> list[_Entry]:
    """Differences added to the bills that fill their period, which become one period."""
    for row, bill in enumerate(bills):
        if bill.kind != "adds":
            continue
        inside = [each for each in entries if bill.start_ns <= each.start_ns and each.end_ns <= bill.end_ns]
        filled = inside and inside[0].start_ns == bill.start_ns and inside[-1].end_ns == bill.end_ns
        if not filled or any(a.end_ns != b.start_ns for a, b in itertools.pairwise(inside)):
            faults.append(_orphan(bill, row))
            continue
        rows = tuple(n for each in inside for n in each.rows)
        whole = math.fsum([*(each.kwh for each in inside), bill.kwh])
        faults.append(
            _fault("corrected", "a difference is added to its bills", (*rows, row), bill.start_ns, bill.end_ns)
        )
        at = entries.index(inside[0])
        entries[at : at + len(inside)] = [_Entry(bill.start_ns, bill.end_ns, whole, (*rows, row), inside[-1].estimated)]
    return entries


def _without_negative(entries: list[_Entry], faults: list[Fault]) -> list[_Entry]:
    for each in entries:
        if each.kwh < 0.0:
            faults.append(
                _fault("negative", "use below nought; a credit is marked `adds`", each.rows, each.start_ns, each.end_ns)
            )
    return [each for each in entries if each.kwh >= 0.0]


def _joined(entries: list[_Entry], faults: list[Fault]) -> list[_Entry]:
    """An estimate with the bills after it up to the next read: only between reads is the energy known."""
    found: list[_Entry] = []
    waiting: list[_Entry] = []
    for each in entries:
        if waiting and waiting[-1].end_ns != each.start_ns:
            faults.append(_open(waiting))
            waiting = []
        waiting.append(each)
        if not each.estimated:
            if len(waiting) > 1:
                rows = tuple(n for one in waiting for n in one.rows)
                reason = "estimated reads, joined with the next read"
                faults.append(_fault("estimated", reason, rows, waiting[0].start_ns, each.end_ns))
            found.append(_merged(waiting))
            waiting = []
    if waiting:
        faults.append(_open(waiting))
    return found


def _merged(parts: Sequence[_Entry]) -> _Entry:
    rows = tuple(n for each in parts for n in each.rows)
    return _Entry(parts[0].start_ns, parts[-1].end_ns, math.fsum(each.kwh for each in parts), rows, False)


def _gaps(entries: Sequence[_Entry], faults: list[Fault]) -> None:
    for before, after in itertools.pairwise(entries):
        if after.start_ns > before.end_ns:
            rows = (before.rows[-1], after.rows[0])
            faults.append(_fault("gap", "time without a usable bill", rows, before.end_ns, after.start_ns))


def _open(waiting: Sequence[_Entry]) -> Fault:
    rows = tuple(n for each in waiting for n in each.rows)
    reason = "estimated and not read afterwards: left out"
    return _fault("estimated_open", reason, rows, waiting[0].start_ns, waiting[-1].end_ns)


def _orphan(bill: Bill, row: int) -> Fault:
    return _fault("corrects_nothing", "a correction without its bill", (row,), bill.start_ns, bill.end_ns, True)


def _fault(name: str, reason: str, rows: tuple[int, ...], start_ns: int, end_ns: int, fatal: bool = False) -> Fault:
    numbers: Mapping[str, float | int | str] = {
        "from_ns": start_ns, "to_ns": end_ns, "days": round((end_ns - start_ns) / DAY_NS, 3),
    }  # fmt: skip
    return Fault(name, reason, numbers, rows, fatal)
