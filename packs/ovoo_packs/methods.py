"""Numbers of our own methods: weights and thresholds that no standard gives, as dated rows with their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = ["MethodNumber", "MethodTable"]


@dataclass(frozen=True, slots=True)
class MethodNumber:
    """`value` in `unit`, our own choice unless its source says otherwise."""

    id: str
    name_zh: str
    name_en: str
    unit: str
    value: float
    source: SourceRef

    @property
    def reference_only(self) -> bool:
        """Whether a report must mark it 仅供参考."""
        return self.source.reference_only

    @property
    def exact(self) -> Decimal:
        """The value as it is written in the pack."""
        return Decimal(str(self.value))


@dataclass(frozen=True, slots=True)
class MethodTable:
    """All rows by id; `version` and `sha256` identify the compiled table."""

    version: str
    sha256: str
    rows: Mapping[str, MethodNumber]

    def get(self, number_id: str) -> MethodNumber:
        """The row; raises PackError naming the id."""
        try:
            return self.rows[number_id]
        except KeyError:
            remedy = "list them with: ovoo-packs show methods"
            raise PackError("no such number", offender="methods", value=number_id, remedy=remedy) from None


def methods_from_data(data: Mapping[str, Any], sha256: str) -> MethodTable:
    """The table of compiled JSON."""
    rows = {
        each["id"]: MethodNumber(**{**each, "source": SourceRef.from_data(each["source"])}) for each in data["rows"]
    }
    return MethodTable(data["version"], sha256, rows)
