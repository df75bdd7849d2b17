"""All indicators of one snapshot: figures go into the book, what the report needs beside them comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ovoo_packs import Framework, MethodTable

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.editions import FIRST
from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.diagnosis.indicators.attention import AttentionRule, attended
from ovoo_cloud.diagnosis.indicators.delivery import Delivery, NetworkFigures
from ovoo_cloud.diagnosis.indicators.facts import FactFinder
from ovoo_cloud.diagnosis.indicators.handling import handling_section
from ovoo_cloud.diagnosis.indicators.links import collection_links, link_figures
from ovoo_cloud.diagnosis.indicators.network import network_section
from ovoo_cloud.diagnosis.indicators.oee import oee_section
from ovoo_cloud.diagnosis.indicators.output import output_energy
from ovoo_cloud.diagnosis.indicators.registry import INDICATORS
from ovoo_cloud.diagnosis.indicators.scenes import scene_facts
from ovoo_cloud.diagnosis.observe import Observation

__all__ = ["IndicatorResult", "indicator_section"]


@dataclass(frozen=True, slots=True)
class IndicatorResult:
    """`data` and `scenes` are the snapshot's sections `indicators` and `scene_facts`; `facts` answers for others."""

    data: dict[str, Any]
    scenes: dict[str, dict[str, Any]]
    facts: FactFinder


def indicator_section(
    case: Case,
    framework: Framework,
    found: Sequence[Delivery],
    network: NetworkFigures,
    seen: Observation,
    book: FigureBook,
    methods: MethodTable,
    delivery: str,
    edition: int,
) -> IndicatorResult:
    """Measures every indicator that is not measured elsewhere, then what their facts prove.

    `book` holds the figures of energy and of machines already; `delivery` names the formula by which `found` was made,
    `edition` that of our measuring rules.
    """
    usage = seen.source.usage(seen.window.start_ns, seen.window.end_ns)
    if edition > FIRST:
        usage = attended(usage, AttentionRule.of(methods))
    links = collection_links(found)
    link_figures(links, book, delivery)
    oee = oee_section(case, seen, book, methods, edition, usage.rates)
    data = {
        "network": network_section(usage, network, seen, book, edition),
        "handling": handling_section(usage, seen, book, edition),
        "oee": oee.rows,
        "output_energy": output_energy(case, oee.outputs, book),
        "registry": _registry(),
    }
    finder = FactFinder(case, seen, book, methods, found, links, usage, oee.days, edition)
    return IndicatorResult(data, scene_facts(framework, finder), finder)


def _registry() -> list[dict[str, Any]]:
    """Every named indicator."""
    return [
        {
            "id": each.id,
            "needs": list(each.needs),
            "formulas": list(each.formulas),
        }
        for each in INDICATORS.values()
    ]
