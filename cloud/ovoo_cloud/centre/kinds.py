"""The kinds of registers: fields, types, enumerations and who may see them, read from `kinds.yaml`."""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

import yaml
from ovoo_contract.errors import ConfigError
from ovoo_packs import load_framework

from ovoo_cloud.access.scope import absent

__all__ = ["AUDIENCES", "Audience", "Field", "FieldType", "Kind", "Label", "enumeration", "kind", "kinds"]

Audience = Literal["all", "enterprise", "centre", "region"]
AUDIENCES: Final = get_args(Audience)
FieldType = Literal[
    "text", "long", "integer", "decimal", "boolean", "date", "month", "choice", "choices", "texts", "ref", "refs",
    "conditions", "handle",
]  # fmt: skip
_TYPES: Final = get_args(FieldType)
BUILT_IN: Final = ("enterprise", "report", "case")
"""What a reference may point to beside other registers."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages."""

    zh: str
    en: str

    def of(self, language: str) -> str:
        """In the language asked for."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind; `low` and `high` are inclusive and only for numbers; `inside` is for the centre only."""

    id: str
    type: FieldType
    label: Label
    required: bool = False
    unique: bool = False
    inside: bool = False
    of: str = ""
    to: str = ""
    low: str | None = None
    high: str | None = None

    @property
    def many(self) -> bool:
        """Whether a value is a list."""
        return self.type in ("choices", "texts", "refs", "conditions")


@dataclass(frozen=True, slots=True)
class Kind:
    """One register: its fields in the order of its table."""

    id: str
    label: Label
    audience: Audience
    fields: tuple[Field, ...]

    def field(self, name: str) -> Field:
        """The field of that id; NotFound where there is none."""
        for each in self.fields:
            if each.id == name:
                return each
        raise absent(f"{self.id}.{name}")

    @property
    def owned(self) -> bool:
        """Whether a row may belong to an enterprise."""
        return any(each.id == "enterprise" for each in self.fields)


@functools.cache
def kinds() -> Mapping[str, Kind]:
    """All kinds by id, in the order of the file."""
    return {row["id"]: _kind(row) for row in _document()["kinds"]}


def kind(name: str) -> Kind:
    """One kind; NotFound where there is none."""
    found = kinds().get(name)
    if found is None:
        raise absent(f"register {name}")
    return found


@functools.cache
def enumeration(name: str) -> Mapping[str, Label]:
    """The values of an enumeration with their words; `scene` are the scenes of the SME framework."""
    if name == "scene":
        return {each.id: Label(each.name_zh, each.name_en) for each in load_framework("sme_2024").scenes}
    return {value: Label(*words) for value, words in _document()["enumerations"][name].items()}


@functools.cache
def _document() -> Mapping[str, Any]:
    source = importlib.resources.files("ovoo_cloud.centre").joinpath("kinds.yaml")
    found: Mapping[str, Any] = yaml.safe_load(source.read_text(encoding="utf-8"))
    return found


def _kind(row: Mapping[str, Any]) -> Kind:
    made = Kind(
        row["id"], Label(*row["name"]), row["audience"], tuple(_field(row["id"], each) for each in row["fields"])
    )
    if made.audience not in AUDIENCES or len({each.id for each in made.fields}) != len(made.fields):
        raise ConfigError("a kind contradicts itself", offender=made.id, value=made.audience, remedy="see kinds.yaml")
    return made


def _field(kind_id: str, row: Mapping[str, Any]) -> Field:
    if row["type"] not in _TYPES:
        raise ConfigError(
            "no such type", offender=f"{kind_id}.{row['id']}", value=row["type"], remedy=", ".join(_TYPES)
        )
    return Field(
        id=row["id"],
        type=row["type"],
        label=Label(*row["words"]),
        required=row.get("required", False),
        unique=row.get("unique", False),
        inside=row.get("inside", False),
        of=row.get("of", ""),
        to=row.get("to", ""),
        low=None if "min" not in row else str(row["min"]),
        high=None if "max" not in row else str(row["max"]),
    )
