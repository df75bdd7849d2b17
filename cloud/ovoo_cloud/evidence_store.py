"""The diagnosis' evidence port over the cloud's own store and catalogue."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ovoo_contract.address import Address
from ovoo_contract.catalogue import SignalEntry
from ovoo_contract.evidence import SampleColumns
from ovoo_contract.findings import Finding

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import findings, gateways, signals
from ovoo_cloud.centre.report_sections import sections_again
from ovoo_cloud.diagnosis.evidence import PlatformFacts
from ovoo_cloud.diagnosis.usage import Usage
from ovoo_cloud.restore_check import KEPT_NS, restored_since
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import concat_columns
from ovoo_cloud.usage_store import usage_of

__all__ = ["StoreEvidence"]

_PAGE = 1000


class StoreEvidence:
    """Evidence of one enterprise as the caller's scope allows; a foreign enterprise is absent (NotFound)."""

    def __init__(self, services: Services, enterprise: str, scope: Scope, sites: Collection[str] | None = None) -> None:
        """`sites` leaves out every other site of the enterprise; None takes all that the scope shows."""
        scope.require_enterprise(enterprise)
        self._sites = sites
        self._services = services
        self._enterprise = enterprise
        self._scope = scope

    def signals(self) -> Sequence[SignalEntry]:
        """The current catalogue entries of all gateways of the enterprise."""
        with self._services.database.read() as session:
            records = signals.signals(session, self._scope, self._enterprise)
            return [signals.entry_of(record) for record in records if self._covers(record.site)]

    def catalogue_ids(self) -> Sequence[str]:
        """The catalogues in force on the enterprise's gateways."""
        with self._services.database.read() as session:
            found = gateways.gateways(session, self._scope, self._enterprise)
            return sorted({each.catalogue_id for each in found if each.catalogue_id})

    def samples(self, address: Address, start_ns: int, end_ns: int) -> SampleColumns:
        """All stored samples of one signal in [start, end), ordered by time."""
        store = self._services.telemetry(self._scope)
        pieces = [columns for _, columns in store.stream([address], start_ns, end_ns)]
        return concat_columns(pieces).to_batch()

    def findings(self, start_ns: int, end_ns: int) -> Sequence[Finding]:
        """All findings that touch [start, end), read page by page."""
        result: list[Finding] = []
        before: tuple[int, str] | None = None
        with self._services.database.read() as session:
            while True:
                page = findings.findings(
                    session,
                    self._scope,
                    enterprise=self._enterprise,
                    start_ns=start_ns,
                    end_ns=end_ns,
                    limit=_PAGE,
                    before=before,
                )
                result.extend(findings.finding_of(record) for record in page if self._covers(record.site))
                if len(page) < _PAGE:
                    return result
                before = (page[-1].start_ns, page[-1].id)

    def _covers(self, site: str) -> bool:
        return self._sites is None or site in self._sites

    def platform(self) -> PlatformFacts:
        """Gateways known, those enrolled with a certificate of their own, that every route checks a role, and whether
        a backup was restored and found whole within a year."""
        with self._services.database.read() as session:
            found = gateways.gateways(session, self._scope, self._enterprise)
            active = [each for each in found if each.status != "revoked"]
            certified = [each for each in active if each.certificate_serial]
            tested = restored_since(session, self._services.clock() - KEPT_NS)
            return PlatformFacts(
                gateways=len(active),
                gateways_tls=len(certified),
                roles_enforced=True,
                backup_restored=True if tested else None,
            )

    def centre_sections(self, snapshot: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the centre added to an issued snapshot, made once more from registers and issued reports."""
        return sections_again(self._services, self._enterprise, snapshot)

    def usage(self, start_ns: int, end_ns: int) -> Usage:
        """Alarms, links, simulations and forecasts as the catalogue has them."""
        with self._services.database.read() as session:
            found = usage_of(session, self._scope, self._enterprise, start_ns, end_ns)
        return replace(found, rates=tuple(each for each in found.rates if self._covers(each.asset.split("/")[1])))
