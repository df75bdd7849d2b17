"""Answers as scoring reads them: what was told, joined with what was measured (measured wins where it exists)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework, Item

from ovoo_cloud.diagnosis.case import Answer, Case, Finance, SceneAnswer
from ovoo_cloud.diagnosis.figures import Figure
from ovoo_cloud.diagnosis.indicators import NetworkFigures

__all__ = ["check_names", "resolve_answers", "resolve_scenes", "told_by_finance"]

Measured = Mapping[str, tuple[str, tuple[str, ...]]]


def check_names(case: Case, framework: Framework) -> None:
    """Refuse answers, options and scenes that the framework does not have, all together.

    Raises:
        ConfigErrors: naming each entry and what is allowed there.
    """
    errors = []
    items = {item.id: item for item in framework.items}
    for answer in case.answers:
        if answer.item not in items:
            errors.append(_unknown(f"answers.{answer.item}", answer.item, items))
            continue
        errors.extend(_check_form(answer, items[answer.item]))
    scenes = {scene.id for scene in framework.scenes}
    errors.extend(
        _unknown(f"scenes.{each.scene}", each.scene, scenes) for each in case.scenes if each.scene not in scenes
    )
    if errors:
        raise ConfigErrors(errors)


def _unknown(place: str, value: str, known: Mapping[str, Any] | set[str]) -> ConfigError:
    return ConfigError(
        "the framework has no such entry",
        offender=place,
        value=value,
        remedy="one of " + ", ".join(sorted(known)),
        code="intake.not_in_framework",
        slots={"known": ", ".join(sorted(known))},
    )


def _check_form(answer: Answer, item: Item) -> list[ConfigError]:
    place = f"answers.{item.id}"
    wanted = {"multi": "options", "single": "options", "ratio": "ratio", "direction": "direction"}[item.kind]
    given = "ratio" if answer.ratio is not None else "direction" if answer.direction else "options"
    if given != wanted:
        return [
            ConfigError(
                "wrong form of answer",
                offender=place,
                value=given,
                remedy=f"write {wanted}:",
                code="intake.wrong_form_of_answer",
                slots={"wanted": wanted},
            )
        ]
    if item.kind == "single" and len(answer.options) != 1:
        return [
            ConfigError(
                "one option is needed",
                offender=place,
                value=answer.options,
                remedy="write options: [ONE]",
                code="intake.one_option",
            )
        ]
    both = sorted(set(answer.options) & set(answer.open_options))
    if both:
        remedy = "an option is chosen or open, not both"
        return [
            ConfigError(
                "the answer contradicts itself",
                offender=place,
                value=both,
                remedy=remedy,
                code="intake.chosen_and_open",
            )
        ]
    known = {option.id for option in item.options}
    names = [*answer.options, *answer.open_options, *([answer.direction] if answer.direction else [])]
    return [_unknown(f"{place}.{wanted}", name, known) for name in names if name not in known]


def resolve_answers(
    case: Case, framework: Framework, network: NetworkFigures, options: Measured
) -> dict[str, dict[str, Any]]:
    """Item id -> resolved answer; items without any evidence are left out and score as a range.

    `options`: what telemetry says about the options that name an indicator (`Option.measured_by`).
    """
    told = {answer.item: answer for answer in case.answers}
    result: dict[str, dict[str, Any]] = {}
    for item in framework.items:
        resolved = _resolve(item, told.get(item.id), case, network, options)
        if resolved is not None:
            result[item.id] = resolved
    return result


def _resolve(
    item: Item, told: Answer | None, case: Case, network: NetworkFigures, options: Measured
) -> dict[str, Any] | None:
    if item.indicator == "equipment_digitised":
        return _ratio(network.digital, network.total)
    if item.indicator == "equipment_networked":
        return _ratio(network.networked, network.total)
    if (found := told_by_finance(item, case)) is not None:
        return found
    if any(option.measured_by in options for option in item.options):
        return _mixed(item, told, options)
    return None if told is None else _told(told)


def told_by_finance(item: Item, case: Case) -> dict[str, Any] | None:
    """The answer that the figures of finance give, None where they give none."""
    if item.indicator == "digital_spend_share":
        return _funding(case.finance)
    return _direction(item.indicator, case.finance) if item.indicator in _DIRECTIONS else None


def _ratio(part: Figure, whole: Figure) -> dict[str, Any] | None:
    span = part.interval()
    if span is None or whole.value is None or not Decimal(whole.value):
        return None
    low, high = (str(Fraction(end) / Fraction(whole.value)) for end in span)
    return {"low": low, "high": high, "class": part.cls, "evidence": list(part.evidence), "documents": []}


def _mixed(item: Item, told: Answer | None, measured: Measured) -> dict[str, Any]:
    """Options that telemetry decides are measured, whatever was told; the others are as told, else open."""
    verdicts = {o.id: measured[o.measured_by] for o in item.options if o.measured_by in measured}
    decided = {name for name, (verdict, _) in verdicts.items() if verdict != "unknown"}
    yes = {name for name, (verdict, _) in verdicts.items() if verdict == "yes"}
    unsure = set(verdicts) - decided
    if told is None:
        sure, open_options = yes, {option.id for option in item.options} - decided
    else:
        sure, open_options = yes | (set(told.options) - set(verdicts)), unsure | (set(told.open_options) - decided)
    return {
        "sure": sorted(sure),
        "open": sorted(open_options),
        "class": told.cls if told else "insufficient",
        "option_class": dict.fromkeys(sorted(decided), "measured"),
        "evidence": sorted({each for _, ids in verdicts.values() for each in ids}),
        "documents": list(told.documents) if told else [],
    }


def _told(answer: Answer) -> dict[str, Any]:
    base = {"class": answer.cls, "evidence": [], "documents": list(answer.documents)}
    if answer.ratio is not None:
        share = str(Fraction(answer.ratio))
        return {"low": share, "high": share, **base}
    if answer.direction:
        return {"sure": [answer.direction], "open": [], **base}
    return {"sure": sorted(answer.options), "open": sorted(answer.open_options), **base}


_DIRECTIONS = {
    "energy_intensity": ("energy_tce", "revenue_yuan", -1),
    "revenue_per_head": ("revenue_yuan", "staff", 1),
    "cost_per_100": ("cost_yuan", "revenue_yuan", -1),
}


def _direction(indicator: str, years: Sequence[Finance]) -> dict[str, Any] | None:
    """Last year against the one before; None where either is not disclosed."""
    if len(years) < 2:
        return None
    above, below, wanted = _DIRECTIONS[indicator]
    ratios = []
    for year in years[-2:]:
        top, bottom = getattr(year, above), getattr(year, below)
        if top is None or not bottom:
            return None
        ratios.append(Fraction(top) / Fraction(bottom))
    move = (ratios[1] > ratios[0]) - (ratios[1] < ratios[0])
    chosen = {0: "flat", 1: "better", -1: "worse"}[move * wanted]
    return {"sure": [chosen], "open": [], **_finance_base(years[-2:])}


def _funding(years: Sequence[Finance]) -> dict[str, Any] | None:
    """Digital spend over revenue of the last three years."""
    spend = revenue = Fraction(0)
    if len(years) < 3:
        return None
    for year in years[-3:]:
        if year.digital_spend_yuan is None or not year.revenue_yuan:
            return None
        spend += Fraction(year.digital_spend_yuan)
        revenue += Fraction(year.revenue_yuan)
    share = str(spend / revenue)
    return {"low": share, "high": share, **_finance_base(years[-3:])}


def _finance_base(years: Sequence[Finance]) -> dict[str, Any]:
    documents = sorted({name for year in years for name in year.documents})
    cls = "verified" if all(year.cls == "verified" for year in years) else "declared"
    return {"class": cls, "evidence": [], "documents": documents}


def resolve_scenes(case: Case, facts: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Scene id -> level, class, documents and evidence: what was told, joined with what the facts prove.

    A told level that the facts prove too becomes measured. Where they prove a higher one, the told level stays and the
    conflict is written beside it (`told_below`); where they speak against the told one, likewise (`told_above`). A
    scene of which nobody told is known from the proved level upwards.
    """
    told = {each.scene: each for each in case.scenes}
    result: dict[str, dict[str, Any]] = {}
    for scene in [*told, *(name for name in facts if name not in told)]:
        answer = told.get(scene)
        found = facts.get(scene, _NO_FACTS)
        if answer is not None:
            result[scene] = _joined(answer, found)
        elif found["proved"]:
            result[scene] = {**_proved(found), "level": found["proved"], "high": _HIGHEST, "documents": []}
    return result


_HIGHEST = 4
_NO_FACTS: Mapping[str, Any] = {"proved": 0, "levels": [], "class": "", "evidence": []}


def _proved(found: Mapping[str, Any]) -> dict[str, Any]:
    return {"class": found["class"], "evidence": list(found["evidence"]), "conflict": ""}


def _joined(told: SceneAnswer, found: Mapping[str, Any]) -> dict[str, Any]:
    plain = {"level": told.level, "documents": list(told.documents)}
    if found["proved"] and found["proved"] >= told.level:
        conflict = "told_below" if found["proved"] > told.level else ""
        cls = "measured" if found["class"] == "measured" else told.cls
        return {**_proved(found), **plain, "class": cls, "conflict": conflict}
    against = any(step["level"] <= told.level and step["verdict"] == "no" for step in found["levels"])
    return {**plain, "class": told.cls, "evidence": [], "conflict": "told_above" if against else ""}
