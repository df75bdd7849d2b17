"""Findings that touch become one incident with its likely cause, in whatever order they come."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ArtifactError
from ovoo_contract.findings import Finding
from ovoo_models.grouping import Grouper, incidents, likely_cause
from ovoo_models.phrases import render

HOUR = 3_600_000_000_000
PUMP = AssetAddress("e", "s", "drainage", "main", "pump1")
BOILER = AssetAddress("e", "s", "steam", "a", "boiler1")
HEADER = AssetAddress("e", "s", "steam", "b", "header1")
REACTOR = AssetAddress("e", "s", "synthesis", "c", "reactor1")
LINKS = {HEADER.path: (BOILER.path,), REACTOR.path: (HEADER.path,)}
CODES = ("anomaly.multivariate", "signal.flatline", "signal.drift", "limit.high", "energy.excess")


def finding(
    code: str, start_h: float, end_h: float, asset: AssetAddress = PUMP, model: str = "", **detail: str | float
) -> Finding:
    start, end = round(start_h * HOUR), round(end_h * HOUR)
    return Finding(code, "warning", asset, start, end, model=model or code, detail={"phrase": code, **detail})


def anomaly(start_h: float, end_h: float, signal: str = "power", asset: AssetAddress = PUMP) -> Finding:
    return finding("anomaly.multivariate", start_h, end_h, asset, signal_1=signal, share_1=0.7)


@st.composite
def some_findings(draw: st.DrawFn) -> list[Finding]:
    count = draw(st.integers(1, 8))
    made = {}
    for number in range(count):
        start = draw(st.integers(0, 40))
        asset = draw(st.sampled_from([PUMP, BOILER, HEADER, REACTOR]))
        signal = draw(st.sampled_from(["power", "flow", "head"]))
        each = finding(draw(st.sampled_from(CODES)), start, start + draw(st.integers(0, 20)), asset, f"m{number}",
                       signal=signal)  # fmt: skip
        made[each.id] = each
    return [*made.values()]


@settings(deadline=None)
@given(some_findings(), st.randoms(use_true_random=False))
def test_incidents_are_a_function_of_the_set(found: list[Finding], random: object) -> None:
    mixed = [*found]
    random.shuffle(mixed)  # type: ignore[attr-defined]

    assert incidents(mixed, LINKS) == incidents(found, LINKS)
    assert sorted(each.id for group in incidents(found, LINKS) for each in group.members) == sorted(
        each.id for each in found
    )


@settings(deadline=None)
@given(some_findings(), st.randoms(use_true_random=False))
def test_the_order_within_a_row_does_not_matter(found: list[Finding], random: object) -> None:
    mixed = [*found]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    one, other = Grouper(), Grouper()

    assert one.take(0, found) == other.take(0, mixed)
    assert one.state() == other.state()


@settings(deadline=None)
@given(some_findings(), st.integers(0, 8))
def test_a_restart_changes_nothing(found: list[Finding], cut: int) -> None:
    ordered = sorted(found, key=lambda each: each.start_ns)
    whole, first, second = Grouper(), Grouper(), Grouper()
    told = [told for each in ordered for told in whole.take(each.start_ns, [each])]

    before = [told for each in ordered[:cut] for told in first.take(each.start_ns, [each])]
    second.load(json.loads(json.dumps(first.state())))
    after = [told for each in ordered[cut:] for told in second.take(each.start_ns, [each])]

    assert before + after == told


def last(told: Sequence[Finding]) -> dict[str, Finding]:
    return {each.id: each for each in told}


def test_a_bad_sensor_and_what_the_machine_model_makes_of_it_are_one_finding() -> None:
    grouper = Grouper()
    odd, flat = anomaly(1, 2, "flow"), finding("signal.flatline", 0.9, 3, signal="flow")

    told = last([*grouper.take(HOUR, [odd]), *grouper.take(2 * HOUR, [flat])])

    assert told[flat.id].detail["group"] == told[odd.id].detail["group"] == odd.id
    assert told[odd.id].detail["cause"] == "signal.flatline"
    assert told[odd.id].detail["cause_signal"] == "flow"
    assert told[odd.id].detail["members"] == "anomaly.multivariate signal.flatline"
    assert "members" not in told[flat.id].detail
    assert render(told[odd.id], "en").endswith("Likely cause: the sensor of Flow.")
    assert render(told[odd.id], "zh").endswith("可能原因：流量传感器。")


def test_a_sensor_that_nobody_else_names_does_not_take_the_blame() -> None:
    odd, flat = anomaly(1, 2, "power"), finding("signal.flatline", 1.5, 3, signal="sump_level")

    assert likely_cause([odd, flat]) is odd


def test_a_limit_is_a_symptom_though_it_came_first() -> None:
    odd, limit = anomaly(1.2, 2), finding("limit.high", 1, 2, signal="power")

    assert likely_cause([limit, odd]) is odd


def test_findings_far_apart_stay_apart() -> None:
    grouper = Grouper()
    early, late = anomaly(0, 1), finding("energy.excess", 1.5, 3, signal="power")

    told = [*grouper.take(0, [early]), *grouper.take(2 * HOUR, [late])]

    assert [each.detail["group"] for each in told] == [early.id, late.id]


def test_a_fault_that_lasts_for_days_does_not_swallow_the_next_one() -> None:
    grouper = Grouper()
    old = Finding("energy.excess", "warning", PUMP, 0, HOUR, model="b", open=True, detail={"signal": "power"})
    fresh = anomaly(30, 31)

    told = [*grouper.take(0, [old]), *grouper.take(30 * HOUR, [fresh])]

    assert [each.detail["group"] for each in told] == [old.id, fresh.id]


def test_the_asset_upstream_is_the_likely_cause() -> None:
    groups = incidents([anomaly(1, 5, "flow", REACTOR), anomaly(1.1, 4, "steam_flow", BOILER),
                        anomaly(1.2, 4, "pressure", HEADER), anomaly(1.2, 4)], LINKS)  # fmt: skip

    assert [{each.asset.path for each in group.members} for group in groups] == [
        {REACTOR.path, HEADER.path, BOILER.path},
        {PUMP.path},
    ]
    assert groups[0].cause.asset == BOILER


def test_assets_without_a_link_stay_apart_however_close_in_time() -> None:
    assert len(incidents([anomaly(1, 5, asset=BOILER), anomaly(1, 5, asset=REACTOR)])) == 2


def test_foreign_state_is_refused() -> None:
    with pytest.raises(ArtifactError, match="grouping"):
        Grouper().load([[{"code": 3}]])
