"""The gateway's own OPC UA certificates: the one in use, and the next one that waits for the servers' approval."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import os
import pathlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ovoo_contract.errors import ConfigError, OvooError, Untrusted

from ovoo_edge.sources.opcua_certificates import application_uris, check_period, check_strength, load_file

__all__ = [
    "CertificateRequest",
    "OwnIdentity",
    "OwnPaths",
    "activate",
    "create",
    "load_identity",
    "load_pair",
    "usable",
]

_BACKDATED = datetime.timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class OwnPaths:
    """Files of a certificate and its private key."""

    certificate: pathlib.Path
    private_key: pathlib.Path

    @property
    def next(self) -> OwnPaths:
        """Where the next pair waits: `gateway.pem` becomes `gateway.next.pem`."""
        return OwnPaths(_beside(self.certificate, "next"), _beside(self.private_key, "next"))

    @property
    def exist(self) -> bool:
        """True when both files are there."""
        return self.certificate.is_file() and self.private_key.is_file()


@dataclass(frozen=True, slots=True)
class OwnIdentity:
    """A certificate with its chain and the key that belongs to it, checked; the key never leaves this object."""

    role: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    private_key: rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class CertificateRequest:
    """What a new self-signed application certificate says.

    Attributes:
        application_uri: its URI; servers compare it with what the gateway calls itself.
        common_name: of the subject.
        organisation: of the subject, may be empty.
        hosts: DNS names and addresses of this gateway.
        bits: size of the RSA key, 2048 or 3072.
        days: validity, 1 to 7300.
    """

    application_uri: str
    common_name: str
    organisation: str = ""
    hosts: tuple[str, ...] = ()
    bits: int = 2048
    days: int = 1095


def load_identity(paths: OwnPaths, application_uri: str, role: str) -> OwnIdentity:
    """Reads and checks a pair, its period left aside.

    Raises:
        Untrusted: a file cannot be read, the pair does not fit together, or the certificate is of no use to a server.
    """
    identity = _load(paths, role)
    uris = application_uris(identity.certificate)
    if application_uri not in uris:
        raise Untrusted(
            "own certificate has another application URI",
            offender=str(paths.certificate),
            value=uris,
            remedy=f"set application_uri to it, or make a certificate for {application_uri}",
        )
    return identity


def load_pair(paths: OwnPaths, role: str, now_ns: int) -> OwnIdentity:
    """A user's pair, valid now; raises Untrusted as `load_identity` does."""
    identity = _load(paths, role)
    check_period(identity.certificate, f"{role} certificate", str(paths.certificate), now_ns)
    return identity


def _load(paths: OwnPaths, role: str) -> OwnIdentity:
    word = "user" if role == "user" else "own"
    certificate, *chain = load_file(paths.certificate)
    key = _load_key(paths.private_key)
    if _public(key) != certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo):
        raise Untrusted(
            f"{word} private key does not belong to the certificate",
            offender=str(paths.private_key),
            value=str(paths.certificate),
            remedy="name the two files that were made together, or make both anew",
        )
    check_strength(certificate, f"{word} certificate", str(paths.certificate))
    return OwnIdentity(role, certificate, tuple(chain), key)


def usable(paths: OwnPaths, application_uri: str, now_ns: int) -> list[OwnIdentity]:
    """The identities to try with a server, the next one first; a next pair that is faulty counts as absent.

    Raises:
        Untrusted: none can be used; the message is about the current one.
    """
    found: list[OwnIdentity] = []
    if paths.next.exist:
        with contextlib.suppress(Untrusted):
            found.append(_valid(paths.next, application_uri, "next", now_ns))
    try:
        found.append(_valid(paths, application_uri, "own", now_ns))
    except Untrusted:
        if not found:
            raise
    return found


def _valid(paths: OwnPaths, application_uri: str, role: str, now_ns: int) -> OwnIdentity:
    identity = load_identity(paths, application_uri, role)
    check_period(identity.certificate, "own certificate", str(paths.certificate), now_ns)
    return identity


def _load_key(path: pathlib.Path) -> rsa.RSAPrivateKey:
    try:
        content = path.read_bytes()
        load = load_pem_private_key if b"-----BEGIN" in content else load_der_private_key
        key = load(content, password=None)
    except OSError as error:
        raise Untrusted(
            "private key cannot be read",
            offender=str(path),
            value=error.strerror,
            remedy="correct path and permissions",
        ) from error
    except (TypeError, UnsupportedAlgorithm, ValueError) as error:
        # the library's words may quote the file, so they are left out
        raise Untrusted(
            "not an unencrypted private key", offender=str(path), remedy="give it as PEM or DER without a password"
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Untrusted("private key is not RSA", offender=str(path), remedy="OPC UA policies need RSA")
    return key


def _public(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def create(paths: OwnPaths, request: CertificateRequest, now: datetime.datetime) -> x509.Certificate:
    """Makes a key and a self-signed certificate and stores both; files that are there stay until both are written.

    Raises:
        ConfigError: a host is neither a name nor an address.
        OvooError: the disk refuses; nothing was changed.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=request.bits)
    certificate = _self_signed(key, request, now)
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _store([(paths.private_key, key_pem, 0o600), (paths.certificate, certificate.public_bytes(Encoding.PEM), 0o644)])
    return certificate


def activate(paths: OwnPaths) -> OwnPaths:
    """Makes the next pair the current one; the replaced pair is kept as `*.old.*`. Returns where.

    Raises:
        ConfigError: there is no next pair.
    """
    if not paths.next.exist:
        raise ConfigError(
            "no next certificate waits",
            offender=str(paths.next.certificate),
            remedy="make one: ovoo-edge certificate renew",
        )
    old = OwnPaths(_beside(paths.certificate, "old"), _beside(paths.private_key, "old"))
    # stopped in between, the current pair may not fit together; the complete next pair is then used, and again is next
    _copy(paths.private_key, old.private_key, 0o600)
    _copy(paths.certificate, old.certificate, 0o644)
    _copy(paths.next.private_key, paths.private_key, 0o600)
    _copy(paths.next.certificate, paths.certificate, 0o644)
    paths.next.certificate.unlink()
    paths.next.private_key.unlink()
    return old


def _copy(source: pathlib.Path, target: pathlib.Path, mode: int) -> None:
    if source.is_file():
        _store([(target, source.read_bytes(), mode)])


def _store(files: Sequence[tuple[pathlib.Path, bytes, int]]) -> None:
    """Writes all contents beside their targets, then puts them in place."""
    written: list[tuple[pathlib.Path, pathlib.Path]] = []
    try:
        for path, content, mode in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            new = path.with_name(path.name + ".new")
            new.unlink(missing_ok=True)
            written.append((new, path))
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        for new, path in written:
            new.replace(path)
    except OSError as error:
        for new, _ in written:
            new.unlink(missing_ok=True)
        raise OvooError(
            "cannot be written, nothing was changed",
            offender=str(files[0][0].parent),
            value=error.strerror,
            remedy="free the disk or correct the permissions",
        ) from error


def _beside(path: pathlib.Path, word: str) -> pathlib.Path:
    stem, dot, rest = path.name.partition(".")
    return path.with_name(f"{stem}.{word}{dot}{rest}")


def _self_signed(key: rsa.RSAPrivateKey, request: CertificateRequest, now: datetime.datetime) -> x509.Certificate:
    subject = [x509.NameAttribute(NameOID.COMMON_NAME, request.common_name)]
    if request.organisation:
        subject.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organisation))
    names: list[x509.GeneralName] = [x509.UniformResourceIdentifier(request.application_uri)]
    names += [_host_name(host) for host in request.hosts]
    own_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH]
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name(subject))
        .issuer_name(x509.Name(subject))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + datetime.timedelta(days=request.days))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_USAGE, critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .add_extension(own_key, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own_key), critical=False)
        .sign(key, hashes.SHA256())
    )


def _host_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return x509.DNSName(host)
    except ValueError as error:
        raise ConfigError("neither a name nor an address", offender="host", value=host, remedy=str(error)) from error


# self-signed application certificates sign themselves, so Part 6 wants keyCertSign too
_USAGE = x509.KeyUsage(
    digital_signature=True,
    content_commitment=True,
    key_encipherment=True,
    data_encipherment=True,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
