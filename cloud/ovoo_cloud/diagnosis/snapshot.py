"""The frozen snapshot: every figure, answer, rule and evidence record of one report, as canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import Framework, MethodTable, load_factors, load_methods, load_norms, load_tariffs

from ovoo_cloud.diagnosis.actions import actions_section
from ovoo_cloud.diagnosis.assessments import Seen, assess, check_assessments, check_leading, leading_answers
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.course import intensity_course
from ovoo_cloud.diagnosis.dated import DatedTables, Tables, last_day
from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.energy import EnergyResult, energy_section
from ovoo_cloud.diagnosis.equipment import equipment_section
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.frozen import source_json
from ovoo_cloud.diagnosis.indicators import (
    Delivery,
    DeliveryRule,
    DoubtRule,
    IndicatorResult,
    collection_links,
    deliveries,
    indicator_section,
    measured_options,
    network_figures,
    protection_section,
)
from ovoo_cloud.diagnosis.indicators.links import Verdicts
from ovoo_cloud.diagnosis.leading import lead_figures
from ovoo_cloud.diagnosis.observe import Observation, Window
from ovoo_cloud.diagnosis.one_look import measured_steadily
from ovoo_cloud.diagnosis.points import measuring_points
from ovoo_cloud.diagnosis.review import apply_review
from ovoo_cloud.diagnosis.running import running_section
from ovoo_cloud.diagnosis.safety import safety_section
from ovoo_cloud.diagnosis.savings import savings_section
from ovoo_cloud.diagnosis.scoring import rules_of, score_any, score_json
from ovoo_cloud.diagnosis.shelf import Shelf
from ovoo_cloud.readiness.summary import readiness_summary

__all__ = ["FORMAT", "Issue", "Snapshot", "content_id", "freeze"]

FORMAT = "ovoo.snapshot/1"


def content_id(data: Mapping[str, Any]) -> str:
    """The SHA-256 of a snapshot without what its issue adds: number, date and status, which change nothing in it."""
    return sha256_hex(canonical_json({key: value for key, value in data.items() if key != "issue"}))


@dataclass(frozen=True, slots=True)
class Issue:
    """What the issuing office decides: number, date (ISO), revision, tool version. Renderers take time from here.

    `verify_url` is the address of its verification page, empty where it has none. `status` is where the case stood:
    `draft`, `confirmed` or `issued`; `working` for a report outside the steps of a case; empty for one that no case
    goes with. `confirmed` says what the enterprise confirmed: `content` (`content_id` of the snapshot), `by`, `date`.
    """

    number: str
    date: str
    revision: int
    tool: str
    verify_url: str = ""
    status: str = ""
    confirmed: Mapping[str, str] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in a snapshot."""
        rest = {"verify_url": self.verify_url, "status": self.status, "confirmed": self.confirmed}
        given = {name: value for name, value in rest.items() if value}
        return {"number": self.number, "date": self.date, "revision": self.revision, "tool": self.tool, **given}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Issue:
        """What `to_json` gave."""
        rest = {name: data[name] for name in ("verify_url", "status", "confirmed") if name in data}
        return cls(data["number"], data["date"], data["revision"], data["tool"], **rest)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Plain data; `to_bytes` is the file."""

    data: Mapping[str, Any]

    def to_bytes(self) -> bytes:
        """Canonical JSON, the same bytes for the same content."""
        return canonical_json(self.data)


def freeze(
    case: Case,
    source: EvidenceSource,
    issue: Issue,
    shelf: Shelf | None = None,
    *,
    review: Sequence[Mapping[str, Any]] = (),
    edition: int = LATEST,
) -> Snapshot:
    """Measure, score and freeze one case.

    The same case and samples give the same bytes, whatever the order in which the samples were stored. What arrives in
    the store meanwhile is in it or not: never in one figure and not in the other.

    Args:
        shelf: where a centre's own frameworks and pinned editions are found; without one, only the installed packs.
        review: what an expert decided, item by item.
        edition: of our measuring rules; an earlier one to measure an earlier report again.

    Raises:
        ConfigErrors: the case answers items that a framework of it does not have.
        PackError: a framework of the case is not at hand.
    """
    on_shelf = shelf or Shelf()
    return measured_steadily(source, lambda steady: _freeze(case, steady, issue, on_shelf, review, edition))


def _freeze(
    case: Case,
    source: EvidenceSource,
    issue: Issue,
    shelf: Shelf,
    review: Sequence[Mapping[str, Any]],
    edition: int,
) -> Snapshot:
    framework, *further = (shelf.framework(reference) for reference in case.frameworks)
    check_leading(case, framework)
    check_assessments(case, further)
    rules, book = rules_of(framework), FigureBook()
    found = _measure(case, source, framework, book, edition)
    resolved = leading_answers(case, framework, found.measured, book, found.indicators.scenes)
    answers, scenes, reviewed = apply_review(*resolved, review)
    data: dict[str, Any] = {
        **_head(case, source, issue, found),
        "framework": rules,
        "editions": shelf.carried(case.frameworks),
        "answers": answers,
        "scenes": scenes,
        "score": score_json(score_any(rules, answers, scenes)),
        **_sections(case, source, found, book, edition),
    }
    if edition > FIRST:
        data["method_edition"] = edition
    lead_figures(rules, data["score"], answers, book)
    if further:
        data["assessments"], beside = assess(case, further, found.measured, book, data["score"], review)
        reviewed += beside
    if reviewed:
        data["review"] = {"items": reviewed}
    data["figures"] = {name: figure.to_json() for name, figure in sorted(book.figures.items())}
    data["evidence"] = dict(sorted(found.seen.book.records.items()))
    return Snapshot(data)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the samples of a case give before anything is scored."""

    seen: Observation
    methods: MethodTable
    tables: Tables
    rule: DeliveryRule
    deliveries: Sequence[Delivery]
    links: Verdicts
    energy: EnergyResult
    indicators: IndicatorResult
    measured: Seen


def _measure(case: Case, source: EvidenceSource, framework: Framework, book: FigureBook, edition: int) -> _Found:
    seen, methods = Observation.scan(source, Window(case.start_ns, case.end_ns)), load_methods()
    rule = _delivery_rule(case, framework, methods, edition)
    found = deliveries(case, rule, seen)
    network = network_figures(case, found, book, rule.formula)
    links = collection_links(found)
    options = measured_options(found, links, source.platform(), seen, methods)
    tables = Tables(load_factors(), load_norms(), load_tariffs())
    dated = DatedTables(tables, last_day(case.end_ns, case.timezone))
    energy = energy_section(case, seen, book, dated)
    if (course := intensity_course(case, seen, book, energy, dated)) is not None:
        energy.data["norm"]["course"] = course
    indicators = indicator_section(case, framework, found, network, seen, book, methods, rule.formula, edition)
    measured = Seen(found, rule, network, options, indicators.facts, seen)
    return _Found(seen, methods, tables, rule, found, links, energy, indicators, measured)


def _head(case: Case, source: EvidenceSource, issue: Issue, found: _Found) -> dict[str, Any]:
    """What the report is of, and by which tables and rule it was measured."""
    share = found.rule.share
    return {
        "format": FORMAT,
        "issue": issue.to_json(),
        "case": dict(case.raw),
        "source": source_json(source, case.start_ns, case.end_ns),
        "window": {"start_ns": str(case.start_ns), "end_ns": str(case.end_ns), "timezone": case.timezone},
        "packs": _packs(found.tables, found.methods),
        "delivery_rule": {"days": found.rule.days, "share": str(Decimal(share.numerator) / Decimal(share.denominator))},
    }


def _sections(case: Case, source: EvidenceSource, found: _Found, book: FigureBook, edition: int) -> dict[str, Any]:
    """The sections of the report that rest on samples; each puts its figures into the book."""
    seen, energy = found.seen, found.energy
    actions = actions_section(case, seen, book, energy)
    return {
        "quality": _quality(case, seen, found.deliveries, book),
        "network": [_delivery_json(each, found.rule, book) for each in found.deliveries],
        "links": {name: {"verdict": verdict, "evidence": list(ids)} for name, (verdict, ids) in found.links.items()},
        "energy": energy.data,
        "equipment": equipment_section(case, seen, book),
        "running": running_section(found.deliveries, found.rule, seen, book),
        "safety": safety_section(seen, book),
        "savings": savings_section(case, actions, book, energy),
        "actions": actions,
        "security": protection_section(source.platform(), seen, book),
        "indicators": found.indicators.data,
        "scene_facts": found.indicators.scenes,
        "readiness": readiness_summary(seen, book, found.methods, edition),
    }


def _packs(tables: Tables, methods: MethodTable) -> dict[str, Any]:
    """Version and hash of every table that figures rest on."""
    named = (("factors", tables.factors), ("methods", methods), ("norms", tables.norms), ("tariffs", tables.tariffs))
    return {name: {"version": table.version, "sha256": table.sha256} for name, table in named}


def _delivery_rule(case: Case, framework: Framework, methods: MethodTable, edition: int) -> DeliveryRule:
    """What counts as networked: as the leading framework says, else by our own method; the case may set the share."""
    stated = framework.method == "points_gate"
    days = framework.connected_days if stated else int(methods.get("delivery_days").exact)
    own = framework.connected_share if stated else methods.get("delivery_share").exact
    still = int(methods.get("usage_still_limit").exact * 60)
    doubt = DoubtRule(still, methods.get("usage_noise_share").value, methods.get("usage_live_share").value)
    share = Fraction(str(own if case.required_share is None else case.required_share))
    return DeliveryRule(share, days, still, doubt if edition > FIRST else None)


def _delivery_json(each: Delivery, rule: DeliveryRule, book: FigureBook) -> dict[str, Any]:
    low, high = (Decimal(share.numerator * 100) / Decimal(share.denominator) for share in (each.low, each.high))
    figure = book.base(
        f"machine.{each.machine.id}.delivery_percent",
        low if low == high else None,
        bounds=(low, high),
        unit="%",
        digits=1,
        formula=rule.formula,
        evidence=[each.evidence] if each.evidence else [],
        reason=each.reason,
    )
    return {
        "machine": each.machine.id,
        "name": {"zh": each.machine.name.zh, "en": each.machine.name.en},
        "asset": str(each.machine.asset),
        "verdict": each.verdict,
        "reason": each.reason,
        "figure": figure.id,
        "evidence": each.evidence,
    }


def _quality(case: Case, seen: Observation, found: Sequence[Delivery], book: FigureBook) -> dict[str, Any]:
    """Totals over all telemetry signals and the daily coverage of every connected machine."""
    scans = [scan for scan in seen.scans.values() if scan.entry.measurement == "telemetry"]
    samples, good = sum(s.samples for s in scans), sum(s.good_samples for s in scans)
    evidence = [seen.book.add(scans, "all telemetry signals, counts", formulas=["count/1"])] if scans else []
    book.base("data.signals", len(scans), unit="count", evidence=evidence)
    total = book.base("data.samples", samples, unit="count", formula="count/1", evidence=evidence)
    count = book.base("data.good_samples", good, unit="count", formula="count/1", evidence=evidence)
    book.derived("data.good_percent", "percent/1", [count, total] if samples else [], unit="%", digits=2)
    calendar = [_calendar(each, seen) for each in found if each.evidence]
    return {"calendar": calendar, "points": measuring_points(seen)}


def _calendar(each: Delivery, seen: Observation) -> dict[str, Any]:
    """Share of good signal-minutes per 24 hours from the start of the window, in whole percent."""
    scans = [] if each.machine.asset is None else seen.of_asset(each.machine.asset)
    raw = [scan for scan in scans if scan.entry.uplink == "raw"]
    flags = np.vstack([scan.good for scan in raw])
    days = []
    for start in range(0, flags.shape[1], 1440):
        part = flags[:, start : start + 1440]
        days.append(decimal_text(100 * int(np.count_nonzero(part)) / part.size, 0))
    return {"machine": each.machine.id, "days": days}
