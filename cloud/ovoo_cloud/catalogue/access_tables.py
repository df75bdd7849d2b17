"""The table of what people outside an enterprise read of it; times are nanoseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["AccessLine"]


class AccessLine(Base):
    """What a user read by one operation under one grant within one minute.

    `operation` is the operationId of a route or page, or `job <kind>`. `site` and `subject` name what was asked for
    (empty: all that the grant opens), `start_ns`, `end_ns` the widest span asked for. `sealed` is the number of the
    audit line that holds the line's hash, None while it may still count on.
    """

    __tablename__ = "access_lines"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    minute_ns: Mapped[int] = mapped_column(BigInteger)
    user: Mapped[str] = mapped_column(String(63))
    role: Mapped[str] = mapped_column(String(32))
    operation: Mapped[str] = mapped_column(String(200))
    grant: Mapped[str] = mapped_column(ForeignKey("grants.id"))
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(400))
    start_ns: Mapped[int | None] = mapped_column(BigInteger)
    end_ns: Mapped[int | None] = mapped_column(BigInteger)
    reads: Mapped[int] = mapped_column(BigInteger)
    row_count: Mapped[int] = mapped_column(BigInteger)
    byte_count: Mapped[int] = mapped_column(BigInteger)
    sealed: Mapped[int | None] = mapped_column(BigInteger, index=True)
    __table_args__ = (Index(None, "enterprise", "minute_ns"),)
