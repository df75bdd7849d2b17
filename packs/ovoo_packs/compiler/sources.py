"""The schema of the pack sources: what each kind of document holds."""

from __future__ import annotations

from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.framework_schema import framework_schema
from ovoo_packs.compiler.problems import Problems
from ovoo_packs.compiler.schema import (
    Check,
    Field,
    choice,
    date,
    flag,
    list_of,
    mapping_of,
    name_pair,
    nullable,
    number,
    optional,
    rate_symbol,
    record,
    text,
    unit_symbol,
    whole,
)

__all__ = ["ROLES", "SCHEMAS", "inline_source"]

ROLES = (
    "running", "power", "energy", "output", "input", "speed", "pressure", "temperature", "vibration", "current",
    "level", "flow", "gas", "position", "quality", "state", "driver", "reactive",
)  # fmt: skip

SOURCE: dict[str, Check | Field] = {
    "text": text(),
    "edition": text(empty=True),
    "valid_from": date(),
    "valid_to": optional(date()),
    "mark": choice("S", "M", "I", "X"),
    "note": optional(text(empty=True), ""),
}
_SEVERITY = choice("info", "warning", "critical")


def inline_source() -> Check:
    """A source written where it is used."""
    return record(SOURCE)


def _scalar(node: Node, key: str, problems: Problems) -> object:
    """A parameter of a model: number, text, flag or a list of numbers."""
    if isinstance(node.value, dict) or node.value is None:
        problems.add(node.place, key, "not a parameter", node.describe(), "a number, text, true, false or a list")
        return 0
    if isinstance(node.value, list):
        return [_scalar(child, f"{key}[{position}]", problems) for position, child in enumerate(node.items)]
    return node.value


_SIGNAL = record(
    {
        "name": text(identifier=True),
        "unit": unit_symbol(),
        "type": optional(choice("float", "int", "bool", "text"), "float"),
        "low": number(),
        "high": number(),
        "zh": text(),
        "en": text(),
        "data_class": optional(choice("general", "important", "core"), "general"),
        "uplink": optional(choice("raw", "on_change"), "raw"),
        "period_s": optional(number(low=0.001, high=86400), 1.0),
        "role": choice(*ROLES),
        "counter": optional(flag(), False),
        "optional": optional(flag(), False),
    }
)
_ALARM = record(
    {
        "signal": text(identifier=True),
        "kind": choice("high", "low"),
        "limit": number(),
        "hysteresis": number(low=0),
        "delay_s": number(low=0, high=86400),
        "severity": _SEVERITY,
        "source": text(identifier=True),
        "advice": text(identifier=True),
        "advice_zh": text(),
        "advice_en": text(),
    }
)
_KPI = record(
    {
        "id": text(identifier=True),
        "name": name_pair(),
        "unit": rate_symbol(),
        "formula": text(),
        "source": text(identifier=True),
    }
)
_MODEL = record(
    {
        "model": text(identifier=True),
        "id": text(identifier=True),
        "inputs": list_of(text(identifier=True), at_least=1),
        "params": optional(mapping_of(_scalar), {}),
        "source": optional(text(identifier=True), ""),
    }
)
_PANEL = record(
    {
        "id": text(identifier=True),
        "kind": choice("timeseries", "state"),
        "title": name_pair(),
        "signals": list_of(text(identifier=True), at_least=1),
        "thresholds": optional(flag(), False),
    }
)
_TEMPLATE = record(
    {
        "kind": choice("template"),
        "id": text(identifier=True),
        "name": name_pair(),
        "default_path": text(),
        "signals": list_of(_SIGNAL, at_least=1),
        "alarms": list_of(_ALARM),
        "kpis": list_of(_KPI),
        "models": list_of(_MODEL),
        "dashboard": record({"group": name_pair(), "order": whole(1, 99), "panels": list_of(_PANEL, at_least=1)}),
    }
)
_PACK = record(
    {
        "kind": choice("pack"),
        "id": text(identifier=True),
        "name": name_pair(),
        "version": text(),
        "leading_framework": text(identifier=True),
        "sources": mapping_of(record(SOURCE)),
    }
)


def _table(kind: str, row: dict[str, Check | Field]) -> Check:
    rows = list_of(record(row), at_least=1)
    return record({"kind": choice(kind), "version": text(), "sources": mapping_of(record(SOURCE)), "rows": rows})


_FACTOR: dict[str, Check | Field] = {
    "id": text(identifier=True),
    "kind": choice("standard_coal", "co2_grid", "co2_heat", "co2_fuel"),
    "name": name_pair(),
    "result_unit": unit_symbol(),
    "per_unit": unit_symbol(),
    "value": optional(number(low=0)),
    "low": optional(number(low=0)),
    "high": optional(number(low=0)),
    "region": optional(text(identifier=True), ""),
    "year": optional(whole(1990, 2100)),
    "source": text(identifier=True),
}
_NORM: dict[str, Check | Field] = {
    "id": text(identifier=True),
    "sector": text(identifier=True),
    "name": name_pair(),
    "unit": rate_symbol(),
    "levels": list_of(nullable(number(low=0)), at_least=3),
    "corrections": optional(list_of(text(identifier=True)), []),
    "correction_rule": optional(choice("none", "product", "one_plus_sum", "unknown"), "none"),
    "supersedes": optional(text(identifier=True), ""),
    "source": text(identifier=True),
}
_BANDS = ("super_peak", "peak", "flat", "valley", "deep_valley")
_SEASON = record(
    {
        "id": text(identifier=True),
        "name": name_pair(),
        "months": list_of(whole(1, 12), at_least=1),
        "hours": record({band: optional(list_of(text(), at_least=1), []) for band in _BANDS}),
        "ratios": record({band: optional(number(low=0)) for band in _BANDS}),
    }
)
_TARIFF: dict[str, Check | Field] = {
    "id": text(identifier=True),
    "name": name_pair(),
    "timezone": text(),
    "regions": list_of(text(identifier=True), at_least=1),
    "seasons": list_of(_SEASON, at_least=1),
    "source": text(identifier=True),
}

_METHOD: dict[str, Check | Field] = {
    "id": text(identifier=True),
    "name": name_pair(),
    "unit": text(),
    "value": number(low=0),
    "source": text(identifier=True),
}

SCHEMAS: dict[str, Check] = {
    "pack": _PACK,
    "template": _TEMPLATE,
    "factors": _table("factors", _FACTOR),
    "norms": _table("norms", _NORM),
    "tariffs": _table("tariffs", _TARIFF),
    "methods": _table("methods", _METHOD),
    "framework": framework_schema(sources=mapping_of(record(SOURCE)), norm_rows=list_of(record(_NORM), at_least=1)),
}
