"""Waterfalls: planned time of a machine down to good output, and a year's electricity down to what actions leave."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ovoo_cloud.diagnosis.indicators.oee_losses import LOSSES
from ovoo_cloud.reports.nodes import Block, Facts, Inline, chart, key, name, notice, para

__all__ = ["oee_waterfalls", "saving_waterfall"]

_MOST_MACHINES: Final = 6
_CONTRADICTS: Final = "beyond"
_LEVELS: Final = ("planned_h", "running_h", "net_h", "good_h")


def oee_waterfalls(facts: Facts, rows: Sequence[dict[str, Any]]) -> list[Block]:
    """A waterfall a machine, those with the lowest effectiveness first; what nobody can tell stands with its cause."""
    told = [row for row in rows if facts.has(f"{row['stem']}.net_h")]
    worst = sorted(told, key=lambda row: (_lowest(facts, row["stem"]), row["machine"]))[:_MOST_MACHINES]
    names = facts.machine_names()
    return [
        chart(
            "waterfall",
            key("chart.oee.caption", machine=name(names.get(row["machine"]), row["machine"])),
            {"rows": _hours(facts, row), "unit": "h"},
            evidence=facts.evidence(f"{row['stem']}.percent"),
        )
        for row in worst
        if _ends(facts, f"{row['stem']}.planned_h") or _ends(facts, f"{row['stem']}.running_h")
    ]


def _lowest(facts: Facts, stem: str) -> float:
    ends = _ends(facts, f"{stem}.percent")
    return float(ends[0]) if ends else 101.0


def _hours(facts: Facts, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Planned time, three losses, good time; a level that is not known opens every step it belongs to.

    A factor that is open because its parts contradict each other opens its step too.
    """
    stem = row["stem"]
    levels = {level: _ends(facts, f"{stem}.{level}") for level in _LEVELS}
    rows = [_total(facts, key("oee.fall.planned"), f"{stem}.planned_h")]
    for loss, before, after in zip(LOSSES, _LEVELS, _LEVELS[1:], strict=False):
        figure = f"{stem}.loss_{loss}_h"
        first, last = levels[before], levels[after]
        if first is None or last is None or row["missing"].get(loss) == _CONTRADICTS:
            rows.append(_open(facts, key(f"oee.fall.{loss}"), figure, row["missing"].get(loss, "")))
            continue
        rows.append(
            {
                "kind": "loss",
                "label": key(f"oee.fall.{loss}"),
                "words": facts.figure(figure),
                "before": first,
                "after": last,
                "ends": [last[0], first[1]],
            }
        )
    return [*rows, _total(facts, key("oee.fall.good"), f"{stem}.good_h")]


def _total(facts: Facts, label: Inline, figure: str) -> dict[str, Any]:
    ends = _ends(facts, figure)
    if ends is None:
        return _open(facts, label, figure)
    return {"kind": "total", "label": label, "words": facts.figure(figure), "ends": ends}


def _open(facts: Facts, label: Inline, figure: str, reason: str = "") -> dict[str, Any]:
    reason = reason or facts.figures[figure]["reason"] or "missing"
    words = key("insufficient.because", reason=key(f"reason.{reason}"))
    return {"kind": "open", "label": label, "words": words, "ends": []}


def _ends(facts: Facts, figure: str) -> list[str] | None:
    row = facts.figures[figure]
    low, high = row["value"] or row["low"], row["value"] or row["high"]
    return None if low is None or high is None else [low, high]


def saving_waterfall(facts: Facts) -> list[Block]:
    """Today's electricity of a year, each proven saving, and what would be left; nothing in older snapshots."""
    savings = facts.data.get("savings")
    if savings is None or not savings["steps"]:
        return []
    today = _ends(facts, "saving.today")
    if today is None:
        reason = key(f"reason.{facts.figures['saving.today']['reason'] or 'missing'}")
        return [notice(key("savings.open", reason=reason), "warn")]
    rows, before = [_total(facts, key("savings.today"), "saving.today")], today
    for step in savings["steps"]:
        after = _ends(facts, step["after"]) or before
        rows.append(
            {
                "kind": "loss",
                "label": key(f"action.{step['kind']}.title"),
                "words": facts.figure(step["figure"]),
                "before": before,
                "after": after,
                "ends": [after[0], before[1]],
            }
        )
        before = after
    rows.append(_total(facts, key("savings.left"), savings["steps"][-1]["after"]))
    data = {"rows": rows, "unit": "kWh/a"}
    evidence = facts.evidence("saving.total")
    blocks = [chart("waterfall", key("chart.waterfall.caption"), data, evidence=evidence)]
    told = {"total": facts.figure("saving.total"), "percent": facts.figure("saving.percent")}
    blocks.append(para(key("savings.together", **told), evidence=evidence))
    if savings["shared"]:
        names = facts.machine_names()
        listed: Inline = {"t": "join", "items": [name(names[each]) for each in savings["shared"]]}
        blocks.append(notice(key("savings.shared", machines=listed)))
    return blocks
