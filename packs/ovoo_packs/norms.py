"""Energy-consumption norms: three levels, 1 the best, 3 the limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ovoo_contract.errors import PackError

from ovoo_packs.source_ref import SourceRef

__all__ = ["CorrectionRule", "Norm", "NormTable"]

CorrectionRule = Literal["none", "product", "one_plus_sum", "unknown"]


@dataclass(frozen=True, slots=True)
class Norm:
    """Consumption limits in `unit`; a level the standard does not give is None. `corrections` names the inputs that
    the standard multiplies or adds before comparing; without them the comparison is raw. `sector` is a pack id or a
    sector word (`power`, `data_centre`).

    `correction_rule` says what the limits are multiplied by: `product` of the corrections, `one_plus_sum` of them, or
    that the source does not say (`unknown`). `supersedes` is the id of the row of the earlier edition, or empty."""

    id: str
    sector: str
    name_zh: str
    name_en: str
    unit: str
    level1: float | None
    level2: float | None
    level3: float | None
    corrections: tuple[str, ...]
    source: SourceRef
    correction_rule: CorrectionRule = "none"
    supersedes: str = ""

    @property
    def reference_only(self) -> bool:
        """Whether a report must mark it 仅供参考."""
        return self.source.reference_only

    def level(self, value: float) -> int | None:
        """The level (1 to 3) that `value` (in `unit`, corrected) reaches, or None above every limit.

        >>> Norm("n", "s", "", "", "kgce/t", 1.0, 2.0, 3.0, (), SourceRef("", "", None, None, "S")).level(2.0)
        2
        """
        for number, limit in enumerate((self.level1, self.level2, self.level3), start=1):
            if limit is not None and value <= limit:
                return number
        return None


@dataclass(frozen=True, slots=True)
class NormTable:
    """All norm rows by id."""

    version: str
    sha256: str
    rows: Mapping[str, Norm]

    def get(self, norm_id: str) -> Norm:
        """The row; raises PackError naming the id."""
        try:
            return self.rows[norm_id]
        except KeyError:
            remedy = "list them with: ovoo-packs show norms"
            raise PackError(
                "no such norm", code="packs.no_such", offender="norms", value=norm_id, remedy=remedy
            ) from None

    def editions(self, norm_id: str) -> tuple[Norm, ...]:
        """The row, the rows it supersedes and those that supersede it, the earliest first."""
        row = self.get(norm_id)
        while row.supersedes:
            row = self.get(row.supersedes)
        found = [row]
        later = {each.supersedes: each for each in self.rows.values() if each.supersedes}
        while found[-1].id in later:
            found.append(later[found[-1].id])
        return tuple(found)

    def of_sector(self, sector: str) -> tuple[Norm, ...]:
        """The rows of one sector, in table order."""
        return tuple(row for row in self.rows.values() if row.sector == sector)


def norms_from_data(data: Mapping[str, Any], sha256: str) -> NormTable:
    """The table of compiled JSON."""
    rows = {
        each["id"]: Norm(
            **{**each, "corrections": tuple(each["corrections"]), "source": SourceRef.from_data(each["source"])}
        )
        for each in data["rows"]
    }
    return NormTable(data["version"], sha256, rows)
