"""Balances of a works against sums done by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.access.roles import Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, meter_trees
from ovoo_cloud.diagnosis.meters import power_increments
from ovoo_cloud.diagnosis.observe import Series, Window
from ovoo_cloud.energy.amounts import QUARTER_NS, binned
from ovoo_cloud.energy.documents import carrier_document
from ovoo_cloud.energy.meter_balance import CarrierBalance, site_balance
from ovoo_cloud.services import Services
from ovoo_contract.errors import BudgetExceeded, ConfigErrors, Forbidden, NotFound, QueryError

from tests.cloud.builders import ENTERPRISE, SITE, T0, S
from tests.cloud.energy.meters import COMPRESSOR, DAY, FAN, HOUR, METER, MINUTE, SYSTEM, feed, meter, place_tree

MAIN = meter("main", f"{METER}/energy")
FAN_ROW = meter("fan", f"{FAN}/power", "main")
COMPRESSOR_ROW = meter("compressor", f"{COMPRESSOR}/power", "main")


def wave(n: int) -> float:
    return 100.0 + 40.0 * math.sin(n / 97.0)


def comp(n: int) -> float:
    return 60.0 + 30.0 * math.cos(n / 41.0)


def works(services: Services, minutes: int = 2 * 24 * 60, gain: float = 1.0, loss: float = 0.0) -> None:
    """A counter that sums fan and compressor plus a loss; the fan's meter reads `gain` times the truth."""
    total = np.concatenate([[0.0], np.cumsum([(wave(n) + comp(n) + loss) / 60.0 for n in range(minutes)])])
    feed(
        services,
        {
            f"{METER}/energy": ("kWh", lambda n: float(total[n])),
            f"{FAN}/power": ("kW", lambda n: gain * wave(n)),
            f"{COMPRESSOR}/power": ("kW", comp),
        },
        minutes,
    )


def balance(services: Services, start_ns: int = T0, end_ns: int = T0 + 2 * DAY) -> CarrierBalance:
    found = site_balance(services, SYSTEM, ENTERPRISE, SITE, start_ns, end_ns)
    assert found is not None
    (carrier,) = found.carriers
    return carrier


def test_a_tree_that_is_read_whole_closes(services: Services) -> None:
    works(services)
    place_tree(services, [MAIN, FAN_ROW, COMPRESSOR_ROW])

    found = balance(services)

    fan = math.fsum(wave(n) for n in range(2880)) / 60.0
    (node,) = found.balances
    assert found.readings[1].amount is not None
    assert found.readings[1].amount.value == pytest.approx(fan, rel=1e-12)
    assert found.readings[1].amount.sigma == pytest.approx(fan * 0.005 / math.sqrt(3.0))
    assert node.imbalance.value == pytest.approx(0.0, abs=1e-6)
    assert (node.explained, found.abnormal, found.rows, found.of) == (True, False, 192, 192)
    assert found.biases is not None
    assert found.biases.found == ()
    assert found.reconciliation is not None


def test_a_meter_that_reads_too_much_is_named(services: Services) -> None:
    works(services, gain=1.08)
    place_tree(services, [MAIN, FAN_ROW, COMPRESSOR_ROW])

    found = balance(services)

    assert found.balances[0].explained is False
    assert found.abnormal
    assert found.biases is not None
    (bias,) = found.biases.found
    assert "fan" in bias.meters
    assert carrier_document(found)["suspects"][0]["meters"][0] == bias.meters[0]


def test_where_a_meter_is_missing_the_rest_is_shown_and_nothing_is_tested(services: Services) -> None:
    works(services, loss=25.0)
    others = {"name": "others", "carrier": "electricity", "parent": "main", "measured": False}
    place_tree(services, [MAIN, FAN_ROW, COMPRESSOR_ROW, others])

    found = balance(services)

    rest = next(each for each in found.flows if each.kind == "rest")
    assert rest.value.value == pytest.approx(25.0 * 48.0, rel=1e-9)
    assert found.balances[0].missing == ("others",)
    assert found.balances[0].explained is None
    assert found.reconciliation is None
    assert found.biases is None
    assert [each.state for each in found.readings] == ["ok", "ok", "ok", "unmeasured"]


def test_only_quarter_hours_that_all_meters_read_enter_the_balance(services: Services) -> None:
    works(services, minutes=2 * 24 * 60)
    place_tree(services, [MAIN, FAN_ROW, COMPRESSOR_ROW])

    found = balance(services, T0, T0 + 2 * DAY + 5 * HOUR)

    assert (found.rows, found.of) == (192, 212)
    assert found.readings[0].known == pytest.approx(192 / 212)


def test_a_meter_with_too_little_data_is_taken_as_not_read_and_said_so(services: Services) -> None:
    works(services)
    with services.database.write() as session:
        meter_trees.save_tree(
            session, SYSTEM, ENTERPRISE, SITE, [MAIN, FAN_ROW, COMPRESSOR_ROW], source="图", now_ns=T0
        )

    found = balance(services, T0 + 2 * DAY - HOUR, T0 + 3 * DAY)

    assert {each.state for each in found.readings} == {"sparse"}
    assert found.rows == 0
    assert found.balances == ()


def test_a_meter_that_counts_backwards_is_put_aside_by_name(services: Services) -> None:
    feed(services, {f"{METER}/power": ("kW", wave), f"{FAN}/power": ("kW", lambda n: -wave(n))}, 24 * 60)
    place_tree(services, [meter("main", f"{METER}/power"), FAN_ROW])

    found = balance(services, T0, T0 + DAY)

    assert [each.state for each in found.readings] == ["ok", "negative"]
    assert found.abnormal


def test_without_a_tree_there_is_no_balance(services: Services) -> None:
    works(services, minutes=60)

    assert site_balance(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + HOUR) is None


def test_the_evidence_of_a_balance_is_the_same_again_and_changes_with_the_window(services: Services) -> None:
    works(services)
    place_tree(services, [MAIN, FAN_ROW, COMPRESSOR_ROW])

    first, again, other = balance(services), balance(services), balance(services, T0, T0 + DAY)

    assert first.evidence == again.evidence
    assert first.evidence.id != other.evidence.id
    assert first.evidence.samples == 3 * 2880


def test_a_new_version_is_kept_beside_the_old_with_author_and_document(services: Services) -> None:
    works(services, minutes=60)
    place_tree(services, [MAIN])
    place_tree(services, [MAIN, FAN_ROW], source="图 8")

    with services.database.read() as session:
        found = meter_trees.versions(session, SYSTEM, ENTERPRISE, SITE)
        lines = [each for each in audit.listing(session, SYSTEM) if each.action == "energy.meter_tree"]

    assert [(row.version, row.source, row.given_by) for row in found] == [
        (2, "图 8", "system"),
        (1, "一次系统图 7（虚构）", "system"),
    ]
    assert len(lines) == 2


FAULTS = {
    "no-class": ({**FAN_ROW, "class_percent": None}, "row 2 (fan)", "class"),
    "class-over-100": ({**FAN_ROW, "class_percent": 101}, "row 2 (fan)", "class"),
    "class-as-text": ({**FAN_ROW, "class_percent": "0.5"}, "row 2 (fan)", "class"),
    "missing-parent": ({**FAN_ROW, "parent": "nobody"}, "row 2 (fan)", "parent is missing"),
    "own-parent": ({**FAN_ROW, "parent": "fan"}, "row 2 (fan)", "loop"),
    "listed-twice": ({**FAN_ROW, "name": "main"}, "row 1 (main)", "two parents"),
    "unknown-signal": ({**FAN_ROW, "signal": "a/b/c/power"}, "row 2 (fan)", "no such signal"),
    "wrong-unit": ({**FAN_ROW, "signal": f"{FAN}/flow"}, "row 2 (fan)", "no amount of electricity"),
    "another-carrier": ({**FAN_ROW, "carrier": "steam"}, "row 2 (fan)", "another carrier"),
    "no-such-carrier": ({**FAN_ROW, "carrier": "hydrogen"}, "row 2 (fan)", "no such carrier"),
    "same-signal": ({**FAN_ROW, "signal": f"{METER}/energy"}, "row 1 (main)", "two meters of one signal"),
    "a-slip-in-a-key": ({**FAN_ROW, "clas": 0.5}, "row 2 (fan)", "unknown key"),
    "not-a-row": ("fan", "row 2", "not a meter"),
    "measured-without-signal": ({**FAN_ROW, "signal": ""}, "row 2 (fan)", "not a signal"),
    "name-as-list": ({**FAN_ROW, "name": ["fan"]}, "row 2 (['fan'])", "not a text"),
    "root-that-feeds": ({**FAN_ROW, "parent": None, "direction": "feed"}, "row 2 (fan)", "feeds nothing"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_row_is_refused_with_its_number(services: Services, fault: str) -> None:
    feed(services, {f"{METER}/energy": ("kWh", float), f"{FAN}/power": ("kW", wave), f"{FAN}/flow": ("m3/s", wave)}, 1)
    row, offender, words = FAULTS[fault]

    with pytest.raises(ConfigErrors) as caught:
        place_tree(services, [MAIN, row])  # type: ignore[list-item]

    assert any(each.offender == offender and words in each.message for each in caught.value.errors), caught.value


def test_a_tree_needs_its_document_and_the_right(services: Services) -> None:
    works(services, minutes=1)
    viewer = Scope("wang", Role.ENTERPRISE_VIEWER, frozenset({ENTERPRISE}))
    foreign = Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({"bayan-chem"}))

    with pytest.raises(ConfigErrors, match="1 setting"):
        place_tree(services, [MAIN], source=" ")
    with services.database.write() as session:
        for scope, error in ((viewer, Forbidden), (foreign, NotFound)):
            with pytest.raises(error):
                meter_trees.save_tree(session, scope, ENTERPRISE, SITE, [MAIN], source="x", now_ns=T0)


def test_windows_are_bounded_and_hold_a_quarter_hour(services: Services) -> None:
    with pytest.raises(BudgetExceeded):
        site_balance(services, SYSTEM, ENTERPRISE, SITE, T0, T0 + 33 * DAY)
    with pytest.raises(QueryError, match="quarter hour"):
        site_balance(services, SYSTEM, ENTERPRISE, SITE, T0 + 1, T0 + 10 * MINUTE)


@given(
    st.lists(st.integers(1, 14 * 60), min_size=20, max_size=80),
    st.lists(st.floats(0.0, 1e4), min_size=81, max_size=81),
    st.integers(0, 899),
)
def test_steps_add_up_to_the_whole(gaps_s: list[int], values: list[float], offset_s: int) -> None:
    times = np.cumsum([offset_s, *gaps_s]).astype(np.int64) * S
    parts = power_increments(Series(times, np.array(values[: len(times)])))
    end_ns = (int(times[-1]) // QUARTER_NS + 1) * QUARTER_NS

    for step_ns in (QUARTER_NS, MINUTE):
        found = binned(parts, Window(0, end_ns), step_ns)
        whole = ~np.isnan(found.amount)
        first, last = np.flatnonzero(whole)[[0, -1]].tolist() if whole.any() else (0, -1)
        assert whole[first : last + 1].all()  # no gap is over 15 minutes
        assert math.fsum(found.covered_s.tolist()) == pytest.approx((times[-1] - times[0]) / 1e9)
        start, stop = first * step_ns, (last + 1) * step_ns
        share = np.clip(np.minimum(parts.end_ns, stop) - np.maximum(parts.start_ns, start), 0, None)
        by_hand = math.fsum((parts.kwh * share / (parts.end_ns - parts.start_ns)).tolist())
        assert math.fsum(found.amount[whole].tolist()) == pytest.approx(by_hand, rel=1e-9, abs=1e-9)
