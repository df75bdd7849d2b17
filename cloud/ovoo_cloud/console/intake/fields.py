"""What the form of a part asks: groups of typed fields, as data; the questionnaire's groups come from its framework."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, Literal

__all__ = ["NONE_APPLIES", "NOT_MET", "PART_GROUPS", "Beside", "Choice", "Field", "Group", "Kind", "Shape", "key_of"]

Kind = Literal[
    "text", "both", "moment", "whole", "number", "yes_no", "choice", "several", "documents", "lines", "levels"
]
"""`both` is a name in Chinese and English, `moment` a date with or without time, `lines` one text a line, `levels`
the levels of a scene that are met."""
Shape = Literal["one", "rows", "keyed"]
NONE_APPLIES: Final = "-"
"""Ticked in a choice of several: the question is answered, and no option applies."""
NOT_MET: Final = "0"
"""Ticked among levels: the scene is answered, and no level is met."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One value to choose and its name in both languages; `hint` says that telemetry can show it."""

    value: str
    zh: str
    en: str
    measurable: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a group.

    Attributes:
        name: key below the group's path; `document` names choose among the case's documents with the kind `documents`.
        unit: symbol of the contract, shown beside the label.
        offers: name of the list that its choices come from (`offers.py`), or suggestions for a text.
        choices: the choices themselves, where the framework gives them.
        label: name of a field that is no text of the console's own: (zh, en).
        single: a choice among radio buttons instead of a list.
        needed: marked as required; whether it really is decides who reads the part.

    A point in a name leads into a section of the row: `output.signal`.
    """

    name: str
    kind: Kind = "text"
    unit: str = ""
    offers: str = ""
    choices: tuple[Choice, ...] = ()
    label: tuple[str, str] | None = None
    single: bool = False
    needed: bool = False


@dataclass(frozen=True, slots=True)
class Beside:
    """What is known beside an answer: where it comes from (`measured`, `finance`, `register`), what, of which class."""

    source: str
    zh: str
    en: str
    cls: str


@dataclass(frozen=True, slots=True)
class Group:
    """Fields that belong together.

    Attributes:
        path: where its section stands in the part, `energy.carriers`; empty for single values of the part itself.
        shape: `one` section, `rows` of a list, or rows `keyed` by their first field.
        key: the field that tells rows apart, for joining two versions and for pointing at a row.
        label: its heading where the framework gives it: (zh, en); `note` below it likewise.
        beside: what was measured or follows from other parts.
    """

    path: str
    shape: Shape
    fields: tuple[Field, ...]
    key: str = ""
    label: tuple[str, str] | None = None
    note: tuple[str, str] | None = None
    beside: tuple[Beside, ...] = ()


def key_of(group: Group, row: Mapping[str, Any], number: int) -> str:
    """What tells a row apart: its key, else its place."""
    return str(row.get(group.key) or "") or f"#{number}"


_REASON: Final = Field("reason", needed=True)
_TOLD: Final = (Field("class", "choice", offers="classes", single=True), Field("evidence", "documents"))
PART_GROUPS: Final[Mapping[str, tuple[Group, ...]]] = MappingProxyType(
    {
        "profile": (
            Group(
                "profile",
                "one",
                (
                    Field("name", "both", needed=True),
                    Field("sector", "choice", offers="sectors", needed=True),
                    Field("region", "both"),
                    Field("business", "both"),
                    Field("staff", "whole", unit="persons"),
                    Field("centre", "both"),
                    Field("confidentiality", "choice", offers="confidentiality"),
                ),
            ),
            Group(
                "window",
                "one",
                (
                    Field("start", "moment", needed=True),
                    Field("end", "moment", needed=True),
                    Field("timezone", offers="timezones"),
                ),
            ),
            Group("", "one", (Field("required_share", "number"),)),
            Group(
                "sites",
                "rows",
                (
                    Field("id", "choice", offers="sites", needed=True),
                    Field("name", "both", needed=True),
                    Field("grid", "choice", offers="grids"),
                ),
                "id",
            ),
            Group(
                "products",
                "rows",
                (
                    Field("id", needed=True),
                    Field("name", "both", needed=True),
                    Field("unit", offers="units"),
                    Field("output", "number"),
                    Field("measured.asset", offers="assets"),
                    Field("measured.signal"),
                    Field("measured.kind", "choice", offers="output_kinds"),
                    *_TOLD,
                ),
                "id",
            ),
        ),
        "equipment": (
            Group(
                "equipment",
                "rows",
                (
                    Field("id", needed=True),
                    Field("name", "both", needed=True),
                    Field("count", "whole"),
                    Field("digital", "yes_no"),
                    Field("asset", offers="assets"),
                    Field("template", "choice", offers="templates"),
                    Field("links", "several", offers="links"),
                    Field("shiftable", "yes_no"),
                    *_TOLD,
                ),
                "id",
            ),
            Group(
                "operation.machines",
                "rows",
                (
                    Field("machine", "choice", offers="machines", needed=True),
                    Field("planned_h", "number", unit="h"),
                    Field("ideal_per_h", "number", unit="1/h"),
                    Field("output.signal"),
                    Field("output.kind", "choice", offers="output_kinds"),
                    Field("good.signal"),
                    Field("good.kind", "choice", offers="output_kinds"),
                    *_TOLD,
                ),
                "machine",
            ),
            Group(
                "operation.shutdowns",
                "rows",
                (
                    Field("start", "moment", needed=True),
                    Field("end", "moment", needed=True),
                    Field("machines", "several", offers="machines"),
                    *_TOLD,
                ),
                "start",
            ),
            Group("operation.work_orders", "one", (Field("issued", "whole"), Field("closed", "whole"), *_TOLD)),
        ),
        "finance": (
            Group(
                "finance",
                "keyed",
                (
                    Field("year", needed=True),
                    Field("revenue_yuan", "number", unit="yuan"),
                    Field("cost_yuan", "number", unit="yuan"),
                    Field("digital_spend_yuan", "number", unit="yuan"),
                    Field("staff", "number", unit="persons"),
                    Field("energy_tce", "number", unit="tce"),
                    *_TOLD,
                ),
                "year",
            ),
            Group(
                "plan",
                "rows",
                (
                    Field("action", "choice", offers="actions", needed=True),
                    Field("responsible"),
                    Field("due", "moment"),
                    Field("kpi"),
                    Field("budget_low_yuan", "number", unit="yuan"),
                    Field("budget_high_yuan", "number", unit="yuan"),
                    *_TOLD,
                ),
                "action",
            ),
        ),
        "energy": (
            Group(
                "energy",
                "one",
                (
                    Field("meters", "lines", offers="assets"),
                    Field("complete", "yes_no"),
                    Field("co2_factor", "choice", offers="co2_factors"),
                ),
            ),
            Group(
                "energy.carriers",
                "rows",
                (
                    Field("carrier", "choice", offers="carriers", needed=True),
                    Field("amount", "number"),
                    Field("unit", offers="units", needed=True),
                    Field("measured.asset", offers="assets"),
                    Field("measured.signal"),
                    Field("measured.kind", "choice", offers="output_kinds"),
                    *_TOLD,
                ),
                "carrier",
            ),
            Group(
                "energy.norm",
                "one",
                (Field("id", "choice", offers="norms"), Field("product", "choice", offers="products")),
            ),
            Group(
                "energy.norm.corrections",
                "rows",
                (
                    Field("name", needed=True),
                    Field("factor", "number", needed=True),
                    Field("document", "choice", offers="documents"),
                ),
                "name",
            ),
            Group(
                "energy.tariff",
                "one",
                (Field("document", "choice", offers="documents"), Field("fictitious", "yes_no")),
            ),
            Group(
                "energy.tariff.prices",
                "one",
                tuple(
                    Field(band, "number", unit="yuan/kWh")
                    for band in ("super_peak", "peak", "flat", "valley", "deep_valley")
                ),
            ),
        ),
        "secrets": (
            Group(
                "trade_secrets.groups",
                "one",
                (Field("products", "yes_no"), Field("costs", "yes_no"), Field("finance", "yes_no")),
            ),
            *(
                Group(f"trade_secrets.{kind}", "rows", (told, _REASON), told.name)
                for kind, told in {
                    "documents": Field("document", "choice", offers="documents", needed=True),
                    "products": Field("product", "choice", offers="products", needed=True),
                    "finance": Field("year", "choice", offers="years", needed=True),
                    "figures": Field("figure", offers="figures", needed=True),
                }.items()
            ),
        ),
    }
)
"""The parts whose questions are always the same. Answers and scenes ask what their framework asks."""
