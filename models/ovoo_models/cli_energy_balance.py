"""`ovoo-models energy balance`: several meters of one tree over the time that all of them cover."""

from __future__ import annotations

import argparse
import json
import math
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, NotReady

from ovoo_models.cli_energy_export import add_output, print_json
from ovoo_models.cli_energy_pictures import add_picture, write_picture
from ovoo_models.cli_energy_record import add_record, content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export

if TYPE_CHECKING:
    from ovoo_models.efficiency.balance import Bias, Biases, MeterTree, NodeBalance, Reconciliation
    from ovoo_models.efficiency.plots import Flow

__all__ = ["add", "balance_again"]

_WORDS: Final = {
    "zh": {
        "hours": "{hours:g} 小时内各表均有数",
        "node": "{node}：进 {inflow:,.0f}，出 {outflow:,.0f}，差 {rest:,.0f} ± {half:,.0f} {unit}{verdict}",
        "yes": "（在仪表误差之内）", "no": "（超出仪表误差）", "open": "（缺表，无法检验）",
        "flow": "  {name}：{value:,.0f} ± {half:,.0f} {unit}（调整 {adjustment:+,.0f}）",
        "suspect": "可疑：{names}",
        "gain": "逐时段检验：{names} 读数偏差 {gain:+.2f} % ± {sigma:.2f} %（按比例）",
        "offset": "逐时段检验：{names} 每个时段偏差 {offset:+.3g} ± {half:.2g}（固定量）",
        "either": "逐时段检验：{names} 有偏差，比例 {gain:+.2f} % 或固定量 {offset:+.3g}，无法区分",
        "set": "{names} 之一（无法区分）", "none": "逐时段检验（{rows} 行）：没有发现有偏差的表",
        "refused": "未做逐时段检验：{why}",
    },
    "en": {
        "hours": "{hours:g} hours are covered by all meters",
        "node": "{node}: in {inflow:,.0f}, out {outflow:,.0f}, rest {rest:,.0f} ± {half:,.0f} {unit}{verdict}",
        "yes": " (within the meters' error)", "no": " (beyond the meters' error)", "open": " (meters missing: no test)",
        "flow": "  {name}: {value:,.0f} ± {half:,.0f} {unit} (adjusted by {adjustment:+,.0f})",
        "suspect": "suspect: {names}",
        "gain": "over time: {names} reads {gain:+.2f} % ± {sigma:.2f} % off, in proportion",
        "offset": "over time: {names} reads {offset:+.3g} ± {half:.2g} off in each interval, a fixed amount",
        "either": "over time: {names} is off, by {gain:+.2f} % or by {offset:+.3g} an interval; not told apart",
        "set": "one of {names}", "none": "over time ({rows} rows): no meter is shown to be off",
        "refused": "not searched over time: {why}",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Plant:
    """A tree with the reading of each meter, and the readings of the intervals that all exports hold."""

    tree: MeterTree
    readings: Mapping[str, float]
    time_ns: list[int]
    columns: Mapping[str, array[float]]
    step_s: int

    @property
    def hours(self) -> float:
        """Covered by all exports."""
        return len(self.time_ns) * self.step_s / 3600


@dataclass(frozen=True, slots=True)
class _Done:
    """What the tree showed; `refused` says why nothing was searched over time."""

    plant: _Plant
    nodes: tuple[NodeBalance, ...]
    agreed: Reconciliation | None
    biases: Biases | None
    refused: str


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
    add_record(parser)
    add_picture(parser, "the flows of the tree")
    add_output(parser)
    parser.set_defaults(run=_balance)


def _balance(options: argparse.Namespace) -> int:
    done = _balanced(options.tree, options.zone)
    if options.record is not None:
        write_record(options.record, _content(done, options.tree, options.zone))
    if options.json:
        agreed = done.agreed
        print_json({
            "hours": done.plant.hours, "readings": done.plant.readings, "nodes": [asdict(each) for each in done.nodes],
            "flows": [asdict(each) for each in agreed.flows] if agreed else [],
            "suspects": list(agreed.suspects.meters) if agreed and agreed.suspects.shown else [],
            "biases": [_bias_data(each) for each in done.biases.found] if done.biases else [],
            "searched_rows": done.biases.rows if done.biases else 0, "not_searched": done.refused,
        })  # fmt: skip
    else:
        _print(done, options.language)
    if options.out is not None:
        from ovoo_models.efficiency.plots import draw_flows

        tree = done.plant.tree
        flow = _flow(tree, done.plant.readings, tree.nodes[0])
        write_picture(options, lambda look: draw_flows(flow, look, tree.unit_of(tree.nodes[0])))
    return 0


def _balanced(path: Path, zone: str) -> _Done:
    """Everything the tree shows; NotReady leaves a part out."""
    from ovoo_models.efficiency.balance import balances, reconcile

    plant = _read(path, zone)
    try:
        agreed = reconcile(plant.tree, plant.readings)
    except NotReady:
        agreed = None
    biases, refused = None, ""
    try:
        biases = _searched(plant)
    except (NotReady, ConfigError) as error:
        refused = str(error)
    return _Done(plant, balances(plant.tree, plant.readings), agreed, biases, refused)


def _searched(plant: _Plant) -> Biases:
    """The search over the intervals that all exports hold."""
    from ovoo_models.efficiency.balance import BiasSearch

    if not plant.columns:
        raise NotReady(
            "no meter has an export", code="balance.no_meter_has_export", offender="balance",
            remedy="readings by interval of every meter",
        )  # fmt: skip
    search = BiasSearch(plant.tree, list(plant.columns))
    rows = zip(*plant.columns.values(), strict=True)
    search.add(array("d", [value for row in rows for value in row]))
    return search.search()


def _content(done: _Done, path: Path, zone: str) -> dict[str, Any]:
    from ovoo_models.efficiency.balance.recording import balance_record

    plant = done.plant
    end_ns = plant.time_ns[-1] + plant.step_s * 10**9 if plant.time_ns else 0
    record = balance_record(
        plant.tree, plant.readings, plant.time_ns, end_ns, plant.columns, done.nodes, done.agreed, done.biases
    )
    return content_of("balance", record, {"zone": zone}, {"meters": _rows(path)}, not_searched=done.refused)


def balance_again(tree: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a balance's record, made anew from the file of the tree and the exports beside it."""
    zone = str(content["reading"]["zone"])
    return _content(_balanced(tree, zone), tree, zone)


def _bias_data(bias: Bias) -> dict[str, Any]:
    return {**asdict(bias), "named": bias.named}


def _print(done: _Done, language: str) -> None:
    words, agreed = _WORDS[language], done.agreed
    if done.plant.hours:
        print(words["hours"].format(hours=done.plant.hours))
    for each in done.nodes:
        verdict = words["open"] if each.explained is None else words["yes"] if each.explained else words["no"]
        print(words["node"].format(
            node=each.node, inflow=each.inflow.value, outflow=each.outflow.value, rest=each.imbalance.value,
            half=each.imbalance.half_width(0.95), unit=each.imbalance.unit, verdict=verdict,
        ))  # fmt: skip
    for flow in agreed.flows if agreed else ():
        adjustment = flow.adjustment if math.isfinite(flow.adjustment) else 0.0
        print(words["flow"].format(
            name=flow.name, value=flow.value.value, half=flow.value.half_width(0.95), unit=flow.value.unit,
            adjustment=adjustment,
        ))  # fmt: skip
    if agreed and agreed.suspects.shown:
        print(words["suspect"].format(names=", ".join(agreed.suspects.meters)))
    if done.biases is None:
        print(words["refused"].format(why=done.refused))
        return
    for bias in done.biases.found:
        print(_bias_line(bias, language))
    if not done.biases.found:
        print(words["none"].format(rows=done.biases.rows))


def _bias_line(bias: Bias, language: str) -> str:
    words = _WORDS[language]
    names = bias.named or words["set"].format(names=", ".join(bias.meters))
    return words[bias.form].format(
        names=names, gain=100 * bias.gain.value, sigma=100 * bias.gain.sigma, offset=bias.offset.value,
        half=bias.offset.half_width(0.95),
    )  # fmt: skip


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        given = json.loads(path.read_text("utf-8"))["meters"]
        return [dict(each) for each in given]
    except (ValueError, KeyError, TypeError) as error:
        remedy = '{"meters": [{"name": "main", "class_percent": 0.5, "export": "main.csv"}]}'
        raise ConfigError(
            "not a tree of meters", code="balance.not_tree_of_meters", offender=str(path), value=str(error)[:80],
            remedy=remedy,
        ) from error  # fmt: skip


def _read(path: Path, zone: str) -> _Plant:
    """Tree, reading of each meter over the intervals that all exports hold, and the readings of those intervals."""
    from ovoo_models.efficiency.balance import Meter, MeterTree

    meters, exports, readings = [], dict[str, Readings](), dict[str, float]()
    for row in _rows(path):
        export, reading, how = row.pop("export", None), row.pop("reading", None), row.pop("options", {})
        try:
            meter = Meter(**{"carrier": "electricity", "unit": "kWh", **row})
            choice = ReadingOptions(**{"zone": zone, **how})
        except TypeError as error:
            raise ConfigError(
                "not a meter", code="balance.not_meter", offender=f"{path} {row.get('name')}", value=str(error)[:80]
            ) from error
        meters.append(meter)
        if export is not None:
            exports[meter.name] = read_export(path.parent / export, choice)
        elif reading is not None:
            readings[meter.name] = float(reading)
    times, columns, step_s = _common(exports)
    sums = {name: math.fsum(column) for name, column in columns.items()}
    return _Plant(MeterTree(tuple(meters)), {**readings, **sums}, times, columns, step_s)


def _common(exports: Mapping[str, Readings]) -> tuple[list[int], dict[str, array[float]], int]:
    """The intervals in which all exports hold a value: times, kWh by meter, seconds of a step."""
    if not exports:
        return [], {}, 0
    steps = {each.interval_s for each in exports.values()}
    if len(steps) > 1:
        raise ConfigError(
            "exports differ in their step", code="balance.exports_differ_in_their_step", offender="balance",
            value=sorted(steps), remedy="one step",
        )  # fmt: skip
    known = {
        name: {at: kwh for at, kwh in zip(each.start_ns, each.energy_kwh, strict=True) if kwh == kwh}
        for name, each in exports.items()
    }
    first, *others = known.values()
    shared = sorted(set(first).intersection(*others))
    if not shared:
        raise ConfigError(
            "no time is covered by all meters", code="balance.no_time_covered_by_all_meters", offender="balance",
            value=len(exports),
        )  # fmt: skip
    return shared, {name: array("d", [each[at] for at in shared]) for name, each in known.items()}, steps.pop()


def _flow(tree: MeterTree, readings: Mapping[str, float], name: str) -> Flow:
    from ovoo_models.efficiency.plots import Flow

    known = tree.read(readings)
    under = [each for each in tree.under(name) if each.name in known and each.direction == "use"]
    value = known[name]
    return Flow(name, value, 1.96 * tree.sigma(name, value), [_flow(tree, readings, each.name) for each in under])
