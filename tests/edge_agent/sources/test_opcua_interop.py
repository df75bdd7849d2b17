"""The driver against servers of other makers: what they write arrives, and their failures are survived."""

from __future__ import annotations

import asyncio
import pathlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_edge.sources.base import SignalMap, Source
from ovoo_edge.sources.opcua_browse import browse
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.registry import read_settings
from ovoo_edge.sources.settings_opcua import OpcUaSettings

from tests.edge_agent.sources.certificates import KeyPair, make_pair
from tests.edge_agent.sources.harness import Collector, address, context, running, until
from tests.edge_agent.sources.ua_server import node
from tests.servers.fault_proxy import FaultProxy
from tests.servers.interop.build import command
from tests.servers.interop.program import PASSWORD, SERVER_URI, USER, InteropProgram, Written
from tests.servers.interop.servers import SERVERS, InteropServer
from tests.servers.process import ServerUnavailable

NAMES = ("double", "float", "int32", "uint16", "bool", "text")
SIGNALS = [
    SignalMap(index, address(name), node(name), keep_times=True, is_text=name == "text")
    for index, name in enumerate(NAMES)
]
BAD_SENSOR, UNCERTAIN_SUBSTITUTE = 0x808C_0000, 0x4091_0000
VALUES: dict[str, tuple[float | bool | str, ...]] = {
    "double": (1.25, -1e300, 0.1, 5e-324),
    "float": (0.5, -3.25),
    "int32": (-2147483648, 2147483647),
    "uint16": (65535, 1),
    "bool": (True, False),
    "text": ("running 运行", "a b  c"),
}
# in every `make test`: those that need no other toolchain than Node; the others by `make interop`
_USUAL = ("python_asyncua", "node_opcua")
pytestmark = pytest.mark.asyncio(loop_scope="module")


def _parameters() -> list[Any]:
    return [
        pytest.param(server, id=name, marks=pytest.mark.server if name in _USUAL else pytest.mark.interop)
        for name, server in SERVERS.items()
    ]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[KeyPair, KeyPair]:
    """Server's and gateway's certificates."""
    folder = tmp_path_factory.mktemp("interop")
    server = make_pair(folder, "server", uri=SERVER_URI)
    (folder / "server.der").write_bytes(server.parsed.public_bytes(Encoding.DER))
    return server, make_pair(folder, "gateway", uri="urn:ovoo:edge")


@pytest.fixture(scope="module", params=_parameters())
def kind(request: pytest.FixtureRequest) -> InteropServer:
    """The server under test; skipped where its toolchain was absent when servers were built."""
    server: InteropServer = request.param
    try:
        command(server.name)
    except ServerUnavailable as error:
        pytest.skip(f"server missing: {error}")
    return server


@pytest.fixture(scope="module")
def program(kind: InteropServer, keys: tuple[KeyPair, KeyPair]) -> Iterator[InteropProgram]:
    """The running server."""
    server = InteropProgram(kind.name, keys[0].certificate.parent)
    server.start()
    yield server
    server.kill()


def table(endpoint: str, keys: tuple[KeyPair, KeyPair], **extra: Any) -> dict[str, Any]:
    return {
        "name": "plc",
        "driver": "opcua",
        "endpoint": endpoint,
        "certificate": str(keys[1].certificate),
        "private_key": str(keys[1].key),
        "publishing_interval_ms": 50,
        "sampling_interval_ms": 0,
        "keep_alive_s": 1,
        "reconnect_min_s": 0.05,
        "reconnect_max_s": 0.5,
        "request_timeout_s": 10,
        **extra,
    }


def written(name: str, value: float | bool | str, *, status: int = 0) -> Written:
    """A value of this moment, to the millisecond: finer steps are beyond what every server can be told."""
    now_ns = time.time_ns() // 1_000_000 * 1_000_000
    return Written(name, value, status, now_ns - 37_000_000, now_ns)


def arrived(collector: Collector, name: str) -> list[tuple[float | str, int, int, int]]:
    """Value or text, status, source time and server time of every row of a signal."""
    index, found = NAMES.index(name), []
    for chunk in collector.chunks:
        batch = chunk.batch
        assert batch.server_delta_us is not None
        for row in range(len(batch)):
            if batch.signal[row] == index:
                value = batch.text.get(row, batch.value[row])
                server_ns = batch.time_ns[row] + batch.server_delta_us[row] * 1000
                found.append((value, batch.quality[row] & 0xFFFF_0000, batch.time_ns[row], server_ns))
    return found


async def connected(source: Source) -> None:
    await until(lambda: source.health().state == "running", str(source.health()), 30.0)


async def matching(collector: Collector, item: Written) -> tuple[float | str, int, int, int]:
    """The row with the source time that was written; fails when none comes."""

    def found() -> list[tuple[float | str, int, int, int]]:
        return [row for row in arrived(collector, item.name) if row[2] == item.source_ns]

    await until(lambda: bool(found()), f"{item} among {arrived(collector, item.name)[-3:]}")
    return found()[-1]


async def put(program: InteropProgram, item: Written) -> None:
    await asyncio.to_thread(program.write, item)


async def test_browse_finds_the_variables(
    kind: InteropServer, program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    settings = read_settings(table(program.endpoint, keys), "source[0]")
    assert isinstance(settings, OpcUaSettings)

    found = {item.node: item async for item in browse(settings, context(tmp_path))}

    assert {node(name) for name in NAMES} <= set(found)
    if kind.names_types:
        types = [found[node(name)].data_type for name in NAMES]
        assert types == ["Double", "Float", "Int32", "UInt16", "Boolean", "String"]


async def test_values_status_and_both_times_arrive_as_written(
    kind: InteropServer, program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    async with running(table(program.endpoint, keys), SIGNALS, tmp_path) as (source, collector):
        await connected(source)
        for name, values in VALUES.items():
            for status in (0, UNCERTAIN_SUBSTITUTE, BAD_SENSOR):
                for value in values:
                    item = written(name, value, status=status)
                    await put(program, item)
                    got, got_status, _, server_ns = await matching(collector, item)
                    assert got_status == status, item
                    if status != BAD_SENSOR:
                        assert got == item.value, item
                    if kind.keeps_server_time:
                        assert server_ns == item.server_ns, item
                    else:
                        assert abs(server_ns - item.server_ns) < 60_000_000_000


async def test_a_killed_server_is_found_again(
    program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    async with running(table(program.endpoint, keys), SIGNALS, tmp_path) as (source, collector):
        await connected(source)
        await asyncio.to_thread(program.kill)
        await until(lambda: source.health().state in ("retrying", "connecting"), "the loss is seen")
        await asyncio.to_thread(program.start)
        await connected(source)
        await put(program, written("double", 42.5))
        await until(lambda: 42.5 in collector.values(0), "value after the restart")


async def test_a_cut_connection_goes_on(
    kind: InteropServer, program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    """Where the server keeps subscriptions, every value written during the cut arrives, once."""
    if kind.resumes is None:
        return
    with FaultProxy(program.port) as proxy:
        settings = table(f"opc.tcp://127.0.0.1:{proxy.port}", keys, lifetime_s=60)
        async with running(settings, SIGNALS, tmp_path) as (source, collector):
            await connected(source)
            await put(program, written("double", 100.0))
            await until(lambda: 100.0 in collector.values(0), "first value")
            expected = [101.0 + step for step in range(5)]
            await asyncio.to_thread(proxy.refuse)
            await asyncio.to_thread(proxy.cut)
            for value in expected:
                await put(program, written("double", value))
                await asyncio.sleep(0.1)  # longer than a publishing interval: each in a message of its own
            await asyncio.to_thread(proxy.refuse, False)
            await until(lambda: expected[-1] in collector.values(0), str(source.health()), 30.0)
            if kind.resumes:
                after = [value for value in collector.values(0) if value > 100.0]
                assert after == expected
                assert source.health().counters["resumed_subscriptions"] >= 1
                assert source.health().gaps == ()


async def test_every_policy_it_offers(
    kind: InteropServer, program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    if not kind.policies:
        settings = table(program.endpoint, keys, security_policy="Basic256Sha256")
        async with running(settings, SIGNALS, tmp_path) as (source, _):
            await until(lambda: "no endpoint Basic256Sha256/SignAndEncrypt" in source.health().detail, "refused")
        return
    for number, (policy, mode) in enumerate((p, m) for p in kind.policies for m in ("Sign", "SignAndEncrypt")):
        folder = tmp_path / f"{policy}-{mode}"
        TrustStore(folder / "plc-pki", "plc").add_file(keys[0].certificate.read_bytes())
        settings = table(program.endpoint, keys, security_policy=policy, security_mode=mode)
        async with running(settings, SIGNALS, folder) as (source, collector):
            await connected(source)
            await put(program, written("double", 7.0 + number))
            await until(lambda: 7.0 + number in collector.values(0), f"{policy} {mode}")  # noqa: B023


async def test_user_name_login(
    kind: InteropServer, program: InteropProgram, keys: tuple[KeyPair, KeyPair], tmp_path: pathlib.Path
) -> None:
    """The right password opens a session, on an encrypted channel and for a trusted server; a wrong one is named."""
    if not kind.has_users:
        return
    secret = tmp_path / "password"
    TrustStore(tmp_path / "plc-pki", "plc").add_file(keys[0].certificate.read_bytes())
    settings = table(program.endpoint, keys, security_policy=kind.policies[0], user=USER, password_file=str(secret))
    secret.write_text("wrong")
    async with running(settings, SIGNALS, tmp_path) as (source, _):
        await until(lambda: bool(source.health().problems), "refused", 30.0)
        assert source.health().problems[0].status == "the server refuses this identity"
        secret.write_text(PASSWORD)
        await connected(source)
