"""Records of profile, carbon, norm and measures: the same export gives the same bytes, and a change is named."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ovoo_models.cli import main

CASE = {
    "chosen": {"avoidable_share": {"value": "0.5", "unit": "1", "document": "note (fictitious)"}},
    "economics": {"idle_switch_off": {"price": "0.5", "price_document": "list (fictitious)", "per_year": "36"}},
}
PRICES = {"document": "fictitious", "energy": [{"name": "energy", "flat": "0.5"}]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of a machine that works, idles and stands, with what it made."""
    found = tmp_path_factory.mktemp("records")
    lines = ["时间,功率(kW),产量(t)"]
    for n in range(960):
        at = datetime(2026, 3, 2) + timedelta(minutes=15 * n)
        works = 6 <= at.hour < 18
        kw = 60 + n * 7 % 23 if works else 5 + n % 3 * 0.2 if at.hour >= 18 or at.hour < 2 else 0.0
        lines.append(f"{at:%Y-%m-%d %H:%M},{kw},{1.5 + n % 5 / 10 if works else 0}")
    found.joinpath("machine.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    found.joinpath("case.json").write_text(json.dumps(CASE), encoding="utf-8")
    found.joinpath("prices.json").write_text(json.dumps(PRICES), encoding="utf-8")
    return found


def words(folder: Path, verb: str) -> list[str]:
    export, base = str(folder / "machine.csv"), ["--column", "功率(kW)"]
    more = {
        "profile": ["--shift", "night=22-6", "--tariff", "west", "--prices", str(folder / "prices.json")],
        "carbon": ["--year", "2025"],
        "norm": [
            "--norm", "washing_coking", "--output", "产量(t)", "--class-percent", "0.5",
            "--output-class-percent", "1",
        ],
        "measures": ["--class-percent", "0.5", "--case", str(folder / "case.json"), "--all"],
    }  # fmt: skip
    return ["energy", verb, export, *base, *more[verb]]


def recorded(folder: Path, verb: str, name: str) -> Path:
    path = folder / name
    assert main([*words(folder, verb), "--record", str(path)]) == 0
    return path


VERBS = pytest.mark.parametrize("verb", ["profile", "carbon", "norm", "measures"])


@VERBS
def test_a_second_run_writes_the_same_bytes_and_verifies(
    folder: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = recorded(folder, verb, f"{verb}1.json"), recorded(folder, verb, f"{verb}2.json")

    assert first.read_bytes() == second.read_bytes()
    assert main(["energy", "verify", str(first), str(folder / "machine.csv"), "--language", "en"]) == 0
    content = json.loads(first.read_text("utf-8"))
    assert f"{content['id']} recomputes to the same digits" in capsys.readouterr().out
    assert content["kind"] == verb
    record = content["record"]
    assert record["results"]
    assert record["columns"][0]["rows"] == 960
    assert record["parameters"]["export_sha256"]


@VERBS
def test_a_changed_result_or_export_is_named(
    folder: Path, verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = recorded(folder, verb, f"{verb}3.json")
    content = json.loads(path.read_text("utf-8"))
    name = sorted(content["record"]["results"])[-1]
    content["record"]["results"][name] += "1"
    changed, export = tmp_path / "changed.json", tmp_path / "machine.csv"
    changed.write_text(json.dumps(content), encoding="utf-8")
    export.write_text((folder / "machine.csv").read_text("utf-8").replace(",60,", ",61,"), encoding="utf-8")

    assert main(["energy", "verify", str(changed), str(folder / "machine.csv")]) == 1
    told = capsys.readouterr().err
    assert main(["energy", "verify", str(path), str(export)]) == 1
    data = capsys.readouterr().err

    assert f"record.results.{name}" in told
    assert "data differ" in data


def test_a_record_names_the_rows_of_the_packs_it_used(folder: Path) -> None:
    parts = {
        verb: json.loads(recorded(folder, verb, f"{verb}4.json").read_text("utf-8"))["record"]
        for verb in ("profile", "carbon", "norm", "measures")
    }

    assert list(parts["profile"]["tariffs"]) == ["west"]
    assert parts["carbon"]["factors"]
    assert all(parts["carbon"]["factors"].values())
    assert parts["norm"]["norms"]
    assert [each["name"] for each in parts["norm"]["columns"]][1].startswith("产量")
    assert parts["measures"]["results"]["idle_switch_off.status"] == "saving"
    assert parts["measures"]["results"]["idle_switch_off.evidence[0]"].startswith("ev_")
