"""What the centre's figures are computed from: reports, rows of registers, savings; plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["CaseFact", "CentreFacts", "ReportFact", "Row", "SavingFact"]


@dataclass(frozen=True, slots=True)
class ReportFact:
    """One report number at its newest revision; `measured` is in percent of points, `verified` None where not tried."""

    id: str
    sha256: str
    enterprise: str
    sector: str
    issued_ns: int
    level: int | None
    measured: Decimal | None
    verified: bool | None

    @property
    def source(self) -> str:
        """How evidence names it."""
        return f"report:{self.id}@{self.sha256[:16]}"


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a register."""

    kind: str
    id: str
    version: int
    content: Mapping[str, Any]

    @property
    def source(self) -> str:
        """How evidence names it."""
        return f"register:{self.kind}/{self.id}@{self.version}"


@dataclass(frozen=True, slots=True)
class SavingFact:
    """The proven saving of an issued report in kWh with its 95 % band; `id` names report and hash."""

    id: str
    kwh: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class CaseFact:
    """One step of a case."""

    case: str
    seq: int
    step: str

    @property
    def source(self) -> str:
        """How evidence names it."""
        return f"case:{self.case}@{self.seq}"


@dataclass(frozen=True, slots=True)
class CentreFacts:
    """Everything that the figures of [start_ns, end_ns) are computed from; `reports` also holds earlier ones.

    `tce_per_kwh` is the factor with its id and whether it is for reference only; None where no factor is in force.
    """

    start_ns: int
    end_ns: int
    start_day: str
    end_day: str
    reports: tuple[ReportFact, ...]
    rows: tuple[Row, ...]
    savings: tuple[SavingFact, ...]
    requests: Mapping[str, Any]
    tce_per_kwh: tuple[Decimal, str, bool] | None
    steps: tuple[CaseFact, ...] = ()

    def issued(self) -> list[ReportFact]:
        """The reports of the period."""
        return [each for each in self.reports if self.start_ns <= each.issued_ns < self.end_ns]

    def of(self, kind: str, date: str) -> list[Row]:
        """Rows whose date lies in the period."""
        return [
            r for r in self.rows if r.kind == kind and self.start_day <= (r.content.get(date) or "") <= self.end_day
        ]
