"""`ovoo-models energy norm`: consumption for each unit made against a norm row, with its edition and corrections."""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_export import add_export, add_output, instant_ns, opened, print_json, reading_options
from ovoo_models.cli_energy_periods import column_named
from ovoo_models.cli_energy_record import add_record, content_of, write_record
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export
from ovoo_models.efficiency.readings.recording import export_record

if TYPE_CHECKING:
    from ovoo_packs.norms import Norm

    from ovoo_models.efficiency.estimate import Estimate
    from ovoo_models.efficiency.norm_gauge import Correction, Gauge

__all__ = ["add", "norm_again", "norm_result"]

_ASKED: Final = (
    "norm", "output", "period", "class_percent", "output_class_percent", "year", "electricity", "correction",
    "correction_total", "correction_document",
)  # fmt: skip

_KWH: Final = {"kWh": 1.0, "MWh": 1e-3}
_WORDS: Final = {
    "zh": {
        "value": "单位产品能耗 {value:.5g} ± {half:.2g} {unit}（90 %），{rows} 个时段，产量 {output:,.1f} {per}",
        "norm": "{id}（{edition}）：先进值 {advanced}，准入值 {access}，限定值 {limit} {unit}，{kind}",
        "raw": "未修正", "corrected": "已修正（系数 {factor:g}）", "none": "无",
        "level": "达到 {level} 级", "above": "超出限定值或未达任何一级", "unsure": "在仪表误差内等级不能确定",
        "open": "修正系数未给全：{names}", "only": "仅供参考：限额尚需核对",
        "part": "只计入本表电量：限额按全部能源计，须加上其他能源", "left": "{rows} 个时段缺电量或产量，两者均未计入",
        "factors": "折标系数：{names}",
    },
    "en": {
        "value": "{value:.5g} ± {half:.2g} {unit} (90 %), {rows} intervals, {output:,.1f} {per} made",
        "norm": "{id} ({edition}): advanced {advanced}, access {access}, limit {limit} {unit}, {kind}",
        "raw": "not corrected", "corrected": "corrected by {factor:g}", "none": "none",
        "level": "level {level} is reached", "above": "no level is reached",
        "unsure": "within the meters' error the level is not certain",
        "open": "corrections are open: {names}", "only": "reference only: the norm row is to be verified",
        "part": "this meter's electricity alone: the norm counts all energy, add the rest",
        "left": "{rows} intervals without energy or output are left out of both", "factors": "coal factors: {names}",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verb `norm`."""
    parser: argparse.ArgumentParser = verbs.add_parser(
        "norm", help="consumption for each unit made, against a norm row of the packs with its edition"
    )
    add_export(parser)
    parser.add_argument("--norm", required=True, help="id of a norm, see: ovoo-packs show norms")
    parser.add_argument("--output", required=True, help="column of what was made in each interval, in the norm's unit")
    parser.add_argument("--period", nargs=2, metavar=("FROM", "TO"), help="local dates, TO not within (default: all)")
    parser.add_argument("--class-percent", type=float, required=True, help="accuracy class of the meter, %% of reading")
    parser.add_argument("--output-class-percent", type=float, required=True, help="the same of the output's scale")
    parser.add_argument("--year", type=int, default=0, help="data year of coal factors, for norms in kgce")
    parser.add_argument(
        "--electricity", choices=("calorific", "equivalent"), default="calorific", help="coal value of electricity"
    )
    parser.add_argument(
        "--correction", action="append", default=[], metavar="NAME=VALUE", help="one that the norm names; repeatable"
    )
    parser.add_argument("--correction-total", type=float, default=None, help="the whole factor, worked out by a person")
    parser.add_argument("--correction-document", default="", help="document that gives the corrections")
    add_record(parser)
    add_output(parser)
    parser.set_defaults(run=_norm)


def _norm(options: argparse.Namespace) -> int:
    readings = opened(options)
    result = norm_result(readings, options)
    if options.record is not None:
        write_record(options.record, _content(readings, reading_options(options), options))
    print_json(result) if options.json else print("\n".join(_lines(result, options.language)))
    return 0


def _content(readings: Readings, reading: ReadingOptions, options: argparse.Namespace) -> dict[str, Any]:
    """The record of a consumption against a norm: every edition of it stands in the record."""
    asked = {name: getattr(options, name) for name in _ASKED}
    result = norm_result(readings, options)
    record = export_record(
        "export/norm", readings, asked, result, drivers=(column_named(readings, options.output, "--output"),),
        factors=result["factors"], norms={each["id"]: each["edition"] for each in result["editions"]},
    )  # fmt: skip
    return content_of("norm", record, reading.decided(), asked)


def norm_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a norm's record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return _content(read_export(export, reading), reading, asked)


def norm_result(readings: Readings, options: argparse.Namespace) -> dict[str, Any]:
    """Every edition of the norm against the consumption, the earliest first, as data."""
    from ovoo_packs import load_norms

    from ovoo_models.efficiency.norm_gauge import gauge

    table = load_norms()
    norm = table.get(options.norm)
    kwh, output, rows, left = _sums(readings, options, norm)
    consumption, factors = _consumption(kwh, output, norm, options)
    found = [gauge(consumption, each, _correction(options) if each.id == norm.id else None)
             for each in table.editions(norm.id)]  # fmt: skip
    return {
        "norm": norm.id, "kwh": kwh, "output": output, "per": norm.unit.partition("/")[2], "intervals": rows,
        "left_out": left, "value": consumption.value, "half_width_90": consumption.half_width(0.9),
        "unit": consumption.unit, "factors": factors, "editions": [_gauge_data(each) for each in found],
    }  # fmt: skip


def _sums(readings: Readings, options: argparse.Namespace, norm: Norm) -> tuple[float, float, int, int]:
    """kWh and output of the intervals that have both, their number, and how many have not."""
    column = column_named(readings, options.output, "--output")
    unit, per = column.partition("(")[2].rstrip(")").strip(), norm.unit.partition("/")[2]
    if not per or unit != per:
        if not per:
            raise ConfigError(
                "not a norm by output", code="norm.not_by_output", offender=norm.id, value=norm.unit,
                remedy="a norm by output",
            )  # fmt: skip
        raise ConfigError(
            "output in another unit than the norm's", code="norm.output_in_another_unit_than_norm",
            slots={"per": per}, offender="--output", value=column, remedy=f"a column in {per}, named with its unit",
        )  # fmt: skip
    chosen = readings
    if options.period:
        start, end = (instant_ns(each, readings.zone, "--period") for each in options.period)
        chosen = readings.between(start, end)
    pairs = list(zip(chosen.energy_kwh, chosen.drivers[column], strict=True))
    known = [(kwh, made) for kwh, made in pairs if kwh == kwh and made == made]
    output = math.fsum(made for _kwh, made in known)
    if not output > 0.0:
        raise ConfigError(
            "nothing was made", code="norm.nothing_was_made", offender="--output", value=output,
            remedy="another period or column",
        )  # fmt: skip
    return math.fsum(kwh for kwh, _made in known), output, len(known), len(pairs) - len(known)


def _consumption(
    kwh: float, output: float, norm: Norm, options: argparse.Namespace
) -> tuple[Estimate, Mapping[str, str]]:
    """In the norm's unit; classes as rectangles (GUM 4.3.7), and half of the span of coal factors beside them."""
    from ovoo_packs import load_factors

    from ovoo_models.efficiency.carbon import Amount, FactorChoice, footprint
    from ovoo_models.efficiency.estimate import Estimate

    for name in ("class_percent", "output_class_percent"):
        if not 0.0 <= getattr(options, name) < 100.0:
            offender = f"--{name.replace('_', '-')}"
            raise ConfigError(
                "not a class", code="norm.not_class", offender=offender, value=getattr(options, name),
                remedy="percent, e.g. 0.5",
            )  # fmt: skip
    relative = math.hypot(options.class_percent, options.output_class_percent) / 100.0 / math.sqrt(3.0)
    energy = norm.unit.partition("/")[0]
    if energy in _KWH:
        value = kwh * _KWH[energy] / output
        return Estimate(value, relative * value, norm.unit), {}
    if energy != "kgce":
        raise ConfigError(
            "a meter does not give this", code="norm.meter_does_not_give_this", offender=norm.id, value=norm.unit,
            remedy="kWh, MWh or kgce",
        )  # fmt: skip
    if not options.year:
        raise ConfigError(
            "coal factors need a year", code="norm.coal_factors_need_year", offender="--year",
            remedy="newest data year that may be used",
        )  # fmt: skip
    choice = FactorChoice(options.year, electricity=options.electricity)
    coal = footprint([Amount("meter", "electricity", kwh, "kWh")], load_factors(), choice)
    span = coal.kgce
    value = (span.low + span.high) / 2.0 / output
    spread = (span.high - span.low) / 2.0 / output / math.sqrt(3.0)
    return Estimate(value, math.hypot(relative * value, spread), norm.unit), dict(coal.factors)


def _correction(options: argparse.Namespace) -> Correction | None:
    from ovoo_models.efficiency.norm_gauge import Correction

    if not options.correction and options.correction_total is None:
        return None
    values: dict[str, float] = {}
    for text in options.correction:
        name, _, number = text.partition("=")
        try:
            values[name.strip()] = float(number)
        except ValueError as error:
            raise ConfigError(
                "not a correction", code="norm.not_correction", offender="--correction", value=text, remedy="name=0.1"
            ) from error
    return Correction(options.correction_document, values, options.correction_total)


def _gauge_data(found: Gauge) -> dict[str, Any]:
    lines = found.lines
    return {
        "id": found.norm_ids[0], "edition": found.editions[0], "valid_from": found.valid_from[0],
        "advanced": lines.advanced, "access": lines.access, "limit": lines.limit, "factor": found.factor,
        "corrected": found.corrected is not None, "open_corrections": list(found.open_corrections),
        "documents": list(found.documents), "level": found.level, "levels_90": list(found.levels), "sure": found.sure,
        "over_limit": found.over_limit, "reference_only": found.reference_only,
    }  # fmt: skip


def _lines(result: Mapping[str, Any], language: str) -> list[str]:
    words = _WORDS[language]
    lines = [words["value"].format(
        value=result["value"], half=result["half_width_90"], unit=result["unit"], rows=result["intervals"],
        output=result["output"], per=result["per"],
    )]  # fmt: skip
    lines += [words["left"].format(rows=result["left_out"])] if result["left_out"] else []
    if result["factors"]:
        names = ", ".join(f"{name} ({edition})" for name, edition in result["factors"].items())
        lines += [words["factors"].format(names=names), words["part"]]
    for each in result["editions"]:
        kind = words["corrected"].format(factor=each["factor"]) if each["corrected"] else words["raw"]
        levels = {key: words["none"] if each[key] is None else f"{each[key]:g}"
                  for key in ("advanced", "access", "limit")}  # fmt: skip
        lines.append(words["norm"].format(id=each["id"], edition=each["edition"], unit=result["unit"], kind=kind,
                                          **levels))  # fmt: skip
        lines.append("  " + (words["above"] if each["level"] is None else words["level"].format(level=each["level"])))
        lines += [] if each["sure"] else ["  " + words["unsure"]]
        if each["open_corrections"]:
            lines.append("  " + words["open"].format(names=", ".join(each["open_corrections"])))
        lines += ["  " + words["only"]] if each["reference_only"] else []
    return lines
