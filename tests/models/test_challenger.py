"""The gradient-boosted challenger: judged on held-out rows beside the baseline, the same digits every time."""

from __future__ import annotations

import json
import math
import random
import sys
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from ovoo_contract.errors import ConfigError, EvidenceError
from ovoo_models.cli import main
from ovoo_models.efficiency.savings.change_point import ChangePointModel, Settings, fit
from ovoo_models.efficiency.savings.observations import DAY_NS, Observations
from ovoo_models.train.challenger import Challenge, challenge
from threadpoolctl import threadpool_limits

START = 1_704_067_200 * 10**9  # 2024-01-01, a Monday


def days(count: int, energy: Callable[[float, float, float], float], seed: int = 1) -> Observations:
    """Two drivers between 0 and 10 and an energy that follows from them and a unit of noise."""
    rng = random.Random(seed)
    x, z = (array("d", [10.0 * rng.random() for _ in range(count)]) for _ in "xz")
    kwh = array("d", [energy(a, b, rng.gauss(0, 1)) for a, b in zip(x, z, strict=True)])
    return Observations(array("q", range(START, START + count * DAY_NS, DAY_NS)), kwh, {"x": x, "z": z})


def asked(data: Observations, settings: Settings, monotonic: dict[str, int] | None = None) -> Challenge:
    def refit(rows: Sequence[int]) -> ChangePointModel:
        return fit(data, settings, rows)

    return challenge(data, settings.names, refit, range(len(data)), monotonic)


LINES = Settings(driver="x", variables=("z",), splits=("none",))


def test_where_the_baseline_is_right_the_challenger_does_not_win() -> None:
    found = asked(days(365, lambda x, z, e: 100 + 8 * x + 3 * z + e), LINES)

    assert not found.better
    assert found.gain_points < 0.5
    assert found.champion.cv_rmse < 0.012
    assert found.trained + found.judged == 365


def test_where_the_drivers_work_together_the_challenger_wins_by_points() -> None:
    found = asked(days(365, lambda x, z, e: 100 + 6 * x * z + e), LINES)

    assert found.better
    assert found.gain_points > 5
    assert abs(found.challenger.nmbe) < 0.05


def test_two_years_are_parted_into_a_year_and_the_next() -> None:
    found = asked(days(800, lambda x, z, e: 100 + 8 * x + 3 * z + e), LINES)

    assert (found.trained, found.judged) == (365, 365)
    assert found.cut_ns == START + 365 * DAY_NS


def test_it_gives_the_same_digits_whatever_the_number_of_threads() -> None:
    data = days(300, lambda x, z, e: 100 + 6 * x * z + e)

    with threadpool_limits(limits=1):
        alone = asked(data, LINES)
    with threadpool_limits(limits=2):
        crowd = asked(data, LINES)

    assert alone == crowd == asked(data, LINES)


def test_a_sign_keeps_the_energy_from_moving_against_it() -> None:
    falling = days(365, lambda x, z, e: 300 - 8 * x + e)

    free, held = asked(falling, LINES), asked(falling, LINES, {"x": 1})

    assert free.challenger.cv_rmse < 0.03
    assert held.challenger.cv_rmse > 0.08  # the column may not be used at all


@pytest.mark.parametrize("signs", [{"y": 1}, {"x": 2}])
def test_a_sign_of_no_column_is_refused_by_name(signs: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="not a sign") as caught:
        asked(days(200, lambda x, z, e: 100 + x + e), LINES, signs)

    assert caught.value.offender in signs


@pytest.mark.parametrize("count", [40, 79])
def test_too_few_rows_judge_nothing(count: int) -> None:
    with pytest.raises(EvidenceError) as caught:
        asked(days(count, lambda x, z, e: 100 + 8 * x + e), LINES)

    assert caught.value.code in ("challenger.too_few_rows", "savings.too_few_rows_for_baseline")


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """A year in which twice the tonnes of a second product double what the first costs."""
    rng = random.Random(3)
    lines = ["日期,电量(kWh),产量(t),含水(%)"]
    for day in range(365):
        tonnes, water = 20 + 20 * rng.random(), 2 + 8 * rng.random()
        month, of_month = divmod(day, 28)
        kwh = 200 + 2 * tonnes * water + rng.gauss(0, 3)
        lines.append(f"{2025 + month // 12}-{month % 12 + 1:02}-{of_month + 1:02},{kwh:.2f},{tonnes:.3f},{water:.3f}")
    path = tmp_path / "days.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _command(export: Path, *more: str) -> list[str]:
    return ["energy", "baseline", str(export), "--driver", "产量", "--variable", "含水", "--any-sign",
            "--baseline", "2025-01-01", "2026-01-01", "--challenger", *more]  # fmt: skip


def test_the_command_shows_by_how_much_it_would_be_better(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(_command(export)) == 0
    told = capsys.readouterr().out
    assert main(_command(export, "--json")) == 0
    data = json.loads(capsys.readouterr().out)["challenger"]

    assert "挑战模型（梯度提升，不可签署）" in told
    assert "基准可能缺一个变量或拐点" in told
    assert data["better"]
    assert math.isclose(data["gain_points"], 100 * (data["champion_cv_rmse"] - data["challenger_cv_rmse"]))


def test_without_scikit_learn_the_command_says_what_to_install(
    export: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ovoo_models.train.challenger", None)

    assert main(_command(export)) == 1

    assert "安装 ovoo-models[train]" in capsys.readouterr().err
