"""What an intake says against itself: each contradiction is named, nothing is mended in silence."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any, Final

from ovoo_contract.errors import ConfigError, ConfigErrors
from ovoo_packs import Framework, Item

from ovoo_cloud.diagnosis.answers import told_by_finance
from ovoo_cloud.diagnosis.assessments import check_leading
from ovoo_cloud.diagnosis.case import Answer, Case
from ovoo_cloud.diagnosis.case_secrets import unknown_secrets
from ovoo_cloud.diagnosis.told import as_leading

__all__ = ["Contradiction", "contradictions", "further_contradictions"]

_CLOSE: Final = Fraction(1, 200)
"""A told ratio may differ by half a percent from the counts: people round."""
_RATIOS: Final = {"equipment_digitised": "digital", "equipment_networked": "networked"}


@dataclass(frozen=True, slots=True)
class Contradiction:
    """One contradiction: a stable code, where it lies, and what stands against what.

    `slots` fill the sentences of its code.
    """

    code: str
    where: str
    message: str
    value: str
    remedy: str
    slots: Mapping[str, object] = field(default_factory=dict)
    told: str = ""

    def as_error(self) -> ConfigError:
        """The same as an error of the intake; its sentences are `told`, else those of `contradiction.<code>`."""
        code = self.told or f"contradiction.{self.code}"
        return ConfigError(
            self.message, offender=self.where, value=self.value, remedy=self.remedy, code=code, slots=self.slots
        )


def contradictions(
    case: Case, scenes: Mapping[str, Any], framework: Framework, sites: Collection[str], documents: Collection[str]
) -> list[Contradiction]:
    """All contradictions of a case, in the order of the intake.

    Args:
        scenes: the scenes as they were answered; `levels_met` lists levels that were ticked one by one.
        sites: what the consent covers.
        documents: names of the documents that were uploaded.
    """
    return [
        *_unknown(case, framework),
        *_sites(case, sites),
        *_register(case),
        *_answers(case, framework),
        *_scene_gaps(scenes),
        *_documents(_rows(case), documents),
        *_secrets(case, documents),
    ]


def further_contradictions(
    case: Case, scenes: Mapping[str, Any], framework: Framework, documents: Collection[str]
) -> list[Contradiction]:
    """The contradictions of what a case tells for one of its further frameworks; arguments as `contradictions`."""
    own = as_leading(case, framework.id)
    told = (("answers", (*own.answers, *own.graded), "item"), ("scenes", own.scenes, "scene"))
    found = [*_unknown(own, framework), *_answers(own, framework), *_scene_gaps(scenes), *_documents(told, documents)]
    return [replace(each, where=f"assessments.{framework.id}.{each.where}") for each in found]


def _unknown(case: Case, framework: Framework) -> Iterator[Contradiction]:
    try:
        check_leading(case, framework)
    except ConfigErrors as error:
        for each in error.errors:
            yield Contradiction(
                "unknown_entry", each.offender, each.message, str(each.value), each.remedy, each.slots, each.code
            )


def _sites(case: Case, sites: Collection[str]) -> Iterator[Contradiction]:
    for site in case.sites:
        if site.id not in sites:
            yield Contradiction(
                "site_outside",
                f"sites.{site.id}",
                "not one of the case's sites",
                site.id,
                f"one of {sorted(sites)}",
                {"sites": ", ".join(sorted(sites))},
            )
    for machine in case.machines:
        if machine.asset is not None and machine.asset.site not in sites:
            yield Contradiction(
                "site_outside",
                f"equipment.{machine.id}",
                "the machine is at a site that is not one of the case's",
                machine.asset.site,
                "leave it out, or apply with its site",
                {"sites": ", ".join(sorted(sites))},
            )


def _register(case: Case) -> Iterator[Contradiction]:
    for machine in case.machines:
        if machine.asset is not None and machine.digital is False:
            yield Contradiction(
                "networked_without_digital",
                f"equipment.{machine.id}",
                "a machine that is networked cannot be without digital control",
                "digital: false",
                "say digital: true, or take its asset away",
            )


def _answers(case: Case, framework: Framework) -> Iterator[Contradiction]:
    items = {item.id: item for item in framework.items}
    for answer in case.answers:
        item = items.get(answer.item)
        if item is not None:
            yield from _exclusive(answer, item)
            yield from _against_counts(answer, item, case)
            yield from _against_finance(answer, item, case)


def _exclusive(answer: Answer, item: Item) -> Iterator[Contradiction]:
    where = f"answers.{item.id}"
    both = sorted(set(answer.options) & set(answer.open_options))
    if both:
        yield Contradiction(
            "options_exclude", where, "an option is both chosen and open", str(both), "keep one of them"
        )
    nothing = {option.id for option in item.options if not option.points} & set(answer.options)
    if item.kind == "multi" and nothing and set(answer.options) - nothing:
        yield Contradiction(
            "options_exclude",
            where,
            "this option excludes every other one",
            str(sorted(answer.options)),
            f"keep {sorted(nothing)} or the others",
            {"nothing": _names(item, nothing, "zh"), "nothing_en": _names(item, nothing, "en")},
            "contradiction.none_and_others",
        )
    if answer.ratio is not None and answer.ratio > 1:
        yield Contradiction(
            "ratio_above_one", where, "a share above the whole", str(answer.ratio), "write 0.35 for 35 percent"
        )


def _names(item: Item, options: Collection[str], language: str) -> str:
    """The names of options as a reader knows them."""
    found = {each.id: each.name_zh if language == "zh" else each.name_en for each in item.options}
    return ", ".join(found.get(each, each) for each in sorted(options))


def _against_counts(answer: Answer, item: Item, case: Case) -> Iterator[Contradiction]:
    counted = _RATIOS.get(item.indicator)
    total = sum(machine.count for machine in case.machines)
    if counted is None or answer.ratio is None or not total:
        return
    part = sum(
        machine.count
        for machine in case.machines
        if (machine.digital if counted == "digital" else machine.asset is not None)
    )
    if abs(Fraction(answer.ratio) - Fraction(part, total)) > _CLOSE:
        yield Contradiction(
            "ratio_against_counts",
            f"answers.{item.id}",
            "the ratio does not fit the register of equipment",
            f"{answer.ratio} against {part} of {total}",
            "correct the ratio, or the register",
            {"ratio": answer.ratio, "part": part, "total": total},
        )


def _against_finance(answer: Answer, item: Item, case: Case) -> Iterator[Contradiction]:
    shown = told_by_finance(item, case)
    if shown is None:
        return
    if answer.direction and answer.direction not in shown["sure"]:
        yield Contradiction(
            "answer_against_finance",
            f"answers.{item.id}",
            "the answer does not fit the figures of finance",
            f"{answer.direction} against {shown['sure'][0]}",
            "correct the answer, or the figures",
            {
                "told": _names(item, {answer.direction}, "zh"),
                "told_en": _names(item, {answer.direction}, "en"),
                "figures": _names(item, shown["sure"], "zh"),
                "figures_en": _names(item, shown["sure"], "en"),
            },
        )
    if answer.ratio is not None and abs(Fraction(answer.ratio) - Fraction(shown["low"])) > _CLOSE:
        share = f"{float(Fraction(shown['low'])):.4f}"
        yield Contradiction(
            "answer_against_finance",
            f"answers.{item.id}",
            "the ratio does not fit the figures of finance",
            f"{answer.ratio} against {share}",
            "correct the ratio, or the figures",
            {"told": answer.ratio, "told_en": answer.ratio, "figures": share, "figures_en": share},
        )


def _scene_gaps(scenes: Mapping[str, Any]) -> Iterator[Contradiction]:
    for name, told in scenes.items():
        met = told.get("levels_met") if isinstance(told, Mapping) else None
        if met is None:
            continue
        where = f"scenes.{name}"
        if not isinstance(met, list) or any(not isinstance(each, int) or not 1 <= each <= 4 for each in met):
            yield Contradiction(
                "no_such_level", where, "levels are 1 to 4", str(met)[:80], "list the levels that are met"
            )
            continue
        missing = sorted(set(range(1, max(met, default=0))) - set(met))
        if missing:
            yield Contradiction(
                "level_without_lower",
                where,
                f"level {max(met)} without level {missing[-1]}",
                str(sorted(met)),
                "a level is met only with all levels below it",
                {"level": max(met), "missing": missing[-1]},
            )


_Rows = tuple[tuple[str, Any, str], ...]
"""Section of the intake, its rows, and the field that tells them apart."""


def _rows(case: Case) -> _Rows:
    return (
        ("products", case.products, "id"),
        ("equipment", case.machines, "id"),
        ("answers", (*case.answers, *case.graded), "item"),
        ("scenes", case.scenes, "scene"),
        ("finance", case.finance, "year"),
        ("energy.carriers", case.energy.carriers, "carrier"),
    )


def _documents(groups: _Rows, known: Collection[str]) -> Iterator[Contradiction]:
    for section, rows, name in groups:
        for row in rows:
            for document in row.documents:
                if document not in known:
                    yield Contradiction(
                        "document_missing",
                        f"{section}.{getattr(row, name)}",
                        "names a document that was not uploaded",
                        document,
                        "upload it under this name",
                        {"document": document},
                    )


def _secrets(case: Case, documents: Collection[str]) -> Iterator[Contradiction]:
    """What is to be kept secret has to be there: a misspelt name would keep nothing."""
    products, years = [each.id for each in case.products], [each.year for each in case.finance]
    for ticked, known in unknown_secrets(case.trade_secrets, products, years, documents):
        yield Contradiction(
            "secret_unknown",
            ticked.place,
            "the case has nothing of this name to keep secret",
            ticked.name,
            f"one of {', '.join(known)}" if known else "take the row away, or enter what it names first",
            {"name": ticked.name, "known": ", ".join(known) or "—"},
        )
