"""The schema of assessment frameworks, one for each method."""

from __future__ import annotations

from ovoo_packs.compiler.document import Node
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
    record,
    text,
    whole,
)
from ovoo_packs.frameworks import METHODS

__all__ = ["framework_schema"]

Fields = dict[str, Check | Field]
_ID = text(identifier=True)
_CLASS = choice("auto", "semi", "paper")
_REVIEWERS = list_of(record({"name": text(), "office": text(), "date": date()}))
_FACT: Fields = {
    "source": _ID,
    "clause": optional(text(empty=True), ""),
    "reviewers": optional(_REVIEWERS),
}
"""Where a rule comes from; reviewers left out are those of the whole framework."""
_NAMED: Fields = {"id": _ID, "name": name_pair()}
_OPTION = record(
    {
        "id": _ID,
        "zh": text(),
        "en": text(),
        "points": number(low=0, high=100),
        "measured_by": optional(_ID, ""),
    }
)
_ITEM = record(
    {
        **_NAMED,
        "points": number(low=0, high=100),
        "kind": choice("multi", "single", "ratio", "direction"),
        "options": optional(list_of(_OPTION), []),
        "brackets": optional(list_of(record({"upto": number(low=0, high=100), "share": number(low=0, high=1)})), []),
        "class": _CLASS,
        "measurable": number(low=0, high=100),
        "indicator": optional(_ID, ""),
        "evidence": name_pair(),
        **_FACT,
    }
)
_GROUP = record({**_NAMED, "weight": number(low=0, high=100), "items": list_of(_ITEM, at_least=1)})
_DIMENSION = record({**_NAMED, "points": number(low=0, high=100), "groups": list_of(_GROUP, at_least=1)})
_SCENE_LEVEL = record({"level": whole(1, 4), "zh": text(), "en": text(), "measured_by": optional(list_of(_ID), [])})
_SCENE = record(
    {
        **_NAMED,
        "part": choice("life_cycle", "production", "supply", "management"),
        "mandatory": flag(),
        "class": _CLASS,
        "levels": optional(list_of(_SCENE_LEVEL), []),
    }
)
_GATE = record(
    {
        "level": whole(1, 4),
        "score": number(low=0, high=100),
        "scenes": whole(0, 99),
        "mandatory": whole(0, 99),
        "scene_level": whole(1, 4),
    }
)
_LEVEL = record({"level": whole(1, 9), "name": name_pair(), "from": optional(number(low=0))})
_LEVELS: Fields = {"levels": list_of(_LEVEL, at_least=1), "level_source": _ID}
_WEIGHT: Fields = {"weight": nullable(number(low=0, high=100))}
_REQUIREMENT = record({"level": whole(1, 9), "id": _ID, "zh": text(), "en": text()})
_SUBDOMAIN = record(
    {
        **_NAMED,
        **_WEIGHT,
        "class": _CLASS,
        "indicator": optional(_ID, ""),
        "requirements": optional(list_of(_REQUIREMENT), []),
        "evidence": name_pair(),
        **_FACT,
    }
)
_CRITERION = record(
    {
        **_NAMED,
        "kind": choice("yes_no", "at_least"),
        "need": optional(mapping_of(number(low=0)), {}),
        "unit": optional(text(), ""),
        "variants": optional(list_of(_ID), []),
        "must": flag(),
        "class": _CLASS,
        "indicator": optional(_ID, ""),
        "evidence": name_pair(),
        **_FACT,
    }
)
_SUBSYSTEM = record({**_NAMED, "criteria": optional(list_of(_CRITERION), [])})
_VARIANTS = list_of(record(_NAMED), at_least=1)


def framework_schema(*, sources: Check, norm_rows: Check) -> Check:
    """The check of a framework document by its method.

    Args:
        sources: the check of its sources.
        norm_rows: the check of norm rows written into a framework of its own.
    """
    head: Fields = {
        "kind": choice("framework"),
        "method": choice(*METHODS),
        **_NAMED,
        "version": text(),
        "reviewers": optional(_REVIEWERS, []),
        "sources": sources,
        "source": _ID,
        "vectors": optional(_anything, {}),
    }
    schemas = {name: record({**head, **own}) for name, own in _methods(norm_rows).items()}

    def check(node: Node, key: str, problems: Problems) -> object:
        method = node.get("method")
        if method not in schemas:
            place = node["method"].place if "method" in node else node.place
            problems.add(place, "method", "not a known method", method, f"one of {', '.join(METHODS)}")
            return {}
        return schemas[str(method)](node, key, problems)

    return check


def _methods(norm_rows: Check) -> dict[str, Fields]:
    return {
        "points_gate": {
            "dimensions": list_of(_DIMENSION, at_least=1),
            "ladder": list_of(_SCENE_LEVEL, at_least=4),
            "scenes": list_of(_SCENE, at_least=1),
            "scene_source": _ID,
            "gate": list_of(_GATE, at_least=1),
            "gate_source": _ID,
            "connected": record({"days": whole(1, 366), "share": number(low=0, high=1), "source": _ID}),
        },
        "maturity": {
            **_LEVELS,
            "grades": list_of(number(low=0, high=1), at_least=2),
            "elements": list_of(
                record({**_NAMED, **_WEIGHT, "subdomains": list_of(_SUBDOMAIN, at_least=1)}), at_least=1
            ),
        },
        "acceptance": {
            **_LEVELS,
            "variants": _VARIANTS,
            "common": optional(list_of(_CRITERION), []),
            "subsystems": list_of(_SUBSYSTEM, at_least=1),
            "general": optional(record({"name": name_pair(), "criteria": list_of(_CRITERION, at_least=1)})),
        },
        "norm_table": {
            **_LEVELS,
            "evidence": name_pair(),
            "sector": optional(_ID, ""),
            "rows": optional(norm_rows, []),
        },
        "bands": {
            **_LEVELS,
            "variants": _VARIANTS,
            "full": number(low=0),
            "item": record({"name": name_pair(), "class": _CLASS, "evidence": name_pair(), **_FACT}),
            "compares_with": optional(_ID, ""),
        },
    }


def plain(node: Node) -> object:
    """A node as plain data, whatever it holds."""
    if isinstance(node.value, dict):
        return {name: plain(child) for name, child in node.mapping.items()}
    return [plain(child) for child in node.items] if isinstance(node.value, list) else node.value


def _anything(node: Node, key: str, problems: Problems) -> object:
    """Conformance vectors beside a centre's own framework: checked when they are run."""
    return plain(node)
