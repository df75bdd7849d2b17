"""`ovoo-cloud score` on the embedded store: exit codes and words."""

from __future__ import annotations

import json
import pathlib
from datetime import UTC, datetime
from typing import Any

import pytest
from ovoo_cloud.cli import main
from ovoo_cloud.services import build_services
from ovoo_cloud.settings import Settings
from ovoo_models import artifact
from ovoo_models.bindings import untrained
from ovoo_packs import load_pack

from tests.cloud import builders
from tests.cloud.scoring.conftest import ingest
from tests.cloud.scoring.gateway import END, SECOND, START, FanGateway, pieces


def iso(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns // SECOND, UTC).isoformat()


def installed(folder: pathlib.Path, models: bool) -> FanGateway:
    gateway = FanGateway("heishan-coal", folder, models=models)
    with build_services(Settings(data_dir=folder / "ovoo-data")) as services:
        with services.database.write() as session:
            builders.tenant(session)
        ingest(services, [gateway.listing(), *gateway.send(pieces(300 * SECOND))])
    return gateway


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVOO_CONFIG", raising=False)
    return tmp_path


@pytest.fixture
def scored(folder: pathlib.Path) -> FanGateway:
    return installed(folder, models=True)


@pytest.fixture
def plain(folder: pathlib.Path) -> FanGateway:
    return installed(folder, models=False)


def arguments(gateway: FanGateway, *more: str) -> list[str]:
    window = ["--start", iso(START), "--end", iso(END)]
    return ["score", "--asset", str(gateway.asset), "--model", str(gateway.model), *window, *more]


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> dict[str, Any]:
    found = main([*words, "--json"])
    out = capsys.readouterr()
    assert found == code, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def test_equal_scores_are_told_in_both_languages(scored: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys, *arguments(scored, "--compare"))

    assert document["comparison"]["greatest"] == 0.0
    assert document["comparison"]["compared"] > 5000
    for language, words in (("zh", "与已存评分一致"), ("en", "equal to the stored scores")):
        assert main(arguments(scored, "--compare", "--language", language)) == 0
        assert words in capsys.readouterr().out


def test_another_model_is_found_out(scored: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys, *arguments(scored, "--compare", "--lead-h", "0", "--period", "60"), code=3)

    assert document["comparison"]["different"] > 0


def test_where_a_gateway_scores_nothing_is_stored(scored: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    document = run(capsys, *arguments(scored, "--store"), code=1)

    assert "never written over" in document["error"]["message"]
    assert scored.name in document["error"]["value"]


def test_scores_are_stored_once_and_compare_afterwards(plain: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *arguments(plain, "--compare"), code=1)["comparison"]["compared"] == 0
    first = run(capsys, *arguments(plain, "--store"))["stored"]
    again = run(capsys, *arguments(plain, "--store"))["stored"]

    assert (first["present"], again["rows"], again["present"]) == (0, 0, first["rows"])
    assert first["rows"] > 2500
    assert first["findings"] == again["findings"] > 0
    assert run(capsys, *arguments(plain, "--compare"))["comparison"]["greatest"] == 0.0
    assert main(arguments(plain, "--store", "--language", "zh")) == 0
    assert "不产生报警" in capsys.readouterr().out


def test_refusals_have_their_exit_code_and_say_why(plain: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    (plain.folder / "damaged.json").write_text('{"format": "ovoo-model-set"', encoding="utf-8")
    window = ["--start", iso(START), "--end", iso(END)]
    fan, model = str(plain.asset), str(plain.model)
    cases = [
        (["--asset", fan, "--model", "absent.json", *window], 1, "absent.json"),
        (["--asset", fan, "--model", "damaged.json", *window], 1, "JSON"),
        (["--asset", f"{fan}9", "--model", model, *window], 1, "not found"),
        (["--asset", fan, "--model", model, "--start", iso(START - 10**15), "--end", iso(START)], 1, "no samples"),
        (
            ["--asset", fan, "--model", model, "--start", "2026-01-01T00:00Z", "--end", "2027-01-01T00:00Z"],
            1,
            "31 days",
        ),
        (["--asset", fan, "--model", model, "--start", "yesterday", "--end", iso(END)], 1, "not a time"),
        (["--asset", fan, "--model", model, *window, "--feedback", "absent.json"], 2, "absent.json"),
        (["--asset", fan, "--model", model, *window, "--lead-h", "9999"], 2, "744"),
    ]
    for words, code, message in cases:
        assert message in str(run(capsys, "score", *words, code=code)["error"])


def test_the_model_of_another_machine_does_not_fit(plain: FanGateway, capsys: pytest.CaptureFixture[str]) -> None:
    cip = untrained(load_pack("dairy").template("cip"), "processing/cip/cip1")
    artifact.save(plain.folder / "cip.json", cip)
    words = ["--asset", str(plain.asset), "--model", "cip.json", "--start", iso(START), "--end", iso(END)]

    assert run(capsys, "score", *words, code=2)["error"]
