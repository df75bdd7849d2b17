"""The Tennessee Eastman board reads its folders as published and counts what its catalogue says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmarks import frame
from benchmarks.boards import tep
from tests.models.conftest import need_data


def plant(rows: int, seed: int, fault_from: int | None = None) -> NDArray[np.float64]:
    """52 signals, each pulled by its neighbour and its own past; the fault cuts one of these ties."""
    rng = np.random.default_rng(seed)
    noise, x = rng.normal(size=(rows, 52)), np.zeros((rows, 52))
    for i in range(1, rows):
        x[i] = 0.5 * x[i - 1] + 0.3 * np.roll(noise[i], 1) + noise[i]
        if fault_from is not None and i >= fault_from:
            x[i, 7] = 4.0 * noise[i, 7]
    return x


def write(path: Path, values: NDArray[np.float64]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savetxt(path, values)


def test_a_public_folder_is_scored_on_its_test_runs(tmp_path: Path) -> None:
    write(tmp_path / "tep" / "d00.dat", plant(500, 1).T)
    write(tmp_path / "tep" / "d00_te.dat", plant(960, 2))
    write(tmp_path / "tep" / "d03.dat", plant(480, 3))
    write(tmp_path / "tep" / "d03_te.dat", plant(960, 4))
    write(tmp_path / "tep" / "d12_te.dat", plant(960, 5, fault_from=160))

    board = tep.measure(tmp_path)

    assert board is not None
    assert set(board.records) == {"tep/d00_te.dat", "tep/d03_te.dat", "tep/d12_te.dat"}
    assert board.records["tep/d00_te.dat"]["normal_rows"] == 960
    found, blind = board.records["tep/d12_te.dat"], board.records["tep/d03_te.dat"]
    assert (found["normal_rows"], found["faulty_rows"]) == (160, 800)
    assert found["detected"] > 700
    assert blind["detected"] < 80
    total = board.total()
    assert total["tep_mean_detection"] == pytest.approx((found["detected"] + blind["detected"]) / 16)
    assert total["tep_mean_without_3_9_15"] == pytest.approx(found["detected"] / 8)
    assert total["tep_normal_alarm_share"] <= 1.0
    assert board.signal_days == pytest.approx(52 * (960 + 2 * 160) * 180 / 86400)
    assert set(board.units) <= set(total)


def test_training_runs_are_scored_from_their_first_row_with_limits_from_300_rows(tmp_path: Path) -> None:
    write(tmp_path / "tep" / "d00.dat", plant(500, 1).T)
    write(tmp_path / "tep" / "d05.dat", plant(480, 6, fault_from=0))

    board = tep.measure(tmp_path)

    assert board is not None
    assert board.records["tep/d00.dat"]["normal_rows"] == 200
    assert board.records["tep/d05.dat"]["faulty_rows"] == 480
    assert "fitted on 300 rows" in board.notes[0]


def test_a_folder_without_normal_rows_takes_those_of_the_shared_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "shared" / "tep" / "d00.dat", plant(500, 1).T)
    write(tmp_path / "tep" / "d05_te.dat", plant(960, 6, fault_from=160))
    monkeypatch.setattr(frame, "DATA", tmp_path / "shared")

    board = tep.measure(tmp_path)

    assert board is not None
    assert board.records["tep/d05_te.dat"]["detected"] > 700
    monkeypatch.setattr(frame, "DATA", tmp_path / "nowhere")
    assert tep.measure(tmp_path) is None
    assert tep.measure(tmp_path / "shared") is None


def test_a_file_of_another_width_is_named(tmp_path: Path) -> None:
    write(tmp_path / "d01.dat", np.zeros((10, 51)))

    with pytest.raises(SystemExit, match=r"d01\.dat.*52"):
        tep.read_tep(tmp_path / "d01.dat")


def test_missed_faults_count_their_whole_run_as_delay_and_alarms_over_budget_rule_a_choice_out() -> None:
    fault = {
        "fault": 9.0,
        "normal_rows": 0.0,
        "normal_alarms": 0.0,
        "faulty_rows": 50.0,
        "detected": 0.0,
        "delay_rows": 50.0,
    }
    normal = {**fault, "fault": 0.0, "normal_rows": 100.0, "normal_alarms": 2.0, "faulty_rows": 0.0}

    total = tep.totals([fault, normal])

    assert (total["tep_mean_detection"], total["tep_median_delay_rows"]) == (0.0, 50.0)
    assert "tep_mean_without_3_9_15" not in total
    assert total["tep_normal_alarm_share"] == pytest.approx(2.0)
    assert total["tep_choice"] < -900
    assert tep.totals([normal]) == {"tep_normal_alarm_share": pytest.approx(2.0)}


@pytest.mark.data
def test_the_shared_faults_are_found_and_normal_work_is_quiet() -> None:
    board = tep.measure(need_data("tep").parent)

    assert board is not None
    total = board.total()
    assert total["tep_mean_detection"] >= 92
    assert total["tep_normal_alarm_share"] <= 1.0
