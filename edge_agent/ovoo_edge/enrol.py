"""Enrolment: a one-time token and a key made here become the gateway's certificate; the key stays on the machine."""

from __future__ import annotations

import http.client
import json
import os
import pathlib
import ssl
import urllib.parse
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from ovoo_contract.address import check_gateway_id
from ovoo_contract.errors import ConnectFailed, DeliveryError, Unauthenticated, Untrusted

__all__ = ["Enrolment", "Identity", "IdentityFiles", "enrol", "make_request", "request_certificate", "store_identity"]

_TIMEOUT_S = 30.0
_LONGEST_ANSWER = 1 << 20
_LOCAL = {"127.0.0.1", "localhost", "::1"}


@dataclass(frozen=True, slots=True)
class IdentityFiles:
    """Where the identity is kept; all of them mode 0600."""

    key: pathlib.Path
    certificate: pathlib.Path
    ca: pathlib.Path


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is asked of whom.

    Attributes:
        url: of the cloud, `https://...`; plain http only on this machine.
        gateway: the id that the certificate will carry.
        token: one-time token.
        ca_file: CA of the cloud's web server; None = the system's.
    """

    url: str
    gateway: str
    token: str
    ca_file: pathlib.Path | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """What the cloud gave.

    Attributes:
        certificate_pem: the gateway's certificate.
        ca_pem: CA that signed it and the broker's certificate.
        broker: `host`, `port` and whatever else the cloud says about its broker.
    """

    certificate_pem: str
    ca_pem: str
    broker: dict[str, Any]


def enrol(request: Enrolment, files: IdentityFiles) -> Identity:
    """Makes a key, has it certified, checks the answer and stores key, certificate and CA.

    Raises:
        Unauthenticated: the token is wrong, used or expired.
        Untrusted: the server or its answer cannot be trusted.
        ConnectFailed: nobody answers.
        DeliveryError: the answer is not an enrolment.
    """
    key, csr_pem = make_request(request.gateway)
    identity = request_certificate(request, csr_pem)
    _check(identity, key, request.gateway)
    store_identity(identity, key, files)
    return identity


def make_request(gateway: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    """A new P-256 key and the PEM of a signing request with the gateway's id as common name."""
    check_gateway_id(gateway)
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, gateway)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return key, csr.public_bytes(serialization.Encoding.PEM).decode("ascii")


def request_certificate(request: Enrolment, csr_pem: str) -> Identity:
    """Posts token and signing request to `/api/v1/enrol`."""
    document = {"token": request.token, "gateway": request.gateway, "csr_pem": csr_pem}
    status, content = _post(request, json.dumps(document).encode("utf-8"))
    try:
        answer = json.loads(content)
    except ValueError:
        answer = {}
    if status >= 400:
        words = answer.get("detail") or answer.get("title") if isinstance(answer, dict) else ""
        raise Unauthenticated(
            f"the cloud refused: {words or f'status {status}'}",
            offender=request.url,
            remedy="ask the fleet operator for a new token: each is for one gateway id, once, and for a short time",
        )
    try:
        broker = answer.get("broker", {})
        return Identity(str(answer["certificate_pem"]), str(answer["ca_pem"]), dict(broker))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DeliveryError(
            "not an enrolment answer", offender=request.url, value=content[:80], remedy="check the address of the cloud"
        ) from error


def store_identity(identity: Identity, key: ec.EllipticCurvePrivateKey, files: IdentityFiles) -> None:
    """Writes the three files, each replaced at once, readable by this user only; the key first."""
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    _write(files.key, pem)
    _write(files.certificate, identity.certificate_pem.encode("ascii"))
    _write(files.ca, identity.ca_pem.encode("ascii"))


def _check(identity: Identity, key: ec.EllipticCurvePrivateKey, gateway: str) -> None:
    """The certificate must be for our key and our name, and signed by the CA that came with it."""
    try:
        certificate = x509.load_pem_x509_certificate(identity.certificate_pem.encode("ascii"))
        authority = x509.load_pem_x509_certificate(identity.ca_pem.encode("ascii"))
        certificate.verify_directly_issued_by(authority)
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except (ValueError, TypeError, InvalidSignature) as error:
        raise Untrusted(
            "unusable certificate", offender="certificate_pem", value=str(error), remedy="check the cloud's authority"
        ) from error
    if certificate.public_key() != key.public_key():
        raise Untrusted("certificate of another key", offender="certificate_pem", remedy="enrol again")
    if [name.value for name in names] != [gateway]:
        found = ", ".join(str(name.value) for name in names)
        raise Untrusted("certificate of another gateway", offender="certificate_pem", value=found, remedy=gateway)


def _post(request: Enrolment, body: bytes) -> tuple[int, bytes]:
    parts = urllib.parse.urlsplit(request.url)
    host = parts.hostname or ""
    if parts.scheme not in ("https", "http") or not host or (parts.scheme == "http" and host not in _LOCAL):
        raise Untrusted(
            "a token travels over https only", offender="url", value=request.url, remedy="such as https://cloud.example"
        )
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=str(request.ca_file) if request.ca_file else None)
        connection = http.client.HTTPSConnection(host, parts.port, timeout=_TIMEOUT_S, context=context)
    else:
        connection = http.client.HTTPConnection(host, parts.port, timeout=_TIMEOUT_S)
    try:
        path = parts.path.rstrip("/") + "/api/v1/enrol"
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return response.status, response.read(_LONGEST_ANSWER)
    except ssl.SSLError as error:
        remedy = "name the cloud's CA with ca_file, and check the gateway's clock"
        raise Untrusted(f"TLS refused: {error.reason or error}", offender=request.url, remedy=remedy) from error
    except (OSError, http.client.HTTPException) as error:
        remedy = "check address, port and firewall"
        raise ConnectFailed(str(error) or type(error).__name__, offender=request.url, remedy=remedy) from error
    finally:
        connection.close()


def _write(path: pathlib.Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
