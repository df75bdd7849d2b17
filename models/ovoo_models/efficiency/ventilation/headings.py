"""What the columns of a table of airways are, by their Chinese or English names, and the units they are in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.errors import ConfigError

__all__ = ["NEEDED", "Heading", "headings"]

_NAMES: Final[Mapping[str, str]] = {
    "id": "编号 巷道编号 分支号 分支编号 分支 edgeid id branch branchid",
    "name": "名称 巷道 巷道名称 分支名称 name airway",
    "start": "始节点 起节点 起点 始点 起始节点 from start fromnode startnode",
    "end": "末节点 终节点 终点 末点 终止节点 to end tonode endnode",
    "resistance": "风阻 巷道风阻 摩擦风阻 resistance r",
    "adjust": "调节风阻 附加风阻 风窗风阻 adjust adjustr regulatorresistance",
    "regulator": "可调 调节设施 regulator adjustable",
    "natural": "自然风压 natural naturalpressure",
    "least": "需风量 最小风量 least leastflow requiredflow",
    "surface": "地面 通地面 surface",
    "fan": "风机 fan",
    "speed": "转速比 speed speedratio",
    "efficiency": "效率 风机效率 装置效率 efficiency",
    "flow_signal": "风量测点 flowsignal",
    "flow_error": "风量误差 flowerror",
    "power_signal": "功率测点 powersignal",
    "power_error": "功率误差 powererror",
    "resistance_error": "风阻误差 resistanceerror",
    "fan_error": "风机误差 风压误差 fanerror",
    "efficiency_error": "效率误差 efficiencyerror",
    "is_fan": "isfan", "a0": "a0", "a1": "a1", "a2": "a2",
    "low": "曲线下限 qlow curvelow", "high": "曲线上限 qhigh curvehigh",
}  # fmt: skip
_ROLES: Final = {name: role for role, names in _NAMES.items() for name in names.split()}
_RESISTANCE: Final = {"": 1.0, "kg/m7": 1.0, "ns2/m8": 1.0, "kgm-7": 1.0, "ns2m-8": 1.0}
_FLOW: Final = {"": 1.0, "m3/s": 1.0, "m3/min": 1.0 / 60.0, "m3/h": 1.0 / 3600.0}
_PRESSURE: Final = {"": 1.0, "pa": 1.0, "kpa": 1000.0}
_PERCENT: Final = {"": 1.0, "%": 1.0}
_SHARE: Final = {"": 1.0, "%": 0.01, "1": 1.0}
_PLAIN: Final = {"": 1.0, "1": 1.0}
_UNITS: Final[Mapping[str, Mapping[str, float]]] = {
    "resistance": _RESISTANCE, "adjust": _RESISTANCE, "natural": _PRESSURE, "least": _FLOW, "speed": _PLAIN,
    "efficiency": _SHARE, "flow_error": _PERCENT, "power_error": _PERCENT,
    "resistance_error": _PERCENT, "fan_error": _PERCENT, "efficiency_error": _PERCENT, "a0": {"pa": 1.0, "": 1.0},
    "a1": {"pas/m3": 1.0, "": 1.0}, "a2": {"pas2/m6": 1.0, "": 1.0}, "low": _FLOW, "high": _FLOW,
}  # fmt: skip
_ENDINGS: Final = {
    "r_n_s2_m8": ("resistance", 1.0), "r_kg_m7": ("resistance", 1.0), "a0_pa": ("a0", 1.0),
    "a1_pa_s_m3": ("a1", 1.0), "a2_pa_s2_m6": ("a2", 1.0), "least_m3_s": ("least", 1.0),
    "least_m3_min": ("least", 1.0 / 60.0), "natural_pa": ("natural", 1.0),
}  # fmt: skip
"""Names that carry their unit without brackets, as in published tables."""
_BRACKETS: Final = re.compile(r"[(\[【](.*)[)\]】]")
NEEDED: Final = ("start", "end", "resistance")


@dataclass(frozen=True, slots=True)
class Heading:
    """A column: its place (from 0), name as it stands, role (empty: not used), and the factor to our unit.

    Our units: N s2/m8 (= kg/m7), m3/s, Pa, percent for errors, 1 for shares.
    """

    place: int
    name: str
    role: str
    factor: float


def headings(header: Sequence[str]) -> tuple[list[Heading], list[ConfigError]]:
    """The columns, and what is wrong with them: an unknown unit, a role given twice, a needed one that is missing."""
    found, wrong = list[Heading](), list[ConfigError]()
    for place, name in enumerate(header):
        try:
            found.append(_heading(place, name))
        except ConfigError as error:
            wrong.append(error)
            found.append(Heading(place, name, "", 1.0))
    for role in dict.fromkeys(each.role for each in found if each.role):
        same = [each.name for each in found if each.role == role]
        if len(same) > 1:
            wrong.append(
                ConfigError(
                    "two columns say the same",
                    code="ventilation.two_columns_say_same",
                    offender=role,
                    value=same,
                    remedy="leave one of them",
                )
            )
    roles = {each.role for each in found}
    if "id" not in roles and "name" not in roles:
        wrong.append(_missing("name", header))
    if not wrong:
        wrong += [_missing(role, header) for role in NEEDED if role not in roles]
    return found, wrong


def _missing(role: str, header: Sequence[str]) -> ConfigError:
    names = _NAMES[role].split()
    words = next((name for name in names if name.isascii()), role)
    return ConfigError(
        "a column is missing", code="ventilation.column_missing", slots={"known": names[0]}, offender=words,
        value=list(header)[:20], remedy=f"name one of the columns {names[0]}",
    )  # fmt: skip


def _heading(place: int, name: str) -> Heading:
    bare = unicodedata.normalize("NFKC", name).strip().lower()
    if bare in _ENDINGS:
        return Heading(place, name, *_ENDINGS[bare])
    match = _BRACKETS.search(bare)
    unit = re.sub(r"[\s·.*^⋅∙]", "", match[1]) if match else ""
    role = _ROLES.get(re.sub(r"[\s_\-]", "", _BRACKETS.sub("", bare)), "")
    if not role:
        return Heading(place, name, "", 1.0)
    units = _UNITS.get(role, _PLAIN)
    if unit not in units:
        known = ", ".join(each for each in units if each) or "none"
        raise ConfigError(
            "a column has another unit", code="ventilation.column_has_another_unit", slots={"known": known},
            offender=name, value=match[1] if match else "", remedy=f"convert it; known: {known}",
        )  # fmt: skip
    return Heading(place, name, role, units[unit])
