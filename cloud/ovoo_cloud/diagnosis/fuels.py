"""Other carriers of energy by week: those of a case that say where they are measured, converted as for the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ovoo_packs import Factor

from ovoo_cloud.diagnosis.case import Case
from ovoo_cloud.diagnosis.dated import DatedTables
from ovoo_cloud.diagnosis.energy import coal_scale
from ovoo_cloud.diagnosis.figures import Figure, FigureBook, Input, constant
from ovoo_cloud.diagnosis.norm import MJ_PER_KGCE, MJ_PER_MWH
from ovoo_cloud.diagnosis.observe import Observation
from ovoo_cloud.diagnosis.run_amounts import RunAmount, run_amount

__all__ = ["Fuel", "fuels"]

_QUERY: Final = "amount of a carrier by hour from its counter or rate"


@dataclass(frozen=True, slots=True)
class Fuel:
    """A carrier whose amount is known by hour: its place among the case's carriers, unit, factor and scale to it."""

    number: int
    unit: str
    run: RunAmount
    factor: Factor
    scale: str

    def spent(self, name: str, amount: Figure, numerator: str, book: FigureBook) -> Figure:
        """The energy of an amount in kgce, or for a norm of final energy in MWh."""
        value = self.factor.value if self.factor.value is not None else self.factor.high
        inputs: list[Figure | Input] = [amount, constant(self.scale, "unit"), constant(str(value), self.factor.id)]
        marked = self.factor.reference_only
        coal = book.derived(f"{name}.kgce", "product/1", inputs, unit="kgce", digits=3, reference_only=marked)
        if numerator == "kgce":
            return coal
        heat = book.derived(f"{name}.heat", "product/1", [coal, constant(MJ_PER_KGCE, "MJ/kgce")], unit="MJ", digits=1)
        return book.derived(f"{name}.energy", "ratio/1", [heat, constant(MJ_PER_MWH, "MJ/MWh")], unit="MWh", digits=3)


def fuels(case: Case, seen: Observation, dated: DatedTables, numerator: str) -> Iterator[Fuel]:
    """The carriers that are known by hour and count in a norm's energy; a norm in kWh counts electricity alone."""
    for number, carrier in enumerate(case.energy.carriers):
        if carrier.measured is None or numerator == "kWh":
            continue
        factor = dated.coal(f"coal_{carrier.carrier}")
        run, _ = run_amount(case, carrier.measured, carrier.unit, seen, _QUERY)
        if factor is not None and run is not None:
            yield Fuel(number, carrier.unit, run, factor, coal_scale(carrier.unit, factor))
