"""`ovoo-models energy measures`: what an export shows of each measure, its saving with band, and its M&V plan."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.canonical import canonical_json, sha256_hex
from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_bill import intervals_of
from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json, reading_options
from ovoo_models.cli_energy_idle import spells_of
from ovoo_models.cli_energy_prices import decimal_of
from ovoo_models.cli_energy_record import add_record, content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export
from ovoo_models.efficiency.readings.options import zone_named
from ovoo_models.efficiency.readings.recording import export_record

if TYPE_CHECKING:
    from ovoo_models.efficiency.estimate import Estimate
    from ovoo_models.efficiency.measures import Chosen, Economics, Evidence, Measure

__all__ = ["add", "measures_again", "measures_of"]

_QUARTER_S: Final = 900
_MONEY: Final = frozenset({"price", "price_document", "cost_low", "cost_high", "cost_document", "per_year"})
_WORDS: Final = {
    "zh": {
        "saving": "{name}：{value:,.1f} {unit}，90 % 区间 {low:,.1f} 至 {high:,.1f}{sure}",
        "not_certain": "（不能确定）", "insufficient_evidence": "{name}：证据不足，缺 {missing}",
        "no_saving": "{name}：没有节约", "yuan": "  每年 {low:,.0f} 至 {high:,.0f} 元",
        "pay": "  回收期 {low:.1f} 至 {high} 年",
        "never": "不能确定的", "open": "  经济性证据不足，缺 {names}", "evidence": "  证据 {ids}；依据 {names}",
        "plan": "  测量与验证：方案 {option}，边界 {boundary}，变量 {variables}，"
        "基准期 {start} 至 {end}；待定 {missing}",
    },
    "en": {
        "saving": "{name}: {value:,.1f} {unit}, 90 % interval {low:,.1f} to {high:,.1f}{sure}",
        "not_certain": " (not certain)", "insufficient_evidence": "{name}: insufficient evidence, missing: {missing}",
        "no_saving": "{name}: no saving", "yuan": "  {low:,.0f} to {high:,.0f} yuan a year",
        "pay": "  payback {low:.1f} to {high} years", "never": "no certain number of",
        "open": "  economics: insufficient evidence, missing: {names}", "evidence": "  evidence {ids}; from {names}",
        "plan": "  M&V: option {option}, boundary {boundary}, variables {variables}, baseline {start} to {end}; "
        "open: {missing}",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `measures`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "measures", help="measures with saving, band and M&V plan, as far as this export is evidence for them"
    )
    add_export(parser)
    parser.add_argument("--class-percent", type=float, required=True, help="accuracy class of the meter, %% of reading")
    parser.add_argument(
        "--case", type=Path, default=None,
        help='JSON {"chosen": {input: {"value", "unit", "document"}}, "economics": {measure: {"price", ...}}}',
    )  # fmt: skip
    parser.add_argument("--all", action="store_true", help="those too of which the export shows nothing")
    add_record(parser)
    add_output(parser)
    parser.set_defaults(run=_measures)


def _measures(options: argparse.Namespace) -> int:
    readings = opened(options)
    case = _case(options.case)
    found = measures_of(readings, options.class_percent, case, everything=options.all)
    if options.record is not None:
        write_record(options.record, _content(readings, reading_options(options), options, case))
    if options.json:
        print_json({"measures": [_data(each) for each in found]})
    else:
        print("\n".join(line for each in found for line in _lines(each, options.language)))
    return 0


def _content(
    readings: Readings, reading: ReadingOptions, options: argparse.Namespace, case: Mapping[str, Any]
) -> dict[str, Any]:
    """The record of all measures, each with its evidence ids, its inputs and its plan."""
    asked = {"class_percent": options.class_percent, "all": options.all}
    found = measures_of(readings, options.class_percent, case, everything=options.all)
    result = {each.kind.id: _data(each) for each in found}
    record = export_record("export/measures", readings, {**asked, "case": case}, result)
    return content_of("measures", record, reading.decided(), asked, case=dict(case))


def measures_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a record of measures, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return _content(read_export(export, reading), reading, asked, content["case"])


def measures_of(
    readings: Readings, class_percent: float, case: Mapping[str, Any], *, everything: bool = False
) -> tuple[Measure, ...]:
    """Measures ranked by energy; those without any evidence in the export only with `everything`.

    Raises:
        ConfigError: a class, a decision or an amount of yuan that cannot be.
    """
    from ovoo_models.efficiency.measure_kinds import KINDS
    from ovoo_models.efficiency.measures import appraise, rank
    from ovoo_models.efficiency.mv_plan import plan_for

    if not 0.0 < class_percent < 100.0:
        raise ConfigError(
            "not a class", code="measures.not_class", offender="--class-percent", value=class_percent,
            remedy="0.5: percent",
        )  # fmt: skip
    shown = _evidence(readings, class_percent)
    chosen, money = _chosen(case), _economics(case)
    zone = zone_named(readings.zone)
    start, end = (
        datetime.fromtimestamp(at // 10**9, zone).date().isoformat() for at in (readings.start_ns[0], readings.end_ns)
    )
    found = []
    for name, kind in KINDS.items():
        own = {key: value for key, value in shown.items() if key in kind.inputs}
        if own or everything:
            plan = replace(plan_for(kind), baseline_period=(start, end), meters=(readings.name,))
            decided = {key: value for key, value in chosen.items() if key in kind.inputs}
            found.append(appraise(name, readings.name, own, decided, money.get(name), plan))
    return rank(found)


def _evidence(readings: Readings, class_percent: float) -> dict[str, Evidence]:
    """Idle energy from the states of the power, peak from the billing windows; what is not shown is left out."""
    from ovoo_models.efficiency.tariff.peak import peak_demand

    found: dict[str, Evidence] = {}
    spells = spells_of(readings)
    wasted = [kwh for kwh, spell in zip(readings.energy_kwh, spells, strict=bool(spells))
              if spell.state in ("idle", "no_load") and kwh == kwh]  # fmt: skip
    if wasted:
        found["idle_energy"] = _measured(readings, math.fsum(wasted), "kWh", class_percent, "states of the power")
    if readings.interval_s <= _QUARTER_S:
        peak = peak_demand(intervals_of(readings), readings.start_ns[0], readings.end_ns)
        found["peak_power"] = _measured(readings, float(peak.power_kw), "kW", class_percent, "peak of 15 min")
    return found


def _measured(readings: Readings, value: float, unit: str, class_percent: float, query: str) -> Evidence:
    """The class as a rectangle (GUM 4.3.7); the id is of the file, its column, the window and the query."""
    from ovoo_models.efficiency.estimate import Estimate
    from ovoo_models.efficiency.measures import Evidence

    descriptor = {
        "export_sha256": readings.sha256, "column": readings.name, "start_ns": str(readings.start_ns[0]),
        "end_ns": str(readings.end_ns), "query": query,
    }  # fmt: skip
    sigma = class_percent / 100.0 * value / math.sqrt(3.0)
    return Evidence(Estimate(value, sigma, unit), f"ev_{sha256_hex(canonical_json(descriptor))[:16]}")


def _case(path: Path | None) -> dict[str, Any]:
    if path is None:
        return {}
    try:
        case = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise ConfigError("not JSON", code="measures.not_json", offender=str(path), value=str(error)[:80]) from error
    parts = case.values() if isinstance(case, dict) and set(case) <= {"chosen", "economics"} else [None]
    if not all(isinstance(part, dict) and all(isinstance(each, dict) for each in part.values()) for part in parts):
        remedy = '{"chosen": {"avoidable_share": {"value": 0.5, "unit": "1", "document": "minutes 4"}}}'
        raise ConfigError(
            "not a case of measures", code="measures.not_case_of_measures", offender=str(path), remedy=remedy
        )
    return dict(case)


def _chosen(case: Mapping[str, Any]) -> dict[str, Chosen]:
    from ovoo_models.efficiency.measure_kinds import KINDS
    from ovoo_models.efficiency.measures import Chosen

    known = {name for kind in KINDS.values() for name, each in kind.inputs.items() if each.chosen}
    found = {}
    for name, each in case.get("chosen", {}).items():
        if name not in known:
            remedy = f"one of {', '.join(sorted(known))}"
            raise ConfigError(
                "not a decision of a measure", code="measures.not_decision_of_measure",
                slots={"known": ", ".join(sorted(known))}, offender="--case", value=name, remedy=remedy,
            )  # fmt: skip
        value = float(decimal_of(each.get("value"), f"chosen {name}", "--case"))
        found[name] = Chosen(value, str(each.get("unit", "")), str(each.get("document", "")))
    return found


def _economics(case: Mapping[str, Any]) -> dict[str, Economics]:
    from ovoo_models.efficiency.measure_kinds import kind_of
    from ovoo_models.efficiency.measures import Economics

    found = {}
    for name, each in case.get("economics", {}).items():
        kind_of(name)
        if set(each) - _MONEY:
            raise ConfigError(
                "not economics", code="measures.not_economics", slots={"known": sorted(_MONEY)},
                offender=f"--case {name}", value=sorted(set(each) - _MONEY), remedy=f"some of {sorted(_MONEY)}",
            )  # fmt: skip
        plain: dict[str, Decimal | None] = {
            key: decimal_of(each[key], f"economics {name}.{key}", "--case") if key in each else None
            for key in ("price", "cost_low", "cost_high", "per_year")
        }
        year = plain.pop("per_year")
        found[name] = Economics(
            plain["price"], str(each.get("price_document", "")), plain["cost_low"], plain["cost_high"],
            str(each.get("cost_document", "")), None if year is None else float(year),
        )  # fmt: skip
    return found


def _band(value: Estimate | None) -> dict[str, float | None] | None:
    if value is None or value.value != value.value:
        return None
    low, high = value.interval(0.9)
    return {"value": value.value, "low_90": low, "high_90": high}


def _data(each: Measure) -> dict[str, Any]:
    return {
        "measure": each.kind.id, "asset": each.asset, "status": each.status, "unit": each.kind.unit,
        "saving": _band(each.saving), "yuan_per_year": _band(each.yuan_per_year),
        "payback_years": None if each.payback is None else asdict(each.payback), "missing": list(each.missing),
        "open_economics": list(each.open_economics), "evidence": list(each.evidence_ids),
        "documents": list(each.documents), "plan": {**asdict(each.plan), "missing": list(each.plan.missing)},
    }  # fmt: skip


def _lines(each: Measure, language: str) -> list[str]:
    words = _WORDS[language]
    name = each.kind.name_zh if language == "zh" else each.kind.name_en
    if each.status in ("insufficient_evidence", "no_saving"):
        lines = [words[each.status].format(name=name, missing=", ".join(each.missing))]
    else:
        low, high = each.saving.interval(0.9)
        sure = words["not_certain"] if each.status == "not_certain" else ""
        lines = [words["saving"].format(name=name, value=each.saving.value, unit=each.saving.unit, low=low, high=high,
                                        sure=sure)]  # fmt: skip
        lines += _money_lines(each, language)
    if each.evidence_ids:
        lines.append(words["evidence"].format(ids=", ".join(each.evidence_ids), names="; ".join(each.documents) or "-"))
    plan = each.plan
    lines.append(words["plan"].format(
        option=plan.option, boundary=plan.boundary, variables=", ".join(plan.variables), start=plan.baseline_period[0],
        end=plan.baseline_period[1], missing=", ".join(plan.missing),
    ))  # fmt: skip
    return lines


def _money_lines(each: Measure, language: str) -> list[str]:
    words, lines = _WORDS[language], list[str]()
    if each.yuan_per_year is not None:
        low, high = each.yuan_per_year.interval(0.9)
        lines.append(words["yuan"].format(low=low, high=high))
    if each.payback is not None:
        high_text = words["never"] if each.payback.high is None else f"{each.payback.high:.1f}"
        lines.append(words["pay"].format(low=each.payback.low, high=high_text))
    return [*lines, words["open"].format(names=", ".join(each.open_economics))] if each.open_economics else lines
