"""A small, sound set of sources that a test can break in one place."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable

import pytest

SOURCES = pathlib.Path(__file__).resolve().parents[2] / "packs" / "sources"

Break = Callable[[str, str, str], pathlib.Path]


@pytest.fixture
def broken(tmp_path: pathlib.Path) -> Break:
    """Copies the real sources and replaces the first `old` by `new` in one file; gives the copied folder."""
    folder = tmp_path / "sources"
    shutil.copytree(SOURCES, folder)

    def apply(file: str, old: str, new: str) -> pathlib.Path:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {file}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return folder

    return apply
