"""ovoo-models energy baseline and saving: hours of the week, screening, non-routine events, and their records."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ovoo_models.cli import main
from ovoo_models.efficiency.readings.series import Readings

PERIODS = ["--baseline", "2025-01-01", "2026-01-01", "--reporting", "2026-01-01", "2026-04-01"]
BASELINE = PERIODS[:3]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("energy")
    assert main(["energy", "example", str(folder)]) == 0
    return folder / "meter.csv"


@pytest.fixture(scope="module")
def thrown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Days of sixteen months: 10 % saved from 2026 on, and four weeks of 60 kWh/d more in February and March."""
    rng = random.Random(7)
    lines = []
    for day in range(486):
        at = datetime(2025, 1, 1) + timedelta(days=day)
        tonnes = 40 + 8 * rng.gauss(0, 1)
        kwh = 300 + 12 * tonnes + 4 * rng.gauss(0, 1)
        kwh = 0.9 * kwh if at.year == 2026 else kwh
        kwh += 60 if datetime(2026, 2, 10) <= at < datetime(2026, 3, 10) else 0
        lines.append(f"{at:%Y-%m-%d},{kwh:.2f},{tonnes:.3f}")
    path = tmp_path_factory.mktemp("thrown") / "days.csv"
    path.write_text("\n".join(["日期,电量(kWh),产量(t)", *lines]) + "\n", encoding="utf-8")
    return path


def asked(words: list[str], capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main([*words, "--json"]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_hours_of_the_week_prove_the_same_saving_as_days(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads((example.parent / "truth.json").read_text())["saving_kwh"]
    record = example.parent / "hours.json"
    words = ["energy", "saving", str(example), "--driver", "室外温度", "--amount", "产量", *PERIODS, "--step", "hour"]

    found = asked([*words, "--record", str(record)], capsys)["results"]

    claimed = truth * int(found["reported_rows"]) / (90 * 24)
    assert float(found["low"]) < claimed < float(found["high"])
    assert main(["energy", "verify", str(record), str(example), "--language", "en"]) == 0
    assert main(words) == 0
    assert "每周 168 小时的水平" in capsys.readouterr().out


def test_hours_need_a_driver_and_have_no_scatter(example: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["energy", "baseline", str(example), "--step", "hour", *BASELINE]

    assert main(words) == 1
    assert "hours without a driver" in capsys.readouterr().err
    assert main([*words, "--driver", "室外温度", "--out", "x.svg"]) == 1
    assert "no picture of hours of the week" in capsys.readouterr().err


def test_quarters_make_hours_and_a_missing_one_leaves_its_hour_out() -> None:
    from array import array

    start = 1_767_225_600 * 10**9
    kwh = [1.0, 2.0, 3.0, 4.0, 1.0, math.nan, 1.0, 1.0]
    grid = array("q", [start + n * 900 * 10**9 for n in range(8)])
    readings = Readings(
        grid, array("d", kwh), 900, "Asia/Shanghai", "m", "energy", {"x": array("d", [2, 4, 6, 8] * 2)}, (), ""
    )

    hours = readings.hourly()

    assert hours.energy_kwh[0] == 10.0
    assert math.isnan(hours.energy_kwh[1])
    assert list(hours.drivers["x"]) == [5.0, 5.0]
    assert list(hours.start_ns) == [start, start + 3600 * 10**9]


def test_screening_takes_what_drives_and_tells_each_refusal(
    thrown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = random.Random(3)
    rows = thrown.read_text("utf-8").splitlines()
    cells = [(each.rpartition(",")[2], rng.gauss(0, 1)) for each in rows[1:]]
    more = [f"{row},{float(x) * 2 + 0.001 * z:.4f},{z:.4f},20.0" for row, (x, z) in zip(rows[1:], cells, strict=True)]
    path = tmp_path / "days.csv"
    path.write_text("\n".join([rows[0] + ",重量(kg),噪声,设定", *more]) + "\n", encoding="utf-8")
    words = ["energy", "baseline", str(path), "--candidate", "production+=产量", "--candidate", "production+=重量",
             "--candidate", "load=噪声", "--candidate", "temperature=设定,-40,60", *BASELINE]  # fmt: skip

    record = tmp_path / "baseline.json"
    screening = asked([*words, "--record", str(record)], capsys)["screening"]

    assert len({screening["driver"], *screening["variables"]} & {"产量(t)", "重量(kg)"}) == 1
    checks = {each["name"]: each["check"] for each in screening["refused"]}
    assert checks["设定"] == "constant"
    assert checks["噪声"] == "gain"
    assert "collinear" in checks.values()
    assert main(["energy", "verify", str(record), str(path)]) == 0
    assert main(words) == 0
    assert "未采用 设定：始终不变" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--candidate", "产量"], "not a candidate"),
        (["--candidate", "wish=产量"], "unknown role or sign"),
        (["--candidate", "load=产量,low,high"], "not bounds"),
        (["--candidate", "load=湿度"], "no such column of numbers"),
        (["--candidate", "load=产量", "--amount", "产量"], "columns are named and screened"),
    ],
)
def test_a_wrong_candidate_is_named(
    more: list[str], message: str, thrown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["energy", "baseline", str(thrown), *more, *BASELINE]) == 1
    assert message in capsys.readouterr().err


def test_an_event_is_proposed_matched_decided_and_both_results_stay(
    thrown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, said, record = tmp_path / "log.json", tmp_path / "said.json", tmp_path / "record.json"
    log.write_text(json.dumps([
        {"name": "second kiln on trial", "start": "2026-02-11", "end": "2026-03-09", "source": "log 17"},
        {"name": "elsewhere", "start": "2025-04-01", "end": "2025-04-03", "source": "log 3"},
    ]))  # fmt: skip
    words = ["energy", "saving", str(thrown), "--amount", "产量", *PERIODS, "--events", str(log)]
    (proposal,) = asked(words, capsys)["events"]["proposals"]
    assert [each["source"] for each in proposal["matched"]] == ["log 17"]
    assert float(proposal["energy_kwh"]) == pytest.approx(28 * 60, rel=0.1)

    decision = {"proposal": proposal["id"], "accepted": True, "name": "Li", "reason": "trial", "time": "2026-05-02"}
    said.write_text(json.dumps([decision]))
    found = asked([*words, "--decide", str(said), "--record", str(record)], capsys)

    adjusted = found["events"]["adjusted"]["record"]["results"]
    # a tenth of 780 kWh a day, over 90 days and over the 62 outside the trial
    assert float(adjusted["avoided"]) / int(adjusted["reported_rows"]) == pytest.approx(78, rel=0.03)
    assert float(found["results"]["avoided"]) == pytest.approx(90 * 78 - 28 * 60, rel=0.05)
    assert found["events"]["proposals"][0]["decision"]["name"] == "Li"
    assert main(["energy", "verify", str(record), str(thrown)]) == 0
    content = json.loads(record.read_text("utf-8"))
    content["arguments"]["decide"][0]["accepted"] = False
    record.write_text(json.dumps(content), encoding="utf-8")
    capsys.readouterr()
    assert main(["energy", "verify", str(record), str(thrown)]) == 1
    assert "events." in capsys.readouterr().err


def test_a_rejected_proposal_changes_nothing_and_is_kept(
    thrown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["energy", "saving", str(thrown), "--amount", "产量", *PERIODS]
    before = asked(words, capsys)
    said = tmp_path / "said.json"
    name = before["events"]["proposals"][0]["id"]
    said.write_text(json.dumps([
        {"proposal": name, "accepted": False, "name": "Li", "reason": "usual work", "time": "2026-05-02"}
    ]))  # fmt: skip

    found = asked([*words, "--decide", str(said)], capsys)

    assert found["events"]["adjusted"]["record"]["results"] == before["results"]
    assert main([*words, "--decide", str(said), "--language", "en"]) == 0
    assert "rejected by Li: usual work (2026-05-02)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("option", "words", "message"),
    [
        ("--events", "x", "not JSON"),
        ("--events", "{}", "not a list of objects"),
        ("--events", '[{"name": "a", "start": "2026-01-02", "end": "2026-01-03"}]', "entry is not complete"),
        ("--events", '[{"name": "a", "start": "2026-01-02", "end": "2026-01-02", "source": "b"}]', "ends before"),
        ("--decide", '[{"proposal": "nre_0", "accepted": "yes", "name": "a", "reason": "b", "time": "2026-01-02"}]',
         "not a decision"),
        ("--decide", '[{"proposal": "nre_0", "accepted": true, "name": "a", "reason": " ", "time": "2026-01-02"}]',
         "signed and reasoned"),
        ("--decide", '[{"proposal": "nre_0", "accepted": true, "name": "a", "reason": "b", "time": "2026-01-02"}]',
         "no such proposal"),
    ],
)  # fmt: skip
def test_a_wrong_log_or_decision_is_named(
    option: str, words: str, message: str, thrown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "rows.json"
    path.write_text(words)

    assert main(["energy", "saving", str(thrown), "--amount", "产量", *PERIODS, option, str(path)]) == 1
    assert message in capsys.readouterr().err
