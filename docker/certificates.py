"""The certificates of one site, for `prepare`: each is made once and never touched again.

    certificates.py site STATE [NAME ...]      broker and cloud (signed by the cloud's authority), OPC UA on both sides
    certificates.py gateway STATE GATEWAY      enrols a gateway with the one-time token on standard input

STATE is the folder that the compose file mounts from; NAME are further names or addresses of the broker.
"""

from __future__ import annotations

import argparse
import datetime
import ipaddress
import os
import pathlib
import sys
import time
from collections.abc import Sequence
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ovoo_cloud.access import enrolment
from ovoo_cloud.access.authority import Authority
from ovoo_cloud.catalogue.database import Database

__all__ = ["main"]

CLOUD_NAME: Final = "ovoo-cloud"
"""Common name of the cloud's client certificate: the broker's access list knows it."""
_BROKER_NAMES: Final = ("mosquitto", "localhost", "127.0.0.1")
_BROKER_DAYS: Final = 825
_OPCUA_DAYS: Final = 3650
_BACKDATE: Final = datetime.timedelta(hours=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def main(arguments: Sequence[str], now_ns: int) -> None:
    """Makes what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    site = verbs.add_parser("site")
    site.add_argument("state", type=pathlib.Path)
    site.add_argument("names", nargs="*")
    gateway = verbs.add_parser("gateway")
    gateway.add_argument("state", type=pathlib.Path)
    gateway.add_argument("gateway")
    parsed = parser.parse_args(arguments)
    if parsed.verb == "gateway":
        _enrol(parsed.state, parsed.gateway, sys.stdin.read().strip(), now_ns)
        return
    now = datetime.datetime.fromtimestamp(now_ns // 1_000_000_000, datetime.UTC)
    _broker(parsed.state, (*_BROKER_NAMES, *parsed.names), now)
    _cloud(parsed.state, now_ns)
    _opcua(parsed.state, now)


def _broker(state: pathlib.Path, names: Sequence[str], now: datetime.datetime) -> None:
    """The broker's server certificate; the cloud's own authority signs client certificates only."""
    folder = state / "broker"
    if (folder / "broker.crt").exists():
        return
    authority = state / "cloud" / "authority"
    issuer = x509.load_pem_x509_certificate((authority / "ca.crt").read_bytes())
    issuer_key = serialization.load_pem_private_key((authority / "ca.key").read_bytes(), None)
    if not isinstance(issuer_key, ec.EllipticCurvePrivateKey):
        raise SystemExit(f"{authority / 'ca.key'}: not an EC key; restore it from the backup")
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        _builder(_name(names[0]), issuer.subject, key, now, _BROKER_DAYS)
        .add_extension(x509.SubjectAlternativeName([_general_name(name) for name in dict.fromkeys(names)]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(encipherment=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    _write(folder / "ca.crt", _pem(issuer))
    _write(folder / "broker.key", _private(key))
    _write(folder / "broker.crt", _pem(certificate))


def _cloud(state: pathlib.Path, now_ns: int) -> None:
    """The cloud's client certificate for the broker."""
    folder = state / "cloud-certificates"
    if (folder / "client.crt").exists():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    signed = Authority(state / "cloud" / "authority").sign(_request(key, CLOUD_NAME), CLOUD_NAME, now_ns)
    _write(folder / "ca.crt", signed.ca_pem)
    _write(folder / "client.key", _private(key))
    _write(folder / "client.crt", signed.certificate_pem)


def _enrol(state: pathlib.Path, gateway: str, token: str, now_ns: int) -> None:
    """The gateway's certificate by its one-time token, as `ovoo-edge enrol` gets it, without a running cloud."""
    folder = state / "edge" / "identity"
    key = ec.generate_private_key(ec.SECP256R1())
    database = Database(f"sqlite:///{state / 'cloud' / 'catalogue.db'}")
    try:
        with database.write() as session:
            authority = Authority(state / "cloud" / "authority")
            signed = enrolment.redeem(session, authority, token, _request(key, gateway), now_ns).certificate
            _write(folder / "ca.pem", signed.ca_pem)
            _write(folder / "gateway.key", _private(key))
            _write(folder / "gateway.pem", signed.certificate_pem)
    finally:
        database.close()


def _opcua(state: pathlib.Path, now: datetime.datetime) -> None:
    """Application certificates of the gateway and of the simulated controller; each is told to trust the other."""
    own, server = state / "edge" / "opcua", state / "simulator" / "pki"
    if not (own / "own.pem").exists():
        key, certificate = _application("heishan-gw1", "urn:ovoo:edge:heishan-gw1", "edge", now)
        _write(own / "own.key.pem", _private(key))
        _write(state / "simulator" / "trusted-clients" / "edge.pem", _pem(certificate))
        _write(own / "own.pem", _pem(certificate))
    if not (server / "server.der").exists():
        key, certificate = _application("Ovoo simulator", "urn:ovoo:simulator:heishan", "simulator", now)
        der = certificate.public_bytes(serialization.Encoding.DER)
        _write(server / "server.pem", _private(key))
        _write(own / "trusted" / "simulator.der", der)
        _write(server / "server.der", der)


def _application(name: str, uri: str, host: str, now: datetime.datetime) -> tuple[rsa.RSAPrivateKey, x509.Certificate]:
    """A self-signed OPC UA application certificate: Basic256Sha256 asks for RSA."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    names = [x509.UniformResourceIdentifier(uri), x509.DNSName(host)]
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _builder(_name(name), _name(name), key, now, _OPCUA_DAYS)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(encipherment=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key, certificate


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, now: datetime.datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + datetime.timedelta(days=days))
    )


def _usage(*, encipherment: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=encipherment,
        key_encipherment=encipherment,
        data_encipherment=encipherment,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _request(key: Key, name: str) -> bytes:
    request = x509.CertificateSigningRequestBuilder().subject_name(_name(name)).sign(key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM)


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _private(key: Key) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: pathlib.Path, content: bytes) -> None:
    """Writes a file of mode 0600 that is never there by half."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if __name__ == "__main__":
    main(sys.argv[1:], time.time_ns())
