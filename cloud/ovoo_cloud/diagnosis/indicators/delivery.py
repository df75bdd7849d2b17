"""Equipment digitised and networked: a machine is networked when it delivers, not when it is configured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

import numpy as np

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.indicators.doubt import DoubtRule, doubts
from ovoo_cloud.diagnosis.indicators.minutes import minute_series
from ovoo_cloud.diagnosis.indicators.shutdowns import stops_of
from ovoo_cloud.diagnosis.observe import Flags, Observation, SignalScan

__all__ = ["Delivery", "DeliveryRule", "NetworkFigures", "deliveries", "network_figures", "still_minutes"]

DELIVERY = "delivery_share/1"
"""Of the first edition; `DeliveryRule.formula` names the one in use."""
_QUERY = "share of minutes with a Good sample, raw telemetry signals of the asset, one-minute grid"


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """When a machine counts as networked: at least `share` (0 to 1) of expected data over at least `days`.

    Minutes in a stretch of at least `still_minutes` without any change prove nothing; with `doubt` neither do those
    that its rules name. Without it the first edition measures.
    """

    share: Fraction
    days: int
    still_minutes: int = 1440
    doubt: DoubtRule | None = None

    @property
    def formula(self) -> str:
        """Id of the formula by which this rule measures."""
        return DELIVERY if self.doubt is None else "delivery_share/2"


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether one connected machine delivers.

    `low`/`high`: share of expected signal-minutes with Good data; they differ by the minutes in which the platform
    saw nothing from anywhere, by those of a planned shutdown that nobody checked, and by those that prove nothing, such
    as values that a gateway may only have repeated. `verdict`: yes, no or unknown; `reason`: short, stuck, silent, gap,
    still, calm, replayed, clock, shutdown or empty. `proving`: signal x minute that counts in `low`, in the order of
    the raw signals.
    """

    machine: Machine
    low: Fraction
    high: Fraction
    verdict: str
    reason: str
    evidence: str
    proving: Flags | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class NetworkFigures:
    """The two equipment ratios and the counts behind them."""

    total: Figure
    digital: Figure
    networked: Figure
    digitised_percent: Figure
    networked_percent: Figure


def deliveries(case: Case, rule: DeliveryRule, seen: Observation) -> tuple[Delivery, ...]:
    """The delivery of every connected machine of the register, in its order."""
    return tuple(_delivery(case, rule, machine, seen) for machine in case.machines if machine.asset is not None)


def _delivery(case: Case, rule: DeliveryRule, machine: Machine, seen: Observation) -> Delivery:
    scans = _key_signals(machine, seen)
    evidence = seen.book.add(scans, _QUERY, formulas=[rule.formula]) if scans else ""
    if not scans or not seen.window.minutes:
        return Delivery(machine, Fraction(0), Fraction(1), "unknown", "silent", evidence)
    good = np.vstack([scan.good for scan in scans])
    doubt, why = _doubt(rule, scans, seen)
    checked, claimed = stops_of(case, machine, seen.window) if rule.doubt is not None else (None, None)
    counted = np.ones(seen.window.minutes, dtype=np.bool_) if checked is None else ~checked
    proving = good & ~doubt & counted
    blind = ~good & counted & (~seen.platform_seen if claimed is None else ~seen.platform_seen | claimed)
    expected = int(np.count_nonzero(counted)) * len(scans)
    if not expected:
        return Delivery(machine, Fraction(0), Fraction(1), "unknown", "shutdown", evidence)
    sure, perhaps = int(np.count_nonzero(proving)), int(np.count_nonzero(good & doubt & counted))
    low, high = Fraction(sure, expected), Fraction(sure + perhaps + int(np.count_nonzero(blind)), expected)
    days = Fraction(int(np.count_nonzero(counted)), 1440)
    verdict, reason = _verdict(rule, scans, days, low, high)
    if reason == "gap" and verdict == "unknown":
        reason = why if perhaps and Fraction(sure + perhaps, expected) >= rule.share else reason
        reason = "shutdown" if reason == "gap" and claimed is not None and bool(np.any(blind & claimed)) else reason
    return Delivery(machine, low, high, verdict, reason, evidence, proving)


def _doubt(rule: DeliveryRule, scans: Sequence[SignalScan], seen: Observation) -> tuple[Flags, str]:
    """Signal x minute that proves nothing, and the chief reason."""
    still = np.tile(still_minutes(_moving(scans), rule.still_minutes), (len(scans), 1))
    if rule.doubt is None:
        return still, "still"
    found, why = doubts([minute_series(scan, seen) for scan in scans], rule.doubt)
    doubted = np.vstack([scan.good for scan in scans]) & still
    return found | still, "still" if 2 * np.count_nonzero(doubted) > np.count_nonzero(found | doubted) else why


def _key_signals(machine: Machine, seen: Observation) -> list[SignalScan]:
    if machine.asset is None:
        return []
    return [scan for scan in seen.of_asset(machine.asset) if scan.entry.uplink == "raw"]


def _moving(scans: Sequence[SignalScan]) -> Sequence[SignalScan]:
    """The signals by whose movement a machine is judged: its numbers, or what it has where it sends none."""
    return [scan for scan in scans if scan.entry.type in ("float", "int")] or scans


def still_minutes(scans: Sequence[SignalScan], least: int) -> Flags:
    """Minutes with data in stretches of at least `least` such minutes in which none of the signals changed."""
    told = np.flatnonzero(np.logical_or.reduce([scan.good for scan in scans]))
    changed = np.logical_or.reduce([scan.changed for scan in scans])
    edges = np.flatnonzero(np.concatenate(([True], changed[told], [True])))
    still = np.zeros(len(changed), dtype=np.bool_)
    for begin, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if end - begin > least:
            still[told[begin : end - 1]] = True
    return still


def _verdict(
    rule: DeliveryRule, scans: Sequence[SignalScan], days: Fraction, low: Fraction, high: Fraction
) -> tuple[str, str]:
    if high < rule.share:
        return "no", "gap"
    if any(scan.good_samples for scan in scans) and not any(scan.varied for scan in _moving(scans)):
        return "no", "stuck"
    if days < rule.days:
        return "unknown", "short"
    return ("yes", "") if low >= rule.share else ("unknown", "gap")


def network_figures(case: Case, found: Sequence[Delivery], book: FigureBook, formula: str = DELIVERY) -> NetworkFigures:
    """Counts and ratios over all production machines, connected or not."""
    total = sum(machine.count for machine in case.machines)
    cls = "verified" if case.machines and all(m.cls == "verified" for m in case.machines) else "declared"
    known = [machine for machine in case.machines if machine.digital is not None]
    digital = sum(machine.count for machine in known if machine.digital)
    open_count = total - sum(machine.count for machine in known)
    all_machines = book.base("equipment.total", total or None, unit="count", cls=cls)
    digital_count = _count(book, "equipment.digital", digital, open_count, cls, "", (), formula)
    sure = sum(1 for each in found if each.verdict == "yes")
    open_machines = [each for each in found if each.verdict == "unknown"]
    evidence = tuple(each.evidence for each in found if each.evidence)
    reason = open_machines[0].reason if open_machines else ""
    networked = _count(book, "equipment.networked", sure, len(open_machines), "measured", reason, evidence, formula)
    return NetworkFigures(
        total=all_machines,
        digital=digital_count,
        networked=networked,
        digitised_percent=book.derived(
            "equipment.digitised_percent", "percent/1", [digital_count, all_machines], unit="%", digits=1
        ),
        networked_percent=book.derived(
            "equipment.networked_percent", "percent/1", [networked, all_machines], unit="%", digits=1
        ),
    )


def _count(
    book: FigureBook, name: str, sure: int, unsure: int, cls: str, reason: str, evidence: Sequence[str], formula: str
) -> Figure:
    return book.base(
        name,
        None if unsure else sure,
        bounds=(Decimal(sure), Decimal(sure + unsure)),
        unit="count",
        cls=cls,
        formula=formula if evidence else "",
        evidence=evidence,
        reason=reason,
    )
