"""What a site pays its electricity by: terms as they are kept, turned into the charges of the tariff engine.

Amounts are decimal text as in the document. Nothing has a default price; what is not given is not billed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, cast

from ovoo_contract.errors import ConfigError
from ovoo_models.efficiency.tariff.bill import BasicCharge
from ovoo_models.efficiency.tariff.power_factor import PowerFactorTable, ReactiveRule
from ovoo_models.efficiency.tariff.prices import EnergyCharge, band_charge, flat_charge, ratio_charge
from ovoo_models.efficiency.tariff.shift import ShiftRule
from ovoo_packs import Tariff, load_tariffs

__all__ = ["Basis", "Contract", "Shiftable", "amount"]

Basis = Literal["none", "demand", "capacity"]


@dataclass(frozen=True, slots=True)
class Shiftable:
    """A machine (area/line/asset within the site) that may run at other hours, and what its process allows."""

    asset: str
    rule: ShiftRule


@dataclass(frozen=True, slots=True)
class Contract:
    """The terms of a site. `market` names the uploaded series that its energy is paid by; empty where it is not.

    `target_kw` is the demand that the site wants to stay below. `fictitious` marks prices of a demonstration.
    """

    tariff: Tariff
    charges: tuple[EnergyCharge, ...]
    market: str
    basis: Basis
    demand: BasicCharge | None
    capacity: BasicCharge | None
    capacity_kva: Decimal | None
    held_months: int
    power_factor: PowerFactorTable | None
    reactive_rule: ReactiveRule
    target_kw: float | None
    shiftable: tuple[Shiftable, ...]
    fictitious: bool

    @classmethod
    def of(cls, terms: Mapping[str, Any]) -> Contract:
        """The contract of kept terms.

        Raises:
            ConfigError, PackError: a price that cannot be one (fen for yuan, no document), an unknown tariff, a basis
                without its price, a power-factor table that does not rise.
        """
        tariff = load_tariffs().get(terms["tariff"])
        demand, capacity = _demand(terms.get("demand")), _capacity(terms.get("capacity"))
        kva, basis = _optional(terms.get("capacity_kva"), "capacity_kva"), cast("Basis", terms.get("basis", "none"))
        _check_basis(basis, demand, capacity, kva)
        factor = terms.get("power_factor")
        return cls(
            tariff=tariff,
            charges=tuple(_charge(each, tariff, number) for number, each in enumerate(terms.get("energy", ()))),
            market=terms.get("market", ""),
            basis=basis,
            demand=demand,
            capacity=capacity,
            capacity_kva=kva,
            held_months=terms.get("held_months", 1),
            power_factor=None if factor is None else _table(factor),
            reactive_rule=cast("ReactiveRule", (factor or {}).get("rule", "absolute_sum")),
            target_kw=terms.get("target_kw"),
            shiftable=tuple(_shiftable(each) for each in terms.get("shiftable", ())),
            fictitious=terms.get("fictitious", False),
        )

    @property
    def priced(self) -> bool:
        """Whether there is any price of energy."""
        return bool(self.charges or self.market)

    @property
    def agreed_kw(self) -> float | None:
        """The demand to stay below: the target, else what was agreed with the supplier."""
        if self.target_kw is not None:
            return self.target_kw
        agreed = self.demand.contract_kw if self.demand is not None else None
        return None if agreed is None else float(agreed)


def amount(text: object, offender: str, *, highest: Decimal = Decimal(10) ** 12) -> Decimal:
    """A decimal number >= 0 as written.

    Raises:
        ConfigError: not a number, negative, or out of all bounds.
    """
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value <= highest:
        raise ConfigError(
            "not an amount", code="contract.not_amount", offender=offender, value=text,
            remedy='a number >= 0 as text: "5200.0"',
        )  # fmt: skip
    return value


def _optional(text: object, offender: str) -> Decimal | None:
    return None if text is None else amount(text, offender)


def _charge(item: Mapping[str, Any], tariff: Tariff, number: int) -> EnergyCharge:
    name, document, adjustable = item["name"], item["document"], item.get("adjustable", True)
    bands, ratio, flat = item.get("bands"), item.get("ratio"), item.get("flat")
    given = [each for each in (bands, ratio, flat) if each is not None]
    if len(given) != 1:
        remedy = "one of: bands (a price each), ratio (the flat price, times the tariff's ratios), flat (every hour)"
        raise ConfigError(
            "one kind of price is needed", code="contract.one_kind_of_price_needed", offender=f"energy[{number}]",
            value=len(given), remedy=remedy,
        )  # fmt: skip
    if bands is not None:
        return band_charge(name, document, bands, tariff, adjustable=adjustable)
    if ratio is not None:
        return ratio_charge(name, document, ratio, tariff, adjustable=adjustable)
    return flat_charge(name, document, str(flat), tariff, adjustable=adjustable)


def _demand(item: Mapping[str, Any] | None) -> BasicCharge | None:
    if item is None:
        return None
    return BasicCharge(
        "kW",
        amount(item["price"], "demand.price"),
        item["document"],
        _optional(item.get("contract_kw"), "demand.contract_kw"),
        amount(item.get("free_share", "1"), "demand.free_share", highest=Decimal(10)),
        amount(item.get("over_factor", "1"), "demand.over_factor", highest=Decimal(10)),
        amount(item.get("floor_kw", "0"), "demand.floor_kw"),
    )


def _capacity(item: Mapping[str, Any] | None) -> BasicCharge | None:
    return None if item is None else BasicCharge("kVA", amount(item["price"], "capacity.price"), item["document"])


def _check_basis(basis: Basis, demand: BasicCharge | None, capacity: BasicCharge | None, kva: Decimal | None) -> None:
    if (basis == "demand" and demand is None) or (basis == "capacity" and (capacity is None or kva is None)):
        remedy = "give demand, or capacity with capacity_kva, with its price and document"
        raise ConfigError(
            "basis without its price", code="contract.basis_without_its_price", offender="basis", value=basis,
            remedy=remedy,
        )  # fmt: skip


def _table(item: Mapping[str, Any]) -> PowerFactorTable:
    steps = tuple((amount(start, "power_factor.steps"), _percent(percent)) for start, percent in item["steps"])
    return PowerFactorTable(item["document"], amount(item["target"], "power_factor.target"), steps)


def _percent(text: object) -> Decimal:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 100:
        remedy = "percent of the adjustable amount, from -100 to 100; a reward is negative"
        raise ConfigError(
            "not a percent", code="contract.not_percent", offender="power_factor.steps", value=text, remedy=remedy
        )
    return value


def _shiftable(item: Mapping[str, Any]) -> Shiftable:
    hours = item.get("hours")
    rule = ShiftRule(
        rated_kw=float(item["rated_kw"]),
        document=item["document"],
        hours=None if hours is None else frozenset(hours),
        site_limit_kw=item.get("site_limit_kw"),
        share=float(item.get("share", 1.0)),
    )
    return Shiftable(item["asset"], rule)
