"""`ovoo-models energy profile` and `carbon`: load shape, base load, kinds of days; standard coal and CO2."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ovoo_models.cli_energy_bill import intervals_of
from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json, reading_options
from ovoo_models.cli_energy_idle import add_idle, idle_lines, idle_result, spells_of
from ovoo_models.cli_energy_pictures import Picture, add_png, save_both
from ovoo_models.cli_energy_prices import case_of
from ovoo_models.cli_energy_record import add_record, content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export
from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.efficiency.readings.recording import export_record

__all__ = ["add", "carbon_again", "carbon_lines", "carbon_result", "profile_again", "profile_lines", "profile_pictures",
           "profile_result"]  # fmt: skip

_ASKED_PROFILE: Final = ("kinds", "shift", "tariff", "restart_kwh", "after")

_WORDS: Final = {
    "zh": {
        "base": "基础负荷 {kw:,.1f} kW（5 % 分位），占用电 {share:.1f} %",
        "peak": "最大 {kw:,.1f} kW，平均 {mean:,.1f} kW，负荷率 {factor:.2f}",
        "kind": "{name}：{days} 天，日用电 {kwh:,.0f} kWh，{weekdays}",
        "left": "{days} 天不完整，未分类",
        "state": "  {name}：{kw:,.1f} kW，{hours:,.1f} 小时，{kwh:,.0f} kWh",
        "states": "功率状态（由功率本身识别）：",
        "unclear": "功率状态无法分清",
        "off": "停机",
        "idle": "待机",
        "no_load": "空载",
        "load": "负载",
        "unknown": "不明",
        "carbon": "{kwh:,.0f} kWh：标准煤 {kgce} kgce，二氧化碳 {kgco2} kgCO2（{method}）",
        "only": "仅供参考：系数尚需核对",
        "gaps": "有 {hours:g} 小时缺数，未计入",
    },
    "en": {
        "base": "base load {kw:,.1f} kW (5 % point), {share:.1f} % of the energy",
        "peak": "peak {kw:,.1f} kW, mean {mean:,.1f} kW, load factor {factor:.2f}",
        "kind": "{name}: {days} days, {kwh:,.0f} kWh a day, {weekdays}",
        "left": "{days} days are not whole and in no kind",
        "state": "  {name}: {kw:,.1f} kW, {hours:,.1f} h, {kwh:,.0f} kWh",
        "states": "states of the power, learned from it alone:",
        "unclear": "states of the power cannot be told apart",
        "off": "off",
        "idle": "idle",
        "no_load": "no load",
        "load": "load",
        "unknown": "unknown",
        "carbon": "{kwh:,.0f} kWh: standard coal {kgce} kgce, carbon dioxide {kgco2} kgCO2 ({method})",
        "only": "reference only: the factors are to be verified",
        "gaps": "{hours:g} hours are missing and not counted",
    },
}


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verbs `profile` and `carbon`."""
    profile: argparse.ArgumentParser = verbs.add_parser("profile", help="load shape, base load, kinds of days")
    add_export(profile)
    profile.add_argument("--kinds", type=int, default=2, help="kinds of days to look for (default: 2)")
    profile.add_argument("--pictures", type=Path, default=None, help="folder to write the SVG pictures into")
    add_png(profile)
    add_idle(profile)
    add_record(profile)
    add_output(profile)
    profile.set_defaults(run=_profile)
    carbon: argparse.ArgumentParser = verbs.add_parser("carbon", help="standard coal and CO2 by dated factor rows")
    add_export(carbon)
    add_carbon(carbon)
    add_record(carbon)
    add_output(carbon)
    carbon.set_defaults(run=_carbon)


def add_carbon(parser: argparse.ArgumentParser) -> None:
    """Which factor rows count."""
    parser.add_argument("--year", type=int, required=True, help="newest data year of grid factors that may be used")
    parser.add_argument("--region", default="inner_mongolia", help="of the grid factor (default: inner_mongolia)")
    parser.add_argument(
        "--electricity", choices=("calorific", "equivalent"), default="calorific", help="coal value of electricity"
    )


def _profile(options: argparse.Namespace) -> int:
    readings = opened(options)
    case = None if options.prices is None else case_of(options.prices)
    idle = idle_result(readings, options, case)
    result = profile_result(readings, options.kinds)
    if options.record is not None:
        write_record(options.record, _profile_content(readings, reading_options(options), options, case))
    if options.json:
        kinds = [{k: v for k, v in each.items() if k != "hours"} for each in result["kinds"]]
        print_json({**result, "kinds": kinds, **({} if idle is None else {"idle": idle})})
    else:
        lines = [] if idle is None else idle_lines(idle, options.language)
        print("\n".join([*profile_lines(result, options.language), *lines]))
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
        for name, picture in profile_pictures(readings, result, options.language).items():
            save_both(options, options.pictures / f"{name}.svg", picture)
    return 0


def _profile_content(
    readings: Readings, reading: ReadingOptions, options: argparse.Namespace, case: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The record of a profile, with the prices of the case where there are some."""
    from ovoo_packs import load_tariffs

    asked = {name: getattr(options, name) for name in _ASKED_PROFILE}
    idle = idle_result(readings, options, case)
    result = {**profile_result(readings, options.kinds), "idle": idle}
    tariffs = {options.tariff: load_tariffs().get(options.tariff).source.edition} if case is not None else {}
    record = export_record("export/profile", readings, {**asked, "prices": case}, result, tariffs=tariffs)
    return content_of("profile", record, reading.decided(), asked, case=case)


def profile_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a profile's record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return _profile_content(read_export(export, reading), reading, asked, content["case"])


def profile_result(readings: Readings, kinds: int) -> dict[str, Any]:
    """Base load, peak, heat map and kinds of days as data; NaN as None."""
    from ovoo_models.efficiency.load_shape import base_load, cluster_days, day_profiles

    zone, intervals = zone_named(readings.zone), intervals_of(readings)
    base = base_load(intervals, zone)
    known = [each for each in readings.power_kw() if each == each]
    mean = math.fsum(known) / len(known)
    days = day_profiles(intervals, zone)
    count = min(kinds, len(days.days))
    clusters = cluster_days(days.profiles, count, by_shape=False) if count else None
    found: list[dict[str, Any]] = []
    for k in range(count):
        members = [n for n, cluster in enumerate(clusters.member if clusters else ()) if cluster == k]
        profiles = [days.profiles[n] for n in members]
        weekdays = sorted({days.days[n].weekday() for n in members})
        found.append({
            "days": len(members), "weekdays": weekdays, "hours": _spread(profiles),
            "kwh_a_day": math.fsum(math.fsum(each) for each in profiles) / len(profiles),
        })  # fmt: skip
    return {
        "base_kw": base.base_kw, "base_share": base.base_kw / mean if mean else None, "peak_kw": max(known),
        "mean_kw": mean, "load_factor": mean / max(known) if max(known) else None,
        "median_kw": [[each if each == each else None for each in row] for row in base.middle],
        "kinds": found, "days_left_out": len(days.left_out), "states": states_of(readings),
    }  # fmt: skip


def states_of(readings: Readings) -> list[dict[str, Any]]:
    """Hours and energy of each state of the power, low to high; none where no two levels stand apart.

    For a site it is the whole load that rests or works; for a meter of one machine it is the machine.
    """
    found = []
    spells, hours = spells_of(readings), readings.interval_s / 3600
    if not spells:
        return []
    for name in ("off", "idle", "no_load", "load", "unknown"):
        pairs = zip(readings.energy_kwh, spells, strict=True)
        kwh = [e for e, spell in pairs if spell.state == name and e == e]
        if kwh:
            total = math.fsum(kwh)
            found.append({"state": name, "hours": len(kwh) * hours, "kwh": total, "kw": total / (len(kwh) * hours)})
    return found


def _spread(profiles: Sequence[Sequence[float]]) -> list[tuple[float, float, float]]:
    """10, 50 and 90 % points of each hour."""
    from ovoo_models.efficiency.load_shape import quantile

    hours = [[profile[hour] for profile in profiles] for hour in range(24)]
    return [(quantile(hour, 0.1), quantile(hour, 0.5), quantile(hour, 0.9)) for hour in hours]


def profile_lines(result: Mapping[str, Any], language: str) -> list[str]:
    """Base load, peak and kinds of days in words."""
    words = _WORDS[language]
    lines = [
        words["base"].format(kw=result["base_kw"], share=100 * (result["base_share"] or 0.0)),
        words["peak"].format(kw=result["peak_kw"], mean=result["mean_kw"], factor=result["load_factor"] or 0.0),
    ]
    for k, each in enumerate(result["kinds"]):
        lines.append(words["kind"].format(
            name=_kind_name(k), days=each["days"], kwh=each["kwh_a_day"], weekdays=_weekdays(each, language)
        ))  # fmt: skip
    lines.append(words["states"] if result["states"] else words["unclear"])
    for each in result["states"]:
        named = {key: each[key] for key in ("kw", "hours", "kwh")}
        lines.append(words["state"].format(name=words[each["state"]], **named))
    if result["days_left_out"]:
        lines.append(words["left"].format(days=result["days_left_out"]))
    return lines


def _kind_name(k: int) -> str:
    return chr(ord("A") + k)


def _weekdays(kind: Mapping[str, Any], language: str) -> str:
    from ovoo_models.efficiency.plots.panel import word

    names = word("weekdays", language).split()
    return " ".join(names[day] for day in kind["weekdays"])


def profile_pictures(readings: Readings, result: Mapping[str, Any], language: str) -> dict[str, Picture]:
    """Heat map, typical days and duration curve by their file names."""
    from ovoo_models.efficiency.plots import Duration, Shape, draw_duration, draw_heat_map, draw_typical_days

    table = [[math.nan if each is None else each for each in row] for row in result["median_kw"]]
    days = {
        f"{_kind_name(k)} ({each['days']} d)": tuple([hour[n] for hour in each["hours"]] for n in range(3))
        for k, each in enumerate(result["kinds"])
    }
    shape = Shape(table, result["base_kw"], {name: (low, middle, high) for name, (low, middle, high) in days.items()})
    duration = Duration(readings.power_kw(), base_load_kw=result["base_kw"])
    return {
        "heat_map": lambda look: draw_heat_map(shape, look),
        "typical_days": lambda look: draw_typical_days(shape, look),
        "duration": lambda look: draw_duration(duration, look),
    }


def _carbon(options: argparse.Namespace) -> int:
    readings = opened(options)
    result = carbon_result(readings, options)
    if options.record is not None:
        write_record(options.record, _carbon_content(readings, reading_options(options), options))
    if options.json:
        print_json(result)
        return 0
    print("\n".join(carbon_lines(result, options.language)))
    return 0


def _carbon_content(readings: Readings, reading: ReadingOptions, options: argparse.Namespace) -> dict[str, Any]:
    asked = {name: getattr(options, name) for name in ("year", "region", "electricity")}
    result = carbon_result(readings, options)
    record = export_record("export/carbon", readings, asked, result, factors=result["factors"])
    return content_of("carbon", record, reading.decided(), asked)


def carbon_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a carbon record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return _carbon_content(read_export(export, reading), reading, asked)


def carbon_lines(result: Mapping[str, Any], language: str) -> list[str]:
    """Coal and carbon, the rows used with their editions, and what limits it."""
    words = _WORDS[language]
    lines = [words["carbon"].format(**result)]
    lines += [f"  {name}\t{edition}" for name, edition in result["factors"].items()]
    if result["missing_hours"]:
        lines.append(words["gaps"].format(hours=result["missing_hours"]))
    return [*lines, words["only"]] if result["reference_only"] else lines


def carbon_result(readings: Readings, options: argparse.Namespace) -> dict[str, Any]:
    """Coal and carbon of what is known, with the ids and editions of the rows; what is missing is not filled up."""
    from ovoo_packs import load_factors

    from ovoo_models.efficiency.carbon import Amount, FactorChoice, footprint

    choice = FactorChoice(options.year, options.region, options.electricity)
    amount = Amount(readings.name, "electricity", readings.total_kwh, "kWh")
    found = footprint([amount], load_factors(), choice)
    carbon = found.kgco2
    return {
        "kwh": readings.total_kwh,
        "kgce": _span(found.kgce.low, found.kgce.high),
        "kgco2": "-" if carbon is None else _span(carbon.low, carbon.high),
        "method": choice.method,
        "factors": found.factors,
        "reference_only": found.reference_only,
        "missing_hours": (len(readings) - readings.good) * readings.interval_s / 3600,
    }


def _span(low: float, high: float) -> str:
    return f"{low:,.0f}" if low == high else f"{low:,.0f}..{high:,.0f}"
