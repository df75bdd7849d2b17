"""Index of regions, parks per mu and data centres, against what a hand computes."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.centre.data_centres import data_centre_figures
from ovoo_cloud.centre.facts import Row
from ovoo_cloud.centre.parks import MEASURES, park_benefit, parks_of
from ovoo_cloud.centre.regional_index import index_of, indices_of, points
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigErrors
from ovoo_packs import load_norms

from tests.cloud.centre.conftest import OWN, Centre

PUE = load_norms().rows["pue"]


def indicator(
    name: str, weight: str, method: str, *, up: bool = True, target: str | None = None, mark: str = "S"
) -> Row:
    return Row("indicator", name, 1, {
        "name_zh": name, "index": "示例指数", "weight": weight, "target": target, "normalisation": method,
        "direction": "up" if up else "down", "source": "示例（虚构）", "mark": mark,
    })  # fmt: skip


def value(indicator: str, region: str, number: str, year: int = 2025, version: int = 1) -> Row:
    content = {"indicator": indicator, "region": region, "year": year, "value": number, "document": "d"}
    return Row("indicator_value", f"{indicator}-{region}-{year}-{version}", version, content)


@pytest.mark.parametrize(
    ("method", "up", "wanted"),
    [
        ("min_max", True, {"a": "0", "b": "50", "c": "100"}),
        ("min_max", False, {"a": "100", "b": "50", "c": "0"}),
        ("target", True, {"a": "50", "b": "75", "c": "100"}),
        ("target", False, {"a": "100", "b": "100", "c": "80"}),
    ],
)
def test_points_by_method_and_direction(method: str, up: bool, wanted: dict[str, str]) -> None:
    found = {"a": Decimal(10), "b": Decimal(15), "c": Decimal(20)}
    target = "20" if up else "16"

    made = points(indicator("i", "1", method, up=up, target=target).content, found)

    assert made == {name: Decimal(each) for name, each in wanted.items()}


def test_equal_ranks_share_their_mean_place_and_equal_values_are_all_full() -> None:
    found = {"a": Decimal(1), "b": Decimal(2), "c": Decimal(2), "d": Decimal(3)}

    assert points(indicator("i", "1", "rank").content, found) == {
        "a": Decimal(25), "b": Decimal("62.5"), "c": Decimal("62.5"), "d": Decimal(100),
    }  # fmt: skip
    same = points(indicator("i", "1", "min_max").content, dict.fromkeys("xy", Decimal(7)))
    assert set(same.values()) == {Decimal(100)}


INDICATORS = [indicator("net", "60", "target", target="50"), indicator("pue", "40", "min_max", up=False, mark="M")]
VALUES = [
    value("net", "甲", "40"), value("net", "乙", "25"), value("net", "丙", "10"),
    value("pue", "甲", "1.2"), value("pue", "乙", "1.6"), value("net", "甲", "30", 2024),
]  # fmt: skip


def test_a_missing_value_gives_a_range_and_places_as_ranges() -> None:
    found = index_of(INDICATORS, VALUES, "示例指数", 2025)
    regions = {each["region"]: each for each in found["regions"]}

    assert regions["甲"]["value"] == "88.00"  # 0.6 * 80 + 0.4 * 100
    assert regions["乙"]["value"] == "30.00"  # 0.6 * 50 + 0
    assert (regions["丙"]["value"], regions["丙"]["low"], regions["丙"]["high"]) == (None, "12.00", "52.00")
    assert regions["丙"]["missing"] == ["pue"]
    places = {name: (each["best_place"], each["worst_place"]) for name, each in regions.items()}
    assert places == {"甲": (1, 1), "乙": (2, 3), "丙": (2, 3)}
    assert (found["reference_only"], found["unverified_weight_percent"]) == (True, "40.00")
    assert [each["year"] for each in found["trend"]["甲"]] == [2024, 2025]
    assert found["trend"]["丙"] == [{"year": 2025, "low": "12.00", "high": "52.00"}]
    assert indices_of(INDICATORS, VALUES) == {"示例指数": [2025, 2024]}


def test_a_value_given_twice_counts_as_missing_and_is_named() -> None:
    found = index_of(INDICATORS, [*VALUES, value("net", "甲", "41", version=2)], "示例指数", 2025)

    assert next(each for each in found["regions"] if each["region"] == "甲")["missing"] == ["net"]
    assert found["twice"] == [("net", "甲", 2025)]


@given(st.dictionaries(st.sampled_from("abcdef"), st.decimals(-100, 100, places=2), max_size=6), st.booleans(),
       st.sampled_from(["target", "min_max", "rank"]))  # fmt: skip
def test_points_lie_in_range_and_follow_the_direction(found: dict[str, Decimal], up: bool, method: str) -> None:
    made = points(indicator("i", "1", method, up=up, target="50").content, found)

    assert made.keys() == found.keys()
    assert all(0 <= each <= 100 for each in made.values())
    for a in found:
        for b in found:
            if (found[a] > found[b]) == up and found[a] != found[b]:
                assert made[a] >= made[b]


def test_the_order_of_rows_changes_nothing() -> None:
    draw = random.Random(5)
    mixed = index_of(draw.sample(INDICATORS, 2), draw.sample(VALUES, len(VALUES)), "示例指数", 2025)

    assert canonical_json(mixed) == canonical_json(index_of(INDICATORS, VALUES, "示例指数", 2025))


def tenant(name: str, area: str, **figures: Any) -> Row:
    content = {"park": "示例园区", "name_zh": name, "year": 2025, "area_mu": area, "document": "申报表"}
    return Row("park", name, 1, content | figures)


def test_a_park_per_mu_and_what_is_missing_stands_last_and_is_no_nought() -> None:
    rows = [
        tenant("a", "10", tax_10k_yuan="50", value_added_10k_yuan="300", energy_tce="100", staff=30),
        tenant("b", "20", tax_10k_yuan="200"),
        tenant("c", "5", tax_10k_yuan=None),
        tenant("d", "4", tax_10k_yuan="40"),
    ]

    found = park_benefit(rows, "示例园区", 2025, "tax_per_mu")

    assert [(each["id"], each["values"]["tax_per_mu"], each["rank"]) for each in found["items"]] == [
        ("b", "10.00", 1), ("d", "10.00", 1), ("a", "5.00", 3), ("c", None, None),
    ]  # fmt: skip
    assert found["whole"]["tax_per_mu"] == {"value": "8.53", "counted": 3}  # 290 over 34
    assert found["whole"]["value_added_per_tce"] == {"value": "3.00", "counted": 1}
    assert found["items"][2]["values"]["value_added_per_head"] == "10.00"
    assert found["area_mu"] == "39"
    assert parks_of(rows) == {"示例园区": [2025]}
    assert found["units"].keys() == MEASURES.keys()


CENTRE = Row("data_centre", "dc", 1, {"name_zh": "示例数据中心", "racks": 500, "own_power": True, "region": None})


def months(count: int = 12, *, total: int = 130, water: str | None = "20", coverage: str = "all") -> list[Row]:
    return [
        Row("data_centre_month", f"m{n}", 1, {
            "centre": "dc", "month": f"{2025 + (n + 5) // 12}-{(n + 5) % 12 + 1:02}", "total_kwh": str(total * 1000),
            "it_kwh": "100000", "water_m3": water, "coverage": coverage, "document": "抄表",
        })
        for n in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize(("total", "grade"), [(120, 1), (121, 2), (130, 2), (131, 3), (150, 3), (151, 0)])
def test_annual_pue_at_the_edges_of_the_grades(total: int, grade: int) -> None:
    found = data_centre_figures(CENTRE, months(total=total), PUE)

    assert found["pue"] == f"{total / 100:.3f}"
    assert found["grade"] == grade
    assert found["norm"]["reference_only"] is True


def test_wue_is_litres_per_kwh_and_the_curve_is_monthly() -> None:
    found = data_centre_figures(CENTRE, months(14), PUE)

    assert (found["wue"], found["wue_unit"]) == ("0.200", "L/kWh")
    assert (found["start"], found["end"]) == ("2025-08", "2026-07")
    assert len(found["months"]) == 14
    assert found["metered"] == {"all": 12, "part": 0}


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (months(11), "months_missing"),
        ([*months(6), *months(14)[7:]], "months_missing"),
        ([*months(12), months(12)[-1]], "month_twice"),
        ([], "months_missing"),
    ],
)
def test_a_hole_gives_no_annual_figure(rows: list[Row], reason: str) -> None:
    found = data_centre_figures(CENTRE, rows, PUE)

    assert (found["pue"], found["wue"], found["grade"], found["reason"]) == (None, None, None, reason)


def test_no_grade_outside_the_standard_or_with_part_of_the_meters() -> None:
    small = Row("data_centre", "dc", 1, {**CENTRE.content, "racks": 100})
    part = [*months(12)[:-1], months(12, coverage="part")[-1]]

    assert data_centre_figures(small, months(), PUE)["grade_reason"] == "outside_scope"
    found = data_centre_figures(CENTRE, part, PUE)
    assert (found["pue"], found["grade"], found["grade_reason"]) == ("1.300", None, "part_metered")
    assert data_centre_figures(CENTRE, months(water=None), PUE)["wue_reason"] == "no_water"


@pytest.mark.parametrize(
    ("kind", "fields", "offender"),
    [
        ("policy", {"name_zh": "p", "authority": "x", "valid_from": "2026-02-01", "valid_until": "2026-01-01",
                    "benefit": "b"}, "valid_until"),
        ("project", {"name_zh": "p", "sector": "dairy", "state": "running", "saved_yuan": "5"}, "saved_document"),
        ("indicator", {"name_zh": "i", "index": "x", "weight": "1", "direction": "up", "normalisation": "target",
                       "source": "s", "mark": "S"}, "target"),
        ("park", {"park": "p", "name_zh": "n", "year": 2025, "area_mu": "0", "document": "d"}, "area_mu"),
    ],
)  # fmt: skip
def test_a_row_that_contradicts_itself_is_refused(
    centre: Centre, kind: str, fields: dict[str, Any], offender: str
) -> None:
    with pytest.raises(ConfigErrors) as caught:
        centre.put(kind, "x", **fields)

    assert [each.offender for each in caught.value.errors] == [offender]


def test_a_month_cannot_hold_more_it_than_all(centre: Centre) -> None:
    centre.put("data_centre", "dc", name_zh="x", racks=200, own_power=True, enterprise=OWN)

    with pytest.raises(ConfigErrors):
        centre.put(
            "data_centre_month", "m", centre="dc", month="2026-01", total_kwh="1", it_kwh="2", coverage="all",
            document="d",
        )  # fmt: skip
