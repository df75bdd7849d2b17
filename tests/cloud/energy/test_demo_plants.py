"""The demo's meter trees on its simulated plants: they fit the catalogue, and the rest is what has no meter."""

from __future__ import annotations

import itertools

import pytest
from ovoo_cloud.catalogue import enterprises, gateways, meter_trees, signals
from ovoo_cloud.catalogue.tables import Gateway
from ovoo_cloud.energy.idle_ranking import site_idle
from ovoo_cloud.energy.measure_list import site_measures
from ovoo_cloud.energy.meter_balance import site_balance
from ovoo_cloud.services import Services
from ovoo_simulator.plants import create_plant

from scripts.demo.meter_tree import rows
from scripts.demo.place import PLANTS, DemoPlant
from tests.cloud import builders
from tests.cloud.builders import S
from tests.cloud.energy.meters import DAY, MINUTE, SYSTEM

T0 = 1_780_624_800 * S  # within the simulated plants' time
STEPS = 2 * 1440 + 1


def fill(services: Services, demo: DemoPlant) -> None:
    """Two normal days of a plant at one-minute step, power, running and counters only."""
    plant = create_plant(demo.pack)
    with services.database.write() as session:
        enterprises.save_enterprise(session, SYSTEM, demo.enterprise, name_zh=demo.name_zh, sector=demo.pack)
        enterprises.save_site(session, SYSTEM, demo.enterprise, demo.site)
        known = session.get(Gateway, demo.gateway) or gateways.register(
            session, SYSTEM, demo.gateway, enterprise=demo.enterprise, sites=[demo.site], now_ns=T0
        )
        signals.save_catalogue(session, known, plant.catalogue, now_ns=T0)
    services.store.ensure_enterprise(demo.enterprise)
    read = plant.simulate(T0, MINUTE, STEPS)
    for index, entry in enumerate(plant.entries):
        if entry.address.signal not in ("power", "running", "energy"):
            continue
        columns = zip(read.value[index].tolist(), read.quality[index].tolist(), strict=True)
        batch = builders.batch([(index, T0 + n * MINUTE, value, int(bits)) for n, (value, bits) in enumerate(columns)])
        services.store.write(
            builders.delivery(
                batch, index + 1, signals=plant.catalogue, gateway=demo.gateway, enterprise=demo.enterprise
            )
        )


@pytest.mark.parametrize("demo", PLANTS, ids=lambda demo: demo.site)
def test_a_demo_plant_has_a_balance_a_ranking_and_measures(services: Services, demo: DemoPlant) -> None:
    fill(services, demo)
    with services.database.write() as session:
        meter_trees.save_tree(session, SYSTEM, demo.enterprise, demo.site, rows(demo), source="图（虚构）", now_ns=T0)
    place = (demo.enterprise, demo.site, T0, T0 + 2 * DAY)

    found = site_balance(services, SYSTEM, *place)
    idle = site_idle(services, SYSTEM, *place)
    measures = site_measures(services, SYSTEM, *place)

    assert found is not None
    (carrier,) = found.carriers
    assert {each.state for each in carrier.readings} == {"ok", "unmeasured"}
    assert carrier.rows > 0.8 * carrier.of
    counter, main = carrier.balances
    assert (counter.node, counter.explained) == ("counter", True)
    assert (main.node, main.missing) == ("main", ("others",))
    rest = next(each for each in carrier.flows if each.kind == "rest")
    assert rest.value.value > 0.0
    assert len(idle.machines) == len(carrier.readings) - 3
    assert all(each.waste is not None for each in idle.machines)
    kwh = [each.waste.kwh for each in idle.machines if each.waste is not None and each.known]
    assert all(one >= other for one, other in itertools.pairwise(kwh))
    assert {"demand_shaving", "load_shifting"} <= {each.measure.kind.id for each in measures.measures}
