"""Reading and judging X.509 certificates as OPC UA wants them: chain blobs, application URIs, periods, strength."""

from __future__ import annotations

import datetime
import hashlib
import ipaddress
import pathlib

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from ovoo_contract.errors import Untrusted

__all__ = [
    "application_uris",
    "check_period",
    "check_strength",
    "fingerprint",
    "host_names",
    "is_authority",
    "load_file",
    "matches_host",
    "period_text",
    "read_certificates",
    "split_chain",
    "subject_text",
    "utc",
]

_LEAST_RSA_BITS = 2048
_LONGEST_CHAIN = 10
_STRONG = (hashes.SHA224, hashes.SHA256, hashes.SHA384, hashes.SHA512)


def utc(time_ns: int) -> datetime.datetime:
    """The moment as an aware datetime."""
    return datetime.datetime.fromtimestamp(time_ns / 1e9, datetime.UTC)


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 of the DER form, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def subject_text(certificate: x509.Certificate) -> str:
    """`CN=plc,O=plant` as RFC 4514 writes it; "(none)" where the subject is empty."""
    return certificate.subject.rfc4514_string() or "(none)"


def period_text(certificate: x509.Certificate) -> str:
    """`2026-01-01 to 2027-01-01`, days in UTC."""
    return f"{certificate.not_valid_before_utc:%Y-%m-%d} to {certificate.not_valid_after_utc:%Y-%m-%d}"


def split_chain(blob: bytes) -> list[bytes]:
    """The DER certificates of a chain blob, leaf first; servers may send the whole chain as one byte string.

    Raises:
        ValueError: the bytes are not a row of DER sequences.
    """
    found: list[bytes] = []
    rest = blob
    while rest:
        length = _sequence_length(rest)
        if length > len(rest) or len(found) == _LONGEST_CHAIN:
            raise ValueError("certificate chain is cut short or too long")
        found.append(rest[:length])
        rest = rest[length:]
    return found


def _sequence_length(data: bytes) -> int:
    """Bytes of the DER sequence that `data` starts with, header included."""
    if len(data) < 2 or data[0] != 0x30:
        raise ValueError("not a DER certificate")
    if data[1] < 0x80:
        return data[1] + 2
    width = data[1] & 0x7F
    if not 1 <= width <= 4 or len(data) < 2 + width:
        raise ValueError("not a DER certificate")
    return int.from_bytes(data[2 : 2 + width], "big") + 2 + width


def read_certificates(content: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM or DER file, leaf first; raises ValueError when there is none."""
    if b"-----BEGIN" in content:
        return x509.load_pem_x509_certificates(content)
    found = [x509.load_der_x509_certificate(item) for item in split_chain(content)]
    if not found:
        raise ValueError("holds no certificate")
    return found


def is_authority(certificate: x509.Certificate) -> bool:
    """True for a certificate that may issue others."""
    try:
        if not certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
    except x509.ExtensionNotFound:
        return False
    try:
        return certificate.extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign
    except x509.ExtensionNotFound:
        return True


def application_uris(certificate: x509.Certificate) -> list[str]:
    """URIs of the subject's alternative names; an OPC UA application has one."""
    names = _alternative_names(certificate)
    return names.get_values_for_type(x509.UniformResourceIdentifier) if names else []


def host_names(certificate: x509.Certificate) -> list[str]:
    """DNS names and addresses that the certificate is good for."""
    names = _alternative_names(certificate)
    if names is None:
        return []
    addresses = [str(item) for item in names.get_values_for_type(x509.IPAddress)]
    return [*names.get_values_for_type(x509.DNSName), *addresses]


def matches_host(certificate: x509.Certificate, host: str) -> bool:
    """True when the certificate names the host; letter case does not count, addresses are compared as numbers."""
    known = host_names(certificate)
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return host.lower().rstrip(".") in {name.lower().rstrip(".") for name in known}
    return str(address) in known


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return None


def check_period(certificate: x509.Certificate, what: str, offender: str, now_ns: int) -> None:
    """Raises Untrusted when `what` ("server certificate") is not valid now."""
    now = utc(now_ns)
    if now < certificate.not_valid_before_utc:
        raise Untrusted(
            f"{what} is not valid yet",
            offender=offender,
            value=period_text(certificate),
            remedy=f"check the clocks: this gateway's says {now:%Y-%m-%d %H:%M} UTC",
        )
    if now > certificate.not_valid_after_utc:
        raise Untrusted(
            f"{what} has expired",
            offender=offender,
            value=period_text(certificate),
            remedy=f"renew it; or check the clock: this gateway's says {now:%Y-%m-%d %H:%M} UTC",
        )


def check_strength(certificate: x509.Certificate, what: str, offender: str) -> None:
    """Raises Untrusted for signatures and keys that can be forged: SHA-1, MD5, RSA below 2048 bit, no RSA at all."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    if not isinstance(algorithm, _STRONG):
        name = algorithm.name.upper() if algorithm is not None else certificate.signature_algorithm_oid.dotted_string
        raise Untrusted(
            f"{what} has a weak signature",
            offender=offender,
            value=name,
            remedy="make a new one signed with SHA-256",
        )
    key = certificate.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        raise Untrusted(f"{what} has no RSA key", offender=offender, remedy="make a new one with RSA, 2048 bit or more")
    if key.key_size < _LEAST_RSA_BITS:
        raise Untrusted(
            f"{what} has a short key",
            offender=offender,
            value=f"{key.key_size} bit",
            remedy="make a new one with 2048 bit or more",
        )


def load_file(path: pathlib.Path) -> list[x509.Certificate]:
    """The certificates of a file.

    Raises:
        Untrusted: the file cannot be read or holds none.
    """
    try:
        return read_certificates(path.read_bytes())
    except OSError as error:
        raise Untrusted(
            "certificate file cannot be read",
            offender=str(path),
            value=error.strerror,
            remedy="correct path and permissions",
        ) from error
    except ValueError as error:
        raise Untrusted(
            "not a certificate", offender=str(path), value=str(error), remedy="give it as PEM or DER"
        ) from error
