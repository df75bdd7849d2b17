"""The certificate authority of one installation: gateways get their certificates here."""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from ovoo_contract.address import check_gateway_id
from ovoo_contract.errors import ConfigError, StoreError

__all__ = ["Authority", "SignedCertificate"]

_CA_YEARS: Final = 20
_CERTIFICATE_DAYS: Final = 825
_BACKDATE: Final = datetime.timedelta(hours=1)  # a gateway's clock may run behind
_SMALLEST_RSA: Final = 2048


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A gateway's new certificate and the chain it trusts, both PEM."""

    certificate_pem: bytes
    ca_pem: bytes
    serial: str
    expires_ns: int


class Authority:
    """An EC P-256 key and self-signed certificate in `folder`; the key file has mode 0600."""

    def __init__(self, folder: pathlib.Path) -> None:
        self._key_path = folder / "ca.key"
        self._certificate_path = folder / "ca.crt"

    @property
    def exists(self) -> bool:
        """True once `create` has run."""
        return self._key_path.exists() and self._certificate_path.exists()

    def create(self, name: str, now_ns: int) -> None:
        """Makes key and certificate; does nothing when both are there."""
        if self.exists:
            return
        key = ec.generate_private_key(ec.SECP256R1())
        now = _moment(now_ns)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - _BACKDATE)
            .not_valid_after(now + datetime.timedelta(days=365 * _CA_YEARS))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(sign_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        self._key_path.parent.mkdir(parents=True, exist_ok=True)
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        _write(self._key_path, private, 0o600)
        _write(self._certificate_path, certificate.public_bytes(serialization.Encoding.PEM), 0o644)

    def certificate_pem(self) -> bytes:
        """The authority's own certificate: what gateways and brokers trust."""
        try:
            return self._certificate_path.read_bytes()
        except OSError as error:
            raise self._missing(error) from error

    def sign(self, csr_pem: bytes, gateway: str, now_ns: int) -> SignedCertificate:
        """A client certificate with the common name `gateway` for the key of a CSR.

        The name in the CSR must be the gateway's own; nothing else of the CSR is taken over.

        Raises:
            ConfigError: the CSR is malformed, not signed by its key, weak, or names somebody else.
        """
        check_gateway_id(gateway)
        public = _checked_key(csr_pem, gateway)
        return self._issue(public, gateway, now_ns)

    def _issue(
        self,
        public: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey,
        name: str,
        now_ns: int,
    ) -> SignedCertificate:
        key, issuer = self._load()
        expires = _moment(now_ns) + datetime.timedelta(days=_CERTIFICATE_DAYS)
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(issuer.subject)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(_moment(now_ns) - _BACKDATE)
            .not_valid_after(expires)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        )
        certificate = builder.sign(key, hashes.SHA256())
        return SignedCertificate(
            certificate.public_bytes(serialization.Encoding.PEM),
            self.certificate_pem(),
            f"{certificate.serial_number:x}",
            int(expires.timestamp()) * 1_000_000_000,
        )

    def _load(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        try:
            key = serialization.load_pem_private_key(self._key_path.read_bytes(), None)
            certificate = x509.load_pem_x509_certificate(self._certificate_path.read_bytes())
        except OSError as error:
            raise self._missing(error) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise StoreError("not an EC key", offender=str(self._key_path), remedy="restore it from the backup")
        return key, certificate

    def _missing(self, error: OSError) -> StoreError:
        return StoreError(
            error.strerror or str(error), offender=str(self._key_path.parent), remedy="run `ovoo-cloud init`"
        )


def _checked_key(
    csr_pem: bytes, gateway: str
) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey:
    try:
        csr = x509.load_pem_x509_csr(csr_pem)
        valid = csr.is_signature_valid
    except (ValueError, InvalidSignature) as error:
        raise ConfigError("not a certificate request", offender="csr", remedy="send PEM, PKCS#10") from error
    if not valid:
        raise ConfigError("the request is not signed by its own key", offender="csr", remedy="make a new one")
    names = csr.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if len(names) != 1 or names[0].value != gateway:
        found = [item.value for item in names]
        raise ConfigError("the request names somebody else", offender="csr", value=found, remedy=f"CN={gateway}")
    public = csr.public_key()
    if isinstance(public, rsa.RSAPublicKey) and public.key_size >= _SMALLEST_RSA:
        return public
    if isinstance(public, (ec.EllipticCurvePublicKey, ed25519.Ed25519PublicKey)):
        return public
    raise ConfigError("weak or unknown key", offender="csr", remedy="use EC P-256, Ed25519 or RSA of 2048 bits or more")


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _moment(now_ns: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(now_ns // 1_000_000_000, datetime.UTC)


def _write(path: pathlib.Path, content: bytes, mode: int) -> None:
    """Writes a new file that never exists with wider rights or half its content."""
    part = path.with_suffix(".part")
    with contextlib.suppress(FileNotFoundError):
        part.unlink()
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
