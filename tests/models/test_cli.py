"""ovoo-models train, score, card: from a CSV file to findings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ovoo_models.cli import main

from tests.models.conftest import START, machine

NAMES = ("running", "flow", "power", "bearing_temp")


def write(path: Path, rows: int, seed: int, fault_from: int | None = None) -> Path:
    block = machine(rows, seed=seed, fault_from=fault_from)
    lines = ["time," + ",".join(NAMES)]
    for i in range(rows):
        cells = [f"{x:.4f}" for x in block.values[4 * i : 4 * i + 4]]
        if i % 200 == 7:
            cells[1] = ""
        lines.append(f"{block.time_ns[i]}," + ",".join(cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    out = folder / "pump.json"
    history = write(folder / "week.csv", 5000, seed=1)
    code = main(
        ["train", "--pack", "coal_mine", "--template", "drainage_pump", "--csv", str(history), "--out", str(out)]
    )
    assert code == 0
    return out


def test_training_says_what_it_could_not_fit(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["card", str(model), "--json"]) == 0

    card = json.loads(capsys.readouterr().out)
    assert card["template"] == "drainage_pump"
    assert card["rows"] > 4900
    assert "too few rows" in card["models"]["mewma"]["not_fitted"]
    assert card["versions"]["scikit_learn"]


def test_scoring_prints_sentences_or_json(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    day = write(tmp_path / "day.csv", 1500, seed=2)
    text = day.read_text().splitlines()
    for i in range(700, 1000):
        cells = text[i].split(",")
        cells[4] = "81.5"
        text[i] = ",".join(cells)
    day.write_text("\n".join(text))
    arguments = ["score", str(model), "--asset", "e/s/drainage/main/pump1", "--csv", str(day)]

    assert main([*arguments, "--language", "en"]) == 0
    assert "Bearing temperature reached 81.5 °C" in capsys.readouterr().out
    assert main([*arguments, "--json"]) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert "limit.high" in {each["code"] for each in found}
    assert all(int(each["start_ns"]) >= START for each in found)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("when,power\n1,2\n", "first column must be time"),
        ("time,power\n1\n", "wrong number of cells"),
        ("time,power\n1,x\n", "not a number"),
        ("time,power\nyesterday,1\n", "not a time"),
        ("time,power\n", "no rows"),
    ],
)
def test_bad_files_are_named_with_line_and_reason(
    text: str, message: str, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text, encoding="utf-8")

    assert main(["score", str(model), "--asset", "e/s/a/l/p", "--csv", str(path)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert "Traceback" not in error


def test_parquet_is_read_like_csv(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    duckdb = pytest.importorskip("duckdb")
    day = write(tmp_path / "day.csv", 300, seed=2)
    target = tmp_path / "day.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{day}')) TO '{target}' (FORMAT parquet)")

    assert main(["score", str(model), "--asset", "e/s/a/l/p", "--parquet", str(target)]) == 0
    assert capsys.readouterr().out == ""
    assert main(["score", str(model), "--asset", "e/s/a/l/p", "--parquet", str(tmp_path / "no.parquet")]) == 1


def test_missing_files_and_wrong_usage_have_their_exit_codes(tmp_path: Path) -> None:
    assert main(["card", str(tmp_path / "absent.json")]) == 1
    with pytest.raises(SystemExit) as stopped:
        main(["train"])
    assert stopped.value.code == 2
