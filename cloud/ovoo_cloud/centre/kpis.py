"""The centre's own figures over a period: pure functions of cases, reports, registers and requests, with evidence.

Shares are exact decimals; what cannot be computed has no value and says why. Nothing counts twice: of a report number
only the newest revision, of a site each day of a saving once.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.centre.facts import CentreFacts, ReportFact, Row
from ovoo_cloud.centre.kinds import enumeration

__all__ = ["CASE_STEPS", "KPIS", "YEAR_NS", "Kpi", "compute"]

YEAR_NS: Final = 365 * 86_400 * 10**9
_MEASURED: Final = Decimal(80)
FORMULA: Final = "centre_kpi/2"
"""Edition 1 counted savings from live records of enterprises under a live grant."""
CASE_STEPS: Final[Mapping[str, str]] = {"apply": "cases_opened", "freeze": "cases_diagnosed", "visit": "follow_ups"}
"""The step of a case that each figure counts; a case counts once in a period, each of its visits by itself."""


@dataclass(frozen=True, slots=True)
class Kpi:
    """One figure as decimal text; `parts` split it, `sources` are what it was computed from."""

    id: str
    unit: str
    value: str | None
    sources: tuple[str, ...]
    low: str | None = None
    high: str | None = None
    reason: str = ""
    reference_only: bool = False
    parts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def compute(facts: CentreFacts) -> dict[str, Any]:
    """All figures with the evidence records that their ids lead to; plain data."""
    figures, evidence = [], {}
    for name in KPIS:
        kpi = _FORMULAS[name](facts)
        record = {
            "kpi": name,
            "formula": FORMULA,
            "start_ns": str(facts.start_ns),
            "end_ns": str(facts.end_ns),
            "rows": sorted(kpi.sources),
        }
        key = f"ev_{sha256_hex(canonical_json(record))[:16]}"
        evidence[key] = record
        figures.append(_figure(kpi, key))
    return {"figures": figures, "evidence": evidence}


def _figure(kpi: Kpi, evidence: str) -> dict[str, Any]:
    label = enumeration("kpi")[kpi.id]
    return {
        "id": kpi.id,
        "name_zh": label.zh,
        "name_en": label.en,
        "unit": kpi.unit,
        "value": kpi.value,
        "low": kpi.low,
        "high": kpi.high,
        "reason": kpi.reason,
        "reference_only": kpi.reference_only,
        "parts": {name: dict(sorted(part.items())) for name, part in kpi.parts.items()},
        "formula": FORMULA,
        "evidence": [evidence],
    }


def _sources(items: Iterable[ReportFact | Row]) -> tuple[str, ...]:
    return tuple(each.source for each in items)


def _share(name: str, good: Sequence[ReportFact], all_of: Sequence[ReportFact], reason: str) -> Kpi:
    if not all_of:
        return Kpi(name, "%", None, (), reason=reason)
    return Kpi(name, "%", _rounded(Decimal(100 * len(good)) / len(all_of), 1), _sources(all_of))


def _rounded(value: Decimal, digits: int) -> str:
    return str(value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_EVEN))


def _cases(facts: CentreFacts, name: str) -> Kpi:
    steps = [each for each in facts.steps if CASE_STEPS[each.step] == name]
    found = steps if name == "follow_ups" else list({each.case: each for each in reversed(steps)}.values())
    return Kpi(name, "count", str(len(found)), tuple(each.source for each in found))


def _diagnoses_issued(facts: CentreFacts) -> Kpi:
    issued = facts.issued()
    levels = Counter("none" if each.level is None else str(each.level) for each in issued)
    sectors = Counter(each.sector or "other" for each in issued)
    return Kpi(
        "diagnoses_issued", "count", str(len(issued)), _sources(issued), parts={"level": levels, "sector": sectors}
    )


def _measured_share_80(facts: CentreFacts) -> Kpi:
    known = [each for each in facts.issued() if each.measured is not None]
    good = [each for each in known if each.measured is not None and each.measured >= _MEASURED]
    return _share("measured_share_80", good, known, "no_reports")


def _pairs(facts: CentreFacts) -> tuple[list[ReportFact], list[tuple[ReportFact, ReportFact]]]:
    """First reports that are a year old at the end of the period, and of these the first with the newest later one."""
    first: dict[str, ReportFact] = {}
    last: dict[str, ReportFact] = {}
    for each in sorted(facts.reports, key=lambda each: (each.issued_ns, each.id)):
        if each.issued_ns < facts.end_ns:
            first.setdefault(each.enterprise, each)
            last[each.enterprise] = each
    due = [each for each in first.values() if each.issued_ns <= facts.end_ns - YEAR_NS]
    return due, [(each, last[each.enterprise]) for each in due if last[each.enterprise] is not each]


def _rediagnosed_share(facts: CentreFacts) -> Kpi:
    due, pairs = _pairs(facts)
    made = _share("rediagnosed_share", [first for first, _ in pairs], due, "nobody_due")
    return Kpi(
        made.id, made.unit, made.value, (*made.sources, *_sources(later for _, later in pairs)), reason=made.reason
    )


def _level_gain(facts: CentreFacts) -> Kpi:
    known = [(a, b) for a, b in _pairs(facts)[1] if a.level is not None and b.level is not None]
    if not known:
        return Kpi("level_gain", "level", None, (), reason="no_pairs")
    gains = [(b.level or 0) - (a.level or 0) for a, b in known]
    value = _rounded(Decimal(sum(gains)) / len(gains), 2)
    return Kpi("level_gain", "level", value, _sources(each for pair in known for each in pair))


def _projects_from_reports(facts: CentreFacts) -> Kpi:
    found = [row for row in facts.of("project", "start") if row.content.get("from_report")]
    return Kpi("projects_from_reports", "count", str(len(found)), _sources(found))


def _saved_tce(facts: CentreFacts) -> Kpi:
    if not facts.savings or facts.tce_per_kwh is None:
        reason = "no_savings" if not facts.savings else "no_factor"
        return Kpi("saved_tce", "tce", None, (), reason=reason)
    factor, factor_id, reference_only = facts.tce_per_kwh
    value, low, high = (
        _rounded(sum((getattr(each, name) for each in facts.savings), Decimal(0)) * factor, 1)
        for name in ("kwh", "low", "high")
    )
    sources = (*(f"report:{each.id}" for each in facts.savings), f"factor:{factor_id}")
    return Kpi("saved_tce", "tce", value, sources, low, high, reference_only=reference_only)


def _saved_yuan(facts: CentreFacts) -> Kpi:
    """Money counts only with its document."""
    found = [r for r in facts.of("project", "start") if r.content.get("saved_yuan") and r.content.get("saved_document")]
    if not found:
        return Kpi("saved_yuan", "yuan/a", None, (), reason="no_documents")
    total = sum((Decimal(row.content["saved_yuan"]) for row in found), Decimal(0))
    return Kpi("saved_yuan", "yuan/a", _rounded(total, 0), _sources(found))


def _training_heads(facts: CentreFacts) -> Kpi:
    found = facts.of("attendance", "date")
    return Kpi("training_heads", "count", str(sum(row.content["heads"] for row in found)), _sources(found))


def _training_hours(facts: CentreFacts) -> Kpi:
    found = facts.of("attendance", "date")
    total = sum((row.content["heads"] * Decimal(row.content["hours_per_head"]) for row in found), Decimal(0))
    return Kpi("training_hours", "h", _rounded(total, 1), _sources(found))


def _matches_opened(facts: CentreFacts) -> Kpi:
    names = tuple(f"request:{name}" for name in facts.requests["requests"])
    return Kpi("matches_opened", "count", str(facts.requests["opened"]), names)


def _matches_closed(facts: CentreFacts) -> Kpi:
    names = tuple(f"request:{name}" for name in facts.requests["closed"])
    parts = {"outcome": facts.requests["outcomes"]}
    return Kpi("matches_closed", "count", str(len(names)), names, parts=parts)


def _response_days(facts: CentreFacts) -> Kpi:
    value = facts.requests["response_days"]
    names = tuple(f"request:{name}" for name in facts.requests["requests"])
    return Kpi("response_days", "d", value, names if value is not None else (), reason="" if value else "no_answers")


def _satisfaction(facts: CentreFacts) -> Kpi:
    """The register of feedback, and the marks that enterprises gave requests opened in the period."""
    found, marks = facts.of("feedback", "date"), facts.requests.get("scores", {})
    given = [Decimal(row.content["score"]) for row in found] + [Decimal(mark) for mark in marks.values()]
    if not given:
        return Kpi("satisfaction", "points", None, (), reason="no_answers")
    sources = (*_sources(found), *(f"request:{name}" for name in marks))
    return Kpi("satisfaction", "points", _rounded(statistics.mean(given), 2), sources)


def _verified_share(facts: CentreFacts) -> Kpi:
    tried = [each for each in facts.issued() if each.verified is not None]
    return _share("verified_share", [each for each in tried if each.verified], tried, "no_reports")


_FORMULAS: Final[Mapping[str, Callable[[CentreFacts], Kpi]]] = {
    "cases_opened": lambda facts: _cases(facts, "cases_opened"),
    "cases_diagnosed": lambda facts: _cases(facts, "cases_diagnosed"),
    "follow_ups": lambda facts: _cases(facts, "follow_ups"),
    "diagnoses_issued": _diagnoses_issued,
    "measured_share_80": _measured_share_80,
    "rediagnosed_share": _rediagnosed_share,
    "level_gain": _level_gain,
    "projects_from_reports": _projects_from_reports,
    "saved_tce": _saved_tce,
    "saved_yuan": _saved_yuan,
    "training_heads": _training_heads,
    "training_hours": _training_hours,
    "matches_opened": _matches_opened,
    "matches_closed": _matches_closed,
    "response_days": _response_days,
    "satisfaction": _satisfaction,
    "verified_share": _verified_share,
}
KPIS: Final = tuple(_FORMULAS)
