"""The gateway's own certificates: made, checked, renewed beside the old one, changed over without a restart."""

from __future__ import annotations

import datetime
import json
import logging
import pathlib
import resource
import subprocess
import sys
import time
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import ConfigError, Untrusted
from ovoo_edge.metrics import _Snapshot
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_certificates import application_uris, fingerprint, host_names
from ovoo_edge.sources.opcua_expiry import CertificateWatch, certificate_level
from ovoo_edge.sources.opcua_own import CertificateRequest, OwnPaths, activate, create, usable
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.settings_opcua import OpcUaSettings
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.certificates import KeyPair, make_pair
from tests.edge_agent.sources.harness import address, running, until
from tests.edge_agent.sources.ua_server import UaTestServer, node, secured_with

URI = "urn:ovoo:edge"
SERVER_URI = "urn:test:server"
SIGNALS = [SignalMap(0, address("a"), node("a"))]
DAY_NS = 86_400 * 10**9


def paths_of(folder: pathlib.Path) -> OwnPaths:
    return OwnPaths(folder / "gateway.pem", folder / "gateway.key.pem")


def make(paths: OwnPaths, **changes: Any) -> x509.Certificate:
    request = CertificateRequest(application_uri=URI, common_name="gw", hosts=("gw.plant", "192.0.2.7"), **changes)
    return create(paths, request, datetime.datetime.now(datetime.UTC))


def put(pair: KeyPair, paths: OwnPaths) -> None:
    paths.certificate.write_bytes(pair.certificate.read_bytes())
    paths.private_key.write_bytes(pair.key.read_bytes())


def refused(paths: OwnPaths) -> Untrusted:
    with pytest.raises(Untrusted) as raised:
        usable(paths, URI, time.time_ns())
    return raised.value


@pytest.mark.parametrize("bits", [2048, 3072])
def test_a_new_certificate_has_what_opc_ua_asks_for(tmp_path: pathlib.Path, bits: int) -> None:
    paths = paths_of(tmp_path / "pki")
    certificate = make(paths, bits=bits, days=10)

    assert application_uris(certificate) == [URI]
    assert host_names(certificate) == ["gw.plant", "192.0.2.7"]
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == bits
    assert certificate.signature_hash_algorithm is not None
    assert certificate.signature_hash_algorithm.name == "sha256"
    assert paths.private_key.stat().st_mode & 0o777 == 0o600
    assert [item.certificate for item in usable(paths, URI, time.time_ns())] == [certificate]
    assert sorted(path.name for path in paths.certificate.parent.iterdir()) == ["gateway.key.pem", "gateway.pem"]


def test_unreadable_and_foreign_files_are_named(tmp_path: pathlib.Path) -> None:
    paths = paths_of(tmp_path)
    assert refused(paths).message == "certificate file cannot be read"
    put(make_pair(tmp_path / "x", "gw", uri=URI), paths)
    paths.private_key.unlink()
    assert refused(paths).message == "private key cannot be read"
    paths.private_key.mkdir()
    assert (refused(paths).message, refused(paths).value) == ("private key cannot be read", "Is a directory")
    paths.private_key.rmdir()
    paths.private_key.write_text("-----BEGIN PRIVATE KEY-----\nsecret-part\n-----END PRIVATE KEY-----\n")
    assert refused(paths).message == "not an unencrypted private key"
    assert "secret-part" not in str(refused(paths))
    paths.certificate.write_bytes(b"\x00\x01")
    assert refused(paths).message == "not a certificate"


def test_key_of_another_certificate(tmp_path: pathlib.Path) -> None:
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", uri=URI), paths)
    paths.private_key.write_bytes(make_pair(tmp_path / "y", "gw", uri=URI).key.read_bytes())

    assert refused(paths).message == "own private key does not belong to the certificate"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ({"days": (-9.0, -1.0)}, "own certificate has expired"),
        ({"days": (1.0, 9.0)}, "own certificate is not valid yet"),
        ({"uri": "urn:other"}, "own certificate has another application URI"),
        ({"bits": 1024}, "own certificate has a short key"),
        ({"sha1": True}, "own certificate has a weak signature"),
    ],
)
def test_own_certificate_of_no_use(tmp_path: pathlib.Path, pair: dict[str, Any], message: str) -> None:
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", **{"uri": URI, **pair}), paths)

    assert refused(paths).message == message


def test_next_pair_is_tried_first_and_replaces_an_expired_one(tmp_path: pathlib.Path) -> None:
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", uri=URI), paths)
    assert [item.role for item in usable(paths, URI, time.time_ns())] == ["own"]
    following = make(paths.next)
    assert [item.role for item in usable(paths, URI, time.time_ns())] == ["next", "own"]
    assert [item.role for item in usable(paths, URI, time.time_ns() + 400 * DAY_NS)] == ["next"]
    paths.next.private_key.write_text("cut short")
    assert [item.role for item in usable(paths, URI, time.time_ns())] == ["own"]
    create(paths.next, CertificateRequest(URI, "gw"), datetime.datetime.now(datetime.UTC))

    old = activate(paths)

    assert [item.role for item in usable(paths, URI, time.time_ns())] == ["own"]
    assert old.certificate.is_file()
    assert old.private_key.stat().st_mode & 0o777 == paths.private_key.stat().st_mode & 0o777 == 0o600
    assert following.subject == usable(paths, URI, time.time_ns())[0].certificate.subject
    with pytest.raises(ConfigError, match="no next certificate waits"):
        activate(paths)


SETTINGS = """
[gateway]
id = "gw-1"
enterprise = "heishan-coal"
site = "heishan"
state_dir = "state"
signals = ["signals.csv"]

[[source]]
name = "plc"
driver = "opcua"
endpoint = "opc.tcp://192.0.2.1:4840"
security_policy = "Aes256_Sha256_RsaPss"
certificate = "pki/gateway.pem"
private_key = "pki/gateway.key.pem"
"""


def ovoo_edge(
    folder: pathlib.Path, *words: str, largest_file: int = 0, language: str = "en"
) -> subprocess.CompletedProcess[str]:
    """Runs the command on settings in `folder`; writes beyond `largest_file` bytes fail as on a full disk."""
    (folder / "agent.toml").write_text(SETTINGS, encoding="utf-8")

    def limit() -> None:
        if largest_file:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.run(
        [
            sys.executable,
            "-B",
            "-m",
            "ovoo_edge",
            *words,
            "--config",
            str(folder / "agent.toml"),
            "--language",
            language,
        ],
        capture_output=True,
        text=True,
        preexec_fn=limit,
        timeout=60,
    )


def test_commands_make_show_renew_and_activate(tmp_path: pathlib.Path) -> None:
    made = ovoo_edge(tmp_path, "certificate", "create", "--host", "gw.plant")
    assert (made.returncode, made.stderr) == (0, "")
    again = ovoo_edge(tmp_path, "certificate", "create")
    assert again.returncode == 3
    assert "is there already" in again.stderr
    assert ovoo_edge(tmp_path, "certificate", "renew").returncode == 0
    shown = ovoo_edge(tmp_path, "certificate", "show", "--json", "--export", str(tmp_path / "for-server.der"))
    rows = json.loads(shown.stdout)
    assert [(row["role"], row["application_uri"], row["level"]) for row in rows] == [
        ("own", URI, "ok"),
        ("next", URI, "ok"),
    ]
    exported = x509.load_der_x509_certificate((tmp_path / "for-server.der").read_bytes())
    assert fingerprint(exported) == rows[1]["fingerprint"]
    assert rows[0]["fingerprint"] in made.stdout
    assert ovoo_edge(tmp_path, "certificate", "activate").returncode == 0
    (row,) = json.loads(ovoo_edge(tmp_path, "certificate", "show", "--json").stdout)
    assert row["fingerprint"] == rows[1]["fingerprint"]


def test_a_full_disk_while_renewing_leaves_the_old_one_working(tmp_path: pathlib.Path) -> None:
    assert ovoo_edge(tmp_path, "certificate", "create").returncode == 0
    before = {path.name: path.read_bytes() for path in (tmp_path / "pki").iterdir()}

    # the key fits below the limit, the certificate beside it does not always: both orders of failure are tried
    for largest_file in (100, 1300):
        failed = ovoo_edge(tmp_path, "certificate", "create", "--replace", largest_file=largest_file)
        assert failed.returncode == 1
        assert "cannot be written, nothing was changed" in failed.stderr

    assert {path.name: path.read_bytes() for path in (tmp_path / "pki").iterdir()} == before
    assert len(usable(paths_of(tmp_path / "pki"), URI, time.time_ns())) == 1


def test_trust_commands_in_both_languages(tmp_path: pathlib.Path) -> None:
    store = TrustStore(tmp_path / "state" / "sources" / "plc-pki", "plc")
    pair = make_pair(tmp_path / "x", "plc-7", uri=SERVER_URI)
    with pytest.raises(Untrusted):
        store.check(pair.der, "opc.tcp://plc", time.time_ns())
    own = fingerprint(pair.parsed)

    listed = ovoo_edge(tmp_path, "trust", "list")
    assert "pending  server" in listed.stdout
    assert own[:16] in listed.stdout
    shown = ovoo_edge(tmp_path, "trust", "show", own[:8]).stdout
    for line in (f"SHA-256: {own}", f"application URI: {SERVER_URI}", "key bits: 2048", "signature: sha256"):
        assert line in shown
    assert "is trusted" in ovoo_edge(tmp_path, "trust", "approve", own[:16], "--source", "plc").stdout
    (row,) = json.loads(ovoo_edge(tmp_path, "trust", "list", "--json").stdout)
    assert (row["state"], row["source"], row["fingerprint"]) == ("trusted", "plc", own)
    assert "已信任" in ovoo_edge(tmp_path, "trust", "list", language="zh").stdout
    assert "is rejected" in ovoo_edge(tmp_path, "trust", "reject", own[:16]).stdout
    assert "is removed" in ovoo_edge(tmp_path, "trust", "remove", own[:16]).stdout
    assert "no certificates" in ovoo_edge(tmp_path, "trust", "list").stdout
    wrong = ovoo_edge(tmp_path, "trust", "approve", own[:16], "--source", "other")
    assert wrong.returncode == 3
    assert "one of plc" in wrong.stderr


@pytest.mark.parametrize(
    ("days", "level"),
    [(61, "ok"), (60, "notice"), (31, "notice"), (30, "warning"), (8, "warning"), (7, "critical"), (0, "critical"),
     (-1, "expired")],
)  # fmt: skip
def test_levels_at_60_30_and_7_days(days: int, level: str) -> None:
    end_ns = 1_800_000_000 * 10**9
    assert certificate_level(0, end_ns, end_ns - days * DAY_NS) == level
    assert certificate_level(end_ns, end_ns + 1, end_ns - DAY_NS) == "early"


def test_expiry_is_logged_once_a_day_and_shown(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", uri=URI, days=(-1.0, 29.5)), paths)
    store = TrustStore(tmp_path / "pki", "plc")
    store.add_file(make_pair(tmp_path / "y", "plc", uri=SERVER_URI, days=(-1.0, 59.5)).certificate.read_bytes())
    clock = [time.time_ns()]
    settings = OpcUaSettings("plc", "opc.tcp://plc:4840", certificate=paths.certificate, private_key=paths.private_key)
    watch = CertificateWatch(settings, store, lambda: clock[0])
    caplog.set_level(logging.WARNING)

    for _ in range(20):
        watch.look()
    assert caplog.text.count("event=certificate_expiry") == 2
    clock[0] += DAY_NS + 1
    watch.look()
    assert caplog.text.count("event=certificate_expiry") == 4
    assert [(item.role, item.level, item.days_left) for item in watch.status()] == [
        ("own", "warning", 28),
        ("server", "notice", 58),
    ]
    assert watch.problems() == ()
    clock[0] += 23 * DAY_NS
    (problem,) = watch.problems()
    assert (problem.offender, problem.status) == ("own certificate", "critical, 5 days left")
    assert "renew" in problem.remedy


class ClientCheck:
    """Lets only known application certificates open a session, as a server with a trust list does."""

    def __init__(self, *known: x509.Certificate) -> None:
        self.known = {item.public_bytes(Encoding.DER) for item in known}
        self.seen: list[str] = []

    async def __call__(self, certificate: x509.Certificate, _description: Any) -> None:
        from asyncua.common.utils import ServiceError

        self.seen.append(fingerprint(certificate))
        if certificate.public_bytes(Encoding.DER) not in self.known:
            raise ServiceError(ua.StatusCodes.BadSecurityChecksFailed)


def table(server: UaTestServer, paths: OwnPaths) -> dict[str, Any]:
    return {
        "name": "plc",
        "driver": "opcua",
        "endpoint": server.endpoint,
        "security_policy": "Basic256Sha256",
        "certificate": str(paths.certificate),
        "private_key": str(paths.private_key),
        "publishing_interval_ms": 20,
        "keep_alive_s": 0.5,
        "reconnect_min_s": 0.05,
        "reconnect_max_s": 0.2,
        "request_timeout_s": 5,
    }


def in_use(source: Any) -> list[str]:
    return [item.role for item in source.health().certificates if item.in_use and item.role != "server"]


@pytest.mark.server
async def test_overlap_rotation_without_a_restart(tmp_path: pathlib.Path) -> None:
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", uri=URI), paths)
    server_pair = make_pair(tmp_path / "s", "plc", uri=SERVER_URI)
    TrustStore(tmp_path / "plc-pki", "plc").add_file(server_pair.certificate.read_bytes())
    check = ClientCheck(usable(paths, URI, time.time_ns())[0].certificate)
    server = await UaTestServer().start(secured_with(server_pair, SERVER_URI, clients=check))
    try:
        async with running(table(server, paths), SIGNALS, tmp_path) as (source, collector):
            await until(lambda: source.health().state == "running", str(source.health()))
            following = make(paths.next)
            await server.forget_clients()
            await until(lambda: fingerprint(following) in check.seen, "the next one was tried")
            await until(lambda: in_use(source) == ["own"] and source.health().state == "degraded", "old one works on")
            assert "does not take it yet" in source.health().problems[0].status

            check.known.add(following.public_bytes(Encoding.DER))
            await server.forget_clients()
            await until(lambda: in_use(source) == ["next"] and source.health().state == "running", "changed over")
            activate(paths)
            await server.forget_clients()
            await until(lambda: in_use(source) == ["own"] and source.health().state == "running", "activated")
            await server.write("a", 8.5)
            await until(lambda: 8.5 in collector.values(0), "value")
    finally:
        await server.stop()


@pytest.mark.server
async def test_the_next_certificate_takes_over_when_the_old_one_expires(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ovoo_edge.sources.opcua_expiry._CHANGE_LOOK_S", 0.05)
    ahead_ns = [0]
    paths = paths_of(tmp_path)
    put(make_pair(tmp_path / "x", "gw", uri=URI, days=(-1.0, 20.0)), paths)
    server_pair = make_pair(tmp_path / "s", "plc", uri=SERVER_URI)
    TrustStore(tmp_path / "plc-pki", "plc").add_file(server_pair.certificate.read_bytes())
    server = await UaTestServer().start(secured_with(server_pair, SERVER_URI))
    try:

        def wall_ns() -> int:
            return time.time_ns() + ahead_ns[0]

        async with running(table(server, paths), SIGNALS, tmp_path, wall_ns=wall_ns) as (source, collector):
            await until(lambda: source.health().state == "running", "connected")
            assert in_use(source) == ["own"]
            make(paths.next)
            ahead_ns[0] = 21 * DAY_NS
            await until(lambda: in_use(source) == ["next"], "changed over at the end of the old one")
            await server.write("a", 9.5)
            await until(lambda: 9.5 in collector.values(0), "value")
    finally:
        await server.stop()


def test_prometheus_has_the_end_of_every_certificate() -> None:
    sources = [
        {
            "name": "plc",
            "certificates": [
                {"role": "own", "subject": "CN=gw", "fingerprint": "ab" * 32, "not_after_ns": 1_800_000_000 * 10**9}
            ],
        }
    ]
    (sample,) = _Snapshot({})._certificates(sources).samples
    assert sample.value == 1_800_000_000
    assert sample.labels == {"source": "plc", "role": "own", "subject": "CN=gw", "fingerprint": "ab" * 8}
