"""Certificates and users of the simulated OPC UA server."""

from __future__ import annotations

import hmac
import pathlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from asyncua.crypto.permission_rules import User, UserRole
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ovoo_contract.errors import ConfigError

__all__ = ["OpcUaSecurity", "ServerIdentity", "UserTable", "server_identity"]

_VALID_DAYS = 3650
_USER = User(role=UserRole.User)


@dataclass(frozen=True, slots=True)
class ServerIdentity:
    """Files of the server's certificate (DER) and private key (PEM)."""

    certificate: pathlib.Path
    private_key: pathlib.Path


@dataclass(frozen=True, slots=True)
class OpcUaSecurity:
    """Who may connect, and how.

    Attributes:
        identity: certificate for Basic256Sha256; None offers the policy None only.
        passwords: user names and passwords; with any user or user certificate, anonymous access ends.
        user_certificates: files (DER or PEM) whose holders may sign in by certificate.
        trusted_clients: folder with the application certificates that may open a channel; None accepts all.
        encrypted_only: drops the policy None from the endpoints.
    """

    identity: ServerIdentity | None = None
    passwords: Mapping[str, str] = field(default_factory=dict)
    user_certificates: tuple[pathlib.Path, ...] = ()
    trusted_clients: pathlib.Path | None = None
    encrypted_only: bool = False

    def __post_init__(self) -> None:
        if self.encrypted_only and self.identity is None:
            raise ConfigError("encryption needs a certificate", offender="encrypted_only", remedy="give --pki FOLDER")


class UserTable:
    """asyncua's user manager over passwords and certificates."""

    def __init__(self, security: OpcUaSecurity) -> None:
        self._passwords = dict(security.passwords)
        self._certificates = {_read_certificate(path) for path in security.user_certificates}
        self._open = not self._passwords and not self._certificates

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        """The user, or None where name, password or certificate is unknown."""
        if self._open:
            return _USER
        if username is not None:
            known = self._passwords.get(username)
            same = known is not None and hmac.compare_digest(known.encode(), (password or "").encode())
            return _USER if same else None
        return _USER if certificate is not None and bytes(certificate) in self._certificates else None


def server_identity(folder: pathlib.Path, application_uri: str, now: datetime) -> ServerIdentity:
    """The certificate in `folder`, made on first use (RSA 2048, ten years, loopback names)."""
    identity = ServerIdentity(folder / "server.der", folder / "server.pem")
    if identity.certificate.exists() and identity.private_key.exists():
        return identity
    folder.mkdir(parents=True, exist_ok=True)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    certificate = _self_signed(key, application_uri, now)
    identity.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.DER))
    identity.private_key.touch(mode=0o600)
    identity.private_key.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return identity


def _self_signed(key: rsa.RSAPrivateKey, application_uri: str, now: datetime) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, "Ovoo simulator"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Ovoo"),
        ]
    )
    usage = x509.KeyUsage(
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
    names = [x509.UniformResourceIdentifier(application_uri), x509.DNSName("localhost")]
    start = now.astimezone(UTC) - timedelta(minutes=5)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=_VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _read_certificate(path: pathlib.Path) -> bytes:
    try:
        data = path.read_bytes()
        if data.startswith(b"-----"):
            return x509.load_pem_x509_certificate(data).public_bytes(serialization.Encoding.DER)
        return x509.load_der_x509_certificate(data).public_bytes(serialization.Encoding.DER)
    except (OSError, ValueError) as error:
        raise ConfigError("not a certificate", offender=str(path), value=str(error)) from error
