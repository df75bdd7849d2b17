"""ovoo-models energy profile: idle waste by shift and in yuan; PNG beside SVG; the report as one HTML file."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from ovoo_models.cli import main


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a machine: works from 6 to 18, idles at 5 kW from 18 to 2, is off until 6."""
    lines = ["时间,功率(kW)"]
    for n in range(960):
        at = datetime(2026, 3, 2) + timedelta(minutes=15 * n)
        kw = 60 + n * 7 % 23 if 6 <= at.hour < 18 else 5 + n % 3 * 0.2 if at.hour >= 18 or at.hour < 2 else 0.0
        lines.append(f"{at:%Y-%m-%d %H:%M},{kw}")
    path = tmp_path_factory.mktemp("machine") / "machine.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def profiled(machine: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, Any]:
    assert main(["energy", "profile", str(machine), *more, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_shifts_share_the_idle_hours(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--shift", "late=14-22", "--shift", "night=22-6"]
    rows = {each["shift"]: each for each in profiled(machine, capsys, *words)["idle"]["shifts"]}

    assert rows["late"]["hours"] == rows["night"]["hours"] == 40
    assert float(rows["night"]["kwh"]) == pytest.approx(40 * 5.2, rel=0.01)
    assert rows[""]["hours"] == 0
    assert main(["energy", "profile", str(machine), *words]) == 0
    assert "night：待机、空载 40.0 小时" in capsys.readouterr().out


def test_idle_energy_has_a_price_with_its_document(
    machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(json.dumps({"document": "fictitious", "energy": [{"name": "energy", "flat": "0.5"}]}))

    idle = profiled(machine, capsys, "--tariff", "west", "--prices", str(prices))["idle"]

    (row,) = idle["shifts"]
    assert Decimal(row["yuan"]) == (Decimal(row["kwh"]) / 2).quantize(Decimal("0.01"))
    assert idle["documents"] == ["fictitious"]


def test_a_switch_off_pays_less_its_restarts(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--restart-kwh", "2", "--after", "15", "--after", "60"]
    (rule,) = profiled(machine, capsys, *words)["idle"]["switch_off"]

    # ten evenings or parts of one: 8 h less a quarter at 5.2 kW, less 2 kWh each
    assert rule["after_s"] == 900
    assert rule["kwh"] == pytest.approx(80 * 5.2 - rule["stops"] * (0.25 * 5.2 + 2), rel=0.01)
    assert main(["energy", "profile", str(machine), "--restart-kwh", "99", "--after", "15", "--language", "en"]) == 0
    assert "does not pay" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--shift", "night"], "not a shift"),
        (["--shift", "a=0-8", "--shift", "b=7-9"], "shifts overlap"),
        (["--tariff", "west"], "half a question"),
        (["--after", "15"], "half a question"),
    ],
)
def test_a_wrong_question_of_idling_is_named(
    more: list[str], message: str, machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "profile", str(machine), *more]) == 1
    assert message in capsys.readouterr().err


class _Links(HTMLParser):
    """What a page would load, and its tags."""

    def __init__(self) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loads += [str(value) for name, value in attrs if name in ("src", "href", "xlink:href")]


@pytest.mark.parametrize(("language", "shown"), [("zh", '<html lang="zh-CN">'), ("en", '<html lang="en">')])
def test_the_report_is_one_file_that_loads_nothing(language: str, shown: str, machine: Path, tmp_path: Path) -> None:
    words = ["energy", "report", str(machine), "--folder", str(tmp_path), "--year", "2025", "--language", language]

    assert main(words) == 0

    page = (tmp_path / "report.html").read_text("utf-8")
    read = _Links()
    read.feed(page)
    assert shown in page
    assert read.loads == []
    assert read.tags.count("svg") == len(list(tmp_path.glob("*.svg"))) == 3
    markdown = (tmp_path / "report.md").read_text("utf-8")
    assert read.tags.count("h2") == sum(1 for line in markdown.splitlines() if line.startswith("## "))


def test_a_png_stands_beside_each_svg(machine: Path, tmp_path: Path) -> None:
    assert main(["energy", "profile", str(machine), "--pictures", str(tmp_path), "--png"]) == 0

    for path in tmp_path.glob("*.svg"):
        assert path.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert len(list(tmp_path.glob("*.png"))) == 3


def test_measures_have_band_plan_and_payback_only_from_the_case(
    machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    case = tmp_path / "case.json"
    money = {"price": "0.5", "price_document": "contract", "cost_low": "100", "cost_high": "200",
             "cost_document": "offer", "per_year": 36.5}  # fmt: skip
    case.write_text(
        json.dumps(
            {
                "chosen": {"avoidable_share": {"value": 0.5, "unit": "1", "document": "minutes 4"}},
                "economics": {"idle_switch_off": money},
            }
        )
    )
    words = ["energy", "measures", str(machine), "--class-percent", "1"]

    assert main([*words, "--case", str(case), "--json"]) == 0

    found = {each["measure"]: each for each in json.loads(capsys.readouterr().out)["measures"]}
    idle = found["idle_switch_off"]
    assert idle["saving"]["value"] == pytest.approx(80 * 5.2 / 2, rel=0.01)
    # a class of 1 % as a rectangle, at 90 %
    half = (idle["saving"]["high_90"] - idle["saving"]["low_90"]) / 2
    assert half == pytest.approx(1.645 * 0.01 / 3**0.5 * idle["saving"]["value"], rel=0.001)
    assert idle["yuan_per_year"]["value"] == pytest.approx(idle["saving"]["value"] * 0.5 * 36.5)
    assert idle["documents"] == ["contract", "minutes 4", "offer"]
    assert idle["plan"]["baseline_period"] == ["2026-03-02", "2026-03-12"]
    assert "reporting_period" in idle["plan"]["missing"]
    assert found["demand_shaving"]["missing"] == ["reachable_power"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "空转停机：证据不足，缺 avoidable_share" in shown
    assert "裸管保温" not in shown
    assert main([*words, "--all", "--language", "en"]) == 0
    assert "Insulation of bare pipe: insufficient evidence" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("x", "not JSON"),
        ('{"prices": {}}', "not a case of measures"),
        ('{"chosen": {"luck": {"value": 1}}}', "not a decision of a measure"),
        ('{"chosen": {"avoidable_share": {"value": 1, "unit": "1"}}}', "decision without a document"),
        ('{"economics": {"magic": {}}}', "no such measure"),
        ('{"economics": {"idle_switch_off": {"cost": 1}}}', "not economics"),
    ],
)
def test_a_wrong_case_of_measures_is_named(
    words: str, message: str, machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "case.json"
    path.write_text(words)

    assert main(["energy", "measures", str(machine), "--class-percent", "1", "--case", str(path)]) == 1
    assert message in capsys.readouterr().err
