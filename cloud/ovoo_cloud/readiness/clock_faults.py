"""What is wrong with the clocks of a site over a whole window, and what share of the points they get."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from ovoo_cloud.diagnosis.clocks import ClockFacts
from ovoo_cloud.diagnosis.usage import LinkFacts

__all__ = ["CLOCK_FAULTS", "clock_faults", "clock_share"]

CLOCK_FAULTS: Final = ("clock_zone", "clock_ahead", "clock_behind", "clock_drift", "clock_back")
"""Causes, without what follows a colon: whole hours off, in the future, in the past, running away, set back."""
_DRIFT_DAYS: Final = 30
"""A clock that leaves the limit within a month runs away."""


def clock_share(clocks: Sequence[ClockFacts], limit_ms: int) -> Fraction | None:
    """Mean over all hours of all clocks of `limit / max(limit, |error|)`; None where no hour is known."""
    hours = [Fraction(limit_ms, max(limit_ms, abs(error))) for clock in clocks for _, error in clock.hours]
    return sum(hours, Fraction(0)) / len(hours) if hours else None


def clock_faults(links: Sequence[LinkFacts], clocks: Sequence[ClockFacts], limit_ms: int) -> tuple[str, ...]:
    """The causes that hold for any clock of the site, in the order of `CLOCK_FAULTS`."""
    found = {cause for clock in clocks for cause in _of(clock, limit_ms)}
    if any(link.own is not None and link.own.steps_back for link in links):
        found.add("clock_back")
    return tuple(sorted(found, key=lambda cause: (CLOCK_FAULTS.index(cause.partition(":")[0]), cause)))


def _of(clock: ClockFacts, limit_ms: int) -> Iterator[str]:
    if clock.zone_h:
        yield f"clock_zone:{clock.zone_h:+d}"
        return
    if clock.ahead(limit_ms):
        yield "clock_ahead"
    if any(error < -limit_ms for _, error in clock.hours):
        yield "clock_behind"
    if abs(clock.drift_ms) * _DRIFT_DAYS > limit_ms:
        yield "clock_drift"
