"""Ed25519 keys and signatures of report bundles."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from ovoo_contract.canonical import sha256_hex
from ovoo_contract.errors import ReportError, VerifyError

__all__ = [
    "SealPort",
    "create_key",
    "fingerprint",
    "load_signing_key",
    "load_trusted_key",
    "sign",
    "signature_valid",
]


class SealPort(Protocol):
    """The port through which a report is sealed: whatever makes an Ed25519 signature; a private key is one."""

    def sign(self, data: bytes, /) -> bytes:
        """The 64 bytes of the signature."""


def create_key(folder: Path) -> tuple[Path, Path]:
    """Write a fresh `report-key.pem` (mode 600) and `report-key.pub.pem`; returns both paths.

    Raises:
        ReportError: a key is already there; keys are never overwritten.
    """
    private_path, public_path = folder / "report-key.pem", folder / "report-key.pub.pem"
    if private_path.exists():
        raise ReportError(
            "a signing key is already there", offender=str(private_path), remedy="use it, or move it away"
        )
    folder.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(private_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(secret)
    public_path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return private_path, public_path


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file.

    Raises:
        ReportError: the file is missing or holds no Ed25519 private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ReportError("cannot read the signing key", offender=str(path), value=str(error)) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReportError("not an Ed25519 key", offender=str(path), remedy="create one with ovoo-cloud init")
    return key


def fingerprint(private_key: Path) -> str:
    """SHA-256 of the public half (DER), in hex: how people compare keys by eye; empty where there is no key yet.

    Raises:
        ReportError: the file holds no Ed25519 private key.
    """
    if not private_key.exists():
        return ""
    public = load_signing_key(private_key).public_key()
    return sha256_hex(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def load_trusted_key(path: Path) -> Ed25519PublicKey:
    """The public key of a PEM file that the verifier got by another way than the bundle.

    Raises:
        VerifyError: the file is missing or holds no Ed25519 public key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise VerifyError("cannot read the trusted key", offender=str(path), value=str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise VerifyError("not an Ed25519 public key", offender=str(path), remedy="ask the issuing centre for its key")
    return key


def sign(key: SealPort, message: bytes) -> bytes:
    """The signature in base64 with a line end, the content of manifest.sig."""
    return base64.b64encode(key.sign(message)) + b"\n"


def signature_valid(key: Ed25519PublicKey, message: bytes, signature: bytes) -> bool:
    """Whether the base64 signature fits; malformed text does not."""
    try:
        # one exact spelling only, so that every changed byte of the file is seen
        raw = base64.b64decode(signature.removesuffix(b"\n"), validate=True)
        if base64.b64encode(raw) + b"\n" != signature:
            return False
        key.verify(raw, message)
    except (ValueError, InvalidSignature):
        return False
    return True
