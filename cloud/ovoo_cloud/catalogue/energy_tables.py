"""Tables of what a site's energy is computed with: meters, networks, contracts, prices, inputs; and its bills.

Times are nanoseconds UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = [
    "EnergyContract",
    "EnergyInput",
    "EnergyStatement",
    "MarketPrices",
    "MeterTreeRecord",
    "VentilationNetwork",
]

_PATH = 400


class VentilationNetwork(Base):
    """One version of a mine's ventilation network as a table of airways, with who gave it and from which document.

    sha256 is of `csv`; hours_per_year is how long the fans run, None where it was not given.
    """

    __tablename__ = "ventilation_networks"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    csv: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(String(400))
    hours_per_year: Mapped[float | None] = mapped_column(Float(53))
    made_by: Mapped[str] = mapped_column(String(63))
    made_ns: Mapped[int] = mapped_column(BigInteger)


class MeterTreeRecord(Base):
    """One version of a site's meter tree: who feeds whom; the newest counts, earlier ones stay."""

    __tablename__ = "meter_trees"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    source: Mapped[str] = mapped_column(String(400))
    given_by: Mapped[str] = mapped_column(String(63))
    given_ns: Mapped[int] = mapped_column(BigInteger)


class EnergyInput(Base):
    """A decision or price of the case that no sample tells, with its document; the newest of a name counts."""

    __tablename__ = "energy_inputs"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH))
    name: Mapped[str] = mapped_column(String(63))
    value: Mapped[str] = mapped_column(String(200))
    source: Mapped[str] = mapped_column(String(400))
    given_by: Mapped[str] = mapped_column(String(63))
    given_ns: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "enterprise", "site"),)


class EnergyContract(Base):
    """What a site pays its electricity by, as its documents say: prices, demand, power factor, what may be shifted."""

    __tablename__ = "energy_contracts"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    terms: Mapped[dict[str, Any]]
    updated_by: Mapped[str] = mapped_column(String(63))
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class MarketPrices(Base):
    """An uploaded series of market prices in yuan/kWh, one each `step_ns` from `start_ns` on."""

    __tablename__ = "market_prices"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    start_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    step_ns: Mapped[int] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(String(400))
    may_be_negative: Mapped[bool] = mapped_column(Boolean)
    prices: Mapped[dict[str, Any]]
    updated_by: Mapped[str] = mapped_column(String(63))
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class EnergyStatement(Base):
    """A bill or a carbon figure that was made: from what, with which result. None is ever changed or replaced."""

    __tablename__ = "energy_statements"
    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    site: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(16))
    period: Mapped[str] = mapped_column(String(63))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    inputs: Mapped[dict[str, Any]]
    result: Mapped[dict[str, Any]]
    record_id: Mapped[str] = mapped_column(String(24))
    follows: Mapped[str] = mapped_column(String(24))
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
