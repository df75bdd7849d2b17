"""Demand on the gateway: both forms of the kernel to the last bit, the projection, and its findings."""

from __future__ import annotations

import importlib
import math
import random
from array import array
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_contract.findings import Finding
from ovoo_models._select import COMPILED
from ovoo_models.base import NORMAL, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.efficiency.tariff.demand import DemandMeter
from ovoo_models.efficiency.tariff.demand_watch import DemandWatch
from ovoo_models.episodes import finding_code
from ovoo_models.phrases import render
from ovoo_models.registry import create
from ovoo_packs.templates import ModelBinding

from tests.models.efficiency.tariff.book import MINUTE_NS, first_minute

SECOND = 10**9
START = first_minute(2025, 3) * MINUTE_NS
ZONE = ZoneInfo("Asia/Shanghai")
FORMS = ["ovoo_models._demand_kernels_py", *(["ovoo_models._demand_kernels"] if COMPILED else [])]


def rows(powers: Sequence[tuple[float, ...]], step_s: int = 1, start: int = START) -> FrameBlock:
    block = FrameBlock.empty(len(powers[0]))
    for n, each in enumerate(powers):
        block.time_ns.append(start + n * step_s * SECOND)
        block.values.extend(each)
    return block


def watch(width: int = 1, **params: Any) -> DemandWatch:
    made = create("demand", {"target_kw": 500.0, **params}, Place(tuple(range(width)), -1, width, SECOND))
    assert isinstance(made, DemandWatch)
    return made


def scored(detector: DemandWatch, block: FrameBlock) -> ScoreBlock:
    out = ScoreBlock()
    detector.score_many(block, out)
    return out


@given(st.integers(0, 10**9), st.booleans(), st.sampled_from([1, 3, 15]), st.sampled_from([1, 60, 900, 4000]))
@settings(max_examples=40, deadline=None)
def test_both_forms_of_the_kernel_agree_to_the_last_bit(seed: int, sliding: bool, slots: int, gap_s: int) -> None:
    rng = random.Random(seed)
    at, times, powers = START - rng.randint(0, 4000) * SECOND, array("q"), array("d")
    for _ in range(200):
        times.append(at)
        powers.append(math.nan if rng.random() < 0.05 else rng.uniform(-50, 1000))
        at += rng.choice([-5, 0, 1, 1, 30, 61, 1000, 20_000]) * SECOND + rng.randint(0, 9)
    meter = DemandMeter(ZONE)
    meter.add_many(times, powers)  # knows the months
    found = []
    for name in FORMS:
        kernels = importlib.import_module(name)
        energy, known = array("d", bytes(8 * slots)), array("q", bytes(8 * slots))
        values, state = array("d", [math.nan, math.nan]), array("q", [-1, -1, -1, -1, 0, 0])
        ahead = array("d", bytes(16 * len(times)))
        refused = kernels.demand_rows(
            times, powers, len(times), meter._months, 900 * SECOND // slots, slots, int(sliding), gap_s * SECOND, 400.0,
            energy, known, values, state, ahead,
        )  # fmt: skip
        found.append((refused, *(each.tobytes() for each in (energy, known, values, state, ahead))))
    assert all(each == found[0] for each in found)


def test_short_columns_are_refused_by_the_compiled_form() -> None:
    if not COMPILED:
        return
    kernels = importlib.import_module("ovoo_models._demand_kernels")
    with pytest.raises(ValueError, match="shorter"):
        kernels.power_rows(array("d", [1.0]), 1, 2, array("i", [0]), 1, 1.0, array("d", [0.0, 0.0]))
    with pytest.raises(ValueError, match="outside"):
        kernels.power_rows(array("d", [1.0]), 1, 1, array("i", [1]), 1, 1.0, array("d", [0.0]))


def test_the_measure_is_what_ends_the_window_at_the_target() -> None:
    powers = [(400.0,)] * 600 + [(900.0,)] * 60
    out = scored(watch(), rows(powers))

    row = 659
    so_far = 400.0 * 600 + 900.0 * 59  # kW s up to the row itself
    left = 900 - row
    assert out.score[row] == pytest.approx((so_far + 900.0 * left) / 900 / 500, rel=1e-12)
    assert (so_far + (900.0 - out.measure[row]) * left) / 900 == pytest.approx(500.0, rel=1e-12)
    assert out.score[599] < 1.0
    assert out.measure[599] == 0.0


def test_several_meters_add_up_and_one_that_is_missing_leaves_the_row_unscored() -> None:
    detector = watch(2, kw_per_unit=1000.0)
    out = scored(detector, rows([(0.3, 0.1), (0.3, math.nan), (0.3, 0.4)]))

    assert list(out.state[:3]) == [NORMAL, UNKNOWN, NORMAL]
    assert out.score[0] == pytest.approx(400.0 / 500.0)
    assert math.isnan(out.score[1])
    shares = detector.explain(rows([(0.3, 0.1)]), out, 0)
    assert [each.column for each in shares] == [0, 1]
    assert [each.share for each in shares] == pytest.approx([0.75, 0.25])


@pytest.mark.parametrize("windows", ["fixed", "sliding"])
def test_blocks_of_any_cut_give_the_bits_of_the_meter(windows: str) -> None:
    rng = random.Random(5)
    block = rows([(rng.uniform(0, 900),) for _ in range(2500)], start=START - 1200 * SECOND)
    whole, cut = watch(windows=windows), watch(windows=windows)
    out = scored(whole, block)
    at = 0
    for size in (1, 7, 900, 1592):
        part = scored(cut, block.rows(at, at + size))
        assert part.score[:size].tobytes() == out.score[at : at + size].tobytes()
        at += size
    assert cut.state() == whole.state()
    meter = DemandMeter(ZONE, sliding=windows == "sliding")
    meter.add_many(block.time_ns, block.values)
    assert {name: whole.state()[name] for name in meter.state()} == meter.state()
    last = meter.project(500.0)
    assert last is not None
    assert out.measure[2499] == last.shed_kw


def test_a_target_and_powers_are_needed() -> None:
    with pytest.raises(ConfigError, match=r"demand\.target_kw"):
        create("demand", {}, Place((0,), -1, 1, SECOND))
    with pytest.raises(ConfigError, match="powers are needed"):
        create("demand", {"target_kw": 1.0}, Place((), -1, 1, SECOND))
    with pytest.raises(ConfigError, match="no such time zone"):
        watch(timezone="Mars/Olympus")
    with pytest.raises(ConfigError, match="no such demand window"):
        watch(window_s=700.0)


@pytest.mark.parametrize(("language", "words"), [("en", "shed 137 kW now"), ("zh", "现在减载 137 kW")])
def test_the_finding_says_what_to_shed(language: str, words: str) -> None:
    binding = ModelBinding("demand", "demand", ("power",), {"target_kw": 500.0})
    assert finding_code(binding) == "energy.demand"
    found = Finding(
        code="energy.demand", severity="warning", asset=AssetAddress.parse("a-co/s/power/in/meter1"), start_ns=START,
        end_ns=START + 60 * SECOND, value=137.0, unit="kW", model="demand", open=True,
        detail={"phrase": "energy.demand", "ratio": 1.1, "signal": "power", "signal_1": "power", "share_1": 1.0},
    )  # fmt: skip
    assert words in render(found, language, zone=ZONE)
