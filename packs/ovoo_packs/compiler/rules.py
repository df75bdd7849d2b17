"""What the schema cannot say: references that must exist, ranges that must be upright, sums that must come out."""

from __future__ import annotations

from collections.abc import Callable

from ovoo_contract.address import check_segment
from ovoo_contract.errors import AddressError, PackError

from ovoo_packs.compiler.checks import dates, known, number, unique
from ovoo_packs.compiler.document import Node
from ovoo_packs.compiler.framework_rules import check_framework
from ovoo_packs.compiler.hours import parse_hours
from ovoo_packs.compiler.problems import Problems
from ovoo_packs.formula import Formula

__all__ = ["MODEL_NAMES", "RULES"]

MODEL_NAMES = (
    "change_point",
    "cusum_savings",
    "demand",
    "drift_watch",
    "energy_baseline",
    "energy_drift",
    "equipment",
    "flatline",
    "half_space",
    "idle",
    "isolation",
    "lagged",
    "meter_balance",
    "mewma",
    "noise",
    "novelty",
    "pca",
    "range",
    "rate",
    "sec",
    "sensor_drift",
    "spike",
    "unit_slip",
    "variance",
    "window",
)  # fmt: skip


def _template(root: Node, sources: set[str], problems: Problems) -> None:
    signals = {str(node.get("name")): node for node in root["signals"].items}
    unique(root["signals"].items, "name", "signals", problems)
    for position, node in enumerate(root["signals"].items):
        _signal(node, f"signals[{position}]", problems)
    for position, node in enumerate(root["alarms"].items):
        _alarm(node, f"alarms[{position}]", signals, sources, problems)
    unique(root["kpis"].items, "id", "kpis", problems)
    for position, node in enumerate(root["kpis"].items):
        _kpi(node, f"kpis[{position}]", signals, sources, problems)
    unique(root["models"].items, "id", "models", problems)
    for position, node in enumerate(root["models"].items):
        _model(node, f"models[{position}]", signals, sources, problems)
    panels = root["dashboard"]["panels"].items
    unique(panels, "id", "dashboard.panels", problems)
    for position, node in enumerate(panels):
        _panel(node, f"dashboard.panels[{position}]", signals, problems)
    _path(root["default_path"], problems)


def _path(node: Node, problems: Problems) -> None:
    segments = str(node.value).split("/")
    try:
        for segment in segments:
            check_segment(segment, "default_path")
    except AddressError as error:
        problems.add(node.place, "default_path", error.message, error.value, error.remedy)
    if len(segments) != 3:
        problems.add(node.place, "default_path", "not area/line/asset", node.value, "write three parts, e.g. a/b/c")


def _signal(node: Node, path: str, problems: Problems) -> None:
    low, high = number(node, "low"), number(node, "high")
    if not low < high:
        problems.add(node["low"].place, f"{path}.low", "range inverted", f"{low:g}..{high:g}", "low must be below high")
    if node.get("type") == "bool" and (low, high) != (0.0, 1.0):
        problems.add(node["low"].place, f"{path}.low", "range of a bool", f"{low:g}..{high:g}", "write low: 0, high: 1")


def _alarm(node: Node, path: str, signals: dict[str, Node], sources: set[str], problems: Problems) -> None:
    known(node["source"], f"{path}.source", sources, "source", problems)
    known(node["signal"], f"{path}.signal", signals, "signal", problems)
    signal = signals.get(str(node.get("signal")))
    if signal is None:
        return
    low, high, limit = number(signal, "low"), number(signal, "high"), number(node, "limit")
    if not low <= limit <= high:
        remedy = f"from {low:g} to {high:g} {signal.get('unit')}"
        problems.add(node["limit"].place, f"{path}.limit", "limit outside the signal's range", limit, remedy)


def _kpi(node: Node, path: str, signals: dict[str, Node], sources: set[str], problems: Problems) -> None:
    known(node["source"], f"{path}.source", sources, "source", problems)
    try:
        terms = Formula.parse(str(node.get("formula"))).terms
    except PackError as error:
        problems.add(node["formula"].place, f"{path}.formula", error.message, error.value, error.remedy)
        return
    for _, signal in terms:
        if signal not in signals:
            remedy = f"one of {', '.join(signals)}"
            problems.add(node["formula"].place, f"{path}.formula", "unknown signal", signal, remedy)


def _model(node: Node, path: str, signals: dict[str, Node], sources: set[str], problems: Problems) -> None:
    known(node["model"], f"{path}.model", MODEL_NAMES, "model", problems)
    if "source" in node:
        known(node["source"], f"{path}.source", sources, "source", problems)
    elif node.get("model") == "equipment":
        remedy = f"one of {', '.join(sorted(sources))}"
        problems.add(node.place, path, "instrument classes without a source", node.get("id"), remedy)
    for position, name in enumerate(node["inputs"].items):
        known(name, f"{path}.inputs[{position}]", signals, "signal", problems)


def _panel(node: Node, path: str, signals: dict[str, Node], problems: Problems) -> None:
    units = set()
    for position, name in enumerate(node["signals"].items):
        known(name, f"{path}.signals[{position}]", signals, "signal", problems)
        if name.value in signals:
            units.add(str(signals[str(name.value)].get("unit")))
    if len(units) > 1:
        remedy = "one panel shows one unit: split it"
        problems.add(node["signals"].place, f"{path}.signals", "units differ", sorted(units), remedy)


def _pack(root: Node, sources: set[str], problems: Problems) -> None:
    dates(root, problems)


def _rows(root: Node, sources: set[str], problems: Problems) -> None:
    dates(root, problems)
    unique(root["rows"].items, "id", "rows", problems)
    for position, node in enumerate(root["rows"].items):
        known(node["source"], f"rows[{position}].source", sources, "source", problems)


def _factors(root: Node, sources: set[str], problems: Problems) -> None:
    _rows(root, sources, problems)
    for position, node in enumerate(root["rows"].items):
        low, high = number(node, "low"), number(node, "high")
        is_range = low < high
        if ("value" in node) == is_range or ("low" in node) != ("high" in node):
            remedy = "give value, or low and high with low below high"
            problems.add(node.place, f"rows[{position}]", "neither a value nor a range", node.get("id"), remedy)
        if node.get("kind") == "co2_grid" and not ("region" in node and "year" in node):
            remedy = "add region: and year:"
            problems.add(node.place, f"rows[{position}]", "grid factor without region and year", node.get("id"), remedy)


def _norms(root: Node, sources: set[str], problems: Problems) -> None:
    _rows(root, sources, problems)
    for position, node in enumerate(root["rows"].items):
        count = len(node["levels"].items)
        if count != 3:
            problems.add(node["levels"].place, f"rows[{position}].levels", "not three levels", count, "write [1, 2, 3]")
        has_rule = node.get("correction_rule") not in (None, "none")
        if has_rule != bool("corrections" in node and node["corrections"].items):
            remedy = (
                "give correction_rule: product, one_plus_sum or unknown where there are corrections, and only there"
            )
            problems.add(node.place, f"rows[{position}]", "corrections without their rule", node.get("id"), remedy)
    _supersession(root["rows"].items, problems)


def _supersession(rows: list[Node], problems: Problems) -> None:
    """Each row supersedes at most one that exists, no two the same, and none itself over any way round."""
    earlier = {str(node.get("id")): str(node["supersedes"].value) for node in rows if "supersedes" in node}
    taken: set[str] = set()
    for position, node in enumerate(rows):
        name = earlier.get(str(node.get("id")))
        if name is None:
            continue
        known(
            node["supersedes"], f"rows[{position}].supersedes", [str(row.get("id")) for row in rows], "norm", problems
        )
        chain = [str(node.get("id"))]
        while chain[-1] in earlier and len(chain) <= len(rows):
            chain.append(earlier[chain[-1]])
        if name in taken or len(chain) > len(rows):
            remedy = "one later edition for each earlier one, in one direction"
            problems.add(node["supersedes"].place, f"rows[{position}].supersedes", "no line of editions", name, remedy)
        taken.add(name)


def _tariffs(root: Node, sources: set[str], problems: Problems) -> None:
    _rows(root, sources, problems)
    for position, node in enumerate(root["rows"].items):
        path = f"rows[{position}].seasons"
        months = sorted(int(str(m.value)) for s in node["seasons"].items for m in s["months"].items)
        if months != list(range(1, 13)):
            remedy = "each month 1 to 12 in one season"
            problems.add(node["seasons"].place, path, "not every month once", months, remedy)
        for place, season in enumerate(node["seasons"].items):
            _season(season, f"{path}[{place}]", problems)


def _season(node: Node, path: str, problems: Problems) -> None:
    taken: dict[int, str] = {}
    for band, spans in node["hours"].mapping.items():
        for span in spans.items:
            hours = parse_hours(str(span.value))
            if hours is None:
                remedy = "write e.g. 06-08, within 00-24"
                problems.add(span.place, f"{path}.hours.{band}", "not hours", span.value, remedy)
                continue
            _take(hours, band, taken, span, path, problems)
        if band not in node["ratios"]:
            problems.add(node["ratios"].place, f"{path}.ratios", "band without ratio", band, f"add {band}: here")
    if len(taken) != 24:
        missing = [hour for hour in range(24) if hour not in taken]
        problems.add(node["hours"].place, f"{path}.hours", "hours do not add up to 24", missing, "give these a band")


def _take(hours: range, band: str, taken: dict[int, str], span: Node, path: str, problems: Problems) -> None:
    for hour in hours:
        if hour in taken:
            remedy = f"hour {hour} is already {taken[hour]}"
            problems.add(span.place, f"{path}.hours.{band}", "hour given twice", span.value, remedy)
        taken.setdefault(hour, band)


RULES: dict[str, Callable[[Node, set[str], Problems], None]] = {
    "pack": _pack,
    "template": _template,
    "factors": _factors,
    "norms": _norms,
    "tariffs": _tariffs,
    "methods": _rows,
    "framework": check_framework,
}
