"""Units convert exactly or not at all."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import UnitError
from ovoo_contract.units import conversion, convert, unit, unit_symbols

from tests.contract.strategies import QUICK

TABLE = """
1 % %CH4 ppm degC K Pa kPa MPa bar kW W MW kWh MWh MJ GJ kgce tce A V kV Hz r/min mm/s m/s m m3 l m3/s m3/h m3/min l/h
t kg t/h kg/h t/d mS/cm s min h yuan kgCO2 tCO2 kvarh kW/(m3/min) kWh/t g/m3 count
"""
SYMBOLS = TABLE.split()


def test_the_table_is_the_published_one() -> None:
    assert sorted(unit_symbols()) == sorted(SYMBOLS)
    for symbol in SYMBOLS:
        assert unit(symbol).name_zh
        assert unit(symbol).name_en


@pytest.mark.parametrize(
    ("value", "from_", "to", "expected"),
    [
        (1.0, "kgce", "MJ", 29.3076),
        (1.0, "kgce", "kWh", 8.141),
        (1.0, "tce", "GJ", 29.3076),
        (1000.0, "kgce", "tce", 1.0),
        (1.0, "MWh", "GJ", 3.6),
        (25.0, "degC", "K", 298.15),
        (0.0, "K", "degC", -273.15),
        (0.1, "MPa", "kPa", 100.0),
        (1.0, "bar", "kPa", 100.0),
        (60.0, "m3/min", "m3/s", 1.0),
        (3600.0, "l/h", "m3/h", 3.6),
        (24.0, "t/d", "t/h", 1.0),
        (0.5, "%CH4", "ppm", 5000.0),
        (90.0, "min", "h", 1.5),
        (1.0, "tCO2", "kgCO2", 1000.0),
        (7.5, "mm/s", "m/s", 0.0075),
        (50.0, "%", "1", 0.5),
    ],
)
def test_known_conversions(value: float, from_: str, to: str, expected: float) -> None:
    assert convert(value, from_, to) == expected


@pytest.mark.parametrize(
    ("spelling", "symbol"),
    [
        ("Cel", "degC"),
        ("℃", "degC"),
        ("kW·h", "kWh"),
        ("kW.h", "kWh"),
        ("m³/h", "m3/h"),
        ("rpm", "r/min"),
        ("L", "l"),
        ("元", "yuan"),
        ("[ppm]", "ppm"),
    ],
)
def test_other_spellings_are_understood(spelling: str, symbol: str) -> None:
    assert unit(spelling) is unit(symbol)


def test_unlike_units_do_not_convert() -> None:
    with pytest.raises(
        UnitError,
        match=r"unit: kW \(power\) does not convert to kWh \(energy\) \(got 'kW'; declare a unit of energy: kWh MWh",
    ):
        convert(1.0, "kW", "kWh")
    with pytest.raises(UnitError, match=r"unit: unknown unit \(got 'furlong'; use one of 1 % "):
        unit("furlong")


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_stays_infinity(value: float) -> None:
    assert convert(value, "kW", "W") == value
    assert math.isnan(convert(math.nan, "kW", "W"))


PAIRS = [pair for pair in itertools.permutations(SYMBOLS, 2) if unit(pair[0]).dimension == unit(pair[1]).dimension]


@QUICK
@given(st.sampled_from(PAIRS), st.floats(-1e9, 1e9))
def test_there_and_back_again(pair: tuple[str, str], value: float) -> None:
    there = convert(value, *pair)
    factor, offset = conversion(*pair)

    assert convert(there, pair[1], pair[0]) == pytest.approx(value, rel=1e-12, abs=1e-9)
    assert there == pytest.approx(value * factor + offset, rel=1e-12, abs=1e-9)


def test_base_and_factor_are_those_of_the_si() -> None:
    assert (unit("tce").factor, unit("tce").offset, unit("tce").dimension) == (29307600000.0, 0.0, "energy")
    assert unit("degC").offset == 273.15
