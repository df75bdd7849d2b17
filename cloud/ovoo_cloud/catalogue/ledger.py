"""The delivery ledger: which spool rows of a gateway are stored, which are missing, which were refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from ovoo_contract.delivery import Rejection
from ovoo_contract.ranges import SeqRanges
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import gateways
from ovoo_cloud.catalogue.tables import Completeness, LedgerRange, RejectionRecord

__all__ = ["Gap", "LedgerEntry", "completeness", "gaps", "known", "ranges", "record", "refuse", "rejections"]

_HOUR_NS: Final = 3_600_000_000_000


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What consecutive deliveries brought: spool rows `first..last` and what became of their samples.

    `start_ns`, `end_ns` are the first and last sample's time, None without samples.
    """

    gateway: str
    epoch: int
    first: int
    last: int
    rows: int
    start_ns: int | None
    end_ns: int | None
    flags: int = 0
    deliveries: int = 1
    late: int = 0
    duplicates: int = 0
    shifted: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """Spool rows that never arrived although later ones did."""

    gateway: str
    epoch: int
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many."""
        return self.last - self.first + 1


def record(session: Session, entry: LedgerEntry, now_ns: int) -> bool:
    """Adds a delivery, merging neighbours; returns False and counts nothing when all of it was there already."""
    near = session.scalars(
        select(LedgerRange)
        .where(
            LedgerRange.gateway == entry.gateway,
            LedgerRange.epoch == entry.epoch,
            LedgerRange.first <= entry.last + 1,
            LedgerRange.last >= entry.first - 1,
        )
        .order_by(LedgerRange.first)
    ).all()
    held = SeqRanges((row.first, row.last) for row in near)
    if not SeqRanges([(entry.first, entry.last)]).difference(held):
        return False
    _merge(session, entry, near, now_ns)
    _count(session, entry, now_ns)
    return True


def _merge(session: Session, entry: LedgerEntry, near: Sequence[LedgerRange], now_ns: int) -> None:
    starts = [row.start_ns for row in near if row.start_ns is not None]
    ends = [row.end_ns for row in near if row.end_ns is not None]
    starts += [] if entry.start_ns is None else [entry.start_ns]
    ends += [] if entry.end_ns is None else [entry.end_ns]
    flags = entry.flags
    for row in near:
        flags |= row.flags
    first = min([entry.first, *(row.first for row in near)])
    kept = next((row for row in near if row.first == first), None)
    values = {
        "last": max([entry.last, *(row.last for row in near)]),
        "rows": entry.rows + sum(row.rows for row in near),
        "start_ns": min(starts, default=None),
        "end_ns": max(ends, default=None),
        "flags": flags,
        "stored_ns": now_ns,
    }
    for row in near:
        if row is not kept:
            session.delete(row)
    if kept is None:
        kept = LedgerRange(gateway=entry.gateway, epoch=entry.epoch, first=first)
        session.add(kept)
    for name, value in values.items():
        setattr(kept, name, value)
    session.flush()


def _count(session: Session, entry: LedgerEntry, now_ns: int) -> None:
    hour = now_ns - now_ns % _HOUR_NS
    counter = session.get(Completeness, (entry.gateway, hour), with_for_update=True)
    if counter is None:
        counter = Completeness(
            gateway=entry.gateway, hour_ns=hour, deliveries=0, stored=0, duplicates=0, shifted=0, refused=0, late=0
        )
        session.add(counter)
    counter.deliveries += entry.deliveries
    counter.stored += entry.rows
    counter.duplicates += entry.duplicates
    counter.shifted += entry.shifted
    counter.refused += entry.refused
    counter.late += entry.late
    session.flush()


def refuse(session: Session, gateway: str, epoch: int, refused: Iterable[Rejection], now_ns: int) -> None:
    """Remembers refused spool rows, so that a repeated delivery gets the same answer."""
    for item in refused:
        if session.get(RejectionRecord, (gateway, epoch, item.seq)) is None:
            session.add(
                RejectionRecord(
                    gateway=gateway, epoch=epoch, seq=item.seq, code=item.code, detail=item.detail, at_ns=now_ns
                )
            )
    session.flush()


def known(session: Session, gateway: str, epoch: int) -> tuple[SeqRanges, dict[int, Rejection]]:
    """Stored spool rows of an epoch, and the refused ones; ingest only."""
    rows = session.execute(
        select(LedgerRange.first, LedgerRange.last).where(LedgerRange.gateway == gateway, LedgerRange.epoch == epoch)
    )
    refused = session.scalars(
        select(RejectionRecord).where(RejectionRecord.gateway == gateway, RejectionRecord.epoch == epoch)
    )
    stored = SeqRanges((first, last) for first, last in rows)
    return stored, {item.seq: Rejection(item.seq, item.code, item.detail) for item in refused}


def ranges(session: Session, scope: Scope, gateway_id: str) -> Sequence[LedgerRange]:
    """The ledger of one gateway."""
    gateways.told_gateway(session, scope, gateway_id)
    query = select(LedgerRange).where(LedgerRange.gateway == gateway_id)
    return session.scalars(query.order_by(LedgerRange.epoch, LedgerRange.first)).all()


def rejections(session: Session, scope: Scope, gateway_id: str, limit: int = 100) -> Sequence[RejectionRecord]:
    """The newest refused spool rows of one gateway."""
    gateways.told_gateway(session, scope, gateway_id)
    query = select(RejectionRecord).where(RejectionRecord.gateway == gateway_id)
    return session.scalars(query.order_by(RejectionRecord.at_ns.desc(), RejectionRecord.seq).limit(limit)).all()


def gaps(session: Session, scope: Scope, gateway_id: str) -> list[Gap]:
    """Missing spool rows of every epoch: from 1 to the greatest seen, less what is stored or refused."""
    gateways.told_gateway(session, scope, gateway_id)
    seen: dict[int, list[tuple[int, int]]] = {}
    for row in session.scalars(select(LedgerRange).where(LedgerRange.gateway == gateway_id)):
        seen.setdefault(row.epoch, []).append((row.first, row.last))
    for item in session.scalars(select(RejectionRecord).where(RejectionRecord.gateway == gateway_id)):
        seen.setdefault(item.epoch, []).append((item.seq, item.seq))
    found = []
    for epoch, pairs in sorted(seen.items()):
        missing = SeqRanges([(0, 0), *pairs]).missing()  # spool rows count from 1
        found += [Gap(gateway_id, epoch, first, last) for first, last in missing.to_list()]
    return found


def completeness(session: Session, scope: Scope, gateway_id: str, start_ns: int, end_ns: int) -> Sequence[Completeness]:
    """Hourly counters of one gateway."""
    gateways.told_gateway(session, scope, gateway_id)
    query = select(Completeness).where(
        Completeness.gateway == gateway_id, Completeness.hour_ns >= start_ns, Completeness.hour_ns < end_ns
    )
    return session.scalars(query.order_by(Completeness.hour_ns)).all()
