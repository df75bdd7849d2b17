"""The NAB scorer against hand values and a slow reading of its rules; the detector on the shared files."""

from __future__ import annotations

import json
import math
from array import array
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.boards.nab import PROFILES, Series, counts_of, measure, probation_rows, read, thinned, totals
from tests.models.conftest import need_data

ROWS = 10_000
WINDOW = (2000, 2099)


def alarms(*rows: int, total: int = ROWS) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    column = np.zeros(total, np.bool_)
    column[list(rows)] = True
    return column


def standard(*rows: int) -> float:
    return totals([counts_of([WINDOW], alarms(*rows))])["nab_standard"]


def test_no_alarm_is_0_and_an_alarm_at_each_left_edge_is_100_in_every_profile() -> None:
    windows = [WINDOW, (5000, 5400)]

    assert set(totals([counts_of(windows, alarms())]).values()) == {0.0}
    perfect = totals([counts_of(windows, alarms(2000, 5000))])
    assert list(perfect) == ["nab_standard", "nab_low_fp", "nab_low_fn"]
    assert list(perfect.values()) == pytest.approx([100.0] * 3)


def test_an_alarm_is_worth_1_at_the_left_edge_and_almost_nothing_at_the_right() -> None:
    assert counts_of([WINDOW], alarms(2000))["worth"] == pytest.approx(1.0)
    assert counts_of([WINDOW], alarms(2050))["worth"] == pytest.approx(0.8482836 / 0.9866143, rel=1e-6)
    # one of a hundred rows is left: (2 / (1 + exp(-0.05)) - 1) / 0.9866143
    assert counts_of([WINDOW], alarms(2099))["worth"] == pytest.approx(0.0253351, rel=1e-4)
    assert counts_of([WINDOW], alarms(2099))["found"] == 1


def test_only_the_best_alarm_of_a_window_counts() -> None:
    assert counts_of([WINDOW], alarms(2010, 2011, 2050, 2099)) == counts_of([WINDOW], alarms(2010))


def test_a_false_alarm_costs_more_the_further_it_is_behind_a_window() -> None:
    def weight(row: int) -> float:
        return counts_of([WINDOW], alarms(row))["false_weight"]

    assert weight(2100) == pytest.approx(1 - 2 / (1 + math.exp(5 / 99)))
    assert weight(2100) < weight(2150) < weight(2300) < 1.0
    assert weight(2099 + 3 * 99) == pytest.approx(1 - 2 / (1 + math.exp(15)))
    assert weight(2099 + 3 * 99 + 1) == 1.0
    assert weight(1999) == 1.0


def test_a_hand_computed_file() -> None:
    # found at the left edge, one whole false alarm: raw 1 - 0.11, null -1, perfect 1
    assert standard(2000, 9000) == pytest.approx(100 * (0.89 + 1) / 2)
    found = totals([counts_of([WINDOW, (5000, 5099)], alarms(2000, 9000))])
    assert found["nab_standard"] == pytest.approx(100 * (1 - 1 - 0.11 + 2) / 4)
    assert found["nab_low_fp"] == pytest.approx(100 * (1 - 1 - 0.22 + 2) / 4)
    assert found["nab_low_fn"] == pytest.approx(100 * (1 - 2 - 0.11 + 4) / 6)


def test_the_probation_is_15_percent_and_at_most_750_rows() -> None:
    assert [probation_rows(n) for n in (0, 100, 4032, 5000, 22_695)] == [0, 15, 604, 750, 750]
    assert counts_of([WINDOW], alarms(749))["false_rows"] == 0
    assert counts_of([WINDOW], alarms(750))["false_rows"] == 1
    assert counts_of([(10, 20)], alarms(12))["windows"] == 0


def test_files_without_windows_cost_false_alarms_only() -> None:
    quiet, loud = counts_of([], alarms()), counts_of([], alarms(4000))

    assert totals([quiet]) == {}
    with_window = counts_of([WINDOW], alarms(2000))
    assert totals([with_window, loud])["nab_standard"] == pytest.approx(100 * (0.89 + 1) / 2)


def slow_score(files: list[tuple[int, list[tuple[int, int]], list[int]]], key: str) -> float:
    """The rules as they are told, row after row."""
    profile = next(each for each in PROFILES if each.key == key)
    raw = windows_in_all = 0.0
    for rows, windows, rung in files:
        best: dict[int, float] = {}
        for i in range(rows):
            if i < min(int(rows * 0.15), 750) or i not in rung:
                continue
            home = [k for k, (a, b) in enumerate(windows) if a <= i <= b]
            if home:
                a, b = windows[home[0]]
                s = 2 / (1 + math.exp(5 * -(b - i + 1) / (b - a + 1))) - 1
                top = 2 / (1 + math.exp(-5)) - 1
                best[home[0]] = max(best.get(home[0], -1.0), s / top)
                continue
            behind = [(a, b) for a, b in windows if b < i]
            y = (i - behind[-1][1]) / (behind[-1][1] - behind[-1][0]) if behind else math.inf
            raw -= profile.false * (1.0 if y > 3 else abs(2 / (1 + math.exp(5 * y)) - 1))
        windows_in_all += len(windows)
        raw += sum(profile.hit * best[k] if k in best else -profile.miss for k in range(len(windows)))
    null, perfect = -profile.miss * windows_in_all, profile.hit * windows_in_all
    return 100 * (raw - null) / (perfect - null)


@st.composite
def boards(draw: st.DrawFn) -> list[tuple[int, list[tuple[int, int]], list[int]]]:
    files = []
    for _ in range(draw(st.integers(1, 3))):
        rows = draw(st.integers(100, 400))
        edges = sorted(draw(st.sets(st.integers(70, rows - 1), min_size=2, max_size=6)))
        windows = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
        rung = draw(st.sets(st.integers(0, rows - 1), max_size=30))
        files.append((rows, windows, sorted(rung)))
    return files


@given(boards())
def test_scorer_equals_the_slow_reading_of_the_rules(files: list[tuple[int, list[tuple[int, int]], list[int]]]) -> None:
    counted = [counts_of(windows, alarms(*rung, total=rows)) for rows, windows, rung in files]

    for key, value in totals(counted).items():
        assert value == pytest.approx(slow_score(files, key), abs=1e-9)


def test_files_are_read_with_both_edges_inside(tmp_path: Path) -> None:
    folder = tmp_path / "nab" / "group"
    folder.mkdir(parents=True)
    rows = [f"2014-04-01 {i // 12:02d}:{i % 12 * 5:02d}:00,{i}" for i in range(200)]
    (folder / "a.csv").write_text("\n".join(["timestamp,value", *rows]), encoding="utf-8")
    windows = {
        "group/a.csv": [["2014-04-01 08:20:00.000000", "2014-04-01 09:10:00.000000"]],
        "group/absent.csv": [["2014-04-01 08:20:00.000000", "2014-04-01 09:10:00.000000"]],
    }
    (tmp_path / "nab" / "combined_windows.json").write_text(json.dumps(windows), encoding="utf-8")

    (series,) = read(tmp_path / "nab")
    assert (series.name, series.windows, series.period_ns) == ("nab/group/a.csv", ((100, 110),), 300 * 10**9)
    found = measure(tmp_path)
    assert found is not None
    assert found.total() == {"nab_standard": 0.0, "nab_low_fp": 0.0, "nab_low_fn": 0.0}


def test_a_thinned_file_keeps_its_windows() -> None:
    series = Series("a", array("q", range(0, 100, 10)), array("d", range(10)), ((4, 9),))
    found = thinned(series, 3)

    assert (list(found.time_ns), list(found.values), found.windows) == ([0, 30, 60, 90], [0, 3, 6, 9], ((1, 3),))


def test_a_folder_without_the_board_gives_nothing(tmp_path: Path) -> None:
    assert measure(tmp_path) is None


@pytest.mark.data
def test_novelty_beats_the_floor_with_one_limit_and_chance_does_not() -> None:
    found = measure(need_data("nab").parent)
    assert found is not None
    total = found.total()

    assert len(found.records) == 12
    assert total["nab_standard"] >= 60
    assert total["nab_low_fp"] >= 54
    assert total["nab_low_fn"] >= 64
    silent = [each["false_rows"] for name, each in found.records.items() if "NoAnomaly" in name]
    assert silent == [0, 0]
    assert found.controls["nab_clock_standard"] < 30
    assert found.controls["nab_shifted_standard"] < 30
