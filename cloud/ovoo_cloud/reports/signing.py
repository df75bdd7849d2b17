"""Ed25519 keys and signatures of report bundles."""

from __future__ import annotations

import base64
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

from ovoo_cloud.whole_file import place

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
    """Makes `report-key.pem` (mode 600) and `report-key.pub.pem`, or what is missing of the pair; returns both paths.

    A process may die at any moment of it, and it can be asked again: each file gets its place whole or not at all, the
    private one before there is a public one to show. No key that is there is ever written over.

    Raises:
        ReportError: what is there is no key, a public key without its private one, or halves of two pairs.
        StoreError: the folder is full, or not to be written in.
    """
    private_path, public_path = folder / "report-key.pem", folder / "report-key.pub.pem"
    # the public one is asked for first: while another process makes the pair, it is never there alone
    if public_path.exists() and not private_path.exists():
        raise ReportError(
            "a public key without its private one",
            offender=str(public_path),
            remedy=f"bring {private_path.name} back from the backup; to begin with a new pair, move this one away",
        )
    fresh = Ed25519PrivateKey.generate()  # comes to nothing where a key is there already
    place(private_path, fresh.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    public = load_signing_key(private_path).public_key()
    place(public_path, public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), 0o644)
    _check_pair(public, public_path)
    return private_path, public_path


def _check_pair(public: Ed25519PublicKey, public_path: Path) -> None:
    try:
        found = load_trusted_key(public_path)
    except VerifyError as error:
        raise ReportError(
            "cannot read the public half of the signing key",
            offender=str(public_path),
            value=str(error.value),
            remedy="move it away; ovoo-cloud init makes it again from the private one",
        ) from error
    if found != public:
        raise ReportError(
            "not the public half of the signing key",
            offender=str(public_path),
            remedy="bring the pair back from the backup; reports verify by the public key that they were sealed with",
        )


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file.

    Raises:
        ReportError: the file is missing or holds no Ed25519 private key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ReportError(
            "cannot read the signing key",
            offender=str(path),
            value=str(error),
            remedy="bring it back from the backup; where nothing was sealed yet, move it away and run ovoo-cloud init",
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReportError("not an Ed25519 key", offender=str(path), remedy="create one with ovoo-cloud init")
    return key


def fingerprint(public_key: Path) -> str:
    """SHA-256 of a public key (DER), in hex: how people compare keys by eye; empty where there is no key yet.

    Raises:
        VerifyError: the file holds no Ed25519 public key.
    """
    if not public_key.exists():
        return ""
    public = load_trusted_key(public_key)
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
