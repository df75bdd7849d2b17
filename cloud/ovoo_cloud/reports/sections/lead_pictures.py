"""The picture of a leading method: bars by element, products over their limits, a total over its bands, subsystems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_cloud.reports.nodes import Block, Facts, Inline, chart, key, name, plain
from ovoo_cloud.reports.sections.lead_tables import subsystem_table
from ovoo_cloud.reports.sections.outcome import method_name

__all__ = ["lead_picture"]


def lead_picture(facts: Facts) -> list[Block]:
    """What fits the method; nothing where there is nothing to draw."""
    method = method_name(facts.data["framework"])
    if method == "acceptance":
        return [subsystem_table(facts)]
    rows = _ROWS[method](facts)
    return [chart("ladder", key(f"lead.chart.{method}"), {"rows": rows}, evidence=_evidence(facts))] if rows else []


def _evidence(facts: Facts) -> list[str]:
    found = (each for answer in facts.data["answers"].values() for each in answer["evidence"][:2])
    return list(dict.fromkeys(found))[:4]


def _row(label: Inline, figure: Inline, full: str, marks: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One bar; the numbers drawn are those of the figure."""
    return {"label": label, "words": figure, "full": full, "marks": list(marks)}


def _starts(facts: Facts) -> list[dict[str, Any]]:
    levels = facts.data["framework"]["levels"]
    return [{"at": each["start"], "label": _level(each["level"])} for each in levels]


def _level(level: int) -> Inline:
    return key("lead.chart.level", level=plain(str(level)))


def _maturity(facts: Facts) -> list[dict[str, Any]]:
    names = {part["id"]: part["name"] for part in facts.data["framework"]["dimensions"]}
    score, marks = facts.data["score"], _starts(facts)
    rows = [_row(key("lead.chart.whole"), facts.figure("score.total", unit=False), score["full"], marks)]
    return rows + [
        _row(name(names[each["id"]]), facts.figure(f"score.dimension.{each['id']}", unit=False), each["full"], marks)
        for each in score["dimensions"]
    ]


def _bands(facts: Facts) -> list[dict[str, Any]]:
    score = facts.data["score"]
    return [_row(key("lead.chart.whole"), facts.figure("score.total", unit=False), score["full"], _starts(facts))]


def _norms(facts: Facts) -> list[dict[str, Any]]:
    names = facts.item_names()
    rows = []
    for each in facts.data["score"]["items"]:
        limits = [(number, f"score.limit.{number}.{each['id']}") for number in (1, 2, 3)]
        marks = [
            {"at": facts.figures[figure]["value"], "label": _level(number)}
            for number, figure in limits
            if facts.known(figure)
        ]
        rows.append(_row(name(names[each["id"]]), facts.figure(f"score.consumption.{each['id']}"), "", marks))
    return rows


_ROWS = {"maturity": _maturity, "bands": _bands, "norm_table": _norms}
