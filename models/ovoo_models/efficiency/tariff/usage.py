"""What a meter used in a window, by season and band: the quantities of an invoice, before any price."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_packs.tariffs import BANDS, Band

from ovoo_models.efficiency.tariff.bands import BandCalendar
from ovoo_models.efficiency.tariff.defects import Defect, MeterFacts, examine
from ovoo_models.efficiency.tariff.intervals import NANO, Intervals, kwh_of, nano_kwh, shares

__all__ = ["Usage", "joined", "measure_usage"]

Straddling = Literal["split", "refuse"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Energy of [start_ns, end_ns) in nano-kWh by (season, band). `split` counts the intervals that crossed a border
    of bands and were shared out by time. `holes` are gaps that the caller chose to accept; empty otherwise."""

    tariff: str
    start_ns: int
    end_ns: int
    nano_kwh: Mapping[tuple[str, Band], int]
    split: int = 0
    holes: tuple[Defect, ...] = ()
    reference_only: bool = False

    @property
    def complete(self) -> bool:
        """Whether every instant of the window is covered by a reading."""
        return not self.holes

    def total_kwh(self) -> Decimal:
        """All bands together."""
        return kwh_of(sum(self.nano_kwh.values()))

    def band_kwh(self) -> dict[Band, Decimal]:
        """kWh of each band that occurs, over all seasons, dearest first."""
        present = {band for _, band in self.nano_kwh}
        return {
            band: kwh_of(sum(nano for key, nano in self.nano_kwh.items() if key[1] == band))
            for band in BANDS
            if band in present
        }


def measure_usage(
    intervals: Intervals,
    calendar: BandCalendar,
    start_ns: int,
    end_ns: int,
    *,
    straddling: Straddling = "split",
    facts: MeterFacts | None = None,
    accept_holes: bool = False,
) -> Usage:
    """Shares the intervals of a window out over the bands; an interval is counted only as far as it lies inside.

    Args:
        straddling: `split` shares an interval across a border of bands by time, at even power; `refuse` does not.
        accept_holes: go on with gaps and missing readings; they are then listed in `holes`.

    Raises:
        EvidenceError: the series has defects (the first is named, with how many there are), or the tariff's row was
            not in force on the first or last day.
        ConfigError: an interval crosses a border and the rule is `refuse`.
    """
    _check_validity(calendar, start_ns, end_ns)
    holes = _judged(examine(intervals, start_ns, end_ns, calendar.zone, facts), accept_holes)
    energy: dict[tuple[str, Band], int] = {}
    split = 0
    missing = {each.start_ns for each in holes if each.kind == "missing"}
    for row in intervals.between(start_ns, end_ns):
        if intervals.start_ns[row] not in missing:
            split += _share_out(intervals, row, calendar, (start_ns, end_ns), straddling, energy)
    tariff = calendar.tariff
    return Usage(tariff.id, start_ns, end_ns, energy, split, holes, tariff.reference_only)


def joined(first: Usage, second: Usage) -> Usage:
    """Two neighbouring windows as one; the usage of two half months is that of the month, to the last nano-kWh.

    Raises:
        ConfigError: they do not touch, or have different tariffs.
    """
    if first.end_ns != second.start_ns or first.tariff != second.tariff:
        found = (first.tariff, first.end_ns, second.tariff, second.start_ns)
        raise ConfigError(
            "windows do not join", code="tariff.windows_do_not_join", offender="usage", value=found,
            remedy="same tariff, end = next start",
        )  # fmt: skip
    keys = {**first.nano_kwh, **second.nano_kwh}
    energy = {key: first.nano_kwh.get(key, 0) + second.nano_kwh.get(key, 0) for key in keys}
    return Usage(
        first.tariff,
        first.start_ns,
        second.end_ns,
        energy,
        first.split + second.split,
        first.holes + second.holes,
        first.reference_only,
    )


def _check_validity(calendar: BandCalendar, start_ns: int, end_ns: int) -> None:
    source = calendar.tariff.source
    for instant in (start_ns, end_ns - 1):
        day = datetime.fromtimestamp(instant // NANO, calendar.zone).date().isoformat()
        if not source.in_force(day):
            remedy = f"valid from {source.valid_from} to {source.valid_to or 'now'}: take the edition of that day"
            raise EvidenceError(
                "tariff not in force", code="tariff.tariff_not_in_force",
                slots={"valid_from": source.valid_from, "valid_to": source.valid_to or "…"},
                offender=calendar.tariff.id, value=day, remedy=remedy,
            )  # fmt: skip


def _judged(defects: tuple[Defect, ...], accept_holes: bool) -> tuple[Defect, ...]:
    holes = [each for each in defects if accept_holes and each.kind in ("gap", "missing")]
    wrong = [each for each in defects if each not in holes]
    if wrong:
        first = wrong[0]
        more = f"; {len(wrong)} defects in all" if len(wrong) > 1 else ""
        remedy = f"{first.value}: {first.remedy}{more}"
        raise EvidenceError(
            "the series is not fit for a bill", code="tariff.series_not_fit_for_bill", slots={"count": len(wrong)},
            offender="intervals", value=f"{first.kind} {first.start_ns}", remedy=remedy,
        )  # fmt: skip
    return tuple(holes)


def _share_out(
    intervals: Intervals,
    row: int,
    calendar: BandCalendar,
    window: tuple[int, int],
    straddling: Straddling,
    energy: dict[tuple[str, Band], int],
) -> int:
    """Adds one interval to `energy`; 1 where it crossed a border of bands inside the window."""
    low, high = intervals.start_ns[row], intervals.end_ns[row]
    nano = nano_kwh(intervals.kwh[row])
    span = calendar.span_at(low)
    if window[0] <= low and high <= min(span.end_ns, window[1]):
        key = (span.season, span.band)
        energy[key] = energy.get(key, 0) + nano
        return 0
    borders = calendar.borders(low, high)
    if borders and straddling == "refuse":
        remedy = "align the intervals with the hours, or let them be split by time"
        raise ConfigError(
            "an interval crosses a band border", code="tariff.interval_crosses_band_border", offender=f"row {row}",
            value=borders[0], remedy=remedy,
        )  # fmt: skip
    cuts = sorted({*borders, *(edge for edge in window if low < edge < high)})
    parts = shares(nano, low, high, cuts)
    for start, part in zip([low, *cuts], parts, strict=True):
        if window[0] <= start < window[1]:
            inside = calendar.span_at(start)
            key = (inside.season, inside.band)
            energy[key] = energy.get(key, 0) + part
    return 1 if borders else 0
