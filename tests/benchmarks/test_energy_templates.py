"""The packs' templates find the energy faults of the simulated plants."""

from __future__ import annotations

import pytest

from benchmarks.energy_templates import findings_of
from benchmarks.energy_trial import CASES

CODES = {
    "leak": {"energy.drift"},
    "fouling": {"energy.drift", "energy.excess", "energy.efficiency"},
    "exchanger": {"energy.drift", "energy.efficiency"},
    "idle_waste": {"energy.idle"},
    "setpoint": {"energy.drift", "energy.efficiency"},
}


@pytest.mark.parametrize("name", CASES)
def test_a_template_finds_the_fault_and_nothing_else(name: str) -> None:
    inside, outside = findings_of(CASES[name], 1)

    assert set(inside) >= CODES[name]
    assert not outside
