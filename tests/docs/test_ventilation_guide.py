"""What the guide of mine ventilation shows is what the command prints for the tables that it shows."""

from __future__ import annotations

import pathlib
import shlex

import pytest
from ovoo_models.cli import main

from tests.docs.markdown import ROOT, code_blocks

PAGE = ROOT / "docs" / "guides" / "mine-ventilation.md"


def test_every_command_prints_what_the_guide_shows(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    blocks = code_blocks(PAGE.read_text(encoding="utf-8"))
    tables = iter(("mine.csv", "bad.csv"))
    compared = 0
    for place, (kind, body) in enumerate(blocks):
        if kind == "csv":
            pathlib.Path(next(tables)).write_text(body, encoding="utf-8")
        elif kind == "sh":
            words = shlex.split(body)
            words = words[: words.index(">")] if ">" in words else words
            code = main(words[1:])
            assert code == int("bad.csv" in words), body
            printed = capsys.readouterr()
            if blocks[place + 1 : place + 2] and blocks[place + 1][0] == "text":
                compared += 1
                assert printed.err + printed.out == blocks[place + 1][1]
    assert compared == 2
    assert next(tables, None) is None
    assert (tmp_path / "mine.svg").exists()
