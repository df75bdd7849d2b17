"""`ovoo-cloud framework`: add, list, show, publish, retire."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ovoo_cloud.cli import main

from tests.cloud.api.own_framework import own_text


@pytest.fixture(autouse=True)
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("OVOO_CONFIG", raising=False)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> dict[str, Any]:
    found = main(["framework", *arguments, "--json"])
    out = capsys.readouterr()
    assert found == code, out.err
    document: dict[str, Any] = json.loads(out.out)
    return document


def test_a_framework_is_added_published_shown_and_retired(
    folder: pathlib.Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "own.yaml").write_text(own_text(), encoding="utf-8")

    added = run(capsys, "add", "own.yaml")
    run(capsys, "show", "own_check", code=2)
    published = run(capsys, "publish", "own_check@1")
    shown = run(capsys, "show", "own_check")
    listed = {each["id"]: each for each in run(capsys, "list")["frameworks"]}
    retired = run(capsys, "retire", "own_check@1")

    assert (added["state"], published["state"], retired["state"]) == ("draft", "published", "retired")
    assert shown["sha256"] == added["sha256"]
    assert listed["own_check"]["origin"] == "own"
    assert listed["sme_2024"]["origin"] == "pack"


def test_publishing_at_once_needs_a_clean_lint(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    without = {key: value for key, value in json.loads(own_text()).items() if key != "vectors"}
    (folder / "bare.json").write_text(json.dumps(without), encoding="utf-8")
    (folder / "own.json").write_text(own_text("2"), encoding="utf-8")

    run(capsys, "add", "bare.json", "--publish", code=2)
    assert run(capsys, "add", "own.json", "--publish")["state"] == "published"
    assert [each["id"] for each in run(capsys, "list")["frameworks"]].count("own_check") == 1


def test_faults_are_told_by_line_on_stderr(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "own.yaml").write_text(own_text().replace('"weight": 100', '"weight": 90'), encoding="utf-8")
    (folder / "gbk.yaml").write_bytes("种类".encode("gbk"))

    assert main(["framework", "add", "own.yaml"]) == 2
    told = capsys.readouterr().err
    assert main(["framework", "add", "gbk.yaml"]) == 2
    assert main(["framework", "add", "absent.yaml"]) == 2

    assert "own.yaml:" in told
    assert "weights do not add up" in told
    assert "cannot be read" in capsys.readouterr().err
