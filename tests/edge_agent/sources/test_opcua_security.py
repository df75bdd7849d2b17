"""Policies, trust and identities against a real secured asyncua server."""

from __future__ import annotations

import logging
import pathlib
import shutil
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from asyncua.crypto.permission_rules import User, UserRole
from ovoo_edge.sources.base import SignalMap
from ovoo_edge.sources.opcua_trust import TrustStore
from ovoo_edge.sources.ua_api import ua

from tests.edge_agent.sources.certificates import KeyPair, make_pair
from tests.edge_agent.sources.harness import address, running, until
from tests.edge_agent.sources.ua_server import UaTestServer, node

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.server]
PASSWORD = "geheim-瓦斯-7"
CLIENT_URI = "urn:ovoo:edge"
POLICIES = ("Basic256Sha256", "Aes128Sha256RsaOaep", "Aes256Sha256RsaPss")
MODES = ("Sign", "SignAndEncrypt")


class Keys:
    """Key pairs of one test module."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.server = make_pair(folder, "plc-server", uri="urn:test:server")
        self.client = make_pair(folder, "gateway", uri=CLIENT_URI)
        self.person = make_pair(folder, "operator")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys(tmp_path_factory.mktemp("keys"))


class Users:
    """Knows one password and one certificate; anonymous only where told so."""

    def __init__(self, person: KeyPair) -> None:
        self._person = person

    def get_user(
        self, _server: Any, username: Any = None, password: Any = None, certificate: Any = None
    ) -> User | None:
        if username == "reader":
            return User(UserRole.User, "reader") if password == PASSWORD else None
        if certificate == self._person.der:
            return User(UserRole.User, "operator")
        return None


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(keys: Keys) -> AsyncIterator[UaTestServer]:
    async def secure(server: Any) -> None:
        await server.set_application_uri("urn:test:server")
        await server.load_certificate(str(keys.server.certificate))
        await server.load_private_key(str(keys.server.key))
        server.set_security_policy(
            [getattr(ua.SecurityPolicyType, f"{policy}_{mode}") for policy in POLICIES for mode in MODES]
        )
        server.set_identity_tokens([ua.UserNameIdentityToken, ua.X509IdentityToken])
        server.iserver.user_manager = Users(keys.person)

    server = await UaTestServer().start(secure)
    yield server
    await server.stop()


def table(plant: UaTestServer, keys: Keys, folder: pathlib.Path, **extra: Any) -> dict[str, Any]:
    password = folder / "password"
    password.write_text(PASSWORD + "\n", encoding="utf-8")
    identity = {} if "user_certificate" in extra else {"user": "reader", "password_file": str(password)}
    return {
        "name": "plc",
        "driver": "opcua",
        "endpoint": plant.endpoint,
        "security_policy": "Basic256Sha256",
        "security_mode": "SignAndEncrypt",
        "certificate": str(keys.client.certificate),
        "private_key": str(keys.client.key),
        "publishing_interval_ms": 20,
        "keep_alive_s": 0.5,
        "reconnect_min_s": 0.05,
        "reconnect_max_s": 0.2,
        "request_timeout_s": 5,
        **identity,
        **extra,
    }


SIGNALS = [SignalMap(0, address("a"), node("a"))]


def person_identity(keys: Keys) -> dict[str, str]:
    return {"user_certificate": str(keys.person.certificate), "user_private_key": str(keys.person.key)}


def trust(folder: pathlib.Path, pair: KeyPair) -> None:
    trusted = folder / "plc-pki" / "trusted"
    trusted.mkdir(parents=True)
    shutil.copy(pair.certificate, trusted / "server.pem")


@pytest.mark.parametrize("identity", ["password", "certificate"])
@pytest.mark.parametrize("mode", ["Sign", "SignAndEncrypt"])
@pytest.mark.parametrize("policy", ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"])
async def test_every_policy_mode_and_identity(
    plant: UaTestServer, keys: Keys, tmp_path: pathlib.Path, policy: str, mode: str, identity: str
) -> None:
    trust(tmp_path, keys.server)
    extra = person_identity(keys) if identity == "certificate" else {}
    settings = table(plant, keys, tmp_path, security_policy=policy, security_mode=mode, **extra)

    async with running(settings, SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", str(source.health()))
        await plant.write("a", 5.5)
        await until(lambda: 5.5 in collector.values(0), "value")
        (channel,) = [item for item in plant.channels() if item.Mode.name == mode]
        assert channel.URI.endswith(policy)


async def test_identity_by_certificate_survives_a_cut(plant: UaTestServer, keys: Keys, tmp_path: pathlib.Path) -> None:
    trust(tmp_path, keys.server)

    async with running(table(plant, keys, tmp_path, **person_identity(keys)), SIGNALS, tmp_path) as (source, collector):
        await until(lambda: source.health().state == "running", "connected")
        plant.drop_connections()
        await plant.write("a", 6.5)
        await until(lambda: 6.5 in collector.values(0), "value after the cut")
        assert source.health().counters["resumed_subscriptions"] == 1


async def test_untrusted_certificate_waits_for_a_person(
    plant: UaTestServer, keys: Keys, tmp_path: pathlib.Path
) -> None:
    async with running(table(plant, keys, tmp_path), SIGNALS, tmp_path) as (source, collector):
        await until(lambda: bool(source.health().problems), "refused")
        problem = source.health().problems[0]
        store = TrustStore(tmp_path / "plc-pki", "plc")
        (entry,) = store.entries()
        assert problem.status == "server certificate is not trusted"
        assert (entry.state, entry.certificate) == ("pending", keys.server.parsed)
        assert f"ovoo-edge trust approve {entry.fingerprint[:16]} --source plc" in problem.remedy
        for part in (entry.fingerprint, "CN=plc-server", f"{keys.server.parsed.not_valid_after_utc:%Y-%m-%d}"):
            assert part in source.health().detail

        store.approve(entry)
        await until(lambda: len(collector.rows()) > 0, "values without a restart")
        assert [entry.state for entry in store.entries()] == ["trusted"]


async def test_wrong_password_is_said_plainly(plant: UaTestServer, keys: Keys, tmp_path: pathlib.Path) -> None:
    trust(tmp_path, keys.server)
    settings = table(plant, keys, tmp_path)
    (tmp_path / "password").write_text("wrong", encoding="utf-8")

    async with running(settings, SIGNALS, tmp_path) as (source, _):
        await until(lambda: bool(source.health().problems), "refused")
        problem = source.health().problems[0]

    assert problem.status == "the server refuses this identity"
    assert "password_file" in problem.remedy


async def test_missing_security_mode_lists_what_the_server_offers(tmp_path: pathlib.Path, keys: Keys) -> None:
    server = await UaTestServer().start()
    try:
        settings = table(server, keys, tmp_path)
        async with running(settings, SIGNALS, tmp_path) as (source, _):
            await until(lambda: bool(source.health().problems), "refused")
            assert "no endpoint Basic256Sha256/SignAndEncrypt" in source.health().problems[0].status
            assert "None/None" in source.health().detail
    finally:
        await server.stop()


async def test_secrets_never_reach_the_log(
    plant: UaTestServer, keys: Keys, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    trust(tmp_path, keys.server)
    caplog.set_level(logging.DEBUG)

    async with running(table(plant, keys, tmp_path), SIGNALS, tmp_path) as (source, _):
        await until(lambda: source.health().state == "running", "connected")

    written = "\n".join(record.getMessage() for record in caplog.records if "asyncua.server" not in record.name)
    assert PASSWORD not in written
    assert "AuthenticationToken=NodeId(Identifier=1" not in written
    assert PASSWORD not in (tmp_path / "plc.session.json").read_text()


async def test_a_password_never_crosses_the_network_in_the_clear(
    keys: Keys, tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def plain(server: Any) -> None:
        server.set_identity_tokens([ua.UserNameIdentityToken])
        server.iserver.user_manager = Users(keys.person)

    server = await UaTestServer().start(plain)
    nothing = {"security_policy": "None", "security_mode": "None"}
    try:
        async with running(table(server, keys, tmp_path, **nothing), SIGNALS, tmp_path) as (source, _):
            await until(lambda: bool(source.health().problems), "refused")
            problem = source.health().problems[0]
            assert problem.status == "the password would cross the network unencrypted"
            assert "allow_plain_password" in problem.remedy
        allowed = table(server, keys, tmp_path, allow_plain_password=True, **nothing)
        async with running(allowed, SIGNALS, tmp_path) as (source, _):
            await until(lambda: source.health().state == "running", "allowed on purpose")
    finally:
        await server.stop()
