"""What to mend, ranked by what the site's score would gain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from ovoo_cloud.diagnosis.figures import FigureBook
from ovoo_cloud.readiness.clock_faults import CLOCK_FAULTS
from ovoo_cloud.readiness.limits import PARTS, Limits
from ovoo_cloud.readiness.score import LinkState, Span
from ovoo_cloud.readiness.survey import MachineSurvey, SignalSurvey

__all__ = ["CAUSES", "MOST", "todo_section"]

MOST: Final = 40
"""Lines of the list."""
_NAMED: Final = 6
_FORMULA: Final = "readiness_gain/1"
_DIGITS: Final = 2


@dataclass(frozen=True, slots=True)
class _Gap:
    machine: MachineSurvey
    part: str
    gain: Span


def todo_section(
    machines: Sequence[MachineSurvey], limits: Limits, book: FigureBook, state: LinkState
) -> list[dict[str, Any]]:
    """At most `MOST` lines: machine, part, the points that the site's score gains when all of it is mended, signals.

    A part of unknown points gains a range: as much as nothing, or all of it.
    """
    gaps = [gap for part in PARTS for gap in _gaps(machines, part, limits)]
    gaps.sort(key=lambda gap: (-gap.gain.high, -gap.gain.low, str(gap.machine.asset), PARTS.index(gap.part)))
    return [_line(gap, book, state) for gap in gaps[:MOST]]


def _gaps(machines: Sequence[MachineSurvey], part: str, limits: Limits) -> list[_Gap]:
    own = [(each, span) for each in machines if (span := each.parts[part]) is not None]
    applying = {name for each in machines for name, span in each.parts.items() if span is not None}
    weights = sum((Fraction(limits.weights[name]) for name in applying), Fraction(0))
    rows = []
    for machine, span in own:
        share = Fraction(limits.weights[part]) / (weights * len(own))
        gain = Span((100 - span.high) * share, (100 - span.low) * share)
        if gain.high > 0:
            rows.append(_Gap(machine, part, gain))
    return rows


def _line(gap: _Gap, book: FigureBook, state: LinkState) -> dict[str, Any]:
    path = gap.machine.asset.path
    figure = book.base(
        f"readiness.gain.{path}.{gap.part}",
        None,
        bounds=gap.gain.decimals(),
        unit="points",
        digits=_DIGITS,
        formula=_FORMULA,
        evidence=[gap.machine.evidence],
        reason="missing" if gap.gain.low != gap.gain.high else "",
    )
    worst = _worst(gap)
    return {
        "asset": str(gap.machine.asset),
        "part": gap.part,
        "figure": figure.id,
        "signals": [str(each.facts.entry.address) for each in worst[:_NAMED]],
        "more": max(0, len(worst) - _NAMED),
        "causes": sorted({cause for each in worst for cause in _causes(each, gap.part, state)}),
    }


def _worst(gap: _Gap) -> list[SignalSurvey]:
    """Signals that miss points in the part, those that may miss most first."""

    def missed(each: SignalSurvey) -> Fraction:
        span = each.parts[gap.part]
        return Fraction(0) if span is None else 100 - span.low

    rows = [each for each in gap.machine.signals if missed(each) > 0]
    return sorted(rows, key=lambda each: (-missed(each), str(each.facts.entry.address)))


def _causes(each: SignalSurvey, part: str, state: LinkState) -> list[str]:
    facts = each.facts
    if not facts.samples and part != "catalogue":
        return ["silent"]
    if part == "plausibility":
        return list(facts.plausibility.suspects) or (["outside"] if facts.plausibility.ranged else ["no_range"])
    if part == "catalogue":
        return [f"no_{name}" for name in facts.missing]
    if part == "clock":
        flagged = ["flagged"] if facts.clock_flagged else []
        return [*flagged, *state.faults] or ["clock_unknown"]
    return [_CAUSES[part]]


_CAUSES: Final[Mapping[str, str]] = {
    "coverage": "missing_minutes",
    "continuity": "long_gap",
    "movement": "flat",
    "quality": "bad_samples",
    "order": "shifted",
}

CAUSES: Final = (
    *_CAUSES.values(),
    *CLOCK_FAULTS,
    *("silent", "outside", "no_range", "flagged", "clock_unknown"),
    *("unit_is", "power_as_energy", "energy_as_power", "not_template_unit"),
    *("no_name_zh", "no_name_en", "no_unit", "no_template"),
)
"""Every cause there is, without what follows a colon."""
