"""ovoo-models energy tariff: every part of a bill with its document, defects by name, and its record."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from ovoo_models.cli import main

CASE: dict[str, Any] = {
    "document": "contract 12, fictitious",
    "energy": [{"name": "energy", "ratio": "0.40"}],
    "funds": [{"name": "fund", "flat": "0.02", "document": "notice 7, fictitious"}],
    "demand": {"price": "30"},
    "capacity": {"price": "20", "kva": "100"},
    "basis": "capacity",
    "held_months": 2,
}


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Quarters of January to March 2026: 10 kWh each, 20 in one of each month; 4 kvarh each."""
    path = tmp_path_factory.mktemp("bill") / "meter.csv"
    rng = random.Random(5)
    lines, at = ["时间,电量(kWh),无功电量(kvarh)"], datetime(2026, 1, 1)
    while at < datetime(2026, 4, 1):
        kwh = 20 if (at.day, at.hour, at.minute) == (15, 9, 0) else 10 + rng.randrange(40) / 100
        lines.append(f"{at:%Y-%m-%d %H:%M},{kwh},{4 + at.hour / 100}")
        at += timedelta(minutes=15)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def written(folder: Path, case: dict[str, Any], **files: str) -> Path:
    for name, words in files.items():
        folder.joinpath(name.replace("_", ".")).write_text(words, encoding="utf-8")
    path = folder / "prices.json"
    path.write_text(json.dumps(case), encoding="utf-8")
    return path


def billed(export: Path, prices: Path, *more: str) -> list[str]:
    return ["energy", "tariff", str(export), "--tariff", "west", "--month", "2026-03", "--prices", str(prices), *more]


def test_each_line_carries_its_document_and_the_choice_is_of_the_contract(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = written(tmp_path, CASE)

    assert main(billed(export, prices, "--json")) == 0

    bill = json.loads(capsys.readouterr().out)
    documents = {line["name"]: line["document"] for line in bill["lines"]}
    assert documents == {"energy": CASE["document"], "fund": "notice 7, fictitious", "capacity": CASE["document"]}
    assert Decimal(bill["total_yuan"]) == sum(Decimal(line["yuan"]) for line in bill["lines"])
    # 20 kWh in a quarter are 80 kW at 30 yuan; 100 kVA at 20
    assert [(each["first"], each["last"], each["demand_yuan"], each["capacity_yuan"], each["best"])
            for each in bill["choices"]["rows"]] == [
        ("2026-01", "2026-02", "4800.00", "4000.00", "capacity"),
        ("2026-03", "2026-03", "2400.00", "2000.00", "capacity"),
    ]  # fmt: skip
    assert main(billed(export, prices)) == 0
    shown = capsys.readouterr().out
    assert "价格依据：contract 12, fictitious; notice 7, fictitious" in shown
    assert "按变压器容量较省，差 800.00 元" in shown


def test_the_power_factor_comes_from_columns_and_its_table_from_a_file(
    export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = {"document": "table 3, fictitious", "target": "0.90", "steps": [["0.50", "10"], ["0.90", "-1"]]}
    case = {**CASE, "power_factor": {"table": "table.json", "columns": {"reactive_import": "无功电量"}}}
    prices = written(tmp_path, case, table_json=json.dumps(table))
    record = tmp_path / "bill.json"

    assert main(billed(export, prices, "--json", "--record", str(record))) == 0

    bill = json.loads(capsys.readouterr().out)
    # about 10.2 kWh against 4.1 kvarh
    assert float(bill["power_factor"]) == pytest.approx(0.927, abs=0.003)
    line = bill["lines"][-1]
    adjustable = sum(Decimal(each["yuan"]) for each in bill["lines"][:-1] if each["name"] != "fund")
    assert (line["kind"], line["price"], line["document"]) == ("power_factor", "-1", "table 3, fictitious")
    assert Decimal(line["quantity"]) == adjustable
    assert main(["energy", "verify", str(record), str(export)]) == 0


def test_market_prices_are_paid_at_their_time(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = datetime(2026, 3, 1)
    hours = [start + timedelta(hours=n) for n in range(31 * 24)]
    rows = "\n".join(["time,price", *(f"{at:%Y-%m-%d %H:%M},{0.2 + at.hour / 100:.2f}" for at in hours)])
    case = {"document": "grid", "funds": CASE["funds"], "market": {"name": "spot", "document": "spot 2026-03",
            "file": "spot.csv"}}  # fmt: skip
    prices = written(tmp_path, case, spot_csv=rows)
    record = tmp_path / "bill.json"

    assert main(billed(export, prices, "--json", "--record", str(record))) == 0

    (line,) = [each for each in json.loads(capsys.readouterr().out)["lines"] if each["kind"] == "market"]
    known = Decimal(0)
    for text in export.read_text("utf-8").splitlines()[1:]:
        at, kwh = datetime.fromisoformat(text.split(",")[0]), Decimal(text.split(",")[1])
        known += kwh * (Decimal(20 + at.hour) / 100) if at >= start else 0
    assert Decimal(line["yuan"]) == known.quantize(Decimal("0.01"))
    assert line["document"] == "spot 2026-03"
    assert main(["energy", "verify", str(record), str(export)]) == 0


def test_a_changed_price_in_a_record_is_named(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = tmp_path / "bill.json"
    assert main(billed(export, written(tmp_path, CASE), "--record", str(record))) == 0
    assert main(["energy", "verify", str(record), str(export)]) == 0
    content = json.loads(record.read_text("utf-8"))
    content["case"]["funds"][0]["flat"] = "0.01"
    record.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()

    assert main(["energy", "verify", str(record), str(export)]) == 1
    assert "record.coefficients.fund" in capsys.readouterr().err


def test_every_defect_of_the_month_is_named(export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = export.read_text("utf-8").splitlines()
    gone = [each for each in lines if not each.startswith(("2026-03-05 03:", "2026-03-20 11:15"))]
    path = tmp_path / "meter.csv"
    path.write_text("\n".join(gone) + "\n", encoding="utf-8")
    prices = written(tmp_path, {**CASE, "meter": {"capacity_kva": "79"}})

    assert main(billed(path, prices, "--language", "en")) == 1

    err = capsys.readouterr().err
    assert "2026-03-05 03:00" in err
    assert "2026-03-20 11:15 - 2026-03-20 11:30\tmissing" in err
    assert "2026-03-15 09:00 - 2026-03-15 09:15\tpower_as_energy: 20.0 kWh is 80 kW on a supply of 79 kVA" in err
    assert main(billed(path, written(tmp_path, CASE), "--accept-holes")) == 0
    out = capsys.readouterr().out
    assert "缺读数" in out
    assert "2026-03 有缺数，其最大需量可能偏低" in out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"basis": None}, "which of them is billed"),
        ({"held_months": 0}, "not a number of months"),
        ({"market": {"start": "2026-03-01", "step_minutes": 60, "prices": ["0.2"] * 24}}, "no market price"),
        ({"market": {"rows": [["2026-03-01 00:00", "0.2"], ["2026-03-01 00:00", "0.2"]]}}, "not a series of prices"),
        ({"market": []}, "not an object"),
        ({"funds": [{"name": "fund", "flat": "2"}]}, "fund above the price of energy"),
        ({"demand": {"price": "thirty"}, "basis": "demand"}, "not a price"),
        ({"power_factor": {"table": {"document": "t", "target": "0.9", "steps": [["0.5", "1"]]}}},
         "no reactive energy"),
        ({"power_factor": {"table": {"document": "t", "target": "0.9"}}}, "no rows"),
        ({"power_factor": {"table": {"document": "", "target": "0.9", "steps": [["0.5", "1"]]},
                           "registers": {"reactive_import": "1"}}}, "not a power-factor table"),
    ],
)  # fmt: skip
def test_a_wrong_part_of_the_case_is_named(
    change: dict[str, Any], message: str, export: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = {key: value for key, value in {**CASE, **change}.items() if value is not None}

    assert main(billed(export, written(tmp_path, case))) == 1
    assert message in capsys.readouterr().err


def test_a_record_needs_prices(export: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["energy", "tariff", str(export), "--tariff", "west", "--month", "2026-03", "--record", "x.json"]

    assert main(words) == 1
    assert "no bill to record" in capsys.readouterr().err
