"""Nothing is lost and nothing doubled while every part of the line dies once."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.servers.fault_proxy import FaultProxy
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import free_port, wait_until
from tests.system.gateway import Gateway
from tests.system.line import Line
from tests.system.plants import LivePlant
from tests.system.readback import balance, read_tallies

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(400)]

MINE_COPIES, DAIRY_COPIES = 8, 7
OUTAGE_S, CALM_S = 4.0, 3.0


@dataclass(frozen=True, slots=True)
class World:
    """A mine over OPC UA behind a breakable link, a dairy over a broker of its own, and the cloud."""

    line: Line
    link: FaultProxy
    plant_broker: MosquittoServer
    mine: LivePlant
    dairy: LivePlant
    mine_gateway: Gateway
    dairy_gateway: Gateway


@pytest.fixture
def world(tmp_path: pathlib.Path) -> Iterator[World]:
    with ExitStack() as stack:
        line = stack.enter_context(Line(tmp_path / "line"))
        line.enrol("heishan-gw1", "heishan-coal", "heishan", "coal_mine")
        line.enrol("xilin-gw1", "xilin-dairy", "xilin", "dairy")
        plant_broker = MosquittoServer(tmp_path / "plant-broker")
        plant_broker.start()
        stack.callback(plant_broker.stop)
        port = free_port()
        link = stack.enter_context(FaultProxy(port))
        mine = LivePlant(tmp_path / "mine", "coal_mine", MINE_COPIES, opcua_port=port)
        dairy = LivePlant(tmp_path / "dairy", "dairy", DAIRY_COPIES, broker_port=plant_broker.port)
        mine_source = ("--opcua", f"opc.tcp://127.0.0.1:{link.port}/ovoo/heishan", "--copies", str(MINE_COPIES))
        dairy_source = ("--mqtt", f"127.0.0.1:{plant_broker.port}", "--copies", str(DAIRY_COPIES))
        uplink = ("--cloud", line.uplink)
        mine_gateway = Gateway.of_plant(tmp_path / "mine-gw", "coal_mine", *mine_source, *uplink)
        dairy_gateway = Gateway.of_plant(tmp_path / "dairy-gw", "dairy", *dairy_source, *uplink)
        for gateway in (mine_gateway, dairy_gateway):
            gateway.set_keys("sink", resend_s=2, resend_limit_s=4, keepalive_s=5)
            gateway.set_keys("source", reconnect_max_s=2)
            gateway.set_columns({"uplink": "raw"}, {"uplink": "on_change", "deadband": "0.5"})
            stack.callback(gateway.stop)
        for plant in (mine, dairy):
            stack.callback(plant.stop)
        yield World(line, link, plant_broker, mine, dairy, mine_gateway, dairy_gateway)


def outage(down: Callable[[], None], up: Callable[[], None]) -> None:
    """A part is away for a while, then the line has some calm to catch its breath."""
    down()
    time.sleep(OUTAGE_S)
    up()
    time.sleep(CALM_S)


def test_every_part_is_killed_once_and_nothing_is_lost_or_doubled(world: World) -> None:
    line, mine, dairy = world.line, world.mine_gateway, world.dairy_gateway
    line.ingest.start()
    for part in (world.mine, world.dairy, mine, dairy):
        part.start()
    wait_until(lambda: mine.received() > 2000 and dairy.received() > 2000, timeout_s=150, step_s=0.2, what="both flow")

    outage(mine.kill, mine.start)
    outage(line.broker.kill, line.broker.start)
    outage(line.ingest.kill, line.ingest.start)
    outage(line.influx.kill, line.influx.start)
    outage(world.link.refuse, lambda: world.link.refuse(False))
    outage(world.plant_broker.stop, world.plant_broker.start)
    outage(dairy.kill, dairy.start)
    world.mine.stop()
    world.dairy.stop()
    for gateway in (mine, dairy):
        gateway.wait_drained(90)

    emitted = world.mine.ledger().merge(world.dairy.ledger())
    stored = read_tallies(line.influx, emitted.addresses)
    found = balance(emitted, stored, mine.suppressed() | dairy.suppressed())
    assert (found.lost, found.duplicated, found.mismatched) == (0, 0, 0), "\n".join(found.differences[:40])
    assert found.emitted == found.stored + found.suppressed
    assert len(emitted.addresses) >= 500
    assert all(emitted.tallies()[address].count > 30 for address in emitted.addresses)
    assert mine.lost() == dairy.lost() == []
    assert found.suppressed > found.emitted // 10
    # what the gateways were given is what was emitted, in spite of their deaths; copies that a publisher sent are told
    whole = set(emitted.addresses)
    assert mine.totals(whole) == {
        "received": world.mine.ledger().count,
        "suppressed": mine.totals(whole)["suppressed"],
        "duplicate": 0,
        "shifted": 0,
    }
    assert dairy.totals(whole)["received"] >= world.dairy.ledger().count
