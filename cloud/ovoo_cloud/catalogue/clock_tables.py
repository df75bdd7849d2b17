"""The table of what gateways told of clocks, hour by hour. Times are nanoseconds UTC, errors microseconds."""

from __future__ import annotations

from sqlalchemy import BigInteger, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["OWN", "ClockHour"]

OWN = ""
"""Stands where a source's name does: the gateway's own clock against the platform's."""


class ClockHour(Base):
    """One clock in one hour: of a source against its gateway, or of the gateway against the platform.

    `lowest_us`, `highest_us`, `last_us`: what was told or seen; `doubt_us`: its smallest uncertainty. Of the gateway's
    own clock only: `steps_back`, `synced` (states in which its kernel said that a time server holds the clock),
    `error_us` (the greatest error that the kernel allowed then), `round_trip_us` (the shortest).
    """

    __tablename__ = "clock_hours"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    source: Mapped[str] = mapped_column(String(63), primary_key=True)
    hour_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    heard: Mapped[int] = mapped_column(Integer)
    lowest_us: Mapped[int] = mapped_column(BigInteger)
    highest_us: Mapped[int] = mapped_column(BigInteger)
    last_us: Mapped[int] = mapped_column(BigInteger)
    doubt_us: Mapped[int | None] = mapped_column(BigInteger)
    steps_back: Mapped[int] = mapped_column(Integer)
    synced: Mapped[int] = mapped_column(Integer)
    error_us: Mapped[int | None] = mapped_column(BigInteger)
    round_trip_us: Mapped[int | None] = mapped_column(BigInteger)
