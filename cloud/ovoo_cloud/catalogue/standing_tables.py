"""Tables of who may speak for an enterprise, and the invitations by which they come to it; times are ns UTC."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["Invitation", "Standing"]


class Invitation(Base):
    """A one-time right to become a person of an enterprise; only the hashes of its codes are kept.

    One of the centre has two codes, seen by two people: `second_hash` and `second_by` are empty until the second
    person asks for theirs. One of the enterprise itself (`own`) has one.
    """

    __tablename__ = "invitations"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), index=True)
    person: Mapped[str] = mapped_column(String(63))
    role: Mapped[str] = mapped_column(String(32))
    display_name: Mapped[str] = mapped_column(String(200))
    own: Mapped[bool] = mapped_column(Boolean)
    first_hash: Mapped[str] = mapped_column(String(64))
    first_by: Mapped[str] = mapped_column(String(63))
    second_hash: Mapped[str] = mapped_column(String(64))
    second_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger)
    used_ns: Mapped[int | None] = mapped_column(BigInteger)


class Standing(Base):
    """That a user set their own password by an invitation of the enterprise; it ends when somebody else sets one."""

    __tablename__ = "standings"
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), primary_key=True)
    invitation: Mapped[str] = mapped_column(ForeignKey("invitations.id"))
    given_ns: Mapped[int] = mapped_column(BigInteger)
    ended_ns: Mapped[int | None] = mapped_column(BigInteger)
    ended_by: Mapped[str] = mapped_column(String(63))
