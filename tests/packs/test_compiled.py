"""What is committed is what the sources say, and it is canonical."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Iterator
from typing import Any

import ovoo_packs
import pytest
from ovoo_contract.canonical import canonical_json
from ovoo_packs.compiler.assembly import compile_sources, stale_files, write_files

from tests.packs.conftest import SOURCES

DATA = pathlib.Path(ovoo_packs.__file__).parent / "data"


def test_committed_files_are_fresh() -> None:
    assert stale_files(compile_sources(SOURCES), DATA) == [], "run: ovoo-packs build"


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.name)
def test_files_are_canonical_json(path: pathlib.Path) -> None:
    content = path.read_bytes()

    assert canonical_json(json.loads(content)) == content


def test_writing_removes_what_is_no_longer_compiled(tmp_path: pathlib.Path) -> None:
    (tmp_path / "old.json").write_bytes(b"{}")

    changed = write_files({"new.json": b"{}"}, tmp_path)

    assert changed == ["new.json", "old.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["new.json"]


def _dicts(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _dicts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _dicts(child)


@pytest.mark.parametrize("path", sorted(DATA.glob("*.json")), ids=lambda path: path.name)
def test_every_text_has_both_languages(path: pathlib.Path) -> None:
    pairs = 0
    for each in _dicts(json.loads(path.read_bytes())):
        for key in [key for key in each if key.endswith("_zh")]:
            chinese, english = each[key], each[key[:-3] + "_en"]
            pairs += 1
            assert any("一" <= character <= "鿿" for character in chinese), chinese
            assert english.strip()
            assert not any("一" <= character <= "鿿" for character in english), english
        assert not any(key.endswith("_en") and key[:-3] + "_zh" not in each for key in each)
    assert pairs or path.name == "index.json"
