"""`ovoo-models energy baseline`, `saving` and `verify`: a model of the past, what was saved since, and its proof."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError, VerifyError

from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json, reading_options
from ovoo_models.cli_energy_periods import add_drivers, observations_of, period_of, plan_of, settings_of
from ovoo_models.cli_energy_pictures import add_picture, write_picture
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export

if TYPE_CHECKING:
    from ovoo_models.efficiency.record import Record
    from ovoo_models.efficiency.savings.change_point import ChangePointModel
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Plan, Saving
    from ovoo_models.efficiency.savings.uncertainty import Fitness

__all__ = ["add", "proved", "record_file", "saving_lines"]

_FORM: Final = "ovoo-energy-record"
_WORDS: Final = {
    "zh": {
        "model": "基准模型（{split}）：{rows} 行，CV(RMSE) {cv:.1f} %，NMBE {nmbe:.2f} %，"
        "R2 {r2:.3f}，残差相关 {rho:.2f}",
        "segment": "  {label}：{kind}，{terms}",
        "saving": "节约量 {value:,.0f} kWh（基准的 {share:.1f} %），"
        "90 % 区间 {low:,.0f} 至 {high:,.0f} kWh，FSU {fsu:.0f} %",
        "used": "报告期 {used} 行计入，{left} 行未计入（不作任何主张）",
        "provable": "可以证明", "beyond": "{name} 有 {rows} 行超出基准期范围 {low:g}～{high:g}",
        "equal": "{path}：{id} 逐位一致",
    },
    "en": {
        "model": "baseline ({split}): {rows} rows, CV(RMSE) {cv:.1f} %, NMBE {nmbe:.2f} %, R2 {r2:.3f}, "
        "correlation of residuals {rho:.2f}",
        "segment": "  {label}: {kind}, {terms}",
        "saving": "saving {value:,.0f} kWh ({share:.1f} % of the baseline), "
        "90 % interval {low:,.0f} to {high:,.0f} kWh, "
        "FSU {fsu:.0f} %",
        "used": "{used} rows of the reporting period count, {left} do not (nothing is claimed for them)",
        "provable": "provable", "beyond": "{name}: {rows} rows beyond the range of the baseline, {low:g} to {high:g}",
        "equal": "{path}: {id} recomputes to the same digits",
    },
}  # fmt: skip


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verbs `baseline`, `saving` and `verify`."""
    baseline: argparse.ArgumentParser = verbs.add_parser("baseline", help="a change-point model of a period")
    _common(baseline, "points, line, knees and band over the driver")
    baseline.set_defaults(run=_baseline)
    saving: argparse.ArgumentParser = verbs.add_parser(
        "saving", help="what was saved against the baseline, with its interval and a record that proves it"
    )
    _common(saving, "measured against baseline with the savings added up")
    saving.add_argument(
        "--reporting", nargs=2, required=True, metavar=("FROM", "TO"), help="local dates, TO not within"
    )
    saving.add_argument("--record", type=Path, default=None, help="write the record that `verify` takes")
    saving.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: 1)")
    saving.set_defaults(run=_saving)
    verify: argparse.ArgumentParser = verbs.add_parser(
        "verify", help="recompute a record from its export; exit code 1 names what differs"
    )
    verify.add_argument("record", type=Path, help="file that `saving --record` wrote")
    verify.add_argument("export", type=Path, help="the same export")
    verify.add_argument("--language", choices=("zh", "en"), default="zh", help="of the words (default: zh)")
    verify.set_defaults(run=_verify)


def _common(parser: argparse.ArgumentParser, picture: str) -> None:
    add_export(parser)
    add_drivers(parser)
    parser.add_argument("--baseline", nargs=2, required=True, metavar=("FROM", "TO"), help="local dates, TO not within")
    add_picture(parser, picture)
    add_output(parser)


def _baseline(options: argparse.Namespace) -> int:
    from ovoo_models.cli_energy_drawn import scatter_of
    from ovoo_models.efficiency.savings.change_point import fit
    from ovoo_models.efficiency.savings.inspection import inspect
    from ovoo_models.efficiency.savings.uncertainty import fitness, gaps_of

    readings = opened(options)
    settings = settings_of(readings, options)
    data = period_of(observations_of(readings, options), options.baseline, options.zone, "--baseline")
    checked = inspect(data, settings.names)
    checked.refuse("baseline")
    model = fit(data, settings, checked.used)
    gaps = gaps_of([data.time_ns[n] for n in model.used], data.step_ns)
    quality = fitness([data.energy[n] for n in model.used], model.fitted, gaps, model.terms)
    if options.json:
        faults = [{"name": each.name, "reason": each.reason, "rows": len(each.rows)} for each in checked.faults]
        print_json({"split": model.split, "segments": _named(model), "fit": asdict(quality), "faults": faults})
    else:
        print("\n".join(_model_lines(model, quality, options.language)))
    if options.out is not None:
        write_picture(options, scatter_of(model, data, None, quality))
    return 0


def _named(model: ChangePointModel) -> dict[str, dict[str, object]]:
    return {label: {"kind": model.segments[label].shape.kind, **terms} for label, terms in model.named().items()}


def _model_lines(model: ChangePointModel, quality: Fitness, language: str) -> list[str]:
    words = _WORDS[language]
    lines = [words["model"].format(
        split=model.split, rows=quality.rows, cv=100 * quality.cv_rmse, nmbe=100 * quality.nmbe, r2=quality.r2,
        rho=quality.rho,
    )]  # fmt: skip
    for label, terms in model.named().items():
        shown = ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        lines.append(words["segment"].format(label=label, kind=model.segments[label].shape.kind, terms=shown))
    return lines


def proved(readings: Readings, options: argparse.Namespace) -> tuple[Saving, Observations, Observations, Plan]:
    """The saving of the options with the observations of both periods and the plan."""
    from ovoo_models.efficiency.savings.saving import prove

    observations = observations_of(readings, options)
    before = period_of(observations, options.baseline, options.zone, "--baseline")
    after = period_of(observations, options.reporting, options.zone, "--reporting")
    plan = plan_of(readings, options, options.seed)
    return prove(before, after, plan), before, after, plan


def _saving(options: argparse.Namespace) -> int:
    from ovoo_models.cli_energy_drawn import course_of

    found, before, after, plan = proved(opened(options), options)
    if options.record is not None:
        options.record.write_text(record_file(found.record, options), encoding="utf-8")
    if options.json:
        print_json({"id": found.record.id, "results": dict(found.record.results), "provable": found.provable})
    else:
        print("\n".join(saving_lines(found, len(after), options.language)))
    if options.out is not None:
        write_picture(options, course_of(found, before, after, plan))
    return 0


def saving_lines(found: Saving, rows: int, language: str) -> list[str]:
    """Model, saving with its interval, what was left out, and whether it can be proved."""
    from ovoo_models.efficiency.savings.change_point import ChangePointModel

    words = _WORDS[language]
    lines = _model_lines(found.model, found.fit, language) if isinstance(found.model, ChangePointModel) else []
    lines.append(words["saving"].format(
        value=found.avoided.value, share=100 * found.share, low=found.interval.low, high=found.interval.high,
        fsu=100 * found.fsu,
    ))  # fmt: skip
    lines.append(words["used"].format(used=len(found.used), left=rows - len(found.used)))
    lines += [
        words["beyond"].format(name=each.name, rows=each.rows, low=each.low, high=each.high) for each in found.beyond
    ]
    return [*lines, found.reason or words["provable"]]


def record_file(record: Record, options: argparse.Namespace) -> str:
    """The record with what is needed to read the export again."""
    arguments = {
        "driver": options.driver, "variable": options.variable, "amount": options.amount, "step": options.step,
        "any_sign": options.any_sign, "baseline": options.baseline, "reporting": options.reporting,
        "seed": options.seed,
    }  # fmt: skip
    content = {
        "form": _FORM,
        "id": record.id,
        "record": json.loads(record.to_json()),
        "reading": reading_options(options).decided(),
        "arguments": arguments,
    }
    return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _verify(options: argparse.Namespace) -> int:
    from ovoo_models.efficiency.savings.saving import recompute

    content = _read_record(options.record)
    again = argparse.Namespace(**content["arguments"])
    reading = ReadingOptions(**content["reading"])
    readings = read_export(options.export, reading)
    observations = observations_of(readings, again)
    before = period_of(observations, again.baseline, reading.zone, "baseline")
    after = period_of(observations, again.reporting, reading.zone, "reporting")
    record = _record_of(content["record"], options.record)
    found = recompute(record, before, after, plan_of(readings, again, again.seed))
    kept = json.loads(found.record.to_json())
    different = sorted(key for key in {*kept, *content["record"]} if kept.get(key) != content["record"].get(key))
    if different or found.record.id != content["id"]:
        raise VerifyError(
            "does not recompute", offender=str(options.record), value=", ".join(different) or "id",
            remedy=f"recomputed: {found.record.id}",
        )  # fmt: skip
    print(_WORDS[options.language]["equal"].format(path=options.record, id=content["id"]))
    return 0


def _read_record(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise VerifyError("not JSON", offender=str(path), value=str(error)[:80]) from error
    if not isinstance(content, dict) or content.get("form") != _FORM:
        raise VerifyError("not a record of a saving", offender=str(path), remedy="the file of saving --record")
    return content


def _record_of(content: Mapping[str, Any], path: Path) -> Record:
    from ovoo_models.efficiency.record import Column, Record

    try:
        columns = tuple(Column(**each) for each in content["columns"])
        plain = {**content, "columns": columns, "excluded": tuple(content["excluded"])}
        return Record(**{**plain, "start_ns": int(content["start_ns"]), "end_ns": int(content["end_ns"])})
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError("a damaged record", offender=str(path), value=str(error)[:80]) from error
