"""Tables of a case's workflow; times are nanoseconds UTC. The case itself is a row of `cases`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = [
    "CaseDocument",
    "CaseEdition",
    "CaseFile",
    "CasePart",
    "CaseReview",
    "CaseSnapshot",
    "CaseStep",
    "ReportNumber",
]

_CASE = 63


class CaseFile(Base):
    """Where a case stands: `version` counts its steps, `resume_state` is where a suspended one goes on.

    `framework` with `edition` (SHA-256) leads; `further` lists those beside it alike, `framework` and `edition` each.
    `snapshot` is the frozen content that review, confirmation and issue speak of; `grant` the consent it stands on.
    """

    __tablename__ = "case_files"
    case: Mapped[str] = mapped_column(ForeignKey("cases.id"), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    sites: Mapped[list[str]]
    reason: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(24), index=True)
    resume_state: Mapped[str] = mapped_column(String(24))
    version: Mapped[int] = mapped_column(Integer)
    grant: Mapped[str] = mapped_column(String(24))
    framework: Mapped[str] = mapped_column(String(63))
    edition: Mapped[str] = mapped_column(String(64))
    further: Mapped[list[dict[str, str]] | None]
    snapshot: Mapped[str] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(63))
    previous: Mapped[str] = mapped_column(String(_CASE))


class CaseStep(Base):
    """One step that was taken; never changed. `hash` covers the step and the hash before it."""

    __tablename__ = "case_steps"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    step: Mapped[str] = mapped_column(String(24))
    before: Mapped[str] = mapped_column(String(24))
    after: Mapped[str] = mapped_column(String(24))
    actor: Mapped[str] = mapped_column(String(63))
    role: Mapped[str] = mapped_column(String(32))
    at_ns: Mapped[int] = mapped_column(BigInteger)
    decision: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class CasePart(Base):
    """One version of one part of the intake; all versions stay."""

    __tablename__ = "case_parts"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    part: Mapped[str] = mapped_column(String(24), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    author: Mapped[str] = mapped_column(String(63))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class CaseDocument(Base):
    """A document of a case; its content lies on disk under its SHA-256."""

    __tablename__ = "case_documents"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    media_type: Mapped[str] = mapped_column(String(100))
    size: Mapped[int] = mapped_column(BigInteger)
    uploaded_by: Mapped[str] = mapped_column(String(63))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class CaseReview(Base):
    """What an expert decided of one item or scene of one frozen snapshot; a later decision stands, all stay."""

    __tablename__ = "case_reviews"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    snapshot: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(140))
    decision: Mapped[str] = mapped_column(String(16))
    value: Mapped[dict[str, Any]]
    reason: Mapped[str] = mapped_column(Text)
    on_site: Mapped[bool] = mapped_column(Boolean)
    document: Mapped[str] = mapped_column(String(200))
    reviewer: Mapped[str] = mapped_column(String(63))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class CaseSnapshot(Base):
    """A frozen snapshot of a case (canonical JSON), `measured`, `reviewed` or `issued`; its id hashes its content."""

    __tablename__ = "case_snapshots"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    made_by: Mapped[str] = mapped_column(String(63))
    at_ns: Mapped[int] = mapped_column(BigInteger)


class CaseEdition(Base):
    """The compiled framework that a case was pinned to, whole: a newer one changes nothing of it."""

    __tablename__ = "case_editions"
    case: Mapped[str] = mapped_column(ForeignKey("case_files.case"), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(63))
    content: Mapped[bytes] = mapped_column(LargeBinary)
    pinned_ns: Mapped[int] = mapped_column(BigInteger)


class ReportNumber(Base):
    """A number that a centre gave out: it belongs to one case for ever, its revisions count up."""

    __tablename__ = "report_numbers"
    number: Mapped[str] = mapped_column(String(63), primary_key=True)
    case: Mapped[str] = mapped_column(String(_CASE), index=True)
    revision: Mapped[int] = mapped_column(Integer)
    issue_date: Mapped[str] = mapped_column(String(10), index=True)
    taken_ns: Mapped[int] = mapped_column(BigInteger)
