"""Steam nets balance; what flows uphill or gains energy is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import EvidenceError
from ovoo_models.efficiency.steam import saturated, steam_at
from ovoo_models.efficiency.steam_system import (
    Stream,
    deaerator_steam,
    expanded,
    flashed,
    header,
    throttled,
    turbine_efficiency,
)

STEAM = steam_at(4.0, 673.15)


@given(st.lists(st.tuples(st.floats(0.1, 50.0), st.floats(0.5, 10.0), st.floats(300.0, 900.0)), min_size=1, max_size=5))
def test_a_header_keeps_mass_and_energy(inlets: list[tuple[float, float, float]]) -> None:
    streams = [Stream(flow, steam_at(p, t)) for flow, p, t in inlets]
    out = header(0.4, streams)
    assert out.flow == pytest.approx(sum(each.flow for each in streams))
    energy = sum(each.flow * each.state.enthalpy_kj_kg for each in streams)
    assert out.flow * out.state.enthalpy_kj_kg == pytest.approx(energy, abs=1e-4 * energy)
    assert out.state.pressure_mpa == 0.4


def test_a_header_refuses_what_cannot_flow() -> None:
    for inlets in ([], [Stream(-1.0, STEAM)], [Stream(1.0, steam_at(0.1, 400.0))]):
        with pytest.raises(EvidenceError, match="header"):
            header(0.4, inlets)


def test_flash_steam_is_the_excess_enthalpy_over_the_latent_heat() -> None:
    dry, wet = flashed(Stream(10.0, saturated(1.0, 0.0)), 0.2)
    latent = saturated(0.2, 1.0).enthalpy_kj_kg - saturated(0.2, 0.0).enthalpy_kj_kg
    excess = saturated(1.0, 0.0).enthalpy_kj_kg - saturated(0.2, 0.0).enthalpy_kj_kg
    assert dry.flow == pytest.approx(10.0 * excess / latent)
    assert dry.flow + wet.flow == pytest.approx(10.0)
    cold, rest = flashed(Stream(10.0, steam_at(1.0, 300.0)), 0.2)
    assert (cold.flow, rest.flow) == (0.0, 10.0)


def test_a_valve_keeps_enthalpy_and_lowers_pressure() -> None:
    after = throttled(STEAM, 1.0)
    assert after.enthalpy_kj_kg == pytest.approx(STEAM.enthalpy_kj_kg, abs=1e-4)
    assert after.temperature_k < STEAM.temperature_k
    with pytest.raises(EvidenceError, match="valve"):
        throttled(STEAM, 5.0)


@given(st.floats(0.3, 1.0), st.floats(0.01, 2.0))
def test_turbine_efficiency_is_what_the_expansion_was_made_with(efficiency: float, pressure: float) -> None:
    assert turbine_efficiency(STEAM, expanded(STEAM, pressure, efficiency)) == pytest.approx(efficiency, abs=1e-5)


def test_a_turbine_makes_no_energy() -> None:
    for work in (
        lambda: expanded(STEAM, 5.0, 0.8), lambda: expanded(STEAM, 1.0, 1.2),
        lambda: turbine_efficiency(STEAM, steam_at(1.0, 455.0)),
    ):  # fmt: skip
        with pytest.raises(EvidenceError, match="turbine"):
            work()


def test_a_deaerator_takes_what_its_feed_lacks() -> None:
    water, steam = steam_at(0.3, 303.15), saturated(0.5, 1.0)
    taken = deaerator_steam(0.12, Stream(20.0, saturated(0.12, 0.0)), water, steam)
    made_up = 20.0 - taken
    energy = taken * steam.enthalpy_kj_kg + made_up * water.enthalpy_kj_kg
    assert energy == pytest.approx(20.0 * saturated(0.12, 0.0).enthalpy_kj_kg)
    vented = deaerator_steam(0.12, Stream(20.0, saturated(0.12, 0.0)), water, steam, 0.01)
    assert vented > taken
