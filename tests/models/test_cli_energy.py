"""ovoo-models energy: from an export to what is wrong, load shape, bill, carbon, balance, and a proven saving."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from ovoo_models.cli import main

DRIVERS = ["--driver", "室外温度", "--amount", "产量", "--baseline", "2025-01-01", "2026-01-01"]
REPORTING = ["--reporting", "2026-01-01", "2026-04-01"]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("energy")
    assert main(["energy", "example", str(folder)]) == 0
    return folder


@pytest.fixture(scope="module")
def record(example: Path) -> Path:
    path = example / "record.json"
    assert main(["energy", "saving", str(example / "meter.csv"), *DRIVERS, *REPORTING, "--record", str(path)]) == 0
    return path


def small(path: Path, rows: int, factor: float = 1.0, header: str = "时间,电量(kWh)") -> Path:
    times = [datetime(2026, 3, 2) + timedelta(hours=n) for n in range(rows)]
    lines = [f"{time:%Y-%m-%d %H:%M},{factor * (10 + n % 7):.3f}" for n, time in enumerate(times)]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_check_tells_what_is_there_and_what_is_wrong(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads((example / "truth.json").read_text())

    assert main(["energy", "check", str(example / "meter.csv"), "--json", "--language", "en"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert set(truth["traps"]) <= {each["code"] for each in found["problems"]}
    assert found["readings"]["interval_s"] == 900
    rows = {(each["code"], each["action"]): each["rows"] for each in found["counts"]}
    assert rows["gap.weeks", "missing"] == 8 * 96
    assert main(["energy", "check", str(example / "meter.csv")]) == 0
    assert "00:00 写的是刚结束那一天的日期" in capsys.readouterr().out


def test_a_refused_export_ends_with_one_and_says_how_to_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = small(tmp_path / "a.csv", 60, header="时间,电量(kW)")

    assert main(["energy", "check", str(path), "--language", "en"]) == 1
    assert "--unit kW --kind power" in capsys.readouterr().out
    assert main(["energy", "profile", str(path)]) == 1
    assert "not used" in capsys.readouterr().err
    assert main(["energy", "check", str(path), "--unit", "kW", "--kind", "power"]) == 0


def test_the_saving_holds_the_truth_in_its_interval(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads((example / "truth.json").read_text())["saving_kwh"]
    picture = example / "saving.svg"

    done = main(["energy", "saving", str(example / "meter.csv"), *DRIVERS, *REPORTING, "--json", "--out", str(picture)])

    results = json.loads(capsys.readouterr().out)
    assert done == 0
    assert results["provable"]
    # one of 90 days has readings missing, and nothing is claimed for it
    claimed = truth * int(results["results"]["reported_rows"]) / 90
    assert float(results["results"]["low"]) < claimed < float(results["results"]["high"])
    assert ElementTree.fromstring(picture.read_text("utf-8")).get("class") == "ovoo-plot"


def test_a_record_verifies_from_the_same_export(
    example: Path, record: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "verify", str(record), str(example / "meter.csv"), "--language", "en"]) == 0
    assert "recomputes to the same digits" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [("results", "avoided", "99999.9"), ("coefficients", "warm.knee_right", "12.0"), ("excluded", "", [])],
)
def test_a_changed_record_is_named(
    part: str, name: str, value: object, example: Path, record: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    content = json.loads(record.read_text("utf-8"))
    if name:
        assert name in content["record"][part]
        content["record"][part][name] = value
    else:
        content["record"][part] = value
    changed = tmp_path / "record.json"
    changed.write_text(json.dumps(content), encoding="utf-8")

    assert main(["energy", "verify", str(changed), str(example / "meter.csv")]) == 1
    assert (name or part) in capsys.readouterr().err


def test_a_changed_export_is_named(
    example: Path, record: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (example / "meter.csv").read_bytes().splitlines()
    cells = lines[40_000].split(b",")
    lines[40_000] = b",".join([cells[0], b"%.2f" % (float(cells[1]) + 1), *cells[2:]])
    path = tmp_path / "meter.csv"
    path.write_bytes(b"\r\n".join(lines))

    assert main(["energy", "verify", str(record), str(path)]) == 1
    assert "energy: data differ" in capsys.readouterr().err


def test_what_is_no_record_is_refused(example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in ("not json", "{}"):
        path = tmp_path / "record.json"
        path.write_text(words)
        assert main(["energy", "verify", str(path), str(example / "meter.csv")]) == 1
    assert "not a record of this command" in capsys.readouterr().err


def test_a_baseline_names_its_knee_and_draws_it(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = example / "baseline.svg"

    assert main(["energy", "baseline", str(example / "meter.csv"), *DRIVERS, "--json", "--out", str(picture)]) == 0

    warm = json.loads(capsys.readouterr().out)["segments"]["warm"]
    assert warm["knee_right"] == pytest.approx(16, abs=1.0)
    assert warm["产量(t)"] == pytest.approx(62, rel=0.01)
    assert "拐点" in picture.read_text("utf-8")


def test_a_profile_finds_the_base_load_and_draws_three_pictures(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "profile", str(example / "meter.csv"), "--json", "--pictures", str(tmp_path)]) == 0

    found = json.loads(capsys.readouterr().out)
    # 48 kW, 39 kW after the measure, with noise of readings around it
    assert 35 < found["base_kw"] < 48
    assert sorted(path.name for path in tmp_path.iterdir()) == ["duration.svg", "heat_map.svg", "typical_days.svg"]


def test_a_bill_is_the_sum_of_its_lines_and_needs_every_reading(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prices = tmp_path / "prices.json"
    prices.write_text(
        json.dumps({
            "document": "fictitious", "energy": [{"name": "energy", "ratio": "0.4"}, {"name": "loss", "flat": "0.02"}],
            "demand": {"price": "30", "contract_kw": "200"},
        })
    )  # fmt: skip
    common = ["energy", "tariff", str(example / "meter.csv"), "--tariff", "west", "--prices", str(prices), "--json"]

    assert main([*common, "--month", "2026-03", "--out", str(tmp_path / "day.svg")]) == 0

    bill = json.loads(capsys.readouterr().out)
    assert float(bill["total_yuan"]) == pytest.approx(sum(float(line["yuan"]) for line in bill["lines"]), abs=0.005)
    assert sum(map(float, bill["band_kwh"].values())) == pytest.approx(float(bill["total_kwh"]), abs=1e-6)
    assert (tmp_path / "day.svg").exists()
    assert main([*common, "--month", "2025-07"]) == 1
    assert "not fit for a bill" in capsys.readouterr().err
    assert main([*common, "--month", "2025-07", "--accept-holes"]) == 0
    assert json.loads(capsys.readouterr().out)["complete"] is False


@pytest.mark.parametrize(
    ("prices", "message"),
    [("x", "not JSON"), ('{"price": 1}', "not prices of a case"), ('{"document": "d", "energy": [{}]}', "no price")],
)
def test_wrong_prices_are_named(
    prices: str, message: str, example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "prices.json"
    path.write_text(prices)

    done = main([
        "energy", "tariff", str(example / "meter.csv"), "--tariff", "west", "--month", "2026-03", "--prices", str(path)
    ])  # fmt: skip

    assert done == 1
    assert message in capsys.readouterr().err


def test_carbon_names_its_factor_rows(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "carbon", str(example / "meter.csv"), "--year", "2025", "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["method"] == "location"
    assert "coal_electricity" in found["factors"]
    assert found["missing_hours"] > 0


def test_a_tree_is_balanced_over_the_time_that_all_cover(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small(tmp_path / "main.csv", 100)
    small(tmp_path / "fan.csv", 80, 0.6)
    small(tmp_path / "pump.csv", 100, 0.3)
    meters = [
        {"name": "main", "class_percent": 0.5, "export": "main.csv"},
        {"name": "fan", "parent": "main", "class_percent": 1, "export": "fan.csv"},
        {"name": "pump", "parent": "main", "class_percent": 1, "export": "pump.csv"},
    ]
    tree = tmp_path / "tree.json"
    tree.write_text(json.dumps({"meters": meters}))

    assert main(["energy", "balance", str(tree), "--json", "--out", str(tmp_path / "flows.svg")]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["hours"] == 80
    known = sum(10 + n % 7 for n in range(80))
    assert found["nodes"][0]["imbalance"]["value"] == pytest.approx(0.1 * known)
    assert found["nodes"][0]["explained"] is False
    assert "10.0 %" in (tmp_path / "flows.svg").read_text("utf-8")
    assert main(["energy", "balance", str(tree), "--language", "en"]) == 0
    assert "beyond the meters' error" in capsys.readouterr().out


def test_a_damaged_tree_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree.json"
    for words, message in (("[]", "not a tree of meters"), ('{"meters": [{"nam": "x"}]}', "not a meter")):
        tree.write_text(words)
        assert main(["energy", "balance", str(tree)]) == 1
        assert message in capsys.readouterr().err


def test_a_report_holds_every_part_and_its_record_verifies(
    example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "report"

    done = main([
        "energy", "report", str(example / "meter.csv"), "--folder", str(folder), *DRIVERS, *REPORTING,
        "--tariff", "west", "--month", "2026-03", "--year", "2025", "--language", "en",
    ])  # fmt: skip

    assert done == 0
    page = (folder / "report.md").read_text("utf-8")
    assert [line for line in page.splitlines() if line.startswith("## ")] == [
        "## Data", "## Load", "## Bill 2026-03", "## Standard coal and carbon dioxide", "## Saving",
    ]  # fmt: skip
    for path in folder.glob("*.svg"):
        assert f"({path.name})" in page
        ElementTree.fromstring(path.read_text("utf-8"))
    assert main(["energy", "verify", str(folder / "record.json"), str(example / "meter.csv")]) == 0


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--baseline", "2025-01-01", "2025-12-01"], "half a question"),
        (["--tariff", "west"], "half a question"),
    ],
)
def test_half_a_question_is_refused(
    more: list[str], message: str, example: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "report", str(example / "meter.csv"), "--folder", str(tmp_path), *more]) == 1
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--driver", "湿度", "--baseline", "2025-01-01", "2026-01-01"], "no such column of numbers"),
        (["--baseline", "soon", "2026-01-01"], "not a date"),
        (["--baseline", "2027-01-01", "2028-01-01"], "no rows in this period"),
        ([*DRIVERS, "--out", "picture.gif"], "no such form"),
    ],
)
def test_a_wrong_baseline_is_named(
    more: list[str], message: str, example: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "baseline", str(example / "meter.csv"), *more]) == 1
    assert message in capsys.readouterr().err


def test_a_machine_that_idles_shows_its_states(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    times = [datetime(2026, 3, 2) + timedelta(minutes=15 * n) for n in range(960)]
    power = [60 + n * 7 % 23 if 6 <= time.hour < 18 else 5 + n % 3 * 0.2 for n, time in enumerate(times)]
    lines = [f"{time:%Y-%m-%d %H:%M},{kw}" for time, kw in zip(times, power, strict=True)]
    path = tmp_path / "machine.csv"
    path.write_text("\n".join(["时间,功率(kW)", *lines]) + "\n", encoding="utf-8")

    assert main(["energy", "profile", str(path), "--json"]) == 0

    states = {each["state"]: each for each in json.loads(capsys.readouterr().out)["states"]}
    assert states["idle"]["hours"] == states["load"]["hours"] == 120
    assert states["idle"]["kw"] == pytest.approx(5.2, abs=0.1)
    assert main(["energy", "profile", str(path)]) == 0
    assert "待机" in capsys.readouterr().out
