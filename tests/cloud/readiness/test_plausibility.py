"""Units that look mistaken are named, and honest ones are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.readiness.plausibility import check_values
from ovoo_contract.units import conversion
from ovoo_packs import SignalTemplate

from tests.cloud.readiness.plant import entry

RNG = np.random.default_rng(3)
NOISE = RNG.normal(0, 0.02, 500)


def template(unit: str, low: float | None, high: float | None) -> SignalTemplate:
    return SignalTemplate("x", unit, "float", low, high, "信号", "Signal", "general", "raw", 1.0, "state")


@pytest.mark.parametrize(
    ("unit", "low", "high", "value", "suspect"),
    [
        ("MPa", 0, 1.6, 7.2, "unit_is:bar"),
        ("bar", 1, 16, 0.72, "unit_is:MPa"),
        ("kPa", 0, 1500, 250_000, "unit_is:Pa"),
        ("degC", 0, 120, 345, "unit_is:K"),
        ("K", 273, 400, 72, "unit_is:degC"),
        ("kW", 0, 800, 430_000, "unit_is:W"),
        ("t/h", 0, 50, 12_000, "unit_is:kg/h"),
        ("%", 20, 100, 0.55, "unit_is:1"),
    ],
)
def test_a_slip_of_unit_is_named_by_the_unit_that_fits(
    unit: str, low: float, high: float, value: float, suspect: str
) -> None:
    found = check_values(value * (1 + NOISE / 10), entry("x", unit, low=float(low), high=float(high)), None)

    assert found.suspects == (suspect,)
    assert found.outside == 500


def test_values_that_fit_no_unit_are_outside_and_not_suspected_of_one() -> None:
    found = check_values(np.full(500, -40.0), entry("x", "MPa", low=0.0, high=1.6), None)

    assert (found.suspects, found.outside) == ((), 500)


def test_power_written_as_energy_and_energy_written_as_power() -> None:
    power, counter = 430 + 20 * NOISE, 1000 + np.cumsum(np.abs(NOISE))
    energy_entry, power_entry = entry("x", "kWh", low=None, high=None), entry("x", "kW", low=None, high=None)

    assert check_values(power, energy_entry, None).suspects == ("power_as_energy",)
    assert check_values(counter, power_entry, None).suspects == ("energy_as_power",)
    assert check_values(counter, energy_entry, None).suspects == ()
    assert check_values(power, power_entry, None).suspects == ()


def test_a_counter_that_was_reset_once_is_still_a_counter() -> None:
    counter = np.concatenate([np.arange(300.0), np.arange(300.0)])

    assert check_values(counter, entry("x", "kWh", low=None, high=None), None).suspects == ()


def test_the_range_of_the_template_serves_where_the_catalogue_has_none_in_the_unit_of_the_signal() -> None:
    """A template of 0 to 1.6 MPa is 0 to 16 bar: 7.2 bar fits, 25 does not."""
    told = entry("x", "bar", low=None, high=None)

    assert check_values(np.full(100, 7.2), told, template("MPa", 0, 1.6)).outside == 0
    assert check_values(np.full(100, 25.0), told, template("MPa", 0, 1.6)).outside == 100
    assert check_values(np.full(100, 25.0), told, template("degC", 0, 10)).suspects == ("not_template_unit",)


def test_a_few_values_prove_no_slip() -> None:
    assert check_values(np.full(20, 7.2), entry("x", "MPa", low=0.0, high=1.6), None).suspects == ()


@given(st.sampled_from(["MPa", "bar", "kPa", "degC", "kW", "t/h", "m3/h"]), st.floats(1, 99))
def test_values_in_their_range_are_never_suspected(unit: str, value: float) -> None:
    values = value + 0.5 * np.sin(np.arange(200.0))

    found = check_values(values, entry("x", unit, low=0.0, high=100.0), None)

    assert (found.suspects, found.outside) == ((), 0)


@given(st.sampled_from([("MPa", "bar"), ("degC", "K"), ("kW", "W"), ("t/h", "kg/h")]), st.floats(60, 90))
def test_a_suspected_unit_always_brings_the_values_back_into_range(pair: tuple[str, str], value: float) -> None:
    written, meant = pair
    factor, offset = conversion(written, meant)
    told: Any = entry("x", written, low=50.0, high=100.0)

    found = check_values(np.full(100, value * factor + offset), told, None)

    assert len(found.suspects) == 1
    back, shift = conversion(found.suspects[0].partition(":")[2], written)
    assert 50.0 <= (value * factor + offset) * back + shift <= 100.0
