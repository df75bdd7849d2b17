"""Units in a report read as units in both languages: no code of the data model reaches paper."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from ovoo_cloud.reports.charts import draw
from ovoo_cloud.reports.resolve import Locale, catalogue, resolve
from ovoo_contract.units import unit_symbols

from tests.cloud.reports.conftest import Issued

_RAW = re.compile(r"(?<![A-Za-z0-9_./-])(?:count|degC|m3|m2|times_limit|points)(?![A-Za-z0-9_.-])|/(?:count|m3)\b")


def _printed(full: Issued) -> Iterator[str]:
    tree = json.loads((full.folder / "report.json").read_bytes())
    for language in ("zh", "en"):
        document = resolve(tree, "zh" if language == "zh" else "en", draw)
        for block in document.blocks:
            for row in block.get("rows", []):
                yield from row
            yield block.get("text", "")
        for svg in document.charts.values():
            yield from re.findall(r">([^<]+)</text>", svg)


def test_no_raw_code_of_a_unit_is_printed(full: Issued) -> None:
    texts = list(_printed(full))

    assert len(texts) > 2000
    assert [text for text in texts if re.search(r"\d ?\S*(?:/count|degC|m3\b|times_limit)", text)] == []
    assert [text for text in texts if text.strip() in ("count", "degC", "m3", "m3/h", "m3/min", "1")] == [
        text
        for text in texts
        if text.strip() == "1"  # numbers of rows
    ]


@pytest.mark.parametrize("symbol", [*unit_symbols(), "kWh/count", "count/h", "kWh/m3", "kgce/m3", "yuan/a", "kWh/d"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_unit_reads_as_one(symbol: str, language: str) -> None:
    printed = Locale("zh" if language == "zh" else "en").unit(symbol)

    assert _RAW.search(printed) is None
    assert not printed.startswith("/")
    assert not printed.endswith("/")


@pytest.mark.parametrize(
    ("language", "symbol", "words"),
    [
        ("zh", "kWh/count", "kWh/件"),
        ("en", "kWh/count", "kWh/piece"),
        ("zh", "count/h", "件/h"),
        ("en", "kW/(m3/min)", "kW/(m³/min)"),
        ("zh", "yuan/kWh", "元/kWh"),
    ],
)
def test_a_unit_over_another_is_named_part_by_part(language: str, symbol: str, words: str) -> None:
    assert Locale("zh" if language == "zh" else "en").unit(symbol) == words


def test_both_catalogues_name_every_glossary_term_apart() -> None:
    zh, en = catalogue("zh"), catalogue("en")

    assert [key for key in zh if re.fullmatch(r"term\.[a-z_]+", key) and zh[key] == en[key]] == []
