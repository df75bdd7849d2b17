"""Proof that a restored copy is whole: its record, reports and samples against the running installation's."""

from __future__ import annotations

import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from ovoo_contract.address import Address
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import VerifyError
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import audit
from ovoo_cloud.catalogue.tables import AuditEntry, Report, SignalRecord
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns, concat_columns

__all__ = ["ACTION", "KEPT_NS", "RestoreCheck", "check_restore", "restored_since"]

ACTION: Final = "backup.restored"
"""Action of the audit line of a passed test."""
KEPT_NS: Final = 366 * 86_400_000_000_000
"""How long a passed test counts: a year."""
_SIGNALS: Final = 50
_DAY_NS: Final = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class RestoreCheck:
    """What was compared, and what does not fit; `whole` when nothing is missing in the copy."""

    audit_lines: int
    reports: int
    signals: int
    samples: int
    differences: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether everything fits."""
        return not self.differences


def check_restore(live: Services, restored: Services, scope: Scope) -> RestoreCheck:
    """Compares a copy with the installation it was taken from; a passed test becomes a line of the live audit.

    The copy is older: what came after it was taken is not missed. Of every enterprise signals are drawn evenly, and of
    each its last day in the copy.
    """
    lines, differences = _audit(live, restored)
    reports, lost = _reports(live, restored)
    signals, samples, changed = _samples(live, restored)
    found = RestoreCheck(lines, reports, signals, samples, (*differences, *lost, *changed))
    if found.whole:
        with live.database.write() as session:
            audit.append(
                session,
                actor=scope.user,
                action=ACTION,
                subject="installation",
                at_ns=live.clock(),
                detail={"audit_lines": lines, "reports": reports, "signals": signals, "samples": samples},
            )
    return found


def restored_since(session: Session, since_ns: int) -> bool:
    """Whether a restore test has passed since then."""
    query = select(AuditEntry.seq).where(AuditEntry.action == ACTION, AuditEntry.at_ns >= since_ns).limit(1)
    return session.scalars(query).first() is not None


def _audit(live: Services, restored: Services) -> tuple[int, list[str]]:
    """The copy's record is unbroken and a beginning of the live one."""
    with restored.database.read() as session:
        try:
            lines = audit.verify_chain(session)
        except VerifyError as error:
            return 0, [f"audit: {error}"]
        last = session.get(AuditEntry, lines)
    if last is None:
        return 0, ["audit: the copy holds no line"]
    with live.database.read() as session:
        own = session.get(AuditEntry, lines)
    if own is None or own.hash != last.hash:
        return lines, [f"audit: line {lines} is not that of this installation"]
    return lines, []


def _reports(live: Services, restored: Services) -> tuple[int, list[str]]:
    """Every report of the copy is there with its snapshot, and none that is older than the copy is missing."""
    with restored.database.read() as session:
        rows = session.scalars(select(Report).order_by(Report.id)).all()
        newest_ns = session.scalar(select(func.max(AuditEntry.at_ns))) or 0
    with live.database.read() as session:
        known = {row.id: row for row in session.scalars(select(Report))}
    found = [f"report {row.id}: not that of this installation" for row in rows if not _same(known.get(row.id), row)]
    found += [f"report {row.id}: its snapshot is missing or changed" for row in rows if not _readable(restored, row)]
    held = {row.id for row in rows}
    found += [
        f"report {row.id}: missing in the copy"
        for row in known.values()
        if row.id not in held and row.created_ns < newest_ns
    ]
    return len(rows), found


def _same(own: Report | None, copy: Report) -> bool:
    return own is not None and own.snapshot_sha256 == copy.snapshot_sha256


def _readable(restored: Services, row: Report) -> bool:
    """The folder's place below the reports is kept, whatever the root was."""
    path = restored.settings.reports_dir / row.enterprise / pathlib.PurePath(row.folder).name / "snapshot.json"
    return path.is_file() and sha256_hex(path.read_bytes()) == row.snapshot_sha256


def _samples(live: Services, restored: Services) -> tuple[int, int, list[str]]:
    signals = samples = 0
    found: list[str] = []
    for address in _drawn(restored):
        newest = restored.store.latest([address])
        if not newest:
            continue
        start_ns, end_ns = newest[0].time_ns - _DAY_NS, newest[0].time_ns + 1
        copy, own = (_read(each, address, start_ns, end_ns) for each in (restored, live))
        missing = _missing(copy, own)
        signals, samples = signals + 1, samples + len(copy)
        if missing:
            found.append(f"samples {address}: {missing} of {len(copy)} rows of the copy are not in the store")
    if not signals:
        found.append("samples: the copy holds none of the signals drawn")
    return signals, samples, found


def _drawn(services: Services) -> Sequence[Address]:
    """At most `_SIGNALS` telemetry signals of each enterprise, evenly from the list of addresses."""
    with services.database.read() as session:
        rows = session.execute(
            select(SignalRecord.enterprise, SignalRecord.address)
            .where(SignalRecord.current, SignalRecord.measurement == "telemetry")
            .order_by(SignalRecord.address)
        ).all()
    by_enterprise: dict[str, list[str]] = {}
    for enterprise, address in rows:
        by_enterprise.setdefault(enterprise, []).append(address)
    drawn = []
    for listed in by_enterprise.values():
        places = np.unique(np.linspace(0, len(listed) - 1, min(len(listed), _SIGNALS)).astype(np.int64))
        drawn += [Address.parse(listed[place]) for place in places]
    return drawn


def _read(services: Services, address: Address, start_ns: int, end_ns: int) -> Columns:
    return concat_columns([piece for _, piece in services.store.stream([address], start_ns, end_ns)])


def _missing(copy: Columns, own: Columns) -> int:
    """Rows of the copy that the store does not hold with the same value and quality."""
    places = np.searchsorted(own.time_ns, copy.time_ns)
    inside = places < len(own)
    held = np.zeros(len(copy), dtype=np.bool_)
    at = places[inside]
    held[inside] = (
        (own.time_ns[at] == copy.time_ns[inside])
        & (own.value[at].view(np.uint64) == copy.value[inside].view(np.uint64))
        & (own.quality[at] == copy.quality[inside])
    )
    return int(np.count_nonzero(~held))
