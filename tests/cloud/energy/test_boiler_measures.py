"""Boiler, pipe and fan: signals give amounts and hours, readings the rest, each measure is a saving by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping

import pytest
from ovoo_cloud.catalogue.energy_inputs import known_inputs
from ovoo_cloud.catalogue.spot_reading import SpotReading
from ovoo_cloud.services import Services
from ovoo_contract.errors import ConfigError

from tests.cloud.energy.belt import choose_price, give, listed
from tests.cloud.energy.meters import FAN, Shape, feed, meter, place_tree

BOILER, HEADER = "utilities/steam/boiler1", "utilities/steam/header1"
DAYS = 15
HOURS = DAYS * 24.0
STEAM_T_H = 20.0
Z95 = 1.959963984540054
REPORT = "热工测试报告 7（虚构）"


def plant(services: Services) -> None:
    boiler: Mapping[str, tuple[str, Shape]] = {
        "steam_flow": ("t/h", lambda n: STEAM_T_H), "steam_pressure": ("MPa", lambda n: 1.2),
        "steam_temp": ("degC", lambda n: 190.0), "fuel_rate": ("t/h", lambda n: 3.0),
        "flue_temp": ("degC", lambda n: 150.0), "flue_o2": ("%", lambda n: 6.0), "power": ("kW", lambda n: 90.0),
    }  # fmt: skip
    header: Mapping[str, tuple[str, Shape]] = {
        # under steam three days of four
        "pressure": ("MPa", lambda n: 1.2 if n // 1440 % 4 else 0.0),
        "temperature": ("degC", lambda n: 190.0), "flow": ("t/h", lambda n: 20.0),
    }  # fmt: skip
    fan: Mapping[str, tuple[str, Shape]] = {
        "running": ("1", lambda n: 1.0), "speed": ("r/min", lambda n: 600.0), "flow": ("m3/s", lambda n: 50.0),
        "static_pressure": ("Pa", lambda n: 2000.0), "power": ("kW", lambda n: 200.0 + n % 3),
        "current": ("A", lambda n: 20.0), "bearing_temp": ("degC", lambda n: 60.0),
        "vibration": ("mm/s", lambda n: 2.0),
    }  # fmt: skip
    shapes = {
        f"{place}/{k}": v for place, own in ((BOILER, boiler), (HEADER, header), (FAN, fan)) for k, v in own.items()
    }
    feed(services, shapes, DAYS * 1440)
    place_tree(
        services,
        [
            meter("steam", f"{BOILER}/steam_flow", percent=2.0, carrier="steam"),
            meter("air", f"{FAN}/flow", percent=3.0, carrier="air"),
            meter("fan", f"{FAN}/power", percent=1.0),
        ],
    )


@pytest.fixture
def boilers(services: Services) -> Services:
    plant(services)
    return services


def read(services: Services, asset: str, **values: str) -> None:
    """Readings and decisions of one measure: `kind__input`."""
    for name, value in values.items():
        give(services, name.replace("__", "."), value, asset, REPORT)


def test_less_blowdown_saves_the_heat_it_carries(boilers: Services) -> None:
    before = listed(boilers, "blowdown", BOILER)
    read(
        boilers, BOILER, blowdown__blowdown_share="0.10 ± 0.01", blowdown__blowdown_enthalpy="800 ± 8",
        blowdown__makeup_enthalpy="100 ± 4", blowdown__boiler_efficiency="0.80 ± 0.02", blowdown__target_share="0.05",
    )  # fmt: skip

    found = listed(boilers, "blowdown", BOILER)

    assert "steam_mass" not in before.measure.missing
    steam = found.measured["steam_mass"].value
    assert steam.value == pytest.approx(STEAM_T_H * HOURS, rel=1e-6)
    assert steam.sigma == pytest.approx(0.02 / math.sqrt(3.0) * steam.value)
    by_hand = steam.value * 1e3 * (0.1 / 0.9 - 0.05 / 0.95) * 700.0 / 0.8 * 1e-6
    assert found.measure.saving.value == pytest.approx(by_hand, rel=1e-9)
    assert found.measure.status == "saving"
    assert len(found.measure.evidence_ids) == 5
    assert "blowdown_share" in found.read
    assert "steam_mass" not in found.read


def test_a_price_of_heat_makes_yuan_and_payback(boilers: Services) -> None:
    read(
        boilers, BOILER, condensate__condensate_lost="2 ± 0.1", condensate__condensate_enthalpy="400 ± 4",
        condensate__makeup_enthalpy="80 ± 4", condensate__boiler_efficiency="0.8 ± 0.02",
        condensate__returned_share="0.7", condensate__price="38", condensate__cost_low="10000",
        condensate__cost_high="20000",
    )  # fmt: skip

    found = listed(boilers, "condensate", BOILER).measure

    # 2 t/h through the window's 360 hours
    by_hand = 2.0 * HOURS * 0.7 * 320.0 / 0.8 * 1e-3
    assert found.saving.value == pytest.approx(by_hand, rel=1e-9)
    assert found.yuan_per_year is not None
    assert found.yuan_per_year.value == pytest.approx(by_hand * 38.0 * 8766.0 / HOURS, rel=1e-9)
    assert found.payback is not None
    assert found.open_economics == ()


def test_less_air_saves_the_fuel_between_two_measured_efficiencies(boilers: Services) -> None:
    read(
        boilers, BOILER, excess_oxygen__fuel_heat="60 ± 1", excess_oxygen__efficiency_now="0.80 ± 0.002",
        excess_oxygen__efficiency_at_target="0.82 ± 0.002",
    )  # fmt: skip

    found = listed(boilers, "excess_oxygen", BOILER).measure

    assert found.saving.value == pytest.approx(60.0 * HOURS * (1.0 - 0.80 / 0.82), rel=1e-9)
    assert found.status == "saving"


def test_a_bare_pipe_loses_only_while_it_is_under_steam(boilers: Services) -> None:
    read(
        boilers, HEADER, bare_pipe__bare_loss="700 ± 50", bare_pipe__insulated_loss="100 ± 10",
        bare_pipe__length="40 ± 0.5", bare_pipe__boiler_efficiency="0.8 ± 0.02",
    )  # fmt: skip

    found = listed(boilers, "bare_pipe", HEADER)

    # days 0, 4, 8, 12 of 15 are cold
    hours = 11 * 24.0
    assert found.measured["hours"].value.value == pytest.approx(hours, abs=0.2)
    by_hand = 600.0 * 40.0 * found.measured["hours"].value.value * 3600.0 / 0.8 / 1e9
    assert found.measure.saving.value == pytest.approx(by_hand, rel=1e-9)
    assert found.measure.status == "saving"


def test_a_throttled_fan_takes_flow_and_hours_from_its_signals(boilers: Services) -> None:
    choose_price(boilers)
    read(
        boilers, FAN, fan_throttling__damper_drop="1.2 ± 0.05", fan_throttling__fan_efficiency="0.6 ± 0.02",
        fan_throttling__remaining_drop="0.2",
    )  # fmt: skip

    found = listed(boilers, "fan_throttling", FAN)

    assert found.measured["flow"].value.value == pytest.approx(50.0)
    assert found.measured["hours"].value.value == pytest.approx(HOURS, rel=1e-6)
    assert found.measure.saving.value == pytest.approx(50.0 / 0.6 * HOURS, rel=1e-6)
    assert found.measure.yuan_per_year is not None


def test_without_the_class_of_the_flow_meter_its_amount_is_no_evidence(boilers: Services) -> None:
    place_tree(boilers, [meter("fan", f"{FAN}/power", percent=1.0)])

    found = listed(boilers, "blowdown", BOILER)

    assert [each.reason for each in found.refused] == ["flow_without_class"]
    assert "steam_mass" in found.measure.missing


@pytest.mark.parametrize("text", ["0.08", "0.08 ±", "± 0.01", "0.08 ± -0.01", "nan ± 0.1", "1e999 ± 1", "a ± b", ""])
def test_a_reading_without_its_uncertainty_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        SpotReading.parse(text, "blowdown.blowdown_share")

    assert caught.value.offender == "blowdown.blowdown_share"
    assert "±" in caught.value.remedy


@pytest.mark.parametrize("text", ["0.08 ± 0.01", "0.08+/-0.01", " 0.08 +- 1e-2 "])
def test_a_reading_is_read_as_people_write_it(text: str) -> None:
    found = SpotReading.parse(text, "x")

    assert found.value == 0.08
    assert found.sigma == pytest.approx(0.01 / Z95)


def test_a_reading_outside_what_can_be_is_refused(services: Services) -> None:
    plant(services)

    with pytest.raises(ConfigError, match="cannot be"):
        give(services, "blowdown.blowdown_share", "0.9 ± 0.01", BOILER)


def test_amounts_are_read_as_rates_and_hours_as_shares() -> None:
    known = known_inputs()

    assert (known["condensate.condensate_lost"].unit, known["excess_oxygen.fuel_heat"].unit) == ("t/h", "GJ/h")
    assert (known["bare_pipe.hours"].unit, known["bare_pipe.hours"].high) == ("1", 1.0)
    assert "demand_shaving.reachable_power" not in known
