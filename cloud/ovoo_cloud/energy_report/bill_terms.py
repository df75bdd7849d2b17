"""The prices of a month as a plan holds them: charges per kWh, the market's series, basic charge, power factor."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Final, Literal, cast

from ovoo_contract.canonical import canonical_json, sha256_hex

from ovoo_cloud.diagnosis.intake import IntakeReader

__all__ = [
    "BasicTerms",
    "BillTerms",
    "ChargeTerms",
    "FactorTerms",
    "MarketTerms",
    "Upload",
    "prices_hash",
    "read_bill",
]

ChargeForm = Literal["flat", "band", "ratio"]
_MOST_PRICES: Final = 31 * 96 + 8
"""A month of quarter hours, with the hour of a change to winter time."""


@dataclass(frozen=True, slots=True)
class ChargeTerms:
    """One price per kWh of the bill in yuan: `price` of a flat or ratio charge, `prices` by band of a band charge."""

    name: str
    document: str
    form: ChargeForm
    price: Decimal | None
    prices: tuple[tuple[str, Decimal], ...]
    adjustable: bool


@dataclass(frozen=True, slots=True)
class BasicTerms:
    """The monthly price of demand (per kW) or of transformer capacity (per kVA), yuan; `capacity_kva` in service."""

    per: Literal["kW", "kVA"]
    price: Decimal
    document: str
    contract_kw: Decimal | None
    free_share: Decimal
    over_factor: Decimal
    floor_kw: Decimal
    capacity_kva: Decimal | None


@dataclass(frozen=True, slots=True)
class FactorTerms:
    """The adjustment by power factor: rows of (power factor from, percent), rising, of a document."""

    document: str
    target: Decimal
    steps: tuple[tuple[Decimal, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Upload:
    """What one uploaded document says of the month: `prices[i]` in yuan/kWh from `start_ns` + i steps on.

    `upload_sha256` is that of the whole upload, as its audit record has it; `sha256` that of `prices`.
    """

    document: str
    upload_sha256: str
    start_ns: int
    prices: tuple[Decimal, ...]

    @property
    def sha256(self) -> str:
        """Hash of the prices as written."""
        return prices_hash([str(price) for price in self.prices])


@dataclass(frozen=True, slots=True)
class MarketTerms:
    """The market prices of the month by upload; where no upload has a price, there is none."""

    name: str
    step_ns: int
    may_be_negative: bool
    uploads: tuple[Upload, ...]


@dataclass(frozen=True, slots=True)
class BillTerms:
    """All prices of the case. `fictitious`: of a demonstration, marked so in the report."""

    charges: tuple[ChargeTerms, ...]
    market: MarketTerms | None
    basic: BasicTerms | None
    factor: FactorTerms | None
    fictitious: bool


def prices_hash(texts: list[str]) -> str:
    """SHA-256 of prices as they are written."""
    return sha256_hex(canonical_json(texts))


def read_bill(top: IntakeReader) -> BillTerms | None:
    """Section `bill`; None where there is none. Mistakes go to the log of the reader."""
    reader = top.child("bill")
    if reader is None:
        return None
    charges = tuple(_charge(each) for each in reader.children("charges"))
    market = _market(reader)
    if not charges and market is None:
        reader.fail("charges", "a bill without a price per kWh", "list the prices with their document, or no bill")
    terms = BillTerms(charges, market, _basic(reader), _factor(reader), bool(reader.boolean("fictitious", False)))
    reader.finish()
    return terms


def _market(parent: IntakeReader) -> MarketTerms | None:
    reader = parent.child("market")
    if reader is None:
        return None
    step_s = reader.integer("step_s")
    if step_s <= 0 or step_s % 900:
        reader.fail("step_s", "not a step of market prices", "900 for quarter hours, 1800 or 3600")
    negative = bool(reader.boolean("may_be_negative", False))
    uploads = tuple(_upload(each, negative) for each in reader.children("uploads"))
    terms = MarketTerms(reader.text("name"), step_s * 1_000_000_000, negative, uploads)
    reader.finish()
    return terms


def _upload(reader: IntakeReader, may_be_negative: bool) -> Upload:
    words = reader.text("prices").split()
    if len(words) > _MOST_PRICES:
        reader.fail("prices", "more prices than a month has quarter hours", "take the part of the month")
    upload = Upload(
        reader.text("document"),
        reader.text("sha256", ""),
        reader.integer("start_ns"),
        tuple(_price(reader, word, may_be_negative) for word in words[:_MOST_PRICES]),
    )
    reader.finish()
    return upload


def _price(reader: IntakeReader, word: str, may_be_negative: bool) -> Decimal:
    try:
        value = Decimal(word)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or (value < 0 and not may_be_negative):
        reader.fail("prices", f"not a price: {word!r}", "yuan per kWh, apart by spaces; negative only where it is said")
        return Decimal(0)
    return value


def _charge(reader: IntakeReader) -> ChargeTerms:
    form = cast("ChargeForm", reader.choice("form", ("flat", "band", "ratio")))
    rows: list[tuple[str, Decimal]] = []
    if form == "band":
        prices = reader.child("prices", required=True)
        for band in prices.data if prices is not None else {}:
            price = prices.decimal(band, required=True) if prices is not None else None
            rows.append((band, price or Decimal(0)))
    terms = ChargeTerms(
        name=reader.text("name"),
        document=reader.text("document"),
        form=form,
        price=None if form == "band" else reader.decimal("price", required=True),
        prices=tuple(sorted(rows)),
        adjustable=bool(reader.boolean("adjustable", True)),
    )
    reader.finish()
    return terms


def _basic(parent: IntakeReader) -> BasicTerms | None:
    reader = parent.child("basic")
    if reader is None:
        return None
    per = cast("Literal['kW', 'kVA']", reader.choice("per", ("kW", "kVA")))
    terms = BasicTerms(
        per=per,
        price=reader.decimal("price", required=True) or Decimal(0),
        document=reader.text("document"),
        contract_kw=reader.decimal("contract_kw"),
        free_share=reader.decimal("free_share") or Decimal(1),
        over_factor=reader.decimal("over_factor") or Decimal(1),
        floor_kw=reader.decimal("floor_kw") or Decimal(0),
        capacity_kva=reader.decimal("capacity_kva", required=per == "kVA"),
    )
    reader.finish()
    return terms


def _factor(parent: IntakeReader) -> FactorTerms | None:
    reader = parent.child("power_factor")
    if reader is None:
        return None
    steps = []
    for entry in reader.children("steps"):
        start, percent = entry.decimal("from", required=True), entry.decimal("percent", least=None, required=True)
        steps.append((start or Decimal(0), percent or Decimal(0)))
        entry.finish()
    terms = FactorTerms(reader.text("document"), reader.decimal("target", required=True) or Decimal(0), tuple(steps))
    reader.finish()
    return terms
