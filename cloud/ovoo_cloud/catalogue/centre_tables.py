"""Tables of a promotion centre: registers with their versions, requests for matching, assessments, what left the house.

Times are nanoseconds UTC.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["CentreAssessment", "EgressRecord", "MatchRequest", "MatchStep", "RegisterEntry", "RegisterVersion"]

_ID = 63


class RegisterEntry(Base):
    """The newest version of one row of a register; `enterprise` is empty where it belongs to nobody."""

    __tablename__ = "register_entries"
    kind: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    enterprise: Mapped[str] = mapped_column(String(_ID), index=True)
    content: Mapped[dict[str, Any]]
    withdrawn: Mapped[bool] = mapped_column(Boolean)
    updated_by: Mapped[str] = mapped_column(String(_ID))
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class RegisterVersion(Base):
    """Every version that a row of a register ever had; none is changed."""

    __tablename__ = "register_versions"
    kind: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    withdrawn: Mapped[bool] = mapped_column(Boolean)
    made_by: Mapped[str] = mapped_column(String(_ID))
    made_ns: Mapped[int] = mapped_column(BigInteger)


class MatchRequest(Base):
    """An enterprise asks for solutions, providers, courses or policies; `wanted` is what it asked by."""

    __tablename__ = "match_requests"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(_ID), index=True)
    case: Mapped[str] = mapped_column(String(_ID))
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    wanted: Mapped[dict[str, Any]]
    outcome: Mapped[str] = mapped_column(String(16))
    opened_by: Mapped[str] = mapped_column(String(_ID))
    opened_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class MatchStep(Base):
    """One step of a request: who moved it, from where to where, and what was offered then."""

    __tablename__ = "match_steps"
    request: Mapped[str] = mapped_column(ForeignKey("match_requests.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    detail: Mapped[dict[str, Any]]
    actor: Mapped[str] = mapped_column(String(_ID))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class CentreAssessment(Base):
    """A selection, evaluation or assessment: its criteria frozen, the self-assessment and the reviewer's decision."""

    __tablename__ = "centre_assessments"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    procedure: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(200))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(String(16))
    version: Mapped[int] = mapped_column(Integer)
    content: Mapped[dict[str, Any]]
    made_by: Mapped[str] = mapped_column(String(_ID))
    updated_by: Mapped[str] = mapped_column(String(_ID))
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class EgressRecord(Base):
    """One time that data left the installation: who took what, of which class, how much of it."""

    __tablename__ = "egress_records"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(_ID))
    role: Mapped[str] = mapped_column(String(32))
    enterprise: Mapped[str] = mapped_column(String(_ID))
    site: Mapped[str] = mapped_column(String(_ID))
    route: Mapped[str] = mapped_column(String(200))
    subject: Mapped[str] = mapped_column(String(400))
    data_class: Mapped[str] = mapped_column(String(16))
    row_count: Mapped[int] = mapped_column(BigInteger)
    byte_count: Mapped[int] = mapped_column(BigInteger)
    complete: Mapped[bool] = mapped_column(Boolean)
    grant: Mapped[str] = mapped_column(String(400))
    """The grants that the read stood on, empty for who needs none."""
    finished: Mapped[bool] = mapped_column(Boolean)
    sealed: Mapped[int | None] = mapped_column(BigInteger, index=True)
    """Number of the audit line that holds the line's hash; None while it is open."""
    __table_args__ = (Index(None, "enterprise", "at_ns"),)
