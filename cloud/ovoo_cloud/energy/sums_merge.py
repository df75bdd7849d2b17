"""Hours of a machine merged into the sums of a window: which hours count, and which are left out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ovoo_contract.errors import EvidenceError
from ovoo_contract.hour_sums import HourSums, SumsLayout
from ovoo_models.efficiency.regime_sums import RegimeSums
from ovoo_models.hour_content import sums_of

__all__ = ["LeftOut", "MergedHours", "merge_hours"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An hour that is held and not merged: `overlap` (another tells of its minutes) or `layout` (other variables)."""

    start_ns: int
    model: str
    reason: str


@dataclass(frozen=True, slots=True)
class MergedHours:
    """A window's sums.

    Attributes:
        layout: what they are of.
        sums: of all hours together.
        hours: starts of the hours that are in them, ascending.
        minutes: measured in them, whether they explain anything or not.
        models: fingerprints of the models that told the regimes, by age.
        left_out: what is held and not in them.
    """

    layout: SumsLayout
    sums: RegimeSums
    hours: tuple[int, ...]
    minutes: int
    models: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def merge_hours(hours: Iterable[HourSums]) -> MergedHours:
    """The hours merged, each minute once, in the order of time: the same hours give the same bits.

    The newest hour says which variables are meant. Where two hours tell of the same minutes (two gateways, a disk that
    was lost) the one with more minutes counts.

    Raises:
        EvidenceError: there is none.
    """
    held = sorted(hours, key=lambda each: (each.start_ns, -each.measured, -each.made_ns, each.model))
    if not held:
        raise EvidenceError(
            "no hour of sums is held",
            code="sums.no_hour",
            offender="sums",
            remedy="choose a window in which there are some",
        )
    layout = max(held, key=lambda each: (each.start_ns, each.made_ns)).layout
    sums = RegimeSums([name for name, _unit in layout.variables], layout.target[0], len(layout.regimes))
    told: dict[int, int] = {}
    models: dict[str, None] = {}
    left_out = []
    for hour in held:
        seen = told.get(hour.start_ns, 0)
        if hour.layout != layout or seen & hour.minutes:
            left_out.append(LeftOut(hour.start_ns, hour.model, "layout" if hour.layout != layout else "overlap"))
            continue
        sums.merge(sums_of(hour))
        told[hour.start_ns] = seen | hour.minutes
        models.setdefault(hour.model)
    minutes = sum(mask.bit_count() for mask in told.values())
    return MergedHours(layout, sums, tuple(told), minutes, tuple(models), tuple(left_out))
