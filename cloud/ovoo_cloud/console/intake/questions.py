"""The questionnaire as groups of a form: a group for each item and scene, with what is known beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from ovoo_packs import Framework, Item, Scene

from ovoo_cloud.console.intake.fields import NONE_APPLIES, NOT_MET, Beside, Choice, Field, Group
from ovoo_cloud.console.intake.graded_questions import graded_groups
from ovoo_cloud.diagnosis.answers import told_by_finance
from ovoo_cloud.diagnosis.case import Case

__all__ = ["Known", "further_groups", "question_groups"]

_TOLD = (Field("class", "choice", offers="classes", single=True), Field("evidence", "documents"))
_SHARES = {"equipment_digitised": "digital", "equipment_networked": "networked"}


@dataclass(frozen=True, slots=True)
class Known:
    """What stands beside answers: the answers and scenes as they were measured last, and the case as it is told."""

    answers: Mapping[str, Any] = field(default_factory=dict)
    scenes: Mapping[str, Any] = field(default_factory=dict)
    case: Case | None = None


def question_groups(part: str, framework: Framework, known: Known) -> tuple[Group, ...]:
    """The groups of `answers` or `scenes`, in the framework's order."""
    if part == "answers" and framework.method != "points_gate":
        return graded_groups(framework, known.answers)
    if part == "answers":
        return tuple(_item_group(item, known) for item in framework.items)
    return tuple(_scene_group(scene, known) for scene in framework.scenes)


def further_groups(framework: Framework, known: Known) -> tuple[Group, ...]:
    """All groups of a further framework, below its section of the part `assessments` and with its name."""
    asked = ("answers", "scenes") if framework.scenes else ("answers",)
    return tuple(_below(framework, each) for part in asked for each in question_groups(part, framework, known))


def _below(framework: Framework, group: Group) -> Group:
    zh, en = group.label or ("", "")
    label = (f"{framework.name_zh}｜{zh}", f"{framework.name_en} | {en}")
    return replace(group, path=f"assessments.{framework.id}.{group.path}", label=label)


def _item_group(item: Item, known: Known) -> Group:
    choices = tuple(Choice(each.id, each.name_zh, each.name_en, bool(each.measured_by)) for each in item.options)
    fields: tuple[Field, ...]
    if item.kind == "ratio":
        fields = (Field("ratio", "number"),)
    elif item.kind == "direction":
        fields = (Field("direction", "choice", choices=choices, single=True),)
    elif item.kind == "single":
        fields = (Field("options", "choice", choices=choices, single=True),)
    else:
        none = () if any(not each.points for each in item.options) else (_NONE,)
        fields = (Field("options", "several", choices=choices + none), Field("open", "several", choices=choices))
    note = (f"{item.evidence_zh}" or "", f"{item.evidence_en}" or "")
    beside = tuple(_measured(item, known.answers)) + tuple(_from_case(item, known.case))
    label = (item.name_zh, item.name_en)
    return Group(f"answers.{item.id}", "one", fields + _TOLD, label=label, note=note, beside=beside)


_NONE = Choice(NONE_APPLIES, "都没有", "none of these")


def _scene_group(scene: Scene, known: Known) -> Group:
    levels = tuple(
        Choice(str(each.level), f"{each.level} 级：{each.text_zh}", f"level {each.level}: {each.text_en}")
        for each in scene.levels
    )
    choices = (Choice(NOT_MET, "一级也未达到", "not even level 1"), *levels)
    star = "★ " if scene.mandatory else ""
    found = known.scenes.get(scene.id)
    beside = []
    if found is not None:
        high = found.get("high", found["level"])
        text = str(found["level"]) if high == found["level"] else f"{found['level']}–{high}"
        beside = [Beside("measured", f"{text} 级", f"level {text}", found["class"])]
    label = (star + scene.name_zh, star + scene.name_en)
    fields = (Field("levels", "levels", choices=choices), *_TOLD)
    return Group(f"scenes.{scene.id}", "one", fields, label=label, beside=tuple(beside))


def _measured(item: Item, answers: Mapping[str, Any]) -> Sequence[Beside]:
    """The answer that the last measuring resolved to, with its class."""
    found = answers.get(item.id)
    if found is None:
        return ()
    if "low" in found:
        text = _percent(found["low"])
        if found["high"] != found["low"]:
            text = f"{text} – {_percent(found['high'])}"
        return (Beside("measured", text, text, found["class"]),)
    return tuple(
        Beside("measured", "、".join(zh), ", ".join(en), cls)
        for cls, zh, en in _by_class(item, found)
    )  # fmt: skip


def _by_class(item: Item, found: Mapping[str, Any]) -> Sequence[tuple[str, list[str], list[str]]]:
    """The options that hold, those that telemetry shows apart from the others."""
    classes = found.get("option_class", {})
    split: dict[str, tuple[list[str], list[str]]] = {}
    for option in item.options:
        if option.id in found["sure"]:
            zh, en = split.setdefault(classes.get(option.id, found["class"]), ([], []))
            zh.append(option.name_zh)
            en.append(option.name_en)
    return [(cls, zh, en) for cls, (zh, en) in split.items()]


def _from_case(item: Item, case: Case | None) -> Sequence[Beside]:
    """What the figures of finance or the register of machines say, before anything is measured."""
    if case is None:
        return ()
    found = told_by_finance(item, case)
    if found is not None and "low" in found:
        return (Beside("finance", _percent(found["low"]), _percent(found["low"]), found["class"]),)
    if found is not None:
        named = {each.id: each for each in item.options}
        chosen = named[found["sure"][0]]
        return (Beside("finance", chosen.name_zh, chosen.name_en, found["class"]),)
    total = sum(machine.count for machine in case.machines)
    if item.indicator not in _SHARES or not total:
        return ()
    digital = _SHARES[item.indicator] == "digital"
    part = sum(m.count for m in case.machines if (m.digital if digital else m.asset is not None))
    return (Beside("register", f"{total} 台中 {part} 台", f"{part} of {total} machines", "declared"),)


def _percent(share: str) -> str:
    return f"{float(Fraction(share)) * 100:.1f} %"
