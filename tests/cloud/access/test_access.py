from __future__ import annotations

import pathlib
import stat

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ovoo_cloud.access import enrolment, passwords, tokens, users
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.access.roles import CENTRAL_ROLES, PERMISSIONS, Permission, Role
from ovoo_cloud.access.scope import Scope
from ovoo_cloud.catalogue import gateways
from ovoo_cloud.catalogue.database import Database
from ovoo_contract.errors import ConfigError, Forbidden, NotFound, StoreError, Unauthenticated

from tests.cloud import builders
from tests.cloud.builders import ENTERPRISE, GATEWAY, T0, S

SYSTEM = Scope.system()


def csr(name: str, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> bytes:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    return signed.public_bytes(serialization.Encoding.PEM)


@pytest.fixture(autouse=True)
def _tenant(database: Database) -> None:
    with database.write() as session:
        builders.tenant(session)
        users.create_user(
            session,
            SYSTEM,
            "li",
            password="correct horse",
            role=Role.ENTERPRISE_ENGINEER,
            enterprises=[ENTERPRISE],
            now_ns=T0,
        )


@pytest.fixture
def authority(tmp_path: pathlib.Path) -> Authority:
    made = Authority(tmp_path / "authority")
    made.create("Ovoo CA", T0)
    return made


def test_every_role_has_a_row_and_only_the_centre_reaches_everything() -> None:
    assert set(PERMISSIONS) == set(Role)
    enterprises_own = {Permission.GIVE_CONSENT, Permission.CONFIRM_CASE}  # never in the name of an enterprise
    assert PERMISSIONS[Role.CENTRE_ADMIN] == frozenset(Permission) - enterprises_own
    assert Permission.READ_TELEMETRY not in PERMISSIONS[Role.REGION_VIEWER] | PERMISSIONS[Role.FLEET_OPERATOR]
    assert Permission.ACK_ALARM not in PERMISSIONS[Role.ENTERPRISE_VIEWER]


@pytest.mark.parametrize("role", sorted(set(Role) - CENTRAL_ROLES))
def test_a_plants_role_without_a_plant_is_refused(role: Role) -> None:
    with pytest.raises(ConfigError, match="belongs to an enterprise"):
        Scope("li", role)


def test_a_token_gives_the_scope_of_its_user(database: Database) -> None:
    with database.write() as session:
        issued = tokens.issue(session, "li", kind="bearer", label="x", lifetime_s=60, now_ns=T0, personal=True)
        scope = tokens.authenticate(session, issued.text, T0 + 59 * S)
    assert scope == Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE}), voices=frozenset(), personal=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param("expire", "expired", id="expired"),
        pytest.param("revoke", "withdrawn", id="revoked"),
        pytest.param("disable", "withdrawn", id="disabled user"),
        pytest.param("guess", "unknown token", id="wrong secret"),
        pytest.param("mangle", "not a token", id="mangled"),
        pytest.param("kind", "withdrawn", id="session instead of bearer"),
    ],
)
def test_a_token_that_is_no_longer_good_says_why(database: Database, change: str, message: str) -> None:
    with database.write() as session:
        issued = tokens.issue(session, "li", kind="bearer", label="x", lifetime_s=60, now_ns=T0, personal=True)
        text, now_ns = issued.text, T0
        if change == "expire":
            now_ns = T0 + 60 * S
        elif change == "revoke":
            tokens.revoke(session, Scope("li", Role.ENTERPRISE_ENGINEER, frozenset({ENTERPRISE})), issued.id)
        elif change == "disable":
            users.set_disabled(session, SYSTEM, "li", True, T0)
        elif change == "guess":
            text = text[:-3] + "xyz"
        elif change == "mangle":
            text = "ovoo_short"
        with pytest.raises(Unauthenticated, match=message):
            tokens.authenticate(session, text, now_ns, kind="session" if change == "kind" else None)


def test_nobody_revokes_somebody_elses_token(database: Database) -> None:
    with database.write() as session:
        issued = tokens.issue(session, "li", kind="bearer", label="x", lifetime_s=60, now_ns=T0, personal=True)
        with pytest.raises(NotFound):
            tokens.revoke(session, Scope("eve", Role.CENTRE_EXPERT), issued.id)


def test_the_secret_is_nowhere_in_the_database(database: Database) -> None:
    with database.write() as session:
        issued = tokens.issue(session, "li", kind="bearer", label="x", lifetime_s=60, now_ns=T0, personal=True)
        (row,) = tokens.tokens(session, SYSTEM, "li")
    assert issued.text.split("_", 2)[2] not in str(vars(row))


def test_signing_in_and_the_lock_after_five_failures(database: Database) -> None:
    with database.write() as session:
        assert users.sign_in(session, "li", "correct horse", T0) is not None
        assert users.sign_in(session, "nobody", "correct horse", T0) is None
        for _ in range(5):
            assert users.sign_in(session, "li", "wrong", T0) is None
        with pytest.raises(Unauthenticated, match="too many attempts"):
            users.sign_in(session, "li", "correct horse", T0 + S)
        assert users.sign_in(session, "li", "correct horse", T0 + 301 * S) is not None


def test_a_new_password_ends_every_session(database: Database) -> None:
    with database.write() as session:
        issued = tokens.issue(session, "li", kind="session", label="", lifetime_s=60, now_ns=T0, personal=True)
        users.set_password(session, SYSTEM, "li", "another password", T0)
        with pytest.raises(Unauthenticated, match="withdrawn"):
            tokens.authenticate(session, issued.text, T0)


def test_users_are_checked_when_they_are_made(database: Database) -> None:
    with database.write() as session:
        for name, password, role, message in (
            ("x", "long enough!", Role.CENTRE_ADMIN, "not a user name"),
            ("li", "long enough!", Role.CENTRE_ADMIN, "taken"),
            ("bo", "short", Role.CENTRE_ADMIN, "password"),
            ("bo", "long enough!", Role.ENTERPRISE_VIEWER, "belongs to an enterprise"),
        ):
            with pytest.raises(ConfigError, match=message):
                users.create_user(session, SYSTEM, name, password=password, role=role, now_ns=T0)
        with pytest.raises(Forbidden):
            users.create_user(
                session,
                Scope("bai", Role.CENTRE_EXPERT),
                "bo",
                password="long enough!",
                role=Role.CENTRE_ADMIN,
                now_ns=T0,
            )


def test_passwords_are_argon2id_and_an_unknown_user_costs_a_check_too() -> None:
    hashed = passwords.hash_password("correct horse")

    assert hashed.startswith("$argon2id$")
    assert passwords.check_password("correct horse", hashed)
    assert not passwords.check_password("correct horse", None)
    assert len(passwords.one_time_password()) >= 20


def test_the_authoritys_key_is_for_its_owner_only(authority: Authority, tmp_path: pathlib.Path) -> None:
    key = tmp_path / "authority" / "ca.key"
    before = key.read_bytes()
    authority.create("Other", T0)

    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert key.read_bytes() == before


def test_a_gateway_gets_its_certificate_once(database: Database, authority: Authority) -> None:
    with database.write() as session:
        invited = enrolment.invite(session, SYSTEM, GATEWAY, lifetime_s=3600, now_ns=T0)
    with database.write() as session:
        enrolled = enrolment.redeem(session, authority, invited.text, csr(GATEWAY), T0 + S)

    certificate = x509.load_pem_x509_certificate(enrolled.certificate.certificate_pem)
    certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(enrolled.certificate.ca_pem))
    assert certificate.subject.rfc4514_string() == f"CN={GATEWAY}"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    with database.read() as session:
        row = gateways.gateway(session, SYSTEM, GATEWAY)
        assert (row.status, row.certificate_serial) == ("enrolled", f"{certificate.serial_number:x}")
    with database.write() as session, pytest.raises(Unauthenticated, match="was used"):
        enrolment.redeem(session, authority, invited.text, csr(GATEWAY), T0 + 2 * S)


def test_enrolment_tokens_end(database: Database, authority: Authority) -> None:
    with database.write() as session:
        first = enrolment.invite(session, SYSTEM, GATEWAY, lifetime_s=60, now_ns=T0)
        second = enrolment.invite(session, SYSTEM, GATEWAY, lifetime_s=60, now_ns=T0)
        with pytest.raises(Unauthenticated, match="expired"):
            enrolment.redeem(session, authority, first.text, csr(GATEWAY), T0 + S)
        with pytest.raises(Unauthenticated, match="expired"):
            enrolment.redeem(session, authority, second.text, csr(GATEWAY), T0 + 60 * S)
        gateways.set_status(session, SYSTEM, GATEWAY, "revoked", T0)
        with pytest.raises(Unauthenticated, match="revoked"):
            enrolment.redeem(session, authority, second.text, csr(GATEWAY), T0 + S)


@pytest.mark.parametrize(
    ("request_pem", "message"),
    [
        pytest.param(csr("another-gw"), "somebody else", id="other name"),
        pytest.param(b"-----BEGIN", "not a certificate request", id="no PEM"),
        pytest.param(csr(GATEWAY, rsa.generate_private_key(65537, 1024)), "weak", id="weak key"),
    ],
)
def test_a_bad_request_keeps_the_token_usable(
    database: Database, authority: Authority, request_pem: bytes, message: str
) -> None:
    with database.write() as session:
        invited = enrolment.invite(session, SYSTEM, GATEWAY, lifetime_s=60, now_ns=T0)
    with database.write() as session, pytest.raises(ConfigError, match=message):
        enrolment.redeem(session, authority, invited.text, request_pem, T0)
    with database.write() as session:
        assert enrolment.redeem(session, authority, invited.text, csr(GATEWAY), T0).gateway == GATEWAY


def test_without_init_the_authority_says_what_to_do(tmp_path: pathlib.Path) -> None:
    with pytest.raises(StoreError, match="ovoo-cloud init"):
        Authority(tmp_path).sign(csr(GATEWAY), GATEWAY, T0)
