"""The rules of a framework as plain, self-contained data: what a case keeps, a snapshot carries and scoring reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ovoo_packs.frameworks import Dimension, Framework, Item, Method
from ovoo_packs.scoring.result import Rules

__all__ = ["method_of", "rules_of"]

DEFAULT_METHOD: Final[Method] = "points_gate"


def method_of(rules: Rules) -> str:
    """The method of the rules; those frozen before there were others name none."""
    return str(rules.get("method", DEFAULT_METHOD))


def rules_of(framework: Framework) -> dict[str, Any]:
    """What scoring and a report need of a framework; figures are texts, so that they stay exact."""
    head = {
        "id": framework.id,
        "version": framework.version,
        "sha256": framework.sha256,
        "method": framework.method,
        "name": {"zh": framework.name_zh, "en": framework.name_en},
        "source": framework.source.text,
        "edition": framework.source.edition,
        "reference_only": framework.reference_only,
        "dimensions": [_dimension(part, framework.method) for part in framework.dimensions],
    }
    return head | (_gate_rules(framework) if framework.method == DEFAULT_METHOD else _level_rules(framework))


def _name(row: Any) -> dict[str, str]:
    return {"zh": row.name_zh, "en": row.name_en}


def _gate_rules(framework: Framework) -> dict[str, Any]:
    return {
        "gate_reference_only": framework.gate_source.reference_only,
        "connected_days": framework.connected_days,
        "connected_share": str(framework.connected_share),
        "scenes": [{"id": scene.id, "name": _name(scene), "mandatory": scene.mandatory} for scene in framework.scenes],
        "gate": [
            {
                "level": rule.level,
                "score": str(rule.score),
                "scenes": rule.scenes,
                "mandatory": rule.mandatory,
                "scene_level": rule.scene_level,
            }
            for rule in framework.gate
        ],
    }


def _level_rules(framework: Framework) -> dict[str, Any]:
    return {
        "level_reference_only": framework.level_source.reference_only,
        "levels": [
            {"level": each.level, "name": _name(each), "start": None if each.start is None else _plain(each.start)}
            for each in framework.levels
        ],
        "variants": [{"id": each.id, "name": _name(each)} for each in framework.variants],
        "grades": [_plain(grade) for grade in framework.grades],
        "full": _plain(framework.full),
        "compares_with": framework.compares_with,
    }


def _plain(number: float) -> str:
    """A number as a person writes it: 1, not 1.0."""
    return str(int(number)) if number == int(number) else str(number)


def _dimension(part: Dimension, method: Method) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": part.id,
        "name": _name(part),
        "items": [_item(item, method) for group in part.groups for item in group.items],
    }
    if method == DEFAULT_METHOD:
        return data
    return data | {"weight": None if part.weight is None else str(part.weight), "whole": part.whole}


def _item(item: Item, method: Method) -> dict[str, Any]:
    data: dict[str, Any] = {
        "id": item.id,
        "name": _name(item),
        "kind": item.kind,
        "reference_only": item.reference_only,
    }
    if method != DEFAULT_METHOD:
        return data | _own(item.rule)
    return data | {
        "points": str(item.points),
        "options": [{"id": option.id, "name": _name(option), "points": str(option.points)} for option in item.options],
        "brackets": [{"upto": str(bracket.upto), "share": str(bracket.share)} for bracket in item.brackets],
    }


def _own(rule: Mapping[str, Any]) -> dict[str, Any]:
    """The method's own part of an item with its numbers as texts; flags and counts stay what they are."""
    return {key: _text(value) for key, value in rule.items()}


def _text(value: Any) -> Any:
    if isinstance(value, float):
        return _plain(value)
    if isinstance(value, Mapping):
        return {key: _text(each) for key, each in value.items()}
    return list(value) if isinstance(value, tuple) else value
