"""A machine's baseline fitted again from sums alone: no sample is read, so it works long after they are gone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_contract.completeness import HOUR_NS
from ovoo_contract.errors import ConfigError, NotReady, QueryError
from ovoo_contract.hour_sums import HourSums, hour_start
from ovoo_models.efficiency.regime_sums import Fit

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, hour_sums
from ovoo_cloud.energy.sums_merge import MergedHours, merge_hours
from ovoo_cloud.services import Services

__all__ = ["Judged", "RegimeFit", "SumsRefit", "check_window", "judge", "refit", "window_sums"]

_MOST_HOURS: Final = 24 * 400
_MINUTES: Final = 60.0


@dataclass(frozen=True, slots=True)
class RegimeFit:
    """One regime of a window.

    Attributes:
        regime: its name.
        rows: minutes in it.
        mean_kw: mean power; NaN without rows.
        energy_kwh: of those minutes.
        fit: None where `reason` says why there is none.
        reason: empty where there is a fit.
    """

    regime: str
    rows: int
    mean_kw: float
    energy_kwh: float
    fit: Fit | None
    reason: str


@dataclass(frozen=True, slots=True)
class SumsRefit:
    """A window's baseline from sums.

    Attributes:
        asset: the machine.
        start_ns, end_ns: the window, UTC, whole hours of the site's clock.
        merged: the sums with what they rest on.
        variables: that were chosen, in the order of the coefficients.
        regimes: one each.
    """

    asset: str
    start_ns: int
    end_ns: int
    merged: MergedHours
    variables: tuple[str, ...]
    regimes: tuple[RegimeFit, ...]

    @property
    def coverage(self) -> float:
        """Share of the window's minutes that were measured, 0 to 1."""
        return self.merged.minutes / ((self.end_ns - self.start_ns) / HOUR_NS * _MINUTES)

    @property
    def rows(self) -> int:
        """Minutes in the sums; those that were measured beyond them explain nothing (states that mix, no driver)."""
        return sum(each.rows for each in self.regimes)


@dataclass(frozen=True, slots=True)
class Judged:
    """A regime of a later window against the fit of an earlier one: what its minutes should have drawn, and drew."""

    regime: str
    rows: int
    energy_kwh: float
    expected_kwh: float | None

    @property
    def saved_kwh(self) -> float | None:
        """Expected less drawn; None where the earlier window has no fit of the regime."""
        return None if self.expected_kwh is None else self.expected_kwh - self.energy_kwh


def check_window(start_ns: int, end_ns: int) -> None:
    """QueryError unless the window holds something and no more than 400 days."""
    if not 0 < end_ns - start_ns <= _MOST_HOURS * HOUR_NS:
        raise QueryError(
            "not a window of hours",
            code="sums.not_a_window",
            slots={"most": _MOST_HOURS},
            offender="end",
            value=(end_ns - start_ns) // HOUR_NS,
            remedy=f"1 to {_MOST_HOURS} hours after the start",
        )


def window_sums(
    services: Services, scope: Scope, enterprise: str, site: str, asset: str, start_ns: int, end_ns: int
) -> MergedHours:
    """The sums of the hours of a machine that start in [start, end).

    Raises:
        NotFound: no such machine, or a foreign one.
        QueryError: an end that is no whole hour of the site's clock, an empty window, or more than 400 days.
        EvidenceError: no hour is held.
    """
    with services.database.read() as session:
        zone = ZoneInfo(enterprises.site(session, scope, enterprise, site).timezone)
        check_window(start_ns, end_ns)
        for name, at_ns in (("start", start_ns), ("end", end_ns)):
            if hour_start(at_ns, zone) != at_ns:
                raise QueryError(
                    "not a whole hour of the site's clock",
                    code="sums.not_a_whole_hour",
                    offender=name,
                    value=at_ns,
                    remedy="minute 0",
                )
        held = hour_sums.hours(session, scope, enterprise, site, asset, start_ns, end_ns)
    return merge_hours(HourSums.from_bytes(row.content) for row in held)


def refit(
    services: Services, scope: Scope, enterprise: str, site: str, asset: str, start_ns: int, end_ns: int,
    variables: Sequence[str] | None = None,
) -> SumsRefit:  # fmt: skip
    """The fit of each regime on the chosen variables (all unless given); see `window_sums` for what is raised.

    Raises:
        QueryError: also for a variable that the sums do not have.
    """
    merged = window_sums(services, scope, enterprise, site, asset, start_ns, end_ns)
    chosen = merged.sums.variables if variables is None else tuple(variables)
    try:
        regimes = tuple(_regime(merged, code, chosen) for code in range(len(merged.layout.regimes)))
    except ConfigError as error:
        raise QueryError(
            "no such variable",
            code="sums.no_such_variable",
            slots={"known": merged.sums.variables},
            offender="variables",
            value=[*chosen],
            remedy=", ".join(merged.sums.variables),
        ) from error
    return SumsRefit(asset, start_ns, end_ns, merged, chosen, regimes)


def judge(baseline: SumsRefit, later: MergedHours) -> tuple[Judged, ...]:
    """A later window held against a fit, by regime: both from sums alone.

    Raises:
        QueryError: the later window is of other variables.
    """
    if later.layout != baseline.merged.layout:
        raise QueryError(
            "sums of other variables",
            code="sums.other_variables",
            slots={"known": baseline.merged.sums.variables},
            offender="window",
            value=[name for name, _unit in later.layout.variables],
            remedy=", ".join(baseline.merged.sums.variables),
        )
    return tuple(_judged(each, later, code) for code, each in enumerate(baseline.regimes))


def _regime(merged: MergedHours, code: int, chosen: tuple[str, ...]) -> RegimeFit:
    sums = merged.sums
    rows, mean = sums.rows(code), sums.means(code)[-1]
    energy = rows * mean / _MINUTES if rows else 0.0
    try:
        found, reason = sums.refit(code, chosen), ""
    except NotReady as error:
        found, reason = None, str(error)
    return RegimeFit(merged.layout.regimes[code], rows, mean, energy, found, reason)


def _judged(each: RegimeFit, later: MergedHours, code: int) -> Judged:
    rows, means = later.sums.rows(code), later.sums.means(code)
    drawn = rows * means[-1] / _MINUTES if rows else 0.0
    if each.fit is None or not rows:
        return Judged(each.regime, rows, drawn, None if rows else 0.0)
    places = [later.sums.variables.index(name) for name in each.fit.variables]
    # a linear fit at the mean of its variables is the mean of the fit
    mean_kw = each.fit.intercept + math.fsum(
        b * means[place] for b, place in zip(each.fit.coefficients, places, strict=True)
    )
    return Judged(each.regime, rows, drawn, rows * mean_kw / _MINUTES)
