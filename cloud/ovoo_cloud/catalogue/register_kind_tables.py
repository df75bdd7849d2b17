"""Tables of own kinds of registers, of what was read of requests, and of places that figures were grouped by.

Times are nanoseconds UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["MatchSeen", "PinnedPlaces", "RegisterKind"]


class RegisterKind(Base):
    """One version of a centre's own kind; none is changed. `compiled` is what rows are read by."""

    __tablename__ = "register_kinds"
    kind: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    sha256: Mapped[str] = mapped_column(String(64))
    source: Mapped[str] = mapped_column(Text)
    compiled: Mapped[dict[str, Any]]
    made_by: Mapped[str] = mapped_column(String(63))
    made_ns: Mapped[int] = mapped_column(BigInteger)


class MatchSeen(Base):
    """Up to which step a person has read a request for matching."""

    __tablename__ = "match_seen"
    request: Mapped[str] = mapped_column(ForeignKey("match_requests.id"), primary_key=True)
    user: Mapped[str] = mapped_column(String(63), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer)


class PinnedPlaces(Base):
    """Sector, size and place by which enterprises were grouped, under the hash that reports carry of them.

    The content names enterprises: it stays in the installation, and no report holds more than the hash.
    """

    __tablename__ = "pinned_places"
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    content: Mapped[dict[str, Any]]
    made_ns: Mapped[int] = mapped_column(BigInteger)
