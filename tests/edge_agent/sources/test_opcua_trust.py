"""Every reason to refuse a server certificate, with real certificates; the last tests ask a real server."""

from __future__ import annotations

import pathlib
import time
from typing import Any

import pytest
from ovoo_contract.errors import ConfigError, Untrusted
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_trust import TrustStore

from tests.edge_agent.sources.certificates import KeyPair, TestAuthority, make_pair
from tests.edge_agent.sources.harness import address, running, until
from tests.edge_agent.sources.ua_server import UaTestServer, node, secured_with

ENDPOINT = "opc.tcp://plc:4840"
SERVER_URI = "urn:test:server"
SIGNALS = [SignalMap(0, address("a"), node("a"))]


def refusal(store: TrustStore, blob: bytes) -> Untrusted:
    with pytest.raises(Untrusted) as refused:
        store.check(blob, ENDPOINT, time.time_ns())
    return refused.value


def accepts(store: TrustStore, blob: bytes) -> bool:
    return bool(store.check(blob, ENDPOINT, time.time_ns()))


@pytest.fixture
def store(tmp_path: pathlib.Path) -> TrustStore:
    return TrustStore(tmp_path / "pki", "plc")


@pytest.fixture(scope="module")
def server_pair(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_pair(tmp_path_factory.mktemp("pair"), "plc", uri=SERVER_URI)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TestAuthority:
    return TestAuthority(tmp_path_factory.mktemp("authority"))


def test_pending_approved_rejected_and_removed(store: TrustStore, server_pair: KeyPair) -> None:
    assert refusal(store, server_pair.der).message == "server certificate is not trusted"
    (pending,) = store.entries()

    approved = store.approve(pending)
    assert accepts(store, server_pair.der)
    store.reject(approved)
    refused = refusal(store, server_pair.der)
    assert refused.message == "server certificate was rejected by a person"
    assert "ovoo-edge trust approve" in refused.remedy
    store.remove(store.find(pending.fingerprint))
    assert list(store.entries()) == []
    assert refusal(store, server_pair.der).message == "server certificate is not trusted"


def test_a_refused_server_is_pending_once_and_the_list_is_bounded(store: TrustStore, server_pair: KeyPair) -> None:
    for _ in range(3):
        refusal(store, server_pair.der)
    assert len(list(store.entries())) == 1
    for number in range(49):
        (store.folder / "pending" / f"{number}.der").write_bytes(b"")

    other = make_pair(store.folder / "keys", "other")
    assert "too many wait" in refusal(store, other.der).remedy
    assert len(list((store.folder / "pending").iterdir())) == 50


@pytest.mark.parametrize(
    ("days", "message", "hint"),
    [((-30.0, -1.0), "server certificate has expired", "renew"), ((1.0, 30.0), "is not valid yet", "clock")],
)
def test_outside_its_period_even_when_trusted(
    store: TrustStore, tmp_path: pathlib.Path, days: tuple[float, float], message: str, hint: str
) -> None:
    pair = make_pair(tmp_path, "plc", uri=SERVER_URI, days=days)
    store.add_file(pair.certificate.read_bytes())

    refused = refusal(store, pair.der)
    assert message in refused.message
    assert hint in refused.remedy
    inside_ns = int((pair.parsed.not_valid_after_utc.timestamp() - 60) * 1e9)
    assert store.check(pair.der, ENDPOINT, inside_ns) == pair.parsed


def test_a_gateway_whose_clock_fell_back_to_1970_is_told_so(store: TrustStore, server_pair: KeyPair) -> None:
    store.add_file(server_pair.certificate.read_bytes())

    with pytest.raises(Untrusted, match="not valid yet") as refused:
        store.check(server_pair.der, ENDPOINT, 86_400 * 10**9)
    assert "1970-01-02 00:00 UTC" in refused.value.remedy


def test_sha1_signature(store: TrustStore, tmp_path: pathlib.Path) -> None:
    pair = make_pair(tmp_path, "old", uri=SERVER_URI, sha1=True)
    store.add_file(pair.certificate.read_bytes())

    refused = refusal(store, pair.der)
    assert (refused.message, refused.value) == ("server certificate has a weak signature", "SHA1")


def test_short_key(store: TrustStore, tmp_path: pathlib.Path) -> None:
    pair = make_pair(tmp_path, "old", uri=SERVER_URI, bits=1024)
    store.add_file(pair.certificate.read_bytes())

    refused = refusal(store, pair.der)
    assert (refused.message, refused.value) == ("server certificate has a short key", "1024 bit")


@pytest.mark.parametrize("blob", [b"", b"\x30", b"\x30\x82\xff\xff", b"nonsense", b"\x30\x03abc"])
def test_bytes_that_are_no_certificate(store: TrustStore, blob: bytes) -> None:
    assert "certificate" in refusal(store, blob).message
    assert not (store.folder / "pending").exists()


def test_changed_certificate_of_a_known_server_is_named_so(
    store: TrustStore, server_pair: KeyPair, tmp_path: pathlib.Path
) -> None:
    store.add_file(server_pair.certificate.read_bytes())
    renewed = make_pair(tmp_path, "plc", uri=SERVER_URI)

    assert refusal(store, renewed.der).message == "server certificate has changed since it was approved"
    store.approve(store.find(next(e.fingerprint for e in store.entries() if e.state == "pending")))
    assert accepts(store, renewed.der)
    assert accepts(store, server_pair.der), "old and new are trusted together"


def test_authority_makes_its_certificates_trusted(store: TrustStore, authority: TestAuthority) -> None:
    pair = authority.issue("plc-a", uri=SERVER_URI)
    assert refusal(store, pair.der).message == "server certificate is not trusted"

    store.add_file(authority.certificate.read_bytes())
    assert accepts(store, pair.der)
    assert accepts(store, pair.der + authority.der), "a chain blob counts by its first certificate"


def test_intermediate_comes_from_the_chain_blob(
    store: TrustStore, authority: TestAuthority, tmp_path: pathlib.Path
) -> None:
    middle = TestAuthority(tmp_path, "Line CA", parent=authority)
    pair = middle.issue("plc-b", uri=SERVER_URI)
    store.add_file(authority.certificate.read_bytes())

    assert accepts(store, pair.der + middle.der)
    assert refusal(store, pair.der).message == "server certificate is not trusted"


def test_path_length_of_an_authority_is_kept(store: TrustStore, tmp_path: pathlib.Path) -> None:
    root = TestAuthority(tmp_path, "Root", path_length=0)
    middle = TestAuthority(tmp_path, "Middle", parent=root)
    store.add_file(root.certificate.read_bytes())

    assert accepts(store, root.issue("direct", uri=SERVER_URI).der)
    assert refusal(store, middle.issue("deep", uri=SERVER_URI).der + middle.der).message.endswith("not trusted")


def test_an_application_certificate_cannot_issue_others(
    store: TrustStore, authority: TestAuthority, tmp_path: pathlib.Path
) -> None:
    """A trusted server that signs for a stranger makes nobody trusted."""
    impostor = TestAuthority(tmp_path, "Plant CA")
    store.add_file(authority.certificate.read_bytes())

    assert refusal(store, impostor.issue("stranger").der + impostor.der).message.endswith("not trusted")


def test_expired_authority(store: TrustStore, tmp_path: pathlib.Path) -> None:
    root = TestAuthority(tmp_path, "Root", days=(-30.0, -1.0))
    store.add_file(root.certificate.read_bytes())

    assert refusal(store, root.issue("plc").der).message == "authority CN=Root has expired"


def test_revoked_by_the_authority(store: TrustStore, authority: TestAuthority) -> None:
    good, bad = authority.issue("good"), authority.issue("bad")
    store.add_file(authority.certificate.read_bytes())
    store.add_file(authority.revoke(bad))

    assert accepts(store, good.der)
    assert refusal(store, bad.der).message == "server certificate is revoked"
    store.approve(store.find(_add(store, bad)))
    assert refusal(store, bad.der).message == "server certificate is revoked", "also when trusted by itself"


def test_a_forged_revocation_list_counts_for_nothing(
    store: TrustStore, authority: TestAuthority, tmp_path: pathlib.Path
) -> None:
    pair = authority.issue("plc")
    forger = TestAuthority(tmp_path, "Plant CA")
    store.add_file(authority.certificate.read_bytes())
    store.add_file(forger.revoke(pair))

    assert accepts(store, pair.der)


def test_required_revocation_list_must_be_there_and_current(authority: TestAuthority, tmp_path: pathlib.Path) -> None:
    store = TrustStore(tmp_path / "pki", "plc", needs_crl=True)
    pair = authority.issue("plc")
    store.add_file(authority.certificate.read_bytes())

    assert refusal(store, pair.der).message == "no current revocation list"
    store.add_file(authority.revoke(days=(-9.0, -1.0)))
    assert refusal(store, pair.der).message == "no current revocation list"
    store.add_file(authority.revoke())
    assert accepts(store, pair.der)


def test_unreadable_files_of_the_store_are_skipped_with_a_log_line(
    store: TrustStore, server_pair: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    store.add_file(server_pair.certificate.read_bytes())
    (store.folder / "trusted" / "note.txt").write_text("approved by Li")

    assert accepts(store, server_pair.der)
    assert "trust_file_unreadable" in caplog.text


def test_a_prefix_must_be_long_enough_and_known(store: TrustStore, server_pair: KeyPair) -> None:
    store.add_file(server_pair.certificate.read_bytes())
    own = next(store.entries()).fingerprint

    assert store.find(own[:8].upper()).fingerprint == own
    for prefix in (own[:7], "0" * 16, ""):
        with pytest.raises(ConfigError, match=r"no such certificate|fits several"):
            store.find(prefix)


def _add(store: TrustStore, pair: KeyPair) -> str:
    store.add_file(pair.certificate.read_bytes())
    return next(entry.fingerprint for entry in store.entries() if entry.certificate == pair.parsed)


def _table(server: UaTestServer, client: KeyPair, **extra: Any) -> dict[str, Any]:
    return {
        "name": "plc",
        "driver": "opcua",
        "endpoint": server.endpoint,
        "security_policy": "Basic256Sha256",
        "certificate": str(client.certificate),
        "private_key": str(client.key),
        "publishing_interval_ms": 20,
        "keep_alive_s": 0.5,
        "reconnect_min_s": 0.05,
        "reconnect_max_s": 0.2,
        "request_timeout_s": 5,
        **extra,
    }


@pytest.fixture(scope="module")
def client_pair(tmp_path_factory: pytest.TempPathFactory) -> KeyPair:
    return make_pair(tmp_path_factory.mktemp("client"), "gateway", uri="urn:ovoo:edge")


def _trusting(folder: pathlib.Path, *pairs: KeyPair | TestAuthority) -> TrustStore:
    store = TrustStore(folder / "plc-pki", "plc")
    for pair in pairs:
        store.add_file(pair.certificate.read_bytes())
    return store


@pytest.mark.server
async def test_server_with_a_new_certificate_after_its_restart_waits_for_approval(
    client_pair: KeyPair, server_pair: KeyPair, tmp_path: pathlib.Path
) -> None:
    store = _trusting(tmp_path, server_pair)
    server = await UaTestServer().start(secured_with(server_pair, SERVER_URI))
    renewed = make_pair(tmp_path / "new", "plc", uri=SERVER_URI)
    try:
        async with running(_table(server, client_pair), SIGNALS, tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            await server.stop()
            server = await UaTestServer(port=server.port).start(secured_with(renewed, SERVER_URI))
            await until(lambda: "has changed" in source.health().detail, "the change is named")
            store.approve(next(entry for entry in store.entries() if entry.state == "pending"))
            await until(lambda: source.health().state == "running", "connected again without a restart")
            await server.write("a", 4.25)
            await until(lambda: 4.25 in collector.values(0), "value")
            used = [item for item in source.health().certificates if item.role == "server" and item.in_use]
            assert len(used) == 1
            assert len([item for item in source.health().certificates if item.role == "server"]) == 2
    finally:
        await server.stop()


@pytest.mark.server
async def test_server_whose_certificate_has_another_uri(
    client_pair: KeyPair, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair = make_pair(tmp_path, "plc", uri="urn:somebody:else")
    _trusting(tmp_path, pair)
    server = await UaTestServer().start(secured_with(pair, SERVER_URI))
    try:
        async with running(_table(server, client_pair), SIGNALS, tmp_path) as (source, _):
            await until(lambda: bool(source.health().problems), "refused")
            problem = source.health().problems[0]
            assert problem.status == "server certificate has another application URI than the server"
            assert "urn:somebody:else" in source.health().detail
            assert "check_application_uri" in problem.remedy
        table = _table(server, client_pair, check_application_uri="warn")
        async with running(table, SIGNALS, tmp_path) as (source, _):
            await until(lambda: source.health().state == "running", "connected")
            assert caplog.text.count("event=certificate_name") == 1
    finally:
        await server.stop()


@pytest.mark.server
@pytest.mark.parametrize("check", ["refuse", "warn", "off"])
async def test_server_whose_certificate_names_another_host(
    client_pair: KeyPair, tmp_path: pathlib.Path, check: str
) -> None:
    pair = make_pair(tmp_path, "plc", uri=SERVER_URI, hosts=("plc7.plant.example",))
    _trusting(tmp_path, pair)
    server = await UaTestServer().start(secured_with(pair, SERVER_URI))
    try:
        table = _table(server, client_pair, check_host_name=check)
        async with running(table, SIGNALS, tmp_path) as (source, _):
            if check == "refuse":
                await until(lambda: bool(source.health().problems), "refused")
                assert source.health().problems[0].status == "server certificate does not name this host"
                assert "plc7.plant.example" in source.health().detail
                return
            await until(lambda: source.health().state == "running", "connected")
            (note,) = [item.note for item in source.health().certificates if item.in_use and item.role == "server"]
            assert ("plc7.plant.example" in note) == (check == "warn")
    finally:
        await server.stop()


@pytest.mark.server
async def test_server_of_an_authority_is_taken_until_it_is_revoked(
    client_pair: KeyPair, authority: TestAuthority, tmp_path: pathlib.Path
) -> None:
    pair = authority.issue("plc-c", uri=SERVER_URI)
    store = _trusting(tmp_path, authority)
    server = await UaTestServer().start(secured_with(pair, SERVER_URI))
    for endpoint in server.server.iserver.endpoints:
        endpoint.ServerCertificate += authority.der
    try:
        async with running(_table(server, client_pair), SIGNALS, tmp_path) as (source, _):
            await until(lambda: source.health().state == "running", str(source.health()))
            store.add_file(authority.revoke(pair))
            server.drop_connections()
            await until(lambda: "revoked" in source.health().detail, "refused at the next connection")
    finally:
        await server.stop()
