"""Who a gateway is and what its catalogues say, cached in front of the database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ovoo_contract.catalogue import Catalogue
from ovoo_contract.errors import CatalogueError

from ovoo_cloud.catalogue import audit, signals
from ovoo_cloud.catalogue.database import Database
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.ingest.messages import Clock

__all__ = ["Binding", "Bindings", "HeldCatalogue", "Refusal"]

_TTL_NS: Final = 5_000_000_000


@dataclass(frozen=True, slots=True)
class Binding:
    """What a gateway may write to."""

    enterprise: str
    sites: frozenset[str]

    def covers(self, enterprise: str, site: str) -> bool:
        """True when the address is inside."""
        return enterprise == self.enterprise and site in self.sites


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a catalogue is not taken."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class HeldCatalogue:
    """A known catalogue; with `refused` set, its deliveries are rejected."""

    catalogue: Catalogue
    refused: Refusal | None


class Bindings:
    """Gateways (looked up again every five seconds) and their catalogues."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._gateways: dict[str, tuple[int, Binding | None]] = {}
        self._catalogues: dict[tuple[str, str], HeldCatalogue] = {}

    def gateway(self, gateway_id: str) -> Binding | None:
        """The binding of a gateway; None when it is unknown or revoked."""
        now_ns = self._clock()
        cached = self._gateways.get(gateway_id)
        if cached is not None and 0 <= now_ns - cached[0] < _TTL_NS:
            return cached[1]
        with self._database.read() as session:
            row = session.get(Gateway, gateway_id)
        binding = None
        if row is not None and row.status != "revoked":
            binding = Binding(row.enterprise, frozenset(row.sites))
        if cached is not None and cached[1] != binding:
            self._catalogues = {key: held for key, held in self._catalogues.items() if key[0] != gateway_id}
        self._gateways[gateway_id] = (now_ns, binding)
        return binding

    def catalogue(self, gateway_id: str, catalogue_id: str) -> HeldCatalogue | None:
        """A catalogue of a gateway, None when it never arrived."""
        key = (gateway_id, catalogue_id)
        held = self._catalogues.get(key)
        if held is None:
            with self._database.read() as session:
                record = signals.catalogue(session, gateway_id, catalogue_id)
            if record is None:
                return None
            catalogue = Catalogue.from_json(record.content)
            held = HeldCatalogue(catalogue, self._foreign(gateway_id, catalogue))
            self._catalogues[key] = held
        return held

    def take_catalogue(self, gateway_id: str, catalogue_id: str, payload: bytes) -> Refusal | None:
        """Stores a published catalogue; gives the reason when it is refused."""
        try:
            catalogue = Catalogue.from_json(payload)
        except CatalogueError as error:
            return Refusal("catalogue", f"{gateway_id}: {error}")
        if catalogue.id != catalogue_id:
            return Refusal("catalogue", f"{gateway_id}: content has id {catalogue.id}, topic says {catalogue_id}")
        known = self._catalogues.get((gateway_id, catalogue_id))
        if known is not None and self._is_current(gateway_id, catalogue_id):
            return known.refused
        refused = self._foreign(gateway_id, catalogue)
        self._save(gateway_id, catalogue, refused)
        self._catalogues[gateway_id, catalogue_id] = HeldCatalogue(catalogue, refused)
        return refused

    def _is_current(self, gateway_id: str, catalogue_id: str) -> bool:
        with self._database.read() as session:
            row = session.get(Gateway, gateway_id)
            return row is not None and row.catalogue_id == catalogue_id

    def _foreign(self, gateway_id: str, catalogue: Catalogue) -> Refusal | None:
        binding = self.gateway(gateway_id)
        for entry in catalogue.entries:
            if binding is None or not binding.covers(entry.address.enterprise, entry.address.site):
                return Refusal("foreign_address", f"{gateway_id}: {entry.address} is not of this gateway")
        return None

    def _save(self, gateway_id: str, catalogue: Catalogue, refused: Refusal | None) -> None:
        now_ns = self._clock()
        with self._database.write() as session:
            row = session.get(Gateway, gateway_id, with_for_update=True)
            if row is None:
                return
            signals.save_catalogue(
                session, row, catalogue, refused=refused.detail[:400] if refused else "", now_ns=now_ns
            )
            if refused is not None:
                audit.append(
                    session,
                    actor=gateway_id,
                    action=f"catalogue.{refused.code}",
                    subject=catalogue.id,
                    at_ns=now_ns,
                    enterprise=row.enterprise,
                    detail={"reason": refused.detail[:400]},
                )
