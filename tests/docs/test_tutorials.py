"""What the plant engineer's tutorial shows is what the programs print."""

from __future__ import annotations

import pathlib

import pytest
from ovoo_edge.cli import main

from tests.docs.markdown import ROOT, code_blocks

PAGE = ROOT / "docs" / "tutorials" / "plant-engineer.md"


@pytest.fixture
def folder(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.chdir(tmp_path)
    settings = next(body for kind, body in blocks() if kind == "toml")
    (tmp_path / "agent.toml").write_text(settings, encoding="utf-8")
    return tmp_path


def blocks() -> list[tuple[str, str]]:
    return code_blocks(PAGE.read_text(encoding="utf-8"))


def test_the_three_mistakes_are_reported_as_printed(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "signals.csv").write_text(next(body for kind, body in blocks() if kind == "csv"), encoding="utf-8")
    shown = next(body for kind, body in blocks() if kind == "text" and body.endswith("faults\n"))

    code = main(["check"])

    printed = capsys.readouterr()
    assert code == 3
    assert printed.out + printed.err == shown


def test_the_mended_list_passes(folder: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, more = (body for kind, body in blocks() if kind == "csv")
    kept = [line for line in first.splitlines() if "power_kw" not in line]
    mended = "\n".join(kept).replace(",,degC", ",,").replace(",plc1,", ",plc,")
    (folder / "signals.csv").write_text(f"{mended}\n{more}", encoding="utf-8")

    code = main(["check"])

    assert code == 0
    assert "ok      settings: 10 signals, 1 sources, 1 sinks" in capsys.readouterr().out
