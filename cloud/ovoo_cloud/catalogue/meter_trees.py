"""The meter tree of a site, version by version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ovoo_contract.errors import ConfigError, ConfigErrors, UnitError
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit, enterprises, signals
from ovoo_cloud.catalogue.energy_tables import MeterTreeRecord
from ovoo_cloud.catalogue.tables import SignalRecord, Site
from ovoo_cloud.energy.amounts import amount_rule
from ovoo_cloud.energy.meter_rows import SiteMeter, meters_of

__all__ = ["current_tree", "meters_in", "save_tree", "versions"]

_LONGEST: Final = 400


def current_tree(session: Session, scope: Scope, enterprise: str, site: str) -> MeterTreeRecord | None:
    """The newest version; None where nobody gave a tree."""
    found = versions(session, scope, enterprise, site)
    return found[0] if found else None


def versions(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[MeterTreeRecord]:
    """All versions, the newest first."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    query = select(MeterTreeRecord).where(MeterTreeRecord.enterprise == enterprise, MeterTreeRecord.site == site)
    return session.scalars(query.order_by(MeterTreeRecord.version.desc())).all()


def meters_in(record: MeterTreeRecord) -> tuple[SiteMeter, ...]:
    """The meters of a version."""
    return meters_of(record.content["meters"])


def save_tree(
    session: Session, scope: Scope, enterprise: str, site: str, rows: object, *, source: str, now_ns: int
) -> MeterTreeRecord:
    """Keeps a new version of the tree, in the caller's name.

    Args:
        rows: the meters as JSON rows.
        source: the document that the tree was read from.

    Raises:
        ConfigErrors: a row that cannot be, a signal that the site does not have or that counts nothing of its carrier.
    """
    scope = scope.under(Permission.SET_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    if not source.strip() or len(source) > _LONGEST:
        fault = ConfigError(
            "a tree needs its document",
            code="meters.tree_needs_its_document",
            offender="document",
            value=source[:80],
            remedy="name it",
        )
        raise ConfigErrors([fault])
    meters = meters_of(rows)
    _check_signals(session, scope, enterprise, site, meters)
    session.get(Site, (enterprise, site), with_for_update=True)  # two editors: one version after the other
    before = current_tree(session, scope, enterprise, site)
    record = MeterTreeRecord(
        enterprise=enterprise,
        site=site,
        version=before.version + 1 if before else 1,
        content={"meters": [each.to_dict() for each in meters]},
        source=source.strip(),
        given_by=scope.user,
        given_ns=now_ns,
    )
    session.add(record)
    session.flush()
    audit.append(
        session,
        actor=scope.user,
        action="energy.meter_tree",
        subject=f"{enterprise}/{site}",
        at_ns=now_ns,
        enterprise=enterprise,
        detail={"version": record.version, "meters": len(meters), "source": record.source},
    )
    return record


def _check_signals(session: Session, scope: Scope, enterprise: str, site: str, meters: Sequence[SiteMeter]) -> None:
    known = {row.address: row for row in signals.signals(session, scope, enterprise, site=site)}
    faults = []
    for number, each in enumerate(meters, 1):
        if each.measured:
            row = known.get(f"{enterprise}/{site}/{each.signal}")
            faults.extend(_signal_faults(each, row, f"row {number} ({each.name})"))
    if faults:
        raise ConfigErrors(faults)


def _signal_faults(meter: SiteMeter, row: SignalRecord | None, offender: str) -> list[ConfigError]:
    if row is None:
        remedy = "a signal of this site, as area/line/asset/signal"
        return [
            ConfigError(
                "the site has no such signal",
                code="meters.site_has_no_such_signal",
                offender=offender,
                value=meter.signal,
                remedy=remedy,
            )
        ]
    try:
        amount_rule(row, meter.carrier)
    except UnitError as error:
        return [
            ConfigError(
                error.message, code=error.code, slots=error.slots, offender=offender, value=row.unit,
                remedy=error.remedy,
            )
        ]  # fmt: skip
    return []
