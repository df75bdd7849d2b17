"""Off, start-up, idle and load: one regime a row, kernel against twin and oracle, and no start that is a fault."""

from __future__ import annotations

import base64
import json
import math
import random
from array import array
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.address import AssetAddress
from ovoo_contract.errors import ConfigError
from ovoo_models import _frame_kernels_py, _kernels_py
from ovoo_models._select import frame_kernels, kernels
from ovoo_models.artifact import ModelSet, SignalUse, dumps, loads
from ovoo_models.base import ALARM, IDLE, LOAD, NORMAL, OFF, SETTLING, UNKNOWN, FrameBlock, Place, ScoreBlock
from ovoo_models.checks import check_detector
from ovoo_models.checks.rows import odd_rows
from ovoo_models.estimator import Estimator
from ovoo_models.gate import Gate
from ovoo_models.latch import Latch
from ovoo_models.monitor import AssetMonitor, place_of
from ovoo_models.params import Params
from ovoo_models.regimes import split_of
from ovoo_models.registry import create
from ovoo_models.train.fit import fit_frames
from ovoo_packs.templates import ModelBinding

from tests.models.conftest import SECOND, START, to_batch

MINUTE = 60 * SECOND
NAMES = ("running", "power", "flow", "temperature")
LOADED = {"gate": "running", "gate_above": 0.5, "load": "power", "load_above": 80.0, "load_release": 60.0}
CODES = {UNKNOWN, OFF, SETTLING, NORMAL, IDLE, LOAD}


def gate(settle_s: float = 120.0, **params: Any) -> Gate:
    known = Params({"settle_s": settle_s, **LOADED, **params}, "test")
    return Gate(known, Place((1, 2, 3), 0, 4, MINUTE, 1))


def states(found: Gate, *cells: tuple[float, float]) -> list[int]:
    """One row a minute of running and power."""
    rows = FrameBlock(
        array("q", [START + i * MINUTE for i in range(len(cells))]),
        array("d", [x for pair in cells for x in (*pair, 0.0, 0.0)]),
        4,
    )
    return list(found.mask(rows)[: len(cells)])


def compressor(days: int, seed: int, fault_from: int | None = None, fault: float = 1.12) -> FrameBlock:
    """A minute a row: off at night, idle for two hours about noon, else under load; idle draws power and moves no air.

    The fault asks for more power under load.
    """
    rng = random.Random(seed)
    block = FrameBlock.empty(4)
    for i in range(days * 1440):
        hour = i / 60 % 24
        running = 0.0 if hour >= 20 else 1.0
        loaded = running if not 11 <= hour < 13 else 0.0
        flow = loaded * (60 + 8 * math.sin(hour) + rng.gauss(0, 1))
        power = running * (30 + rng.gauss(0, 0.5)) + loaded * (50 + 0.9 * flow)
        if fault_from is not None and i >= fault_from:
            power += loaded * (fault - 1) * power
        block.time_ns.append(START + i * MINUTE)
        block.values.extend([running, power, flow, 20 + 0.3 * power + rng.gauss(0, 0.3)])
    return block


def test_a_row_is_off_starting_idle_or_under_load() -> None:
    on, idle, loaded = (1.0, 100.0), (1.0, 30.0), (1.0, 70.0)

    assert states(gate(), (0.0, 0.0), idle, idle, idle, on, on, on, loaded, idle, idle, idle, (0.0, 0.0), on) == [
        OFF, SETTLING, SETTLING, IDLE, SETTLING, SETTLING, NORMAL, NORMAL, SETTLING, SETTLING, IDLE, OFF, SETTLING,
    ]  # fmt: skip


def test_between_release_and_threshold_the_regime_stays() -> None:
    assert states(gate(0.0), (1.0, 70.0), (1.0, 90.0), (1.0, 70.0), (1.0, 50.0), (1.0, 70.0)) == [
        IDLE, NORMAL, NORMAL, IDLE, IDLE,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("regimes", "expected"), [("load", [IDLE, NORMAL]), ("idle", [NORMAL, LOAD]), ("both", [NORMAL, NORMAL])]
)
def test_a_model_scores_the_regimes_it_names(regimes: str, expected: list[int]) -> None:
    assert states(gate(0.0, regimes=regimes), (1.0, 30.0), (1.0, 100.0)) == expected


def test_missing_cells_are_unknown_and_leave_the_regime_alone() -> None:
    nan = math.nan
    cells = [(1.0, 100.0), (nan, 100.0), (1.0, nan), (1.0, 70.0), (0.0, nan)]

    assert states(gate(0.0), *cells) == [NORMAL, UNKNOWN, UNKNOWN, NORMAL, OFF]


def oracle(times: list[int], cells: list[tuple[float, float]], settle_ns: int, scored: str) -> list[int]:
    """The page of the reference, row by row in the plainest way."""
    since, last, regime = None, 0, ""
    found = []
    for at, (running, power) in zip(times, cells, strict=True):
        if math.isnan(running) or (running >= 0.5 and math.isnan(power)):
            found.append(UNKNOWN)
            continue
        if running < 0.5:
            since, regime = None, ""
            found.append(OFF)
        else:
            now = "load" if power >= (60.0 if regime == "load" else 80.0) else "idle"
            if since is None or at < since or at - last > 3600 * SECOND or now != regime:
                since = at
            regime = now
            settled = NORMAL if scored in (now, "both") else IDLE if now == "idle" else LOAD
            found.append(SETTLING if at - since < settle_ns else settled)
        last = at
    return found


ROW = st.tuples(
    st.sampled_from([0.0, 1.0, 1.0, 1.0, math.nan]),
    st.sampled_from([0.0, 30.0, 59.9, 60.0, 79.0, 80.0, 100.0, math.nan]),
)
STEP = st.sampled_from([1, 30, 60, 60, 120, 3600, 3601, -5])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(ROW, STEP), min_size=1, max_size=60), st.sampled_from([0.0, 60.0, 300.0]),
       st.sampled_from(["load", "idle", "both"]), st.integers(1, 9))  # fmt: skip
def test_every_row_has_one_regime_whatever_the_cuts(
    rows: list[tuple[tuple[float, float], int]], settle_s: float, regimes: str, cut: int
) -> None:
    times, at = [], START
    for _row, step in rows:
        at += step * SECOND
        times.append(at)
    cells = [row for row, _step in rows]
    block = FrameBlock(array("q", times), array("d", [x for pair in cells for x in (*pair, 0.0, 0.0)]), 4)
    whole = list(gate(settle_s, regimes=regimes).mask(block)[: len(rows)])
    cutter, pieces = gate(settle_s, regimes=regimes), []
    for start in range(0, len(rows), cut):
        part = block.rows(start, min(start + cut, len(rows)))
        pieces += list(cutter.mask(part)[: len(part)])
    outcomes = []
    for module in (kernels, _kernels_py):
        other, out = gate(settle_s, regimes=regimes), array("B", bytes(len(rows)))
        module.regime_rows(block.time_ns, block.values, 4, len(rows), other.parts, out)
        outcomes.append((out.tobytes(), other.running.tobytes()))

    assert whole == pieces == oracle(times, cells, round(settle_s * 1e9), regimes)
    assert set(whole) <= CODES
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == bytes(whole)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([0.0, 1.0, math.nan]), min_size=1, max_size=50), st.sampled_from([0.0, 180.0]))
def test_without_a_load_the_gate_is_what_it_was(running: list[float], settle_s: float) -> None:
    times = array("q", [START + i * MINUTE for i in range(len(running))])
    plain = Gate(Params({"gate_above": 0.5, "settle_s": settle_s}, "test"), Place((0,), 0, 1, MINUTE))
    expected = bytes(plain.mask(FrameBlock(times, array("d", running), 1))[: len(running)])
    for module in (kernels, _kernels_py):
        other = Gate(Params({"gate_above": 0.5, "settle_s": settle_s}, "test"), Place((0,), 0, 1, MINUTE))
        out = array("B", bytes(len(running)))
        module.regime_rows(times, array("d", running), 1, len(running), other.parts, out)

        assert bytes(out) == expected
        assert other.running == plain.running
        assert len(other.running) == 2


PLACED = {
    "mewma": (1, 2, 3),
    "pca": (1, 2, 3),
    "change_point": (1, 2, 3),
    "half_space": (1, 2, 3),
    "variance": (1, 2, 3),
}
SMALL = {"half_space": {"window": 500}}


def bound(model: str, **params: Any) -> ModelBinding:
    names = tuple(NAMES[k] for k in PLACED.get(model, (1,)))
    extra = SMALL.get(model, {"learn_rows": 1500})
    return ModelBinding(model, model.replace("_", "-"), names, MappingProxyType({**LOADED, **extra, **params}))


def one(model: str, **params: Any) -> ModelSet:
    return ModelSet("plant/compressor", 60.0, tuple(SignalUse(name) for name in NAMES), (bound(model, **params),))


@pytest.mark.parametrize("regimes", ["load", "both"])
@pytest.mark.parametrize("model", list(PLACED))
def test_detectors_keep_their_promises_with_regimes(model: str, regimes: str) -> None:
    models = one(model, regimes=regimes)
    place = place_of(models.bindings[0], models, MINUTE)

    check_detector(lambda: create(model, models.bindings[0].params, place), compressor(9, 1), odd_rows(4))


@pytest.mark.parametrize("model", ["mewma", "pca", "change_point"])
def test_starts_stops_load_steps_and_idle_hours_are_no_fault_and_the_same_fault_under_load_is(model: str) -> None:
    fitted = fit_frames(one(model), compressor(14, 1), {})
    calm, told = alarms(fitted, compressor(7, 2)), alarms(fitted, compressor(3, 3, fault_from=2000))
    block = compressor(3, 3, fault_from=2000)

    assert calm == []
    assert told
    assert block.time_ns[2000] <= told[0] <= block.time_ns[2000] + 12 * 60 * MINUTE


def alarms(fitted: ModelSet, rows: FrameBlock) -> list[int]:
    """Times of rows in alarm."""
    binding = fitted.bindings[0]
    detector = create(binding.model, binding.params, place_of(binding, fitted, MINUTE))
    detector.load(fitted.states[binding.id])
    out = ScoreBlock()
    detector.score_many(rows, out)
    assert set(out.state[: len(rows)]) >= {OFF, SETTLING, IDLE, NORMAL}
    Latch().run(rows, out, detector.watch)
    return [rows.time_ns[i] for i in range(len(rows)) if out.state[i] == ALARM]


@pytest.mark.parametrize("model", ["pca", "half_space"])
def test_single_rows_give_the_bits_of_blocks(model: str) -> None:
    fitted = fit_frames(one(model), compressor(9, 1), {})
    binding, rows = fitted.bindings[0], compressor(2, 4)
    block: Any = create(binding.model, binding.params, place_of(binding, fitted, MINUTE))
    single: Any = create(binding.model, binding.params, place_of(binding, fitted, MINUTE))
    for each in (block, single):
        each.load(fitted.states[binding.id])
    out = ScoreBlock()
    block.score_many(rows, out)
    scorer = single.row_scorer()
    found = array("d", [scorer.score_at(rows.values[4 * i : 4 * i + 4], t) for i, t in enumerate(rows.time_ns)])

    assert [None if x != x else x for x in found] == [None if x != x else x for x in out.score[: len(rows)]]
    assert block.state()["running"] == single.state()["running"]


def test_learning_takes_only_the_rows_of_the_regime() -> None:
    models = fit_frames(one("mewma"), compressor(9, 1), {})
    detector = create("mewma", models.bindings[0].params, place_of(models.bindings[0], models, MINUTE))
    detector.load(models.states["mewma"])
    centre = array("d", base64.b64decode(detector.state()["centre"].partition(":")[2]))

    assert centre[1] > 50.0, "idle rows, which move no air, would pull the mean flow down"


def two(idle: int, load: int, seed: int, distance: float) -> list[float]:
    rng = random.Random(seed)
    return [rng.gauss(30, 2) for _ in range(idle)] + [rng.gauss(30 + distance, 8) for _ in range(load)]


@settings(max_examples=30, deadline=None)
@given(st.integers(60, 600), st.integers(200, 2000), st.integers(0, 99))
def test_two_clusters_are_split_between_them_in_any_order(idle: int, load: int, seed: int) -> None:
    values = two(idle, load, seed, 90.0)
    split = split_of(values)
    random.Random(seed).shuffle(values)

    assert split is not None
    assert 36 < split.release < split.above < 96
    assert split.idle_share == pytest.approx(idle / (idle + load), abs=0.01)
    assert split_of([*values, math.nan]) == split


@pytest.mark.parametrize(
    "values",
    [
        [50.0] * 500,
        [float(k) for k in range(1000)],
        [random.Random(k).gauss(50, 5) for k in range(1000)],
        [50 + 20 * math.sin(k / 50) for k in range(5000)],
        two(5, 1000, 1, 90.0),
        two(40, 50, 1, 90.0),
        [],
    ],
    ids=["constant", "even", "one-cluster", "daily-wave", "too-rare", "too-few", "none"],
)
def test_what_is_not_two_clusters_is_not_split(values: list[float]) -> None:
    assert split_of(values) is None


def test_training_learns_the_threshold_and_the_card_says_it() -> None:
    models = fit_frames(one("mewma", load_above="learn", load_release=0.0), compressor(9, 1), {})
    params = models.bindings[0].params

    assert 40 < params["load_above"] < 115
    assert models.card["regimes"]["mewma"]["load_above"] == params["load_above"]
    assert 0.05 < models.card["regimes"]["mewma"]["idle_share"] < 0.2
    assert loads(dumps(models)).bindings == models.bindings


def test_one_regime_is_said_where_the_history_knows_no_idling() -> None:
    rows = compressor(9, 1)
    for i in range(len(rows)):
        if rows.values[4 * i] == 1.0:
            rows.values[4 * i + 1] = 100 + 20 * math.sin(i / 90)
    models = fit_frames(one("mewma", load_above="learn"), rows, {})

    assert models.card["regimes"] == {"mewma": {"regimes": "one"}}
    assert "load_above" not in models.bindings[0].params


def test_an_estimator_learns_the_threshold_and_keeps_it(tmp_path: Any) -> None:
    params = {"gate": "running", "gate_above": 0.5, "load": "power", "learn_rows": 1500}
    model = Estimator("mewma", params, columns=NAMES, inputs=NAMES[1:])
    rows = compressor(9, 1)
    assert set(model.score_many(rows.values, rows.time_ns).state) == {UNKNOWN, OFF, SETTLING}
    model.learn_many(rows.values, rows.time_ns).save(tmp_path / "model.json")
    again = Estimator.load(tmp_path / "model.json")
    day = compressor(10, 2).rows(9 * 1440, 10 * 1440)

    assert model.ready
    assert {OFF, SETTLING, IDLE, NORMAL} <= set(again.score_many(day.values, day.time_ns).state)
    assert isinstance(again.params["load_above"], float)


@pytest.mark.parametrize(
    ("params", "offender"),
    [
        ({"load_above": "high"}, "load_above"),
        ({"load_above": True}, "load_above"),
        ({"load_release": 81.0}, "load_release"),
        ({"regimes": "off"}, "regimes"),
        ({"load": 1}, "load"),
    ],
)
def test_wrong_parameters_are_named(params: dict[str, Any], offender: str) -> None:
    with pytest.raises(ConfigError, match=offender):
        gate(**params)


@pytest.mark.parametrize("params", [{"load_above": 5.0}, {"regimes": "idle"}, {"load_release": 3.0}])
def test_a_load_without_a_signal_is_refused(params: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        Gate(Params(params, "test"), Place((0,), -1, 1, MINUTE))


def test_state_columns_put_idle_below_every_scored_state() -> None:
    codes = array("B", range(8))
    for module in (frame_kernels, _frame_kernels_py):
        out = array("d", bytes(64))
        module.widen_codes(codes, 8, out)

        assert list(out) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 1.5, 1.75]


def test_the_monitor_goes_on_from_its_state_in_every_regime() -> None:
    models = fit_frames(one("mewma"), compressor(9, 1), {})
    asset, rows = AssetAddress.parse("plant/site/area/line/compressor"), compressor(2, 5)
    index = {name: k for k, name in enumerate(NAMES)}
    whole = AssetMonitor(models, asset, grace_s=0.0)
    first = whole.process(to_batch(rows.rows(0, 700)), index, 0)
    again = AssetMonitor(models, asset, grace_s=0.0)
    again.load(json.loads(whole.state_json()))
    rest = to_batch(rows.rows(700, len(rows)))

    assert first.findings == ()
    one_way, other = again.process(rest, index, 0), whole.process(rest, index, 0)
    assert one_way.findings == other.findings
    assert one_way.batch.value.tobytes() == other.batch.value.tobytes()
    assert one_way.batch.time_ns == other.batch.time_ns
    assert 1.5 in set(one_way.batch.value), "the state column says idle"


def test_a_baseline_of_work_learns_no_idle_power() -> None:
    params = {**LOADED, "load": "flow", "load_above": 20.0, "load_release": 10.0}
    binding = ModelBinding("energy_baseline", "baseline", ("power", "flow"), MappingProxyType(params))
    signals = tuple(SignalUse(name) for name in NAMES)
    models = fit_frames(ModelSet("plant/compressor", 60.0, signals, (binding,)), compressor(14, 1), {})
    detector = create("energy_baseline", params, place_of(binding, models, MINUTE))
    detector.load(models.states["baseline"])
    rows, out = compressor(1, 6), ScoreBlock()
    detector.score_many(rows, out)

    assert detector.ready
    assert IDLE in out.state[: len(rows)]
    assert not any(out.state[i] == NORMAL and rows.values[4 * i + 2] < 20 for i in range(len(rows)))
