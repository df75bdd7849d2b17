"""Twenty plants against energy norms: levels worked out by hand, and by the norm gauge of the energy engine."""

from __future__ import annotations

import pytest
from ovoo_cloud.diagnosis.scoring import rules_of, score_any
from ovoo_models.efficiency.estimate import Estimate
from ovoo_models.efficiency.norm_gauge import Correction, gauge
from ovoo_packs import load_framework, load_norms

MINE, CHEM, DAIRY = "norms_coal_mine", "norms_coal_chemical", "norms_dairy"
FIVE = ("mining_method", "haul_distance", "gas_class", "inflow", "capacity")


def five(*values: str) -> dict[str, str]:
    """The condition factors of a coal mine in the order of the norm."""
    return dict(zip(FIVE, values, strict=True))


# (framework, norm, consumption, corrections, level); 4 is above the limit
PLANTS = {
    # underground 2.5 / 6.2 / 10.8 kgce/t x (1 + sum)
    "01 no hard conditions": (MINE, "coal_underground", "2.5", five("0", "0", "0", "0", "0"), 1),  # x 1: 2.5 <= 2.5
    "02 gassy and wet": (MINE, "coal_underground", "3.2", five("0", "0", "0.2", "0.1", "0"), 1),  # x 1.3: 3.25
    "03 long haul": (MINE, "coal_underground", "7.4", five("0", "0.2", "0", "0", "0"), 2),  # x 1.2: 7.44
    "04 all five": (MINE, "coal_underground", "9.31", five("0.1", "0.1", "0.1", "0.1", "0.1"), 3),  # x 1.5: 9.30
    "05 small and easy": (MINE, "coal_underground", "9.8", five("0", "0", "0", "0", "-0.1"), 4),  # x 0.9: 9.72
    # open pit 3.0 / 5.4 / 8.0
    "06 open pit": (MINE, "coal_open_pit", "5.94", five("0.1", "0", "0", "0", "0"), 2),  # x 1.1: 5.94 <= 5.94
    "07 deep open pit": (MINE, "coal_open_pit", "8.4", five("0", "0.05", "0", "0", "0"), 3),  # x 1.05: 8.4 <= 8.4
    # washing x process factor: coking 5.0 / 7.0 / 8.5, thermal 2.0 / 3.0 / 4.5 kWh/t
    "08 coking": (MINE, "washing_coking", "6.1", {"process_factor": "1.25"}, 1),  # 6.25
    "09 coking, simple process": (MINE, "washing_coking", "6.9", {"process_factor": "0.8"}, 4),  # 4 / 5.6 / 6.8
    "10 thermal": (MINE, "washing_thermal", "3.6", {"process_factor": "1.2"}, 2),  # 2.4 / 3.6 / 5.4
    # coal-chemical, no corrections
    "11 methanol, bituminous": (CHEM, "methanol_bituminous", "1380", {}, 1),  # 1380 / 1400 / 1800
    "12 methanol, lignite": (CHEM, "methanol_lignite", "1800.1", {}, 3),  # 1750 / 1800 / 2000
    "13 methanol, anthracite": (CHEM, "methanol_anthracite", "1600", {}, 4),  # 1200 / 1250 / 1500
    "14 glycol from coal": (CHEM, "glycol_coal", "2850", {}, 2),  # 2450 / 2850 / 3100
    "15 olefins by MTO": (CHEM, "olefin_mto", "1201", {}, 3),  # 900 / 1200 / 1600
    "16 SNG": (CHEM, "sng", "1.1", {}, 1),  # 1.1 / 1.2 / 1.4 kgce/m3
    # coke 110 / 110 / 135; how the corrections combine is not known, so a person works out the whole factor
    "17 coke, corrected": (CHEM, "coke_top_charged", "121", {"total": "1.1"}, 1),  # 121 / 121 / 148.5
    # dairy bands without a level 2
    "18 market milk": (DAIRY, "dairy_market_milk", "0.1", {}, 1),  # 0.1 / - / 0.6 MWh/t
    "19 cheese": (DAIRY, "dairy_cheese", "0.11", {}, 3),  # 0.1 / - / 0.22
    "20 heat treatment": (DAIRY, "dairy_heat_treat", "118.5", {}, 4),  # 102 / - / 118 kWh/m3
}


def test_there_are_twenty() -> None:
    assert len(PLANTS) == 20


@pytest.mark.parametrize(("framework", "norm", "value", "corrections", "level"), PLANTS.values(), ids=PLANTS)
def test_the_level_is_the_one_worked_out_by_hand(
    framework: str, norm: str, value: str, corrections: dict[str, str], level: int
) -> None:
    answer = {"low": value, "high": value, "corrections": corrections, "class": "measured"}

    result = score_any(rules_of(load_framework(framework)), {norm: answer})

    assert result.level == level


@pytest.mark.parametrize(("framework", "norm", "value", "corrections", "level"), PLANTS.values(), ids=PLANTS)
def test_the_energy_engine_finds_the_same_level(
    framework: str, norm: str, value: str, corrections: dict[str, str], level: int
) -> None:
    row = load_norms().get(norm)
    values = {name: float(each) for name, each in corrections.items() if name != "total"}
    total = float(corrections["total"]) if "total" in corrections else None
    given = Correction("test", values, total) if corrections else None

    found = gauge(Estimate(float(value) * (1 - 1e-12), 0.0, row.unit), row, given)

    assert (found.level or 4) == level
