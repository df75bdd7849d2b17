"""`ovoo-models energy baseline` and `saving`: a model of the past, what was saved since, and the records of both."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ovoo_contract.errors import ConfigError

from ovoo_models.cli_energy_challenger import add_challenger, challenged, challenger_lines
from ovoo_models.cli_energy_events import (
    add_events,
    decisions_of,
    event_lines,
    events_data,
    known_events,
    proposals_of,
    rows_of,
)
from ovoo_models.cli_energy_export import add_export, add_output, opened, print_json, reading_options
from ovoo_models.cli_energy_hours import level_words
from ovoo_models.cli_energy_months import add_bills, bills_for, run_baseline, run_saving
from ovoo_models.cli_energy_periods import Question, add_drivers, period_of, question_of
from ovoo_models.cli_energy_pictures import Picture, add_picture, write_picture
from ovoo_models.cli_energy_record import add_record, content_of, write_record
from ovoo_models.cli_energy_screening import screening_data, screening_lines
from ovoo_models.efficiency.readings import ReadingOptions, Readings, read_export
from ovoo_models.reasons import catalogue_of, tell

if TYPE_CHECKING:
    from ovoo_models.efficiency.savings.change_point import ChangePointModel
    from ovoo_models.efficiency.savings.inspection import Inspection
    from ovoo_models.efficiency.savings.observations import Observations
    from ovoo_models.efficiency.savings.saving import Plan, Saving
    from ovoo_models.efficiency.savings.time_of_week import TimeOfWeekModel
    from ovoo_models.efficiency.savings.uncertainty import Fitness

    Model = ChangePointModel | TimeOfWeekModel

__all__ = ["Proof", "add", "baseline_again", "course", "proof_of", "saving_again", "saving_content", "saving_data",
           "saving_lines"]  # fmt: skip

_WORDS: Final = {
    "zh": {
        "model": "基准模型（{split}）：{rows} 行，CV(RMSE) {cv:.1f} %，NMBE {nmbe:.2f} %，"
        "R2 {r2:.3f}，残差相关 {rho:.2f}",
        "segment": "  {label}：{kind}，{terms}",
        "saving": "节约量 {value:,.0f} kWh（基准的 {share:.1f} %），"
        "90 % 区间 {low:,.0f} 至 {high:,.0f} kWh，FSU {fsu:.0f} %",
        "used": "报告期 {used} 行计入，{left} 行未计入（不作任何主张）",
        "provable": "可以证明", "beyond": "{name} 有 {rows} 行超出基准期范围 {low:g}～{high:g}",
        "levels": "  每周 168 小时的水平：{low:.5g}（{first}）至 {high:.5g}（{last}）kWh",
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
        "levels": "  levels of the 168 hours of the week: {low:.5g} ({first}) to {high:.5g} ({last}) kWh",
    },
}  # fmt: skip


_ASKED: Final = ("driver", "variable", "amount", "candidate", "step", "any_sign", "baseline")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A baseline of one period, how well it fits, and what the inspection found."""

    question: Question
    data: Observations
    model: Model
    quality: Fitness
    checked: Inspection


@dataclass(frozen=True, slots=True)
class Proof:
    """A saving with both periods and the plan; `screening` and `events` as data, None where nothing was screened."""

    found: Saving
    before: Observations
    after: Observations
    plan: Plan
    screening: dict[str, Any] | None
    events: dict[str, Any]


def add(verbs: Any) -> None:  # argparse has no public name for its subparsers
    """The verbs `baseline` and `saving`."""
    baseline: argparse.ArgumentParser = verbs.add_parser("baseline", help="a change-point or hourly model of a period")
    _common(baseline, "points, line, knees and band over the driver")
    add_challenger(baseline)
    baseline.set_defaults(run=_baseline)
    saving: argparse.ArgumentParser = verbs.add_parser(
        "saving", help="what was saved against the baseline, with its interval and a record that proves it"
    )
    _common(saving, "measured against baseline with the savings added up")
    saving.add_argument(
        "--reporting", nargs=2, required=True, metavar=("FROM", "TO"), help="local dates, TO not within"
    )
    saving.add_argument("--seed", type=int, default=1, help="of the bootstrap (default: 1)")
    add_events(saving)
    saving.set_defaults(run=_saving)


def _common(parser: argparse.ArgumentParser, picture: str) -> None:
    add_export(parser)
    add_drivers(parser)
    add_bills(parser)
    parser.add_argument("--baseline", nargs=2, required=True, metavar=("FROM", "TO"), help="local dates, TO not within")
    add_record(parser)
    add_picture(parser, picture)
    add_output(parser)


def _baseline(options: argparse.Namespace) -> int:
    from ovoo_models.cli_energy_drawn import scatter_of
    from ovoo_models.efficiency.savings.change_point import ChangePointModel

    if (bills := bills_for(options)) is not None:
        return run_baseline(bills, options)

    if options.out is not None and options.step == "hour":
        remedy = "the picture is of days: --step day, or the course that saving --out draws"
        raise ConfigError(
            "no picture of hours of the week", code="saving.no_picture_of_hours_of_week", offender="--out",
            value=str(options.out), remedy=remedy,
        )  # fmt: skip
    fitted = _fitted(opened(options), options)
    if options.record is not None:
        write_record(options.record, _baseline_content(fitted, reading_options(options), options))
    screening = fitted.question.screening
    screened = screening_data(screening) if screening else None
    model, quality = fitted.model, fitted.quality
    beside = challenged(fitted.data, fitted.question.settings, model.used) if options.challenger else None
    if options.json:
        faults = [{"name": each.name, "reason": each.reason, "rows": len(each.rows)} for each in fitted.checked.faults]
        data = {"split": model.split, "segments": _named(model), "fit": asdict(quality), "faults": faults}
        data |= {} if beside is None else {"challenger": beside if isinstance(beside, dict) else beside.to_dict()}
        print_json(data if screened is None else {**data, "screening": screened})
    else:
        lines = screening_lines(screened, options.language) if screened else []
        lines += _model_lines(model, quality, options.language)
        print("\n".join([*lines, *(challenger_lines(beside, options.language) if beside is not None else [])]))
    if options.out is not None and isinstance(model, ChangePointModel):
        write_picture(options, scatter_of(model, fitted.data, None, quality))
    return 0


def _fitted(readings: Readings, options: argparse.Namespace) -> Fitted:
    from ovoo_models.efficiency.savings.change_point import fit
    from ovoo_models.efficiency.savings.inspection import inspect
    from ovoo_models.efficiency.savings.time_of_week import HourlySettings, fit_hourly
    from ovoo_models.efficiency.savings.uncertainty import fitness, gaps_of

    question = question_of(readings, options)
    settings = question.settings
    data = period_of(question.observations, options.baseline, readings.zone, "--baseline")
    checked = inspect(data, settings.names)
    checked.refuse("baseline")
    model: Model
    if isinstance(settings, HourlySettings):
        model = fit_hourly(data, settings, checked.used)
    else:
        model = fit(data, settings, checked.used)
    gaps = gaps_of([data.time_ns[n] for n in model.used], data.step_ns)
    quality = fitness([data.energy[n] for n in model.used], model.fitted, gaps, model.terms)
    return Fitted(question, data, model, quality, checked)


def _named(model: Model) -> dict[str, dict[str, object]]:
    kinds = model.kinds()
    return {label: {"kind": kinds.get(label, model.split), **terms} for label, terms in model.named().items()}


def _model_lines(model: Model, quality: Fitness, language: str) -> list[str]:
    words = _WORDS[language]
    lines = [words["model"].format(
        split=model.split, rows=quality.rows, cv=100 * quality.cv_rmse, nmbe=100 * quality.nmbe, r2=quality.r2,
        rho=quality.rho,
    )]  # fmt: skip
    kinds = model.kinds()
    for label, terms in model.named().items():
        if label == "levels":
            lines.append(level_words(terms, _WORDS[language]["levels"], language))
            continue
        shown = ", ".join(f"{name} {value:.5g}" for name, value in terms.items())
        kind = kinds.get(label, model.split)
        lines += [words["segment"].format(label=label, kind=kind, terms=shown)] if shown else []
    return lines


def proof_of(readings: Readings, options: argparse.Namespace) -> Proof:
    """The saving of the options; `events` and `decide` are rows of their files, or the files."""
    from ovoo_models.efficiency.savings.non_routine import adjust
    from ovoo_models.efficiency.savings.saving import Plan, prove

    known = known_events(_rows(options.events), readings.zone)
    decisions = decisions_of(_rows(options.decide), readings.zone)
    question = question_of(readings, options)
    before = period_of(question.observations, options.baseline, readings.zone, "--baseline")
    after = period_of(question.observations, options.reporting, readings.zone, "--reporting")
    plan = Plan(question.settings, seed=options.seed)
    found = prove(before, after, plan)
    proposals = proposals_of(found, before, after, known)
    adjusted = adjust(before, after, plan, proposals, decisions) if decisions else None
    screened = screening_data(question.screening) if question.screening else None
    return Proof(found, before, after, plan, screened, events_data(adjusted, proposals, decisions))


def _rows(given: Any) -> list[dict[str, Any]]:
    return given if isinstance(given, list) else rows_of(given)


def _saving(options: argparse.Namespace) -> int:
    if (bills := bills_for(options)) is not None:
        return run_saving(bills, options)
    proof = proof_of(opened(options), options)
    if options.record is not None:
        write_record(options.record, saving_content(proof, reading_options(options), options))
    if options.json:
        print_json(saving_data(proof))
    else:
        print("\n".join(saving_lines(proof, options.zone, options.language)))
    if options.out is not None:
        write_picture(options, course(proof))
    return 0


def course(proof: Proof) -> Picture:
    """Measured against baseline, with the savings added up."""
    from ovoo_models.cli_energy_drawn import course_of

    return course_of(proof.found, proof.before, proof.after, proof.plan)


def saving_data(proof: Proof) -> dict[str, Any]:
    """Results with what was screened and which events were proposed."""
    found = proof.found
    data: dict[str, Any] = {
        "id": found.record.id, "results": dict(found.record.results), "provable": found.provable,
        "events": proof.events,
    }  # fmt: skip
    return data if proof.screening is None else {**data, "screening": proof.screening}


def saving_lines(proof: Proof, zone: str, language: str) -> list[str]:
    """Screening, model, saving with its interval, what was left out, whether it can be proved, and events."""
    words, found, rows = _WORDS[language], proof.found, len(proof.after)
    lines = screening_lines(proof.screening, language) if proof.screening else []
    lines += _model_lines(found.model, found.fit, language)
    lines.append(words["saving"].format(
        value=found.avoided.value, share=100 * found.share, low=found.interval.low, high=found.interval.high,
        fsu=100 * found.fsu,
    ))  # fmt: skip
    lines.append(words["used"].format(used=len(found.used), left=rows - len(found.used)))
    lines += [
        words["beyond"].format(name=each.name, rows=each.rows, low=each.low, high=each.high) for each in found.beyond
    ]
    if found.provable:
        lines.append(words["provable"])
    else:
        told = tell(catalogue_of("ovoo_models.reasons", language), found.reason_code, {})
        lines.append(told.wrong if told else found.reason)
    return [*lines, *event_lines(proof.events, zone, language)]


def _baseline_content(fitted: Fitted, reading: ReadingOptions, options: argparse.Namespace) -> dict[str, Any]:
    from ovoo_models.efficiency.savings.recording import baseline_record

    record = baseline_record(fitted.data, fitted.model, fitted.quality, fitted.checked)
    screening = fitted.question.screening
    asked = {name: getattr(options, name) for name in _ASKED}
    return content_of("baseline", record, reading.decided(), asked,
                      screening=screening_data(screening) if screening else None)  # fmt: skip


def saving_content(proof: Proof, reading: ReadingOptions, options: argparse.Namespace) -> dict[str, Any]:
    """The record of a saving with its screening, events and decisions, and what is needed to read the export again."""
    asked = {name: getattr(options, name) for name in (*_ASKED, "reporting", "seed")}
    asked |= {"events": _rows(options.events), "decide": _rows(options.decide)}
    return content_of("saving", proof.found.record, reading.decided(), asked,
                      screening=proof.screening, events=proof.events)  # fmt: skip


def baseline_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a baseline's record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return _baseline_content(_fitted(read_export(export, reading), asked), reading, asked)


def saving_again(export: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """The content of a saving's record, made anew."""
    reading, asked = ReadingOptions(**content["reading"]), argparse.Namespace(**content["arguments"])
    return saving_content(proof_of(read_export(export, reading), asked), reading, asked)
