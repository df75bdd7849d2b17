"""Loads what `ovoo-packs build` compiled; standard library only."""

from __future__ import annotations

import functools
import hashlib
import json
from importlib import resources
from typing import Any

from ovoo_contract.errors import PackError

from ovoo_packs.factors import FactorTable, factors_from_data
from ovoo_packs.framework_data import framework_from_data
from ovoo_packs.frameworks import Framework
from ovoo_packs.methods import MethodTable, methods_from_data
from ovoo_packs.norms import NormTable, norms_from_data
from ovoo_packs.tariffs import TariffTable, tariffs_from_data
from ovoo_packs.templates import Pack, pack_from_data

__all__ = [
    "framework_data",
    "framework_names",
    "leading_framework",
    "load_factors",
    "load_framework",
    "load_methods",
    "load_norms",
    "load_pack",
    "load_tariffs",
    "norm_rows",
    "pack_names",
]


def pack_names() -> tuple[str, ...]:
    """The sector packs there are, sorted."""
    return tuple(_index()["packs"])


def framework_names() -> tuple[str, ...]:
    """The assessment frameworks there are, sorted."""
    return tuple(_index()["frameworks"])


def leading_framework(sector: str) -> str:
    """The framework that leads a report where its case names none: that of the sector's pack, else the common one."""
    leading: dict[str, str] = _index()["leading"]
    return leading.get(sector, leading[""])


@functools.cache
def load_pack(name: str) -> Pack:
    """The pack called `name`; raises PackError naming those there are."""
    _require(name, pack_names(), "pack")
    return pack_from_data(*_read(name))


@functools.cache
def load_framework(name: str) -> Framework:
    """The framework called `name`; raises PackError naming those there are."""
    _require(name, framework_names(), "framework")
    return framework_from_data(*_read(name))


def framework_data(name: str) -> dict[str, Any]:
    """The compiled data of a framework, for comparing editions."""
    _require(name, framework_names(), "framework")
    return _read(name)[0]


@functools.cache
def load_factors() -> FactorTable:
    """Standard-coal and emission factors."""
    return factors_from_data(*_read("factors"))


@functools.cache
def load_norms() -> NormTable:
    """Consumption norms."""
    return norms_from_data(*_read("norms"))


def norm_rows() -> list[dict[str, Any]]:
    """The norms as compiled data, for a framework that takes its rows from them."""
    rows: list[dict[str, Any]] = _read("norms")[0]["rows"]
    return rows


@functools.cache
def load_tariffs() -> TariffTable:
    """Time-of-use tariffs."""
    return tariffs_from_data(*_read("tariffs"))


@functools.cache
def load_methods() -> MethodTable:
    """Weights and thresholds of our own methods."""
    return methods_from_data(*_read("methods"))


def _require(name: str, known: tuple[str, ...], what: str) -> None:
    if name not in known:
        raise PackError(f"no such {what}", offender="ovoo_packs", value=name, remedy=f"one of {', '.join(known)}")


@functools.cache
def _index() -> dict[str, Any]:
    return _read("index")[0]


def _read(name: str) -> tuple[dict[str, Any], str]:
    """The document and the SHA-256 of its file."""
    content = resources.files("ovoo_packs").joinpath("data", f"{name}.json").read_bytes()
    document: dict[str, Any] = json.loads(content)
    return document, hashlib.sha256(content).hexdigest()
