"""What a case tells about carrying out actions and about output by time: read, checked, and turned into figures."""

from __future__ import annotations

from typing import Any

import pytest
from ovoo_cloud.diagnosis.case import parse_case
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_contract.errors import ConfigErrors

from tests.cloud.diagnosis import full_mine


def figures(**changes: Any) -> dict[str, Any]:
    case = full_mine.case(**changes)
    found: dict[str, Any] = freeze(case, full_mine.source(case), Issue("N-1", "2026-06-08", 1, "t")).data["figures"]
    return found


def test_the_plain_form_rebuilds_a_case_with_plan_and_measured_product() -> None:
    case = full_mine.case()

    assert parse_case(case.raw) == case
    assert case.plan[0].responsible == "机电科 王工"
    assert case.products[0].measured is not None
    assert str(case.products[0].measured.asset) == f"heishan-coal/{full_mine.BELT}"


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"action": "idle", "budget_low_yuan": "5"}, "a cost without a document"),
        (
            {"action": "idle", "budget_low_yuan": "9", "budget_high_yuan": "5", "evidence": ["a.pdf"]},
            "below budget_low",
        ),
        ({"action": "paint"}, "not in the list"),
        ({"action": "idle", "due": "soon"}, "not a date"),
        ({"action": "idle", "who": "x"}, "unknown key"),
    ],
)
def test_a_mistake_in_the_plan_is_named(step: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigErrors, match=message):
        full_mine.case(plan=[step])


def test_an_action_is_planned_once() -> None:
    with pytest.raises(ConfigErrors, match="planned twice"):
        full_mine.case(plan=[{"action": "idle"}, {"action": "idle"}])


@pytest.mark.parametrize(
    ("measured", "message"),
    [
        ({"asset": "belt1", "signal": "output", "kind": "counter"}, "not an asset path"),
        ({"asset": full_mine.BELT, "signal": "output", "kind": "guess"}, "not in the list"),
    ],
)
def test_a_mistake_in_where_the_output_is_measured_is_named(measured: dict[str, Any], message: str) -> None:
    products = full_mine.intake()["products"]
    products[0]["measured"] = measured

    with pytest.raises(ConfigErrors, match=message):
        full_mine.case(products=products)


def test_a_budget_gives_a_payback_only_with_prices() -> None:
    energy = full_mine.intake()["energy"]
    del energy["tariff"]

    without, priced = figures(energy=energy), figures()

    assert "cost.action.idle.payback" not in without
    assert priced["cost.action.idle.payback"]["unit"] == "a"
    assert priced["cost.action.idle.budget"]["class"] == "declared"


def test_a_rate_in_another_unit_is_converted_to_that_of_the_product() -> None:
    products = full_mine.intake()["products"]
    products[0]["measured"] = {"asset": full_mine.BELT, "signal": "load", "kind": "rate"}

    found = figures(products=products)

    assert float(found["norm.course.1.output"]["value"]) == pytest.approx(22 / 24 * 168 * 900, rel=0.02)


@pytest.mark.parametrize(("signal", "reason"), [("nothing", "no_signal"), ("power", "other_unit")])
def test_a_signal_that_tells_no_output_leaves_its_cause(signal: str, reason: str) -> None:
    products = full_mine.intake()["products"]
    products[0]["measured"] = {"asset": full_mine.BELT, "signal": signal, "kind": "counter"}
    case = full_mine.case(products=products)

    data = freeze(case, full_mine.source(case), Issue("N-1", "2026-06-08", 1, "t")).data

    assert data["energy"]["norm"]["course"]["reason"] == reason
