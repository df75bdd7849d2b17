"""Equipment networked: the hand-computed value when a source is cut, ranges where nobody can know."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.snapshot import Issue, freeze

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
