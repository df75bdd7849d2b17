"""Demand or transformer capacity: which basic charge is cheaper, over the months a choice must be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ovoo_contract.errors import ConfigError

from ovoo_models.efficiency.tariff.bill import BasicCharge, basic_charge

__all__ = ["Choice", "cheaper_basis"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Months `first` to `last` (row numbers) under either charge; `best` is the cheaper, `demand` where equal."""

    first: int
    last: int
    demand_yuan: Decimal
    capacity_yuan: Decimal
    best: Literal["demand", "capacity"]

    @property
    def saving_yuan(self) -> Decimal:
        """What the better choice saves against the other."""
        return abs(self.demand_yuan - self.capacity_yuan)


def cheaper_basis(
    peaks_kw: Sequence[Decimal], capacity_kva: Decimal, demand: BasicCharge, capacity: BasicCharge, held_months: int
) -> tuple[Choice, ...]:
    """One choice per `held_months` (from the document of the case); the last period may be shorter.

    Raises:
        ConfigError: the charges are not one of each, or no month is given.
    """
    if demand.per != "kW" or capacity.per != "kVA" or held_months < 1 or not peaks_kw:
        found = (demand.per, capacity.per, held_months, len(peaks_kw))
        remedy = "a price per kW, one per kVA, months >= 1, and the peak of each month"
        raise ConfigError(
            "nothing to choose between", code="tariff.nothing_to_choose_between", offender="basic charge",
            value=found, remedy=remedy,
        )  # fmt: skip
    choices = []
    for first in range(0, len(peaks_kw), held_months):
        peaks = peaks_kw[first : first + held_months]
        by_demand = sum((basic_charge(demand, peak).yuan for peak in peaks), Decimal(0))
        by_capacity = sum((basic_charge(capacity, capacity_kva).yuan for _ in peaks), Decimal(0))
        best: Literal["demand", "capacity"] = "demand" if by_demand <= by_capacity else "capacity"
        choices.append(Choice(first, first + len(peaks) - 1, by_demand, by_capacity, best))
    return tuple(choices)
