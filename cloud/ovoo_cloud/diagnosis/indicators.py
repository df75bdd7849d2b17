"""Indicators that telemetry can measure: equipment digitised and networked, links with automatic collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np

from ovoo_cloud.diagnosis.case import Case, Machine
from ovoo_cloud.diagnosis.evidence import PlatformFacts
from ovoo_cloud.diagnosis.figures import Figure, FigureBook
from ovoo_cloud.diagnosis.observe import Observation, SignalScan

__all__ = [
    "Delivery",
    "DeliveryRule",
    "NetworkFigures",
    "collection_links",
    "deliveries",
    "measured_options",
    "network_figures",
]

DELIVERY = "delivery_share/1"
_QUERY = "share of minutes with a Good sample, raw telemetry signals of the asset, one-minute grid"


@dataclass(frozen=True, slots=True)
class DeliveryRule:
    """When a machine counts as networked: at least `share` (0 to 1) of expected data over at least `days`."""

    share: Fraction
    days: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """Whether one connected machine delivers.

    `low`/`high`: share of expected signal-minutes with Good data; they differ by the minutes in which the platform
    saw nothing from anywhere. `verdict`: yes, no or unknown; `reason`: short, stuck, silent, gap or empty.
    """

    machine: Machine
    low: Fraction
    high: Fraction
    verdict: str
    reason: str
    evidence: str


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
    return tuple(_delivery(rule, machine, seen) for machine in case.machines if machine.asset is not None)


def _delivery(rule: DeliveryRule, machine: Machine, seen: Observation) -> Delivery:
    scans = _key_signals(machine, seen)
    evidence = seen.book.add(scans, _QUERY, formulas=[DELIVERY]) if scans else ""
    minutes = seen.window.minutes
    if not scans or not minutes:
        return Delivery(machine, Fraction(0), Fraction(1), "unknown", "silent", evidence)
    expected = minutes * len(scans)
    good = sum(int(np.count_nonzero(scan.good)) for scan in scans)
    blind = sum(int(np.count_nonzero(~seen.platform_seen & ~scan.good)) for scan in scans)
    low, high = Fraction(good, expected), Fraction(good + blind, expected)
    verdict, reason = _verdict(rule, seen, scans, low, high)
    return Delivery(machine, low, high, verdict, reason, evidence)


def _key_signals(machine: Machine, seen: Observation) -> list[SignalScan]:
    if machine.asset is None:
        return []
    return [scan for scan in seen.of_asset(machine.asset) if scan.entry.uplink == "raw"]


def _verdict(
    rule: DeliveryRule, seen: Observation, scans: Sequence[SignalScan], low: Fraction, high: Fraction
) -> tuple[str, str]:
    if high < rule.share:
        return "no", "gap"
    if low and not any(scan.varied for scan in scans if scan.entry.type == "float"):
        return "no", "stuck"
    if seen.window.minutes < rule.days * 1440:
        return "unknown", "short"
    return ("yes", "") if low >= rule.share else ("unknown", "gap")


def network_figures(case: Case, found: Sequence[Delivery], book: FigureBook) -> NetworkFigures:
    """Counts and ratios over all production machines, connected or not."""
    total = sum(machine.count for machine in case.machines)
    cls = "verified" if case.machines and all(m.cls == "verified" for m in case.machines) else "declared"
    known = [machine for machine in case.machines if machine.digital is not None]
    digital = sum(machine.count for machine in known if machine.digital)
    open_count = total - sum(machine.count for machine in known)
    all_machines = book.base("equipment.total", total or None, unit="count", cls=cls)
    digital_count = _count(book, "equipment.digital", digital, open_count, cls, "", ())
    sure = sum(1 for each in found if each.verdict == "yes")
    open_machines = [each for each in found if each.verdict == "unknown"]
    evidence = tuple(each.evidence for each in found if each.evidence)
    reason = open_machines[0].reason if open_machines else ""
    networked = _count(book, "equipment.networked", sure, len(open_machines), "measured", reason, evidence)
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
    book: FigureBook, name: str, sure: int, unsure: int, cls: str, reason: str, evidence: Sequence[str]
) -> Figure:
    return book.base(
        name,
        None if unsure else sure,
        bounds=(Decimal(sure), Decimal(sure + unsure)),
        unit="count",
        cls=cls,
        formula=DELIVERY if evidence else "",
        evidence=evidence,
        reason=reason,
    )


def collection_links(found: Sequence[Delivery]) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Business links with automatic collection: link -> (yes or unknown, evidence ids).

    A link is collected automatically when at least one machine that serves it delivers.
    """
    links: dict[str, tuple[str, tuple[str, ...]]] = {}
    for link in sorted({name for each in found for name in each.machine.links}):
        serving = [each for each in found if link in each.machine.links]
        verdicts = {each.verdict for each in serving}
        verdict = "yes" if "yes" in verdicts else ("unknown" if "unknown" in verdicts else "no")
        links[link] = (verdict, tuple(each.evidence for each in serving if each.evidence))
    return links


def measured_options(
    links: Mapping[str, tuple[str, tuple[str, ...]]], platform: PlatformFacts, seen: Observation
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Indicator name -> (yes, no or unknown, evidence ids) for framework options that telemetry can decide."""
    options = {f"link_{link}": found for link, found in links.items()}
    if platform.gateways and platform.gateways_tls is not None:
        options["transport_encrypted"] = ("yes" if platform.gateways_tls == platform.gateways else "no", ())
    if any(scan.entry.data_class != "general" for scan in seen.scans.values()):
        options["data_classified"] = ("yes", ())
    return options
