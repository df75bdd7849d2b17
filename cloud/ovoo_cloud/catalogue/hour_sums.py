"""Hours of machines as sums: kept as they came, replaced by what a gateway says later, read by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ovoo_contract.canonical import sha256_hex
from ovoo_contract.hour_sums import HourSums
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import audit, enterprises, signals
from ovoo_cloud.catalogue.sums_tables import HourSumsRecord

__all__ = ["MachineSpan", "Outcome", "hours", "machines", "record"]

Outcome = Literal["new", "same", "replaced", "older", "fewer"]


@dataclass(frozen=True, slots=True)
class MachineSpan:
    """What is held of one machine: the start of the first and last hour, and how many hours there are."""

    asset: str
    first_ns: int
    last_ns: int
    hours: int


def record(session: Session, gateway: str, hour: HourSums, now_ns: int) -> Outcome:
    """Keeps an hour of a gateway.

    What was made later replaces what is held under the same key, unless it covers fewer minutes: a gateway that lost
    its disk begins anew in the middle of an hour, and must not take back what it had told. Both are in the audit.
    """
    content = hour.to_bytes()
    digest = sha256_hex(content)
    key = (gateway, str(hour.asset), hour.model, hour.layout.key, hour.start_ns)
    row = session.get(HourSumsRecord, key, with_for_update=True)
    if row is None:
        row = HourSumsRecord(
            gateway=gateway, asset=key[1], model=hour.model, layout=key[3], hour_ns=hour.start_ns,
            enterprise=hour.asset.enterprise, site=hour.asset.site, version=0,
        )  # fmt: skip
        session.add(row)
        outcome: Outcome = "new"
    else:
        outcome = _outcome(row, hour, digest)
        if outcome in ("replaced", "fewer"):
            _audit(session, row, hour, digest, outcome, now_ns)
    if outcome in ("new", "replaced"):
        row.version += 1
        row.made_ns, row.received_ns, row.content, row.sha256 = hour.made_ns, now_ns, content, digest
        row.minutes, row.rows = hour.measured, sum(hour.rows)
    session.flush()
    return outcome


def _outcome(row: HourSumsRecord, hour: HourSums, digest: str) -> Outcome:
    if row.sha256 == digest:
        return "same"
    if row.made_ns >= hour.made_ns:
        return "older"
    return "fewer" if hour.measured < row.minutes else "replaced"


def _audit(session: Session, row: HourSumsRecord, hour: HourSums, digest: str, outcome: Outcome, now_ns: int) -> None:
    audit.append(
        session,
        actor=row.gateway,
        action="sums.replaced" if outcome == "replaced" else "sums.kept",
        subject=row.asset,
        at_ns=now_ns,
        enterprise=row.enterprise,
        detail={
            "hour_ns": str(row.hour_ns),
            "version": row.version,
            "held": {"sha256": row.sha256, "minutes": row.minutes, "rows": row.rows},
            "told": {"sha256": digest, "minutes": hour.measured, "rows": sum(hour.rows)},
        },
    )


def machines(session: Session, scope: Scope, enterprise: str, site: str) -> Sequence[MachineSpan]:
    """The machines of a site of which hours are held, by address."""
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    held = HourSumsRecord
    query = (
        select(held.asset, func.min(held.hour_ns), func.max(held.hour_ns), func.count(held.hour_ns.distinct()))
        .where(held.enterprise == enterprise, held.site == site)
        .group_by(held.asset)
        .order_by(held.asset)
    )
    return [MachineSpan(*row) for row in session.execute(query)]


def hours(
    session: Session, scope: Scope, enterprise: str, site: str, asset: str, start_ns: int, end_ns: int
) -> Sequence[HourSumsRecord]:
    """The hours of a machine that start in [start_ns, end_ns), by hour, gateway, model and layout.

    Args:
        session: of the catalogue database.
        scope: of the caller.
        enterprise, site: NotFound when absent or foreign.
        asset: full path; NotFound when it is not of the site.
        start_ns, end_ns: UTC.
    """
    scope = scope.under(Permission.READ_ENERGY)
    enterprises.site(session, scope, enterprise, site)
    found = signals.asset(session, scope, asset)
    if (found.enterprise, found.site) != (enterprise, site):
        raise absent(asset)
    held = HourSumsRecord
    query = (
        select(held)
        .where(held.asset == asset, held.hour_ns >= start_ns, held.hour_ns < end_ns)
        .order_by(held.hour_ns, held.gateway, held.model, held.layout)
    )
    return session.scalars(query).all()
