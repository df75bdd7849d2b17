"""The table of consent: what an enterprise lets a centre read; times are nanoseconds UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["Grant"]


class Grant(Base):
    """The consent of an enterprise: which purposes, which sites (none: all), from when until when, given by whom.

    `case` is the diagnosis case that it was given for, empty for none. `origin` is `imported` for one that came with
    a case from another centre: it is record there and opens nothing here.
    """

    __tablename__ = "grants"
    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), index=True)
    case: Mapped[str] = mapped_column(String(63), index=True)
    purposes: Mapped[list[str]]
    sites: Mapped[list[str]]
    from_ns: Mapped[int] = mapped_column(BigInteger)
    until_ns: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(String(63))
    given_ns: Mapped[int] = mapped_column(BigInteger)
    withdrawn_by: Mapped[str] = mapped_column(String(63))
    withdrawn_ns: Mapped[int | None] = mapped_column(BigInteger)
    withdrawn_reason: Mapped[str] = mapped_column(Text)
    origin: Mapped[str] = mapped_column(String(16))
