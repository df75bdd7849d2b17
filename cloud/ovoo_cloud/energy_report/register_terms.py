"""Registers of the supplier's meter over a month: the power factor that is billed comes from them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, cast

from ovoo_models.efficiency.tariff.power_factor import Quadrants, ReactiveRule

from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = ["RegisterTerms", "read_registers"]

_RULES: Final = ("absolute_sum", "import_only", "net")


@dataclass(frozen=True, slots=True)
class RegisterTerms:
    """Differences of the registers over the month, how reactive energy counts, and where they are written."""

    energies: Quadrants
    rule: ReactiveRule
    document: str


def read_registers(top: IntakeReader) -> RegisterTerms | None:
    """Section `registers`; None where there is none. Mistakes go to the log of the reader."""
    reader = top.child("registers")
    if reader is None:
        return None
    energies = Quadrants(
        active_import=reader.decimal("active_import", required=True) or Decimal(0),
        active_export=reader.decimal("active_export") or Decimal(0),
        reactive_import=reader.decimal("reactive_import", required=True) or Decimal(0),
        reactive_export=reader.decimal("reactive_export") or Decimal(0),
    )
    rule = cast("ReactiveRule", reader.choice("rule", _RULES, "absolute_sum"))
    found = RegisterTerms(energies, rule, reader.text("document"))
    reader.finish()
    return found
