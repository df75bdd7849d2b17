"""Catalogues are complete; units are Grafana's or carry their own suffix."""

from __future__ import annotations

import pytest
from ovoo_contract.errors import UnitError
from ovoo_dashboards import texts
from ovoo_dashboards.units import grafana_unit
from ovoo_packs import load_pack, pack_names


def test_both_catalogues_hold_the_same_keys() -> None:
    assert texts.keys("zh") == texts.keys("en")


def test_every_word_is_there_in_both_languages() -> None:
    for key in texts.keys("zh"):
        words = texts.text(key)
        assert any("一" <= character <= "鿿" for character in words.zh), key
        assert not any("一" <= character <= "鿿" for character in words.en), key


@pytest.mark.parametrize(
    ("symbol", "unit"),
    [
        ("kW", "kwatt"),
        ("degC", "celsius"),
        ("1", "none"),
        ("MPa", "suffix: MPa"),
        ("m3/h", "suffix: m³/h"),
        ("%CH4", "suffix: %CH4"),
    ],
)
def test_units(symbol: str, unit: str) -> None:
    assert grafana_unit(symbol) == unit


def test_every_unit_of_the_packs_is_known() -> None:
    for name in pack_names():
        for template in load_pack(name).templates.values():
            assert all(grafana_unit(signal.unit) for signal in template.signals)


def test_unknown_unit_is_refused() -> None:
    with pytest.raises(UnitError):
        grafana_unit("furlong")
