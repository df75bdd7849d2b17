"""ovoo-models energy balance: the meter that is off over time is named, and the record of a balance."""

from __future__ import annotations

import json
import math
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from ovoo_models.cli import main


def plant(folder: Path, kiln: float = 1.0, rows: int = 600) -> Path:
    """A main meter over hall (press, kiln, mill) and office; the kiln's readings times a factor, 0.1 % noise."""
    rng = random.Random(2)
    loads = [[size * math.exp(0.4 * rng.gauss(0, 1)) for size in (300.0, 400.0, 100.0, 200.0)] for _ in range(rows)]
    flows = {
        "main": [math.fsum(row) for row in loads], "hall": [math.fsum(row[:3]) for row in loads],
        "press": [row[0] for row in loads], "kiln": [kiln * row[1] for row in loads],
        "mill": [row[2] for row in loads], "office": [row[3] for row in loads],
    }  # fmt: skip
    parents = {"hall": "main", "office": "main", "press": "hall", "kiln": "hall", "mill": "hall"}
    meters: list[dict[str, Any]] = []
    for name, values in flows.items():
        times = (datetime(2026, 3, 2) + timedelta(hours=n) for n in range(rows))
        lines = [f"{at:%Y-%m-%d %H:%M},{x * (1 + 0.001 * rng.gauss(0, 1)):.4f}"
                 for at, x in zip(times, values, strict=True)]  # fmt: skip
        (folder / f"{name}.csv").write_text("\n".join(["时间,电量(kWh)", *lines]) + "\n", encoding="utf-8")
        row: dict[str, Any] = {"name": name, "class_percent": 0.5, "export": f"{name}.csv"}
        meters.append({**row, "parent": parents[name]} if name in parents else row)
    tree = folder / "tree.json"
    tree.write_text(json.dumps({"meters": meters}))
    return tree


def test_the_meter_that_is_off_is_named_with_its_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = plant(tmp_path, 1.05)

    assert main(["energy", "balance", str(tree), "--json"]) == 0

    found = json.loads(capsys.readouterr().out)
    assert found["searched_rows"] == 600
    (bias,) = found["biases"]
    assert bias["named"] == "kiln"
    assert bias["gain"]["value"] == pytest.approx(0.05, abs=0.005)
    assert main(["energy", "balance", str(tree), "--language", "en"]) == 0
    assert "over time: kiln reads +" in capsys.readouterr().out


def test_sound_meters_are_not_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "balance", str(plant(tmp_path))]) == 0
    assert "没有发现有偏差的表" in capsys.readouterr().out


def test_a_balance_verifies_and_a_changed_meter_or_tree_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tree, record = plant(tmp_path, 1.05, 100), tmp_path / "record.json"
    assert main(["energy", "balance", str(tree), "--record", str(record)]) == 0
    assert main(["energy", "verify", str(record), str(tree)]) == 0
    rows = json.loads(tree.read_text())
    rows["meters"][2]["class_percent"] = 2
    tree.write_text(json.dumps(rows))
    capsys.readouterr()

    assert main(["energy", "verify", str(record), str(tree)]) == 1
    assert "arguments.meters[2].class_percent" in capsys.readouterr().err
    path = tmp_path / "press.csv"
    path.write_text(path.read_text("utf-8").replace(",2", ",3", 1), encoding="utf-8")
    assert main(["energy", "verify", str(record), str(tree)]) == 1
    assert "press: data differ" in capsys.readouterr().err


def test_what_cannot_be_searched_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = tmp_path / "tree.json"
    meters = [{"name": "main", "class_percent": 0.5, "reading": 100},
              {"name": "fan", "parent": "main", "class_percent": 1, "reading": 70}]  # fmt: skip
    tree.write_text(json.dumps({"meters": meters}))

    assert main(["energy", "balance", str(tree), "--language", "en", "--record", str(tmp_path / "r.json")]) == 0
    assert "not searched over time" in capsys.readouterr().out
    assert main(["energy", "verify", str(tmp_path / "r.json"), str(tree)]) == 0
