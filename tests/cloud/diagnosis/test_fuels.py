"""The weekly points count every carrier that says where it is measured, converted as for the whole window."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_cloud.reports.cuts import centre_copy
from ovoo_cloud.reports.diagnosis_report import KIND
from ovoo_cloud.reports.nodes import Facts
from ovoo_cloud.reports.resolve import Locale
from ovoo_cloud.reports.sections.figure_names import figure_name
from ovoo_cloud.reports.sections.norm import norm_blocks
from ovoo_cloud.reports.tree import build_tree
from ovoo_contract.canonical import canonical_json
from ovoo_contract.errors import ConfigErrors

from tests.cloud.diagnosis import full_mine

SEEN = {"asset": full_mine.BELT, "signal": "good", "kind": "counter"}
COAL = {"carrier": "raw_coal", "amount": "3000", "unit": "t", "class": "declared", "measured": SEEN}
DIESEL = {"carrier": "diesel", "amount": "12.6", "unit": "t", "class": "declared"}
WEEK = "norm.course.1"


def measured(*carriers: dict[str, Any], **energy: Any) -> dict[str, Any]:
    told = {**full_mine.intake()["energy"], "carriers": list(carriers), **energy}
    case = full_mine.case(energy=told)
    found: dict[str, Any] = dict(freeze(case, full_mine.source(case), Issue("N-1", "2026-06-08", 1, "t")).data)
    return found


def value(data: dict[str, Any], name: str) -> Decimal:
    return Decimal(data["figures"][name]["value"])


def words(data: dict[str, Any], language: Any) -> list[str]:
    """The small print below the chart."""
    blocks = norm_blocks(Facts(data))
    locale = Locale(language)
    return ["".join(locale.inline(part) for part in each["parts"]) for each in blocks if each.get("style") == "small"]


@pytest.fixture(scope="module")
def both() -> dict[str, Any]:
    """Coal is seen by a counter, diesel is known from bills only."""
    return measured(COAL, DIESEL)


def test_a_carrier_with_a_counter_is_in_every_point_by_the_factor_of_the_whole_window(both: dict[str, Any]) -> None:
    coal, output = value(both, f"{WEEK}.carrier.0"), value(both, f"{WEEK}.output")
    kgce = value(both, f"{WEEK}.kwh") * Decimal("0.1229") + coal * 1000 * Decimal("0.7143")
    course = both["energy"]["norm"]["course"]

    assert coal > 1000
    assert float(value(both, f"{WEEK}.energy")) == pytest.approx(float(kgce), rel=1e-6)
    assert float(value(both, WEEK)) == pytest.approx(float(kgce / output), rel=1e-4)
    assert (course["carriers"], course["electricity_only"]) == ([0], False)
    assert f"{WEEK}.carrier.1" not in both["figures"]
    assert list(KIND.check(both)) == []
    assert not [
        each for each in centre_copy(build_tree(both, "0" * 64), ["products"])["blocks"] if "covers" in str(each)
    ]


def test_it_is_measured_again_from_the_store_with_equal_figures(both: dict[str, Any]) -> None:
    issued = json.loads(canonical_json(both))

    again = KIND.again(issued, full_mine.source(full_mine.case()))

    assert again["figures"] == both["figures"]
    assert again["energy"]["norm"] == both["energy"]["norm"]


def test_the_words_below_the_chart_name_what_the_points_count_and_what_not(both: dict[str, Any]) -> None:
    bills = measured({**COAL, "measured": {**SEEN, "signal": "nothing"}}, DIESEL)
    whole = measured(COAL)

    assert "图中各点计入：电力、原煤，折算方法与全时段相同。没有逐周数量、只计入全时段数值的：柴油。" in words(
        both, "zh"
    )
    assert any("only in the figure of the whole window: diesel" in each.lower() for each in words(both, "en"))
    assert any(each.startswith("图中各点计入：电力，") and "原煤、柴油" in each for each in words(bills, "zh"))
    assert bills["energy"]["norm"]["course"]["electricity_only"] is True
    assert "carriers" not in bills["energy"]["norm"]["course"]
    assert words(whole, "zh")[-1] == "图中各点计入：电力、原煤，折算方法与全时段相同。"
    assert not [each for each in words(measured(), "zh") if "图中各点" in each]
    assert any("没有列出" in each for each in words(measured(DIESEL, complete="false"), "zh"))


def test_a_norm_of_final_energy_counts_the_heat_and_one_of_electricity_no_carrier() -> None:
    final = measured(COAL, norm={"id": "dairy_market_milk", "product": "coal"})
    electric = measured(COAL, norm={"id": "washing_coking", "product": "coal"})

    kgce = value(final, f"{WEEK}.carrier.0.kgce")
    spent = value(final, f"{WEEK}.kwh") / 1000 + kgce * Decimal("29.3076") / 3600
    assert float(value(final, f"{WEEK}.energy")) == pytest.approx(float(spent), rel=1e-4)
    assert not [name for name in electric["figures"] if name.startswith(f"{WEEK}.carrier")]
    assert "图中各点只计电力，与该标准的口径相同。" in words(electric, "zh")


def test_every_figure_of_a_carrier_has_a_name_in_both_languages(both: dict[str, Any]) -> None:
    names = [name for name in both["figures"] if name.startswith(WEEK)]
    told = {name: figure_name(Facts(both), name) for name in names}

    assert f"{WEEK}.carrier.0.kgce" in told
    for name, called in told.items():
        assert called is not None, name
        assert Locale("zh").inline(called) != Locale("en").inline(called)


def test_a_mistake_in_where_a_carrier_is_measured_is_named() -> None:
    told = {**full_mine.intake()["energy"], "carriers": [{**COAL, "measured": {**SEEN, "asset": "belt"}}]}

    with pytest.raises(ConfigErrors, match="not an asset path"):
        parse_case(full_mine.intake(energy=told))
