"""The plan that will prove a saving: the fields of GB/T 28750 and the option of IPMVP, with what is still empty."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.measure_kinds import MeasureKind, Option

__all__ = ["METHODS", "MvPlan", "plan_for"]

METHODS: dict[Option, str] = {
    "A": "key parameters measured, the others agreed and documented",
    "B": "all parameters of the boundary measured",
    "C": "meter of the whole site against a baseline model",
    "D": "calibrated simulation",
}
"""IPMVP options."""


@dataclass(frozen=True, slots=True)
class MvPlan:
    """How a saving is to be proven. Periods are [start, end) in ISO dates; empty text or tuple: not yet agreed.

    `agreed` lists the parameters that option A does not measure, each with its document. The saving counts as proven
    when the half width of its interval at `coverage` is at most `greatest_share` of it; both are agreed in the plan.
    """

    measure: str
    option: Option
    method: str
    boundary: str
    variables: tuple[str, ...]
    baseline_period: tuple[str, str] = ("", "")
    reporting_period: tuple[str, str] = ("", "")
    meters: tuple[str, ...] = ()
    agreed: tuple[str, ...] = ()
    coverage: float = 0.0
    greatest_share: float = 0.0
    responsible: str = ""

    @property
    def missing(self) -> tuple[str, ...]:
        """Names of the fields a plan needs and this one leaves open."""
        open_fields = [
            each.name
            for each in dataclasses.fields(self)
            if each.name != "agreed" and _is_empty(getattr(self, each.name))
        ]
        if self.option == "A" and not self.agreed:
            open_fields.append("agreed")
        return tuple(open_fields)

    @property
    def problems(self) -> tuple[str, ...]:
        """What contradicts itself: periods that end before they begin or overlap."""
        found = [
            f"{name} ends before it starts"
            for name, (start, end) in (("baseline", self.baseline_period), ("reporting", self.reporting_period))
            if start and end and end <= start
        ]
        if self.baseline_period[1] and self.reporting_period[0] and self.reporting_period[0] < self.baseline_period[1]:
            found.append("reporting period begins before the baseline ends")
        return tuple(found)

    def proves(self, saving: Estimate) -> bool | None:
        """Whether a saving is certain enough by this plan; None while the plan does not say what is enough."""
        if not self.coverage or not self.greatest_share:
            return None
        return saving.value > 0.0 and saving.half_width(self.coverage) <= self.greatest_share * saving.value


def plan_for(kind: MeasureKind, option: Option | None = None) -> MvPlan:
    """The plan of a measure with what its kind fixes; the rest is for the parties to fill in."""
    chosen = option or kind.option
    return MvPlan(kind.id, chosen, METHODS[chosen], kind.boundary, kind.variables)


def _is_empty(value: object) -> bool:
    return not all(value) if isinstance(value, tuple) and value else not value
