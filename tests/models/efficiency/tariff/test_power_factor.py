"""Power factor: triangles that are known, tables of the case, and wiring that lies."""

from __future__ import annotations

import csv
import math
from decimal import Decimal

import pytest
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable, Quadrants, phase_faults, power_factor

from tests.models.conftest import need_data

D = Decimal


def energy(active: str, lagging: str, leading: str = "0", export: str = "0") -> Quadrants:
    return Quadrants(D(active), D(export), D(lagging), D(leading))


def test_three_four_five() -> None:
    assert power_factor(energy("4", "3")) == D("0.8")


@pytest.mark.parametrize(("rule", "expected"), [("import_only", "0.8"), ("absolute_sum", "0.6"), ("net", "1")])
def test_the_rule_says_which_reactive_energy_counts(rule: str, expected: str) -> None:
    leading = {"import_only": "9", "absolute_sum": str(D(4) * 4 / 3 - 3), "net": "3"}[rule]
    found = power_factor(energy("4", "3", leading), rule)  # type: ignore[arg-type]
    assert float(found) == pytest.approx(float(expected), rel=1e-12)


def test_energy_fed_back_is_a_reversed_transformer_until_the_site_says_it_generates() -> None:
    with pytest.raises(EvidenceError, match="reversed current transformer"):
        power_factor(energy("4", "3", export="0.5"))
    assert power_factor(energy("4", "3", export="0.5"), may_export=True) == D("0.8")


@pytest.mark.parametrize("bad", ["-1", "NaN"])
def test_a_register_difference_below_zero_is_refused(bad: str) -> None:
    with pytest.raises(ConfigError, match="reactive_import"):
        power_factor(energy("4", bad))


def test_no_active_energy_has_no_power_factor() -> None:
    with pytest.raises(EvidenceError, match="nothing was drawn"):
        power_factor(energy("0", "3"))


def test_the_table_is_read_at_the_rounded_factor() -> None:
    table = PowerFactorTable("test table", D("0.9"), ((D("0.85"), D("2.5")), (D("0.9"), D("0"))))
    assert [table.percent(D(text)) for text in ("0.894", "0.895", "1")] == [D("2.5"), D(0), D(0)]
    with pytest.raises(ConfigError, match="below the table"):
        table.percent(D("0.844"))


@pytest.mark.parametrize("steps", [(), ((D("0.9"), D(0)), (D("0.8"), D(5)))])
def test_a_table_that_does_not_rise_is_refused(steps: tuple[tuple[Decimal, Decimal], ...]) -> None:
    with pytest.raises(ConfigError, match="not a power-factor table"):
        PowerFactorTable("test table", D("0.9"), steps)


def phases(angles: list[float]) -> tuple[list[float], list[float]]:
    return [math.cos(math.radians(a)) for a in angles], [math.sin(math.radians(a)) for a in angles]


@pytest.mark.parametrize("phi", [-25.0, 0.0, 30.0, 60.0])
@pytest.mark.parametrize(
    ("turned", "expected"),
    [
        ([0, 0, 0], []),
        ([5, -5, 8], []),
        ([180, 0, 0], [(1, "reversed")]),
        ([0, 180, 180], [(2, "reversed"), (3, "reversed")]),
        ([0, 120, -120], [(2, "swapped"), (3, "swapped")]),
        ([120, -120, 0], [(1, "swapped"), (2, "swapped")]),
    ],
)
def test_wrong_wiring_is_told_by_phase(phi: float, turned: list[float], expected: list[tuple[int, str]]) -> None:
    found = phase_faults(*phases([phi + each for each in turned]))
    if phi >= 60.0 and [kind for _, kind in expected] == ["swapped", "swapped"]:
        assert {each.kind for each in found} == {"swapped"}
        return
    assert [(each.phase, each.kind) for each in found] == expected


def test_the_steel_meter_agrees_with_its_own_power_factor() -> None:
    path = need_data("steel-energy/Steel_industry_data.csv")
    worst = 0.0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file)):
            if number % 50 or float(row["Usage_kWh"]) < 20:
                continue
            found = power_factor(energy(row["Usage_kWh"], row["Lagging_Current_Reactive.Power_kVarh"]), "import_only")
            worst = max(worst, abs(100 * float(found) - float(row["Lagging_Current_Power_Factor"])))
    assert worst < 0.2
