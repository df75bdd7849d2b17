"""Steam agrees with the release's own tables, with CoolProp, with its twin, and with itself backwards."""

from __future__ import annotations

import json
import math
from array import array
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_models import _steam_kernels_py as twin
from ovoo_models._select import steam_kernels as kernels
from ovoo_models.efficiency import steam

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors" / "if97.json").read_text("utf-8"))
RELEASE, COOLPROP = VECTORS["release"], VECTORS["coolprop"]


def rows(table: dict[str, Any], name: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", table[name]["rows"], ids=lambda row: "-".join(str(x) for x in row[:2]))


def agrees(found: float, printed: str) -> bool:
    """Whether `found` rounds to the printed digits."""
    digits = len(Decimal(printed).as_tuple().digits)
    unit = 10.0 ** (Decimal(printed).adjusted() + 1 - digits)
    return abs(found - float(printed)) <= 0.5000001 * unit


@rows(RELEASE, "region_1")
def test_water_has_every_digit_of_the_release(row: list[Any]) -> None:
    v, h, s, cp = kernels.state(row[0], row[1])
    found = (v, h, h - 1e3 * row[0] * v, s, cp)
    assert kernels.region_pt(row[0], row[1]) == 1
    assert all(agrees(a, b) for a, b in zip(found, row[2:], strict=True))


@rows(RELEASE, "region_2")
def test_steam_has_every_digit_of_the_release(row: list[Any]) -> None:
    v, h, s, cp = kernels.state(row[0], row[1])
    found = (v, h, h - 1e3 * row[0] * v, s, cp)
    assert kernels.region_pt(row[0], row[1]) == 2
    assert all(agrees(a, b) for a, b in zip(found, row[2:], strict=True))


@rows(RELEASE, "region_3")
def test_the_critical_region_has_every_digit_of_the_release(row: list[Any]) -> None:
    p, h, s, cp = kernels.density_state(row[0], row[1])
    found = (p, h, h - 1e3 * p / row[0], s, cp)
    assert all(agrees(a, b) for a, b in zip(found, row[2:], strict=True))
    assert 1.0 / kernels.state(p, row[1])[0] == pytest.approx(row[0], rel=1e-9)


@rows(RELEASE, "psat")
def test_saturation_pressure_has_every_digit_of_the_release(row: list[Any]) -> None:
    assert agrees(kernels.psat(row[0]), row[1])


@rows(RELEASE, "tsat")
def test_boiling_temperature_has_every_digit_of_the_release(row: list[Any]) -> None:
    assert agrees(kernels.tsat(row[0]), row[1])


@pytest.mark.parametrize("row", RELEASE["t_ph"]["rows"], ids=str)
def test_backward_equations_have_every_digit_of_the_release(row: list[Any]) -> None:
    assert agrees(kernels.start_ph(*row[:3]), row[3])


@rows(RELEASE, "v_ph")
def test_backward_volumes_have_every_digit_of_the_release(row: list[Any]) -> None:
    assert agrees(kernels.start_volume(*row[:2]), row[2])


@rows(COOLPROP, "pt")
def test_coolprop_has_the_same_states(row: list[float]) -> None:
    p, t, h, s, v, cp = row
    near = 1e-12 if kernels.region_pt(p, t) < 3 else 5e-5
    assert kernels.state(p, t) == pytest.approx((v, h, s, cp), rel=near)
    assert kernels.hpt(p, t) == kernels.state(p, t)[1]


@rows(COOLPROP, "sat")
def test_coolprop_has_the_same_saturation(row: list[float]) -> None:
    t, p, water, dry = row
    found = steam.saturated(p, 0.0), steam.saturated(p, 1.0)
    assert steam.saturation_pressure_mpa(t) == pytest.approx(p, rel=1e-12)
    near = 1e-9 if t < 623.15 else 1e-5
    assert [each.enthalpy_kj_kg for each in found] == pytest.approx([water, dry], rel=near)


@rows(COOLPROP, "ph")
def test_coolprop_has_the_same_temperatures_within_its_backward_equations(row: list[float]) -> None:
    p, h, t, x = row
    assert steam.temperature_k(p, h) == pytest.approx(t, abs=0.026)
    if 0.0 <= x <= 1.0:
        assert steam.dryness(p, h) == pytest.approx(x, abs=1e-9)


pressures = st.floats(-9.0, 4.6).map(math.exp)


@settings(max_examples=300)
@given(pressures, st.floats(273.15, 1073.15))
def test_temperature_comes_back_from_enthalpy(p: float, t: float) -> None:
    if p > 13.9 and min(abs(t - twin._t23(p)), abs(t - 623.15)) < 0.1:
        return  # the release itself steps at the boundaries of region 3
    assert kernels.tph(p, kernels.hpt(p, t)) == pytest.approx(t, abs=1e-6)


@given(st.floats(-7.3, 3.09).map(math.exp), st.floats(0.001, 0.999))
def test_wet_steam_is_known_by_its_share(p: float, share: float) -> None:
    wet = steam.saturated(p, share)
    again = steam.steam_from_enthalpy(p, wet.enthalpy_kj_kg)
    assert again.region == 4
    assert again.temperature_k == wet.temperature_k
    assert again.dryness == pytest.approx(share, abs=1e-6)


@given(pressures, st.floats(280.0, 1070.0))
def test_entropy_gives_the_state_back(p: float, t: float) -> None:
    there = steam.steam_at(p, t)
    again = steam.steam_from_entropy(p, there.entropy_kj_kg_k)
    assert again.enthalpy_kj_kg == pytest.approx(there.enthalpy_kj_kg, abs=0.3)


@settings(max_examples=300)
@given(st.floats(-10.0, 5.0).map(math.exp), st.floats(260.0, 1090.0), st.floats(-20.0, 5100.0))
def test_kernels_and_twins_have_the_same_bits(p: float, t: float, h: float) -> None:
    calls = {"hpt": (p, t), "state": (p, t), "tph": (p, h), "xph": (p, h), "psat": (t,), "tsat": (p,)}
    more = {"saturated": (p,), "region_pt": (p, t), "region_ph": (p, h)}
    for name, arguments in {**calls, **more}.items():
        assert repr(getattr(kernels, name)(*arguments)) == repr(getattr(twin, name)(*arguments)), name


@pytest.mark.parametrize("module", [kernels, twin], ids=["chosen", "twin"])
def test_columns_hold_the_single_values_and_nan_out_of_range(module: Any) -> None:
    p = array("d", [3.0, 0.0035, 25.0, -1.0, math.nan, 101.0, 1e30, 1.0])
    t = array("d", [500.0, 300.0, 650.0, 300.0, 300.0, 300.0, 300.0, 1e30])
    h, again, x, state, boil, wet = (array("d", bytes(8 * 8 * k)) for k in (1, 1, 1, 4, 1, 1))
    module.hpt_rows(p, t, 8, h)
    module.tph_rows(p, h, 8, again)
    module.xph_rows(p, h, 8, x)
    module.state_rows(p, t, 8, state)
    module.tsat_rows(p, 8, boil)
    module.psat_rows(t, 8, wet)
    assert list(h[:3]) == [kernels.hpt(p[i], t[i]) for i in range(3)]
    assert list(again[:3]) == pytest.approx(list(t[:3]), abs=1e-6)
    assert list(state[4:8]) == list(kernels.state(p[1], t[1]))
    assert all(math.isnan(each) for each in (*h[3:], *again[3:], *x[2:], *state[12:], boil[3], wet[7]))


def test_what_is_out_of_range_is_refused_by_name() -> None:
    for work in (
        lambda: steam.enthalpy_kj_kg(101.0, 500.0), lambda: steam.enthalpy_kj_kg(1.0, 1100.0),
        lambda: steam.temperature_k(1.0, -50.0), lambda: steam.boiling_temperature_k(23.0),
        lambda: steam.saturation_pressure_mpa(650.0), lambda: steam.dryness(30.0, 2000.0),
        lambda: steam.saturated(1.0, 1.2), lambda: steam.steam_from_entropy(1.0, 20.0),
        lambda: steam.enthalpy_kj_kg(math.nan, 500.0),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match=r"steam\..*got .*"):
            work()
    with pytest.raises(ValueError, match="shorter"):
        steam.enthalpies_kj_kg(array("d", [1.0, 2.0]), array("d", [300.0]), array("d", [0.0]))
    out = array("d", [0.0])
    steam.temperatures_k(array("d", [3.0]), array("d", [975.542239]), out)
    assert out[0] == pytest.approx(500.0, abs=1e-6)
    steam.drynesses(array("d", [3.0]), array("d", [975.5]), out)
    assert out[0] == 0.0
    steam.boiling_temperatures_k(array("d", [1.0]), out)
    assert out[0] == steam.boiling_temperature_k(1.0)
