"""Tables of baselines, savings, non-routine events and intensities; times are nanoseconds UTC."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ovoo_cloud.catalogue.tables import Base

__all__ = ["EnergyBaseline", "EnergyEvent", "EnergyFit", "EnergyIntensity", "EnergySaving"]

_ID = 40
_PATH = 400


class EnergyBaseline(Base):
    """A named baseline of a site (empty asset) or machine; `spec` is how it is made (`BaselineSpec`)."""

    __tablename__ = "energy_baselines"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    site: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH))
    name: Mapped[str] = mapped_column(String(200))
    spec: Mapped[dict[str, Any]]
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)


class EnergyFit(Base):
    """A baseline as fitted once: `draft`, `challenger` of the night, the signed `champion`, or a `former` one.

    `outcome` holds settings, screening, coefficients and fitness, or why it was refused.
    """

    __tablename__ = "energy_fits"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    baseline: Mapped[str] = mapped_column(ForeignKey("energy_baselines.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    outcome: Mapped[dict[str, Any]]
    made_by: Mapped[str] = mapped_column(String(63))
    made_ns: Mapped[int] = mapped_column(BigInteger)
    signed_by: Mapped[str] = mapped_column(String(63))
    signed_ns: Mapped[int | None] = mapped_column(BigInteger)
    document: Mapped[str] = mapped_column(Text)


class EnergySaving(Base):
    """A saving with its record; `adjusted` is that without accepted non-routine events, `note` why there is none."""

    __tablename__ = "energy_savings"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    baseline: Mapped[str] = mapped_column(ForeignKey("energy_baselines.id"), index=True)
    fit: Mapped[str] = mapped_column(ForeignKey("energy_fits.id"))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    nightly: Mapped[bool] = mapped_column(Boolean)
    record: Mapped[dict[str, Any]]
    course: Mapped[dict[str, Any]]
    adjusted: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(String(63))
    made_ns: Mapped[int] = mapped_column(BigInteger)


class EnergyEvent(Base):
    """A non-routine event: `proposed` from residuals, then `accepted` or `rejected` by a person with a reason."""

    __tablename__ = "energy_events"
    baseline: Mapped[str] = mapped_column(ForeignKey("energy_baselines.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    size: Mapped[float] = mapped_column(Float(53))
    energy: Mapped[float] = mapped_column(Float(53))
    statistic: Mapped[float] = mapped_column(Float(53))
    state: Mapped[str] = mapped_column(String(16))
    found_by: Mapped[str] = mapped_column(String(63))
    found_ns: Mapped[int] = mapped_column(BigInteger)
    decided_by: Mapped[str] = mapped_column(String(63))
    decided_ns: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)


class EnergyIntensity(Base):
    """A specific consumption of a site by month against a norm; `spec` names signals, norm and corrections.

    `results` are the months as last computed, at `computed_ns`.
    """

    __tablename__ = "energy_intensities"
    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    site: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    spec: Mapped[dict[str, Any]]
    results: Mapped[dict[str, Any]]
    computed_ns: Mapped[int] = mapped_column(BigInteger)
    updated_by: Mapped[str] = mapped_column(String(63))
    updated_ns: Mapped[int] = mapped_column(BigInteger)
