"""Equipment networked: the hand-computed value when a source is cut, ranges where nobody can know."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.indicators.delivery import still_minutes
from ovoo_cloud.diagnosis.observe import SignalScan
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_contract.catalogue import SignalEntry

from tests.cloud.diagnosis import mine
from tests.cloud.diagnosis.mine import Cut

DAY = 86_400_000_000_000
COMPRESSOR = "heishan/utilities/air/comp1"


def frozen(case: Case, *cuts: Cut) -> Any:
    return freeze(case, mine.source(case, cuts), Issue("T-1", "2026-06-08", 1, "test")).data


def machine(data: Any, name: str) -> Any:
    return next(each for each in data["network"] if each["machine"] == name)


def test_all_machines_deliver_and_five_of_eight_are_networked() -> None:
    data = frozen(mine.case())

    assert data["figures"]["equipment.total"]["value"] == "8"
    assert data["figures"]["equipment.networked"]["value"] == "5"
    assert data["figures"]["equipment.networked_percent"]["value"] == "62.5"
    assert data["figures"]["score.item.equipment_networked"]["value"] == "6"


def test_a_source_cut_for_forty_percent_changes_the_figure_to_the_hand_computed_value() -> None:
    """One machine delivers 60 % of its minutes, less than the required 80 %: 4 of 8 machines, 50.0 %, 4.5 points."""
    case = mine.case()

    data = frozen(case, Cut(COMPRESSOR, 0.3, 0.7))

    cut = machine(data, "comp1")
    assert (cut["verdict"], cut["reason"]) == ("no", "gap")
    assert data["figures"][cut["figure"]]["value"] == "60.0"
    assert data["figures"]["equipment.networked"]["value"] == "4"
    assert data["figures"]["equipment.networked_percent"]["value"] == "50.0"
    assert data["figures"]["score.item.equipment_networked"]["value"] == "4.5"


def test_the_evidence_of_the_cut_machine_lists_the_gap() -> None:
    """40 % of 35 days are 14 days, from day 10.5 to day 24.5."""
    case = mine.case()

    data = frozen(case, Cut(COMPRESSOR, 0.3, 0.7))

    evidence = data["evidence"][machine(data, "comp1")["evidence"]]
    start, end = case.start_ns + int(10.5 * DAY), case.start_ns + int(24.5 * DAY)
    assert evidence["gaps"] == [[str(start), str(end)]]
    assert machine(data, "comp1")["evidence"] in data["figures"]["equipment.networked_percent"]["evidence"]
    assert data["evidence"][machine(data, "fan1")["evidence"]]["gaps"] == []


@pytest.mark.parametrize(("length", "verdict"), [(0.2, "yes"), (0.21, "no")])
def test_eighty_percent_is_enough_and_less_is_not(length: float, verdict: str) -> None:
    data = frozen(mine.case(), Cut(COMPRESSOR, 0.0, length))

    assert machine(data, "comp1")["verdict"] == verdict


def test_a_hole_of_the_whole_platform_gives_a_range_and_not_a_lower_score() -> None:
    """Nobody saw anything for 30 % of the window: between 0 and 5 machines deliver 80 %."""
    data = frozen(mine.case(), Cut("*", 0.5, 0.8))

    figures = data["figures"]
    assert figures["equipment.networked"]["value"] is None
    assert (figures["equipment.networked"]["low"], figures["equipment.networked"]["high"]) == ("0", "5")
    assert (figures["equipment.networked_percent"]["low"], figures["equipment.networked_percent"]["high"]) == (
        "0.0",
        "62.5",
    )
    assert (figures["score.item.equipment_networked"]["low"], figures["score.item.equipment_networked"]["high"]) == (
        "0",
        "6",
    )
    assert (figures["machine.fan1.delivery_percent"]["low"], figures["machine.fan1.delivery_percent"]["high"]) == (
        "70.0",
        "100.0",
    )


def test_a_window_of_less_than_thirty_days_cannot_prove_a_machine() -> None:
    case = mine.case()
    short = replace(case, end_ns=case.start_ns + 29 * DAY)

    data = frozen(short)

    assert {each["reason"] for each in data["network"]} == {"short"}
    assert data["figures"]["equipment.networked"]["low"] == "0"
    assert data["figures"]["equipment.networked"]["high"] == "5"
    assert data["figures"]["equipment.networked"]["reason"] == "short"


def test_a_stuck_gateway_does_not_raise_the_rate() -> None:
    case = mine.case()
    source = mine.source(case)
    entries = mine.entries()
    batches = []
    for batch, entry in zip(mine.batches(case.start_ns, case.end_ns), entries, strict=True):
        if entry.address.asset == "fan1":
            for row in range(len(batch)):
                batch.value[row] = 7.0
        batches.append(batch)

    data = freeze(case, MemorySource(source.signals(), batches), Issue("T-1", "2026-06-08", 1, "test")).data

    assert (machine(data, "fan1")["verdict"], machine(data, "fan1")["reason"]) == ("no", "stuck")
    assert data["figures"]["equipment.networked"]["value"] == "4"


def test_bad_quality_is_no_delivery() -> None:
    case = mine.case()
    batches = mine.batches(case.start_ns, case.end_ns)
    for batch, entry in zip(batches, mine.entries(), strict=True):
        if entry.address.asset == "fan1":
            for row in range(len(batch) // 2):
                batch.quality[row] = 0x80000000

    data = freeze(case, MemorySource(mine.entries(), batches), Issue("T-1", "2026-06-08", 1, "test")).data

    assert data["figures"]["machine.fan1.delivery_percent"]["value"] == "50.0"
    assert machine(data, "fan1")["verdict"] == "no"


def test_a_link_is_measured_when_one_of_its_machines_delivers() -> None:
    data = frozen(mine.case(), Cut("heishan/transport/main/belt1", 0.0, 0.5))

    assert data["links"]["production"]["verdict"] == "yes"
    assert Decimal(data["figures"]["score.item.auto_collected"]["low"]) == Decimal("2.1")


def test_a_link_whose_machines_do_not_deliver_is_not_granted_on_paper() -> None:
    data = frozen(mine.case(), Cut("heishan/ventilation/main/fan1", 0.0, 0.5))

    assert data["links"]["safety"]["verdict"] == "no"
    assert "safety" not in data["answers"]["auto_collected"]["sure"] + data["answers"]["auto_collected"]["open"]


def test_an_idle_gateway_changes_nothing_but_the_number_of_machines_that_do_not_deliver() -> None:
    """Its machine is in register and catalogue, and never sends: the networked count stays, the machine is a no."""
    case = mine.case()
    raw = {
        **case.raw,
        "equipment": [
            *case.raw["equipment"],
            {"id": "idle", "name": "idle", "asset": "heishan/shaft/aux/idle1", "digital": "true", "links": ["quality"]},
        ],
    }
    idle = SignalEntry(mine.asset("heishan/shaft/aux/idle1").signal("power"), "kW", period_s=300.0)
    listed = [*mine.entries(), idle]

    data = freeze(
        parse_case(raw),
        MemorySource(listed, mine.batches(case.start_ns, case.end_ns)),
        Issue("T-1", "2026-06-08", 1, "t"),
    ).data

    assert (machine(data, "idle")["verdict"], machine(data, "idle")["reason"]) == ("no", "gap")
    assert data["figures"]["equipment.networked"]["value"] == "5"
    assert data["links"]["quality"]["verdict"] == "no"


def test_an_idle_gateway_of_a_machine_outside_the_register_changes_no_figure_of_the_score() -> None:
    case = mine.case()
    idle = SignalEntry(mine.asset("heishan/shaft/aux/idle1").signal("power"), "kW", period_s=300.0)
    parts = mine.batches(case.start_ns, case.end_ns)

    without = freeze(case, MemorySource(mine.entries(), parts), Issue("T-1", "2026-06-08", 1, "t")).data
    beside = freeze(case, MemorySource([*mine.entries(), idle], parts), Issue("T-1", "2026-06-08", 1, "t")).data

    assert beside["score"] == without["score"]
    names = [name for name in without["figures"] if name.startswith(("equipment.", "machine.", "score.", "links."))]
    assert {name: beside["figures"][name]["value"] for name in names} == {
        name: without["figures"][name]["value"] for name in names
    }


def test_a_gateway_that_repeats_its_last_values_gives_a_range_and_not_a_networked_machine() -> None:
    """The fan moves for 35 % of the window, then the gateway sends the same good values for the rest; the last hours of
    movement lie within the noise of them."""
    case = mine.case()
    batches = mine.batches(case.start_ns, case.end_ns)
    for batch, entry in zip(batches, mine.entries(), strict=True):
        if entry.address.asset == "fan1":
            stuck = int(0.35 * len(batch))
            for row in range(stuck, len(batch)):
                batch.value[row] = batch.value[stuck]

    data = freeze(case, MemorySource(mine.entries(), batches), Issue("T-1", "2026-06-08", 1, "test")).data

    assert (machine(data, "fan1")["verdict"], machine(data, "fan1")["reason"]) == ("unknown", "still")
    row = data["figures"]["machine.fan1.delivery_percent"]
    assert (row["low"], row["high"]) == ("34.7", "100.0")
    assert (data["figures"]["equipment.networked"]["low"], data["figures"]["equipment.networked"]["high"]) == ("4", "5")


def test_a_machine_of_switches_only_is_networked_when_one_of_them_moves() -> None:
    case = mine.case()
    batches = mine.batches(case.start_ns, case.end_ns)
    listed = [replace(entry, type="bool") if entry.address.asset == "hoist1" else entry for entry in mine.entries()]
    for batch, entry in zip(batches, listed, strict=True):
        if entry.type == "bool":
            for row in range(len(batch)):
                batch.value[row] = float(row // 12 % 2)

    data = freeze(case, MemorySource(listed, batches), Issue("T-1", "2026-06-08", 1, "test")).data

    assert machine(data, "hoist1")["verdict"] == "yes"


@pytest.mark.parametrize("share", [0.05, 0.15])
def test_a_hole_below_a_fifth_in_all_data_moves_no_level_and_only_widens_shares(share: float) -> None:
    """The rule allows a fifth to be missing."""
    data = frozen(mine.case(), Cut("*", 0.4, 0.4 + share))

    assert data["figures"]["equipment.networked"]["value"] == "5"
    row = data["figures"]["machine.fan1.delivery_percent"]
    assert (row["low"], row["high"]) == (f"{100 - 100 * share:.1f}", "100.0")


def test_a_hole_of_a_fifth_in_all_data_gives_a_range_that_holds_the_whole_and_no_jump() -> None:
    """One sample more than a fifth is missing: every machine may deliver 80 to 100 %."""
    whole, hole = frozen(mine.case()), frozen(mine.case(), Cut("*", 0.4, 0.6 + 1e-9))

    for name in ("equipment.networked", "equipment.networked_percent", "score.item.equipment_networked", "score.total"):
        row, before = hole["figures"][name], whole["figures"][name]
        assert row["value"] is None, name
        assert Decimal(row["low"]) <= Decimal(before["low"] or before["value"]), name
        assert Decimal(row["high"]) >= Decimal(before["high"] or before["value"]), name
    assert hole["score"]["level_low"] <= whole["score"]["level_low"] <= hole["score"]["level_high"]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60), st.integers(1, 10))
def test_still_stretches_are_those_of_a_plain_count(minutes: list[tuple[bool, bool]], least: int) -> None:
    """Against a walk minute by minute over the minutes that have data."""
    good = np.array([each for each, _ in minutes])
    changed = np.array([each and moved for each, moved in minutes])
    scan = replace(_SCAN, good=good, changed=changed)
    expected = np.zeros(len(minutes), dtype=np.bool_)
    run: list[int] = []
    for at in [*np.flatnonzero(good).tolist(), None]:
        if at is None or changed[at]:
            if len(run) >= least:
                expected[run] = True
            run = []
        else:
            run.append(at)

    assert still_minutes([scan], least).tolist() == expected.tolist()


_SCAN = SignalScan(
    entry=mine.entries()[0], samples=1, good_samples=1, sha256="0" * 64, good=np.zeros(1, dtype=np.bool_),
    seen=np.zeros(1, dtype=np.bool_), changed=np.zeros(1, dtype=np.bool_), varied=True,
)  # fmt: skip
