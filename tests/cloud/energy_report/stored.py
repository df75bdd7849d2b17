"""The dairy in the cloud's catalogue and store."""

from __future__ import annotations

from collections.abc import Sequence

from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import enterprises, gateways, signals
from ovoo_cloud.services import Services
from ovoo_cloud.stores.base import Delivery
from ovoo_contract.catalogue import Catalogue
from ovoo_contract.samples import SampleBatch
from ovoo_contract.wire import BatchHeader

from tests.cloud.energy_report import dairy

SYSTEM = Scope.system()
GATEWAY = "gaolin-gw1"


def fill(services: Services, parts: Sequence[SampleBatch], enterprise: str = dairy.ENTERPRISE) -> None:
    """Registers the dairy and stores its samples, delivery by delivery."""
    catalogue = Catalogue(dairy.entries())
    with services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, enterprise, name_zh="高林乳业", name_en="Gaolin", sector="dairy")
        enterprises.save_site(session, SYSTEM, enterprise, dairy.SITE, name_zh="高林厂", name_en="Gaolin works")
        enterprises.save_site(session, SYSTEM, enterprise, "elsewhere")
        gateway = gateways.register(
            session, SYSTEM, GATEWAY, enterprise=enterprise, sites=[dairy.SITE, "elsewhere"], now_ns=dairy.END
        )
        signals.save_catalogue(session, gateway, catalogue, now_ns=dairy.END)
    services.store.ensure_enterprise(enterprise)
    for seq, batch in enumerate(parts, start=1):
        header = BatchHeader(catalogue_id=catalogue.id, epoch=7, seq=seq, receive_ns=dairy.END, flags=1)
        services.store.write(Delivery(GATEWAY, enterprise, header, catalogue, batch.sorted()))
