"""Heating values of fuel gas against published ones, and mixtures that cannot be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.combustion import COMPONENTS, gas_heating_value

FORMATION = {"CH4": -74.81, "C2H6": -84.68, "C3H8": -103.85, "C4H10": -126.15, "C2H4": 52.26, "C2H2": 227.4,
             "CO": -110.53, "H2": 0.0}  # fmt: skip
"""Enthalpies of formation at 25 C, kJ/mol (CRC handbook): a second way to the same heating values."""
CARBON = {"CH4": 1, "C2H6": 2, "C3H8": 3, "C4H10": 4, "C2H4": 2, "C2H2": 2, "CO": 1, "H2": 0}


@pytest.mark.parametrize("name", FORMATION)
def test_heating_values_are_those_of_the_enthalpies_of_formation(name: str) -> None:
    found = COMPONENTS[name]
    burnt = CARBON[name] * 393.51 + found.water * 285.83
    assert found.gross_kj_mol == pytest.approx(burnt + FORMATION[name], abs=1.0)
    assert found.oxygen == pytest.approx(CARBON[name] + found.water / 2 - (0.5 if name == "CO" else 0.0))


def test_methane_has_its_heating_value_and_air() -> None:
    found = gas_heating_value({"CH4": 1.0}, 288.15)
    assert found.gross_mj_m3 == pytest.approx(37.67, abs=0.05)
    assert found.net_mj_m3 == pytest.approx(33.94, abs=0.05)
    assert found.air_m3_m3 == pytest.approx(9.55, abs=0.02)
    assert found.density_kg_m3 == pytest.approx(0.6785, abs=1e-3)
    assert found.gross_mj_kg == pytest.approx(55.51, abs=0.03)
    assert found.net_mj_kg == pytest.approx(50.03, abs=0.03)


@given(st.floats(0.01, 1.0))
def test_inert_gas_only_dilutes(share: float) -> None:
    pure, thin = gas_heating_value({"CO": 1.0}), gas_heating_value({"CO": share, "N2": 1.0 - share})
    assert thin.gross_mj_m3 == pytest.approx(share * pure.gross_mj_m3)
    assert thin.net_mj_m3 == thin.gross_mj_m3


def test_mixtures_that_cannot_be_are_refused_by_component() -> None:
    for shares, said in (
        ({"CH4": 0.9}, "composition"), ({"CH4": 1.1, "N2": -0.1}, "CH4"), ({"XY": 1.0}, "XY"), ({"N2": 1.0}, "burns"),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match=said):
            gas_heating_value(shares)
    with pytest.raises(EvidenceError, match="temperature"):
        gas_heating_value({"CH4": 1.0}, 0.0)
