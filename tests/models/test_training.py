"""Long training runs: progress, a kill in the middle, workers elsewhere, many assets; always the same bytes."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ovoo_contract.errors import ConfigError
from ovoo_models import artifact
from ovoo_models.cli import main
from ovoo_models.train import Checkpoint, Progress
from ovoo_models.train.cluster import connect
from ovoo_models.train.fleet import read_fleet
from ovoo_models.train.parts import Fitted

from tests.models.conftest import machine

NAMES = ("running", "flow", "pressure", "power", "discharge_temp", "current")
TEMPLATE = ["--pack", "coal_mine", "--template", "air_compressor", "--by", "test"]


def history(path: Path, rows: int = 4000, seed: int = 1) -> Path:
    """A compressor: the pump of conftest with a pressure and a current of its own."""
    block = machine(rows, seed=seed)
    lines = ["time," + ",".join(NAMES)]
    for i in range(rows):
        running, load, power, temperature = block.values[4 * i : 4 * i + 4]
        cells = (running, load / 2, 0.7 + temperature / 1000, power, temperature + 40, power * 0.9)
        lines.append(f"{block.time_ns[i]}," + ",".join(repr(x) for x in cells))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return history(tmp_path_factory.mktemp("history") / "week.csv")


@pytest.fixture(scope="module")
def expected(week: Path) -> bytes:
    """The file of one run in process, without a break."""
    out = week.with_name("whole.json")
    assert main(["train", *TEMPLATE, "--csv", str(week), "--out", str(out)]) == 0
    return out.read_bytes()


@pytest.fixture(scope="module")
def scheduler() -> Iterator[str]:
    """A real scheduler with two worker processes on loopback."""
    import distributed

    made: Any = distributed.LocalCluster
    with made(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, host="127.0.0.1", silence_logs=50
    ) as cluster:
        yield cluster.scheduler_address


def test_a_run_that_is_killed_goes_on_and_gives_the_same_bytes(week: Path, expected: bytes, tmp_path: Path) -> None:
    out = tmp_path / "killed.json"
    parts = tmp_path / ".killed.json.parts"
    command = [sys.executable, "-m", "ovoo_models.cli", "train", *TEMPLATE, "--csv", str(week), "--out", str(out)]
    run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(parts.glob("*.json")) and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.001)
    run.send_signal(signal.SIGKILL)

    assert run.wait(timeout=30) == -signal.SIGKILL
    assert not out.exists()
    kept = {path.name: path.stat().st_mtime_ns for path in parts.glob("*.json")}
    assert 0 < len(kept) < 12
    second = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert second.returncode == 0, second.stderr
    assert out.read_bytes() == expected
    assert not parts.exists()


def test_kept_parts_are_used_and_damaged_or_foreign_ones_are_not(week: Path, expected: bytes, tmp_path: Path) -> None:
    out, parts = tmp_path / "again.json", tmp_path / ".again.json.parts"
    parts.mkdir()
    checkpoint = Checkpoint(parts)
    part = Fitted({"fit": "d:AAAA"}, {"rows": 3})
    checkpoint.put("a" * 64, part)
    assert checkpoint.get("a" * 64) == part
    for damage in (b"", b"{}", b"[]", (parts / f"{'a' * 64}.json").read_bytes().replace(b"3", b"4", 1)):
        (parts / "b.json").write_bytes(damage)
        assert checkpoint.get("b") is None
    assert checkpoint.get("c") is None

    assert main(["train", *TEMPLATE, "--csv", str(week), "--out", str(out)]) == 0
    assert out.read_bytes() == expected


def test_workers_of_a_scheduler_give_the_same_bytes(
    scheduler: str, week: Path, expected: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "spread.json"

    assert main(["train", *TEMPLATE, "--csv", str(week), "--out", str(out), "--dask", scheduler]) == 0

    assert out.read_bytes() == expected


def parquet(source: Path, target: Path, where: str = "true") -> Path:
    duckdb = pytest.importorskip("duckdb")
    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{source}') WHERE {where}) TO '{target}' (FORMAT parquet)")
    return target


def fleet(folder: Path) -> Path:
    """Two compressors, one as CSV and one as a Parquet archive of two files, and one whose history is missing."""
    folder.mkdir()
    first = history(folder / "one.csv", 2500, seed=1)
    second = history(folder / "two.csv", 2500, seed=2)
    (folder / "two").mkdir()
    middle = machine(2500, seed=2).time_ns[1000]
    parquet(second, folder / "two" / "a.parquet", f"time < {middle}")
    parquet(second, folder / "two" / "b.parquet", f"time >= {middle}")
    lines = [
        f"e/s/utilities/air/comp1,coal_mine,air_compressor,{first.name}",
        "e/s/utilities/air/comp2,coal_mine,air_compressor,two",
        "e/s/utilities/air/comp3,coal_mine,air_compressor,absent.csv",
    ]
    (folder / "fleet.csv").write_text("asset,pack,template,file\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return folder


def test_a_fleet_is_trained_in_process_and_on_workers_alike_and_goes_on(
    scheduler: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = fleet(tmp_path / "fleet")
    here, there = tmp_path / "here", tmp_path / "there"

    assert main(["train-fleet", str(folder), "--out", str(here)]) == 1
    out = capsys.readouterr().out
    assert "e/s/utilities/air/comp3: failed" in out
    assert "absent.csv" in out
    assert "2 of 3 assets have their models" in out
    assert main(["train-fleet", str(folder), "--out", str(there), "--dask", scheduler]) == 1

    files = sorted(path.name for path in here.iterdir())
    assert files == ["e.s.utilities.air.comp1.json", "e.s.utilities.air.comp2.json"]
    assert [(there / name).read_bytes() for name in files] == [(here / name).read_bytes() for name in files]
    capsys.readouterr()
    (here / files[0]).write_bytes(b"damaged")
    history(folder / "absent.csv", 2500, seed=3)
    assert main(["train-fleet", str(folder), "--out", str(here)]) == 0
    out = capsys.readouterr().out
    assert "comp2: done before" in out
    assert "comp1: done before" not in out
    assert "3 of 3 assets" in out
    assert (here / files[0]).read_bytes() == (there / files[0]).read_bytes()


@pytest.mark.parametrize("part", ["ovoo_models", "scikit_learn"])
def test_a_model_that_another_version_made_is_trained_again(
    part: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "fleet", tmp_path / "out"
    folder.mkdir()
    row = f"e/s/utilities/air/comp1,coal_mine,air_compressor,{history(folder / 'one.csv', 2500).name}"
    (folder / "fleet.csv").write_text(f"asset,pack,template,file\n{row}\n", encoding="utf-8")
    assert main(["train-fleet", str(folder), "--out", str(out)]) == 0
    (path,) = out.iterdir()
    fresh = path.read_bytes()
    made = artifact.loads(fresh)
    older = {**made.card, "versions": {**made.card["versions"], part: "0.0.1"}}
    artifact.save(path, replace(made, card=older))
    capsys.readouterr()

    assert main(["train-fleet", str(folder), "--out", str(out)]) == 0

    assert "done before" not in capsys.readouterr().out
    assert path.read_bytes() == fresh


def test_csv_and_parquet_of_the_same_samples_learn_the_same(week: Path, expected: bytes, tmp_path: Path) -> None:
    out = tmp_path / "p.json"
    assert main(["train", *TEMPLATE, "--parquet", str(parquet(week, tmp_path / "w.parquet")), "--out", str(out)]) == 0
    ours, theirs = (artifact.loads(data) for data in (expected, out.read_bytes()))

    assert ours.fingerprint == theirs.fingerprint
    assert ours.card["data_sha256"] == theirs.card["data_sha256"]
    assert ours.card["source_sha256"] != theirs.card["source_sha256"]


def test_the_card_tells_what_from_whom_and_how_well_in_both_languages(
    week: Path, expected: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(expected)

    assert main(["card", str(path), "--language", "en"]) == 0
    english = capsys.readouterr().out
    assert main(["card", str(path)]) == 0
    chinese = capsys.readouterr().out
    assert main(["card", str(path), "--json"]) == 0
    card = json.loads(capsys.readouterr().out)

    assert "trained by: test" in english
    assert f"SHA-256 of the rows: {card['data_sha256']}" in english
    assert "训练人: test" in chinese
    assert "排气温度 (discharge_temp):" in chinese
    assert english.count("\n") == chinese.count("\n")
    assert card["window"][0] < card["window"][1]
    limit = card["models"]["mewma"]["limit"]
    assert f"limit {limit:.3g}" in english
    assert card["signals"]["power"]["low"] < card["signals"]["power"]["high"]


def test_a_card_of_an_estimator_is_short_and_whole(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from ovoo_models.estimator import Estimator

    Estimator("range", {"high": 1.0}).save(tmp_path / "r.json", trained_by="Li")

    assert main(["card", str(tmp_path / "r.json"), "--language", "en"]) == 0
    assert "trained by: Li" in capsys.readouterr().out


class Watched(io.StringIO):
    """A stream that tells when something was written."""

    def __init__(self, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal
        self.wrote = threading.Event()

    def isatty(self) -> bool:
        return self.terminal

    def flush(self) -> None:
        self.wrote.set()


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_is_shown_when_it_takes_long(terminal: bool) -> None:
    stream = Watched(terminal)
    with Progress(stream, interval_s=0.001) as progress:
        progress.say("fitted mewma", 3, 12)
        stream.wrote.clear()
        assert stream.wrote.wait(10)
        stream.wrote.clear()
        assert stream.wrote.wait(10)

    assert "fitted mewma (3 of 12), " in stream.getvalue()
    assert stream.getvalue().endswith("\n")


def test_what_is_done_soon_says_nothing() -> None:
    stream = Watched(terminal=True)
    with Progress(stream) as progress:
        progress.say("reading")

    assert stream.getvalue() == ""


def test_nobody_at_the_address_is_said(week: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ConfigError, match="no scheduler answers"), connect("nowhere"):
        pass


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("asset,pack,template,file\n", "no asset"),
        ("asset,pack\na/b/c/d/e,coal_mine\n", "empty cell"),
        ("asset,pack,template,file\na,p,t,f\na,p,t,f\n", "one twice"),
    ],
)
def test_a_fleet_file_that_is_wrong_is_named(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_fleet(tmp_path)
    (tmp_path / "fleet.csv").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=message):
        read_fleet(tmp_path)


def test_dask_is_not_imported_without_being_asked_for() -> None:
    code = "import sys, ovoo_models.train.cluster, ovoo_models.train.fleet; sys.exit('distributed' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
