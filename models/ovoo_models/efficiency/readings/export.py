"""From a file to readings: what each step finds goes to one log of problems."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.readings.amounts import Rows, looks_like_register, register_intervals, without_repeats
from ovoo_models.efficiency.readings.doubts import Grid, doubt
from ovoo_models.efficiency.readings.gridding import aligned, fill, grid_starts, unlike_steps
from ovoo_models.efficiency.readings.layout import Layout, layout_of
from ovoo_models.efficiency.readings.moments import NO_TIME, Moments, read_moments
from ovoo_models.efficiency.readings.numbers import decimal_sign, read_numbers
from ovoo_models.efficiency.readings.options import ReadingOptions
from ovoo_models.efficiency.readings.phases import check_phases
from ovoo_models.efficiency.readings.problem import Problem, ProblemLog, Refused
from ovoo_models.efficiency.readings.series import Readings
from ovoo_models.efficiency.readings.table import Table, read_table
from ovoo_models.efficiency.readings.timeline import (
    DAY,
    Stamps,
    foreign_daylight,
    interval_of,
    label_of,
    repair_midnight,
    to_utc,
)

__all__ = ["Inspection", "inspect", "read_export"]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What an export holds (None: it is refused) and what is wrong; `counts`: (code, action) -> rows."""

    readings: Readings | None
    problems: tuple[Problem, ...]
    counts: Mapping[tuple[str, str], int]
    header: tuple[str, ...]


def inspect(path: Path, options: ReadingOptions = ReadingOptions()) -> Inspection:  # noqa: B008 - frozen
    """Reads an export and tells what is wrong in it; a refused one has no readings and says why.

    Raises:
        ConfigError: the file is no text or holds no table, or an option does not fit it.
    """
    log = ProblemLog()
    headed = not (options.time.startswith("#") or options.column.startswith("#"))
    table = read_table(path, log, headed=headed)
    try:
        readings: Readings | None = _Export(path.name, table, options, log).readings()
    except Refused:
        readings = None
    return Inspection(readings, tuple(log), log.counts(), table.header)


def read_export(path: Path, options: ReadingOptions = ReadingOptions()) -> Readings:  # noqa: B008 - frozen
    """The clean intervals of an export, with its problems.

    Raises:
        ConfigError: as `inspect`, and where the export is refused, with the reason.
    """
    found = inspect(path, options)
    if found.readings is None:
        last = found.problems[-1]
        raise ConfigError(
            last.sentence("en"), code="readings.refused", slots=_sentences(last), offender=str(path), value=last.value,
            remedy=last.remedy("en"),
        )  # fmt: skip
    return found.readings


def _sentences(problem: Problem) -> dict[str, str]:
    """A problem has sentences of its own, in both languages."""
    return {
        f"{part}_{language}": say(language).rstrip("。.")
        for part, say in (("wrong", problem.sentence), ("remedy", problem.remedy))
        for language in ("zh", "en")
    }


class _Export:
    def __init__(self, name: str, table: Table, options: ReadingOptions, log: ProblemLog) -> None:
        self.name, self.options, self.log = name, options, log
        self.table = table
        self.layout: Layout = layout_of(table, options, log)
        self.rows, self.lines = self._of_meter()
        self.decimal = "."

    def readings(self) -> Readings:
        moments = self._moments()
        late = repair_midnight(moments, self.lines, self.log)
        stamps = to_utc(moments, self.lines, self.options, self.log)
        foreign_daylight(stamps, self.lines, self.options, self.log)
        values, kind = self._values()
        rows = self._ordered(stamps, values)
        interval_s = interval_of(self._times_of(rows, stamps), self.options, self.log)
        daily = interval_s % DAY == 0
        if daily:
            rows = Rows(array("q", [stamps.wall_s[place] for place in rows.place]), rows.value, rows.line, rows.place)
        rows = without_repeats(aligned(rows, interval_s, self.log), self.options, self.log)
        if kind == "register":
            rows = register_intervals(rows, interval_s, self.options, self.log)
        else:
            rows = unlike_steps(rows, interval_s, self.log)
            first, last = (stamps.wall_s[rows.place[n]] for n in (0, -1))
            label = self.options.label if self.options.label != "auto" else self.layout.label
            label = label_of((first, last), interval_s, label, late or moments.midnight_24, self.log)
            if label == "end":
                rows = Rows(array("q", [at - interval_s for at in rows.at_s]), rows.value, rows.line, rows.place)
        return self._readings(rows, interval_s, daily, self._per_kwh(kind, interval_s, rows))

    def _of_meter(self) -> tuple[list[list[str]], list[int]]:
        meter = self.layout.meter
        rows, lines = self.table.rows, self.table.lines
        if meter is None or (not self.options.meter and len({row[meter.place] for row in rows}) <= 1):
            return rows, lines
        known = sorted({row[meter.place] for row in rows})
        if not self.options.meter:
            raise self.log.refuse("meter.several", value=", ".join(known[:8]), count=len(known))
        places = [place for place, row in enumerate(rows) if row[meter.place] == self.options.meter]
        if not places:
            raise ConfigError(
                "no such meter", code="readings.no_such_meter", slots={"known": ", ".join(known[:20])},
                offender="--meter", value=self.options.meter, remedy=f"one of: {', '.join(known[:20])}",
            )  # fmt: skip
        return [rows[place] for place in places], [lines[place] for place in places]

    def _moments(self) -> Moments:
        if not self.rows:
            raise self.log.refuse("interval.too_few", value="0")
        times = self.layout.times
        cells = [" ".join(row[each.place] for each in times) for row in self.rows]
        if len(times) == 2:
            # a date column of Excel or of a report often carries 00:00:00 beside the clock's column
            cells = [
                f"{row[times[0].place].removesuffix('00:00:00').removesuffix('0:00').strip()} {row[times[1].place]}"
                for row in self.rows
            ]
        return read_moments(cells, self.lines, self.options.date_order, self.log)

    def _values(self) -> tuple[array[float], str]:
        layout, options = self.layout, self.options
        cells = [row[layout.value.place] for row in self.rows]
        self.decimal = decimal_sign(cells, self.lines, options.decimal, self.log)
        values = read_numbers(cells, self.lines, self.decimal, self.log)
        if not any(each == each for each in values):
            raise self.log.refuse("value.none", value=cells[0])
        kind = layout.kind
        if kind == "energy" and options.kind == "auto" and looks_like_register(values):
            self.log.add("register.detected", "repaired", value=layout.value.name)
            kind = "register"
        check_phases(self.rows, self.lines, layout, self.decimal, values, options, self.log)
        if layout.reverse is not None:
            back = read_numbers([row[layout.reverse.place] for row in self.rows], self.lines, self.decimal, None)
            if any(each > 0 for each in back):
                self.log.add("flow.reverse", "kept", value=layout.reverse.name)
        return values, kind

    def _ordered(self, stamps: Stamps, values: array[float]) -> Rows:
        places = [place for place, at in enumerate(stamps.utc_s) if at != NO_TIME]
        if len(places) < 3:
            raise self.log.refuse("interval.too_few", value=str(len(places)))
        ordered = sorted(places, key=lambda place: stamps.utc_s[place])
        moved = [place for n, place in enumerate(places) if ordered[n] != place]
        if moved:
            lines = (self.lines[moved[0]], self.lines[moved[-1]], len(moved))
            self.log.add_span("order", "repaired", lines, " ".join(self.rows[moved[0]][:1]))
        return Rows(
            array("q", [stamps.utc_s[place] for place in ordered]),
            array("d", [values[place] for place in ordered]),
            array("q", [self.lines[place] for place in ordered]),
            array("q", ordered),
        )

    def _times_of(self, rows: Rows, stamps: Stamps) -> list[int]:
        """Wall times where they step by days, else UTC: days of 23 and 25 hours are days all the same."""
        distinct = sorted(set(rows.at_s))
        if len(distinct) > 2 and median(b - a for a, b in pairwise(distinct)) >= 23 * 3600:
            return sorted({stamps.wall_s[place] for place in rows.place})
        return distinct

    def _per_kwh(self, kind: str, interval_s: int, rows: Rows) -> float:
        """kWh of one unit of a row's value."""
        factor = self.layout.factor
        if kind == "power":
            self.log.add("power.integrated", "repaired", value=self.layout.value.name, seconds=interval_s)
            return factor * interval_s / 3600
        self._against_power(rows, interval_s, factor)
        return factor * self._multiplier(kind)

    def _multiplier(self, kind: str) -> float:
        column = self.layout.multiplier
        if self.options.multiplier:
            self.log.add("multiplier", "repaired", value=f"{self.options.multiplier:g}")
            return self.options.multiplier
        if column is None:
            if kind == "register":
                self.log.add("multiplier.none", "kept", value=self.layout.value.name)
            return 1.0
        found = set(read_numbers([row[column.place] for row in self.rows], self.lines, ".", None))
        found = {each for each in found if each == each}
        if len(found) != 1:
            raise self.log.refuse("multiplier.several", value=", ".join(f"{each:g}" for each in sorted(found)[:5]))
        value = found.pop()
        if kind == "register":
            self.log.add("multiplier", "repaired", value=f"{value:g}")
            return value
        if value != 1:
            self.log.add("multiplier.not_applied", "kept", value=f"{value:g}")
        return 1.0

    def _against_power(self, rows: Rows, interval_s: int, factor: float) -> None:
        """Refuses energies that equal the powers beside them though the interval is no hour."""
        beside = self.layout.beside
        if beside is None or interval_s == 3600 or self.options.kind != "auto":
            return
        power = read_numbers([self.rows[place][beside.place] for place in rows.place], rows.line, self.decimal, None)
        shares = [v * factor / (p * beside.factor) for v, p in zip(rows.value, power, strict=True) if p > 0 and v > 0]
        if shares and abs(median(shares) - 1) < 0.05:
            raise self.log.refuse("unit.power_as_energy", rows.line[0], rows.value[0], power=beside.name)

    def _readings(self, rows: Rows, interval_s: int, daily: bool, per_kwh: float) -> Readings:
        if not any(each == each for each in rows.value):
            raise self.log.refuse("value.none")
        grid_s, slots = fill(rows, interval_s)
        start_ns, wall_s = grid_starts(grid_s, daily, self.options)
        kwh = array("d", [math.nan if slot < 0 else rows.value[slot] * per_kwh for slot in slots])
        line = array("q", [0 if slot < 0 else rows.line[slot] for slot in slots])
        doubt(Grid(wall_s, kwh, line, interval_s), self.options, self.log)
        drivers = {}
        for each in self.layout.drivers:
            column = self._driver(each.place)
            if column is not None:
                drivers[each.name] = array("d", [math.nan if s < 0 else column[rows.place[s]] for s in slots])
        return Readings(
            start_ns, kwh, interval_s, self.options.zone, self.layout.value.name, self.layout.kind, drivers,
            tuple(self.log), self.table.sha256,
        )  # fmt: skip

    def _driver(self, place: int) -> array[float] | None:
        """Another column as numbers, where at least half of its cells are."""
        head = read_numbers([row[place] for row in self.rows[:200]], self.lines, self.decimal, None)
        if not any(each == each for each in head):
            return None
        values = read_numbers([row[place] for row in self.rows], self.lines, self.decimal, None)
        return values if sum(1 for each in values if each == each) * 2 > len(values) else None
