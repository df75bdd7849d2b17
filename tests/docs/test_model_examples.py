"""The Python of the pages about detectors runs as it stands."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.docs.markdown import ROOT, code_blocks
from tests.models.conftest import machine

NAMES = ("running", "load", "power", "temperature")


def rows(count: int, seed: int) -> dict[str, Any]:
    block = machine(count, seed=seed)
    return {name: block.values[place::4] for place, name in enumerate(NAMES)}


@pytest.mark.parametrize("page", ["estimator", "sklearn"])
def test_the_code_of_the_page_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tables: list[Any] = [rows(7000, 1), rows(60, 2)]
    if page == "sklearn":
        tables = [pd.DataFrame(table) for table in tables]
    names = {"normal": tables[0], "today": tables[1]}
    text = (ROOT / f"docs/reference/{page}.md").read_text("utf-8")
    blocks = [block for kind, block in code_blocks(text) if kind == "python"]

    for block in blocks:
        exec(compile(block, f"{page}.md", "exec"), names)  # our own page

    assert blocks
    assert os.listdir() == ["pump.json"]
