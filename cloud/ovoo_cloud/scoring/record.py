"""Keeping what was scored here, for assets whose gateway runs no model."""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from ovoo_contract.address import Address, AssetAddress
from ovoo_contract.catalogue import Catalogue, SignalEntry
from ovoo_contract.errors import Forbidden, StoreRejected
from ovoo_contract.findings import Finding
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import FLAG_BACKFILL, BatchHeader
from ovoo_models.artifact import ModelSet
from sqlalchemy import select
from sqlalchemy.orm import Session

from ovoo_cloud.access import grants
from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import access_lines, audit, findings, signals
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.catalogue.tables import FindingRecord, SignalRecord
from ovoo_cloud.scoring.compare import TOLERANCE, read_series
from ovoo_cloud.scoring.rescore import Rescored
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Columns, Delivery

__all__ = ["SOURCE", "Recorded", "check_free", "findings_of_asset", "record"]

SOURCE: Final = "ovoo-cloud"
"""Stands in the place of the gateway; no gateway can have this name."""
_ROWS: Final = 50_000


@dataclass(frozen=True, slots=True)
class Recorded:
    """Rows written, rows that stood there already, findings written."""

    stored: int
    present: int
    findings: int


def record(services: Services, scope: Scope, found: Rescored, epoch: int, read: Read) -> Recorded:
    """Stores scores and findings; a second time changes nothing. Raises no alarm: this is history.

    epoch: a number no earlier run had. read: how what was read under grants is noted, before anything is kept of it.

    Raises:
        Forbidden: the caller may not, or the asset's scores or findings are a gateway's; nothing is written.
        StoreRejected: other scores stand at the same times, from another model or window; nothing is written.
    """
    scope = scope.under(Permission.RUN_REPORT)
    scope.require_enterprise(found.asset.enterprise, str(found.asset))
    with services.database.read() as session:
        check_free(session, found.asset, found.model_set)
    fresh = _fresh(services, scope, found)
    now_ns = services.clock()
    with services.database.write() as session:
        grants.require_live(session, scope.used, now_ns)
        check_free(session, found.asset, found.model_set)
        entries = _classed(session, scope, found)
        signals.save_derived(session, SOURCE, entries)
        used = frozenset(scope.used)
        access_lines.note_all(session, scope, read, now_ns)
    # the signals first: InfluxDB finds a score by its entry; findings last: they speak of stored scores
    stored = _write(services, found, entries, fresh, epoch, now_ns)
    with services.database.write() as session:
        for finding in found.findings:
            findings.upsert(session, SOURCE, finding, now_ns)
        audit.append(
            session,
            actor=scope.user,
            action="scores.stored",
            subject=str(found.asset),
            at_ns=now_ns,
            enterprise=found.asset.enterprise,
            detail={"model": found.model_set.fingerprint, "rows": stored, "findings": len(found.findings)},
        )
    with services.database.read() as session:  # here: who asked for the run looks only at what is not noted yet
        grants.require_live(session, used, services.clock())
    present = sum(len(found.rows(entry.address)) for entry in found.outputs) - stored
    return Recorded(stored, present, len(found.findings))


def check_free(session: Session, address: AssetAddress, model_set: ModelSet) -> None:
    """Forbidden when a gateway's models have spoken of this asset, be it in another window."""
    asset = str(address)
    derived = select(SignalRecord.gateway).where(
        SignalRecord.asset == asset, SignalRecord.measurement.in_(("score", "energy")), SignalRecord.gateway != SOURCE
    )
    ids = [binding.id for binding in model_set.bindings]
    told = select(FindingRecord.gateway).where(
        FindingRecord.asset == asset, FindingRecord.model.in_(ids), FindingRecord.gateway != SOURCE
    )
    for query, what in ((derived, "scores"), (told, "findings")):
        gateway = session.scalars(query.limit(1)).first()
        if gateway is not None:
            raise Forbidden(
                f"the {what} of this asset are those of a gateway and are never written over",
                offender=asset,
                value=gateway,
                remedy="leave out the storing; comparing is always possible",
            )


def _classed(session: Session, scope: Scope, found: Rescored) -> list[SignalEntry]:
    """The derived signals with the highest class that an input has here, whatever the training said."""
    asset = str(found.asset)
    rows = signals.signals(session, scope, found.asset.enterprise, asset=asset, measurement="telemetry")
    used = {use.name for use in found.model_set.signals}
    ranks = ("general", "important", "core")
    here = [signals.entry_of(row).data_class for row in rows if row.name in used]
    return [
        replace(entry, data_class=max((*here, entry.data_class), key=ranks.index), uplink="raw")
        for entry in found.outputs
    ]


def _fresh(services: Services, scope: Scope, found: Rescored) -> Mapping[Address, Columns]:
    """The rows that do not stand there yet."""
    addresses = [entry.address for entry in found.outputs]
    theirs = read_series(services.store, scope, addresses, found.start_ns, found.end_ns)
    return {address: _missing(address, found.rows(address), theirs[address]) for address in addresses}


def _missing(address: Address, ours: Columns, there: Columns) -> Columns:
    _common, mine, yours = np.intersect1d(ours.time_ns, there.time_ns, assume_unique=True, return_indices=True)
    apart = np.abs(ours.value[mine] - there.value[yours])
    if np.any(~(apart <= TOLERANCE)):
        raise StoreRejected(
            "other scores stand at the same times, of another model or of a window that began elsewhere",
            offender=str(address),
            value=f"greatest difference {float(np.max(apart)):.3g}",
            remedy="score with the model and window of before, or with a longer lead",
        )
    absent = np.ones(len(ours), np.bool_)
    absent[mine] = False
    return Columns(ours.time_ns[absent], ours.value[absent], ours.quality[absent])


def _write(
    services: Services,
    found: Rescored,
    entries: list[SignalEntry],
    fresh: Mapping[Address, Columns],
    epoch: int,
    now_ns: int,
) -> int:
    enterprise = found.asset.enterprise
    services.store.ensure_enterprise(enterprise)
    catalogue = Catalogue(entries)
    seq = stored = 0
    for entry in entries:
        rows = fresh[entry.address]
        for start in range(0, len(rows), _ROWS):
            seq += 1
            batch = _batch(catalogue.index(entry.address), rows, slice(start, start + _ROWS))
            header = BatchHeader(
                catalogue_id=catalogue.id, epoch=epoch, seq=seq, flags=FLAG_BACKFILL, receive_ns=now_ns
            )
            outcome = services.store.write(Delivery(SOURCE, enterprise, header, catalogue, batch))
            if outcome.refused:
                raise StoreRejected("rows were not taken", offender=str(entry.address), value=outcome.detail)
            stored += outcome.stored
    return stored


def _batch(index: int, rows: Columns, part: slice) -> SampleBatch:
    times = array("q", rows.time_ns[part].tobytes())
    return SampleBatch(
        array("I", [index]) * len(times),
        times,
        array("d", rows.value[part].tobytes()),
        array("I", rows.quality[part].tobytes()),
    )


def findings_of_asset(session: Session, scope: Scope, found: Rescored) -> list[Finding]:
    """The stored findings of the asset that touch the window."""
    rows = findings.findings(
        session,
        scope,
        enterprise=found.asset.enterprise,
        asset=str(found.asset),
        start_ns=found.start_ns,
        end_ns=found.end_ns,
        limit=100_000,
    )
    return [findings.finding_of(row) for row in rows]
