"""Public boards, read in place: SKAB and Tennessee Eastman."""

from __future__ import annotations

import pytest

from benchmarks.boards.line_models import skab_outliers, tep_detection
from tests.models.conftest import need_data

pytestmark = pytest.mark.data


def test_skab_beats_the_published_board_with_one_rule_for_all_files() -> None:
    files = sorted(need_data("skab/valve1").glob("*.csv"))
    found = skab_outliers(files)

    assert len(files) == 8
    assert found.f1 >= 0.78
    assert found.f1 > found.always_on_f1 + 0.05


def test_tennessee_eastman_faults_are_found_and_normal_work_is_quiet() -> None:
    folder = need_data("tep")
    found, normal = tep_detection(folder / "d00.dat", [folder / f"{name}.dat" for name in ("d01", "d04", "d06")])

    assert min(found.values()) > 0.95
    assert normal <= 0.05
