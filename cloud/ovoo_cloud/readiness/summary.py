"""The readiness of each site of a case in a few figures, for reports that rest on its data."""

from __future__ import annotations

from typing import Any

from ovoo_packs import MethodTable

from ovoo_cloud.diagnosis.editions import LATEST
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.observe import EvidenceBook, Observation
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.score import Span, link_state, machine_parts, weighted
from ovoo_cloud.readiness.source import SiteTelemetry
from ovoo_cloud.readiness.survey import QUERY, survey

__all__ = ["readiness_summary"]


def readiness_summary(
    seen: Observation, book: FigureBook, methods: MethodTable, edition: int = LATEST
) -> list[dict[str, Any]]:
    """Figures `readiness.<site>.<part>` and `.score` of every site with telemetry; rows by site id."""
    scans = [scan for scan in seen.scans.values() if scan.entry.measurement == "telemetry"]
    sites = sorted({scan.entry.address.site for scan in scans})
    limits = Limits.of(methods, edition)
    links = seen.source.usage(seen.window.start_ns, seen.window.end_ns).links
    rows = []
    for site in sites:
        own = [scan for scan in scans if scan.entry.address.site == site]
        state = link_state(links, site, limits.clock_ms)
        evidence = seen.book.add(own, QUERY, formulas=[state.formula])
        apart = EvidenceBook(seen.window, seen.book.catalogue_ids)  # this report needs one record a site, not a machine
        source = SiteTelemetry(seen.source, site)
        found = [each.parts for each in survey(source, seen.window, limits, state, apart)]
        parts = machine_parts(found)
        for part in PARTS:
            _figure(f"readiness.{site}.{part}", parts[part], evidence, book, state.formula)
        _figure(f"readiness.{site}.score", weighted(parts, limits), evidence, book, state.formula)
        rows.append({"site": site, "signals": len(own), "machines": len(found)})
    return rows


def _figure(name: str, span: Span | None, evidence: str, book: FigureBook, formula: str) -> None:
    book.base(
        name,
        None,
        bounds=None if span is None else span.decimals(),
        unit="points",
        digits=1,
        formula=formula,
        evidence=[evidence],
        reason="not_applicable" if span is None else "" if span.low == span.high else "missing",
    )
