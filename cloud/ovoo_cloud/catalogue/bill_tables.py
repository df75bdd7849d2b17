"""The table of bills that people enter as the input of a baseline; times are nanoseconds UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["EnteredBill"]


class EnteredBill(Base):
    """Energy between two read dates as a bill has it: `kwh` decimal text, `kind` of `bill_periods.KINDS`.

    `amounts` are what drove the energy in the period (tonnes, ...), decimal text by name. A withdrawn bill stays, but
    no baseline is made from it.
    """

    __tablename__ = "entered_bills"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    site: Mapped[str] = mapped_column(String(63))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    kwh: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    document: Mapped[str] = mapped_column(Text)
    amounts: Mapped[dict[str, Any]]
    entered_by: Mapped[str] = mapped_column(String(63))
    entered_ns: Mapped[int] = mapped_column(BigInteger)
    withdrawn_by: Mapped[str] = mapped_column(String(63))
    withdrawn_ns: Mapped[int | None] = mapped_column(BigInteger)
