"""The relational side of a group: ledger, refusals, findings, alarms and touched days in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ovoo_contract.delivery import Rejection
from ovoo_contract.ranges import SeqRanges
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from ovoo_cloud.alarms import records as alarms
from ovoo_cloud.catalogue import audit, completeness, findings, hour_sums, ledger
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.ledger import LedgerEntry
from ovoo_cloud.catalogue.tables import Gateway, TouchedDay
from ovoo_cloud.ingest.answers import Answers
from ovoo_cloud.ingest.events import PendingEvent
from ovoo_cloud.ingest.hour_reports import PendingReport
from ovoo_cloud.ingest.sums import PendingSums
from ovoo_cloud.stores.base import Delivery, WriteOutcome

__all__ = ["LATE_NS", "Books", "PendingRow"]

LATE_NS: Final = 300_000_000_000
"""Samples older than this when they arrive are late."""
_Key = tuple[str, int]
PendingRow = PendingEvent | PendingReport | PendingSums
"""A delivery that is one row of the relational database."""


@dataclass(slots=True)
class _Known:
    stored: SeqRanges = field(default_factory=SeqRanges)
    refused: dict[int, Rejection] = field(default_factory=dict)


class Books:
    """Knows which deliveries were settled (cached), and enters new ones."""

    def __init__(self, database: Database, timezone: str) -> None:
        self._database = database
        self._zone = ZoneInfo(timezone)
        self._known: dict[_Key, _Known] = {}

    def known(self, gateway: str, epoch: int) -> tuple[SeqRanges, dict[int, Rejection]]:
        """Stored and refused spool rows of an epoch."""
        known = self._known.get((gateway, epoch))
        if known is None:
            with self._database.read() as session:
                known = _Known(*ledger.known(session, gateway, epoch))
            self._known[gateway, epoch] = known
        return known.stored, known.refused

    def enter(
        self,
        deliveries: Sequence[Delivery],
        outcomes: Sequence[WriteOutcome],
        events: Sequence[PendingRow],
        answers: Answers,
        now_ns: int,
    ) -> None:
        """Commits a group whose samples are stored, then fills `answers`."""
        entries = _entries(deliveries, outcomes, now_ns)
        refused = _refused(deliveries, outcomes)
        for key, item in refused:
            answers.reject(*key, [item])
        new_refusals = {
            key: [item for seq, item in items.items() if seq not in self._known.get(key, _Known()).refused]
            for key, items in answers.rejected.items()
        }
        days = self._late_days(deliveries, now_ns)
        if entries or events or any(new_refusals.values()):
            with self._database.write() as session:
                self._write(session, entries, events, new_refusals, now_ns)
                _touch(session, days)
        self._remember(deliveries, events, answers)

    def _write(
        self,
        session: Session,
        entries: Sequence[LedgerEntry],
        events: Sequence[PendingRow],
        refusals: dict[_Key, list[Rejection]],
        now_ns: int,
    ) -> None:
        for gateway_id in sorted({entry.gateway for entry in entries} | {event.gateway for event in events}):
            row = session.get(Gateway, gateway_id, with_for_update=True)  # one writer per gateway's ledger
            if row is not None:
                row.last_seen_ns = now_ns
                row.epoch = next((entry.epoch for entry in reversed(entries) if entry.gateway == gateway_id), row.epoch)
        for event in events:
            if isinstance(event, PendingReport):
                completeness.record(session, event.gateway, event.report, now_ns)
            elif isinstance(event, PendingSums):
                hour_sums.record(session, event.gateway, event.hour, now_ns)
            else:
                record = findings.upsert(session, event.gateway, event.finding, now_ns)
                alarms.follow(session, record, now_ns)
            ledger.record(session, LedgerEntry(event.gateway, event.epoch, event.seq, event.seq, 0, None, None), now_ns)
        for entry in entries:
            ledger.record(session, entry, now_ns)
        for (gateway, epoch), items in refusals.items():
            self._refuse(session, gateway, epoch, items, now_ns)

    def _refuse(self, session: Session, gateway: str, epoch: int, items: list[Rejection], now_ns: int) -> None:
        if not items:
            return
        ledger.refuse(session, gateway, epoch, items, now_ns)
        row = session.get(Gateway, gateway)
        audit.append(
            session,
            actor=gateway,
            action=f"delivery.{items[0].code}",
            subject=gateway,
            at_ns=now_ns,
            enterprise="" if row is None else row.enterprise,
            detail={"epoch": f"{epoch:016x}", "seqs": SeqRanges.of(i.seq for i in items).to_list()[:20]},
        )

    def _remember(self, deliveries: Sequence[Delivery], events: Sequence[PendingRow], answers: Answers) -> None:
        settled: dict[_Key, list[tuple[int, int]]] = {}
        for delivery in deliveries:
            settled.setdefault((delivery.gateway, delivery.header.epoch), []).append((delivery.first, delivery.last))
        for event in events:
            settled.setdefault((event.gateway, event.epoch), []).append((event.seq, event.seq))
        for key, items in answers.rejected.items():
            self._known.setdefault(key, _Known()).refused.update(items)
        for key, pairs in settled.items():
            seqs = SeqRanges(pairs).difference(SeqRanges.of(answers.rejected.get(key, {})))
            known = self._known.setdefault(key, _Known())
            known.stored = known.stored.union(seqs)
            if seqs:
                answers.accept(*key, seqs)

    def _late_days(self, deliveries: Sequence[Delivery], now_ns: int) -> set[tuple[str, str]]:
        """(gateway, local day) of late samples."""
        today = datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).astimezone(self._zone).date()
        days: set[tuple[str, str]] = set()
        for delivery in deliveries:
            times = delivery.batch.time_ns
            if not len(times) or max(times) > now_ns - LATE_NS:
                continue
            day = self._day(min(times))
            while day <= min(self._day(max(times)), today):
                days.add((delivery.gateway, day.isoformat()))
                day += timedelta(days=1)
        return days

    def _day(self, time_ns: int) -> date:
        return datetime.fromtimestamp(time_ns // 1_000_000_000, UTC).astimezone(self._zone).date()


def _entries(deliveries: Sequence[Delivery], outcomes: Sequence[WriteOutcome], now_ns: int) -> list[LedgerEntry]:
    """Ledger entries of what was stored; neighbours of one gateway and epoch become one."""
    found: list[LedgerEntry] = []
    for delivery, outcome in zip(deliveries, outcomes, strict=True):
        if _all_refused(outcome):
            continue
        entry = _entry(delivery, outcome, now_ns)
        last = found[-1] if found else None
        if last is not None and (last.gateway, last.epoch, last.last + 1) == (entry.gateway, entry.epoch, entry.first):
            found[-1] = _joined(last, entry)
        else:
            found.append(entry)
    return found


def _entry(delivery: Delivery, outcome: WriteOutcome, now_ns: int) -> LedgerEntry:
    times = delivery.batch.time_ns
    first_ns, last_ns = (min(times), max(times)) if len(times) else (None, None)
    late = last_ns is not None and last_ns < now_ns - LATE_NS
    return LedgerEntry(
        delivery.gateway,
        delivery.header.epoch,
        delivery.first,
        delivery.last,
        outcome.stored,
        first_ns,
        last_ns,
        delivery.header.flags,
        late=outcome.stored if late else 0,
        duplicates=outcome.duplicates,
        shifted=outcome.shifted,
        refused=outcome.refused,
    )


def _joined(a: LedgerEntry, b: LedgerEntry) -> LedgerEntry:
    starts = [time for time in (a.start_ns, b.start_ns) if time is not None]
    ends = [time for time in (a.end_ns, b.end_ns) if time is not None]
    return replace(
        a,
        last=b.last,
        rows=a.rows + b.rows,
        start_ns=min(starts, default=None),
        end_ns=max(ends, default=None),
        flags=a.flags | b.flags,
        deliveries=a.deliveries + b.deliveries,
        late=a.late + b.late,
        duplicates=a.duplicates + b.duplicates,
        shifted=a.shifted + b.shifted,
        refused=a.refused + b.refused,
    )


def _all_refused(outcome: WriteOutcome) -> bool:
    return outcome.refused > 0 and outcome.stored == 0 and outcome.duplicates == 0


def _refused(deliveries: Sequence[Delivery], outcomes: Sequence[WriteOutcome]) -> list[tuple[_Key, Rejection]]:
    """Deliveries of which the store took nothing: they go to the gateway's quarantine."""
    return [
        ((delivery.gateway, delivery.header.epoch), Rejection(seq, "store_rejected", outcome.detail[:400]))
        for delivery, outcome in zip(deliveries, outcomes, strict=True)
        if _all_refused(outcome)
        for seq in range(delivery.first, delivery.last + 1)
    ]


def _touch(session: Session, days: set[tuple[str, str]]) -> None:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    for gateway_id, day in sorted(days):
        gateway = session.get(Gateway, gateway_id)
        if gateway is None:
            continue
        for site in gateway.sites:
            # another process may mark the same day for another gateway of this site
            row = insert(TouchedDay).values(enterprise=gateway.enterprise, site=site, day=day)
            session.execute(row.on_conflict_do_nothing())
