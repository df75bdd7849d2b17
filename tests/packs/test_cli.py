"""`ovoo-packs build|check|list|show`."""

from __future__ import annotations

import json
import pathlib

import pytest
from ovoo_packs.compiler.cli import main

from tests.packs.conftest import SOURCES, Break


def test_build_then_check(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    folders = ["--sources", str(SOURCES), "--data", str(tmp_path)]

    assert main(["check", *folders]) == 1
    assert "coal_mine.json: stale; run: ovoo-packs build" in capsys.readouterr().err
    assert main(["build", *folders]) == 0
    assert "wrote coal_mine.json" in capsys.readouterr().out
    assert main(["build", *folders]) == 0
    assert capsys.readouterr().out == "nothing changed\n"
    assert main(["check", *folders]) == 0


def test_errors_go_to_stderr_without_traceback(broken: Break, capsys: pytest.CaptureFixture[str]) -> None:
    folder = broken("dairy/cip.yaml", "unit: mS/cm", "unit: mS")

    assert main(["build", "--sources", str(folder)]) == 1

    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("sources/dairy/cip.yaml:9 signals[3].unit: unknown unit (got 'mS';")
    assert "Traceback" not in captured.err


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0

    listing = json.loads(capsys.readouterr().out)
    assert listing["tables"] == ["factors", "norms", "tariffs", "methods"]
    assert listing["frameworks"][0] == "gbt_39116"
    assert len(listing["frameworks"]) == 7
    assert "main_fan" in listing["coal_mine"]
    assert main(["list"]) == 0
    assert "dairy: milk_reception" in capsys.readouterr().out


@pytest.mark.parametrize(
    "name", ["coal_mine", "coal_mine/main_fan", "factors", "norms", "tariffs", "methods", "sme_2024"]
)
def test_show_prints_the_same_as_text_and_json(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", name, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)
    assert main(["show", name]) == 0
    assert capsys.readouterr().out.count("\n") > 10


def test_show_of_an_unknown_name_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", "coal_mine/rocket"]) == 1
    assert "one of gas_point" in capsys.readouterr().err


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main([])

    assert caught.value.code == 2
