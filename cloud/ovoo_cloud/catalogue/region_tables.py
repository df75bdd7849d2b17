"""The table of issued reports of a region; they belong to no enterprise. Times are nanoseconds UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["RegionReport"]


class RegionReport(Base):
    """One issued bundle of aggregates."""

    __tablename__ = "region_reports"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    number: Mapped[str] = mapped_column(String(63))
    revision: Mapped[int] = mapped_column(Integer)
    quarter: Mapped[str] = mapped_column(String(7), index=True)
    language: Mapped[str] = mapped_column(String(8))
    folder: Mapped[str] = mapped_column(String(400))
    snapshot_sha256: Mapped[str] = mapped_column(String(64))
    summary: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (UniqueConstraint("number", "revision"),)
