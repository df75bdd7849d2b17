"""How far the plant's network reaches and how well it carries: reach, loss, delay, late messages, by gateway."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input
from ovoo_cloud.diagnosis.indicators.clock_figures import apart_row, clock_rows
from ovoo_cloud.diagnosis.indicators.delivery import NetworkFigures
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.usage import LinkFacts, Usage

__all__ = ["network_section"]

_QUERY = "messages and hour accounts of the gateways"
_COUNTS = "count/1"
_DELAY = "median_delay/1"


def network_section(
    usage: Usage, network: NetworkFigures, seen: Observation, book: FigureBook, edition: int = LATEST
) -> dict[str, Any]:
    """Figures `network.*`: reach over digital machines, sums over all gateways, and one row for each of them.

    From the second edition on a row has the clocks of its sources, latency and clock told apart, and what the gateway
    sees of its own network.
    """
    digital = network.digital.interval()
    inputs = [network.networked, network.digital] if digital is not None and digital[0] > 0 else []
    book.derived(
        "network.reach_percent", "percent/1", inputs, unit="%", digits=1, reason="" if inputs else "no_digital"
    )
    records = usage.to_json()["links"]
    evidence = [seen.book.add_records(records, _QUERY, formulas=[_COUNTS, _DELAY])] if records else []
    _sums("network", usage.links, evidence, book)
    return {
        "gateways": [_row(each, evidence, book, edition) for each in sorted(usage.links, key=lambda link: link.gateway)]
    }


def _row(link: LinkFacts, evidence: Sequence[str], book: FigureBook, edition: int) -> dict[str, Any]:
    stem = f"network.{link.gateway}"
    _sums(stem, [link], evidence, book)
    for name in ("delay_ms", "offset_ms"):
        value = getattr(link, name)
        book.base(
            f"{stem}.{name}",
            value,
            unit="ms",
            formula=_DELAY if name == "delay_ms" else "",
            evidence=evidence,
            reason="" if value is not None else "not_told",
        )
    row: dict[str, Any] = {"gateway": link.gateway, "certificate": link.certificate, "stem": stem}
    if edition > FIRST:
        row |= {"clocks": clock_rows(link, evidence, book), "apart": apart_row(link, evidence, book)}
        row |= {"posture": None if link.posture is None else dict(link.posture)}
    return row


def _sums(stem: str, links: Sequence[LinkFacts], evidence: Sequence[str], book: FigureBook) -> None:
    """Counts over links that tell them, and the shares of lost samples and late messages."""
    made = {name: _sum(f"{stem}.{name}", name, links, evidence, book) for name in _NAMES}
    for share, part, whole in (("lost_percent", "lost", "expected"), ("late_percent", "late", "deliveries")):
        book.derived(
            f"{stem}.{share}",
            "percent/1",
            _inputs(made[part], made[whole]),
            unit="%",
            digits=2,
            reason="" if made[whole].known else "not_told",
        )


_NAMES = ("deliveries", "late", "expected", "lost")


def _sum(stem: str, name: str, links: Sequence[LinkFacts], evidence: Sequence[str], book: FigureBook) -> Figure:
    told = [value for each in links if (value := getattr(each, name)) is not None]
    return book.base(
        stem,
        sum(told) if told else None,
        unit="count",
        formula=_COUNTS,
        evidence=evidence,
        reason="" if told else "not_told",
    )


def _inputs(part: Figure, whole: Figure) -> list[Figure | Input]:
    return [part, whole] if whole.value is not None and whole.value != "0" else []
