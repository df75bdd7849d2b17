"""ovoo-models energy norm: consumption for each unit made against a row of the packs."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ovoo_models.cli import main
from ovoo_packs import load_norms

CLASSES = ["--class-percent", "0.5", "--output-class-percent", "1"]


@pytest.fixture(scope="module")
def washery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100 hours of 100 t and 600 kWh, one of them without its tonnes."""
    times = [datetime(2026, 3, 2) + timedelta(hours=n) for n in range(100)]
    rows = [f"{at:%Y-%m-%d %H:%M},{600 + n % 3 - 1},{'' if n == 50 else 100 + n % 5 - 2}" for n, at in enumerate(times)]
    path = tmp_path_factory.mktemp("norm") / "washery.csv"
    path.write_text("\n".join(["时间,电量(kWh),入洗原煤(t)", *rows]) + "\n", encoding="utf-8")
    return path


def gauged(washery: Path, capsys: pytest.CaptureFixture[str], norm: str, *more: str) -> dict[str, Any]:
    words = ["energy", "norm", str(washery), "--norm", norm, "--output", "入洗原煤", *CLASSES, *more, "--json"]
    assert main(words) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_without_its_correction_the_comparison_is_raw_and_says_so(
    washery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    norm = load_norms().get("washing_coking")

    found = gauged(washery, capsys, norm.id)

    assert found["value"] == pytest.approx(6.0, rel=0.005)
    assert (found["intervals"], found["left_out"]) == (99, 1)
    (edition,) = found["editions"]
    assert edition["edition"] == norm.source.edition
    assert edition["level"] == norm.level(found["value"])
    assert edition["open_corrections"] == ["process_factor"]
    assert edition["reference_only"] is norm.reference_only
    assert main(["energy", "norm", str(washery), "--norm", norm.id, "--output", "入洗原煤", *CLASSES]) == 0
    shown = capsys.readouterr().out
    assert "修正系数未给全：process_factor" in shown
    assert "仅供参考" in shown


def test_a_correction_moves_the_lines(washery: Path, capsys: pytest.CaptureFixture[str]) -> None:
    norm = load_norms().get("washing_coking")
    more = ["--correction", "process_factor=0.8", "--correction-document", "audit, fictitious"]

    (edition,) = gauged(washery, capsys, norm.id, *more)["editions"]

    assert norm.level3 is not None
    assert edition["limit"] == pytest.approx(0.8 * norm.level3)
    assert edition["documents"] == ["audit, fictitious"]


def test_a_norm_in_coal_takes_dated_factors_and_says_that_it_is_part(
    washery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = gauged(washery, capsys, "coal_underground", "--year", "2025")

    assert found["factors"]
    words = ["energy", "norm", str(washery), "--norm", "coal_underground", "--output", "入洗原煤", *CLASSES,
             "--year", "2025", "--language", "en"]  # fmt: skip
    assert main(words) == 0
    assert "this meter's electricity alone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("norm", "more", "message"),
    [
        ("nothing", [], "no such norm"),
        ("dairy_heat_treat", [], "output in another unit"),
        ("coal_underground", [], "coal factors need a year"),
        ("washing_coking", ["--correction", "process_factor=x"], "not a correction"),
        ("washing_coking", ["--correction", "process_factor=1"], "corrections without a document"),
        ("washing_coking", ["--correction", "age=1", "--correction-document", "d"], "not a correction of this norm"),
        ("washing_coking", ["--period", "2025-01-01", "2025-02-01"], "no readings in this period"),
    ],
)
def test_a_wrong_question_of_a_norm_is_named(
    norm: str, more: list[str], message: str, washery: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "norm", str(washery), "--norm", norm, "--output", "入洗原煤", *CLASSES, *more]) == 1
    assert message in capsys.readouterr().err
