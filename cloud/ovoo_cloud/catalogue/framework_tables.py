"""The table of a centre's own frameworks; times are nanoseconds UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["FrameworkEdition"]


class FrameworkEdition(Base):
    """One version of a centre's framework: `draft`, then `published`, then `retired`.

    `compiled` is what cases are scored by and `sha256` that of its canonical JSON; `source` is the text that was sent.
    `unfinished` lists what the linter still misses: a draft with entries there cannot be published.
    """

    __tablename__ = "framework_editions"
    framework: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[str] = mapped_column(String(40), primary_key=True)
    method: Mapped[str] = mapped_column(String(16))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    edition: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16))
    sha256: Mapped[str] = mapped_column(String(64))
    vectors: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str] = mapped_column(Text)
    compiled: Mapped[dict[str, Any]]
    unfinished: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    changed_by: Mapped[str] = mapped_column(String(63))
    changed_ns: Mapped[int] = mapped_column(BigInteger)
