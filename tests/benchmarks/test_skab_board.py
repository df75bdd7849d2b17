"""The SKAB scores: small cases by hand, the published controls, and what a folder may lack."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.boards import skab
from benchmarks.boards.skab import change_counts, outlier_counts, read_skab, totals
from tests.models.conftest import DATA, need_data

TIMES = list(range(1000, 1300))


def score(alarms: list[int], changes: list[int], key: str = "skab_cp_lowfp") -> float:
    blank = {"tp": 0.0, "fp": 0.0, "fn": 0.0, "tn": 0.0}
    return totals([{**blank, **change_counts(TIMES, alarms, changes)}])[key]


def test_outlier_figures_of_a_case_by_hand() -> None:
    truth = np.array([False, False, False, False, True, True, True, True, True, True])
    alarm = np.array([False, False, True, False, True, True, True, False, False, True])
    found = totals([{**outlier_counts(alarm, truth), **change_counts([0, 9], [], [])}])

    assert found["skab_outlier_f1"] == pytest.approx(4 / (4 + 3 / 2))
    assert found["skab_far"] == pytest.approx(25.0)
    assert found["skab_mar"] == pytest.approx(100 * 2 / 6)


def test_an_alarm_at_the_change_is_worth_all_and_no_alarm_nothing() -> None:
    assert score([1100], [1100]) == pytest.approx(100.0)
    assert score([], [1100]) == pytest.approx(0.0)
    assert score([1100], [1100], "skab_cp_standard") == pytest.approx(100.0)


@pytest.mark.parametrize(("place", "profile", "false", "miss"), [
    (0.25, "skab_cp_lowfp", 0.22, 1.0), (0.5, "skab_cp_standard", 0.11, 1.0), (0.75, "skab_cp_lowfn", 0.11, 2.0),
])  # fmt: skip
def test_a_later_alarm_is_worth_less(place: float, profile: str, false: float, miss: float) -> None:
    z = -math.pi / 2 + math.pi * place
    worth = (1 + false) / 2 * (1 - math.tanh(z) / math.tanh(math.pi / 2)) - false

    assert score([1100 + round(60 * place)], [1100], profile) == pytest.approx(100 * (worth + miss) / (1 + miss))


def test_only_the_first_alarm_of_a_window_counts_and_each_outside_costs() -> None:
    assert score([1100, 1110, 1150], [1100]) == pytest.approx(100.0)
    assert score([1050, 1100, 1161, 1250], [1100]) == pytest.approx(100 * (1 - 3 * 0.22 + 1) / 2)
    assert score([1160], [1100]) == pytest.approx(100 * (-0.22 + 1) / 2)


def test_windows_never_overlap() -> None:
    """The later change's window starts at 1160, where the earlier one's ends, and ends at 1190."""
    at_its_start = score([1100, 1161], [1100, 1130])
    early = (1.22 / 2) * (1 - math.tanh(math.pi * (1 / 30 - 0.5)) / math.tanh(math.pi / 2)) - 0.22

    assert at_its_start == pytest.approx(100 * (1 + early + 2) / 4)
    assert score([1100, 1140], [1100, 1130]) == pytest.approx(100 * (1 - 1 + 2) / 4)


def test_changes_and_alarms_before_the_scored_rows_do_not_count() -> None:
    found = change_counts(TIMES, [900, 1100], [950, 1100])

    assert (found["cp_changes"], found["cp_missed"], found["cp_false"]) == (1, 0, 0)


@pytest.mark.data
def test_the_controls_on_the_shared_files_are_the_known_ones() -> None:
    need_data("skab/valve1")
    run = read_skab(DATA / "skab/valve1/0.csv", "0")
    truth = run.anomaly[400:]
    blank = change_counts([0, 1], [], [])
    always = totals([{**outlier_counts(np.ones(len(truth), bool), truth), **blank}])

    assert always["skab_outlier_f1"] == pytest.approx(0.699, abs=5e-4)
    assert always["skab_far"] == 100
    board = skab.measure(DATA)
    assert board is not None
    assert board.controls["skab_always_on_f1"] == pytest.approx(0.697, abs=5e-4)
    assert board.controls["skab_clock_60_lowfp"] > board.controls["skab_clock_120_lowfp"]
    assert board.controls["skab_clock_in_budget_lowfp"] < 28


@pytest.mark.data
def test_a_folder_without_labelled_files_is_no_board(tmp_path: Path) -> None:
    need_data("skab/anomaly-free")
    assert skab.measure(tmp_path) is None
    (tmp_path / "skab").mkdir()
    text = (DATA / "skab/anomaly-free/anomaly-free.csv").read_text(encoding="utf-8").splitlines()[:1300]
    (tmp_path / "skab/run.csv").write_text("\n".join(text), encoding="utf-8")

    assert skab.measure(tmp_path) is None


def test_empty_cells_are_missing_values(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(
        "datetime;A;B;anomaly;changepoint\n2020-03-09 10:14:33;1.5;;0.0;0.0\n2020-03-09 10:14:34;2;3;1.0;1.0\n"
    )
    run = read_skab(path, "a")

    assert math.isnan(run.values[0, 1])
    assert run.anomaly.tolist() == [False, True]
    assert int(run.time_s[1] - run.time_s[0]) == 1
