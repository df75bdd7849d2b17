"""The relational tables. Times are integer nanoseconds UTC in columns named `*_ns`."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "AlarmRecord",
    "AnsweredRequest",
    "AssetRecord",
    "AuditEntry",
    "Base",
    "Case",
    "CatalogueRecord",
    "Completeness",
    "DesiredRecord",
    "EnergyDay",
    "EnergySetting",
    "EnrolToken",
    "Enterprise",
    "FindingRecord",
    "Gateway",
    "HourReportRecord",
    "Job",
    "LedgerRange",
    "RejectionRecord",
    "Report",
    "Schedule",
    "SignalRecord",
    "Site",
    "Token",
    "TouchedDay",
    "User",
    "VerdictRecord",
]

_PATH = 400


class EpochType(TypeDecorator[int]):
    """An unsigned 64-bit number as 16 hex digits: no database has the type, and hex is what logs show."""

    impl = String(16)
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> str | None:
        """Python to database."""
        return None if value is None else f"{value:016x}"

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        """Database to Python."""
        return None if value is None else int(value, 16)


class Base(DeclarativeBase):
    """The declarative base; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dict[str, Any]: JSON, list[str]: JSON, list[dict[str, str]]: JSON}  # noqa: RUF012  # SQLAlchemy's own protocol


class Enterprise(Base):
    """One plant company: the tenant."""

    __tablename__ = "enterprises"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    sector: Mapped[str] = mapped_column(String(63))


class Site(Base):
    """One place of an enterprise."""

    __tablename__ = "sites"
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    timezone: Mapped[str] = mapped_column(String(63))


class Gateway(Base):
    """One gateway: bound to one enterprise and a list of sites."""

    __tablename__ = "gateways"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), index=True)
    sites: Mapped[list[str]]
    status: Mapped[str] = mapped_column(String(16))
    certificate_serial: Mapped[str | None] = mapped_column(String(64))
    epoch: Mapped[int | None] = mapped_column(EpochType)
    catalogue_id: Mapped[str | None] = mapped_column(String(16))
    last_seen_ns: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[dict[str, Any]]
    reported: Mapped[dict[str, Any]]
    created_ns: Mapped[int] = mapped_column(BigInteger)


class DesiredRecord(Base):
    """What the cloud wants one gateway to run; the version grows with every change."""

    __tablename__ = "desired_configs"
    gateway: Mapped[str] = mapped_column(ForeignKey("gateways.id"), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(16))
    feedback: Mapped[dict[str, Any]]
    promote: Mapped[dict[str, Any]]
    made_ns: Mapped[int] = mapped_column(BigInteger)


class CatalogueRecord(Base):
    """One signal list that a gateway published, whole."""

    __tablename__ = "catalogues"
    gateway: Mapped[str] = mapped_column(ForeignKey("gateways.id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    signals: Mapped[int] = mapped_column(Integer)
    received_ns: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[str] = mapped_column(String(400))


class SignalRecord(Base):
    """One address with the attributes of the newest catalogue that lists it."""

    __tablename__ = "signals"
    address: Mapped[str] = mapped_column(String(_PATH), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH), index=True)
    name: Mapped[str] = mapped_column(String(63))
    gateway: Mapped[str] = mapped_column(String(63), index=True)
    unit: Mapped[str] = mapped_column(String(32))
    type: Mapped[str] = mapped_column(String(8))
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    data_class: Mapped[str] = mapped_column(String(16))
    uplink: Mapped[str] = mapped_column(String(16))
    period_s: Mapped[float] = mapped_column(Float(53))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    measurement: Mapped[str] = mapped_column(String(32))
    field: Mapped[str] = mapped_column(String(32))
    model: Mapped[str] = mapped_column(String(63))
    current: Mapped[bool] = mapped_column(Boolean)
    __table_args__ = (Index(None, "enterprise", "site"),)


class AssetRecord(Base):
    """One machine, derived from the addresses of the signals; its template is recognised by its signals.

    `ideal_rate_per_hour`, decimal text in `product_unit`, is entered by people; both or none of them stand.
    """

    __tablename__ = "assets"
    path: Mapped[str] = mapped_column(String(_PATH), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    pack: Mapped[str] = mapped_column(String(63))
    template: Mapped[str] = mapped_column(String(63))
    name_zh: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    ideal_rate_per_hour: Mapped[str | None] = mapped_column(String(32))
    product_unit: Mapped[str | None] = mapped_column(String(32))
    __table_args__ = (Index(None, "enterprise", "site"),)


class LedgerRange(Base):
    """Spool rows `first..last` of one gateway and epoch that are stored; neighbours are merged."""

    __tablename__ = "ledger"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    epoch: Mapped[int] = mapped_column(EpochType, primary_key=True)
    first: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    last: Mapped[int] = mapped_column(BigInteger)
    rows: Mapped[int] = mapped_column(BigInteger)
    start_ns: Mapped[int | None] = mapped_column(BigInteger)
    end_ns: Mapped[int | None] = mapped_column(BigInteger)
    flags: Mapped[int] = mapped_column(Integer)
    stored_ns: Mapped[int] = mapped_column(BigInteger)


class RejectionRecord(Base):
    """One spool row that the cloud will never take, and why."""

    __tablename__ = "rejections"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    epoch: Mapped[int] = mapped_column(EpochType, primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    code: Mapped[str] = mapped_column(String(63))
    detail: Mapped[str] = mapped_column(Text)
    at_ns: Mapped[int] = mapped_column(BigInteger)


class Completeness(Base):
    """What one gateway delivered in one hour of arrival."""

    __tablename__ = "completeness"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    hour_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    deliveries: Mapped[int] = mapped_column(BigInteger)
    stored: Mapped[int] = mapped_column(BigInteger)
    duplicates: Mapped[int] = mapped_column(BigInteger)
    shifted: Mapped[int] = mapped_column(BigInteger)
    refused: Mapped[int] = mapped_column(BigInteger)
    late: Mapped[int] = mapped_column(BigInteger)


class HourReportRecord(Base):
    """What a gateway says became of the samples of one hour: a part of a catalogue's signals, as the report came."""

    __tablename__ = "hour_reports"
    gateway: Mapped[str] = mapped_column(String(63), primary_key=True)
    hour_ns: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    catalogue_id: Mapped[str] = mapped_column(String(16), primary_key=True)
    first_signal: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    made_ns: Mapped[int] = mapped_column(BigInteger)
    received_ns: Mapped[int] = mapped_column(BigInteger)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class FindingRecord(Base):
    """One finding; its id is the hash of code, asset, start and model, so re-detection updates it."""

    __tablename__ = "findings"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH), index=True)
    gateway: Mapped[str] = mapped_column(String(63))
    code: Mapped[str] = mapped_column(String(63))
    severity: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(63))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    open: Mapped[bool] = mapped_column(Boolean)
    content: Mapped[bytes] = mapped_column(LargeBinary)
    received_ns: Mapped[int] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "enterprise", "start_ns"),)


class VerdictRecord(Base):
    """What a person said of a finding; taken back, not deleted."""

    __tablename__ = "verdicts"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    finding: Mapped[str] = mapped_column(ForeignKey("findings.id"), index=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH), index=True)
    code: Mapped[str] = mapped_column(String(63))
    model: Mapped[str] = mapped_column(String(63))
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    opinion: Mapped[str] = mapped_column(String(16))
    until_ns: Mapped[int] = mapped_column(BigInteger)
    comment: Mapped[str] = mapped_column(Text)
    given_by: Mapped[str] = mapped_column(String(63))
    given_ns: Mapped[int] = mapped_column(BigInteger)
    withdrawn_by: Mapped[str] = mapped_column(String(63))
    withdrawn_ns: Mapped[int | None] = mapped_column(BigInteger)


class AlarmRecord(Base):
    """The life of one alarm: raised, acknowledged by a person, returned to normal."""

    __tablename__ = "alarms"
    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    finding: Mapped[str] = mapped_column(ForeignKey("findings.id"), unique=True)
    enterprise: Mapped[str] = mapped_column(String(63))
    site: Mapped[str] = mapped_column(String(63))
    asset: Mapped[str] = mapped_column(String(_PATH))
    code: Mapped[str] = mapped_column(String(63))
    severity: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(24), index=True)
    raised_ns: Mapped[int] = mapped_column(BigInteger)
    acknowledged_ns: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str] = mapped_column(String(63))
    comment: Mapped[str] = mapped_column(Text)
    returned_ns: Mapped[int | None] = mapped_column(BigInteger)
    __table_args__ = (Index(None, "enterprise", "raised_ns"),)


class User(Base):
    """A person who signs in."""

    __tablename__ = "users"
    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(32))
    enterprises: Mapped[list[str]]
    display_name: Mapped[str] = mapped_column(String(200))
    disabled: Mapped[bool] = mapped_column(Boolean)
    failures: Mapped[int] = mapped_column(Integer)
    locked_until_ns: Mapped[int] = mapped_column(BigInteger)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(63))
    """The user who made the account; empty for one made on the server itself or by its own person."""


class Token(Base):
    """A bearer token or a sign-in session; only the hash of its secret is kept.

    `personal`: it came from a sign-in with the person's password, not from somebody at the server.
    """

    __tablename__ = "tokens"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    user: Mapped[str] = mapped_column(ForeignKey("users.name"), index=True)
    kind: Mapped[str] = mapped_column(String(8))
    label: Mapped[str] = mapped_column(String(200))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger)
    revoked: Mapped[bool] = mapped_column(Boolean)
    personal: Mapped[bool] = mapped_column(Boolean)


class EnrolToken(Base):
    """A one-time right to enrol one gateway."""

    __tablename__ = "enrol_tokens"
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(String(64))
    gateway: Mapped[str] = mapped_column(ForeignKey("gateways.id"), index=True)
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger)
    used_ns: Mapped[int | None] = mapped_column(BigInteger)


class AuditEntry(Base):
    """One line of the append-only record; each hash covers the line and the hash before it."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_ns: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(63))
    action: Mapped[str] = mapped_column(String(63))
    subject: Mapped[str] = mapped_column(String(_PATH))
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    detail: Mapped[dict[str, Any]]
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (UniqueConstraint("previous"),)


class Job(Base):
    """One run of background work."""

    __tablename__ = "jobs"
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    kind: Mapped[str] = mapped_column(String(63))
    enterprise: Mapped[str] = mapped_column(String(63), index=True)
    parameters: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), index=True)
    progress: Mapped[float] = mapped_column(Float(53))
    result: Mapped[dict[str, Any]]
    error: Mapped[str] = mapped_column(Text)
    user: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    started_ns: Mapped[int | None] = mapped_column(BigInteger)
    finished_ns: Mapped[int | None] = mapped_column(BigInteger)


class Schedule(Base):
    """When the scheduler runs which work next."""

    __tablename__ = "schedules"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    kind: Mapped[str] = mapped_column(String(63))
    trigger: Mapped[dict[str, Any]]
    parameters: Mapped[dict[str, Any]]
    next_run_ns: Mapped[int | None] = mapped_column(BigInteger, index=True)


class Case(Base):
    """One diagnosis case: the intake and where it stands."""

    __tablename__ = "cases"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), index=True)
    site: Mapped[str] = mapped_column(String(63))
    title: Mapped[str] = mapped_column(String(200))
    intake: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class Report(Base):
    """One issued report bundle."""

    __tablename__ = "reports"
    id: Mapped[str] = mapped_column(String(63), primary_key=True)
    case: Mapped[str | None] = mapped_column(String(63), index=True)
    enterprise: Mapped[str] = mapped_column(ForeignKey("enterprises.id"), index=True)
    site: Mapped[str] = mapped_column(String(63))
    number: Mapped[str] = mapped_column(String(63))
    revision: Mapped[int] = mapped_column(Integer)
    title: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    folder: Mapped[str] = mapped_column(String(400))
    snapshot_sha256: Mapped[str] = mapped_column(String(64))
    summary: Mapped[dict[str, Any]]
    start_ns: Mapped[int] = mapped_column(BigInteger)
    end_ns: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(63))
    created_ns: Mapped[int] = mapped_column(BigInteger)


class EnergySetting(Base):
    """What a site chose for its energy figures; no cost is shown without a tariff and a price with its document."""

    __tablename__ = "energy_settings"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    tariff: Mapped[str] = mapped_column(String(63))
    flat_price_yuan: Mapped[float | None] = mapped_column(Float(53))
    source: Mapped[str] = mapped_column(String(400))
    updated_by: Mapped[str] = mapped_column(String(63))
    updated_ns: Mapped[int] = mapped_column(BigInteger)


class EnergyDay(Base):
    """The energy of one asset (or of a whole site: empty asset) on one local day, made by the nightly roll-up."""

    __tablename__ = "energy_days"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    asset: Mapped[str] = mapped_column(String(_PATH), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    energy_kwh: Mapped[float | None] = mapped_column(Float(53))
    summary: Mapped[dict[str, Any]]
    computed_ns: Mapped[int] = mapped_column(BigInteger)


class TouchedDay(Base):
    """A past local day that late samples changed: its roll-up is made again."""

    __tablename__ = "touched_days"
    enterprise: Mapped[str] = mapped_column(String(63), primary_key=True)
    site: Mapped[str] = mapped_column(String(63), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)


class AnsweredRequest(Base):
    """A request that came with an Idempotency-Key: first reserved, then with its answer, sealed by `AnswerBook`."""

    __tablename__ = "answered_requests"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_ns: Mapped[int] = mapped_column(BigInteger)
    expires_ns: Mapped[int] = mapped_column(BigInteger, index=True)
