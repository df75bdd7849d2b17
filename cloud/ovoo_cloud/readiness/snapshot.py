"""The frozen readiness of a site: every point with its evidence, as canonical JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from ovoo_contract.evidence import figure as decimal_text
from ovoo_packs import load_methods

from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.evidence import EvidenceSource
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant
from ovoo_cloud.diagnosis.frozen import source_json
from ovoo_cloud.diagnosis.observe import EvidenceBook, Window
from ovoo_cloud.diagnosis.one_look import measured_steadily
from ovoo_cloud.diagnosis.snapshot import Issue, Snapshot
from ovoo_cloud.diagnosis.usage import LinkFacts
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.outages import Outages, outages
from ovoo_cloud.readiness.plan import ReadinessPlan
from ovoo_cloud.readiness.score import Parts, link_state, weighted
from ovoo_cloud.readiness.signal_facts import GAP_CLASSES_MIN
from ovoo_cloud.readiness.source import SiteTelemetry
from ovoo_cloud.readiness.survey import MachineSurvey, SignalSurvey, survey
from ovoo_cloud.readiness.todo import todo_section

__all__ = ["FORMAT", "freeze_readiness", "readiness_figures"]

FORMAT: Final = "ovoo.readiness/1"
_DIGITS: Final = 1
_LINKS: Final = "clock and rows of the site's gateways"
_TOLD: Final = ("clock", "order")
"""Parts that rest on what the gateways tell as well."""


def freeze_readiness(plan: ReadinessPlan, source: EvidenceSource, issue: Issue, *, edition: int = LATEST) -> Snapshot:
    """Measures and freezes the readiness of one site.

    The same plan and samples give the same bytes, whatever the order in which the samples were stored.
    """
    return measured_steadily(source, lambda steady: _freeze(plan, steady, issue, edition))


def _freeze(plan: ReadinessPlan, source: EvidenceSource, issue: Issue, edition: int) -> Snapshot:
    own = SiteTelemetry(source, plan.site)
    window, methods = Window(plan.start_ns, plan.end_ns), load_methods()
    evidence, book = EvidenceBook(window, tuple(sorted(own.catalogue_ids()))), FigureBook()
    parts = readiness_figures(own, plan.site, window, evidence, book, edition)
    data: dict[str, Any] = {
        "format": FORMAT,
        "issue": issue.to_json(),
        "plan": dict(plan.raw),
        "case": _case(plan),
        "source": source_json(own, plan.start_ns, plan.end_ns),
        "window": {"start_ns": str(plan.start_ns), "end_ns": str(plan.end_ns), "timezone": plan.timezone},
        "packs": {"methods": {"version": methods.version, "sha256": methods.sha256}},
        "limits": [
            {
                "id": row.id,
                "name": {"zh": row.name_zh, "en": row.name_en},
                "value": f"{row.exact.normalize():f}",
                "unit": row.unit,
                "reference_only": row.reference_only,
            }
            for row in (methods.get(name) for name in Limits.of(methods).rows)
        ],
        **parts,
        "figures": {name: figure.to_json() for name, figure in sorted(book.figures.items())},
        "evidence": dict(sorted(evidence.records.items())),
    }
    if edition > FIRST:
        data["method_edition"] = edition
    return Snapshot(data)


def _case(plan: ReadinessPlan) -> dict[str, Any]:
    """What the shared chapters and `verify` look for."""
    return {
        "enterprise": plan.enterprise,
        "profile": {"name": {"zh": plan.name.zh, "en": plan.name.en}},
        "sites": [{"id": plan.site, "name": {"zh": plan.site_name.zh, "en": plan.site_name.en}}],
        "equipment": [],
    }


def readiness_figures(
    source: EvidenceSource,
    site: str,
    window: Window,
    evidence: EvidenceBook,
    book: FigureBook,
    edition: int = LATEST,
) -> dict[str, Any]:
    """Surveys a site into the books; gives the sections `machines` and `todo`."""
    limits = Limits.of(load_methods(), edition)
    links = source.usage(window.start_ns, window.end_ns).links
    state = link_state(links, site, limits.clock_ms)
    records = sorted((_record(each) for each in links), key=lambda row: str(row[0]))
    told = [evidence.add_records(records, _LINKS, formulas=[state.formula])] if records else []
    machines = tuple(survey(source, window, limits, state, evidence))
    rows = [_machine(each, limits, book, told, state.formula) for each in machines]
    _site(machines, limits, book)
    _totals(machines, book)
    _missing(outages(machines), machines, book)
    return {"machines": rows, "todo": todo_section(machines, limits, book, state)}


def _record(link: LinkFacts) -> list[Any]:
    """What a gateway told; clocks only where hours of them were kept."""
    plain: list[Any] = [link.gateway, link.offset_ms, link.stored, link.duplicates]
    if link.clocks:
        plain.append([each.to_json() for each in link.clocks])
    return plain


def _machine(
    machine: MachineSurvey, limits: Limits, book: FigureBook, told: Sequence[str], formula: str
) -> dict[str, Any]:
    stem = f"readiness.asset.{machine.asset.path}"
    parts = {
        part: None
        if span is None
        else _base(
            f"{stem}.{part}", span.decimals(), [machine.evidence, *(told if part in _TOLD else ())], book, formula
        )
        for part, span in machine.parts.items()
    }
    score = _weighted(f"{stem}.score", parts, limits, book)
    return {
        "asset": str(machine.asset),
        "name": {"zh": machine.known.name_zh, "en": machine.known.name_en},
        "template": machine.known.template,
        "score": score.id,
        "parts": {part: None if figure is None else figure.id for part, figure in parts.items()},
        "evidence": machine.evidence,
        "days": list(machine.days),
        "proposals": [each.to_json() for each in machine.proposed],
        "signals": [_signal(each, machine, limits, book, formula) for each in machine.signals],
    }


def _base(name: str, ends: tuple[Decimal, Decimal], evidence: Sequence[str], book: FigureBook, formula: str) -> Figure:
    return book.base(
        name,
        None,
        bounds=ends,
        unit="points",
        digits=_DIGITS,
        formula=formula,
        evidence=evidence,
        reason="" if ends[0] == ends[1] else "missing",
    )


def _weighted(name: str, parts: Mapping[str, Figure | None], limits: Limits, book: FigureBook) -> Figure:
    inputs: list[Figure | Input] = []
    for part, figure in parts.items():
        if figure is not None:
            inputs += [figure, constant(limits.weights[part], f"readiness_weight_{part}")]
    return book.derived(name, "weighted_mean/1", inputs, unit="points", digits=_DIGITS)


def _signal(
    each: SignalSurvey, machine: MachineSurvey, limits: Limits, book: FigureBook, formula: str
) -> dict[str, Any]:
    facts, address = each.facts, each.facts.entry.address
    path = f"{machine.asset.path}/{address.signal}"
    score = _base(
        f"readiness.signal.{path}.score", weighted(each.parts, limits).decimals(), [machine.evidence], book, formula
    )
    return {
        "signal": str(address),
        "name": {"zh": facts.entry.name_zh or address.signal, "en": facts.entry.name_en or address.signal},
        "unit": facts.entry.unit,
        "score": score.id,
        "parts": _points(each.parts),
        "samples": facts.samples,
        "good": facts.good,
        "covered_min": facts.covered,
        "gaps": list(facts.gaps),
        "longest_min": facts.longest_min,
        "flagged": facts.clock_flagged,
        "shifted": facts.shifted,
        "flat_h": decimal_text(facts.flat_ns / 3.6e12, 1),
        "outside": facts.plausibility.outside,
        "suspects": list(facts.plausibility.suspects),
        "codes": [[f"0x{code:08X}", count] for code, count in facts.codes],
        "missing": list(facts.missing),
        "quantum": facts.quantum,
        "coarse": facts.coarse,
    }


def _points(parts: Parts) -> dict[str, list[str] | None]:
    return {
        part: None if span is None else [f"{end.quantize(Decimal('0.0001')):f}" for end in span.decimals()]
        for part, span in parts.items()
    }


def _site(machines: Sequence[MachineSurvey], limits: Limits, book: FigureBook) -> None:
    """Every machine counts the same; a part is the mean over the machines to which it applies."""
    parts: dict[str, Figure | None] = {}
    for part in PARTS:
        own: list[Figure | Input] = [
            book[f"readiness.asset.{each.asset.path}.{part}"] for each in machines if each.parts[part] is not None
        ]
        parts[part] = (
            book.derived(f"readiness.site.{part}", "mean/1", own, unit="points", digits=_DIGITS) if own else None
        )
    _weighted("readiness.site.score", parts, limits, book)


def _totals(machines: Sequence[MachineSurvey], book: FigureBook) -> None:
    """Counts over all signals; gaps by class."""
    facts = [each.facts for machine in machines for each in machine.signals]
    evidence = sorted({machine.evidence for machine in machines})
    counts = {
        "machines": len(machines),
        "signals": len(facts),
        "silent": sum(1 for each in facts if not each.samples),
        "samples": sum(each.samples for each in facts),
        "good": sum(each.good for each in facts),
        "flagged": sum(each.clock_flagged for each in facts),
        "shifted": sum(each.shifted for each in facts),
        "suspects": sum(1 for each in facts if each.plausibility.suspects),
        "unmatched": sum(1 for machine in machines if not machine.known.template),
        "covered_min": sum(each.covered for each in facts),
        "expected_min": sum(each.minutes for each in facts),
    }
    for place in range(len(GAP_CLASSES_MIN) + 1):
        counts[f"gaps_{place}"] = sum(each.gaps[place] for each in facts)
    for name, count in counts.items():
        book.base(f"readiness.{name}", count, unit="count", formula="count/1", evidence=evidence)
    longest = max((each.longest_min for each in facts), default=None)
    hours = None if longest is None else decimal_text(longest / 60, 1)
    book.base("readiness.longest_h", hours, unit="h", digits=1, formula="gap/1", evidence=evidence)
    for name, part, whole in (
        ("good_percent", "good", "samples"),
        ("flagged_percent", "flagged", "samples"),
        ("covered_percent", "covered_min", "expected_min"),
    ):
        inputs: list[Figure | Input] = [book[f"readiness.{part}"], book[f"readiness.{whole}"]] if counts[whole] else []
        book.derived(f"readiness.{name}", "percent/1", inputs, unit="%", digits=2, reason="" if inputs else "silent")


def _missing(found: Outages, machines: Sequence[MachineSurvey], book: FigureBook) -> None:
    """Missing signal-minutes by whose silence it is."""
    evidence = sorted({machine.evidence for machine in machines})
    for name in ("site", "machine", "signal"):
        count = getattr(found, name)
        book.base(f"readiness.missing_{name}_min", count, unit="count", formula="outage/1", evidence=evidence)
