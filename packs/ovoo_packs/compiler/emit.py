"""From checked documents to the data of the compiled files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ovoo_packs.compiler.hours import parse_hours

__all__ = ["emit_pack", "emit_table"]

Data = dict[str, Any]


def emit_pack(pack: Data, templates: Sequence[Data], shared: Sequence[Data], shared_sources: Data) -> Data:
    """A sector's file: its own templates, then the shared ones."""
    return {
        **_named(pack, "version"),
        "sources": {**shared_sources, **pack["sources"]},
        "templates": [_template(each) for each in (*templates, *shared)],
    }


def emit_table(table: Data) -> Data:
    """Factors, norms, tariffs or methods with the source written into each row."""
    rows = {"factors": _factor, "norms": _norm, "tariffs": _tariff, "methods": _method}[table["kind"]]
    return {"version": table["version"], "rows": [rows(row, table["sources"]) for row in table["rows"]]}


def _named(data: Data, *keys: str) -> Data:
    return {
        "id": data["id"],
        "name_zh": data["name"]["zh"],
        "name_en": data["name"]["en"],
        **{key: data[key] for key in keys},
    }


def _template(data: Data) -> Data:
    units = {signal["name"]: signal["unit"] for signal in data["signals"]}
    dashboard = data["dashboard"]
    return {
        **_named(data, "default_path", "alarms"),
        "models": [{key: value for key, value in each.items() if key != "source" or value} for each in data["models"]],
        "signals": [_signal(each) for each in data["signals"]],
        "kpis": [_named(each, "unit", "formula", "source") for each in data["kpis"]],
        "dashboard": {
            "group_zh": dashboard["group"]["zh"],
            "group_en": dashboard["group"]["en"],
            "order": dashboard["order"],
            "panels": [_panel(each, data["alarms"], units) for each in dashboard["panels"]],
        },
    }


def _signal(data: Data) -> Data:
    rest = {key: value for key, value in data.items() if key not in ("zh", "en")}
    return {**rest, "name_zh": data["zh"], "name_en": data["en"]}


def _panel(data: Data, alarms: Sequence[Data], units: Mapping[str, str]) -> Data:
    lines = [
        {"kind": alarm["kind"], "value": alarm["limit"], "severity": alarm["severity"]}
        for alarm in alarms
        if data["thresholds"] and alarm["signal"] in data["signals"]
    ]
    return {
        "id": data["id"],
        "kind": data["kind"],
        "title_zh": data["title"]["zh"],
        "title_en": data["title"]["en"],
        "signals": data["signals"],
        "unit": units[data["signals"][0]],
        "thresholds": lines,
    }


def _factor(row: Data, sources: Data) -> Data:
    keys = ("kind", "result_unit", "per_unit", "value", "low", "high", "region", "year")
    return {**_named(row, *keys), "source": sources[row["source"]]}


def _method(row: Data, sources: Data) -> Data:
    return {**_named(row, "unit", "value"), "source": sources[row["source"]]}


def _norm(row: Data, sources: Data) -> Data:
    levels = {f"level{number}": value for number, value in enumerate(row["levels"], start=1)}
    return {
        **_named(row, "sector", "unit", "corrections", "correction_rule", "supersedes"),
        **levels,
        "source": sources[row["source"]],
    }


def _tariff(row: Data, sources: Data) -> Data:
    seasons = [_season(each) for each in row["seasons"]]
    return {**_named(row, "timezone", "regions"), "seasons": seasons, "source": sources[row["source"]]}


def _season(data: Data) -> Data:
    bands = [""] * 24
    for band, spans in data["hours"].items():
        for span in spans:
            for hour in parse_hours(span) or ():
                bands[hour] = band
    ratios = {band: ratio for band, ratio in data["ratios"].items() if ratio is not None}
    return {**_named(data, "months"), "bands": bands, "ratios": ratios}
