"""Certificates of OPC UA applications: self-signed or issued by a test authority, sound or faulty on purpose."""

from __future__ import annotations

import ipaddress
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_HOSTS = ("localhost", "127.0.0.1")
_DAYS = (-1.0, 365.0)
_SHA256_WITH_RSA = bytes.fromhex("2a864886f70d01010b")
_SHA1_WITH_RSA = bytes.fromhex("2a864886f70d010105")


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A certificate and its key as PEM files."""

    certificate: pathlib.Path
    key: pathlib.Path
    parsed: x509.Certificate

    @property
    def der(self) -> bytes:
        """The certificate as DER."""
        return self.parsed.public_bytes(Encoding.DER)


def make_pair(
    folder: pathlib.Path,
    name: str,
    *,
    uri: str = "",
    days: tuple[float, float] = _DAYS,
    hosts: Sequence[str] = _HOSTS,
    bits: int = 2048,
    sha1: bool = False,
) -> KeyPair:
    """A self-signed key pair for `hosts` and `uri`, valid between the two days from now."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    subject = _name(name)
    builder = _builder(subject, subject, private.public_key(), days).add_extension(_names(uri, hosts), critical=False)
    parsed = builder.add_extension(_USAGE, critical=True).sign(private, hashes.SHA256())
    return _write(folder, name, private, _signed_with_sha1(parsed, private) if sha1 else parsed)


def _signed_with_sha1(certificate: x509.Certificate, private: rsa.RSAPrivateKey) -> x509.Certificate:
    """The same certificate signed as ten years ago, which the library no longer does by itself."""
    der = certificate.public_bytes(Encoding.DER).replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    to_sign = x509.load_der_x509_certificate(der).tbs_certificate_bytes
    signature = private.sign(to_sign, padding.PKCS1v15(), hashes.SHA1())
    return x509.load_der_x509_certificate(der[: -len(signature)] + signature)


class TestAuthority:
    """An RSA authority that issues application certificates, intermediates and revocation lists."""

    __test__ = False

    def __init__(
        self,
        folder: pathlib.Path,
        name: str = "Plant CA",
        *,
        parent: TestAuthority | None = None,
        path_length: int | None = None,
        days: tuple[float, float] = _DAYS,
    ) -> None:
        self._folder = folder
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        issuer, issuer_key = (parent.parsed.subject, parent._key) if parent else (_name(name), self._key)
        builder = _builder(_name(name), issuer, self._key.public_key(), days)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
        self.parsed: x509.Certificate = builder.add_extension(_AUTHORITY_USAGE, critical=True).sign(
            issuer_key, hashes.SHA256()
        )
        folder.mkdir(parents=True, exist_ok=True)
        self.certificate = folder / f"{name.replace(' ', '-')}.pem"
        self.certificate.write_bytes(self.parsed.public_bytes(Encoding.PEM))

    @property
    def der(self) -> bytes:
        """The authority's certificate as DER."""
        return self.parsed.public_bytes(Encoding.DER)

    def issue(self, name: str, *, uri: str = "", days: tuple[float, float] = _DAYS) -> KeyPair:
        """An application certificate signed by this authority."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        builder = _builder(_name(name), self.parsed.subject, private.public_key(), days)
        builder = builder.add_extension(_names(uri, _HOSTS), critical=False)
        return _write(self._folder, name, private, builder.sign(self._key, hashes.SHA256()))

    def revoke(self, *pairs: KeyPair, days: tuple[float, float] = _DAYS) -> bytes:
        """A revocation list (PEM) with these certificates, issued and due on the two days from now."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.parsed.subject)
            .last_update(now + timedelta(days=days[0]))
            .next_update(now + timedelta(days=days[1]))
        )
        for pair in pairs:
            revoked = x509.RevokedCertificateBuilder().serial_number(pair.parsed.serial_number).revocation_date(now)
            builder = builder.add_revoked_certificate(revoked.build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _names(uri: str, hosts: Sequence[str]) -> x509.SubjectAlternativeName:
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(uri)] if uri else []
    for host in hosts:
        try:
            names.append(x509.IPAddress(ipaddress.ip_address(host)))
        except ValueError:
            names.append(x509.DNSName(host))
    return x509.SubjectAlternativeName(names)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: rsa.RSAPublicKey, days: tuple[float, float]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
    )


def _write(folder: pathlib.Path, name: str, private: rsa.RSAPrivateKey, parsed: x509.Certificate) -> KeyPair:
    folder.mkdir(parents=True, exist_ok=True)
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key.pem"
    certificate.write_bytes(parsed.public_bytes(Encoding.PEM))
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    return KeyPair(certificate, key, parsed)


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=True,
        data_encipherment=True,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


_USAGE = _usage(signs_certificates=False)
_AUTHORITY_USAGE = _usage(signs_certificates=True)
