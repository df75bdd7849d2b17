"""The kinds of registers: fields, types, enumerations and who may see them.

Those that come with the product are read from `kinds.yaml`; a centre's own stand in its database (`own_kinds`).
"""

from __future__ import annotations

import functools
import importlib.resources
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import yaml
from ovoo_contract.errors import ConfigError
from ovoo_packs import load_framework

from ovoo_cloud.access.scope import absent

__all__ = [
    "AUDIENCES",
    "BUILT_IN",
    "FIELD_TYPES",
    "Audience",
    "Field",
    "FieldType",
    "Kind",
    "Label",
    "enumeration",
    "enumerations",
    "kind",
    "kind_from",
    "kinds",
]

Audience = Literal["all", "enterprise", "centre", "region"]
AUDIENCES: Final = get_args(Audience)
FieldType = Literal[
    "text", "long", "integer", "decimal", "boolean", "date", "month", "choice", "choices", "texts", "ref", "refs",
    "conditions", "handle",
]  # fmt: skip
FIELD_TYPES: Final = get_args(FieldType)
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
    """One field of a kind; `low` and `high` are inclusive and only for numbers; `inside` is for the centre only.

    `fact`: conditions of policies may name it. `options` are the values of an enumeration of the kind's own.
    """

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
    fact: bool = False
    options: Mapping[str, Label] | None = field(default=None, hash=False)

    @property
    def values(self) -> Mapping[str, Label]:
        """The values that a choice takes, with their words; empty for other types."""
        if self.options is not None:
            return self.options
        return enumeration(self.of) if self.of else {}

    @property
    def many(self) -> bool:
        """Whether a value is a list."""
        return self.type in ("choices", "texts", "refs", "conditions")


@dataclass(frozen=True, slots=True)
class Kind:
    """One register: its fields in the order of its table.

    `version` is 0 for kinds that come with the product; a centre's own count up. A retired one takes no rows any more.
    """

    id: str
    label: Label
    audience: Audience
    fields: tuple[Field, ...]
    version: int = 0
    retired: bool = False

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
    """The kinds that come with the product by id, in the order of the file."""
    return {row["id"]: kind_from(row) for row in _document()["kinds"]}


def kind(name: str) -> Kind:
    """One kind that comes with the product; NotFound where there is none."""
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


def enumerations() -> tuple[str, ...]:
    """The names of the enumerations that come with the product."""
    return (*_document()["enumerations"], "scene")


def kind_from(row: Mapping[str, Any]) -> Kind:
    """A kind from its plain data, as `kinds.yaml` and the compiled form of an own kind have it.

    Raises:
        ConfigError: the data contradicts itself.
    """
    own = {
        name: {value: Label(*words) for value, words in values.items()}
        for name, values in row.get("enumerations", {}).items()
    }
    made = Kind(
        row["id"], Label(*row["name"]), row["audience"], tuple(_field(row["id"], each, own) for each in row["fields"]),
        row.get("version", 0), row.get("retired", False),
    )  # fmt: skip
    if made.audience not in AUDIENCES or len({each.id for each in made.fields}) != len(made.fields):
        raise ConfigError("a kind contradicts itself", offender=made.id, value=made.audience, remedy="see kinds.yaml")
    return made


def _field(kind_id: str, row: Mapping[str, Any], own: Mapping[str, Mapping[str, Label]]) -> Field:
    if row["type"] not in FIELD_TYPES:
        raise ConfigError(
            "no such type", offender=f"{kind_id}.{row['id']}", value=row["type"], remedy=", ".join(FIELD_TYPES)
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
        fact=row.get("fact", False),
        options=own.get(row.get("of", "")),
    )
