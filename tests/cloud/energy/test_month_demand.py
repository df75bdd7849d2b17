from __future__ import annotations

import datetime

import pytest
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.energy.demand_gauge import month_demand
from ovoo_cloud.services import Services
from ovoo_contract.address import Address
from ovoo_contract.catalogue import Catalogue, SignalEntry

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, SITE, ZONE
from tests.cloud.conftest import Clock

SYSTEM = Scope.system()
METER = f"{ENTERPRISE}/{SITE}/utilities/power/meter1"
MINUTE = 60 * 10**9
START = int(datetime.datetime(2026, 2, 1, tzinfo=ZONE).timestamp()) * 10**9


def test_a_quarter_hour_of_minutes_counts_for_the_month_and_one_with_a_hole_does_not(
    services: Services, clock: Clock
) -> None:
    listed = Catalogue([SignalEntry(Address.parse(f"{METER}/power"), "kW", period_s=1.0)])  # kept by the minute
    minutes = [minute for minute in range(60) if not 20 <= minute < 24]
    with services.database.write() as session:
        gateway = session.get(Gateway, GATEWAY)
        assert gateway is not None
        signals.save_catalogue(session, gateway, listed, now_ns=START)
        asset = signals.asset(session, SYSTEM, METER)
        asset.template = "site_meter"
    rows: list[tuple[int, int, float | None, int]] = [(0, START + n * MINUTE, 100.0 + n, 0) for n in minutes]
    services.store.write(builders.delivery(builders.batch(rows), signals=listed))
    clock.now_ns = START + 3600 * 10**9

    found = month_demand(services, SYSTEM, ENTERPRISE, SITE)

    assert (found.windows, found.unknown) == (3, 1)
    assert found.peak_kw == pytest.approx(152.0)
    assert found.peak_start_ns == START + 45 * MINUTE
