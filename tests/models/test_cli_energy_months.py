"""ovoo-models energy over bills: accepted with their coarser resolution, bad bills named, records recompute."""

from __future__ import annotations

import json
import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ovoo_models.cli import main

BASELINE = ["--baseline", "2024-01-01", "2026-01-01"]
REPORTING = ["--reporting", "2026-01-01", "2026-07-01"]


def months() -> list[date]:
    return [date(2024 + n // 12, n % 12 + 1, 1) for n in range(31)]


@pytest.fixture
def plant(tmp_path: Path) -> tuple[Path, Path]:
    """30 months of bills, 8 % saved from 2026 on, and daily weather."""
    chance, rows, weather = random.Random(3), [], []
    for first, after in zip(months(), months()[1:], strict=False):
        days = [first + timedelta(days=n) for n in range((after - first).days)]
        cold = [18.0 - 20.0 * np.cos((each.timetuple().tm_yday - 15) / 58.1) + chance.gauss(0, 2) for each in days]
        weather += [f"{each.isoformat()},{t:.2f}" for each, t in zip(days, cold, strict=True)]
        tons = chance.uniform(800, 1400)
        degree_days = sum(max(0.0, 16.0 - round(t, 2)) for t in cold)
        kwh = 400 * len(days) + 30 * round(tons, 1) + 25 * degree_days + chance.gauss(0, 90 * len(days) ** 0.5)
        rows.append(f"{first:%Y-%m},{kwh * (0.92 if first.year == 2026 else 1.0):.1f},{tons:.1f}")
    bills, temperatures = tmp_path / "bills.csv", tmp_path / "weather.csv"
    bills.write_text("\n".join(["月份,用电量(kWh),产量(t)", *rows]) + "\n", encoding="utf-8")
    temperatures.write_text("\n".join(["日期,气温(℃)", *weather]) + "\n", encoding="utf-8")
    return bills, temperatures


def saving(plant: tuple[Path, Path], *more: str) -> list[str]:
    bills, weather = plant
    return [
        "energy", "saving", str(bills), "--amount", "产量", "--weather", str(weather), "--temperature", "气温",
        "--heating-base", "16", *BASELINE, *REPORTING, *more,
    ]  # fmt: skip


def asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def write(path: Path, header: str, *rows: str) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_months_with_degree_days_and_output_prove_the_saving_at_their_resolution(
    plant: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    found = asked(saving(plant), capsys)
    results = {name: float(text) for name, text in found["results"].items() if name in ("low", "high", "expected")}

    assert found["resolution"] == "bill"
    assert results["low"] < 0.08 * results["expected"] < results["high"]
    assert found["provable"]
    main(saving(plant, "--language", "en"))
    words = capsys.readouterr().out
    assert "resolution of bills: 30 bills" in words
    assert "heating_degree_days" in words


def test_its_record_recomputes_and_names_another_export(
    plant: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    assert main(saving(plant, "--record", str(record))) == 0
    assert main(["energy", "verify", str(record), str(plant[0])]) == 0
    other = plant[0].with_name("other.csv")
    other.write_text(plant[0].read_text("utf-8").replace("2026-03,", "2026-03,1"), encoding="utf-8")
    capsys.readouterr()

    assert main(["energy", "verify", str(record), str(other)]) == 1
    assert "data differ" in capsys.readouterr().err


def test_a_baseline_of_months_has_its_record_too(
    plant: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = tmp_path / "record.json"
    words = ["energy", "baseline", str(plant[0]), "--amount", "产量", *BASELINE]

    found = asked([*words, "--record", str(record)], capsys)

    assert set(found["coefficients"]) == {"per_day", "产量"}
    assert main(["energy", "verify", str(record), str(plant[0])]) == 0


def test_read_dates_estimates_and_corrections_are_taken_as_they_are_marked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path / "reads.csv", "上次抄表日期,本次抄表日期,电量(kWh),读数方式,产量(t)",
        "2025-01-05,2025-02-04,300,实抄,10", "2025-02-05,2025-03-06,200,估抄,10", "2025-03-07,2025-04-03,100,实抄,8",
        "2025-04-04,2025-05-05,150,实抄,9", "2025-01-05,2025-02-04,-30,退补,0", "2025-05-06,2025-06-05,90,实抄,5",
        "2025-05-06,2025-06-05,95,更正,5",
    )  # fmt: skip

    found = asked(["energy", "check", str(path)], capsys)

    spans = [(each["kwh"], (each["end_ns"] - each["start_ns"]) / 86_400e9) for each in found["periods"]]
    assert spans == [(270.0, 31.0), (300.0, 58.0), (150.0, 32.0), (95.0, 31.0)]
    assert [each["name"] for each in found["faults"]] == ["replaced", "corrected", "estimated"]
    main(["energy", "check", str(path)])
    assert "估抄，与下一次实抄合并：2025-02-05 至 2025-04-04（第 2, 3 份）" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("row", "name"),
    [
        pytest.param("2025-03,100", "two_bills", id="another_bill_of_a_month"),
        pytest.param("2025-03,-5", "two_bills", id="an_unmarked_credit"),
    ],
)
def test_contradicting_months_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], row: str, name: str
) -> None:
    rows = [f"2025-{month:02d},{1000 + month}" for month in range(1, 13)]
    path = write(tmp_path / "bills.csv", "账期,电量(kWh)", *rows, row)

    assert main(["energy", "baseline", str(path), "--baseline", "2025-01-01", "2026-01-01"]) == 1
    told = capsys.readouterr().err
    assert f"bills.{name}" in told
    assert "13" in told


def test_a_missing_month_a_repeated_one_and_negative_use_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"2025-{month:02d},{-7 if month == 8 else 1000 + month}" for month in range(1, 13) if month != 5]
    path = write(tmp_path / "bills.csv", "month,energy kWh", *rows, "2025-02,1002")

    found = asked(["energy", "check", str(path)], capsys)

    assert sorted(each["name"] for each in found["faults"]) == ["gap", "gap", "negative", "twice"]


def test_cells_that_are_no_bill_are_named_with_their_lines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = ["2025-01,100", "2025-02,x", "2025-13,5", "2025-04,1"]
    path = write(tmp_path / "bills.csv", "月份,电量(kWh)", *rows)

    assert main(["energy", "check", str(path)]) != 0
    told = capsys.readouterr().err
    assert "line 3" in told
    assert "line 4" in told


@pytest.mark.parametrize(
    ("more", "offender"),
    [
        pytest.param(["--step", "hour"], "--step", id="hours"),
        pytest.param(["--candidate", "production=产量"], "--candidate", id="screening"),
        pytest.param(["--heating-base", "16"], "--heating-base", id="a_base_without_weather"),
        pytest.param(["--amount", "吨"], "--amount", id="no_such_column"),
    ],
)
def test_what_bills_cannot_do_is_said(
    plant: tuple[Path, Path], capsys: pytest.CaptureFixture[str], more: list[str], offender: str
) -> None:
    assert main(["energy", "baseline", str(plant[0]), *BASELINE, *more]) == 1
    assert offender in capsys.readouterr().err


def test_a_monthly_export_of_a_meter_starts_each_month_at_its_date(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"2025-{month:02d}-01 00:00,{month}" for month in range(1, 13)]
    path = write(tmp_path / "export.csv", "时间,用电量(MWh)", *rows)

    found = asked(["energy", "check", str(path)], capsys)

    assert [each["kwh"] for each in found["periods"]] == [1000.0 * month for month in range(1, 13)]
    assert (found["periods"][-1]["end_ns"] - found["periods"][-1]["start_ns"]) / 86_400e9 == 31.0


def test_daily_readings_stay_daily(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    days = [date(2025, 1, 1) + timedelta(days=n) for n in range(60)]
    path = write(tmp_path / "days.csv", "日期,电量(kWh)", *[f"{each},{100 + n}" for n, each in enumerate(days)])

    found = asked(["energy", "check", str(path)], capsys)

    assert found["readings"]["interval_s"] == 86_400
