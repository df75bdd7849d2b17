"""ovoo-models check: a line a promise, and an exit code for scripts."""

from __future__ import annotations

from pathlib import Path

import pytest
from ovoo_models.checks import PROMISES
from ovoo_models.cli import main

PLUGIN = """
from ovoo_models.efficiency.specific import SpecificConsumption
from ovoo_models.estimator import Estimator


class Own(SpecificConsumption):
    pass


class Noisy(SpecificConsumption):
    def score_many(self, rows, out):
        super().score_many(rows, out)
        rows.values[0:1] = rows.values[0:1]
        for i in range(len(rows)):
            out.score[i] = float(i)


def made():
    return Estimator(Own, {"over_s": 60}, columns=("power", "output"))


made.factory = Own
number = 3
"""


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    name = f"plugin_{tmp_path.name.replace('-', '_')}"
    (tmp_path / f"{name}.py").write_text(PLUGIN, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def test_our_own_detector_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "mewma", "--columns", "a,b,c", "--params", '{"learn_rows": 1500}']) == 0

    out = capsys.readouterr().out
    assert f"mewma: {len(PROMISES)} of {len(PROMISES)} promises kept" in out
    assert out.count("kept  ") == len(PROMISES)


def test_a_class_and_a_function_of_a_module_here(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{plugin}:Own", "--columns", "power,output"]) == 0
    assert main(["check", f"{plugin}:made"]) == 0
    assert "promises kept" in capsys.readouterr().out


def test_a_broken_promise_is_exit_code_one_with_its_reason(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{plugin}:Noisy", "--columns", "power,output"]) == 1

    out = capsys.readouterr().out
    assert "broken  cutting rows into calls changes no bit" in out
    assert "broken  runs of NaN are not scored: check: score" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no.such.module:thing"], "cannot be imported"),
        (["mewma", "--params", "lambda"], "not JSON"),
        (["mewma", "--params", "[]"], "a JSON object is needed"),
        (["oracle"], "no such model"),
    ],
)
def test_what_cannot_be_checked_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", *arguments]) == 1
    assert message in capsys.readouterr().err


def test_a_number_is_no_estimator(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", f"{plugin}:number"]) == 1
    assert "not callable" in capsys.readouterr().err
