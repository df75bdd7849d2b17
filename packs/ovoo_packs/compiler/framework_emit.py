"""From a checked framework document to its compiled, self-contained data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["emit_framework"]

Data = dict[str, Any]


def emit_framework(framework: Data, norm_rows: Sequence[Data]) -> Data:
    """The framework's file; `norm_rows` are the compiled norms, of which a framework may take those of a sector."""
    sources = framework["sources"]
    head = {
        **_named(framework, "version", "method", "reviewers"),
        "source": sources[framework["source"]],
    }
    method = framework["method"]
    if method == "points_gate":
        return head | _points_gate(framework)
    parts = {"maturity": _maturity, "acceptance": _acceptance, "bands": _bands}
    dimensions = _norms(framework, norm_rows) if method == "norm_table" else parts[method](framework)
    return head | {
        "dimensions": dimensions,
        "levels": [
            {
                "level": each["level"],
                "name_zh": each["name"]["zh"],
                "name_en": each["name"]["en"],
                "start": each["from"],
            }
            for each in framework["levels"]
        ],
        "level_source": sources[framework["level_source"]],
        "variants": [_named(each) for each in framework.get("variants", [])],
        "grades": framework.get("grades", []),
        "full": framework.get("full", 0.0),
        "compares_with": framework.get("compares_with", ""),
    }


def _named(data: Data, *keys: str) -> Data:
    return {
        "id": data["id"],
        "name_zh": data["name"]["zh"],
        "name_en": data["name"]["en"],
        **{key: data[key] for key in keys},
    }


def _level(data: Data) -> Data:
    name = data["name"]
    return {"level": data["level"], "name_zh": name["zh"], "name_en": name["en"], "start": data["from"]}


def _points_gate(framework: Data) -> Data:
    sources, connected = framework["sources"], framework["connected"]
    return {
        "gate": framework["gate"],
        "gate_source": sources[framework["gate_source"]],
        "scene_source": sources[framework["scene_source"]],
        "connected": {**connected, "source": sources[connected["source"]]},
        "dimensions": [_dimension(each, framework) for each in framework["dimensions"]],
        "scenes": [_scene(each, framework["ladder"]) for each in framework["scenes"]],
    }


def _dimension(data: Data, framework: Data) -> Data:
    groups = [
        {**_named(each, "weight"), "items": [_item(item, framework) for item in each["items"]]}
        for each in data["groups"]
    ]
    return {**_named(data, "points"), "groups": groups}


def _item(data: Data, framework: Data) -> Data:
    options = [
        {**{key: each[key] for key in ("id", "points", "measured_by")}, "name_zh": each["zh"], "name_en": each["en"]}
        for each in data["options"]
    ]
    return {
        **_named(data, "points", "kind", "brackets", "measurable", "indicator"),
        "options": options,
        **_fact(data, framework),
    }


def _fact(data: Data, framework: Data) -> Data:
    """Evidence and origin, as every item of every method has them."""
    return {
        "evidence_class": data["class"],
        "evidence_zh": data["evidence"]["zh"],
        "evidence_en": data["evidence"]["en"],
        "source": framework["sources"][data["source"]],
        "clause": data["clause"],
        "reviewers": framework["reviewers"] if data["reviewers"] is None else data["reviewers"],
    }


def _plain_item(data: Data, kind: str, framework: Data, rule: Mapping[str, Any]) -> Data:
    """An item without points of its own; `rule` is what its method asks."""
    return {
        **_named(data),
        "points": 0.0,
        "kind": kind,
        "brackets": [],
        "options": [],
        "measurable": 0.0,
        "indicator": data.get("indicator", ""),
        **_fact(data, framework),
        "rule": dict(rule),
    }


def _part(data: Data, items: Sequence[Data], **own: Any) -> Data:
    """A dimension of one group."""
    return {**_named(data), "points": 0.0, "groups": [{**_named(data), "weight": 100.0, "items": list(items)}], **own}


def _scene(data: Data, ladder: Sequence[Data]) -> Data:
    own = {each["level"]: each for each in data["levels"]}
    levels = [own.get(step["level"], step) for step in ladder]
    return {
        **_named(data, "part", "mandatory"),
        "evidence_class": data["class"],
        "levels": [
            {"level": each["level"], "text_zh": each["zh"], "text_en": each["en"], "measured_by": each["measured_by"]}
            for each in levels
        ],
    }


def _maturity(framework: Data) -> list[Data]:
    return [
        _part(
            element,
            [_subdomain(each, framework) for each in element["subdomains"]],
            weight=element["weight"],
        )
        for element in framework["elements"]
    ]


def _subdomain(data: Data, framework: Data) -> Data:
    counts: dict[str, int] = {}
    for each in data["requirements"]:
        counts[str(each["level"])] = counts.get(str(each["level"]), 0) + 1
    return _plain_item(data, "grades", framework, {"weight": data["weight"], "requirements": counts, "texts": [
        {"level": each["level"], "id": each["id"], "name_zh": each["zh"], "name_en": each["en"]}
        for each in data["requirements"]
    ]})  # fmt: skip


def _acceptance(framework: Data) -> list[Data]:
    parts = [
        _part(
            each,
            [_criterion(row, framework, f"{each['id']}-") for row in (*framework["common"], *each["criteria"])],
            whole=False,
        )
        for each in framework["subsystems"]
    ]
    general = framework["general"]
    if general is not None:
        whole = {"id": "general", "name": general["name"]}
        parts.append(_part(whole, [_criterion(row, framework, "") for row in general["criteria"]], whole=True))
    return parts


def _criterion(data: Data, framework: Data, prefix: str) -> Data:
    rule = {key: data[key] for key in ("need", "unit", "variants", "must")}
    return _plain_item({**data, "id": prefix + data["id"]}, data["kind"], framework, rule)


def _norms(framework: Data, norm_rows: Sequence[Data]) -> list[Data]:
    own = [_own_row(row, framework["sources"]) for row in framework["rows"]]
    rows = own or [row for row in norm_rows if row["sector"] == framework["sector"]]
    items = [
        {
            **{key: row[key] for key in ("id", "name_zh", "name_en", "source")},
            "points": 0.0,
            "kind": "norm",
            "brackets": [],
            "options": [],
            "evidence_class": "semi",
            "measurable": 0.0,
            "indicator": "",
            "evidence_zh": framework["evidence"]["zh"],
            "evidence_en": framework["evidence"]["en"],
            "clause": "",
            "reviewers": framework["reviewers"],
            "rule": _limits(row),
        }
        for row in rows
    ]
    return [_part({"id": "norms", "name": framework["name"]}, items)]


def _limits(row: Data) -> Data:
    limits = {str(number): row[f"level{number}"] for number in (1, 2, 3) if row[f"level{number}"] is not None}
    return {
        "limits": limits,
        "unit": row["unit"],
        "corrections": row["corrections"],
        "correction_rule": row["correction_rule"],
    }


def _own_row(row: Data, sources: Data) -> Data:
    levels = {f"level{number}": value for number, value in enumerate(row["levels"], start=1)}
    named = {"name_zh": row["name"]["zh"], "name_en": row["name"]["en"], "source": sources[row["source"]]}
    return {**row, **levels, **named}


def _bands(framework: Data) -> list[Data]:
    item = {**framework["item"], "id": "total", "indicator": ""}
    return [_part({"id": "total", "name": item["name"]}, [_plain_item(item, "total", framework, {})])]
