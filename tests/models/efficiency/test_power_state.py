"""Power states are learned without labels, follow a level that walks, and say where states cannot be told apart."""

from __future__ import annotations

import csv
import math
import random
from array import array
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_contract.errors import ArtifactError, ConfigError
from ovoo_models.base import FrameBlock
from ovoo_models.efficiency.power_levels import levels_of
from ovoo_models.efficiency.power_state import IDLE, LOAD, NO_LOAD, OFF, UNKNOWN_STATE, PowerStates

from tests.models.conftest import SECOND, START, need_data

MINUTE_NS = 60 * SECOND


def block(power: Sequence[float], running: Sequence[float] | None = None, step_s: int = 10) -> FrameBlock:
    values = power if running is None else [x for pair in zip(power, running, strict=True) for x in pair]
    times = array("q", [START + i * step_s * SECOND for i in range(len(power))])
    return FrameBlock(times, array("d", values), 1 if running is None else 2)


def shift(
    levels: Sequence[tuple[float, float]], rounds: int, rows: int, seed: int = 1
) -> tuple[list[float], list[int]]:
    """Rounds through levels (mean, noise), `rows` rows each; power and place of the level."""
    rng = random.Random(seed)
    power: list[float] = []
    truth: list[int] = []
    for _ in range(rounds):
        for place, (mean, noise) in enumerate(levels):
            power += [rng.gauss(mean, noise) for _ in range(rows)]
            truth += [place] * rows
    return power, truth


def learned(rows: FrameBlock, **options: object) -> PowerStates:
    states = PowerStates(0, **options)  # type: ignore[arg-type]
    states.learn_many(rows)
    states.settle()
    return states


def kinds(states: PowerStates) -> list[int]:
    return [level.kind for level in states.levels]


def test_all_four_states_are_found() -> None:
    power, truth = shift([(0.1, 0.05), (5.0, 0.3), (30.0, 1.0), (95.0, 4.0)], 20, 30)
    rows = block(power)

    states = learned(rows)

    assert kinds(states) == [OFF, IDLE, NO_LOAD, LOAD]
    assert [level.mean for level in states.levels] == pytest.approx([0.1, 5.0, 30.0, 95.0], abs=0.6)
    assert [level.share for level in states.levels] == pytest.approx([0.25] * 4, abs=0.01)
    found = states.states(rows)
    # one row a change is spent on the dwell
    assert sum(a == b for a, b in zip(found, truth, strict=True)) >= 0.96 * len(truth)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ([(80.0, 2.0)], [LOAD]),
        ([(80.0, 12.0)], [LOAD]),
        ([(0.0, 0.02), (80.0, 9.0)], [OFF, LOAD]),
        ([(28.0, 0.8), (80.0, 5.0)], [NO_LOAD, LOAD]),
        ([(4.0, 0.2), (80.0, 5.0)], [IDLE, LOAD]),
        ([(60.0, 2.0), (80.0, 2.0)], [LOAD]),
        ([(0.0, 0.02), (30.0, 8.0), (85.0, 2.0)], [OFF, LOAD]),
    ],
    ids=["always on", "always on, uneven", "two", "unloads", "standby", "two speeds", "part load"],
)
def test_machines_that_lack_states(levels: list[tuple[float, float]], expected: list[int]) -> None:
    states = learned(block(shift(levels, 20, 60)[0]))

    assert kinds(states) == expected
    assert not states.unclear


def test_states_that_run_into_each_other_are_unknown_not_guessed() -> None:
    power, _truth = shift([(0.0, 0.01), (40.0, 9.0), (80.0, 9.0)], 40, 50)
    rows = block(power)

    states = learned(rows)

    found = states.states(rows)
    assert states.unclear == {LOAD}
    assert states.level(LOAD) is None
    assert set(found) == {OFF, UNKNOWN_STATE}


def test_half_power_may_be_no_load_or_part_load() -> None:
    states = learned(block(shift([(52.0, 1.0), (100.0, 1.0)], 20, 60)[0]))

    assert states.unclear == {NO_LOAD}


def test_a_running_bit_says_off_and_parts_standing_from_idling() -> None:
    power, truth = shift([(0.4, 0.1), (1.5, 0.1), (80.0, 3.0)], 20, 40)
    rows = block(power, [float(place > 0) for place in truth])

    states = learned(rows, running=1)

    assert kinds(states) == [IDLE, LOAD]
    found = states.states(rows)
    assert sum(code == (OFF, IDLE, LOAD)[place] for code, place in zip(found, truth, strict=True)) > 0.96 * len(truth)


def test_a_no_load_level_that_walks_is_followed() -> None:
    states = PowerStates(0, memory_rows=4096, relearn_rows=1024)
    for step in range(60):
        level = 20.0 + 0.35 * step
        states.learn_many(block(shift([(level, 0.5), (100.0, 3.0)], 8, 64, step)[0]))

    no_load = states.level(NO_LOAD)
    assert no_load is not None
    assert no_load.mean == pytest.approx(20.0 + 0.35 * 60, abs=4.0)
    assert set(states.states(block([41.0] * 5))) == {NO_LOAD}


def test_a_change_counts_when_it_has_lasted() -> None:
    states = learned(block(shift([(0.0, 0.1), (100.0, 1.0)], 10, 50)[0]), dwell_s=30.0)

    found = states.states(block([0.0, 0.0, 100.0, 0.0, 0.0, 100.0, 100.0, 100.0, 100.0, 100.0, math.nan]))

    assert list(found) == [OFF] * 8 + [LOAD] * 2 + [UNKNOWN_STATE]


def test_after_a_gap_the_next_row_decides() -> None:
    states = learned(block(shift([(0.0, 0.1), (100.0, 1.0)], 10, 50)[0]), dwell_s=60.0)
    rows = block([0.0, 0.0, 100.0])
    rows.time_ns[2] += 3600 * SECOND

    assert list(states.states(rows)) == [OFF, OFF, LOAD]


@pytest.mark.parametrize("cut", [1, 7, 300, 1000])
def test_blocks_do_not_matter(cut: int) -> None:
    rows = block(shift([(0.0, 0.1), (30.0, 1.0), (100.0, 5.0)], 8, 60)[0])
    whole, parts = PowerStates(0), PowerStates(0)
    whole.learn_many(rows)
    for start in range(0, len(rows), cut):
        parts.learn_many(rows.rows(start, min(start + cut, len(rows))))

    assert parts.state() == whole.state()
    assert parts.bounds == whole.bounds


def test_state_survives_and_foreign_state_is_refused() -> None:
    rows = block(shift([(0.0, 0.1), (100.0, 5.0)], 8, 100)[0])
    states = learned(rows)
    again = PowerStates(0)
    again.load(states.state())

    assert again.states(rows) == states.states(rows)
    with pytest.raises(ArtifactError, match="power_state"):
        again.load({"counts": "d:"})


def test_too_few_rows_give_no_state() -> None:
    states = learned(block([1.0] * 20))

    assert not states.ready
    assert set(states.states(block([1.0, 2.0]))) == {UNKNOWN_STATE}
    assert levels_of([5.0, 5.0], 0.0, 1.0) is None


@pytest.mark.parametrize("wrong", [{"dwell_s": -1.0}, {"relearn_rows": 3}, {"memory_rows": 100}, {"kind": "torque"}])
def test_wrong_options_are_named(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="power_state"):
        PowerStates(0, **wrong)  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e30, 1e30) | st.just(math.nan), min_size=30, max_size=400))
def test_any_powers_give_rising_bounds_and_shares_of_one(power: list[float]) -> None:
    states = learned(block(power))
    bounds = states.bounds

    assert [*bounds[:3]] == sorted(bounds[:3])
    assert all(low <= high for low, high in zip(bounds[3:], bounds[:3], strict=True))
    if states.ready:
        assert math.fsum(level.share for level in states.levels) == pytest.approx(1.0)
    assert len(states.states(block(power))) == len(power)


def test_a_real_compressor_is_told_off_unloaded_and_loaded() -> None:
    """The set says loaded by its own electric valve signal; the current is all that is used here."""
    path = need_data("air-compressor") / "metropt3_first_1000.csv"
    with path.open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    rows = block([float(line["Motor_current"]) for line in lines])
    states = learned(rows, kind="current", dwell_s=0.0)

    found = states.states(rows)

    assert kinds(states) == [OFF, NO_LOAD, LOAD]
    loaded = [line["DV_eletric"] == "1.0" for line in lines]
    wrong = sum((code == LOAD) != truth for code, truth in zip(found, loaded, strict=True))
    assert wrong <= 5
    assert sum(code == OFF for code in found) == 748


@pytest.mark.parametrize(
    ("plant", "asset", "kind"),
    [("coal_mine", "transport/main/belt1", LOAD), ("dairy", "storage/cold/store1", LOAD)],
)
def test_simulated_machines_are_told_running_from_standing(plant: str, asset: str, kind: int) -> None:
    """The plant's own running bit is the truth; the states see the power alone."""
    from ovoo_simulator.plants import DEFAULT_ORIGIN_NS, create_plant

    made = create_plant(plant, seed=1)
    columns = made.simulate(DEFAULT_ORIGIN_NS, MINUTE_NS, 7 * 1440)
    at = {entry.address.signal: k for k, entry in enumerate(made.entries) if entry.address.asset_path == asset}
    power, running = (columns.value[at[name]] for name in ("power", "running"))
    rows = FrameBlock(array("q", columns.time_ns.tobytes()), array("d", power.tobytes()), 1)

    found = learned(rows, dwell_s=0.0).states(rows)

    known = [i for i in range(len(rows)) if power[i] == power[i] and running[i] == running[i]]
    assert sum((found[i] == kind) == (running[i] > 0.5) for i in known) > 0.99 * len(known)
