"""Load shape: quantiles and clusters against independent ones, days that are whole, and a real steel plant."""

from __future__ import annotations

import csv
import itertools
import math
import random
from array import array
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_contract.errors import ConfigError, NotReady
from ovoo_models.efficiency.load_shape import base_load, cluster_days, day_profiles, nearest_cluster, quantile
from ovoo_models.efficiency.tariff.bands import local_instant
from ovoo_models.efficiency.tariff.defects import examine
from ovoo_models.efficiency.tariff.intervals import HOUR_NS, QUARTER_NS, Intervals

from tests.models.conftest import need_data

ZONE = ZoneInfo("Asia/Shanghai")
START = local_instant(datetime(2025, 3, 3), ZONE)


def weeks(days: int, seed: int = 1) -> list[float]:
    """Quarter hours: 100 kW of base, workdays with one or two shifts on top."""
    rng = random.Random(seed)
    values = []
    for day in range(days):
        busy = range(0) if day % 7 >= 5 else range(6, 22) if day % 2 else range(8, 16)
        values += [25.0 + (50.0 if row // 4 in busy else 0.0) + rng.uniform(0, 2) for row in range(96)]
    return values


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=60), st.floats(0, 1))
def test_quantiles_are_those_of_numpy(values: list[float], share: float) -> None:
    assert quantile(values, share) == pytest.approx(float(np.quantile(values, share)), rel=1e-9, abs=1e-6)


def test_base_load_by_weekday_and_hour() -> None:
    found = base_load(Intervals.regular(START, QUARTER_NS, weeks(28)), ZONE)
    assert 100 <= found.base_kw < 103
    assert 300 <= found.low[0][10] < 308
    assert found.middle[6][10] == pytest.approx(104, abs=2)
    assert found.readings == 28 * 96


def test_missing_readings_are_counted_and_cells_without_readings_are_unknown() -> None:
    values = weeks(5)
    values[0] = math.nan
    found = base_load(Intervals.regular(START, QUARTER_NS, values), ZONE)
    assert found.left_out == 1
    assert math.isnan(found.low[0][0])
    assert math.isnan(found.low[6][3])
    assert not math.isnan(found.low[1][0])


def test_too_few_readings_are_no_base_load() -> None:
    with pytest.raises(NotReady):
        base_load(Intervals.regular(START, QUARTER_NS, [1.0] * 3), ZONE)
    with pytest.raises(ConfigError, match="within an hour"):
        base_load(Intervals.regular(START, 2 * HOUR_NS, [1.0] * 9), ZONE)


def test_only_whole_days_become_profiles() -> None:
    values = weeks(4)
    values[100] = math.nan
    found = day_profiles(Intervals.regular(START, QUARTER_NS, values[:-1]), ZONE)
    assert [day.day for day in found.days] == [3, 5]
    assert [day.day for day, _ in found.left_out] == [4, 6]
    assert sum(found.profiles[0]) == pytest.approx(sum(values[:96]))


def test_a_day_of_a_moved_clock_is_left_out() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    start = local_instant(datetime(2025, 3, 29), berlin)
    found = day_profiles(Intervals.regular(start, HOUR_NS, [1.0] * (24 + 23 + 24)), berlin)
    assert [(day.day, why) for day, why in found.left_out] == [(30, "a day of 23 hours")]
    assert [day.day for day in found.days] == [29, 31]


def test_three_kinds_of_days_are_found() -> None:
    found = day_profiles(Intervals.regular(START, QUARTER_NS, weeks(28)), ZONE)
    clusters = cluster_days(found.profiles, 3)
    kinds = [0 if day % 7 >= 5 else 1 + day % 2 for day in range(28)]
    assert len(set(zip(kinds, clusters.member, strict=True))) == 3
    assert clusters.silhouette > 0.8
    sizes = [clusters.member.count(k) for k in range(3)]
    assert sizes == sorted(sizes, reverse=True)
    assert nearest_cluster(found.profiles[9], [found.profiles[m] for m in clusters.medoids])[0] == clusters.member[9]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_exchange_of_a_medoid_makes_the_clusters_better_and_silhouettes_are_right(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(14, 3)) + 3 * rng.integers(0, 3, size=(14, 1))
    clusters = cluster_days(rows.tolist(), count, by_shape=False)
    table = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    cost = float(sum(clusters.distance))
    assert cost == pytest.approx(float(table[list(clusters.medoids)].min(axis=0).sum()))
    for place, day in itertools.product(range(count), range(14)):
        others = [*clusters.medoids[:place], day, *clusters.medoids[place + 1 :]]
        assert float(table[others].min(axis=0).sum()) >= cost - 1e-9
    best = min(float(table[list(each)].min(axis=0).sum()) for each in itertools.combinations(range(14), count))
    assert cost <= best * 1.15
    if count > 1:
        from sklearn.metrics import silhouette_score

        assert clusters.silhouette == pytest.approx(silhouette_score(rows, clusters.member), abs=1e-9)


def test_the_same_days_give_the_same_clusters() -> None:
    rows = [[1.0, 2.0], [2.0, 1.0]] * 5
    assert cluster_days(rows, 2) == cluster_days(rows, 2)
    with pytest.raises(NotReady):
        cluster_days(rows, 11)


def steel() -> Intervals:
    """The year in file order: the midnight row of a day stands after 23:45 with the same date."""
    place = ZoneInfo("Asia/Seoul")
    with need_data("steel-energy/Steel_industry_data.csv").open(encoding="utf-8-sig", newline="") as file:
        values = [float(row["Usage_kWh"]) for row in csv.DictReader(file)]
    return Intervals.regular(local_instant(datetime(2018, 1, 1), place), QUARTER_NS, values)


def test_a_steel_plant_idles_at_a_few_kilowatts_and_rests_at_weekends() -> None:
    place = ZoneInfo("Asia/Seoul")
    year = steel()
    found = base_load(year, place)
    assert 8.0 < found.base_kw < 16.0
    assert found.middle[1][14] > 10 * found.middle[6][14]
    days = day_profiles(year, place)
    assert (len(days.days), days.left_out) == (365, ())
    clusters = cluster_days(days.profiles[:120], 3, by_shape=False)
    sundays = [day for day in range(120) if days.days[day].weekday() == 6]
    idle = min(range(3), key=lambda k: sum(days.profiles[clusters.medoids[k]]))
    resting = [day for day in range(120) if clusters.member[day] == idle]
    assert sum(day in resting for day in sundays) >= 15
    assert sum(days.days[day].weekday() < 5 for day in resting) < 20


def test_the_midnight_rows_of_the_steel_plant_taken_by_their_stamp_are_found_wrong() -> None:
    place = ZoneInfo("Asia/Seoul")
    starts, kwh = array("q"), array("d")
    with need_data("steel-energy/Steel_industry_data.csv").open(encoding="utf-8-sig", newline="") as file:
        for row in itertools.islice(csv.DictReader(file), 96 * 3):
            end = local_instant(datetime.strptime(row["date"], "%d-%m-%Y %H:%M"), place)
            starts.append(end - QUARTER_NS)
            kwh.append(float(row["Usage_kWh"]))
    ends = array("q", (start + QUARTER_NS for start in starts))
    begin = local_instant(datetime(2018, 1, 1), place)
    found = examine(Intervals(starts, ends, kwh), begin, begin + 72 * HOUR_NS, place)
    assert [each.kind for each in found].count("backwards") >= 2
