from __future__ import annotations

import asyncio
import pathlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from asyncua import Client  # type: ignore[attr-defined]
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from asyncua.ua.uaerrors import UaStatusCodeError
from ovoo_contract.errors import ConfigError, ConnectFailed
from ovoo_contract.quality import BAD_NO_COMMUNICATION
from ovoo_simulator.emission import Emission
from ovoo_simulator.live import Feed, LedgerWriter, run_feed
from ovoo_simulator.opcua_security import OpcUaSecurity, server_identity
from ovoo_simulator.plants import Plant, create_plant
from ovoo_simulator.serve_opcua import OpcUaServer, namespace_uri, node_name
from ovoo_simulator.times import SECOND_NS, local_midnight_ns
from ovoo_simulator.ua_api import ua

from tests.simulator.opcua_client import Collector

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ORIGIN_NS = local_midnight_ns(1_795_392_000 * SECOND_NS)
START_NS = ORIGIN_NS + 3600 * SECOND_NS
URI = namespace_uri("heishan")
PREFIX = "heishan-coal/heishan"


@pytest.fixture(scope="module")
def mine() -> Plant:
    return create_plant("coal_mine", seed=3, origin_ns=ORIGIN_NS)


@asynccontextmanager
async def serving(plant: Plant, port: int, security: OpcUaSecurity | None = None) -> AsyncIterator[OpcUaServer]:
    server = OpcUaServer(plant.catalogue, port, security=security)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


def emission(plant: Plant, second: int) -> Emission:
    return Feed(plant, tuple).at(START_NS + second * SECOND_NS)


KINDS = {"bool": ua.VariantType.Boolean, "int": ua.VariantType.Int64, "float": ua.VariantType.Double}


async def test_a_client_reads_value_type_time_and_status_of_each_node(mine: Plant, free_port: int) -> None:
    async with serving(mine, free_port) as server:
        sample = emission(mine, 0)
        sample.value[1], sample.quality[1] = np.nan, BAD_NO_COMMUNICATION
        await server.emit(sample)
        async with Client(server.endpoint) as client:
            index = await client.get_namespace_index(URI)
            for row, entry in enumerate(mine.entries):
                node = client.get_node(ua.NodeId(node_name(entry), index))
                data: Any = await node.read_data_value(raise_on_bad_status=False)
                assert data.SourceTimestamp == datetime.fromtimestamp(START_NS / SECOND_NS, UTC)
                assert data.StatusCode.value == sample.quality[row]
                if row == 1:
                    assert data.Value.Value is None
                    continue
                assert float(data.Value.Value) == sample.value[row]
                assert data.Value.VariantType == KINDS[entry.type]

    assert server.ledger.count == len(mine.entries)


async def test_a_subscriber_gets_exactly_what_the_ledger_counts(mine: Plant, free_port: int) -> None:
    async with serving(mine, free_port) as server, Client(server.endpoint) as client:
        collector = Collector()
        ready = asyncio.create_task(server.ready(emission(mine, 0)))
        await collector.subscribe(client, URI, [node_name(entry) for entry in mine.entries])
        await asyncio.wait_for(ready, 10)
        for second in range(1, 20):
            await server.emit(emission(mine, second))
        await collector.wait(server.ledger.count)

        assert server.ledger.count == 20 * len(mine.entries)
        assert server.ledger.compare(collector.tallies(PREFIX)).exact


async def test_a_new_session_takes_over_the_subscription_of_a_dead_one(mine: Plant, free_port: int) -> None:
    async with serving(mine, free_port) as server:
        collector = Collector()
        dead = Client(server.endpoint)
        await dead.connect()
        await server.emit(emission(mine, 0))
        await collector.subscribe(dead, URI, [node_name(entry) for entry in mine.entries])
        await collector.wait(len(mine.entries))
        (subscription_id,) = server._subscriptions.subscriptions
        dead.uaclient.disconnect_socket()  # as a killed process does: no CloseSession
        await server.emit(emission(mine, 1))
        service = server._subscriptions
        async with asyncio.timeout(10):
            while service.subscriptions[subscription_id]._triggered_datachanges:
                await asyncio.sleep(0.02)

        async with Client(server.endpoint) as client:
            params = ua.TransferSubscriptionsParameters(SubscriptionIds=[subscription_id], SendInitialValues=False)
            (result,) = await client.uaclient.transfer_subscriptions(params)
            await server.emit(emission(mine, 2))
            seen, missing = await _collect(client, subscription_id, result.AvailableSequenceNumbers, 2)

        assert result.StatusCode.is_good()
        assert result.AvailableSequenceNumbers
        assert missing == []
        assert {START_NS + SECOND_NS, START_NS + 2 * SECOND_NS} <= seen
        await dead.close_session()


async def _collect(
    client: Client, subscription_id: int, available: list[int], wanted: int
) -> tuple[set[int], list[int]]:
    """Source times of what Republish and Publish give, and what could not be had again on a second ask."""
    times: set[int] = set()
    missing: list[int] = []
    for number in available:
        for _ in range(2):
            message = await client.uaclient.session.republish(subscription_id, number)
            if message.SequenceNumber != number:
                missing.append(number)
        times |= _times(message)
    while len(times) < wanted:
        response = await client.uaclient.publish([])
        times |= _times(response.Parameters.NotificationMessage)
    return times, missing


def _times(message: Any) -> set[int]:
    return {
        round(item.Value.SourceTimestamp.timestamp()) * SECOND_NS
        for data in message.NotificationData
        for item in data.MonitoredItems
        if item.Value.SourceTimestamp is not None
    }


async def test_a_replay_waits_for_a_slow_client_instead_of_overflowing(mine: Plant, free_port: int) -> None:
    server = OpcUaServer(mine.catalogue, free_port, hold_back=True)
    await server.start()
    async with Client(server.endpoint) as client:
        collector = Collector()
        ready = asyncio.create_task(server.ready(emission(mine, 0)))
        await collector.subscribe(client, URI, [node_name(entry) for entry in mine.entries], queue=5)
        await asyncio.wait_for(ready, 10)
        for second in range(1, 60):
            await asyncio.wait_for(server.emit(emission(mine, second)), 10)
        await collector.wait(server.ledger.count)

        assert server.ledger.compare(collector.tallies(PREFIX)).exact
    await server.stop()


async def test_run_feed_ends_on_stop_and_leaves_an_exact_ledger(
    mine: Plant, free_port: int, tmp_path: pathlib.Path
) -> None:
    server = OpcUaServer(mine.catalogue, free_port)
    clock = iter(range(START_NS, START_NS + 1_000_000 * SECOND_NS, SECOND_NS))
    stop = asyncio.Event()
    path = tmp_path / "ledger.json"
    feed = Feed(mine, tuple)
    task = asyncio.create_task(run_feed(feed, server, LedgerWriter(server, path), stop, wall_ns=lambda: next(clock)))
    async with asyncio.timeout(10):
        while server.ledger.count < 5 * len(mine.entries):
            await asyncio.sleep(0.02)

    stop.set()
    await task

    assert path.exists()
    times = {found.count for found in server.ledger.tallies().values()}
    assert len(times) <= 2
    assert min(times) >= 5


@pytest.fixture
def pki(tmp_path: pathlib.Path) -> Callable[[str], tuple[pathlib.Path, pathlib.Path]]:
    def make(name: str) -> tuple[pathlib.Path, pathlib.Path]:
        identity = server_identity(tmp_path / name, f"urn:test:{name}", datetime.now(UTC))
        return identity.certificate, identity.private_key

    return make


async def test_user_and_password_over_a_secure_channel_and_a_port_in_use(
    mine: Plant,
    free_port: int,
    tmp_path: pathlib.Path,
    pki: Callable[[str], tuple[pathlib.Path, pathlib.Path]],
) -> None:
    identity = server_identity(tmp_path / "server", URI, datetime.now(UTC))
    certificate, key = pki("client")
    security = OpcUaSecurity(identity, {"gateway": "secret"}, encrypted_only=True)
    async with serving(mine, free_port, security) as server:
        sign, encrypt = ua.MessageSecurityMode.Sign, ua.MessageSecurityMode.SignAndEncrypt
        for mode, password, allowed in ((sign, "secret", True), (encrypt, "secret", True), (encrypt, "wrong", False)):
            client = Client(server.endpoint)
            client.application_uri = "urn:test:client"
            client.set_user("gateway")
            client.set_password(password)
            await client.set_security(SecurityPolicyBasic256Sha256, certificate, key, mode=mode)
            if allowed:
                async with client:
                    assert URI in await client.get_namespace_array()
            else:
                with pytest.raises(UaStatusCodeError):
                    await client.connect()
        with pytest.raises(ua.UaError, match="No matching endpoints"):
            await Client(server.endpoint).connect()
        second = OpcUaServer(mine.catalogue, free_port)
        with pytest.raises(ConnectFailed, match="cannot open the port"):
            await second.start()


async def test_sign_in_by_certificate(
    mine: Plant,
    free_port: int,
    tmp_path: pathlib.Path,
    pki: Callable[[str], tuple[pathlib.Path, pathlib.Path]],
) -> None:
    identity = server_identity(tmp_path / "server", URI, datetime.now(UTC))
    known, stranger = pki("engineer"), pki("stranger")
    security = OpcUaSecurity(identity, user_certificates=(known[0],))
    async with serving(mine, free_port, security) as server:
        for (certificate, key), allowed in ((known, True), (stranger, False)):
            client = Client(server.endpoint)
            client.application_uri = f"urn:test:{certificate.parent.name}"
            await client.set_security(
                SecurityPolicyBasic256Sha256, certificate, key, mode=ua.MessageSecurityMode.SignAndEncrypt
            )
            await client.load_client_certificate(str(certificate))
            await client.load_private_key(key)
            if allowed:
                async with client:
                    assert URI in await client.get_namespace_array()
            else:
                with pytest.raises(UaStatusCodeError):
                    await client.connect()


async def test_clients_outside_the_trust_folder_are_refused(
    mine: Plant,
    free_port: int,
    tmp_path: pathlib.Path,
    pki: Callable[[str], tuple[pathlib.Path, pathlib.Path]],
) -> None:
    identity = server_identity(tmp_path / "server", URI, datetime.now(UTC))
    trusted, stranger = pki("trusted"), pki("stranger")
    folder = tmp_path / "trusted-clients"
    folder.mkdir()
    (folder / "one.der").write_bytes(trusted[0].read_bytes())
    security = OpcUaSecurity(identity, trusted_clients=folder, encrypted_only=True)
    async with serving(mine, free_port, security) as server:
        for (certificate, key), allowed in ((trusted, True), (stranger, False)):
            client = Client(server.endpoint)
            client.application_uri = f"urn:test:{certificate.parent.name}"
            await client.set_security(
                SecurityPolicyBasic256Sha256, certificate, key, mode=ua.MessageSecurityMode.SignAndEncrypt
            )
            if allowed:
                async with client:
                    assert URI in await client.get_namespace_array()
            else:
                with pytest.raises(UaStatusCodeError):
                    await client.connect()


def test_the_identity_is_kept_and_its_key_private(tmp_path: pathlib.Path) -> None:
    first = server_identity(tmp_path, URI, datetime.now(UTC))
    before = first.certificate.read_bytes()

    again = server_identity(tmp_path, URI, datetime.now(UTC))

    assert again == first
    assert again.certificate.read_bytes() == before
    assert again.private_key.stat().st_mode & 0o077 == 0


def test_wrong_security_settings_are_refused(tmp_path: pathlib.Path) -> None:
    with pytest.raises(ConfigError, match="needs a certificate"):
        OpcUaSecurity(encrypted_only=True)
    (tmp_path / "x.pem").write_text("nothing")
    with pytest.raises(ConfigError, match="not a certificate"):
        OpcUaServer(create_plant("dairy").catalogue, 1, security=OpcUaSecurity(user_certificates=(tmp_path / "x.pem",)))


async def test_a_server_that_stops_tells_since_when_its_client_acknowledged_nothing(
    mine: Plant, free_port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """The chaos harness allows losses from this sample on, and none before."""
    server = OpcUaServer(mine.catalogue, free_port, finish_s=0.5)
    await server.start()
    try:
        collector = Collector()
        client = Client(server.endpoint)
        await client.connect()
        await server.emit(emission(mine, 0))
        await collector.subscribe(client, URI, [node_name(entry) for entry in mine.entries])
        await collector.wait(len(mine.entries))
        async with asyncio.timeout(10):
            while server._subscriptions.outstanding():
                await asyncio.sleep(0.02)
        assert server._subscriptions.oldest_outstanding_ns() == 0

        client.uaclient.disconnect_socket()  # as a killed process does
        await server.emit(emission(mine, 5))
        await server.emit(emission(mine, 6))
    finally:
        await server.stop()

    assert f"event=opcua_stopped_early reason=client_did_not_acknowledge oldest_ns={START_NS + 5 * SECOND_NS}" in (
        caplog.text
    )
