"""The table of machines' hours as sums by regime; times are nanoseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["HourSumsRecord"]


class HourSumsRecord(Base):
    """One hour of one machine as a gateway told it last; `version` counts how often what it said was replaced.

    It outlives the samples: nothing that thins or drops raw data touches it.
    """

    __tablename__ = "hour_sums"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    asset: Mapped[str] = mapped_column(String(400), primary_key=True)
    model: Mapped[str] = mapped_column(String(16), primary_key=True)
    layout: Mapped[str] = mapped_column(String(80), primary_key=True)
    hour_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    version: Mapped[int] = mapped_column(Integer)
    made_ns: Mapped[int] = mapped_column(BigInteger)
    received_ns: Mapped[int] = mapped_column(BigInteger)
    minutes: Mapped[int] = mapped_column(Integer)
    rows: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary)

    __table_args__ = (
        Index("ix_hour_sums_asset_hour_ns", "asset", "hour_ns"),
        Index("ix_hour_sums_enterprise_site", "enterprise", "site"),
    )
