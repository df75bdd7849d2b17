"""Whole rows one by one: the same alarms as blocks, held gaps, findings with causes."""

from __future__ import annotations

import math
import random
from array import array
from types import MappingProxyType
from typing import Any

import pytest
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_models import _row_kernels_py
from ovoo_models._select import row_kernels
from ovoo_models.anomaly.change_point import ChangePoint
from ovoo_models.artifact import ModelSet, SignalUse
from ovoo_models.base import FrameBlock, ScoreBlock
from ovoo_models.latch import CLOSED, OPENED, Latch
from ovoo_models.monitor import AssetMonitor, place_of
from ovoo_models.registry import create
from ovoo_models.rows import RowMonitor
from ovoo_models.train.fit import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, odd_rows, to_batch

ASSET = AssetAddress.parse("plant/site/area/line/pump")
NAMES = ("speed", "power", "temperature")
MINUTE = 60 * SECOND


def rows(count: int, seed: int, fault_from: int | None = None) -> FrameBlock:
    """Three signals that follow one load; the fault adds to the temperature alone."""
    rng = random.Random(seed)
    block = FrameBlock.empty(3)
    for i in range(count):
        load = rng.gauss(50, 5)
        hot = 15.0 if fault_from is not None and i >= fault_from else 0.0
        block.time_ns.append(START + i * MINUTE)
        block.values.extend([load, 2 * load + rng.gauss(0, 1), 20 + load + hot + rng.gauss(0, 1)])
    return block


def model_set(*models: str) -> ModelSet:
    params = MappingProxyType({"settle_s": 0, "on_delay_s": 120, "off_delay_s": 120, "window": 500})
    unknown = {"half_space": (), "change_point": ("window", "on_delay_s")}
    bindings = tuple(
        ModelBinding(
            model,
            model.replace("_", "-"),
            NAMES,
            MappingProxyType(
                {name: value for name, value in params.items() if name not in unknown.get(model, ("window",))}
            ),
        )
        for model in models
    )
    signals = tuple(SignalUse(name, hold_s=150.0) for name in NAMES)
    return fit_frames(ModelSet(str(ASSET), 60.0, signals, bindings), rows(6000, 1), {})


def test_rows_give_the_findings_of_the_block_monitor() -> None:
    models = model_set("pca", "half_space", "isolation", "change_point")
    stream = rows(400, 2, fault_from=200)
    stream.values[3 * 300 : 3 * 400] = rows(100, 3).values
    single = RowMonitor(models, ASSET)
    found = []
    for i, time_ns in enumerate(stream.time_ns):
        found += single.process(stream.values[3 * i : 3 * i + 3], time_ns)
    blocks = AssetMonitor(models, ASSET, grace_s=0.0)
    index = {name: k for k, name in enumerate(NAMES)}
    expected = [
        *blocks.process(to_batch(stream), index, 0).findings,
        *blocks.flush(stream.time_ns[-1] + MINUTE, 0).findings,
    ]

    assert found
    assert {each.code for each in found} >= {"anomaly.subspace"}
    assert any(not each.open for each in found)
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert found[0].detail["signal_1"] == "temperature"


def test_latch_rows_are_those_of_the_block_latch_and_its_twin() -> None:
    rng = random.Random(5)
    block = odd_rows(600, 1, 4)
    out = ScoreBlock()
    out.resize(600, 0)
    for i in range(600):
        out.score[i] = rng.choice([math.nan, 0.0, 0.6, 0.9, 1.0, 1.5, 7.0])
        out.limits[i], out.measure[i] = 1.0, out.score[i]
        out.state[i] = 3 if out.score[i] == out.score[i] else 0
    scores = out.score[:600]
    detector = create("pca", {"on_delay_s": 20, "off_delay_s": 60, "merge_s": 600}, place())
    whole, single = Latch(), Latch()
    events = whole.run(block, out, detector.watch)
    step = single.row(detector.watch).step
    kinds = [step(time_ns, score, 1.0) for time_ns, score in zip(block.time_ns, scores, strict=True)]

    assert [(event.row, event.kind) for event in events] == [(i, kind) for i, kind in enumerate(kinds) if kind]
    assert {OPENED, CLOSED} <= {event.kind for event in events}
    assert whole.state() == single.state()
    at, peak = array("q", [0, *[-1] * 7]), array("d", bytes(24))
    twin = _row_kernels_py.LatchRow(0.7, 20 * SECOND, 60 * SECOND, 600 * SECOND, 3600 * SECOND, 1800 * SECOND, at, peak)
    assert kinds == [twin.step(time_ns, score, 1.0) for time_ns, score in zip(block.time_ns, scores, strict=True)]


def place() -> Any:
    models = ModelSet(str(ASSET), 60.0, tuple(map(SignalUse, NAMES)), ())
    return place_of(ModelBinding("pca", "pca", NAMES, MappingProxyType({})), models, MINUTE)


def test_gaps_are_held_for_a_while_and_not_longer() -> None:
    for module in (row_kernels, _row_kernels_py):
        out = array("d", [0.0, 0.0])
        hold = module.HoldRow(array("q", [10, 0]), array("d", [math.nan] * 2), array("q", [-1, -1]), out)
        seen = []
        for time_ns, row in ((0, (1.0, 2.0)), (5, (math.nan, math.nan)), (10, (math.nan, 3.0)), (11, (math.nan, 3.0))):
            hold.take(array("d", row), time_ns)
            seen.append(list(out))
        hold.take(array("d", [math.nan, math.nan]), 2)

        assert seen[0] == [1.0, 2.0]
        assert seen[1][0] == 1.0
        assert math.isnan(seen[1][1])
        assert seen[2] == [1.0, 3.0]
        assert math.isnan(seen[3][0])
        assert math.isnan(out[1]), "a time before the last one holds nothing"
        with pytest.raises(ValueError, match="doubles"):
            hold.take(array("d", [1.0]), 0)


def test_change_points_row_by_row_have_the_bits_and_causes_of_the_block() -> None:
    models = model_set("change_point")
    stream, width = rows(400, 2, fault_from=200), len(NAMES)
    place = place_of(models.bindings[0], models, MINUTE)
    block, single = (create("change_point", models.bindings[0].params, place) for _ in range(2))
    for each in (block, single):
        each.load(models.states["change-point"])
    assert isinstance(single, ChangePoint)
    out, scorer, found = ScoreBlock(), single.row_scorer(), array("d")
    stream.values[3 * 50] = math.nan
    block.score_many(stream, out)

    for i in range(len(stream)):
        found.append(scorer.score_at(stream.values[i * width : (i + 1) * width], stream.time_ns[i]))
        if out.score[i] >= out.limits[i]:
            assert single.explain_row(stream.values[i * width : (i + 1) * width]) == block.explain(stream, out, i)

    assert found.tobytes() == out.score[: len(stream)].tobytes()
    assert any(score >= limit for score, limit in zip(found, out.limits, strict=False))
    assert any(math.isnan(score) for score in found)  # mute after the change
    assert single.state() == block.state()


def test_change_points_take_rows_one_period_apart_and_refuse_others() -> None:
    models = model_set("change_point")
    place = place_of(models.bindings[0], models, MINUTE)
    timed, plain = (create("change_point", models.bindings[0].params, place) for _ in range(2))
    for each in (timed, plain):
        each.load(models.states["change-point"])
    assert isinstance(timed, ChangePoint)
    assert isinstance(plain, ChangePoint)
    row = array("d", [50.0, 100.0, 70.0])

    for i in range(1, 5):
        assert plain.row_scorer().score(row) == timed.row_scorer().score_at(row, i * MINUTE)
    assert plain.row_scorer().score_learn(row) == timed.row_scorer().score_at(row, 5 * MINUTE)
    for bad in (array("f", row), row[:2]):
        with pytest.raises(ValueError, match=r"."):
            plain.row_scorer().score(bad)


def test_detectors_without_a_row_face_are_named() -> None:
    signals = tuple(map(SignalUse, NAMES))
    binding = ModelBinding("range", "range", ("speed",), MappingProxyType({"high": 3.0}))
    with pytest.raises(ConfigError, match=r"rows\.range"):
        RowMonitor(ModelSet(str(ASSET), 60.0, signals, (binding,)), ASSET)
