"""How long people take over a warning: from raised to acknowledged, from raised to returned, and how many end."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from ovoo_cloud.diagnosis.editions import FIRST, LATEST
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.usage import AlarmLife, Usage

__all__ = ["handling_section", "quantile"]

_FIRST: Final = "handling_time/1"
_FORMULA: Final = "handling_time/2"
_QUERY: Final = "alarms raised in the window, acknowledged and returned"
_MINUTE_NS: Final = Decimal(60_000_000_000)
_SEVERITIES: Final = ("critical", "warning")


def handling_section(usage: Usage, seen: Observation, book: FigureBook, edition: int = LATEST) -> list[dict[str, str]]:
    """Figures `handling.<severity>.*` for all alarms and for each severity; rows name their beginnings.

    Acknowledgements marked `unread` are counted as such and close nothing.
    """
    records = usage.to_json()["alarms"]
    formula = _FIRST if edition == FIRST else _FORMULA
    evidence = [seen.book.add_records(records, _QUERY, formulas=[formula])] if records else []
    groups: list[tuple[str, Sequence[AlarmLife]]] = [("all", usage.alarms)]
    groups += [(name, [each for each in usage.alarms if each.severity == name]) for name in _SEVERITIES]
    rows = [(name, lives) for name, lives in groups if lives or name == "all"]
    if edition > FIRST:
        for name, lives in rows:
            unread = sum(each.unread for each in lives)
            book.base(f"handling.{name}.unread", unread, unit="count", formula=formula, evidence=evidence)
    return [_group(name, lives, evidence, book, formula) for name, lives in rows]


def _group(
    name: str, lives: Sequence[AlarmLife], evidence: Sequence[str], book: FigureBook, formula: str
) -> dict[str, str]:
    stem = f"handling.{name}"
    raised = book.base(f"{stem}.raised", len(lives), unit="count", evidence=evidence)
    closed = book.base(f"{stem}.closed", sum(each.closed for each in lives), unit="count", evidence=evidence)
    share: list[Figure | Input] = [closed, raised] if lives else []
    book.derived(f"{stem}.closed_percent", "percent/1", share, unit="%", digits=1, reason="" if lives else "no_alarms")
    for step in ("acknowledged", "returned"):
        told = [each for each in lives if step == "returned" or not each.unread]
        spans = [at - each.raised_ns for each in told if (at := getattr(each, f"{step}_ns")) is not None]
        for word, place in (("median", 50), ("p90", 90)):
            book.base(
                f"{stem}.{step}_{word}",
                quantile(spans, place) / _MINUTE_NS if spans else None,
                unit="min",
                digits=1,
                formula=formula,
                evidence=evidence,
                reason="" if spans else "no_alarms",
            )
    return {"severity": name, "stem": stem}


def quantile(values: Sequence[int], percent: int) -> Decimal:
    """The percentile of whole numbers by linear interpolation between neighbours, exact; `values` are not empty.

    >>> quantile([10, 20], 50)
    Decimal('15')
    """
    ordered = sorted(values)
    place, rest = divmod((len(ordered) - 1) * percent, 100)
    if not rest:
        return Decimal(ordered[place])
    return ordered[place] + Decimal(rest) * (ordered[place + 1] - ordered[place]) / 100
