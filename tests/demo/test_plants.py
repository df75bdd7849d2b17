"""The demo's faults: what is mended between two diagnoses, and what is drawn beside it."""

from __future__ import annotations

import pathlib

from ovoo_simulator.faults import FaultPlan

from scripts.demo import plants
from scripts.demo.children import Children
from scripts.demo.place import PLANTS, Place
from scripts.demo.plants import Timeline

DAY_NS = 86_400 * 10**9
NOW_NS = 1_780_624_800 * 10**9
MINE, CHEMICAL, DAIRY = PLANTS


def test_only_a_plant_that_is_diagnosed_twice_has_an_earlier_past() -> None:
    timeline = Timeline.ending(NOW_NS, 35)

    assert (timeline.of(MINE), timeline.of(CHEMICAL)) == (timeline, timeline)
    assert timeline.start_ns - timeline.of(DAIRY).start_ns == DAIRY.earlier_days * DAY_NS
    assert timeline.of(DAIRY).end_ns == timeline.end_ns


def test_the_mended_fault_ends_where_the_later_window_begins_and_is_alone_on_its_machine(
    tmp_path: pathlib.Path,
) -> None:
    place, timeline = Place(tmp_path / "state", tmp_path / "out", 0, 0), Timeline.ending(NOW_NS, 35)
    assert DAIRY.mended_fault is not None
    kind, asset, size = DAIRY.mended_fault

    with Children(tmp_path / "logs") as children:
        plants.draw_faults(children, place, DAIRY, timeline, 7)
    faults = FaultPlan.load(place.faults(DAIRY, "history")).faults
    mended = next(each for each in faults if each.asset == asset and each.end_ns == timeline.start_ns)

    assert (mended.kind, mended.size) == (kind, size)
    assert mended.end_ns - mended.start_ns == (DAIRY.earlier_days - 2) * DAY_NS
    assert [each for each in faults if each.asset == asset and each.start_ns < mended.end_ns] == [mended]
    assert any(each.start_ns < timeline.start_ns for each in faults if each.asset != asset)
