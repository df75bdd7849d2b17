"""Prices of a case, each with the document it was read from. No price is known here; what cannot be one is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation
from typing import Final

from ovoo_contract.errors import ConfigError
from ovoo_packs.tariffs import Band, Tariff

__all__ = ["EnergyCharge", "MarketSeries", "band_charge", "flat_charge", "price_of", "ratio_charge", "rounded"]

_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_UP)
_SLIP_PER_KWH: Final = Decimal(5)
"""No price: the bound above which a figure per kWh is taken for fen or for yuan per MWh. Single market prices may lie
above it in scarcity; then the middle of the series must lie below."""


@dataclass(frozen=True, slots=True)
class EnergyCharge:
    """One item of the bill per kWh: `prices` in yuan/kWh by (season, band) of the tariff.

    `adjustable` says whether the power-factor adjustment counts this item (funds and surcharges usually are not).
    """

    name: str
    document: str
    prices: Mapping[tuple[str, Band], Decimal]
    adjustable: bool = True


@dataclass(frozen=True, slots=True)
class MarketSeries:
    """Market prices in yuan/kWh: `prices[i]` holds in [start_ns + i step_ns, + step_ns).

    Raises:
        ConfigError: the step is not positive, a price is negative where `may_be_negative` is not said, or half of them
            are too high for yuan per kWh.
    """

    name: str
    document: str
    start_ns: int
    step_ns: int
    prices: tuple[Decimal, ...]
    may_be_negative: bool = False
    adjustable: bool = True

    def __post_init__(self) -> None:
        if self.step_ns <= 0:
            raise ConfigError(
                "no step of time", code="tariff.no_step_of_time", offender=self.name, value=self.step_ns,
                remedy="e.g. 15 min in ns",
            )  # fmt: skip
        for price in self.prices:
            price_of(price, self.name, may_be_negative=self.may_be_negative, highest=None)
        if self.prices:
            middle = sorted(map(abs, self.prices))[len(self.prices) // 2]
            price_of(middle, f"{self.name}, middle of the series")

    @classmethod
    def read(
        cls,
        name: str,
        document: str,
        start_ns: int,
        step_ns: int,
        prices: Sequence[Decimal | str],
        *,
        may_be_negative: bool = False,
    ) -> MarketSeries:
        """A series of prices as written, in yuan/kWh."""
        read = tuple(price_of(each, name, may_be_negative=may_be_negative, highest=None) for each in prices)
        return cls(name, _documented(document, name), start_ns, step_ns, read, may_be_negative)


def flat_charge(
    name: str, document: str, price: Decimal | str, tariff: Tariff, *, adjustable: bool = True
) -> EnergyCharge:
    """The same price at every hour: a fund, a surcharge, a loss item."""
    value = price_of(price, name)
    prices = {(season.id, band): value for season in tariff.seasons for band in season.ratios}
    return EnergyCharge(name, _documented(document, name), prices, adjustable)


def band_charge(
    name: str, document: str, prices: Mapping[Band, Decimal | str], tariff: Tariff, *, adjustable: bool = True
) -> EnergyCharge:
    """One price per band, in every season.

    Raises:
        ConfigError: a band of the tariff has no price.
    """
    needed = {band for season in tariff.seasons for band in season.ratios}
    absent = sorted(needed - prices.keys())
    if absent:
        raise ConfigError(
            "bands without a price", code="tariff.bands_without_price", slots={"id": tariff.id}, offender=name,
            value=absent, remedy=f"give them for {tariff.id}",
        )  # fmt: skip
    table = {(s.id, band): price_of(prices[band], f"{name}.{band}") for s in tariff.seasons for band in s.ratios}
    return EnergyCharge(name, _documented(document, name), table, adjustable)


def ratio_charge(
    name: str, document: str, flat_price: Decimal | str, tariff: Tariff, *, digits: int = 6, adjustable: bool = True
) -> EnergyCharge:
    """The flat price times the tariff's ratio of each band, rounded half up to `digits` decimals of a yuan."""
    flat = price_of(flat_price, name)
    prices = {
        (season.id, band): rounded(_CONTEXT.multiply(flat, Decimal(repr(ratio))), digits)
        for season in tariff.seasons
        for band, ratio in season.ratios.items()
    }
    return EnergyCharge(name, _documented(document, name), prices, adjustable)


def price_of(
    text: Decimal | str, offender: str, *, may_be_negative: bool = False, highest: Decimal | None = _SLIP_PER_KWH
) -> Decimal:
    """A price per kWh in yuan as it stands in the document.

    Raises:
        ConfigError: not a number, negative, or so high that it must be fen or yuan per MWh.
    """
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise ConfigError(
            "not a price", code="tariff.not_price", offender=offender, value=text,
            remedy="write it as text, as in the document",
        )  # fmt: skip
    if value < 0 and not may_be_negative:
        remedy = "only a market series that says so may hold negative prices"
        raise ConfigError("negative price", code="tariff.negative_price", offender=offender, value=text, remedy=remedy)
    if highest is not None and abs(value) >= highest:
        remedy = "give yuan per kWh: fen are divided by 100, yuan per MWh by 1,000"
        raise ConfigError(
            "too high for yuan per kWh", code="tariff.too_high_for_yuan_per_kwh", offender=offender, value=text,
            remedy=remedy,
        )  # fmt: skip
    return value


def rounded(value: Decimal, digits: int = 2) -> Decimal:
    """Half up, away from zero, to `digits` decimals."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _CONTEXT)


def _documented(document: str, name: str) -> str:
    if not document.strip():
        raise ConfigError(
            "price without a document", code="tariff.price_without_document", offender=name, value=document,
            remedy="name the document it is in",
        )  # fmt: skip
    return document
