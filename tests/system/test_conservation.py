"""Nothing is lost and nothing doubled while every part of the line dies once."""

from __future__ import annotations

import pathlib
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from ovoo_simulator.ledger import Ledger, Tally
from ovoo_simulator.times import HOUR_NS, SECOND_NS

from tests.servers.fault_proxy import FaultProxy
from tests.servers.mosquitto import MosquittoServer
from tests.servers.process import free_port, wait_until
from tests.system.chaos.shim import Shim, build_shim
from tests.system.cloud_api import CloudApi
from tests.system.gateway import Gateway
from tests.system.line import Line
from tests.system.plants import LivePlant
from tests.system.readback import balance, read_tallies

pytestmark = [pytest.mark.system, pytest.mark.server, pytest.mark.timeout(600)]

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
    clocks: tuple[Shim, Shim]


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
        library = build_shim(tmp_path)
        clocks = Shim(library, tmp_path / "mine-clock"), Shim(library, tmp_path / "dairy-clock")
        mine_folder, dairy_folder = tmp_path / "mine-gw", tmp_path / "dairy-gw"
        mine_gateway = Gateway.of_plant(
            mine_folder, "coal_mine", *mine_source, *uplink, environment=clocks[0].environment
        )
        dairy_gateway = Gateway.of_plant(
            dairy_folder, "dairy", *dairy_source, *uplink, environment=clocks[1].environment
        )
        for gateway in (mine_gateway, dairy_gateway):
            gateway.set_keys("sink", resend_s=2, resend_limit_s=4, keepalive_s=5)
            gateway.set_keys("source", reconnect_max_s=2)
            gateway.set_columns({"uplink": "raw"}, {"uplink": "on_change", "deadband": "0.5"})
            stack.callback(gateway.stop)
        for plant in (mine, dairy):
            stack.callback(plant.stop)
        yield World(line, link, plant_broker, mine, dairy, mine_gateway, dairy_gateway, clocks)


def least_emitted(world: World) -> int:
    """Samples of the signal that was emitted least, as of the last time that the plants wrote it down."""
    emitted = world.mine.ledger().merge(world.dairy.ledger()).tallies()
    return min(emitted[address].count for address in emitted)


def outage(down: Callable[[], None], up: Callable[[], None]) -> None:
    """A part is away for a while, then the line has some calm to catch its breath."""
    down()
    time.sleep(OUTAGE_S)
    up()
    time.sleep(CALM_S)


def reported(world: World, emitted: Ledger) -> dict[tuple[str, int], dict[str, Any]]:
    """What the cloud's API says of every signal and hour, after the gateways' clocks have passed the hours' end."""
    hours = {hour for tally in emitted.tallies().values() for hour in tally.hours}
    wanted = {(address, hour) for address, tally in emitted.tallies().items() for hour in tally.hours}
    ahead_ns = (max(hours) + 1) * HOUR_NS + 150 * SECOND_NS - time.time_ns()
    for clock in world.clocks:
        clock.shift_clock(ahead_ns)
    with CloudApi(world.line) as api:
        found: dict[tuple[str, int], dict[str, Any]] = {}

        def complete() -> bool:
            for enterprise, site in (("heishan-coal", "heishan"), ("xilin-dairy", "xilin")):
                start, end = iso(min(hours) * HOUR_NS), iso((max(hours) + 1) * HOUR_NS)
                answer = api.get(f"enterprises/{enterprise}/completeness", site=site, start=start, end=end)
                found.update({(item["address"], hour_of(item["hour"])): item for item in answer["items"]})
                causes[site] = answer["lost"]
            return wanted <= found.keys()

        causes: dict[str, list[dict[str, Any]]] = {}
        wait_until(complete, timeout_s=120, step_s=1, what="the account of every signal and hour is in the cloud")
    assert all(item["cause"] and item["start"] < item["end"] for items in causes.values() for item in items)
    assert not [item for items in causes.values() for item in items if item["received"]], "had and did not deliver"
    return {place: found[place] for place in wanted}


def iso(time_ns: int) -> str:
    """UTC."""
    return datetime.fromtimestamp(time_ns // SECOND_NS, UTC).isoformat()


def hour_of(text: str) -> int:
    """Hours since 1970."""
    return int(datetime.fromisoformat(text).timestamp()) // 3600


def assert_the_account_agrees(
    accounts: Mapping[tuple[str, int], Mapping[str, Any]],
    emitted: Ledger,
    suppressed: Mapping[str, Mapping[int, int]],
    stored: Mapping[str, Tally],
) -> None:
    """The gateways' account as the cloud has it, the simulators' ledger and the store say the same, cell by cell."""
    tallies = emitted.tallies()
    for (address, hour), account in accounts.items():
        count, _ = tallies[address].hours[hour]
        kept_back = suppressed.get(address, {}).get(hour, 0)
        told = f"{address} hour {hour}: {account}"
        parts = sum(account[name] for name in ("stored", "suppressed", "lost", "absent"))
        assert account["expected"] == parts, told
        assert account["received"] - account["duplicate"] == count, told
        assert account["suppressed"] == kept_back, told
        assert account["stored"] == account["in_store"] == count - kept_back, told
        assert account["in_store"] == stored[address].hours.get(hour, (0, 0))[0], told


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
    # a busy machine may have emitted little of the slow signals by now
    wait_until(lambda: least_emitted(world) > 30, timeout_s=150, step_s=1.0, what="enough samples of every signal")
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
    assert least_emitted(world) > 30
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
    suppressed = mine.suppressed() | dairy.suppressed()
    assert_the_account_agrees(reported(world, emitted), emitted, suppressed, stored)
