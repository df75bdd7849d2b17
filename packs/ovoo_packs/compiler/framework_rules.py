"""What a framework must hold together: sums, brackets, levels that rise, names that exist, rules with a source."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Sequence

from ovoo_packs.compiler.checks import dates, known, number, numbers, sums_to, unique
from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.leading_rules import check_leading
from ovoo_packs.compiler.problems import Problems

__all__ = ["INDICATORS", "check_framework"]

INDICATORS = (
    "auto_collected",
    "control_network_reach",
    "cost_per_100",
    "data_classified",
    "data_protected",
    "digital_spend_share",
    "energy_drivers_collected",
    "energy_intensity",
    "energy_models_in_service",
    "equipment_digitised",
    "equipment_networked",
    "forecasts_scored",
    "good_data_share",
    "link_energy",
    "link_equipment",
    "link_production",
    "link_quality",
    "link_safety",
    "link_storage",
    "models_in_service",
    "network_segmented",
    "oee_computed",
    "pass_rate",
    "quality_models_in_service",
    "revenue_per_head",
    "simulations_run",
    "stable_running_months",
    "transport_encrypted",
    "warnings_closed",
    "warnings_issued",
    "work_orders_triggered",
)
"""What telemetry, finance figures and the platform's own records can show, by name."""


def check_framework(root: Node, sources: set[str], problems: Problems) -> None:
    """Notes everything that does not hold together in a framework whose schema is sound."""
    dates(root, problems)
    known(root["source"], "source", sources, "source", problems)
    _METHODS[str(root.get("method"))](root, sources, problems)
    check_leading(root, problems)


def _points_gate(root: Node, sources: set[str], problems: Problems) -> None:
    for key in ("scene_source", "gate_source"):
        known(root[key], key, sources, "source", problems)
    known(root["connected"]["source"], "connected.source", sources, "source", problems)
    total = math.fsum(numbers(root["dimensions"].items, "points"))
    sums_to(root["dimensions"], "dimensions", "points", total, 100.0, problems)
    unique(root["dimensions"].items, "id", "dimensions", problems)
    _unique_items(root, ("dimensions", "groups", "items"), problems)
    unique(root["scenes"].items, "id", "scenes", problems)
    for position, node in enumerate(root["dimensions"].items):
        _dimension(node, f"dimensions[{position}]", sources, problems)
    for position, scene in enumerate(root["scenes"].items):
        for number_, level in enumerate(scene["levels"].items if "levels" in scene else []):
            _indicators(level, f"scenes[{position}].levels[{number_}]", problems)
    _gate(root, problems)


def _unique_items(root: Node, path: tuple[str, ...], problems: Problems) -> None:
    """Ids of items are unique over the whole framework, for answers name nothing else."""
    nodes = [root]
    for key in path:
        nodes = [child for node in nodes for child in (node[key].items if key in node else [])]
    unique(nodes, "id", "items", problems)


def _dimension(node: Node, path: str, sources: set[str], problems: Problems) -> None:
    groups = node["groups"].items
    sums_to(node["groups"], f"{path}.groups", "weights", math.fsum(numbers(groups, "weight")), 100.0, problems)
    for position, group in enumerate(groups):
        spot = f"{path}.groups[{position}]"
        items = group["items"].items
        wanted = number(node, "points") * number(group, "weight") / 100
        total = math.fsum(numbers(items, "points"))
        sums_to(group["items"], f"{spot}.items", "points", total, wanted, problems)
        for position_, item in enumerate(items):
            _item(item, f"{spot}.items[{position_}]", sources, problems)


def _item(node: Node, path: str, sources: set[str], problems: Problems) -> None:
    _fact(node, path, sources, problems)
    points = number(node, "points")
    options = node["options"].items if "options" in node else []
    unique(options, "id", f"{path}.options", problems)
    for position, option in enumerate(options):
        _indicators(option, f"{path}.options[{position}]", problems)
    kind = node.get("kind")
    if kind == "ratio":
        _brackets(node, path, problems)
    elif not options:
        problems.add(node.place, f"{path}.options", "no options", kind, "list them under options:")
    else:
        earned = numbers(options, "points")
        best = math.fsum(earned) if kind == "multi" else max(earned)
        sums_to(node["options"], f"{path}.options", "points", best, points, problems)
    if kind == "direction" and [option.get("id") for option in options] != ["worse", "flat", "better"]:
        problems.add(
            node.place, f"{path}.options", "not a direction", kind, "give worse, flat and better, in this order"
        )
    if number(node, "measurable") > points:
        place, value = node["measurable"].place, node.get("measurable")
        problems.add(place, f"{path}.measurable", "more than the item", value, f"at most {points:g}")


def _brackets(node: Node, path: str, problems: Problems) -> None:
    brackets = node["brackets"].items if "brackets" in node else []
    bounds, shares = numbers(brackets, "upto"), numbers(brackets, "share")
    if bounds != sorted(set(bounds)) or not bounds or bounds[-1] != 100:
        remedy = "upto must rise and end at 100"
        problems.add(node.place, f"{path}.brackets", "brackets do not cover 0 to 100 %", bounds, remedy)
    elif shares != sorted(shares) or shares[-1] != 1:
        remedy = "shares must not fall, and the last one is 1"
        problems.add(node["brackets"].place, f"{path}.brackets", "shares of the brackets fall", shares, remedy)


def _gate(root: Node, problems: Problems) -> None:
    """Levels count up from 1, and no step asks for less than the one before it, nor for more than there is."""
    steps = root["gate"].items
    counted = [step.get("level") for step in steps]
    if counted != list(range(1, len(steps) + 1)):
        problems.add(root["gate"].place, "gate", "levels do not count up from 1", counted, "1, 2, 3, ...")
    for key in ("score", "scenes", "mandatory", "scene_level"):
        for position, (before, step) in enumerate(itertools.pairwise(steps), start=1):
            if number(step, key) < number(before, key):
                remedy = f"at least {before.get(key)}, as the level below"
                problems.add(step[key].place, f"gate[{position}].{key}", "the gate falls", step.get(key), remedy)
    stars = sum(1 for scene in root["scenes"].items if scene.get("mandatory") is True)
    for position, step in enumerate(steps):
        for key, there in (("scenes", len(root["scenes"].items)), ("mandatory", stars)):
            if number(step, key) > there:
                remedy = f"at most {there}"
                problems.add(step[key].place, f"gate[{position}].{key}", "more than there are", step.get(key), remedy)


def _fact(node: Node, path: str, sources: set[str], problems: Problems) -> None:
    known(node["source"], f"{path}.source", sources, "source", problems)
    if "indicator" in node:
        known(node["indicator"], f"{path}.indicator", INDICATORS, "indicator", problems)


def _indicators(node: Node, path: str, problems: Problems) -> None:
    if "measured_by" not in node:
        return
    names = node["measured_by"]
    for each in names.items if isinstance(names.value, list) else [names]:
        known(each, f"{path}.measured_by", INDICATORS, "indicator", problems)


def _levels(root: Node, sources: set[str], problems: Problems, *, bounded: bool, most: float = math.inf) -> None:
    known(root["level_source"], "level_source", sources, "source", problems)
    levels = root["levels"].items
    counted = [level.get("level") for level in levels]
    if counted != list(range(1, len(levels) + 1)):
        problems.add(root["levels"].place, "levels", "levels do not count up from 1", counted, "1, 2, 3, ...")
    if not bounded:
        return
    starts = numbers(levels, "from")
    if any(math.isnan(start) for start in starts) or starts != sorted(set(starts)) or starts[-1] > most:
        remedy = f"from: of each level must rise and stay within {most:g}"
        problems.add(root["levels"].place, "levels", "bounds of the levels overlap or leave a gap", starts, remedy)


def _maturity(root: Node, sources: set[str], problems: Problems) -> None:
    levels = root["levels"].items
    _levels(root, sources, problems, bounded=True, most=len(levels))
    for position, level in enumerate(levels):
        if not position < number(level, "from") <= position + 1:
            remedy = f"above {position}, at most {position + 1}"
            problems.add(level.place, f"levels[{position}].from", "outside its level", level.get("from"), remedy)
    grades = [float(str(grade.value)) for grade in root["grades"].items]
    if grades != sorted(set(grades)) or (grades[0], grades[-1]) != (0.0, 1.0):
        problems.add(
            root["grades"].place, "grades", "grades do not rise from 0 to 1", grades, "for example [0, 0.5, 1]"
        )
    elements = root["elements"].items
    unique(elements, "id", "elements", problems)
    _unique_items(root, ("elements", "subdomains"), problems)
    _weights(root["elements"], "elements", problems)
    for position, element in enumerate(elements):
        _weights(element["subdomains"], f"elements[{position}].subdomains", problems)
        for number_, node in enumerate(element["subdomains"].items):
            path = f"elements[{position}].subdomains[{number_}]"
            _fact(node, path, sources, problems)
            _requirements(node, path, len(levels), problems)


def _requirements(node: Node, path: str, levels: int, problems: Problems) -> None:
    requirements = node["requirements"].items if "requirements" in node else []
    unique(requirements, "id", f"{path}.requirements", problems)
    for position, each in enumerate(requirements):
        if number(each, "level") > levels:
            spot = f"{path}.requirements[{position}].level"
            problems.add(each["level"].place, spot, "no such level", each.get("level"), f"1 to {levels}")


def _weights(parts: Node, path: str, problems: Problems) -> None:
    """All weights are known and add up to 100, or none is."""
    weights = [number(part, "weight") for part in parts.items]
    if all(math.isnan(weight) for weight in weights):
        return
    sums_to(parts, path, "weights", math.fsum(weights), 100.0, problems)
    if any(math.isnan(weight) for weight in weights):
        problems.add(parts.place, path, "some weights are not given", weights, "give all of them, or null for all")


def _acceptance(root: Node, sources: set[str], problems: Problems) -> None:
    _levels(root, sources, problems, bounded=False)
    variants = [str(node.get("id")) for node in root["variants"].items]
    unique(root["variants"].items, "id", "variants", problems)
    unique(root["subsystems"].items, "id", "subsystems", problems)
    shared = root["common"].items if "common" in root else []
    unique(shared, "id", "common", problems)
    for path, nodes in _criteria(root):
        unique([*nodes, *(shared if path.startswith("subsystems") else [])], "id", path, problems)
        for position, node in enumerate(nodes):
            _criterion(node, f"{path}[{position}]", variants, sources, problems)
    if not any(nodes for _, nodes in _criteria(root)):
        problems.add(root.place, "subsystems", "no criteria", None, "list them under common:, criteria: or general:")


def _criteria(root: Node) -> Iterator[tuple[str, Sequence[Node]]]:
    if "common" in root:
        yield "common", root["common"].items
    if "general" in root:
        yield "general.criteria", root["general"]["criteria"].items
    for position, node in enumerate(root["subsystems"].items):
        if "criteria" in node:
            yield f"subsystems[{position}].criteria", node["criteria"].items


def _criterion(node: Node, path: str, variants: list[str], sources: set[str], problems: Problems) -> None:
    _fact(node, path, sources, problems)
    need = node["need"].mapping if "need" in node else {}
    if (node.get("kind") == "at_least") != bool(need):
        remedy = "need: {VARIANT: number} belongs to at_least, and to it only"
        problems.add(node.place, f"{path}.need", "a bound where none belongs, or none", node.get("kind"), remedy)
    for name in [name for name in need if name not in variants]:
        problems.add(node["need"].keys[name], f"{path}.need", "unknown variant", name, f"one of {', '.join(variants)}")
    for each in node["variants"].items if "variants" in node else []:
        known(each, f"{path}.variants", variants, "variant", problems)


def _norm_table(root: Node, sources: set[str], problems: Problems) -> None:
    _levels(root, sources, problems, bounded=False)
    if len(root["levels"].items) != 4:
        remedy = "levels 1 to 3 and, as 4, above every limit"
        problems.add(root["levels"].place, "levels", "not four levels", len(root["levels"].items), remedy)
    if ("sector" in root) == ("rows" in root):
        problems.add(root.place, "rows", "norms of a sector, or own rows", None, "give either sector: or rows:")
    for position, node in enumerate(root["rows"].items if "rows" in root else []):
        path = f"rows[{position}]"
        known(node["source"], f"{path}.source", sources, "source", problems)
        limits = [float(str(each.value)) for each in node["levels"].items if each.value is not None]
        if len(node["levels"].items) != 3 or not limits or limits != sorted(limits):
            problems.add(node["levels"].place, f"{path}.levels", "limits do not rise", limits, "[best, access, limit]")
        has_rule = node.get("correction_rule") not in (None, "none")
        if has_rule != bool("corrections" in node and node["corrections"].items):
            problems.add(node.place, path, "corrections without their rule", node.get("id"), "give both or neither")
    unique(root["rows"].items if "rows" in root else [], "id", "rows", problems)


def _bands(root: Node, sources: set[str], problems: Problems) -> None:
    _levels(root, sources, problems, bounded=True, most=number(root, "full"))
    unique(root["variants"].items, "id", "variants", problems)
    _fact(root["item"], "item", sources, problems)


_METHODS: dict[str, Callable[[Node, set[str], Problems], None]] = {
    "points_gate": _points_gate,
    "maturity": _maturity,
    "acceptance": _acceptance,
    "norm_table": _norm_table,
    "bands": _bands,
}
