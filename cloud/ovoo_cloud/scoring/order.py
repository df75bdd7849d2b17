"""What the verb and the job do: check the order against the catalogue, score, compare, store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ovoo_contract.address import AssetAddress
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.errors import AddressError, ConfigError
from ovoo_models.artifact import ModelSet

from ovoo_cloud.access.roles import Permission
from ovoo_cloud.access.scope import Scope, absent
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.access_lines import Read
from ovoo_cloud.scoring.compare import Comparison, compare
from ovoo_cloud.scoring.record import Recorded, check_free, findings_of_asset, record
from ovoo_cloud.scoring.rescore import Manner, Rescored, rescore
from ovoo_cloud.services import Services

__all__ = ["Answer", "Order", "fulfil"]


@dataclass(frozen=True, slots=True)
class Order:
    """Score an asset (full path) over [start, end); compare with what is stored, store where no gateway scores."""

    asset: str
    model_set: ModelSet
    start_ns: int
    end_ns: int
    manner: Manner = field(default_factory=Manner)
    compare: bool = False
    store: bool = False

    @property
    def read(self) -> Read:
        """As what the enterprise finds it listed; the samples of the lead are read too."""
        start_ns, site = max(self.start_ns - self.manner.lead_ns, 0), self.asset.split("/")[1:2]
        return Read("job rescore", "".join(site), self.asset, start_ns, self.end_ns)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out. absent: signals of the model that the asset has not. thinned: those sent only in part."""

    found: Rescored
    absent: tuple[str, ...]
    thinned: tuple[str, ...]
    comparison: Comparison | None
    recorded: Recorded | None

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        found = self.found
        return {
            "asset": str(found.asset),
            "model": found.model_set.fingerprint,
            "start_ns": str(found.start_ns),
            "end_ns": str(found.end_ns),
            "samples": found.samples,
            "late": found.late,
            "absent_signals": list(self.absent),
            "thinned_signals": list(self.thinned),
            "scores": [_summary(entry, found) for entry in found.outputs],
            "findings": [finding.to_dict() for finding in found.findings],
            "comparison": None if self.comparison is None else self.comparison.to_dict(),
            "stored": None
            if self.recorded is None
            else {
                "rows": self.recorded.stored,
                "present": self.recorded.present,
                "findings": self.recorded.findings,
            },
        }


def fulfil(
    services: Services, scope: Scope, order: Order, epoch: int, progress: Callable[[float], None] = lambda share: None
) -> Answer:
    """Does what is ordered; `epoch` as in `record`.

    Raises:
        NotFound: no such asset, or a foreign one. ConfigError: the model does not fit it. See `rescore` and `record`.
    """
    scope = scope.under(Permission.READ_TELEMETRY)
    try:
        asset = AssetAddress.parse(order.asset)
    except AddressError as error:
        raise absent(order.asset) from error
    with services.database.read() as session:
        signals.asset(session, scope, order.asset)
        rows = signals.signals(
            session, scope, asset.enterprise, asset=order.asset, measurement="telemetry", current_only=False
        )
        entries = {row.name: signals.entry_of(row) for row in rows}
        if order.store:  # told before hours of samples are read
            scope = scope.under(Permission.RUN_REPORT)
            check_free(session, asset, order.model_set)
    _check_fit(order, asset, entries)
    found = rescore(services.store, scope, order.model_set, asset, order.start_ns, order.end_ns, order.manner, progress)
    names = [use.name for use in order.model_set.signals]
    missing = tuple(name for name in names if name not in entries)
    thinned = tuple(name for name in names if name in entries and entries[name].uplink != "raw")
    comparison = _comparison(services, scope, found, thinned) if order.compare else None
    recorded = record(services, scope, found, epoch, order.read) if order.store else None
    return Answer(found, missing, thinned, comparison, recorded)


def _comparison(services: Services, scope: Scope, found: Rescored, thinned: Sequence[str]) -> Comparison:
    with services.database.read() as session:
        stored = findings_of_asset(session, scope, found)
    return compare(services.store, scope, found, stored, bool(thinned))


def _check_fit(order: Order, asset: AssetAddress, entries: dict[str, SignalEntry]) -> None:
    """As a gateway checks a model when it starts."""
    uses = order.model_set.signals
    if not any(use.name in entries for use in uses):
        raise ConfigError(
            "the asset has none of the model's signals",
            offender=order.asset,
            value=", ".join(use.name for use in uses),
            remedy="give the model of this asset",
        )
    for use in uses:
        entry = entries.get(use.name)
        if entry is not None and entry.unit != use.unit:
            raise ConfigError(
                f"the model reads {use.name} in {use.unit}",
                offender=str(asset.signal(use.name)),
                value=entry.unit,
                remedy="train the model on the unit of the catalogue",
            )


def _summary(entry: SignalEntry, found: Rescored) -> dict[str, Any]:
    rows = found.rows(entry.address)
    return {
        "signal": entry.address.signal,
        "binding": entry.model,
        "field": entry.field,
        "rows": len(rows),
        "least": float(rows.value.min()) if len(rows) else None,
        "greatest": float(rows.value.max()) if len(rows) else None,
    }
