"""Energy figures against values worked out by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.meters import counter_increments, hourly, power_increments, sum_by, total_kwh
from ovoo_cloud.diagnosis.observe import Series, Window
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_contract.errors import ConfigError

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

ISSUE = Issue("T-1", "2026-06-08", 1, "test")
MINUTE = 60_000_000_000
START = int(datetime(2026, 4, 30, 16, tzinfo=UTC).timestamp()) * 1_000_000_000  # midnight in Shanghai
SHANGHAI = ZoneInfo("Asia/Shanghai")


def series(step_minutes: float, values: list[float]) -> Series:
    times = START + np.arange(len(values), dtype=np.int64) * int(step_minutes * MINUTE)
    return Series(times, np.array(values, dtype=np.float64))


def test_a_counter_reset_counts_from_zero() -> None:
    parts = counter_increments(series(1, [100.0, 103.0, 2.0, 5.0]))

    assert parts.kwh.tolist() == [3.0, 2.0, 3.0]
    assert total_kwh(parts) == 8.0


def test_a_counter_that_falls_a_little_is_unknown_and_does_not_count_its_whole_life() -> None:
    parts = counter_increments(series(1, [297_156_238.7, 297_139_838.5, 297_139_840.5]))

    assert math.isnan(parts.kwh[0])
    assert total_kwh(parts) == 2.0


def test_power_is_held_to_the_next_sample_and_unknown_across_a_gap() -> None:
    parts = power_increments(series(15, [60.0, 120.0]))
    gap = power_increments(series(16, [60.0, 120.0]))

    assert total_kwh(parts) == 15.0
    assert math.isnan(gap.kwh[0])


def test_energy_across_an_hour_edge_is_split_by_time_and_none_is_lost() -> None:
    """120 kW in seven-minute steps from midnight for 14 hours."""
    values = [2.0 * 7 * n for n in range(121)]
    parts = counter_increments(series(7, values))

    hours = hourly(parts, Window(START, START + 15 * 3600 * 10**9), SHANGHAI)

    assert [hour.hour for hour in hours[:3]] == [0, 1, 2]
    assert [round(hour.kwh, 9) for hour in hours[:14]] == [120.0] * 14
    assert all(hour.covered_s == 3600 for hour in hours[:14])
    assert round(math.fsum(hour.kwh for hour in hours), 9) == values[-1]


def test_energy_inside_a_gap_is_not_allocated() -> None:
    """An hour's silence: the counter knows the energy of it, but not when it was used."""
    data = series(1, [float(n) for n in range(181)])
    keep = np.r_[0:60, 120:181]
    parts = counter_increments(Series(data.time_ns[keep], data.value[keep]))

    hours = hourly(parts, Window(START, START + 3 * 3600 * 10**9), SHANGHAI)

    assert total_kwh(parts) == 180.0
    assert [hour.kwh for hour in hours] == [59.0, 0.0, 60.0]


def test_sums_by_key_keep_the_order_of_the_keys() -> None:
    parts = counter_increments(series(5, [float(n) for n in range(37)]))
    hours = hourly(parts, Window(START, START + 3 * 3600 * 10**9), SHANGHAI)

    assert sum_by(hours, ["b", "a", "b"]) == {"b": 24.0, "a": 12.0}


def test_the_demo_month_adds_up() -> None:
    """The meter runs at 2600 kW with a daily swing that cancels over whole days, less the last five minutes."""
    case = mine.case()

    data = freeze(case, mine.source(case), ISSUE).data

    figures = data["figures"]
    first = mine.SHAPES["heishan/utilities/power/meter1"]["energy"](0.0)
    last = mine.SHAPES["heishan/utilities/power/meter1"]["energy"](35 * 24 - 5 / 60)
    expected = Decimal(f"{round(last, 3) - round(first, 3):.1f}")
    assert Decimal(figures["energy.kwh"]["value"]) == expected
    assert Decimal(figures["energy.electricity_kgce_calorific"]["value"]) == (expected * Decimal("0.1229")).quantize(
        Decimal("0.1")
    )
    assert Decimal(figures["energy.kgco2"]["value"]) == (expected * Decimal("0.6479")).quantize(Decimal(1))
    diesel = Decimal("12.6") * 1000 * Decimal("1.4571")
    assert Decimal(figures["energy.carrier.0.kgce"]["value"]) == diesel.quantize(Decimal("0.1"))
    assert Decimal(figures["energy.band_total"]["value"]) == pytest.approx(expected, abs=1)
    assert figures["energy.trend_percent"]["value"] == "0.0"


def test_the_equivalent_value_is_reference_only() -> None:
    case = mine.case()

    figures = freeze(case, mine.source(case), ISSUE).data["figures"]

    assert figures["energy.tce_equivalent"]["reference_only"]
    assert not figures["energy.tce_calorific"]["reference_only"]


def test_tariff_bands_follow_the_table_of_western_inner_mongolia() -> None:
    """1 to 31 May is windy season; 1 to 4 June low wind with super-peak 19-21 and deep valley 13-15."""
    case = mine.case()

    data = freeze(case, mine.source(case), ISSUE).data

    power = mine.SHAPES["heishan/utilities/power/meter1"]["power"]
    super_peak = math.fsum(power(h + 0.5) for h in (19, 20)) * 4
    assert Decimal(data["figures"]["energy.band.super_peak"]["value"]) == pytest.approx(
        Decimal(super_peak), rel=Decimal("0.001")
    )
    assert data["energy"]["tariff"]["hours"][19] == "super_peak"
    assert data["energy"]["tariff"]["hours"][13] == "deep_valley"


def test_an_incomplete_list_of_carriers_gives_a_lower_bound_and_no_norm_level() -> None:
    case = mine.case()

    data = freeze(case, mine.source(case), ISSUE).data

    assert data["energy"]["norm"]["lower_bound"]
    assert data["energy"]["norm"]["reached"] is None


@pytest.mark.parametrize(("output", "reached"), [("98500", 2), ("120000", 1), ("46000", 3), ("20000", 4)])
def test_a_complete_list_reaches_the_level_of_its_intensity(output: str, reached: int) -> None:
    """286.7 tce over the output, against 2.5, 6.2 and 10.8 kgce/t."""
    case = mine.case()
    product = {**case.raw["products"][0], "output": output}
    energy = {**case.raw["energy"], "complete": "true"}
    full = parse_case({**case.raw, "products": [product], "energy": energy})

    data = freeze(full, mine.source(full), ISSUE).data

    intensity = Decimal("286746.5") / Decimal(output)
    assert Decimal(data["figures"]["norm.intensity"]["value"]) == intensity.quantize(Decimal("0.001"))
    assert data["energy"]["norm"]["reached"] == reached


def _with_corrections(values: dict[str, str]) -> tuple[list[str], list[str]]:
    case = mine.case()
    rows = [{"name": name, "factor": value, "document": "鉴定报告.pdf"} for name, value in values.items()]
    norm = {**case.raw["energy"]["norm"], "corrections": rows}
    corrected = parse_case({**case.raw, "energy": {**case.raw["energy"], "norm": norm}})
    data = freeze(corrected, mine.source(corrected), ISSUE).data
    levels = [data["figures"][f"norm.level{n}"]["value"] for n in (1, 2, 3)]
    return levels, data["energy"]["norm"]["open_corrections"]


GB_29445 = {"mining_method": "0.05", "haul_distance": "0", "gas_class": "0.1", "inflow": "0.08", "capacity": "0.02"}
"""Made-up values of the five corrections."""


def test_the_corrections_of_gb_29445_add_up_to_one_plus_their_sum() -> None:
    assert _with_corrections(GB_29445) == (["3.125", "7.750", "13.500"], [])  # 2.5, 6.2 and 10.8 times 1.25


def test_limits_stay_raw_while_a_correction_is_not_known() -> None:
    some = {name: GB_29445[name] for name in ("gas_class", "inflow")}

    assert _with_corrections(some) == (["2.500", "6.200", "10.800"], ["mining_method", "haul_distance", "capacity"])


def test_a_factor_worked_out_by_the_standard_stands_for_all_corrections() -> None:
    assert _with_corrections({"total": "1.1"}) == (["2.750", "6.820", "11.880"], [])


def test_a_correction_that_the_norm_does_not_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="not a correction of this norm"):
        _with_corrections({"moonlight": "0.1"})


def test_a_power_meter_with_a_gap_gives_a_range() -> None:
    case = mine.case()
    energy = {**case.raw["energy"], "meters": ["heishan/shaft/main/hoist1"]}
    told = parse_case({**case.raw, "energy": energy})

    figures = freeze(told, mine.source(told, [Cut("heishan/shaft/main/hoist1", 0.5, 0.6)]), ISSUE).data["figures"]

    low, high = (Decimal(figures["energy.kwh"][end]) for end in ("low", "high"))
    assert figures["energy.kwh"]["value"] is None
    assert high - low == pytest.approx(Decimal(84 * 530), rel=Decimal("0.01"))
    assert figures["energy.tco2"]["low"] is not None


def test_the_shiftable_part_of_the_load_is_the_mean_of_the_machines_that_may_move() -> None:
    case = mine.case()
    shown = freeze(case, mine.source(case), ISSUE).data["energy"]["series"]["shiftable"]

    # one pump is shiftable; it draws 330 kW and up to 6 kW more or less over the day, each value held for five minutes
    expected = [330 + 6 * math.sin(2 * math.pi * (hour + 27.5 / 60) / 24) for hour in range(24)]
    assert [float(kw) for kw in shown] == pytest.approx(expected, abs=0.1)
