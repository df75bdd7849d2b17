"""The questionnaire of a framework without points as groups of a form: yes or no, ranges, corrections, grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from ovoo_packs import Framework, Item

from ovoo_cloud.console.intake.fields import Beside, Choice, Field, Group

__all__ = ["graded_groups"]

_TOLD: Final = (Field("class", "choice", offers="classes", single=True), Field("evidence", "documents"))
_YES_NO: Final = (Choice("yes", "是", "yes"), Choice("no", "否", "no"))
_RANGE: Final = (
    Field("value", "number", label=("数值", "value")),
    Field("low", "number", label=("或：下限", "or from")),
    Field("high", "number", label=("上限", "to")),
)


def graded_groups(framework: Framework, answers: Mapping[str, Any]) -> tuple[Group, ...]:
    """One group an item, after those that say which kind of enterprise and which parts are there.

    Args:
        answers: as they were measured last; they stand beside the questions.
    """
    return (*_scope(framework), *(_item_group(framework, item, answers.get(item.id)) for item in framework.items))


def _scope(framework: Framework) -> Iterator[Group]:
    if framework.method != "acceptance":
        return
    if len(framework.variants) > 1:
        kinds = tuple(Choice(each.id, each.name_zh, each.name_en) for each in framework.variants)
        field = Field("options", "choice", choices=kinds, single=True)
        yield Group("answers.variant", "one", (field, *_TOLD), label=("企业类型", "Kind of enterprise"))
    parts = tuple(Choice(each.id, each.name_zh, each.name_en) for each in framework.dimensions if not each.whole)
    if parts:
        field = Field("options", "several", choices=parts)
        yield Group("answers.scope", "one", (field, *_TOLD), label=("具备的系统", "Subsystems that are there"))
        named = tuple(Field(each.value, "several", offers="machines", label=(each.zh, each.en)) for each in parts)
        yield Group("machines", "one", named, label=("各系统的设备", "Machines of each subsystem"))


def _item_group(framework: Framework, item: Item, measured: Mapping[str, Any] | None) -> Group:
    fields: tuple[Field, ...]
    if item.kind == "yes_no":
        fields = (Field("options", "choice", choices=_YES_NO, single=True),)
    elif item.kind == "grades":
        fields = tuple(
            Field(f"grades.{each.level}", "lines", label=(each.name_zh, each.name_en)) for each in framework.levels
        )
    else:
        fields = tuple(replace(each, unit=str(item.rule.get("unit", ""))) for each in _RANGE)
        fields += tuple(
            Field(f"corrections.{each}", "number", label=(f"修正系数：{each}", f"correction: {each}"))
            for each in item.rule.get("corrections", ())
        )
    part = next(each for each in framework.dimensions if item.id in {one.id for one in _items(each)})
    label = (f"{part.name_zh}：{item.name_zh}", f"{part.name_en}: {item.name_en}")
    return Group(f"answers.{item.id}", "one", (*fields, *_TOLD), label=label, beside=_beside(measured))


def _items(part: Any) -> Iterator[Item]:
    for group in part.groups:
        yield from group.items


def _beside(measured: Mapping[str, Any] | None) -> tuple[Beside, ...]:
    """What the last measuring resolved to, with its class."""
    if measured is None:
        return ()
    if "low" in measured:
        low, high = str(measured["low"]), str(measured["high"])
        text = low if low == high else f"{low} – {high}"
        return (Beside("measured", text, text, str(measured["class"])),)
    sure = [each for each in _YES_NO if each.value in measured.get("sure", ())]
    return tuple(Beside("measured", each.zh, each.en, str(measured["class"])) for each in sure)
