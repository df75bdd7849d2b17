"""Public boards, read in place: SKAB and Tennessee Eastman."""

from __future__ import annotations

import pytest

from benchmarks.boards import skab
from benchmarks.boards.line_models import tep_detection
from tests.models.conftest import DATA, need_data

pytestmark = pytest.mark.data


def test_skab_beats_the_published_board_with_one_rule_for_all_files() -> None:
    need_data("skab/valve1")
    board = skab.measure(DATA)

    assert board is not None
    assert len(board.records) == 8
    found = board.total()
    assert found["skab_outlier_f1"] >= 0.86
    assert found["skab_far"] <= 18
    assert found["skab_mar"] <= 15
    assert found["skab_outlier_f1"] > board.controls["skab_always_on_f1"] + 0.05


def test_skab_change_points_beat_every_clock_with_as_many_false_alarms() -> None:
    need_data("skab/valve1")
    board = skab.measure(DATA)

    assert board is not None
    found = board.total()
    assert found["skab_cp_false_alarms"] <= skab.BUDGET_A_FILE * 8
    assert found["skab_cp_lowfp"] >= 45
    assert found["skab_cp_lowfp"] > board.controls["skab_clock_in_budget_lowfp"] + 15


def test_tennessee_eastman_faults_are_found_and_normal_work_is_quiet() -> None:
    folder = need_data("tep")
    found, normal = tep_detection(folder / "d00.dat", [folder / f"{name}.dat" for name in ("d01", "d04", "d06")])

    assert min(found.values()) > 0.95
    assert normal <= 0.05
