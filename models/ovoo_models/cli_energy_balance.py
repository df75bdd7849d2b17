"""`ovoo-models energy balance`: several meters of one tree over the time that all of them cover."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.cli_energy_export import add_output, print_json
from ovoo_models.cli_energy_pictures import add_picture, write_picture
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export

if TYPE_CHECKING:
    from ovoo_models.efficiency.balance import MeterTree
    from ovoo_models.efficiency.plots import Flow

__all__ = ["add"]

_WORDS: Final = {
    "zh": {
        "hours": "{hours:g} 小时内各表均有数",
        "node": "{node}：进 {inflow:,.0f}，出 {outflow:,.0f}，差 {rest:,.0f} ± {half:,.0f} {unit}{verdict}",
        "yes": "（在仪表误差之内）", "no": "（超出仪表误差）", "open": "（缺表，无法检验）",
        "flow": "  {name}：{value:,.0f} ± {half:,.0f} {unit}（调整 {adjustment:+,.0f}）",
        "suspect": "可疑：{names}",
    },
    "en": {
        "hours": "{hours:g} hours are covered by all meters",
        "node": "{node}: in {inflow:,.0f}, out {outflow:,.0f}, rest {rest:,.0f} ± {half:,.0f} {unit}{verdict}",
        "yes": " (within the meters' error)", "no": " (beyond the meters' error)", "open": " (meters missing: no test)",
        "flow": "  {name}: {value:,.0f} ± {half:,.0f} {unit} (adjusted by {adjustment:+,.0f})",
        "suspect": "suspect: {names}",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `balance`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "balance", help="meters of one tree: what is not accounted for, values that agree, which meter is suspect"
    )
    parser.add_argument(
        "tree", type=Path,
        help='JSON {"meters": [{"name", "parent", "class_percent", "export" or "reading", ...}]}; exports beside it',
    )  # fmt: skip
    parser.add_argument("--zone", default="Asia/Shanghai", help="time zone of the site (default: Asia/Shanghai)")
    add_picture(parser, "the flows of the tree")
    add_output(parser)
    parser.set_defaults(run=_balance)


def _balance(options: argparse.Namespace) -> int:
    from ovoo_models.efficiency.balance import balances, reconcile

    tree, readings, hours = _read(options.tree, options.zone)
    nodes = balances(tree, readings)
    try:
        agreed = reconcile(tree, readings)
    except NotReady:
        agreed = None
    if options.json:
        print_json({
            "hours": hours, "readings": readings, "nodes": [asdict(each) for each in nodes],
            "flows": [asdict(each) for each in agreed.flows] if agreed else [],
            "suspects": list(agreed.suspects.meters) if agreed and agreed.suspects.shown else [],
        })  # fmt: skip
    else:
        _print(nodes, agreed, hours, options.language)
    if options.out is not None:
        from ovoo_models.efficiency.plots import draw_flows

        flow = _flow(tree, readings, tree.nodes[0])
        write_picture(options, lambda look: draw_flows(flow, look, tree.unit_of(tree.nodes[0])))
    return 0


def _print(nodes: Any, agreed: Any, hours: float, language: str) -> None:
    words = _WORDS[language]
    if hours:
        print(words["hours"].format(hours=hours))
    for each in nodes:
        verdict = words["open"] if each.explained is None else words["yes"] if each.explained else words["no"]
        print(words["node"].format(
            node=each.node, inflow=each.inflow.value, outflow=each.outflow.value, rest=each.imbalance.value,
            half=each.imbalance.half_width(0.95), unit=each.imbalance.unit, verdict=verdict,
        ))  # fmt: skip
    for each in agreed.flows if agreed else ():
        adjustment = each.adjustment if math.isfinite(each.adjustment) else 0.0
        print(words["flow"].format(
            name=each.name, value=each.value.value, half=each.value.half_width(0.95), unit=each.value.unit,
            adjustment=adjustment,
        ))  # fmt: skip
    if agreed and agreed.suspects.shown:
        print(words["suspect"].format(names=", ".join(agreed.suspects.meters)))


def _read(path: Path, zone: str) -> tuple[MeterTree, dict[str, float], float]:
    """Tree, reading of each meter over the intervals that all exports hold, and their hours."""
    from ovoo_models.efficiency.balance import Meter, MeterTree

    try:
        given = json.loads(path.read_text("utf-8"))["meters"]
        rows = [dict(each) for each in given]
    except (ValueError, KeyError, TypeError) as error:
        remedy = '{"meters": [{"name": "main", "class_percent": 0.5, "export": "main.csv"}]}'
        raise ConfigError("not a tree of meters", offender=str(path), value=str(error)[:80], remedy=remedy) from error
    meters, exports, readings = [], dict[str, Readings](), dict[str, float]()
    for row in rows:
        export, reading, how = row.pop("export", None), row.pop("reading", None), row.pop("options", {})
        try:
            meter = Meter(**{"carrier": "electricity", "unit": "kWh", **row})
            choice = ReadingOptions(**{"zone": zone, **how})
        except TypeError as error:
            raise ConfigError("not a meter", offender=f"{path} {row.get('name')}", value=str(error)[:80]) from error
        meters.append(meter)
        if export is not None:
            exports[meter.name] = read_export(path.parent / export, choice)
        elif reading is not None:
            readings[meter.name] = float(reading)
    sums, hours = _common(exports)
    return MeterTree(tuple(meters)), {**readings, **sums}, hours


def _common(exports: Mapping[str, Readings]) -> tuple[dict[str, float], float]:
    """kWh of each export over the intervals in which all hold a value."""
    if not exports:
        return {}, 0.0
    steps = {each.interval_s for each in exports.values()}
    if len(steps) > 1:
        raise ConfigError("exports differ in their step", offender="balance", value=sorted(steps), remedy="one step")
    columns = [
        {at: kwh for at, kwh in zip(each.start_ns, each.energy_kwh, strict=True) if kwh == kwh}
        for each in exports.values()
    ]
    shared = sorted(set(columns[0]).intersection(*columns[1:]))
    if not shared:
        raise ConfigError("no time is covered by all meters", offender="balance", value=len(exports))
    sums = {name: math.fsum(column[at] for at in shared) for name, column in zip(exports, columns, strict=True)}
    return sums, len(shared) * steps.pop() / 3600


def _flow(tree: MeterTree, readings: Mapping[str, float], name: str) -> Flow:
    from ovoo_models.efficiency.plots import Flow

    known = tree.read(readings)
    under = [each for each in tree.under(name) if each.name in known and each.direction == "use"]
    value = known[name]
    return Flow(name, value, 1.96 * tree.sigma(name, value), [_flow(tree, readings, each.name) for each in under])
