"""`ovoo-models energy ventilation`: a mine's network from a table: flows, pressures, power, and what could be saved."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import add_output, print_json
from ovoo_models.cli_energy_pictures import add_picture, write_picture

if TYPE_CHECKING:
    from ovoo_models.efficiency.plots import FrictionBar
    from ovoo_models.efficiency.ventilation import Assessment, Move, Notice

__all__ = ["add"]

_WORDS: Final = {
    "zh": {
        "openings": "表中未标明地面节点，按风向取只进或只出的节点：{names}",
        "unused": "未采用的列：{names}",
        "power": "通风阻力功率 {friction:.2f} kW，其中调节设施 {regulators:.2f} kW",
        "drawn": "；风机耗电 {kw:.2f} kW", "air": "；风机输出空气功率 {kw:.2f} kW（未给全效率，耗电未知）",
        "airways": "巷道\t名称\t风量 m3/s\t阻力 Pa\t功率 kW\t调节设施 kW",
        "fan": "风机 {airway}：{flow:.3f} m3/s，{pressure:.2f} Pa，空气功率 {air:.2f} kW{drawn}",
        "draws": "，耗电 {kw:.2f} kW",
        "moves": "可节约的措施（各用风地点均保有需风量）：",
        "regulator": "调节设施 {airway}（{title}）风阻 {before:g} → {setting:g}",
        "regulator_and_fans": "调节设施 {airway}（{title}）风阻 {before:g} → {setting:g}，"
        "全部风机降至现转速的 {fans:.1%}",
        "fan_move": "风机 {airway} 降至现转速的 {fans:.1%}",
        "fans_move": "全部风机降至现转速的 {fans:.1%}",
        "saves": "{words}：{what} −{kw:.2f} kW", "band": " ± {half:.2f}（90 %）",
        "beyond": "（比只降风机转速多 {kw:.2f} kW）",
        "sum": "各措施的节约量不能相加",
        "saved_drawn": "耗电", "saved_air": "空气功率",
        "refused": "另有 {count} 种调法会使用风地点风量不足或使风机偏离特性曲线，不列出",
        "no_least_air": "没有一条巷道给出需风量：无法保证用风地点，不提出措施（用列“需风量”或 --least）",
        "short_of_air": "已有巷道风量低于需风量：先解决风量，不提出节约措施",
        "not_converged": "网络未收敛，结果不可用", "no_fan": "网络中没有风机，没有可节约的电",
        "nothing_to_move": "没有能省电的调法",
        "stall": "{airway}：工况点在特性曲线驼峰左侧（峰值风量 {value:.1f} m3/s），可能喘振",
        "out_of_curve": "{airway}：工况点超出所给特性曲线（最近的给定风量 {value:.1f} m3/s）",
        "reversed": "{airway}：风机中风流反向（{value:.2f} m3/s）",
        "two_points": "{airway}：存在另一稳定工况点，风量 {value:.2f} m3/s",
        "too_little_air": "{airway}：风量比需风量少 {value:.3f} m3/s",
    },
    "en": {
        "openings": "no row names the surface; junctions that only give or only take air are open to it: {names}",
        "unused": "columns that are not used: {names}",
        "power": "air power lost {friction:.2f} kW, of it {regulators:.2f} kW in regulators",
        "drawn": "; the fans draw {kw:.2f} kW",
        "air": "; the fans give {kw:.2f} kW to the air (an efficiency is missing: what they draw is unknown)",
        "airways": "airway\tname\tflow m3/s\tdrop Pa\tpower kW\tregulator kW",
        "fan": "fan {airway}: {flow:.3f} m3/s, {pressure:.2f} Pa, {air:.2f} kW to the air{drawn}",
        "draws": ", draws {kw:.2f} kW",
        "moves": "what could be saved, with every airway keeping the air it must have:",
        "regulator": "regulator {airway} ({title}) from {before:g} to {setting:g}",
        "regulator_and_fans": "regulator {airway} ({title}) from {before:g} to {setting:g}, all fans at {fans:.1%} of "
        "their speed",
        "fan_move": "fan {airway} at {fans:.1%} of its speed",
        "fans_move": "all fans at {fans:.1%} of their speed",
        "saves": "{words}: {what} -{kw:.2f} kW", "band": " ± {half:.2f} (90 %)",
        "beyond": " ({kw:.2f} kW more than slowing the fans alone)",
        "sum": "savings of different moves do not add up",
        "saved_drawn": "drawn", "saved_air": "air power",
        "refused": "{count} other settings would leave an airway short of air or a fan off its curve, "
        "and are not listed",
        "no_least_air": "no airway states the air it must have: nothing guards the faces, so nothing is advised "
        "(column least, or --least)",
        "short_of_air": "an airway has less air than it must have: mend that first; nothing is advised",
        "not_converged": "the network did not converge: the figures are not to be used",
        "no_fan": "there is no fan: no power can be saved", "nothing_to_move": "no setting saves power",
        "stall": "{airway}: works left of the curve's peak ({value:.1f} m3/s) and may surge",
        "out_of_curve": "{airway}: works beyond the curve given (nearest flow {value:.1f} m3/s)",
        "reversed": "{airway}: air runs backwards through the fan ({value:.2f} m3/s)",
        "two_points": "{airway}: has another stable point of work at {value:.2f} m3/s",
        "too_little_air": "{airway}: lacks {value:.3f} m3/s of the air it must have",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `ventilation`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "ventilation", help="a mine's network: flows, friction power, fans, and which regulator or fan would save"
    )
    parser.add_argument("network", type=Path, help="CSV, one row an airway; see docs/guides/mine-ventilation.md")
    parser.add_argument(
        "--fan", nargs=2, action="append", default=[], metavar=("JUNCTION", "DRIVE"),
        help="a fan from a junction to the surface: 'flow 150', 'pressure 2000', 'points 0:2600 60:2200', ...",
    )  # fmt: skip
    parser.add_argument(
        "--least", nargs=2, action="append", default=[], metavar=("AIRWAY", "M3_S"),
        help="air that an airway must have, in m3/s",
    )  # fmt: skip
    add_picture(parser, "where the air power goes")
    add_output(parser)
    parser.set_defaults(run=_ventilation, zone="Asia/Shanghai")


def _ventilation(options: argparse.Namespace) -> int:
    from ovoo_models.efficiency.ventilation import assess, read_mine_table

    table = read_mine_table(options.network, dict(options.fan), {name: _least(name, v) for name, v in options.least})
    found = assess(table)
    if options.json:
        print_json(found.to_dict())
    else:
        print("\n".join(_lines(found, options.language)))
    if options.out is not None:
        from ovoo_models.efficiency.plots import draw_friction

        write_picture(options, lambda look: draw_friction(_bars(found), look))
    return 0 if found.solution.converged else 1


def _least(name: str, words: str) -> float:
    try:
        return float(words)
    except ValueError as error:
        raise ConfigError(
            "not a flow", code="ventilation.not_flow", offender=f"--least {name}", value=words, remedy="in m3/s"
        ) from error


def _lines(found: Assessment, language: str) -> list[str]:
    words, table, solution = _WORDS[language], found.table, found.solution
    lines = []
    if table.openings_taken:
        lines.append(words["openings"].format(names=", ".join(table.network.surface)))
    if table.unused:
        lines.append(words["unused"].format(names=", ".join(table.unused)))
    lines += [_notice(each, language) for each in solution.notices]
    kinds = words["power"] + words["drawn" if found.drawn else "air"]
    lines.append(kinds.format(friction=solution.friction_kw, regulators=found.regulator_kw, kw=solution.fan_kw))
    for fan in solution.fans:
        drawn = words["draws"].format(kw=fan.drawn_kw) if math.isfinite(fan.drawn_kw) else ""
        lines.append(words["fan"].format(
            airway=fan.airway, flow=fan.flow_m3_s, pressure=fan.pressure_pa, air=fan.air_kw, drawn=drawn,
        ))  # fmt: skip
    lines += _airway_lines(found, words["airways"])
    if found.silence:
        return [*lines, words[found.silence]] if found.silence != "not_converged" else lines
    lines.append(words["moves"])
    lines += [f"  {n}. {_move(each, found, language)}" for n, each in enumerate(found.moves, 1)]
    if len(found.moves) > 1:
        lines.append(words["sum"])
    return [*lines, words["refused"].format(count=found.refused)] if found.refused else lines


def _airway_lines(found: Assessment, header: str) -> list[str]:
    kw = found.solution.airway_kw()
    return [header] + [
        f"{each.name}\t{found.table.titles[each.name]}\t{found.solution.flow_m3_s[each.name]:.3f}\t"
        f"{found.drop_pa(each):.2f}\t{kw[each.name]:.2f}\t"
        + (f"{found.airway_regulator_kw(each):.2f}" if each.regulator or each.adjust > 0.0 else "-")
        for each in found.table.network.airways
    ]


def _notice(notice: Notice, language: str) -> str:
    return _WORDS[language][notice.code].format(airway=notice.airway, value=notice.value)


def _move(move: Move, found: Assessment, language: str) -> str:
    words = _WORDS[language]
    said = words[f"{move.kind}_move" if move.kind in ("fan", "fans") else move.kind].format(
        airway=move.airway, title=found.table.titles.get(move.airway, ""), before=move.before, setting=move.setting,
        fans=move.fans,
    )  # fmt: skip
    what = words["saved_drawn" if found.drawn else "saved_air"]
    beyond = words["beyond"].format(kw=found.beyond_kw(move)) if move.kind == "regulator_and_fans" else ""
    saving = found.saving(move)
    band = words["band"].format(half=saving.half_width(0.9)) if math.isfinite(saving.sigma) else ""
    return words["saves"].format(words=said, what=what, kw=move.saved_fan_kw) + band + beyond


def _bars(found: Assessment) -> list[FrictionBar]:
    from ovoo_models.efficiency.plots import FrictionBar

    whole = found.solution.airway_kw()
    doors = {each.name: found.airway_regulator_kw(each) for each in found.table.network.airways}
    titles = found.table.titles
    return [
        FrictionBar(
            name if titles[name] == name else f"{name} {titles[name]}", max(kw - doors[name], 0.0), doors[name],
            abs(found.solution.flow_m3_s[name]),
        )
        for name, kw in whole.items()
    ]  # fmt: skip
