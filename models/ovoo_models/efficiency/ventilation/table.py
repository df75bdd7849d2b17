"""A mine's network from a table with one row an airway, as surveys and published networks give it."""

from __future__ import annotations

import csv
import hashlib
import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ovoo_contract.errors import ConfigError, ConfigErrors

from ovoo_models.efficiency.readings.table import decode_text, plain, separator_of
from ovoo_models.efficiency.ventilation.band import SurveyErrors
from ovoo_models.efficiency.ventilation.curve import FanCurve
from ovoo_models.efficiency.ventilation.drive_text import drive_of
from ovoo_models.efficiency.ventilation.headings import Heading, headings
from ovoo_models.efficiency.ventilation.network import Airway, Fan, FixedFlow, FixedPressure, Network
from ovoo_models.efficiency.ventilation.row import Row

__all__ = ["LARGEST", "Instrument", "MineTable", "mine_table", "read_mine_table"]

LARGEST: Final = 5000
"""Rows of the longest table that is read."""
_NO_RESISTANCE: Final = 1e-9
"""N s2/m8 of the airway that stands for a fan between a junction and the surface: 2e-5 Pa at 150 m3/s."""
_OPEN: Final[Mapping[str, tuple[bool, bool]]] = {
    "": (False, False), "from": (True, False), "start": (True, False), "始": (True, False), "起点": (True, False),
    "始节点": (True, False), "to": (False, True), "end": (False, True), "末": (False, True), "终点": (False, True),
    "末节点": (False, True), "both": (True, True), "两端": (True, True),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is measured in an airway: `flow` or `power` of its fan, the signal's address as written, and the error of
    a reading in percent of it at 95 % (NaN where it is not given)."""

    airway: str
    kind: str
    signal: str
    error_percent: float


@dataclass(frozen=True, slots=True)
class MineTable:
    """A network with what its table says beside it.

    titles: names of the airways for people. errors: of what was surveyed, by airway. openings_taken: no row names
    the surface, so junctions that only give or only take air are open to it. unused: columns without a meaning
    here. sha256: of the table's text.
    """

    network: Network
    titles: Mapping[str, str]
    instruments: tuple[Instrument, ...]
    openings_taken: bool
    unused: tuple[str, ...]
    sha256: str
    errors: SurveyErrors


def read_mine_table(
    path: Path, fans: Mapping[str, str] | None = None, least_m3_s: Mapping[str, float] | None = None
) -> MineTable:
    """The table of a UTF-8, UTF-16 or GBK file; see `mine_table`."""
    return mine_table(decode_text(path.read_bytes(), path)[0], fans, least_m3_s)


def mine_table(
    text: str, fans: Mapping[str, str] | None = None, least_m3_s: Mapping[str, float] | None = None
) -> MineTable:
    """The network of a table.

    fans: drive (see `drive_of`) by junction: a fan there blows from the junction to the surface. least_m3_s: air that
    an airway must have, in place of what the table says.

    Raises:
        ConfigErrors: every row, column and value that is wrong, by line.
    """
    rows = [(line, cells) for line, cells in _cells(text) if any(cells)]
    if len(rows) < 2:
        raise ConfigError(
            "no airways", code="ventilation.no_airways", offender="table", value=len(rows),
            remedy="a header, then one row an airway",
        )  # fmt: skip
    if len(rows) > LARGEST:
        raise ConfigError(
            "too many rows", code="ventilation.too_many_rows", slots={"most": LARGEST}, offender="table",
            value=len(rows), remedy=f"at most {LARGEST}",
        )  # fmt: skip
    columns, wrong = headings(rows[0][1])
    if wrong:
        raise ConfigErrors(wrong)
    reader = _Rows(columns)
    for line, cells in rows[1:]:
        reader.take(line, cells)
    network, taken = reader.network(fans or {}, least_m3_s or {})
    unused = tuple(each.name for each in columns if not each.role and each.name)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return MineTable(network, reader.titles, tuple(reader.instruments), taken, unused, digest, reader.errors())


def _cells(text: str) -> list[tuple[int, list[str]]]:
    bare = text.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(bare, newline=""), delimiter=separator_of(bare))
    try:
        return [(reader.line_num, [plain(cell) for cell in row]) for row in reader]
    except csv.Error as error:
        raise ConfigError(
            "not a table", code="ventilation.not_table", offender=f"line {reader.line_num}", value=str(error)
        ) from error


class _Rows:
    """Collects airways, fans and instruments; `wrong` is everything that cannot be."""

    def __init__(self, columns: Sequence[Heading]) -> None:
        self._columns = columns
        self._key = "id" if any(each.role == "id" for each in columns) else "name"
        self._airways: list[Airway] = []
        self._fans: list[Fan] = []
        self._surface: dict[str, None] = {}
        self._lines: dict[str, int] = {}
        self._twice: set[str] = set()
        self._wrong: list[ConfigError] = []
        self.titles: dict[str, str] = {}
        self.instruments: list[Instrument] = []
        self._errors: dict[str, dict[str, float]] = {"resistance": {}, "fan": {}, "efficiency": {}}

    def take(self, line: int, cells: Sequence[str]) -> None:
        """One row."""
        width = len(self._columns)
        if len(cells) < width or any(cells[width:]):
            self._wrong.append(ConfigError(
                "a row has another number of cells", code="ventilation.row_has_another_number_of_cells",
                slots={"width": width, "line": line, "column": ""}, offender=f"line {line}", value=len(cells),
                remedy=f"{width} cells",
            ))  # fmt: skip
            return
        row = Row(line, cells, self._columns, self._wrong)
        name = row.required(self._key)
        if name in self._lines:
            self._twice.add(name)
            row.fault(
                f"an airway is given twice (line {self._lines[name]})", self._key, "names differ; add an id",
                code="ventilation.airway_given_twice",
            )  # fmt: skip
        self._lines.setdefault(name, line)
        self.titles[name] = row.text("name") or name
        self._take_airway(name, row)
        self._take_fan(name, row)
        self._take_instruments(name, row)
        self._take_errors(name, row)

    def _take_airway(self, name: str, row: Row) -> None:
        start, end = row.required("start"), row.required("end")
        resistance = row.number("resistance", math.nan) if row.required("resistance") else math.nan
        self._airways.append(Airway(
            name, start, end, resistance, row.number("adjust", 0.0), row.number("natural", 0.0),
            row.flag("regulator"), row.number("least", 0.0),
        ))  # fmt: skip
        opened = _OPEN.get(row.text("surface").lower())
        if opened is None:
            row.fault(
                "no end of an airway", "surface", "from, to or both (始, 末, 两端), or empty",
                code="ventilation.no_end_of_airway",
            )  # fmt: skip
            return
        self._surface |= dict.fromkeys(
            junction for junction, is_open in zip((start, end), opened, strict=True) if is_open
        )

    def _take_fan(self, name: str, row: Row) -> None:
        drive: FanCurve | FixedFlow | FixedPressure | None = None
        try:
            if row.text("fan"):
                drive = drive_of(row.text("fan"), row.where("fan"))
            elif row.flag("is_fan"):
                drive = self._published(row)
        except ConfigError as error:
            self._wrong.append(error)
        speed, efficiency = row.number("speed", 1.0), row.number("efficiency", math.nan)
        if drive is not None:
            self._fans.append(Fan(name, drive, speed, efficiency))

    def _published(self, row: Row) -> FanCurve:
        terms = [row.number(role, 0.0) for role in ("a0", "a1", "a2")]
        low, high = row.number("low", math.nan), row.number("high", math.nan)
        if not math.isfinite(low) or not math.isfinite(high):
            raise ConfigError(
                "the curve's range of flows is not given", code="ventilation.curve_range_of_flows_not_given",
                offender=row.where("is_fan"), value=terms,
                remedy="columns q_low(m3/s) and q_high(m3/s)",
            )  # fmt: skip
        return FanCurve.from_polynomial(terms, low, high)

    def _take_instruments(self, name: str, row: Row) -> None:
        for kind in ("flow", "power"):
            error = row.number(f"{kind}_error", math.nan)
            if error < 0:
                row.fault(
                    "an error is not negative", f"{kind}_error", "percent of the reading, at 95 %",
                    code="ventilation.error_negative",
                )  # fmt: skip
            if row.text(f"{kind}_signal"):
                self.instruments.append(Instrument(name, kind, row.text(f"{kind}_signal"), error))

    def _take_errors(self, name: str, row: Row) -> None:
        for kind, known in self._errors.items():
            error = row.number(f"{kind}_error", math.nan)
            if error < 0:
                row.fault(
                    "an error is not negative", f"{kind}_error", "percent of the value, at 95 %",
                    code="ventilation.error_negative",
                )  # fmt: skip
            if math.isfinite(error):
                known[name] = error

    def errors(self) -> SurveyErrors:
        """Errors of the survey by airway."""
        return SurveyErrors(**self._errors)

    def network(self, fans: Mapping[str, str], least_m3_s: Mapping[str, float]) -> tuple[Network, bool]:
        """The network, and whether its openings were taken from the directions; ConfigErrors tells all at once."""
        for name in least_m3_s:
            if name not in self._lines:
                self._wrong.append(
                    ConfigError(
                        "no such airway",
                        code="ventilation.no_such_airway",
                        offender="least air",
                        value=name,
                        remedy="its id",
                    )
                )
        airways = [replace(each, least_m3_s=least_m3_s.get(each.name, each.least_m3_s)) for each in self._airways]
        taken = not self._surface
        surface = self._surface or dict.fromkeys(_dead_ends(self._airways))
        self._add_fans(fans, airways, surface)
        try:
            if not self._fans and all(each.natural_pa == 0.0 for each in airways) and not self._wrong:
                raise ConfigError(
                    "nothing moves the air", code="ventilation.nothing_moves_air", offender="fan", value=0,
                    remedy="a column fan (风机), or a fan at the exhaust's junction",
                )  # fmt: skip
            found = Network(tuple(airways), tuple(self._fans), tuple(surface))
        except ConfigErrors as errors:
            self._wrong += [self._with_line(each) for each in errors.errors if not self._told(each)]
        except ConfigError as error:
            self._wrong.append(error)
        if self._wrong:
            raise ConfigErrors(self._wrong)
        return found, taken

    def _add_fans(self, fans: Mapping[str, str], airways: list[Airway], surface: dict[str, None]) -> None:
        junctions = {each.start for each in airways} | {each.end for each in airways}
        for junction, words in fans.items():
            name, outside = f"fan {junction}", "surface"
            if junction not in junctions:
                self._wrong.append(
                    ConfigError(
                        "no such junction",
                        code="ventilation.no_such_junction",
                        offender="fan",
                        value=junction,
                        remedy="from or to",
                    )
                )
                continue
            if name in self._lines or outside in {each.start for each in self._airways}:
                self._wrong.append(ConfigError(
                    "a name is needed for the fan", code="ventilation.name_needed_for_fan", offender="fan",
                    value=[name, outside], remedy="rename these",
                ))  # fmt: skip
                continue
            try:
                self._fans.append(Fan(name, drive_of(words, name)))
            except ConfigError as error:
                self._wrong.append(error)
            airways.append(Airway(name, junction, outside, _NO_RESISTANCE))
            self.titles[name] = name
            surface.pop(junction, None)
            surface[outside] = None

    def _with_line(self, error: ConfigError) -> ConfigError:
        line = self._lines.get(error.offender)
        if line is None:
            return error
        return error.at(f"line {line} {error.offender}", line=line, column=error.offender)

    def _told(self, error: ConfigError) -> bool:
        """Whether the row was found wrong already: what follows from that is not told again."""
        if error.offender in self._twice and isinstance(error.value, int):
            return True
        line = self._lines.get(error.offender)
        return line is not None and any(each.offender.startswith(f"line {line} ") for each in self._wrong)


def _dead_ends(airways: Sequence[Airway]) -> list[str]:
    """Junctions from which air only goes, or to which it only comes, in the directions given; in order of the rows."""
    starts, ends = {each.start for each in airways}, {each.end for each in airways}
    junctions = dict.fromkeys(name for each in airways for name in (each.start, each.end))
    return [name for name in junctions if name not in starts or name not in ends]
