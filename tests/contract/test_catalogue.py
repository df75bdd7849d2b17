"""Catalogues: what an index means."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from ovoo_contract.address import Address
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.catalogue import Catalogue, SignalEntry, class_rank
from ovoo_contract.errors import CatalogueError, UnitError

FAN = Address.parse("coal/heishan/ventilation/main/fan1/power")
POWER = SignalEntry(FAN, "kW", low=0, high=800, data_class="important", period_s=0.5, name_zh="功率", name_en="power")
METHANE = SignalEntry(
    Address.parse("coal/heishan/face/return/gas1/methane"), "%CH4", data_class="core", keep_times=True
)


def test_a_catalogue_reads_back_and_is_named_by_its_bytes() -> None:
    catalogue = Catalogue([POWER, METHANE])

    again = Catalogue.from_json(catalogue.to_json())

    assert again.entries == catalogue.entries
    assert again == catalogue
    assert catalogue.id == sha256_hex(catalogue.to_json())[:16]
    assert (len(again), again.index(METHANE.address), METHANE.address in again) == (2, 1, True)


def test_the_published_bytes() -> None:
    assert Catalogue([POWER]).to_json().decode() == (
        '{"signals":[{"address":"coal/heishan/ventilation/main/fan1/power","data_class":"important","high":800,"low":0,'
        '"name_en":"power","name_zh":"功率","period_s":0.5,"unit":"kW"}],"version":1}'
    )


def test_the_order_matters_but_not_the_layout() -> None:
    catalogue = Catalogue([POWER, METHANE])
    spaced = json.dumps(json.loads(catalogue.to_json()), indent=3).encode()

    assert Catalogue.from_json(spaced).id == catalogue.id
    assert Catalogue([METHANE, POWER]).id != catalogue.id
    assert Catalogue([]).id == Catalogue.from_json(Catalogue([]).to_json()).id


def test_an_address_stands_once() -> None:
    with pytest.raises(CatalogueError, match=r"signals\[1\]: the same address twice"):
        Catalogue([POWER, replace(POWER, unit="W")])
    with pytest.raises(CatalogueError, match="not in the catalogue"):
        Catalogue([POWER]).index(METHANE.address)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"type": "double"}, r"power\.type: not one of the choices \(got 'double'; use float, int, bool, text\)"),
        ({"data_class": "secret"}, r"data_class"),
        ({"uplink": "never"}, r"uplink"),
        ({"measurement": "points"}, r"measurement"),
        ({"measurement": "score", "field": "value"}, r"field: not a field of score .*use score, limit, state"),
        ({"low": 5.0, "high": 5.0}, r"low: the range is empty"),
        ({"high": float("inf")}, r"high: a bound is a finite number"),
        ({"period_s": 0.0}, r"period_s: a period is a positive"),
    ],
    ids=str,
)
def test_a_contradiction_is_refused_by_name(change: dict[str, Any], message: str) -> None:
    with pytest.raises(CatalogueError, match=message):
        replace(POWER, **change)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(UnitError, match="unknown unit"):
        replace(POWER, unit="horse")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{",
        b"\xff",
        b'{"version":2,"signals":[]}',
        b'{"version":1}',
        b'{"version":1,"signals":[5]}',
        b'{"version":1,"signals":[{"unit":"kW"}]}',
        b'{"version":1,"signals":[{"address":"a","unit":"kW"}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"horse"}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","colour":"red"}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","low":"0"}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","low":true}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","low":1e999}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","low":NaN}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","low":1' + b"0" * 400 + b"}]}",
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","keep_times":1}]}',
        b'{"version":1,"signals":[{"address":"a/b/c/d/e/f","unit":"kW","name_zh":"\\ud800"}]}',
        b"[" * 100_000,
    ],
)
def test_a_malformed_catalogue_is_refused(data: bytes) -> None:
    with pytest.raises(CatalogueError):
        Catalogue.from_json(data)


def test_classes_are_ranked() -> None:
    assert class_rank("general") < class_rank("important") < class_rank("core")


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(CatalogueError, match="surrogate"):
        Catalogue([replace(POWER, name_zh="\ud800")])
