"""The mine in the cloud's catalogue and store, with the figures of its gateway."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, gateways, signals
from ovoo_cloud.catalogue.tables import Completeness
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.delivery import GatewayState
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader

from tests.cloud.diagnosis import mine
from tests.cloud.readiness.plant import ENTERPRISE, GATEWAY, HOUR, SITE, START

SYSTEM = Scope.system()
END = mine.case().end_ns


def fill(services: Services, parts: Sequence[SampleBatch]) -> None:
    """Registers the mine and stores its samples, delivery by delivery."""
    catalogue = Catalogue(mine.entries())
    with services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, ENTERPRISE, name_zh="黑山煤业", name_en="Heishan Coal")
        enterprises.save_site(session, SYSTEM, ENTERPRISE, SITE, name_zh="黑山矿", name_en="Heishan mine")
        gateway = gateways.register(session, SYSTEM, GATEWAY, enterprise=ENTERPRISE, sites=[SITE], now_ns=END)
        signals.save_catalogue(session, gateway, catalogue, now_ns=END)
        gateways.note_state(session, GATEWAY, GatewayState(online=True, time_ns=END, offset_ms=20.4), END)
        session.add(
            Completeness(
                gateway=GATEWAY, hour_ns=START + 5 * HOUR, deliveries=10, stored=1000, duplicates=0, shifted=0,
                refused=0, late=1,
            )
        )  # fmt: skip
    services.store.ensure_enterprise(ENTERPRISE)
    for seq, batch in enumerate(parts, start=1):
        header = BatchHeader(catalogue_id=catalogue.id, epoch=7, seq=seq, receive_ns=END, flags=1)
        services.store.write(Delivery(GATEWAY, ENTERPRISE, header, catalogue, batch.sorted()))
