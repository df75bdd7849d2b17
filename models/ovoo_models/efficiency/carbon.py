"""Standard coal and carbon dioxide of what a site used, by dated factor rows; two editions stand side by side.

Order of preference for fuels (reference 3.1): a measured lower heating value; else the table's coefficient; where the
table gives a range, the range is carried through. Steam counts by its enthalpy. What has no emission factor is named
and not counted as zero. Location-based: the grid factor of a region; market-based: the supplier's row of the case.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from ovoo_contract.errors import ConfigError, UnitError
from ovoo_contract.units import convert as in_unit
from ovoo_contract.units import unit
from ovoo_packs.factors import Factor, FactorTable

__all__ = [
    "Amount",
    "Comparison",
    "Converted",
    "FactorChoice",
    "Footprint",
    "Line",
    "Span",
    "convert_electricity",
    "footprint",
    "side_by_side",
]

_CALORIFIC: Final = "coal_electricity"
_EQUIVALENT: Final = "coal_electricity_equivalent"
_HEAT_COAL: Final = "coal_heat"
_HEAT_CO2: Final = "heat_co2"


@dataclass(frozen=True, slots=True)
class Converted:
    """Standard coal and carbon dioxide of an amount of electricity, with the factor rows used."""

    kgce: float
    kgco2: float
    factor_ids: tuple[str, ...]
    reference_only: bool


@dataclass(frozen=True, slots=True)
class Span:
    """A figure, or the range that a table gives; `low` equals `high` where it is one number."""

    low: float
    high: float

    @property
    def value(self) -> float | None:
        """The figure; None where only its range is known."""
        return self.low if self.low == self.high else None


@dataclass(frozen=True, slots=True)
class Amount:
    """What was used: `value` (>= 0) in `unit` of a carrier (`electricity`, `heat`, `steam`, or a fuel of the table such
    as `raw_coal`, `natural_gas`).

    `heating_value_mj`: measured lower heating value in MJ per kg or m3 of a fuel. `enthalpy_kj_kg`: of steam, above the
    water it is made from. `co2_factor`: an emission factor row of the case, where the table has none.
    """

    name: str
    carrier: str
    value: float
    unit: str
    heating_value_mj: float | None = None
    enthalpy_kj_kg: float | None = None
    co2_factor: Factor | None = None


@dataclass(frozen=True, slots=True)
class FactorChoice:
    """Which rows count: electricity at calorific or equivalent value; the grid factor of `region` with the latest data
    year up to `year`, or the row `grid_id`; with a `supplier` row the electricity counts market-based."""

    year: int
    region: str = "inner_mongolia"
    electricity: Literal["calorific", "equivalent"] = "calorific"
    grid_id: str = ""
    supplier: Factor | None = None

    @property
    def method(self) -> Literal["location", "market"]:
        """How the carbon dioxide of electricity is counted; a report must say it."""
        return "market" if self.supplier is not None else "location"


@dataclass(frozen=True, slots=True)
class Line:
    """One amount converted; `kgco2` is None where there is no factor. `factors` are the rows used, `method` says how
    the coal equivalent was found."""

    amount: Amount
    kgce: Span
    kgco2: Span | None
    factors: tuple[Factor, ...]
    method: str

    @property
    def reference_only(self) -> bool:
        """Whether any row used is for reference only."""
        return any(row.reference_only for row in self.factors)


@dataclass(frozen=True, slots=True)
class Footprint:
    """All amounts under one edition of the table (`version`, `sha256`) and one choice of rows."""

    version: str
    sha256: str
    choice: FactorChoice
    lines: tuple[Line, ...]

    @property
    def kgce(self) -> Span:
        """Coal equivalent of all amounts."""
        return _sum([line.kgce for line in self.lines])

    @property
    def kgco2(self) -> Span | None:
        """Carbon dioxide of all amounts; None while one has no factor."""
        return None if self.without_co2 else self.known_kgco2

    @property
    def known_kgco2(self) -> Span:
        """Carbon dioxide of the amounts that have a factor: a lower bound where others have none."""
        return _sum([line.kgco2 for line in self.lines if line.kgco2 is not None])

    @property
    def without_co2(self) -> tuple[str, ...]:
        """Names of the amounts without an emission factor."""
        return tuple(line.amount.name for line in self.lines if line.kgco2 is None)

    @property
    def factors(self) -> dict[str, str]:
        """Id of each row used and its edition, as a record keeps them."""
        return {row.id: row.source.edition for line in self.lines for row in line.factors}

    @property
    def reference_only(self) -> bool:
        """Whether any row used is for reference only."""
        return any(line.reference_only for line in self.lines)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The same amounts under two editions or choices; neither replaces the other."""

    first: Footprint
    second: Footprint

    @property
    def changed(self) -> tuple[tuple[Line, Line], ...]:
        """The lines, first and second, whose figures or rows differ."""
        pairs = zip(self.first.lines, self.second.lines, strict=True)
        return tuple((a, b) for a, b in pairs if (a.kgce, a.kgco2, a.factors) != (b.kgce, b.kgco2, b.factors))

    @property
    def kgco2_change(self) -> float | None:
        """Second less first; None where either is not one number."""
        first = None if self.first.kgco2 is None else self.first.kgco2.value
        second = None if self.second.kgco2 is None else self.second.kgco2.value
        return None if first is None or second is None else second - first


def convert_electricity(kwh: float, year: int, factors: FactorTable, region: str) -> Converted:
    """Standard coal at the calorific value; CO2 by the grid factor of the newest data year up to `year`."""
    coal, grid = factors.get(_CALORIFIC), factors.grid_co2(region, year)
    ids = (coal.id, grid.id)
    return Converted(
        kwh * _single(coal), kwh * _single(grid), ids, coal.reference_only or grid.reference_only
    )  # fmt: skip


def footprint(amounts: Sequence[Amount], table: FactorTable, choice: FactorChoice) -> Footprint:
    """Converts every amount.

    Raises:
        ConfigError: an amount is negative, not finite, given twice by name, or steam has no enthalpy.
        UnitError: the unit does not convert to that of the row.
        PackError: the table knows no such carrier, region or year.
    """
    names = [amount.name for amount in amounts]
    for amount in amounts:
        if not (math.isfinite(amount.value) and amount.value >= 0.0):
            remedy = "give the amount used, 0 or above; what is not known is left out and named"
            raise ConfigError("not an amount", code="carbon.not_amount", offender=amount.name, value=amount.value,
                              remedy=remedy)  # fmt: skip
        if names.count(amount.name) > 1:
            raise ConfigError("given twice", code="carbon.given_twice", offender="amounts", value=amount.name,
                              remedy="rename or leave one out")  # fmt: skip
    return Footprint(table.version, table.sha256, choice, tuple(_line(each, table, choice) for each in amounts))


def side_by_side(
    amounts: Sequence[Amount], first: tuple[FactorTable, FactorChoice], second: tuple[FactorTable, FactorChoice]
) -> Comparison:
    """The amounts under two tables or choices, both results visible."""
    return Comparison(footprint(amounts, *first), footprint(amounts, *second))


def _line(amount: Amount, table: FactorTable, choice: FactorChoice) -> Line:
    if amount.carrier == "electricity":
        return _electricity(amount, table, choice)
    if amount.carrier in ("heat", "steam"):
        return _heat(amount, table)
    return _fuel(amount, table)


def _electricity(amount: Amount, table: FactorTable, choice: FactorChoice) -> Line:
    kwh = in_unit(amount.value, amount.unit, "kWh")
    coal = table.get(_CALORIFIC if choice.electricity == "calorific" else _EQUIVALENT)
    if choice.supplier is not None:
        grid = choice.supplier
    else:
        grid = table.get(choice.grid_id) if choice.grid_id else table.grid_co2(choice.region, choice.year)
    return Line(amount, _times(kwh, coal), _carbon(kwh, "kWh", grid), (coal, grid), f"{choice.electricity} value")


def _heat(amount: Amount, table: FactorTable) -> Line:
    coal, carbon = table.get(_HEAT_COAL), amount.co2_factor or table.get(_HEAT_CO2)
    if amount.carrier == "heat":
        energy_mj, method = in_unit(amount.value, amount.unit, "MJ"), "heat"
    else:
        enthalpy = amount.enthalpy_kj_kg
        if enthalpy is None or not (math.isfinite(enthalpy) and enthalpy > 0.0):
            remedy = "give the enthalpy in kJ/kg from pressure and temperature; tables per tonne contradict each other"
            raise ConfigError("steam without enthalpy", code="carbon.steam_without_enthalpy", offender=amount.name,
                              value=enthalpy, remedy=remedy)  # fmt: skip
        energy_mj, method = in_unit(amount.value, amount.unit, "kg") * enthalpy * 1e-3, "enthalpy of steam"
    return Line(amount, _times(energy_mj, coal), _carbon(energy_mj, "MJ", carbon), (coal, carbon), method)


def _fuel(amount: Amount, table: FactorTable) -> Line:
    row = table.get(f"coal_{amount.carrier}")
    quantity = in_unit(amount.value, amount.unit, row.per_unit)
    carbon = amount.co2_factor or table.rows.get(f"co2_{amount.carrier}")
    heat = amount.heating_value_mj
    if heat is None:
        used: tuple[Factor, ...] = (row,) if carbon is None else (row, carbon)
        kgce, method = _times(quantity, row), "coefficient of the table"
    else:
        if not (math.isfinite(heat) and heat > 0.0):
            raise ConfigError("not a heating value", code="carbon.not_heating_value", offender=amount.name, value=heat,
                              remedy="MJ per kg or m3, measured")  # fmt: skip
        used = () if carbon is None else (carbon,)
        kgce, method = _exactly(in_unit(quantity * heat, "MJ", "kgce")), "measured heating value"
    if carbon is None:
        return Line(amount, kgce, None, used, method)
    if unit(carbon.per_unit).dimension == "energy":
        if heat is None:
            remedy = "measure the heating value, or bring a factor per kg or m3"
            raise ConfigError("factor per heat without heating value",
                              code="carbon.factor_per_heat_without_heating_value", offender=amount.name, value=None,
                              remedy=remedy)  # fmt: skip
        return Line(amount, kgce, _carbon(quantity * heat, "MJ", carbon), used, method)
    return Line(amount, kgce, _carbon(quantity, row.per_unit, carbon), used, method)


def _carbon(quantity: float, symbol: str, row: Factor) -> Span:
    if row.kind not in ("co2_grid", "co2_heat", "co2_fuel") or unit(row.result_unit).dimension != "carbon":
        raise UnitError("not an emission factor", code="carbon.not_emission_factor", offender=row.id,
                        value=row.result_unit, remedy="kgCO2 per unit")  # fmt: skip
    span = _times(in_unit(quantity, symbol, row.per_unit), row)
    return Span(*(in_unit(end, row.result_unit, "kgCO2") for end in (span.low, span.high)))


def _times(quantity: float, row: Factor) -> Span:
    if row.value is not None:
        return _exactly(quantity * row.value)
    if row.low is None or row.high is None:
        raise ConfigError("factor without a number", code="carbon.factor_without_number", offender=row.id, value=None,
                          remedy="give value, or low and high")  # fmt: skip
    return Span(quantity * row.low, quantity * row.high)


def _single(row: Factor) -> float:
    if row.value is None:
        raise ConfigError("factor is a range", code="carbon.factor_range", offender=row.id, value=(row.low, row.high),
                          remedy="choose another row")  # fmt: skip
    return row.value


def _exactly(value: float) -> Span:
    return Span(value, value)


def _sum(spans: Sequence[Span]) -> Span:
    return Span(math.fsum(span.low for span in spans), math.fsum(span.high for span in spans))
