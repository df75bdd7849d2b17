"""Ways to buy a networking rate without delivering, and honest plants that look like one of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ovoo_cloud.diagnosis.case import Case, parse_case
from ovoo_cloud.diagnosis.evidence import MemorySource
from ovoo_cloud.diagnosis.indicators.doubt import DoubtRule, MinuteSeries, doubts
from ovoo_cloud.diagnosis.indicators.repeats import repeats_of
from ovoo_cloud.diagnosis.snapshot import Issue, freeze
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import ConfigErrors
from ovoo_contract.quality import CLOCK_SUSPECT
from ovoo_contract.samples import SampleBatch

from tests.cloud.diagnosis import mine

FAN = "fan1"
DAY_ROWS = 288
DAY = 86_400_000_000_000
Change = Callable[[SampleBatch, SignalEntry, np.random.Generator], None]
CALIBRATION = 0x40930000
"""Uncertain, sensor not accurate: what OPC UA says of a sensor that is being calibrated; not Good."""


def frozen(change: Change | None = None, case: Case | None = None, hidden: Sequence[tuple[int, int]] = ()) -> Any:
    """The mine with the fan's signals changed; days of `hidden` [first, last) are silent for the fan."""
    case = case or mine.case()
    batches: list[SampleBatch] = []
    for batch, entry in zip(mine.batches(case.start_ns, case.end_ns), mine.entries(), strict=True):
        if entry.address.asset == FAN:
            if change is not None:
                change(batch, entry, np.random.default_rng(len(batches)))
            rows = [n for n in range(len(batch)) if not any(a <= n // DAY_ROWS < b for a, b in hidden)]
            batch = batch.take(rows) if hidden else batch
        batches.append(batch)
    return freeze(case, MemorySource(mine.entries(), batches), Issue("T-1", "2026-06-08", 1, "test")).data


def fan(data: Any) -> tuple[str, str]:
    row = next(each for each in data["network"] if each["machine"] == FAN)
    return row["verdict"], row["reason"]


def ends(data: Any) -> tuple[str, str]:
    row = data["figures"]["machine.fan1.delivery_percent"]
    return row["low"] or row["value"], row["high"] or row["value"]


def stuck_with_noise(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """The value of the first minute with the smallest noise, for ever."""
    assert entry.high is not None
    assert entry.low is not None
    step = 0.0003 * (entry.high - entry.low)
    for row in range(len(batch)):
        batch.value[row] = batch.value[0] + float(chance.uniform(-step, step))


def retained(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """Ten days of work, then a broker hands out its retained message with each new connection."""
    for row in range(10 * DAY_ROWS, len(batch)):
        batch.value[row] = batch.value[10 * DAY_ROWS]


def replayed(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """The first 25.5 hours again and again, as a simulator plays a file."""
    for row in range(306, len(batch)):
        batch.value[row] = batch.value[row - 306]


def one_busy(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """Flow lives, the other three are dead."""
    for row in range(len(batch)):
        lives = entry.address.signal == "flow"
        batch.value[row] = batch.value[row] + float(chance.uniform(-1, 1)) if lives else batch.value[0]


def heartbeat(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """Every number is the counter of a program, and starts over at a thousand."""
    for row in range(len(batch)):
        batch.value[row] = float(row % 1000)


def wrong_clock(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
    """The gateway says from the eleventh day on that this clock is off."""
    for row in range(10 * DAY_ROWS, len(batch)):
        batch.quality[row] |= CLOCK_SUSPECT


@pytest.mark.parametrize(
    ("attack", "verdict", "reason", "most"),
    [
        (stuck_with_noise, "unknown", "calm", 0.0),
        (retained, "unknown", "still", 30.0),
        (replayed, "unknown", "replayed", 4.0),
        (one_busy, "unknown", "calm", 25.0),
        (heartbeat, "unknown", "calm", 0.0),
        (wrong_clock, "unknown", "clock", 28.6),
    ],
    ids=lambda each: each.__name__ if callable(each) else None,
)
def test_no_attack_makes_the_fan_networked(attack: Change, verdict: str, reason: str, most: float) -> None:
    data = frozen(attack)

    low, high = ends(data)
    assert fan(data) == (verdict, reason)
    assert float(low) <= most
    assert high == "100.0"
    figures = data["figures"]["equipment.networked"]
    assert (figures["value"], figures["low"], figures["high"]) == (None, "4", "5")


@pytest.mark.parametrize("attack", [stuck_with_noise, retained, replayed, one_busy, heartbeat, wrong_clock])
def test_a_level_is_stated_only_if_the_whole_range_lies_in_it(attack: Change) -> None:
    honest, bought = frozen()["score"], frozen(attack)["score"]

    assert bought["level_low"] <= honest["level_low"] <= bought["level_high"]
    assert (bought["level"] is None) == (bought["level_low"] != bought["level_high"])


def test_a_setting_that_stays_beside_three_living_signals_is_quiet_by_right() -> None:
    def settled(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
        if entry.address.signal == "flow":
            for row in range(len(batch)):
                batch.value[row] = 150.0

    assert fan(frozen(settled)) == ("yes", "")


def test_a_sensor_in_calibration_for_a_day_costs_that_day_and_no_more() -> None:
    """One of four signals for one of 35 days: 1 / 140 of the minutes is not Good."""

    def calibrated(batch: SampleBatch, entry: SignalEntry, chance: np.random.Generator) -> None:
        if entry.address.signal == "flow":
            for row in range(5 * DAY_ROWS, 6 * DAY_ROWS):
                batch.quality[row] = CALIBRATION

    data = frozen(calibrated)

    assert fan(data) == ("yes", "")
    assert ends(data) == ("99.3", "99.3")


PROVED: dict[str, Any] = {"class": "verified", "evidence": ["shift-calendar.pdf"]}


def with_shutdown(first: int, last: int, days: int = 35, **told: Any) -> Case:
    """The case over `days` with a planned shutdown of days [first, last), counted from the start of the window."""
    case = mine.case()
    start = np.datetime64(case.start_ns, "ns")
    stop = {
        "start": f"{start + np.timedelta64(first, 'D')}"[:19] + "+00:00",
        "end": f"{start + np.timedelta64(last, 'D')}"[:19] + "+00:00",
        **told,
    }
    raw = {**case.raw, "operation": {"shutdowns": [stop]}}
    return replace(parse_case(raw), end_ns=case.start_ns + days * DAY)


def test_a_shutdown_week_without_a_word_is_a_gap() -> None:
    """Eight of 35 days are missing: 77.1 % of the minutes, less than 80 %."""
    data = frozen(hidden=[(10, 18)])

    assert fan(data) == ("no", "gap")
    assert ends(data) == ("77.1", "77.1")


def test_a_shutdown_that_is_only_told_widens_the_range_and_proves_nothing() -> None:
    data = frozen(case=with_shutdown(10, 18), hidden=[(10, 18)])

    assert fan(data) == ("unknown", "shutdown")
    assert ends(data) == ("77.1", "100.0")


def test_a_shutdown_that_documents_prove_leaves_the_window_while_enough_days_remain() -> None:
    case = with_shutdown(10, 15, **PROVED)

    data = frozen(case=case, hidden=[(10, 15)])

    assert fan(data) == ("yes", "")
    assert ends(data) == ("100.0", "100.0")


def test_a_proved_shutdown_that_leaves_less_than_thirty_days_proves_no_machine() -> None:
    case = with_shutdown(10, 18, **PROVED)

    assert fan(frozen(case=case, hidden=[(10, 18)])) == ("unknown", "short")


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"class": "verified"}, "verified without a document"),
        ({"machines": ["rocket"]}, "no such machine"),
        ({"end": "2026-01-01"}, "ends before it starts"),
        ({"start": "soon"}, "not a date"),
    ],
)
def test_a_wrong_shutdown_is_refused_by_name(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigErrors, match=words):
        with_shutdown(1, 2, **told)


Floats = npt.NDArray[np.float64]
RULE = DoubtRule(still_minutes=200, noise_share=0.001, live_share=0.3)
MINUTES = 1000


def series(values: Floats, *, good: npt.NDArray[np.bool_] | None = None) -> MinuteSeries:
    told = np.isfinite(values) if good is None else good
    return MinuteSeries(SignalEntry(mine.asset("a/b/c/d").signal("x"), "1", low=0.0, high=100.0), values, told, told)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(1, 5),
    st.sampled_from(["idle", "stuck", "noisy", "loop", "beat"]),
    st.integers(0, 700),
)
def test_an_idle_or_stuck_gateway_never_proves_more_than_before_it_stuck(
    seed: int, signals: int, kind: str, from_minute: int
) -> None:
    chance = np.random.default_rng(seed)
    honest = [chance.uniform(0, 100, MINUTES) for _ in range(signals)]
    broken = [spoil(values.copy(), kind, from_minute, chance) for values in honest]

    before = [series(values) for values in honest]
    after = [series(values) for values in broken]
    sure = proving(before)
    left = proving(after)

    assert left.sum() <= sure.sum()
    # a counter is known as one by whole blocks
    assert not np.any(left[:, max(from_minute, 100) + (RULE.still_minutes if kind == "beat" else 0) :])


def proving(signals: Sequence[MinuteSeries]) -> npt.NDArray[np.bool_]:
    found, _ = doubts(signals, RULE)
    return np.vstack([each.good for each in signals]) & ~found


def spoil(values: Floats, kind: str, start: int, chance: np.random.Generator) -> Floats:
    """What a gateway that has no new values may send from a minute on."""
    rest = MINUTES - start
    if kind == "idle":
        values[start:] = np.nan
    elif kind == "stuck":
        values[start:] = values[start]
    elif kind == "noisy":
        values[start:] = 50 + chance.uniform(-0.04, 0.04, rest)
    elif kind == "loop":
        loop = max(start, 100)
        values = np.resize(values[:loop], MINUTES)
    else:
        values[start:] = np.arange(rest) % 250
    return values


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=400), st.integers(1, 3))
def test_repeated_blocks_are_those_that_a_plain_search_finds(values: list[int], times: int) -> None:
    column = np.array(values * times, dtype=np.float64)

    found = repeats_of(column)

    seen: set[tuple[float, ...]] = set()
    expected = np.zeros(len(column), dtype=np.bool_)
    for start in range(len(column) - 63):
        block = tuple(column[start : start + 64].tolist())
        if np.all(found.telling[start : start + 64]):
            expected[start : start + 64] |= block in seen
            seen.add(block)
    assert found.repeated.tolist() == expected.tolist()
